"""The video family's errors: our code -> status, and the word of the document.

The body is `{success, error, code, details}` in every case, with the request's id. Statuses that
the document does not have are ruled in docs/reference/video.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telecine.kit.errors import (
    InsufficientCreditsError,
    StorageQuotaError,
    TelecineError,
)

_ROWS: Mapping[str, tuple[int, str]] = {
    "error": (500, "INTERNAL_ERROR"),
    "settings": (500, "INTERNAL_ERROR"),
    "invalid_request": (400, "INVALID_REQUEST"),
    "missing_file": (400, "NO_FILES"),
    "checksum_mismatch": (400, "INVALID_REQUEST"),
    "invalid_document": (400, "INVALID_CONFIG"),
    "invalid_key": (401, "INVALID_API_KEY"),
    "missing_key": (401, "MISSING_API_KEY"),
    "malformed_key": (401, "INVALID_API_KEY_FORMAT"),
    "unknown_key": (401, "INVALID_API_KEY"),
    "revoked_key": (401, "API_KEY_INACTIVE"),
    "unknown_owner": (401, "USER_NOT_FOUND"),
    "insufficient_credits": (402, "INSUFFICIENT_CREDITS"),
    "storage_quota": (402, "STORAGE_LIMIT_EXCEEDED"),
    "forbidden": (403, "FORBIDDEN"),
    "not_found": (404, "NOT_FOUND"),
    "method_not_allowed": (405, "METHOD_NOT_ALLOWED"),
    "request_timeout": (408, "REQUEST_TIMEOUT"),
    "not_ready": (409, "NOT_READY"),
    "conflict": (400, "ALREADY_RENDERING"),
    "idempotency_key_in_use": (409, "IDEMPOTENCY_KEY_IN_USE"),
    "idempotency_key_reused": (422, "IDEMPOTENCY_KEY_REUSED"),
    "stale": (412, "STALE"),
    "cancelled": (409, "CANCELLED"),
    "expired": (410, "EXPIRED"),
    "file_too_large": (413, "FILE_TOO_LARGE"),
    "range_not_satisfiable": (416, "RANGE_NOT_SATISFIABLE"),
    "unsupported_media": (400, "UNSUPPORTED_FILE_TYPE"),
    "media_error": (400, "UNSUPPORTED_FILE_TYPE"),
    "undecodable_media": (422, "INVALID_FILE"),
    "media_limit": (422, "INVALID_FILE"),
    "rate_limited": (429, "RATE_LIMITED"),
    "busy": (503, "BUSY"),
    "processing_failed": (500, "RENDER_TRIGGER_FAILED"),
    "processing_timeout": (500, "RENDER_TRIGGER_FAILED"),
    "processing_limit": (500, "RENDER_TRIGGER_FAILED"),
    "worker_lost": (500, "RENDER_TRIGGER_FAILED"),
    "outbound_failed": (502, "REMOTE_ERROR"),
    "blocked_address": (502, "REMOTE_ERROR"),
    "storage_failed": (503, "UPLOAD_FAILED"),
    "storage_full": (507, "UPLOAD_FAILED"),
    "internal": (500, "INTERNAL_ERROR"),
}

STATUS: Mapping[str, int] = {code: status for code, (status, _) in _ROWS.items()}


def error_body(error: TelecineError, status: int, request_id: str) -> Mapping[str, Any]:
    """Return `{success, error, code, details, request_id}`; `details` has what helps to mend it."""
    del status
    return {
        "success": False,
        "error": error.message,
        "code": _ROWS[error.code][1],
        "details": _details(error),
        "request_id": request_id,
    }


def _details(error: TelecineError) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if error.field is not None:
        details["field"] = error.field
    if error.problems:
        details["errors"] = error.problems
    if isinstance(error, InsufficientCreditsError):
        details |= {"required": error.needed, "available": error.available}
    if isinstance(error, StorageQuotaError):
        details |= {
            "usedBytes": error.used_bytes,
            "limitBytes": error.limit_bytes,
            "neededBytes": error.needed_bytes,
        }
    return details
