"""The clips family's errors: our code -> status, and the word of the document.

The body is `{error, message, code, request_id}` in every case: `error` is the document's word,
`code` ours, which says more. Statuses that the document does not have are ruled in
docs/reference/clips.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telecine.kit.errors import (
    ConflictError,
    InsufficientCreditsError,
    StorageQuotaError,
    TelecineError,
)

_ROWS: Mapping[str, tuple[int, str]] = {
    "error": (500, "server_error"),
    "settings": (500, "server_error"),
    "invalid_request": (400, "bad_request"),
    "missing_file": (400, "bad_request"),
    "checksum_mismatch": (400, "bad_request"),
    "invalid_document": (422, "unprocessable"),
    "invalid_key": (401, "unauthorized"),
    "missing_key": (401, "unauthorized"),
    "malformed_key": (401, "unauthorized"),
    "unknown_key": (401, "unauthorized"),
    "revoked_key": (401, "unauthorized"),
    "unknown_owner": (401, "unauthorized"),
    "insufficient_credits": (402, "insufficient_credits"),
    "storage_quota": (402, "storage_limit"),
    "forbidden": (403, "forbidden"),
    "not_found": (404, "not_found"),
    "method_not_allowed": (405, "bad_request"),
    "request_timeout": (408, "bad_request"),
    "not_ready": (409, "conflict"),
    "conflict": (409, "conflict"),
    "idempotency_key_in_use": (409, "conflict"),
    "idempotency_key_reused": (422, "unprocessable"),
    "cancelled": (409, "conflict"),
    "expired": (410, "expired"),
    "stale": (412, "conflict"),
    "file_too_large": (413, "too_large"),
    "range_not_satisfiable": (416, "bad_request"),
    # The document has one row for what is no video, for what is broken, and where it lies.
    "unsupported_media": (422, "unprocessable"),
    "media_error": (422, "unprocessable"),
    "undecodable_media": (422, "unprocessable"),
    "media_limit": (422, "unprocessable"),
    "outbound_failed": (422, "unprocessable"),
    "blocked_address": (422, "unprocessable"),
    "rate_limited": (429, "rate_limited"),
    "processing_failed": (500, "server_error"),
    "processing_timeout": (500, "server_error"),
    "processing_limit": (500, "server_error"),
    "worker_lost": (500, "server_error"),
    "storage_failed": (503, "server_error"),
    "internal": (500, "server_error"),
    "busy": (503, "busy"),
    "storage_full": (507, "storage_full"),
}

#: Told as another code: who sees the difference can scan a private network.
_TOLD: Mapping[str, str] = {"blocked_address": "outbound_failed"}

STATUS: Mapping[str, int] = {code: status for code, (status, _) in _ROWS.items()}


def word_of(code: str) -> str:
    """Return the document's word for one of our codes: what `error.code` of a failed job is."""
    return _ROWS[code][1]


def told(code: str) -> str:
    """Return the code that a client may see."""
    return _TOLD.get(code, code)


def error_body(error: TelecineError, status: int, request_id: str) -> Mapping[str, Any]:
    """Return `{error, message, code, request_id}`, and what helps to mend it."""
    del status
    body: dict[str, Any] = {
        "error": word_of(error.code),
        "message": error.message,
        "code": told(error.code),
        "request_id": request_id,
    }
    if error.field is not None:
        body["field"] = error.field
    if isinstance(error, ConflictError) and error.job_id is not None:
        body["job_id"] = error.job_id
    if isinstance(error, InsufficientCreditsError):
        body |= {"credits_needed": error.needed, "credits_remaining": error.available}
    if isinstance(error, StorageQuotaError):
        body |= {"storage_used": error.used_bytes, "storage_limit": error.limit_bytes}
    return body
