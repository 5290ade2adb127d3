"""Every family and its URLs: what is not listed here is not served."""

from __future__ import annotations

from telecine.api.clips import FAMILY as CLIPS
from telecine.api.clips import endpoints as clips
from telecine.api.compress import FAMILY as COMPRESS
from telecine.api.compress import endpoints as compress
from telecine.api.family import Endpoint, Family, OpenEndpoint
from telecine.api.projects import FAMILY as PROJECTS
from telecine.api.projects import endpoints as projects
from telecine.api.tus import FAMILY as UPLOADS
from telecine.api.tus import endpoints as tus
from telecine.api.video import FAMILY as VIDEO
from telecine.api.video import endpoints as video
from telecine.api.voiceover import FAMILY as VOICEOVER
from telecine.api.voiceover import endpoints as voiceover
from telecine.api.webhooks import FAMILY as WEBHOOKS
from telecine.api.webhooks import endpoints as webhooks

FAMILIES: tuple[Family, ...] = (COMPRESS, CLIPS, VIDEO, PROJECTS, VOICEOVER, WEBHOOKS, UPLOADS)

ENDPOINTS: tuple[Endpoint, ...] = (
    *compress.ENDPOINTS,
    *clips.ENDPOINTS,
    *video.ENDPOINTS,
    *projects.ENDPOINTS,
    *voiceover.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *tus.ENDPOINTS,
)

#: What takes no key: ids that nobody can guess.
OPEN_ENDPOINTS: tuple[OpenEndpoint, ...] = (
    *video.OPEN_ENDPOINTS,
    *projects.OPEN_ENDPOINTS,
    *voiceover.OPEN_ENDPOINTS,
)
