"""The other end of a webhook: a real server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override  # typing has it from Python 3.12 on


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it arrived."""

    path: str
    headers: Message
    body: bytes


class Receiver:
    """A server on loopback that answers what the test says and remembers what came."""

    def __init__(
        self,
        *,
        address: str = "127.0.0.1",
        on_received: Callable[[Received], None] = lambda _: None,
    ) -> None:
        self.status = 200
        self.answer_headers: dict[str, str] = {}
        self.received: list[Received] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                came = Received(path=self.path, headers=self.headers, body=body)
                receiver.received.append(came)
                on_received(came)
                self.send_response(receiver.status)
                for name, value in receiver.answer_headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"noted")

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((address, 0), Handler)
        self.url = f"http://{address}:{self._server.server_port}/hook?from=telecine"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
