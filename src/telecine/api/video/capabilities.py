"""What compositions may be made of, for programs: read from the parser itself."""

from __future__ import annotations

from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import Response

from telecine.api.access import Caller
from telecine.api.family import Json
from telecine.api.services import Services
from telecine.api.video.wire import Capabilities
from telecine.media.timeline.easing import EASINGS
from telecine.media.timeline.motion import AnimationKind, TransitionKind
from telecine.media.timeline.rv_clips import HOLDERS
from telecine.media.timeline.rv_content import CLIP_TYPES
from telecine.media.timeline.rv_more import MORE_ANIMATIONS
from telecine.media.timeline.rv_motion import RANGES

_NOT_DRAWN = ("three",)


async def capabilities(_request: Request, _caller: Caller, services: Services) -> Response:
    """GET /api/v1/capabilities"""
    return Json(
        Capabilities(
            schema={
                "version": "2.0.0",
                "clipTypes": sorted({*CLIP_TYPES, *HOLDERS}),
                "animationTypes": sorted({*get_args(AnimationKind), *MORE_ANIMATIONS}),
                "easingFunctions": sorted(EASINGS),
                "transitionTypes": sorted(get_args(TransitionKind)),
                "keyframeProperties": sorted(RANGES),
            },
            render={"qualitySelection": "shortEdge", "qualities": _qualities(services)},
            features={
                "uploads": True,
                "previews": True,
                "webhooks": True,
                "dryRun": True,
                "notDrawn": _NOT_DRAWN,
            },
            docs={"reference": "/docs", "openapi": "/openapi.json"},
        )
    )


def _qualities(services: Services) -> list[dict[str, Any]]:
    return [
        {
            "quality": tier.quality,
            "label": tier.quality.upper() if tier.quality.endswith("k") else tier.quality,
            "shortEdge": tier.short_edge,
            "creditMultiplier": tier.credits_per_second,
        }
        for tier in services.plans.prices.render
    ]
