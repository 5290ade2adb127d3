"""The display list: what a plan says and an engine draws. The seam between the two.

A plan names layers (things with pixels of their own) and lists, for every frame, which layer
is drawn where and how. Engines know nothing of clips, keyframes or transitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, Literal

import msgspec

from telecine.media.timeline.model import (
    BlendMode,
    Captions,
    Colour,
    Content,
    Direction,
    Filter,
    Paint,
    Style,
    Word,
)

#: x' = a*x + c*y + e, y' = b*x + d*y + f: SVG's order (a, b, c, d, e, f).
Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

#: A sweep is a band of light over the layer's box. At (x, y), in shares of the box's sides, what
#: is there is mixed with white by `min(1, SWEEP_PEAK * strength * exp(-(d / SWEEP_WIDTH)**2))`
#: where `d = x - centre + SWEEP_LEAN * (y - 0.5)`; while `sweep` goes from 0 to 1, the centre
#: goes from the first to the second of SWEEP_RUN.
SWEEP_PEAK, SWEEP_WIDTH, SWEEP_LEAN = 0.75, 0.12, 0.3
SWEEP_RUN = (-0.45, 1.45)
OPPOSITE: Final[dict[Direction, Direction]] = {
    "left": "right", "right": "left", "up": "down", "down": "up",
}  # fmt: skip
_NEARLY: Final = 1e-6


class CaptionPage(msgspec.Struct, frozen=True, kw_only=True):
    """What captions show at one moment: the words of a page, one of them perhaps being spoken.

    The words are laid out as if all were there; only the first `visible` are drawn, so that
    words that appear one by one do not push the others about. `only` names one that is drawn
    alone, without the box behind the page; `without` one that is left out, to be drawn so.
    """

    captions: Captions
    words: tuple[Word, ...]
    spoken: int | None
    visible: int
    only: int | None = None
    without: int | None = None


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """Pixels that are made once (a sprite) or decoded as needed (a video, an animated image).

    `width` x `height` is the layer's box in canvas pixels at scale 1; `raster_scale` the
    largest scale at which it is ever drawn, so that a sprite made at that scale is only ever
    shrunk. Everything of `style` that does not move is part of the sprite's pixels: stroke,
    shadow, corner radii, fit and crop, and filters where they stand still. What moves is in
    the draws instead, and neutral here: opacity and blend always, corner radii where the
    pixels move (`is_moving`: a video, an animated image); the shadow and the stroke of such a
    picture are layers of their own. A layout is never a layer, captions are one layer for each
    state of a page.
    """

    index: int
    content: Content | CaptionPage
    style: Style
    width: float
    height: float
    raster_scale: float
    path: str
    is_moving: bool = False


class ClipBox(msgspec.Struct, frozen=True, kw_only=True):
    """A box from (0, 0) to `width`, `height`, taken to the canvas by `matrix`.

    `radii` round its corners, in px of the box, clockwise from the top left.
    """

    matrix: Matrix
    width: float
    height: float
    radii: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


class Mask(msgspec.Struct, frozen=True, kw_only=True):
    """What of a draw is seen. In the layer's box, as shares of its sides; or in `box`, on the
    canvas (left, top, right, bottom): an edge that may cut several draws, see `blocks`.

    wipe: what lies on the near side of an edge at `share`, moving towards `direction`.
    iris: a circle about the centre, `share` of the half diagonal. A soft edge runs from below 0
    to over 1.
    rounded: the box with `radii` in px, for layers whose pixels move.
    veil: all of it, `share` opaque; of several draws as of one picture, see `blocks`. What they
    are of is named by `whose`, the first layer.
    The edges are blurred by `softness`, px of the canvas. `is_going`: it covers, not uncovers.
    """

    kind: Literal["wipe", "iris", "rounded", "veil"]
    share: float = 1.0
    direction: Literal["left", "right", "up", "down"] = "left"
    radii: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    softness: float = 0.0
    box: tuple[float, float, float, float] | None = None
    is_going: bool = False
    whose: int = 0


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """One layer on one frame. `matrix` takes the layer's box (px) to canvas px.

    `source_seconds` is the instant of the source that is shown, for layers that move;
    None for sprites. `sweep` is where a light passes over the layer, 0 to 1, and
    `sweep_strength` how bright it is. Nothing is seen outside any of `clips`: layouts that
    cut off what leaves them. `filters` come after those of the layer's style; like theirs,
    the px of a blur are the layer's. With a `tint` only the shape of the layer counts, which is
    all of that opaque colour: its shadow.
    """

    layer: int
    matrix: Matrix
    opacity: float = 1.0
    blend: BlendMode = "source-over"
    filters: tuple[Filter, ...] = ()
    masks: tuple[Mask, ...] = ()
    source_seconds: Fraction | None = None
    sweep: float | None = None
    sweep_strength: float = 1.0
    clips: tuple[ClipBox, ...] = ()
    tint: Colour | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on one frame, from the back to the front. Equal frames look alike."""

    draws: tuple[Draw, ...]


class Canvas(msgspec.Struct, frozen=True, kw_only=True):
    """What all frames share."""

    width: int
    height: int
    frame_rate: Fraction
    background: Paint


def filters_of(draw: Draw, layer: Layer) -> tuple[Filter, ...]:
    """Return what is not in the layer's pixels already: all of it, where those move.

    What changes colours does not change a shape.
    """
    own = layer.style.filters if layer.is_moving else ()
    if draw.tint is not None:
        own = tuple(each for each in own if each.kind == "blur")
    return (*own, *draw.filters)


def blocks(draws: Sequence[Draw]) -> Iterator[tuple[range, ...]]:
    """Part draws, in their order, into blocks of groups, each a range of places.

    A group is what one edge on the canvas cuts, or one veil: it is drawn upon what lies below, and
    that is what is cut. (Cut one by one, its draws would show what they hide of one another where
    they are half transparent.) A block of two groups are the two sides of one edge, each showing what
    the other lacks: both are drawn upon what lay below the first. Any other draw is by itself.
    """
    place = 0
    while place < len(draws):
        group = range(place, _group_end(draws, place))
        place = group.stop
        if place < len(draws) and _is_handover(draws[place - 1], draws[place]):
            following = range(place, _group_end(draws, place))
            place = following.stop
            yield group, following
        else:
            yield (group,)


def edge_of(draw: Draw) -> Mask | None:
    """Return the edge on the canvas that cuts a draw, or the veil."""
    mask = draw.masks[-1] if draw.masks else None
    return mask if mask is not None and (mask.box is not None or mask.kind == "veil") else None


def _group_end(draws: Sequence[Draw], start: int) -> int:
    edge, end = edge_of(draws[start]), start + 1
    while edge is not None and end < len(draws) and edge_of(draws[end]) == edge:
        end += 1
    return end


def _is_handover(before: Draw, after: Draw) -> bool:
    goes, comes = edge_of(before), edge_of(after)
    if goes is None or comes is None:
        return False
    return (
        goes.is_going
        and not comes.is_going
        and goes.kind == comes.kind == "wipe"
        and (goes.box, goes.softness) == (comes.box, comes.softness)
        and OPPOSITE[goes.direction] == comes.direction
        and abs(goes.share + comes.share - 1) < _NEARLY
    )
