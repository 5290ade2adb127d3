"""A small disk of a test's own: a tmpfs in a mount namespace, gone with the process that made it.

Root makes the namespace as it is; others get a user namespace around it. What runs `beside` the
disk sees it at `path`, and the test at `outside`.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MAKE: Final = () if os.geteuid() == 0 else ("--user", "--map-root-user")
_ENTER: Final = () if os.geteuid() == 0 else ("--user", "--preserve-credentials")
_MOUNT: Final = (
    'mount -t tmpfs -o "size=$1,mode=0700" tmpfs "$0" && echo mounted && exec cat >/dev/null'
)
_BALLOON: Final = "balloon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A mounted one. `beside` is what a command begins with that is to see it."""

    path: Path
    outside: Path
    beside: tuple[str, ...]

    def fill(self) -> None:
        """Take all room that is left."""
        block_bytes = 2**20
        with (self.outside / _BALLOON).open("wb", buffering=0) as balloon:
            while block_bytes:
                try:
                    balloon.write(bytes(block_bytes))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    block_bytes //= 2

    def empty(self) -> None:
        """Give it back."""
        (self.outside / _BALLOON).unlink()

    def allow_writing(self, allowed: bool) -> None:
        """Mount it anew; nobody may have a file of it open for writing at that moment."""
        how = f"remount,bind,{'rw' if allowed else 'ro'}"
        subprocess.run([*self.beside, "mount", "-o", how, str(self.path)], check=True)


@contextmanager
def small_disk(path: Path, *, megabytes: int) -> Iterator[Disk]:
    """Mount one at `path`, a new folder, for as long as the block lasts."""
    path.mkdir()
    namespace = ("unshare", *_MAKE, "--mount", "--propagation", "private")
    size = f"{megabytes}m"
    with subprocess.Popen(
        [*namespace, "sh", "-c", _MOUNT, str(path), size],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        told = holder.stdout.readline()
        assert told == "mounted\n", "This test needs to be root, or user namespaces."
        yield Disk(
            path=path,
            outside=Path("/proc", str(holder.pid), "root", path.relative_to("/")),
            beside=("nsenter", "--target", str(holder.pid), *_ENTER, "--mount"),
        )
