"""The processes that `serve` starts, and a worker that is started alone: settings -> running."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from telecine import server
from telecine.assembly import Telecine, assemble, prepare
from telecine.cli import prerequisites, trouble
from telecine.cli.calling import host
from telecine.cli.welcome import welcome
from telecine.kit.log import configure
from telecine.settings import Settings

_MOST_UNNAMED = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """What the first API process of a supervisor is told: whom to tell that it has prepared
    everything, and what this program is called in lines to copy."""

    ready_fd: int
    called: str


def api(settings: Settings, *, socket_fd: int, lifeline_fd: int, first: First | None) -> None:
    """Serve the API in this process; the first one prepares what all need, and says hello."""
    configure(level=settings.log_level, format=settings.log_format)
    server.watch_lifeline(lifeline_fd)
    with trouble.told(settings):
        telecine = prepared(settings) if first else assemble(settings)
        if first:
            url = settings.public_url or _address(socket_fd)
            welcome(telecine, url=url, called=first.called)
            os.write(first.ready_fd, b".")
            os.close(first.ready_fd)
        server.serve_api(telecine, socket_fd=socket_fd)


def worker(settings: Settings, *, worker_id: str, lifeline_fd: int | None) -> None:
    """Run one worker in this process."""
    configure(level=settings.log_level, format=settings.log_format)
    prerequisites.check_sandbox(settings)
    prerequisites.check_data(settings)
    with trouble.told(settings):
        # Under `serve` another process has prepared and tried everything already.
        telecine = prepared(settings) if lifeline_fd is None else assemble(settings)
        ids = [worker_id] if worker_id else _own_ids()
        server.run_worker(telecine, ids, lifeline_fd=lifeline_fd)


def prepared(settings: Settings) -> Telecine:
    """Assemble it, bring the database to this version, and try what it stands on."""
    telecine = assemble(settings)
    try:
        if settings.ffmpeg:  # the one that comes with Telecine needs no test
            telecine.ffmpeg.version()
        trouble.check_files(settings, telecine.db)
        prepare(telecine)
        telecine.blobs.check()
    except BaseException:
        telecine.close()
        raise
    return telecine


def _own_ids() -> Iterator[str]:
    """Yield the ids of workers without a name: the lowest free one is the same at a restart."""
    yield f"{host()}-single"
    for number in range(2, _MOST_UNNAMED + 1):
        yield f"{host()}-single-{number}"


def _address(socket_fd: int) -> str:
    with socket.socket(fileno=os.dup(socket_fd)) as listener:
        host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (comparison: an address to show, not to bind)
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
