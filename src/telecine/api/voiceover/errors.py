"""The voiceover family's errors: code -> status, and the one shape of the body.

The document has 400, 401, 404, 409, 413, 415, 429 and 500; a file that is broken or over a limit
is a 400 there. The others are ruled in docs/reference/voiceover.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telecine.api import failures
from telecine.kit.errors import AuthenticationError, MissingKeyError, TelecineError

STATUS: Mapping[str, int] = {
    **failures.STATUS,
    **dict.fromkeys(("media_error", "undecodable_media", "media_limit"), 400),
}

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
