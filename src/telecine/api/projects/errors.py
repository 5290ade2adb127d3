"""The projects family's errors: our code -> status, and the word of the document.

The body is `{success, error, message, data}` in every case, with the request's id: `error` is for
programs, `message` for people. What the document does not have is ruled in
docs/reference/projects.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telecine.core import projects
from telecine.kit.errors import (
    ConflictError,
    InsufficientCreditsError,
    StorageQuotaError,
    TelecineError,
)

_ROWS: Mapping[str, tuple[int, str]] = {
    "error": (500, "INTERNAL_ERROR"),
    "settings": (500, "INTERNAL_ERROR"),
    "invalid_request": (400, "INVALID_REQUEST"),
    "missing_file": (400, "INVALID_REQUEST"),
    "checksum_mismatch": (400, "INVALID_REQUEST"),
    "invalid_document": (422, "INVALID_COMPOSITION"),
    "invalid_key": (401, "UNAUTHORIZED"),
    "missing_key": (401, "UNAUTHORIZED"),
    "malformed_key": (401, "UNAUTHORIZED"),
    "unknown_key": (401, "UNAUTHORIZED"),
    "revoked_key": (401, "UNAUTHORIZED"),
    "unknown_owner": (401, "UNAUTHORIZED"),
    "insufficient_credits": (402, "INSUFFICIENT_CREDIT"),
    "storage_quota": (402, "STORAGE_LIMIT_EXCEEDED"),
    "forbidden": (403, "FORBIDDEN"),
    "not_found": (404, "PROJECT_NOT_FOUND"),
    "method_not_allowed": (405, "METHOD_NOT_ALLOWED"),
    "request_timeout": (408, "REQUEST_TIMEOUT"),
    "not_ready": (409, "NOT_READY"),
    "conflict": (409, "CONCURRENT_LIMIT"),
    "idempotency_key_in_use": (409, "IDEMPOTENCY_KEY_IN_USE"),
    "idempotency_key_reused": (422, "IDEMPOTENCY_KEY_REUSED"),
    "cancelled": (409, "CANCELLED"),
    "expired": (410, "EXPIRED"),
    "stale": (412, "STALE"),
    "file_too_large": (413, "TOO_LARGE"),
    "unsupported_media": (415, "UNSUPPORTED_FORMAT"),
    "range_not_satisfiable": (416, "RANGE_NOT_SATISFIABLE"),
    "media_error": (422, "INVALID_FILE"),
    "undecodable_media": (422, "INVALID_FILE"),
    "media_limit": (422, "INVALID_FILE"),
    "rate_limited": (429, "RATE_LIMITED"),
    "processing_failed": (500, "RENDER_FAILED"),
    "processing_timeout": (500, "RENDER_FAILED"),
    "processing_limit": (500, "RENDER_FAILED"),
    "worker_lost": (500, "RENDER_FAILED"),
    "outbound_failed": (502, "REMOTE_ERROR"),
    "blocked_address": (502, "REMOTE_ERROR"),
    "storage_failed": (503, "STORAGE_FAILED"),
    "busy": (503, "BUSY"),
    "storage_full": (507, "STORAGE_FAILED"),
    "internal": (500, "INTERNAL_ERROR"),
}
#: Where one word of ours is several of the document's, the field at fault tells them apart.
_BY_FIELD: Mapping[tuple[str, str], str] = {
    ("invalid_request", "email"): "EMAIL_REQUIRED",
    ("not_found", "revision"): "REVISION_NOT_FOUND",
}

#: Clients of this family send keys in a header of their own.
_SAID: Mapping[str, str] = {
    "missing_key": "No API key was sent. Send it as the header 'api-key: KEY'."
}

STATUS: Mapping[str, int] = {code: status for code, (status, _) in _ROWS.items()}


def error_body(error: TelecineError, status: int, request_id: str) -> Mapping[str, Any]:
    """Return `{success, error, message, data, request_id}`; `data` has what helps to mend it."""
    del status
    return {
        "success": False,
        "error": _BY_FIELD.get((error.code, error.field or ""), _ROWS[error.code][1]),
        "message": _SAID.get(error.code, error.message),
        "data": _data(error),
        "request_id": request_id,
    }


def _data(error: TelecineError) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if error.field is not None:
        data["field"] = error.field
    if error.problems:
        data["errors"] = error.problems
    if isinstance(error, InsufficientCreditsError):
        data |= {"required": error.needed, "available": error.available}
    if isinstance(error, ConflictError) and error.subject_id is not None:
        data |= {"id": projects.project_of(error.subject_id), "render_id": error.job_id}
    if isinstance(error, StorageQuotaError):
        data |= {"used_bytes": error.used_bytes, "limit_bytes": error.limit_bytes}
    return data
