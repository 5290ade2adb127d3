"""A language model for tests: a real HTTP server on loopback that says what it was told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from typing_extensions import override

#: A status and a body; None: the connection stays open, and nothing is said.
Answer = tuple[int, bytes] | None


def completion(content: str) -> Answer:
    """Return what a server answers whose model said `content`."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return 200, json.dumps({"id": "c1", "object": "chat.completion", "choices": [choice]}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question as it came."""

    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def turns(self) -> list[str]:
        """What was said in the conversation, without who said it."""
        return [message["content"] for message in self.body["messages"]]


@dataclass(slots=True)
class Server:
    """Answers with `answers`, one after the other; after the last one with status 503."""

    answers: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    _server: ThreadingHTTPServer = field(init=False)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                told.requests.append(
                    Request(
                        path=self.path,
                        headers={name.lower(): value for name, value in self.headers.items()},
                        body=json.loads(self.rfile.read(length)),
                    )
                )
                answer = told.answers.pop(0) if told.answers else (503, b"")
                if answer is None:
                    told._over.wait(timeout=180)
                    return
                status, body = answer
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    return

            @override
            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
