"""Starts programs, watches over them and ends them; the only owner of subprocess.

Every program starts in its own session, through the launcher, so that its limits and walls
stand before its first instruction, and it is ended as a group. What it may use of the
environment is written here, never inherited: no secret of the server reaches it.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from telecine.kit.errors import CancelledError, ProcessTimeoutError
from telecine.media import namespaces
from telecine.media.sandbox import LAUNCHER, Policy

#: What `start` gives a program that reads nothing.
NO_INPUT = subprocess.DEVNULL
#: How much of stderr is kept, from its end.
TAIL_BYTES = 64 * 2**10
#: Between SIGTERM and SIGKILL: FFmpeg uses it to close its files.
_GRACE_SECONDS = 5.0
#: How often limits are looked at and `is_cancelled` is asked.
_TICK_SECONDS = 0.5
_CHUNK_BYTES = 64 * 2**10


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may use. `cpu_seconds` None is unlimited: shared cores make it unsure.

    `memory_bytes` is address space, `output_bytes` the size of any one file it writes,
    `stall_seconds` the time it may show no progress. Leave the last longer than it takes to
    rewrite a finished file: MP4's faststart shows no progress meanwhile.
    """

    memory_bytes: int
    output_bytes: int
    wall_seconds: float
    stall_seconds: float
    cpu_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: exit status, or minus the signal; the last 64 KiB of its stderr."""

    status: int
    stderr_tail: str


class Program:
    """A running program and whatever it started. Leaving the `with` block ends them all."""

    def __init__(
        self, popen: subprocess.Popen[bytes], *, read_status: Callable[[int], int] = int
    ) -> None:
        self._popen = popen
        self._read_status = read_status
        self.pid = popen.pid

    @property
    def pipes(self) -> tuple[IO[bytes] | None, IO[bytes] | None]:
        """Its stdout and stderr; None where they were not asked for."""
        return self._popen.stdout, self._popen.stderr

    def has_ended(self) -> bool:
        """Say whether it ended, without giving up its process id (and so the group's)."""
        if self._popen.returncode is not None:
            return True
        if not hasattr(os, "waitid"):  # macOS
            return self._popen.poll() is not None
        try:
            how = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        return how is not None

    def stop(self) -> None:
        """Ask the group to end, and after five seconds do not ask any more."""
        self._signal_group(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        while time.monotonic() < deadline and not self.has_ended():
            time.sleep(0.01)
        self.kill()

    def kill(self) -> int:
        """Kill what is left of the group and return the program's exit status."""
        self._signal_group(signal.SIGKILL)
        for pipe in (self._popen.stdin, *self.pipes):
            if pipe is not None:
                pipe.close()
        return self._read_status(self._popen.wait())

    def _signal_group(self, number: signal.Signals) -> None:
        if self._popen.returncode is None:  # afterwards the id may be another's
            with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a zombie
                os.killpg(self.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


def start(
    argv: Sequence[str],
    *,
    policy: Policy,
    cwd: Path,
    stdin: int = NO_INPUT,
    pass_fds: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> Program:
    """Start a program behind the walls of `policy`; stdout and stderr are pipes.

    It dies with the calling thread, so the caller stays until it has ended. `argv[0]` is an
    absolute path. A launcher that fails ends with status 125 or 126 and says why on stderr.
    """
    around = namespaces.prefix(policy, executable=argv[0], cwd=cwd)
    # In namespaces there is no parent to be seen; what is around the program dies with ours.
    bound = policy._replace(parent_pid=None if around else os.getpid())
    launcher = (sys.executable, "-I", "-S", LAUNCHER, bound.to_json(), "--")
    return Program(
        subprocess.Popen(
            (*around, *launcher, *argv),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=_environment(home=cwd, extra=environment or {}),
            pass_fds=pass_fds,
            start_new_session=True,
        ),
        read_status=namespaces.status if around else int,
    )


def start_python(
    module: str,
    *,
    arguments: Sequence[str],
    pass_fds: Sequence[int],
    environment: Mapping[str, str],
) -> Program:
    """Start a module of ours, not confined: it confines itself once it has imported its code.

    It sees this process's import path and stderr. It does not die with the calling thread: it
    must notice the end of a descriptor in `pass_fds`.
    """
    import_path = os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path)
    return Program(
        subprocess.Popen(
            (sys.executable, "-P", "-m", module, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env=_environment(home=Path("/"), extra={"PYTHONPATH": import_path, **environment}),
            pass_fds=pass_fds,
            start_new_session=True,
        )
    )


def supervise(
    program: Program,
    *,
    limits: Limits,
    on_output: Callable[[bytes], bool],
    is_cancelled: Callable[[], bool],
) -> Ended:
    """Read a program's pipes until it ends; end it when time is over or somebody cancels.

    `on_output` is given stdout as it comes and says whether it shows progress. Raises
    `ProcessTimeoutError` and `CancelledError`; the group is gone by then.
    """
    watch = _Watch(limits)
    tail = bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, name in zip(program.pipes, ("stdout", "stderr"), strict=True):
            assert pipe is not None
            selector.register(pipe.fileno(), selectors.EVENT_READ, name)
        while selector.get_map() or not program.has_ended():
            ready = _ready(selector)
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK_BYTES)
                if not chunk:
                    selector.unregister(key.fd)
                elif key.data == "stderr":
                    tail += chunk
                    del tail[:-TAIL_BYTES]
                elif on_output(chunk):
                    watch.progressed()
            if not ready and program.has_ended():
                break  # a grandchild may hold the pipes; it dies with the group
            watch.check(program, is_cancelled=is_cancelled)
    return Ended(status=program.kill(), stderr_tail=tail.decode("utf-8", "replace"))


def _ready(selector: selectors.BaseSelector) -> list[tuple[selectors.SelectorKey, int]]:
    if selector.get_map():
        return selector.select(_TICK_SECONDS)
    time.sleep(0.005)  # both pipes are closed: it is about to end
    return []


class _Watch:
    """The wall clock, the no-progress clock and the question whether somebody cancelled."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._started = self._moved = time.monotonic()
        self._next_look = self._started

    def progressed(self) -> None:
        self._moved = time.monotonic()

    def check(self, program: Program, *, is_cancelled: Callable[[], bool]) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _TICK_SECONDS
        if is_cancelled():
            program.stop()
            raise CancelledError
        if now - self._started > self._limits.wall_seconds:
            program.stop()
            raise ProcessTimeoutError(
                f"Processing was stopped after {self._limits.wall_seconds:g} seconds."
            )
        if now - self._moved > self._limits.stall_seconds:
            program.stop()
            raise ProcessTimeoutError(
                f"Processing made no progress for {self._limits.stall_seconds:g} seconds."
            )


def _environment(*, home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home),
        **extra,
    }
