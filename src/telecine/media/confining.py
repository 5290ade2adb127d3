"""What a Python child of ours does before it opens a stranger's file: it ends with its parent,
builds its walls, and is silent from then on."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from telecine.media import kernel, sandbox

_PR_SET_THP_DISABLE: Final = 41


def end_with(lifeline_fd: int) -> None:
    """Ask the kernel to end this process when the pipe's other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGIO, signal.SIG_DFL)  # Linux: ends the process. macOS: nothing.
    fcntl.fcntl(lifeline_fd, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(lifeline_fd, fcntl.F_GETFL)
    fcntl.fcntl(lifeline_fd, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        if not os.read(lifeline_fd, 1):  # it closed before we asked
            os._exit(1)


def refuse_huge_pages() -> None:
    """Have the kernel give no more memory than is touched; films are made a little slower."""
    with suppress(OSError):  # not Linux
        kernel.prctl(_PR_SET_THP_DISABLE, 1)


def confine(policy: sandbox.Policy) -> None:
    """Build the walls; the policy's `memory_bytes` come on top of what is used already.

    Raises `SandboxError` in mode `require`.
    """
    silence = os.open(os.devnull, os.O_WRONLY)
    if policy.memory_bytes is not None:
        policy = policy._replace(memory_bytes=_address_space_bytes() + policy.memory_bytes)
    sandbox.confine(policy)
    # Until here stderr is the server's; from here on hostile files could write into its log.
    os.dup2(silence, 2)
    os.close(silence)


def code_paths(*, beside: Iterable[str]) -> tuple[str, ...]:
    """Return where Python, its packages and Telecine lie, but no folder that `beside` lies in.

    The folder that a server was started in may be on the import path, and its data folder, with
    everybody's files, in that.
    """
    given = [Path(path).resolve() for path in beside]
    found = {sys.prefix, sys.base_prefix, str(Path(__file__).parents[1])}
    for path in (Path(entry).resolve() for entry in sys.path if entry):
        if path.exists() and not any(one.is_relative_to(path) for one in given):
            found.add(str(path))
    return tuple(sorted(found))


def _address_space_bytes() -> int:
    try:
        with open("/proc/self/statm") as statm:  # noqa: PTH123 (a number, not a file of ours)
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:  # not Linux
        return 0
