"""The compress family's errors: code -> status, and the one shape of the body.

The document has five rows (400, 401, 404, 410, 413, 429); the others are ruled in
docs/reference/compress.md: 402, 403, 409, 415, 416, 422, 500, 503,
507.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telecine.kit.errors import TelecineError

STATUS: Mapping[str, int] = {
    "error": 500,
    "settings": 500,
    "invalid_request": 400,
    "missing_file": 400,
    "checksum_mismatch": 400,
    "invalid_document": 400,
    "invalid_key": 401,
    "missing_key": 401,
    "malformed_key": 401,
    "unknown_key": 401,
    "revoked_key": 401,
    "unknown_owner": 401,
    "insufficient_credits": 402,
    "storage_quota": 402,
    "forbidden": 403,
    "not_found": 404,
    "not_ready": 409,
    "conflict": 409,
    "idempotency_key_in_use": 409,
    "idempotency_key_reused": 422,
    "cancelled": 409,
    "expired": 410,
    "stale": 412,
    "file_too_large": 413,
    "range_not_satisfiable": 416,
    "unsupported_media": 415,
    "media_error": 422,
    "undecodable_media": 422,
    "media_limit": 422,
    "rate_limited": 429,
    "busy": 503,
    "processing_failed": 500,
    "processing_timeout": 500,
    "processing_limit": 500,
    "worker_lost": 500,
    "outbound_failed": 502,
    "blocked_address": 502,
    "storage_failed": 503,
    "storage_full": 507,
    "internal": 500,
}


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
