"""What clips sound like."""

from __future__ import annotations

from dataclasses import dataclass

from telecine.media.timeline.content import Source
from telecine.media.timeline.easing import Easing


@dataclass(frozen=True, slots=True, kw_only=True)
class GainPoint:
    """A point of a volume envelope: linear gain at a time inside the clip."""

    time_seconds: float
    gain: float
    easing: Easing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ducking:
    """Lowers this sound to `gain` while any of the clips named is heard."""

    targets: tuple[str, ...]
    gain: float = 0.25
    attack_seconds: float = 0.1
    release_seconds: float = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What is heard of a source. `gain` is linear, 1 leaves it as it is; `pan` -1 is left."""

    source: Source
    trim_start_seconds: float = 0.0
    trim_end_seconds: float | None = None
    rate: float = 1.0
    keeps_pitch: bool = True
    detune_cents: float = 0.0
    gain: float = 1.0
    pan: float = 0.0
    fade_in_seconds: float = 0.0
    fade_out_seconds: float = 0.0
    is_looped: bool = False
    envelope: tuple[GainPoint, ...] = ()
    ducking: Ducking | None = None
