"""How much of a request's head is taken, and for how long: before any route is asked.

The server underneath (uvicorn, httptools) limits neither, and glues a header together piece by
piece, in quadratic time. The rule here: what arrives must get on. 64 KiB that complete no head,
no piece of a body and no request end the connection, and so do 15 seconds without a complete
head on a connection that serves no request. Slow bodies are the business of `bodies/incoming.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import structlog
from typing_extensions import override  # typing has it from Python 3.12 on
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from telecine.api import unanswered
from telecine.kit.ids import new_id

_log = structlog.get_logger(__name__)

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 128
HEAD_SECONDS = 15.0

_WORDS = {
    400: ("invalid_request", "This is not an HTTP request: its head or its body is broken."),
    408: ("request_timeout", f"No complete request came within {HEAD_SECONDS:g} seconds."),
    431: (
        "headers_too_large",
        f"The head of a request may have at most {MAX_HEAD_BYTES} bytes and {MAX_HEADERS} headers.",
    ),
}


class _HeadTooLargeError(Exception):
    """Stops the parser, which hands it on as an error of its own."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. uvicorn makes it; its loop calls the methods, the parser the `on_…` ones."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = b""  # uvicorn has none before the first request
        self._head_bytes = 0  # of the URL and headers that are complete, trailers included
        self._n_headers = 0
        self._stuck_bytes = 0  # arrived since anything was completed
        self._is_too_large = False
        self._head_timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        self._stuck_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._stuck_bytes > MAX_HEAD_BYTES:
            self._end(431)
        elif self.timeout_keep_alive_task is None and not self._is_serving():
            self._await_head()

    @override
    def on_message_begin(self) -> None:
        self._head_bytes = self._n_headers = 0
        super().on_message_begin()

    @override
    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._n_headers += 1
        self._count(len(name) + len(value) + len(": \r\n"))
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        self._stuck_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._stuck_bytes = 0
        cycle: Any = self.cycle
        if not cycle.body:
            # Not a bytearray, as it is made: what is added to nothing, and then asked for as bytes,
            # is mostly one piece, and so handed on without being copied twice.
            cycle.body = b""
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._stuck_bytes = 0
        super().on_message_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        self._end(431 if self._is_too_large else 400)

    def _count(self, n_bytes: int) -> None:
        self._head_bytes += n_bytes
        if self._head_bytes > MAX_HEAD_BYTES or self._n_headers > MAX_HEADERS:
            self._is_too_large = True
            raise _HeadTooLargeError

    def _is_serving(self) -> bool:
        # uvicorn declares it as never None, and sets it to None.
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _has_begun_no_answer(self) -> bool:
        """Whether the next answer is that of the request whose bytes arrive."""
        cycle: Any = self.cycle
        return not (cycle.response_started or self.pipeline)

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self._is_serving() or self.transport.is_closing():
            return
        if self._stuck_bytes:
            self._end(408)
        else:  # a browser opens connections ahead, and takes an answer for that of its next request
            self.transport.close()

    def _path(self) -> str:
        """What has arrived of the path; before the first request nothing."""
        return self.url.partition(b"?")[0].decode("ascii", "replace")

    def _end(self, status: int) -> None:
        """Answer and close; just close where another answer is on its way."""
        self._stop_timer()
        code, sentence = _WORDS[status]
        request_id = new_id("req_")
        _log.info("connection.ended", status=status, request_id=request_id)
        cycle: Any = self.cycle
        if not self._is_serving() or self._has_begun_no_answer():
            if cycle is not None:  # its request hears that the client is gone, and writes nothing
                cycle.disconnected = True
                cycle.message_event.set()
            body = msgspec.json.encode(
                unanswered.body(
                    self._path(),
                    status=status,
                    code=code,
                    message=sentence,
                    request_id=request_id,
                )
            )
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: application/json\r\nconnection: close\r\n"
                + f"x-request-id: {request_id}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
                + body
            )
        self.transport.close()
