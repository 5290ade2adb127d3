"""How things look and where they are: colours, strokes, filters, placement.

Units are `model.py`'s: canvas pixels, degrees clockwise, shares from 0 to 1.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Fit = Literal["contain", "cover", "fill"]
BlendMode = Literal[
    "source-over", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge",
    "color-burn", "hard-light", "soft-light", "difference", "exclusion", "hue", "saturation",
    "color", "luminosity", "lighter", "source-in", "source-out", "source-atop", "destination-over",
    "destination-in", "destination-out", "destination-atop", "copy", "xor",
]  # fmt: skip
#: The modes that take away what is below where the clip is not.
CLEARING_MODES: frozenset[BlendMode] = frozenset(
    {"source-in", "source-out", "destination-in", "destination-atop", "copy"}
)
FilterKind = Literal[
    "blur", "brightness", "contrast", "saturate", "hue", "grayscale", "sepia", "invert"
]


class Colour(msgspec.Struct, frozen=True, kw_only=True):
    """sRGB, straight alpha, each component 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0


class GradientStop(msgspec.Struct, frozen=True, kw_only=True):
    """A colour at a place along the gradient, 0 to 1."""

    offset: float
    colour: Colour


class Gradient(msgspec.Struct, frozen=True, kw_only=True):
    """Fills a box. `angle` 0 runs left to right, 90 top to bottom."""

    kind: Literal["linear", "radial", "conic"]
    stops: tuple[GradientStop, ...]
    angle: float = 0.0


Paint = Colour | Gradient


class Stroke(msgspec.Struct, frozen=True, kw_only=True):
    """A line around text or a shape, centred on its edge."""

    paint: Colour
    width: float


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """Drawn below the clip; `blur` is the CSS blur radius (twice the Gaussian's sigma)."""

    colour: Colour
    blur: float
    offset: tuple[float, float]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """CSS meaning: blur in px, hue in degrees, the others 1 or 0 for no change."""

    kind: FilterKind
    value: float


class Crop(msgspec.Struct, frozen=True, kw_only=True):
    """The shares of the source that are cut off, before it is fitted."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where a clip's box is. None for a side: the natural size, fitted inside the canvas."""

    x: float = 0.0
    y: float = 0.0
    width: float | None = None
    height: float | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    rotation: float = 0.0
    skew: tuple[float, float] = (0.0, 0.0)
    #: The point of the box that lies on (x, y) and that it turns about: shares of its sides.
    anchor: tuple[float, float] = (0.5, 0.5)


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How a clip looks, whatever it shows. `corner_radii` run clockwise from top left, in px."""

    opacity: float = 1.0
    fit: Fit = "contain"
    crop: Crop = Crop()
    corner_radii: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    filters: tuple[Filter, ...] = ()
    blend: BlendMode = "source-over"
    shadow: Shadow | None = None
    stroke: Stroke | None = None
