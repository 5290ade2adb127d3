"""What the children of a supervisor do: serve the API, or run a worker, until told to stop.

They hold the other end of its lifeline, a pipe, and stop in good order once that is gone.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable

import structlog
import uvicorn
from typing_extensions import override  # typing has it from Python 3.12 on

from telecine.api.app import create_app
from telecine.api.bodies.spooling import STAGED_SUFFIX
from telecine.api.services.lookout import Lookout
from telecine.api.transport.connections import BoundedProtocol
from telecine.assembly import Telecine
from telecine.kit.clock import system_clock
from telecine.kit.errors import StorageError
from telecine.kit.lock import FileLock

_log = structlog.get_logger(__name__)

#: A child of the last supervisor may still be stopping; so long it is given.
_OLD_ONE_SECONDS = 30.0
#: A janitor holds the lock of a dead worker's id for a moment.
_FREE_ID_SECONDS = 1.0


def serve_api(telecine: Telecine, *, socket_fd: int) -> None:
    """Run the API in this process until told to stop."""
    lock = FileLock(telecine.settings.locks_dir / "api.lock")  # held until this process ends
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
    patience_seconds = _FREE_ID_SECONDS if lifeline_fd is None else _OLD_ONE_SECONDS
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
