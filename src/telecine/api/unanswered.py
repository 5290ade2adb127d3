"""What is told where no endpoint answers: as the family would tell it to which the path belongs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from telecine.api.family import Family
from telecine.api.routes import ENDPOINTS
from telecine.kit.errors import (
    InvalidRequestError,
    MethodError,
    NotFoundError,
    RequestTimeoutError,
    TelecineError,
)

_KINDS: Final[Mapping[int, type[TelecineError]]] = {
    404: NotFoundError,
    405: MethodError,
    408: RequestTimeoutError,
}


def body(path: str, *, status: int, code: str, message: str, request_id: str) -> Mapping[str, Any]:
    """Return the body of a refusal; `code` is told where the family has no words of its own."""
    family = _family_of(path)
    if family is None or family.failure_body is None:
        return {"success": False, "error": message, "code": code, "request_id": request_id}
    kind = _KINDS.get(status, InvalidRequestError)
    return family.error_body(kind(message), status, request_id)


def _family_of(path: str) -> Family | None:
    """Return the family below one of whose URLs the path lies."""
    for endpoint in ENDPOINTS:
        root = endpoint.path.partition("/{")[0]
        if path == root or path.startswith(f"{root}/"):
            return endpoint.family
    return None
