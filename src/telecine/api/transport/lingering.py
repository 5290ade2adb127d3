"""An early refusal reaches the client that is still sending.

A server that answers 413 and closes while bytes arrive makes the kernel send a reset, and the
client reports "broken pipe" instead of the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: An unread body up to this size is left to the HTTP server, and the connection kept.
_SMALL_BODY_BYTES = 64 * 1024


class LingeringClose:
    """ASGI middleware: the answer goes out at once, with `Connection: close`.

    What still comes is thrown away until the client stops, or for so many bytes or seconds. A
    client that waits for `100 Continue` has sent nothing, and is not asked to.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int = 256 * 1024 * 1024,
        max_seconds: float = 30.0,
        idle_seconds: float = 5.0,
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._idle_seconds = idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _has_large_body(headers := Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        unread = True
        asked = headers.get("expect", "").lower() != "100-continue"

        async def watched_receive() -> Message:
            nonlocal unread, asked
            asked = True
            message = await receive()
            unread = (
                unread and message["type"] == "http.request" and message.get("more_body", False)
            )
            return message

        async def lingering_send(message: Message) -> None:
            if message["type"] == "http.response.start" and unread:
                MutableHeaders(scope=message)["connection"] = "close"
            ends = message["type"] == "http.response.body" and not message.get("more_body", False)
            if not (ends and unread and asked):
                await send(message)
                return
            await send({**message, "more_body": True})
            await self._drain(watched_receive, is_done=lambda: not unread)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, watched_receive, lingering_send)

    async def _drain(self, receive: Receive, *, is_done: Callable[[], bool]) -> None:
        left_bytes = self._max_bytes
        try:
            async with asyncio.timeout(self._max_seconds):
                while left_bytes > 0 and not is_done():
                    async with asyncio.timeout(self._idle_seconds):
                        left_bytes -= len((await receive()).get("body", b""))
        except TimeoutError:
            return


def _has_large_body(headers: Headers) -> bool:
    declared = headers.get("content-length", "")
    if declared.isdecimal():
        return int(declared[:20]) > _SMALL_BODY_BYTES
    return "transfer-encoding" in headers
