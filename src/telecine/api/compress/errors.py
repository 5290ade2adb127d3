"""The compress family's errors: the one shape of their body.

The document has six rows (400, 401, 404, 410, 413, 429), and `failures.STATUS` is as they are; the
others are ruled in docs/reference/compress.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telecine.kit.errors import TelecineError


def error_body(error: TelecineError, status: int, request_id: str) -> Mapping[str, Any]:
    """Return `{success, error, code, request_id}`, and `field` where one is at fault."""
    del status
    body: dict[str, Any] = {
        "success": False,
        "error": error.message,
        "code": error.code,
        "request_id": request_id,
    }
    if error.field is not None:
        body["field"] = error.field
    return body
