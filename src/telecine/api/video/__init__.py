"""The video family: JSON in, video out. Contract: docs/reference/video.md."""

from telecine.api.family import Family
from telecine.api.video import errors, wire, wording

FAMILY = Family(
    name="video",
    title="Video from JSON",
    errors=errors.STATUS,
    error_body=errors.error_body,
    event_body=wording.event_body,
    accepts_query_key=True,
    failure_body=wire.VideoFailure,
    field_at="details.field",
)
