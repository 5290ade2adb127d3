"""Files from the web, kept by content, so that what has not changed is not fetched again.

The other server is asked each time, through every redirect and under today's rules: it alone
says whether its file is the same. So an address opens here exactly what it opens on the web, and
whoever may not reach it gets nothing. What a caller is given is a hard link of its own: the room
may be cleared at any moment, by any process, and takes nothing away from anybody.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from telecine.kit import disk
from telecine.kit.folders import make_private
from telecine.kit.ids import new_id
from telecine.kit.outbound.bodies import OnBytes, nobody
from telecine.kit.outbound.client import DOWNLOAD_LIMITS, Downloaded, Outbound
from telecine.kit.outbound.network import Limits
from telecine.kit.outbound.versions import Version

# Bounds how many files there are, as the bytes bound how large they are.
_LEAST_BYTES = 64 * 2**10


class Cache:
    """A folder of files from the web. Safe for many threads and processes at once.

    Holds at most `max_bytes`; what was used longest ago goes first. 0 keeps nothing.
    """

    def __init__(self, folder: Path, *, outbound: Outbound, max_bytes: int) -> None:
        self._pages = folder / "pages"  # by address: which bytes it had
        self._bytes = folder / "bytes"  # by their hash
        self._outbound = outbound
        self._max_bytes = max_bytes

    def fetch(
        self,
        url: str,
        *,
        to: Path,
        max_bytes: int,
        limits: Limits = DOWNLOAD_LIMITS,
        on_bytes: OnBytes = nobody,
    ) -> int:
        """Make the file `to` of what is at a URL now, and return its size. Only to be read.

        `on_bytes` is told of what comes in, if anything does. Raises `FileTooLargeError` over
        `max_bytes`, `OutboundError`, `StorageError`, and what `on_bytes` raises. Leaves no file
        behind when it raises.
        """
        page = self._pages / hashlib.sha256(url.encode()).hexdigest()
        known = self._given(page, to=to, max_bytes=max_bytes)
        # Beside its place: that is taken already where something is known.
        fresh = to.with_name(f"{to.name}.{new_id('', length=12)}.part")
        try:
            found = self._outbound.download_if_new(
                url,
                known=None if known is None else known.version,
                to=fresh,
                max_bytes=max_bytes,
                limits=limits,
                on_bytes=on_bytes,
            )
            if found is None:
                return to.stat().st_size
            fresh.replace(to)
        except BaseException:
            to.unlink(missing_ok=True)
            fresh.unlink(missing_ok=True)
            raise
        self._keep(page, found, path=to)
        return found.size_bytes

    def peek(self, url: str, *, to: Path, max_bytes: int, limits: Limits) -> int:
        """Do what `Outbound.peek` does: parts of files are not kept."""
        return self._outbound.peek(url, to=to, max_bytes=max_bytes, limits=limits)

    def _given(self, page: Path, *, to: Path, max_bytes: int) -> _Page | None:
        """Link the bytes that an address had the last time, if they may and can be used."""
        with suppress(OSError, msgspec.DecodeError):
            known = msgspec.json.decode(page.read_bytes(), type=_Page)
            kept = self._bytes / known.sha256
            if known.size_bytes > max_bytes or kept.stat().st_size != known.size_bytes:
                return None
            disk.link(kept, to)
            _note_use(page)
            _note_use(kept)
            return known
        return None

    def _keep(self, page: Path, found: Downloaded, *, path: Path) -> None:
        """Keep what came in; where that cannot be, the caller has it all the same."""
        if found.version is None or found.size_bytes > self._max_bytes:
            page.unlink(missing_ok=True)
            return
        with suppress(OSError):
            for folder in (self._pages, self._bytes):
                make_private(folder)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            path.chmod(0o400)
            _put(path, self._bytes / digest)
            noted = _Page(version=found.version, sha256=digest, size_bytes=found.size_bytes)
            _write(page, msgspec.json.encode(noted))
            self._clear()

    def _clear(self) -> None:
        """Delete what was used longest ago, of both kinds, until the rest fits."""
        files = sorted(
            ((at, size_bytes, path) for path, at, size_bytes in self._files()), reverse=True
        )
        total_bytes = 0
        for _, size_bytes, path in files:
            total_bytes += max(size_bytes, _LEAST_BYTES)
            if total_bytes > self._max_bytes:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        for folder in (self._pages, self._bytes):
            for entry in os.scandir(folder):
                with suppress(FileNotFoundError):  # another process clears, too
                    facts = entry.stat()
                    yield Path(entry.path), facts.st_mtime_ns, facts.st_size


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    """What an address had when it was fetched."""

    version: Version
    sha256: str
    size_bytes: int


def _put(path: Path, kept: Path) -> None:
    """Give a file a name in the room; whoever reads the former file of that name keeps it."""
    beside = kept.with_name(f".{new_id('', length=12)}")
    disk.link(path, beside)
    try:
        _note_use(beside)
        beside.replace(kept)
    finally:
        beside.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{new_id('', length=12)}")
    try:
        beside.write_bytes(content)
        _note_use(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _note_use(path: Path) -> None:
    now = time.time_ns()  # the kernel's own stamps are milliseconds apart
    os.utime(path, ns=(now, now))
