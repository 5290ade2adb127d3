"""Every answer that a test gets has a status that the reference has for that endpoint."""

from __future__ import annotations

import httpx2
from starlette.routing import compile_path

from telecine.api.reference import openapi
from telecine.api.routes import ENDPOINTS

_PATHS = openapi.describe(ENDPOINTS)["paths"]
_ROUTES = [(each, compile_path(each.path)[0]) for each in ENDPOINTS]


def check(response: httpx2.Response) -> None:
    """Raise where a status is left out of the reference; of no endpoint: nothing is."""
    request = response.request
    for endpoint, pattern in _ROUTES:
        if endpoint.method == request.method and pattern.match(request.url.path):
            described = _PATHS[endpoint.path][endpoint.method.lower()]["responses"]
            status = str(response.status_code)
            assert status in described, f"{endpoint.operation_id} answers {status}: {response.text}"
            return
