"""The voiceover family: an image and a sound become a video. Contract: docs/reference/voiceover.md."""

from telecine.api.family import Family
from telecine.api.voiceover import errors, wire, wording

FAMILY = Family(
    name="voiceover",
    title="Voiceover",
    errors=errors.STATUS,
    error_body=errors.error_body,
    event_body=wording.event_body,
    failure_body=wire.VoiceoverFailure,
    is_counted_by_address=True,
)
