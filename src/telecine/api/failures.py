"""How failures are told where no document says otherwise: the status of each code, and a body.

Every code of `kit/errors.py` has its row here, so that none can leave a family in another one's
shape. A family says in its `errors.py` what its document has differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from telecine.kit.errors import TelecineError

_CODES: Final[Mapping[int, tuple[str, ...]]] = {
    400: ("invalid_request", "missing_file", "invalid_document", "checksum_mismatch"),
    401: (
        *("invalid_key", "missing_key", "malformed_key", "unknown_key", "revoked_key"),
        "unknown_owner",
    ),
    402: ("insufficient_credits", "storage_quota"),
    403: ("forbidden",),
    404: ("not_found",),
    405: ("method_not_allowed",),
    408: ("request_timeout",),
    409: ("not_ready", "conflict", "cancelled", "idempotency_key_in_use"),
    410: ("expired",),
    412: ("stale",),
    413: ("file_too_large",),
    415: ("unsupported_media",),
    416: ("range_not_satisfiable",),
    422: ("media_error", "undecodable_media", "media_limit", "idempotency_key_reused"),
    429: ("rate_limited",),
    500: (
        *("error", "settings", "internal", "worker_lost"),
        *("processing_failed", "processing_timeout", "processing_limit"),
    ),
    502: ("outbound_failed", "blocked_address"),
    503: ("busy", "storage_failed"),
    507: ("storage_full",),
}
STATUS: Final[Mapping[str, int]] = {
    code: status for status, codes in _CODES.items() for code in codes
}


def body(error: TelecineError, status: int, request_id: str) -> Mapping[str, Any]:
    """Return `{error, message, request_id}`, and `field` where one is at fault."""
    del status
    named = {} if error.field is None else {"field": error.field}
    return {"error": error.code, "message": error.message, "request_id": request_id, **named}
