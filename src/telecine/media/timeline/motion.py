"""How clips move: keyframes, preset animations, transitions. Times are seconds in the clip."""

from __future__ import annotations

from typing import Literal

import msgspec

from telecine.media.timeline.easing import Easing
from telecine.media.timeline.look import Colour, FilterKind

Direction = Literal["left", "right", "up", "down"]
AnimationKind = Literal[
    "fadeIn", "fadeOut", "move", "scale", "rotate", "filter", "slideIn", "slideOut", "zoomIn",
    "zoomOut", "typewriter",
]  # fmt: skip
TransitionKind = Literal[
    "fade", "slide", "zoom", "wipe", "blur", "push", "iris", "spin", "lightSweep"
]


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """A value at a time inside the clip; `easing` governs the way that ends here."""

    time_seconds: float
    value: float | tuple[float, float] | Colour
    easing: Easing


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """The keyframes of one property (`x`, `opacity`, `scale`, `fill`, ...), in order of time.

    Before the first and after the last the value holds. It replaces the static value.
    """

    property: str
    points: tuple[CurvePoint, ...]


class Animation(msgspec.Struct, frozen=True, kw_only=True):
    """A preset movement on top of the curves: opacity and scale multiply, the others add.

    A typewriter paints a text letter by letter, once.

    `delay_seconds` None means the usual one: 0, and for fadeOut, slideOut and zoomOut the
    clip's end less the duration. `repeats` None goes on until the clip ends.
    """

    kind: AnimationKind
    duration_seconds: float
    easing: Easing
    delay_seconds: float | None = None
    repeats: int | None = 1
    start: float | tuple[float, float] | None = None
    end: float | tuple[float, float] | None = None
    direction: Direction = "left"
    distance: float = 200.0
    filter: FilterKind | None = None


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """An entry or exit of a clip, or the way from the clip before it on the same track."""

    kind: TransitionKind
    duration_seconds: float
    easing: Easing
    direction: Direction = "left"
    blur: float | None = None
    intensity: float | None = None
    rotation: float | None = None
    scale: float | None = None
