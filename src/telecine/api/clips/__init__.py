"""The clips family: a long video becomes short ones with captions, and texts. Contract:
docs/reference/clips.md.
"""

from telecine.api.clips import errors, wire, wording
from telecine.api.family import Family

FAMILY = Family(
    name="clips",
    title="Clips",
    errors=errors.STATUS,
    error_body=errors.error_body,
    event_body=wording.event_body,
    failure_body=wire.ClipFailure,
)
