"""Keyframes that change a clip's very pixels: colours, sizes of type, lengths of lines.

Values are rounded to what an eye can tell, so that a slow change is a few looks, not one a
frame: each look is drawn anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from telecine.media.render.planning.boxes import Sides
from telecine.media.render.planning.ramps import Ramp
from telecine.media.timeline.easing import linear
from telecine.media.timeline.model import (
    Animation,
    Captions,
    Circle,
    Clip,
    Code,
    Colour,
    Content,
    Crop,
    CurvePoint,
    Icon,
    Image,
    Layout,
    PathLine,
    Polygon,
    Rect,
    Stroke,
    Style,
    Svg,
    Text,
    Video,
)

_BLACK: Final = Colour(red=0, green=0, blue=0)
_CROPS: Final = ("cropLeft", "cropTop", "cropRight", "cropBottom")
_STROKED: Final = ("stroke", "strokeWidth")
_SIDES: Final = ("width", "height")
#: What can be changed of each kind of content.
_CHANGEABLE: Final[dict[type, tuple[str, ...]]] = {
    Text: ("fill", "fontSize", "letterSpacing", "typed", *_STROKED, *_SIDES),
    Rect: ("fill", "borderRadius", *_STROKED, *_SIDES),
    Circle: ("fill", *_STROKED),
    Polygon: ("fill", *_STROKED),
    PathLine: ("fill", "drawStart", "drawEnd", *_STROKED),
    Svg: ("borderRadius", *_STROKED, *_SIDES),
    Icon: ("fill", "borderRadius", *_STROKED, *_SIDES),
    Code: ("fontSize", *_SIDES),
    Image: ("borderRadius", *_CROPS, *_STROKED, *_SIDES),
    Video: ("borderRadius", *_CROPS, *_STROKED, *_SIDES),
    Captions: (),
    Layout: ("borderRadius",),
}
#: Into how many steps a unit is divided.
_FINE: Final[dict[str, float]] = {
    "width": 8, "height": 8, "fontSize": 16, "letterSpacing": 16, "strokeWidth": 16,
    "borderRadius": 8, "drawStart": 4096, "drawEnd": 4096,
}  # fmt: skip
_COLOUR_STEPS: Final = 255.0
#: Shares of a whole number of letters are off in the last bits.
_SLACK: Final = 1e-6


class Look(NamedTuple):
    """What is drawn, and the sides of the box that are asked for."""

    content: Content
    style: Style
    sides: Sides


def changing(clip: Clip, ramps: Mapping[str, Ramp]) -> dict[str, Ramp]:
    """Return those of a clip's ramps that change its pixels."""
    names = _CHANGEABLE.get(type(clip.content), ())
    return {name: ramp for name, ramp in ramps.items() if name in names}


def typed(animations: Iterable[Animation]) -> dict[str, Ramp]:
    """Return the share of a text's letters that are painted, where it is typed."""
    for run in animations:
        if run.kind == "typewriter":
            start = run.delay_seconds or 0.0
            end = start + run.duration_seconds
            points = ((start, 0.0, linear), (end, 1.0, run.easing))
            return {
                "typed": Ramp(
                    CurvePoint(time_seconds=time, value=share, easing=easing)
                    for time, share, easing in points
                )
            }
    return {}


def look_at(clip: Clip, content: Content, ramps: Mapping[str, Ramp], seconds: float) -> Look:
    """Return a clip's look at one instant; `ramps` are those that `changing` found."""
    sides: Sides = (clip.placement.width, clip.placement.height)
    if not ramps:
        return Look(content, clip.style, sides)
    numbers: dict[str, float] = {}
    colours: dict[str, Colour] = {}
    for name, ramp in ramps.items():
        colour = ramp.colour_at(seconds)
        if colour is not None:
            colours[name] = _rounded_colour(colour)
        else:
            steps = _FINE.get(name)
            number = ramp.number_at(seconds)
            numbers[name] = number if steps is None else round(number * steps) / steps
    sides = (numbers.get("width", sides[0]), numbers.get("height", sides[1]))
    style = _style(clip.style, numbers, colours)
    return Look(_content(content, numbers, colours), style, sides)


def _rounded_colour(colour: Colour) -> Colour:
    red, green, blue, alpha = (
        round(part * _COLOUR_STEPS) / _COLOUR_STEPS
        for part in (colour.red, colour.green, colour.blue, colour.alpha)
    )
    return Colour(red=red, green=green, blue=blue, alpha=alpha)


def _style(style: Style, numbers: Mapping[str, float], colours: Mapping[str, Colour]) -> Style:
    if "borderRadius" in numbers:
        radius = max(numbers["borderRadius"], 0.0)
        style = replace(style, corner_radii=(radius, radius, radius, radius))
    if "stroke" in colours or "strokeWidth" in numbers:
        before = style.stroke or Stroke(paint=_BLACK, width=0.0)
        paint = colours.get("stroke", before.paint)
        width = max(numbers.get("strokeWidth", before.width), 0.0)
        style = replace(style, stroke=Stroke(paint=paint, width=width) if width > 0 else None)
    if any(name in numbers for name in _CROPS):
        crop = style.crop
        style = replace(style, crop=_crop(crop, numbers))
    return style


def _crop(crop: Crop, numbers: Mapping[str, float]) -> Crop:
    left, top, right, bottom = (
        min(max(numbers.get(name, static), 0.0), 1.0)
        for name, static in zip(_CROPS, (crop.left, crop.top, crop.right, crop.bottom), strict=True)
    )
    return Crop(left=left, top=top, right=min(right, 1.0 - left), bottom=min(bottom, 1.0 - top))


def _content(
    content: Content, numbers: Mapping[str, float], colours: Mapping[str, Colour]
) -> Content:
    fill = colours.get("fill")
    match content:
        case Rect() | Circle() | Polygon():
            return content if fill is None else replace(content, paint=fill)
        case Icon():
            return content if fill is None else replace(content, colour=fill)
        case Text():
            size = max(numbers.get("fontSize", content.font.size), 1.0)
            n_seen = math.floor(numbers.get("typed", 1.0) * len(content.text) + _SLACK)
            return replace(
                content,
                n_seen=max(n_seen, 0) if n_seen < len(content.text) else None,
                paint=content.paint if fill is None else fill,
                font=replace(content.font, size=size),
                letter_spacing=numbers.get("letterSpacing", content.letter_spacing),
            )
        case Code():
            size = max(numbers.get("fontSize", content.font.size), 1.0)
            return replace(content, font=replace(content.font, size=size))
        case PathLine():
            return _line(content, numbers, colours)
        case _:
            return content


def _line(line: PathLine, numbers: Mapping[str, float], colours: Mapping[str, Colour]) -> PathLine:
    """Its stroke is the line; a fill is the line's too, where nothing is filled."""
    fill = colours.get("fill")
    is_filled = line.paint is not None
    return replace(
        line,
        paint=fill if is_filled and fill is not None else line.paint,
        line_paint=colours.get("stroke") or (None if is_filled else fill) or line.line_paint,
        line_width=max(numbers.get("strokeWidth", line.line_width), 0.0),
        draw_start=numbers.get("drawStart", line.draw_start),
        draw_end=numbers.get("drawEnd", line.draw_end),
    )
