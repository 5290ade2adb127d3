"""What happens around every request: an id, a log line, a measurement.

Plain ASGI, so that streams pass through untouched.
"""

from __future__ import annotations

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telecine.api.transport.metrics import Metrics
from telecine.kit.ids import new_id

_log = structlog.get_logger(__name__)

#: A client's own id is kept if it is harmless in a log and a header.
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET_PATHS = frozenset({"/health", "/api/health", "/metrics"})


class Surround:
    """Gives each request an id, logs it without its query string, and counts it.

    What follows one of `secret_roots` is a secret: it opens a file or a film without a key.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, secret_roots: tuple[str, ...] = ()
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._secret_roots = secret_roots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-request-id", "")
        request_id = sent if _SANE_ID.fullmatch(sent) else new_id("req_")
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                if scope["path"].startswith(self._secret_roots):
                    # A robots.txt would keep crawlers from reading this, and chats from previews.
                    headers.setdefault("X-Robots-Tag", "noindex")
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template, not the path: ids would make a time series each.
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.observe(method=scope["method"], route=route, status=status, seconds=seconds)
        if scope["path"] not in _QUIET_PATHS:
            _log.info(
                "request",
                method=scope["method"],
                path=route if scope["path"].startswith(self._secret_roots) else scope["path"],
                status=status,
                ms=round(seconds * 1000, 1),
            )
