"""ffmpeg processes of a server: found at work, and held there.

How long an encode takes says how fast the machine is. One that is held ends when the test wants it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from tests import steps


def at_work(data: Path) -> list[int]:
    """Return those that work in a server's folder, whoever their parent is."""
    everybody = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in everybody if is_one(pid) and _folder(pid).is_relative_to(data)]


def is_one(pid: int) -> bool:
    """Say whether a process is ffmpeg itself: what starts it has its name further on."""
    try:
        program, _, _ = Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")
    except OSError:
        return False
    return b"ffmpeg" in program


def hold(find: Callable[[], list[int]], *, number: int = 1) -> list[int]:
    """Wait for so many encoders, and stop them in the midst of their work. Until they are let go
    no signal ends them but SIGKILL.
    """
    held: list[int] = []

    def is_held() -> bool:
        held[:] = _signalled(find(), signal.SIGSTOP)
        return len(set(held) & set(find())) >= number

    steps.until(is_held)
    return held


def let_go(held: Iterable[int]) -> None:
    """Have them go on, where they still are."""
    _signalled(held, signal.SIGCONT)


def _signalled(pids: Iterable[int], number: signal.Signals) -> list[int]:
    found = []
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        found.append(pid)
    return found


def _folder(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:  # it has ended meanwhile
        return Path()
