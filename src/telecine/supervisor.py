"""The process that `serve` becomes: it starts the API and the workers, and keeps them alive.

    supervisor ── holds the listening socket and the lifeline
       ├── API process            uvicorn on the socket handed down
       └── worker processes 1..N  each under a fixed id

The first API process prepares the database and says the first words; the workers begin when it
has. A child that dies is started again, a worker under the id it had, so that the engine hands
its tickets back to it. The socket belongs to the supervisor: while an API process restarts,
connections wait instead of being refused. Children hold the other end of a pipe (the
lifeline) and stop when the supervisor is gone, however it went.

Nothing is imported here of what the children are: everybody waits for this process first.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

_log = structlog.get_logger(__name__)

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
#: A child that lived so long had started well: its next restart is immediate again.
_STEADY_SECONDS = 10.0
#: Longer than a child takes to stop in good order.
_STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_ROUND_SECONDS = 0.2
_BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `OSError` where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener


@dataclass(slots=True)
class _Child:
    """One process that is kept alive, and when it may be started next.

    `first_argv` and `first_fds` are what only its first process is given.
    """

    name: str
    argv: Sequence[str]
    pass_fds: tuple[int, ...]
    first_argv: tuple[str, ...] = ()
    first_fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_seconds: float = 0.0
    start_at: float = 0.0
    has_died: bool = False


class Supervisor:
    """Keeps one API process and N workers alive until told to stop.

    `settings_argv` go to all of them, `first_argv` to the first API process alone.
    """

    def __init__(
        self,
        settings_argv: Sequence[str],
        *,
        listener: socket.socket,
        worker_ids: Sequence[str],
        first_argv: Sequence[str] = (),
    ) -> None:
        self._listener = listener
        self._lifeline_read, self._lifeline_write = os.pipe()
        self._ready_read, self._ready_write = os.pipe()
        program = [sys.executable, "-m", "telecine"]
        lifeline = ["--lifeline", str(self._lifeline_read)]
        fd = str(listener.fileno())
        self._api = _Child(
            name="api",
            argv=[*program, "api", *settings_argv, "--socket", fd, *lifeline],
            pass_fds=(listener.fileno(), self._lifeline_read),
            first_argv=("--ready", str(self._ready_write), *first_argv),
            first_fds=(self._ready_write,),
        )
        self._workers = [
            _Child(
                name=worker_id,
                argv=[*program, "worker", *settings_argv, "--id", worker_id, *lifeline],
                pass_fds=(self._lifeline_read,),
            )
            for worker_id in worker_ids
        ]
        self._stop = threading.Event()
        self._at_once = threading.Event()
        self._signal = 0

    def run(self, *, on_interrupt: Callable[[], None] | None = None) -> int:
        """Start everything, return once stopped by a signal; the exit status of it all.

        That is not 0 where the first API process ended before it was ready: it has said why.
        `on_interrupt` is called after Ctrl-C. A second signal ends all children at once.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._heed)
        try:
            _start(self._api)
            if not self._await_ready():
                return 1
            while not self._stop.wait(_ROUND_SECONDS):
                _tend([self._api, *self._workers])
            if self._signal == signal.SIGINT and on_interrupt is not None:
                on_interrupt()
        finally:
            self._end()
        return 0

    def _heed(self, number: int, _frame: object) -> None:
        self._signal = number
        if self._stop.is_set():
            self._at_once.set()
        self._stop.set()

    def _await_ready(self) -> bool:
        """Wait until the first API process says so; False where it ends instead."""
        os.close(self._ready_write)  # so that its end is the end of the pipe
        with open(self._ready_read, "rb", buffering=0) as ready:  # noqa: PTH123 (a descriptor)
            while not self._stop.is_set():
                if select.select([ready], [], [], _ROUND_SECONDS)[0]:
                    return bool(ready.read(1))
        return True

    def _end(self) -> None:
        """Ask all children to stop, and insist after a while, or when asked again."""
        os.close(self._lifeline_write)
        children = (self._api, *self._workers)
        processes = [child.process for child in children if child.process is not None]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        while any(process.poll() is None for process in processes):
            if time.monotonic() > deadline or self._at_once.wait(_LOOK_SECONDS):
                break
        for process in processes:
            process.kill()
            process.wait()
        self._listener.close()


def _tend(children: Iterable[_Child]) -> None:
    """Start what is due, and note what has died."""
    now = time.monotonic()
    for child in children:
        if child.process is None:
            if now >= child.start_at:
                _start(child)
        elif (code := child.process.poll()) is not None:
            _bury(child, code)


def _start(child: _Child) -> None:
    # A session of its own: Ctrl-C reaches the supervisor, which stops children in order.
    child.process = subprocess.Popen(
        [*child.argv, *(() if child.has_died else child.first_argv)],
        pass_fds=(*child.pass_fds, *(() if child.has_died else child.first_fds)),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    child.started_at = time.monotonic()
    if child.has_died:
        _log.info("process.started", process=child.name, pid=child.process.pid)


def _bury(child: _Child, code: int) -> None:
    now = time.monotonic()
    if now - child.started_at > _STEADY_SECONDS:
        child.pause_seconds = 0.0
    child.start_at = now + child.pause_seconds
    child.pause_seconds = min(
        max(child.pause_seconds * 2, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS
    )
    child.process = None
    child.has_died = True
    _log.warning("process.died", process=child.name, exit_code=code)
