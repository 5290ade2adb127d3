"""What clips sound like, and what a sound looks like."""

from __future__ import annotations

from typing import Literal

import msgspec

from telecine.media.timeline.content import Source
from telecine.media.timeline.easing import Easing
from telecine.media.timeline.look import Paint


class GainPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A point of a volume envelope: linear gain at a time inside the clip."""

    time_seconds: float
    gain: float
    easing: Easing


class Ducking(msgspec.Struct, frozen=True, kw_only=True):
    """Lowers this sound to `gain` while any of the clips named is heard."""

    targets: tuple[str, ...]
    gain: float = 0.25
    attack_seconds: float = 0.1
    release_seconds: float = 0.4


class Sound(msgspec.Struct, frozen=True, kw_only=True):
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


class Waveform(msgspec.Struct, frozen=True, kw_only=True):
    """A sound as a picture that moves with it; nothing is heard of it.

    bars: its pitches about a middle line, the low ones in the middle. spectrum: from the low
    ones on the left, standing on a line. circle: round a ring. line: the wave itself.
    `smoothing` is how much of a picture remains after a 60th of a second.
    """

    sound: Sound
    paint: Paint
    kind: Literal["bars", "line", "circle", "spectrum"] = "bars"
    n_bars: int = 64
    smoothing: float = 0.6
    #: How far into the clip that the sound is of the picture begins, and how long that clip is.
    late_seconds: float = 0.0
    length_seconds: float | None = None
