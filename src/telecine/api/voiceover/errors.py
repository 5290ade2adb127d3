"""The voiceover family's errors: code -> status, and the one shape of the body.

The document has 400, 401, 404, 409, 413, 415, 429 and 500; a file that is broken or over a limit
is a 400 there. The others are ruled in docs/reference/voiceover.md: 402, 403, 410, 412, 416, 422, 502,
503, 507.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telecine.kit.errors import AuthenticationError, MissingKeyError, TelecineError

_CODES: Mapping[int, tuple[str, ...]] = {
    400: (
        *("invalid_request", "missing_file", "invalid_document", "checksum_mismatch"),
        *("media_error", "undecodable_media", "media_limit"),
    ),
    401: (
        *("invalid_key", "missing_key", "malformed_key", "unknown_key", "revoked_key"),
        "unknown_owner",
    ),
    402: ("insufficient_credits", "storage_quota"),
    403: ("forbidden",),
    404: ("not_found",),
    409: ("not_ready", "conflict", "cancelled", "idempotency_key_in_use"),
    410: ("expired",),
    412: ("stale",),
    413: ("file_too_large",),
    415: ("unsupported_media",),
    416: ("range_not_satisfiable",),
    422: ("idempotency_key_reused",),
    429: ("rate_limited",),
    500: (
        *("error", "settings", "internal", "worker_lost"),
        *("processing_failed", "processing_timeout", "processing_limit"),
    ),
    502: ("outbound_failed", "blocked_address"),
    503: ("busy", "storage_failed"),
    507: ("storage_full",),
}
STATUS: Mapping[str, int] = {code: status for status, codes in _CODES.items() for code in codes}

_NO_KEY = "Missing X-API-Key header."
_NOT_A_KEY = "API key not recognized or has been deactivated."


def error_body(error: TelecineError, status: int, request_id: str) -> Mapping[str, Any]:
    """Return `{error, code, request_id}`, and `field` where one is at fault."""
    del status
    body: dict[str, Any] = {
        "error": _sentence(error),
        "code": error.code,
        "request_id": request_id,
    }
    if error.field is not None:
        body["field"] = error.field
    return body


def _sentence(error: TelecineError) -> str:
    """Return the document's words where it has some: it tells two failures of a key apart."""
    if isinstance(error, MissingKeyError):
        return _NO_KEY
    return _NOT_A_KEY if isinstance(error, AuthenticationError) else error.message
