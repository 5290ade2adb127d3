"""One staged file being written: in batches, by a thread, so that the event loop stays free.

Beside the bytes nothing is held in memory but one batch; a digest, where one is wanted, is made
of the batches as they are written.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import anyio
from starlette.concurrency import run_in_threadpool

from telecine.blobs.store import BlobStore, storage_errors
from telecine.kit.errors import StorageFullError

#: Tells what requests have staged from the staged files of workers: when an API process starts
#: and no other lives, all of it is the leaving of a crash.
STAGED_SUFFIX: Final = ".request"
#: What came is still in the processor's cache when it is written: a megabyte costs twice as much.
_BATCH_BYTES: Final = 256 * 1024
#: The kernel takes 1024 at a time; and a client that sends single bytes fills no list with them.
_MOST_IN_BATCH: Final = 512


class Hasher(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """Return the digest of all that was taken."""


class Spool:
    """A file in the staging folder that grows by what is written to it."""

    def __init__(
        self, store: BlobStore, *, reserve_bytes: int, hasher: Hasher | None = None
    ) -> None:
        """Make the file: call it in a thread. `reserve_bytes` of the disk stay free."""
        self.size_bytes = 0
        self.path = store.stage(STAGED_SUFFIX)
        self._store = store
        self._reserve_bytes = reserve_bytes
        self._hasher = hasher
        self._file: BinaryIO = self.path.open("wb", buffering=0)
        self._batch: list[bytes] = []
        self._batch_bytes = 0

    async def write(self, piece: bytes) -> None:
        """Take more bytes. Raises `StorageFullError`."""
        self.size_bytes += len(piece)
        self._batch_bytes += len(piece)
        self._batch.append(piece)
        if self._batch_bytes >= _BATCH_BYTES or len(self._batch) >= _MOST_IN_BATCH:
            await run_in_threadpool(self._flush)

    async def close(self) -> None:
        """Write what is left; twice is fine."""
        if not self._file.closed:
            await run_in_threadpool(self._flush, last=True)

    async def discard(self) -> None:
        """Delete the file; that it was adopted or deleted already is fine."""
        self._batch.clear()
        # Closing tries once more to write what a full disk refused; the file goes anyway.
        with contextlib.suppress(OSError):
            self._file.close()
        await delete(self.path)

    def _flush(self, *, last: bool = False) -> None:
        # Asked for each batch: a chunked body declares nothing, and others upload meanwhile.
        if self._store.free_bytes() < self._reserve_bytes:
            raise StorageFullError
        if self._hasher is not None:
            for piece in self._batch:
                self._hasher.update(piece)
        with storage_errors():
            _write(self._file.fileno(), self._batch)
            if last:
                self._file.close()
        self._batch.clear()
        self._batch_bytes = 0


def _write(descriptor: int, batch: Sequence[bytes]) -> None:
    """Write all of it: mostly at once, and without putting it together before."""
    written = os.writev(descriptor, batch) if batch else 0
    if written == sum(map(len, batch)):
        return
    left = memoryview(b"".join(batch))[written:]
    while left:
        left = left[os.write(descriptor, left) :]


async def delete(path: Path) -> None:
    """Delete a staged file; that it is gone already is fine."""
    # Shielded: a client that went away cancels the request, and the file must go all the same.
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(path.unlink, missing_ok=True)
