"""The ASGI application: all routes, and what surrounds them."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from telecine.api import platform, unanswered
from telecine.api.family import Json
from telecine.api.routes import ENDPOINTS, OPEN_ENDPOINTS
from telecine.api.services import Services
from telecine.api.transport.lingering import LingeringClose
from telecine.api.transport.metrics import Metrics
from telecine.api.transport.middleware import Surround
from telecine.api.tus.handlers import discovery
from telecine.api.tus.wire import TUS_HEADERS
from telecine.kit.errors import MethodError

_EXPOSED = (
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Location",
    "Idempotent-Replayed",
    "Preference-Applied",
    "Retry-After",
    "X-Request-Id",
    "X-Original-Size",
    "X-Output-Size",
    "X-Output-Format",
    "X-Warning",
    *TUS_HEADERS,
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit",
    "RateLimit-Policy",
)
_SECRET_ROOTS = tuple({f"/{each.path.split('/')[1]}/" for each in OPEN_ENDPOINTS})
_WORDS = {
    404: ("not_found", "There is nothing here. /docs lists every address."),
    405: (MethodError.code, MethodError().message),
}


def create_app(services: Services) -> Starlette:
    """Build the application."""
    metrics = Metrics(services)
    app = Starlette(
        routes=[
            *(endpoint.route(services) for endpoint in ENDPOINTS),
            *(endpoint.route(services) for endpoint in OPEN_ENDPOINTS),
            *discovery(services),
            *platform.routes(services, ENDPOINTS, metrics=metrics),
        ],
        middleware=[
            Middleware(LingeringClose),
            Middleware(Surround, metrics=metrics, secret_roots=_SECRET_ROOTS),
            # Browsers may call with a key from any origin: no cookie opens these routes.
            Middleware(
                CORSMiddleware,
                allow_origins=["*"],
                allow_methods=["*"],
                allow_headers=["*"],
                expose_headers=_EXPOSED,
            ),
        ],
        exception_handlers={HTTPException: _unrouted},
    )
    # A redirect to the same path without its last slash would name the host that the client
    # says we are; and a POST that follows it arrives as a GET.
    app.router.redirect_slashes = False
    return app


async def _unrouted(request: Request, error: Exception) -> Response:
    """Answer where there is no endpoint."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    code, message = _WORDS.get(status, ("error", error.detail))
    methods = _methods(request.url.path) if status == 405 else None
    headers = {"Allow": methods} if methods else error.headers
    if methods:
        message = f"This URL takes another method: {methods}."
    body = unanswered.body(
        request.url.path,
        status=status,
        code=code,
        message=message,
        request_id=request.state.request_id,
    )
    return Json(body, status_code=status, headers=headers)


def _methods(path: str) -> str:
    """Return the methods that a path takes."""
    methods = {
        method
        for endpoint in ENDPOINTS
        if compile_path(endpoint.path)[0].match(path)
        for method in (("GET", "HEAD") if endpoint.method == "GET" else (endpoint.method,))
    }
    return ", ".join(sorted(methods))
