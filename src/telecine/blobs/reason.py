"""Why the storage could not be used, in a few words for logs and operators.

The library that speaks to buckets tells thousands of characters, among them answers of servers;
clients are told none of it.
"""

from __future__ import annotations

import re
from typing import Final

from telecine.kit.errors import StorageError

_STATUS: Final = re.compile(r"status code: (\d{3}[A-Za-z ]*)")
_MOST_CHARS: Final = 160
#: What the library's text has in it. The first one counts.
_WORDS: Final = {
    "169.254.169.254": "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "NoSuchBucket": "no such bucket",
    "InvalidAccessKeyId": "forbidden: the access key is not known there",
    "SignatureDoesNotMatch": "forbidden: the secret key is another one",
    "status code: 401": "forbidden: the credentials are not accepted",
    "status code: 403": "forbidden: the credentials may not do this",
    "status code: 404": "nothing there has this name",
    "onnection refused": "connection refused",
    "dns error": "no such host",
    "imedOut": "no answer in time",
    "timed out": "no answer in time",
}


def reason(error: StorageError) -> str:
    """Return the cause of an error of the storage: one short line, without credentials."""
    cause = error.__cause__
    if cause is None:
        return error.message
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.strerror} ({cause.filename})" if cause.filename else cause.strerror
    text = str(cause)
    known = next((words for mark, words in _WORDS.items() if mark in text), None)
    if known is not None:
        return known
    if (status := _STATUS.search(text)) is not None:
        return f"it answered with {status[1].strip()}"
    return text.partition("\n")[0][:_MOST_CHARS]
