"""Processes: the API, the workers, and the supervisor that keeps them alive.

    supervisor ── holds the listening socket and the lifeline
       ├── API process            uvicorn on the socket handed down
       └── worker processes 1..N  each under a fixed id

A child that dies is started again, a worker under the id it had, so that the engine hands
its tickets back to it. The socket belongs to the supervisor: while an API process restarts,
connections wait instead of being refused. Children hold the other end of a pipe (the
lifeline) and stop when the supervisor is gone, however it went.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog
import uvicorn
from typing_extensions import override  # typing has it from Python 3.12 on

from telecine.api.app import create_app
from telecine.api.bodies.spooling import STAGED_SUFFIX
from telecine.api.services.lookout import Lookout
from telecine.api.transport.connections import BoundedProtocol
from telecine.assembly import Telecine, assemble
from telecine.kit.clock import system_clock
from telecine.kit.errors import StorageError
from telecine.kit.lock import FileLock
from telecine.settings import Settings

_log = structlog.get_logger(__name__)

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
#: A child that lived so long had started well: its next restart is immediate again.
_STEADY_SECONDS = 10.0
_STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_BACKLOG = 2048
#: A janitor holds the lock of a dead worker's id for a moment.
_FREE_ID_SECONDS = 1.0


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `OSError` where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener


def serve_api(settings: Settings, *, socket_fd: int, lifeline_fd: int) -> None:
    """Run the API in this process until told to stop."""
    telecine = assemble(settings)
    lock = FileLock(settings.locks_dir / "api.lock")  # held until this process ends
    services = telecine.services()
    config = uvicorn.Config(
        create_app(services),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
    )
    watch_lifeline(lifeline_fd)
    telecine.clock()  # asks the database, once; no handler may wait for it

    def served() -> None:
        # The first upload and the first preview should not wait for imports.
        threading.Thread(target=_warm, args=(telecine,), name="warm", daemon=True).start()
        threading.Thread(target=_sweep, args=(telecine, lock), name="sweep", daemon=True).start()

    # Not `fd=`: uvicorn takes such a descriptor for a Unix socket, and TCP_NODELAY stays off.
    signal.signal(signal.SIGTERM, _leave)  # uvicorn raises it again when it has stopped
    try:
        server = _Server(config, lookout=services.lookout, on_served=served)
        server.run(sockets=[socket.socket(fileno=socket_fd)])
    finally:
        telecine.close()


class _Server(uvicorn.Server):
    """Ends streams and waits of its own accord before it waits for requests to end.

    `on_served` is called once requests are taken: nothing else that is begun may come before.
    """

    def __init__(
        self, config: uvicorn.Config, *, lookout: Lookout, on_served: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._lookout = lookout
        self._on_served = on_served

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_served()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._lookout.close()
        await super().shutdown(sockets)


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit


def _warm(telecine: Telecine) -> None:
    telecine.pool.warm()
    telecine.renderer.warm()


def _sweep(telecine: Telecine, lock: FileLock) -> None:
    """Delete what a killed API process has left: uploads half received, segments of previews.

    Waits where another one is still stopping: what it stages is older than we are, and its own.
    """
    started_at = system_clock()  # files have the machine's times, not the database's
    lock.wait()
    telecine.previews.sweep()
    try:
        swept = telecine.blobs.sweep_staging(before=started_at, suffix=STAGED_SUFFIX)
    except StorageError:
        _log.exception("uploads.not_swept")
    else:
        _log.info("uploads.swept", files=swept)


def run_worker(telecine: Telecine, worker_ids: Iterable[str], *, lifeline_fd: int | None) -> None:
    """Run a worker in this process until told to stop, under the first of the ids that is free.

    Under a supervisor that is the worker's place to wait for a process that is still stopping
    since the last supervisor died. Raises `ConflictError` where no id is free.
    """
    if lifeline_fd is not None:
        watch_lifeline(lifeline_fd)
    patience_seconds = _FREE_ID_SECONDS if lifeline_fd is None else _STOP_SECONDS
    post = telecine.posts().take(worker_ids, patience_seconds=patience_seconds)
    # From here on: until it has an id, a signal may end this process as it stands.
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    telecine.worker(post.worker_id, stop=stop).run(stop, post=post)
    telecine.close()


def watch_lifeline(fd: int) -> None:
    """Stop this process, in good order, once the other end of the pipe is gone."""

    def wait() -> None:
        os.read(fd, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


@dataclass(slots=True)
class _Child:
    """One process that is kept alive, and when it may be started next."""

    name: str
    argv: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_seconds: float = 0.0
    start_at: float = 0.0
    has_died: bool = False
    pass_fds: tuple[int, ...] = field(default_factory=tuple)


class Supervisor:
    """Keeps one API process and N workers alive until told to stop."""

    def __init__(
        self, settings_argv: Sequence[str], *, listener: socket.socket, worker_ids: Sequence[str]
    ) -> None:
        self._listener = listener
        self._lifeline_read, self._lifeline_write = os.pipe()
        program = [sys.executable, "-m", "telecine"]
        lifeline = ["--lifeline", str(self._lifeline_read)]
        fd = str(listener.fileno())
        self._children = [
            _Child(
                name="api",
                argv=[*program, "api", *settings_argv, "--socket", fd, *lifeline],
                pass_fds=(listener.fileno(), self._lifeline_read),
            ),
            *(
                _Child(
                    name=worker_id,
                    argv=[*program, "worker", *settings_argv, "--id", worker_id, *lifeline],
                    pass_fds=(self._lifeline_read,),
                )
                for worker_id in worker_ids
            ),
        ]
        self._stop = threading.Event()
        self._at_once = threading.Event()
        self._signal = 0

    def run(
        self,
        *,
        on_started: Callable[[], None] | None = None,
        on_interrupt: Callable[[], None] | None = None,
    ) -> None:
        """Start everything, call `on_started`, and return once stopped by a signal.

        `on_interrupt` is called after Ctrl-C. A second signal ends all children at once.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._heed)
        try:
            self._tend()
            if on_started is not None:
                on_started()
            while not self._stop.wait(0.2):
                self._tend()
            if self._signal == signal.SIGINT and on_interrupt is not None:
                on_interrupt()
        finally:
            self._end()

    def _heed(self, number: int, _frame: object) -> None:
        self._signal = number
        if self._stop.is_set():
            self._at_once.set()
        self._stop.set()

    def _tend(self) -> None:
        """Start what is due, and note what has died."""
        now = time.monotonic()
        for child in self._children:
            if child.process is None:
                if now >= child.start_at:
                    self._start(child, now)
            elif (code := child.process.poll()) is not None:
                self._bury(child, code, now)

    def _start(self, child: _Child, now: float) -> None:
        # A session of its own: Ctrl-C reaches the supervisor, which stops children in order.
        child.process = subprocess.Popen(
            child.argv, pass_fds=child.pass_fds, start_new_session=True, stdin=subprocess.DEVNULL
        )
        child.started_at = now
        if child.has_died:
            _log.info("process.started", process=child.name, pid=child.process.pid)

    def _bury(self, child: _Child, code: int, now: float) -> None:
        if now - child.started_at > _STEADY_SECONDS:
            child.pause_seconds = 0.0
        child.start_at = now + child.pause_seconds
        child.pause_seconds = min(
            max(child.pause_seconds * 2, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS
        )
        child.process = None
        child.has_died = True
        _log.warning("process.died", process=child.name, exit_code=code)

    def _end(self) -> None:
        """Ask all children to stop, and insist after a while, or when asked again."""
        os.close(self._lifeline_write)
        processes = [child.process for child in self._children if child.process is not None]
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
