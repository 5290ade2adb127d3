"""Places and looks in RenderingVideo's dialect: `transform`, `style` and their shorthands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from telecine.media.timeline.model import (
    BlendMode,
    Colour,
    Crop,
    Filter,
    FilterKind,
    Fit,
    Font,
    Placement,
    Shadow,
    Stroke,
    Style,
)
from telecine.media.timeline.reader import Node, Value
from telecine.media.timeline.scene import Scene, colour, length, offset

_ANCHORS: Final = {
    "center": (0.5, 0.5), "top-left": (0.0, 0.0), "top": (0.5, 0.0), "top-right": (1.0, 0.0),
    "left": (0.0, 0.5), "right": (1.0, 0.5), "bottom-left": (0.0, 1.0), "bottom": (0.5, 1.0),
    "bottom-right": (1.0, 1.0),
}  # fmt: skip
_FITS: Final[tuple[Fit, ...]] = get_args(Fit)
_BLENDS: Final[tuple[BlendMode, ...]] = get_args(BlendMode)
_OF_NO_USE: Final[dict[BlendMode, str]] = {
    "destination-over": "of a clip behind it nothing is seen",
    "source-out": "outside of it there is no place for the clip, and all goes black",
}
_FILTERS: Final[tuple[FilterKind, ...]] = get_args(FilterKind)
_FILTER_RANGES: Final[dict[FilterKind, tuple[float, float]]] = {
    "blur": (0, 2000), "brightness": (0, 100), "contrast": (0, 100), "saturate": (0, 100),
    "hue": (-36_000, 36_000), "grayscale": (0, 1), "sepia": (0, 1), "invert": (0, 1),
}  # fmt: skip
MAX_RADIUS: Final = 20_000.0
_WEIGHTS: Final = {"normal": 400, "bold": 700, "lighter": 300, "bolder": 800}


def read_placement(node: Node, *, scene: Scene, box: tuple[float, float]) -> Placement:
    """Return where a clip is. `box` is what its percentages of size refer to, in px."""
    transform = node.node("transform")
    anchor = transform.choice("anchor", "center", tuple(_ANCHORS))
    return Placement(
        x=offset(transform.get("x"), whole=scene.width) or 0.0,
        y=offset(transform.get("y"), whole=scene.height) or 0.0,
        width=length(transform.get("width"), whole=box[0]),
        height=length(transform.get("height"), whole=box[1]),
        scale=_pair(transform.get("scale"), 1.0, limit=1000),
        rotation=transform.number("rotation", 0.0, low=-1e6, high=1e6),
        skew=_pair(transform.get("skew"), 0.0, limit=89),
        anchor=_ANCHORS[anchor],
    )


def _pair(value: Value | None, default: float, *, limit: float) -> tuple[float, float]:
    if value is None:
        return default, default
    if isinstance(value.raw, list):
        pair = value.numbers(2, low=-limit, high=limit)
        return (pair[0], pair[1]) if pair else (default, default)
    number = value.number(low=-limit, high=limit)
    return (default, default) if number is None else (number, number)


def read_style(node: Node, *, has_outline: bool) -> Style:
    """Return how a clip looks: what `style` says, and the clip itself where that says nothing.

    Lines have no outline: their stroke is what they show.
    """
    look = node.over("style")
    filters = [_filter(item.fields()) for item in look.items("filters", high=32)]
    usual: Fit = "contain" if node.flag("keepAspectRatio", default=True) else "fill"
    return Style(
        opacity=look.number("opacity", 1.0, low=0, high=1),
        fit=look.choice("objectFit", usual, _FITS),
        crop=_crop(node),
        corner_radii=read_sides(look.get("borderRadius")),
        filters=tuple(found for found in filters if found),
        blend=_blend(look.first("compositeOperation", "blendMode")),
        shadow=read_shadow(look),
        stroke=_stroke(look) if has_outline else None,
    )


def _blend(value: Value | None) -> BlendMode:
    mode = None if value is None else value.choice(_BLENDS)
    if value is None or mode is None:
        return "source-over"
    if mode in _OF_NO_USE:
        value.warn("NOT_DRAWN", f"The background lies below: {_OF_NO_USE[mode]}.",
                   allowed="another mode")  # fmt: skip
    return mode


def _crop(node: Node) -> Crop:
    crop = node.node("crop")
    left, top, right, bottom = (
        node.number(f"crop{side}", crop.number(side.lower(), 0.0, low=0, high=1), low=0, high=1)
        for side in ("Left", "Top", "Right", "Bottom")
    )
    if left + right >= 1 or top + bottom >= 1:
        node.report.problem(
            f"{node.path}.crop", "RANGE", "This crops everything away.",
            got=(left, top, right, bottom), allowed="left + right and top + bottom below 1",
        )  # fmt: skip
        return Crop()
    return Crop(left=left, top=top, right=right, bottom=bottom)


def read_sides(value: Value | None) -> tuple[float, float, float, float]:
    """Return four lengths in px: one for all, or a list of four."""
    if value is None:
        return (0.0, 0.0, 0.0, 0.0)
    if isinstance(value.raw, list):
        sides = value.numbers(4, low=0, high=MAX_RADIUS)
        return (sides[0], sides[1], sides[2], sides[3]) if sides else (0.0, 0.0, 0.0, 0.0)
    side = value.number(low=0, high=MAX_RADIUS) or 0.0
    return (side, side, side, side)


def _filter(node: Node) -> Filter | None:
    value = node.required("type")
    kind = None if value is None else value.choice(_FILTERS)
    if kind is None:
        return None
    low, high = _FILTER_RANGES[kind]
    amount = node.required("value")
    number = None if amount is None else amount.number(low=low, high=high)
    return None if number is None else Filter(kind=kind, value=number)


def read_shadow(style: Node) -> Shadow | None:
    """Return the shadow that `shadowColor` asks for."""
    tint = colour(style.get("shadowColor"))
    blur = style.number("shadowBlur", 0.0, low=0, high=1000)
    shift = style.get("shadowOffset")
    pair = None if shift is None else shift.numbers(2, low=-10_000, high=10_000)
    if tint is None or tint.alpha == 0:
        return None
    return Shadow(colour=tint, blur=blur, offset=(pair[0], pair[1]) if pair else (0.0, 0.0))


def _stroke(style: Node) -> Stroke | None:
    """Return the stroke; a width without a colour, or a colour without a width, is none."""
    tint: Colour | None = colour(style.first("stroke", "strokeColor"))
    width = style.number("strokeWidth", 0.0, low=0, high=2000)
    return Stroke(paint=tint, width=width) if tint and width > 0 else None


def read_font(node: Node, *, size: float, family: str = "Inter", weight: int = 400) -> Font:
    """Return the face that `fontFamily`, `fontSize`, `fontWeight` and `fontStyle` describe.

    `fontStyle` may be Remotion's `{variant, weight}`, too.
    """
    slant, heaviness = node.get("fontStyle"), node.get("fontWeight")
    named = node.get("fontFamily")
    if named is not None and isinstance(named.raw, str) and named.raw.strip():
        node.report.families.setdefault(named.raw, named)
    if slant is not None and isinstance(slant.raw, Mapping):
        both = slant.fields()
        slant, heaviness = both.get("variant"), heaviness or both.get("weight")
    variant = None if slant is None else slant.choice(("normal", "italic", "oblique"))
    return Font(
        family=node.text("fontFamily", family, max_characters=200).strip() or family,
        size=node.number("fontSize", size, low=0, high=2000, above=0),
        weight=weight if heaviness is None else _weight(heaviness, weight),
        is_italic=variant in ("italic", "oblique"),
    )


def _weight(value: Value, default: int) -> int:
    raw = value.raw
    if isinstance(raw, str) and raw in _WEIGHTS:
        return _WEIGHTS[raw]
    if isinstance(raw, str) and raw.isascii() and raw.isdecimal() and len(raw) <= 4:
        raw = int(raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 1 <= raw <= 1000:
        return int(raw)
    value.problem("RANGE", "This is no font weight.", allowed="1 to 1000, normal, bold")
    return default
