"""How a request names a finished upload in a file's place: `upload:ID`, or the upload's address."""

from __future__ import annotations

import re
from typing import Final

#: Below which uploads have their addresses.
UPLOADS_PATH: Final = "/api/v1/uploads"

# Whatever the host is called: behind proxies a client knows us under names that we do not, and
# nobody else has anything under such an address that could be had without a key.
_NAME: Final = re.compile(
    rf"\s*(?:upload:|(?:https?://[^/?#\s]+)?(?:/[^?#\s]*)?{UPLOADS_PATH}/)(up_[a-z0-9]{{20}})\s*"
)


def upload_named(text: str) -> str | None:
    """Return the id of the upload that a text names; None for any other text."""
    match = _NAME.fullmatch(text[:2048])
    return match[1] if match else None


def is_meant(text: str) -> bool:
    """Say whether a text is to name an upload, if perhaps none that there ever was."""
    return text.lstrip().startswith("upload:")


def name_of(upload_id: str) -> str:
    """Return what requests say in a file's place."""
    return f"upload:{upload_id}"
