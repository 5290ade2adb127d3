"""What a clip is like at one instant: the values that curves, animations and transitions change.

Units are those of the timeline's model: px from the canvas centre, degrees, shares.
"""

from __future__ import annotations

import msgspec

from telecine.media.render.display import Mask
from telecine.media.timeline.model import Filter


class Pose(msgspec.Struct, kw_only=True):
    """`filters` are those that move, `masks` wipes and irises over the clip's box."""

    x: float
    y: float
    scale_x: float
    scale_y: float
    rotation: float
    skew_x: float
    skew_y: float
    opacity: float
    filters: list[Filter] = msgspec.field(default_factory=list)
    masks: list[Mask] = msgspec.field(default_factory=list)
    sweep: float | None = None
    sweep_strength: float = 1.0
