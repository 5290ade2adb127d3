"""What a child wrote, taken from it, and kept as long as there is room for it."""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from telecine.kit.errors import ProcessingError


def taken(path: Path, *, max_bytes: int) -> bytes:
    """Read a file that a child wrote. It has opened strangers' files: no link of its is followed,
    and no pipe waited for. Raises `ProcessingError`.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ProcessingError("A render process wrote nothing.") from error
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > max_bytes:
            raise ProcessingError("A render process wrote what makes no sense.")
        return os.read(fd, max_bytes)
    finally:
        os.close(fd)


class Kept:
    """Content under a group and a name, in a folder of its own. Safe to call from many threads.

    What was used longest ago makes room for what is new.

    Both names are ours, never a stranger's: they are those of a folder and a file.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sizes: OrderedDict[Path, int] = OrderedDict()
        self._total = 0

    def has(self, group: str, name: str) -> bool:
        """Say whether it is there."""
        with self._lock:
            return self._folder / group / name in self._sizes

    def get(self, group: str, name: str) -> bytes | None:
        """Return it; None where it is not there, or not any more."""
        path = self._folder / group / name
        with self._lock:
            if path not in self._sizes:
                return None
            self._sizes.move_to_end(path)
        with suppress(FileNotFoundError):  # let go of in this moment
            return path.read_bytes()
        return None

    def put(self, group: str, name: str, content: bytes) -> None:
        """Keep it, where there is room; what is larger than all that may be kept is not."""
        path = self._folder / group / name
        with self._lock:
            self._forget(path)
            while self._sizes and self._total + len(content) > self._max_bytes:
                self._forget(next(iter(self._sizes)))
            if len(content) > self._max_bytes:
                return
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.write_bytes(content)
            except OSError:  # a full disk: then it is made again
                path.unlink(missing_ok=True)
                return
            self._sizes[path] = len(content)
            self._total += len(content)

    def drop(self, group: str) -> None:
        """Let go of a group."""
        with self._lock:
            for path in [path for path in self._sizes if path.parent.name == group]:
                self._forget(path)

    def _forget(self, path: Path) -> None:
        if path in self._sizes:
            self._total -= self._sizes.pop(path)
            path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty
                path.parent.rmdir()
