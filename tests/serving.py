"""The API on a real socket, in a thread of the test: for what streams, waits or breaks off."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from telecine.api.app import create_app
from telecine.api.services import Services
from telecine.api.transport.connections import BoundedProtocol
from telecine.assembly import Telecine

_PATIENCE_SECONDS = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where it listens, and what its handlers are given."""

    url: str
    services: Services
    loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def close_lookout(self) -> None:
        """What the server does when it is about to stop."""
        self.loop.call_soon_threadsafe(self.services.lookout.close)


@contextmanager
def served(telecine: Telecine) -> Iterator[Served]:
    """Serve until the block ends; requests under way are waited for."""
    services = telecine.services()
    config = uvicorn.Config(
        create_app(services), log_config=None, http=BoundedProtocol, ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    loop = asyncio.new_event_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        work = server.serve(sockets=[listener])
        thread = threading.Thread(target=lambda: loop.run_until_complete(work))
        thread.start()
        try:
            yield Served(url=f"http://{host}:{port}", services=services, loop=loop)
        finally:
            server.should_exit = True
            thread.join(_PATIENCE_SECONDS)
            assert not thread.is_alive()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
