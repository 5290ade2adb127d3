"""One holder at a time of a name, among the processes of one machine; death lets go of it.

The kernel holds the lock (flock) for as long as the process has the file open, so after a crash
there is nothing to clean up and nothing to wait for. The file stays: whoever deleted it would
let the next process lock another file of the same name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from telecine.kit.folders import make_private


class FileLock:
    """A lock and a short note in its file, which the next holder can read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def take(self) -> bool:
        """Take the lock if nobody has it; True where it is ours now."""
        return self._flock(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def wait(self) -> None:
        """Take the lock as soon as nobody has it."""
        self._flock(fcntl.LOCK_EX)

    def release(self) -> None:
        """Let go; that it is not held is fine."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def read_note(self) -> str:
        """Return what the present holder, or else the last one, wrote down; perhaps nothing."""
        with contextlib.suppress(FileNotFoundError):
            return self._path.read_text("utf-8", "replace")
        return ""

    def write_note(self, note: str) -> None:
        """Replace the note; only the holder may."""
        assert self._fd is not None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, note.encode(), 0)

    def _flock(self, operation: int) -> bool:
        if self._fd is not None:
            return True
        make_private(self._path.parent)
        # Not inherited by programs that we start (Python's rule): an encoder that outlives us
        # for a moment does not hold our name.
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, operation)
        except BlockingIOError:
            os.close(fd)
            return False
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        return True
