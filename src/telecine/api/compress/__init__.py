"""The compress family: smaller videos, other image formats. Contract: docs/reference/compress.md."""

from telecine.api import failures
from telecine.api.compress import errors, wire
from telecine.api.family import Family

FAMILY = Family(
    name="compress",
    title="Compress and convert",
    errors=failures.STATUS,
    error_body=errors.error_body,
    event_body=wire.event_body,
)
