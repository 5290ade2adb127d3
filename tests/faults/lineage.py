"""Every process that a campaign has started, however deep below it, and whoever started it.

This process adopts what loses its parent (Linux: a child subreaper), so that nothing can leave
the tree: what is still in it when the server has ended is an orphan.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.schedule import Kind

_PR_SET_CHILD_SUBREAPER: Final = 36
#: By what stands in the command line; the first that fits.
_SIGNS: Final[Mapping[str, Kind]] = {
    " -m telecine serve ": "supervisor",
    " -m telecine api ": "api",
    " -m telecine worker ": "worker",
    " telecine.media.render.child ": "render",
    " telecine.media.pool_child ": "pool",
    " telecine.media.seeing.child ": "errand",
    " telecine.media.speech.child ": "errand",
    " telecine.media.talking.child ": "errand",
    "ffmpeg": "ffmpeg",
    " postgres: ": "backend",
    "/bin/postgres ": "postmaster",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One that lives. `kind` is None for what is no target: pip, a shell."""

    pid: int
    kind: Kind | None
    command: str


def adopt_orphans() -> None:
    """Become the parent of everything below us whose parent dies."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def below_us() -> list[Process]:
    """Return all that live below this process, in the order of their ids."""
    table = _table()
    found = []
    for pid, (state, _) in sorted(table.items()):
        if state not in "ZX" and _is_below(pid, table):
            with suppress(OSError):
                found.append(_process(pid))
    return found


def kill(pid: int) -> bool:
    """Kill a process in the way that none can refuse; False where it has ended already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def bury() -> None:
    """Let the dead below us go; whoever waits for one of them finds that it has ended."""
    for pid, (state, parent) in _table().items():
        if state == "Z" and parent == os.getpid():
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _table() -> dict[int, tuple[str, int]]:
    """Every process of the machine: its state, and its parent."""
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                table[int(entry.name)] = (state, int(parent))
    return table


def _is_below(pid: int, table: Mapping[int, tuple[str, int]]) -> bool:
    while (pid := table.get(pid, ("", 0))[1]) > 1:
        if pid == os.getpid():
            return True
    return False


def _process(pid: int) -> Process:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    command = f" {' '.join(words)} "
    kind = next((kind for sign, kind in _SIGNS.items() if sign in command), None)
    return Process(pid=pid, kind=kind, command=command.strip())
