"""How large a clip's box is, and where a picture lies in it.

A side that is not given follows from what is shown: a text's own size, wrapped at what is
around it; a picture's proportions, fitted inside.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from msgspec.structs import replace

from telecine.media.render.measure import Measure, Size
from telecine.media.timeline.model import (
    Circle,
    Code,
    Content,
    Crop,
    Fit,
    Icon,
    Image,
    PathLine,
    Polygon,
    Rect,
    Style,
    Svg,
    Text,
    Video,
    Waveform,
)

#: The sides of an icon that does not say.
ICON_PX: Final = 96.0
#: The sides of a waveform that does not say, as shares of what is around it.
_WAVE: Final = (0.8, 0.25)
_CIRCLE: Final = 0.6
#: Nothing is smaller: a box without a side would be a picture without pixels.
_SMALLEST: Final = 1e-3
# Letters of scripts that are written without spaces: lines may end after most of them.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]"
)
#: Type that is fitted: its sizes in px, how large it may become, and what sums may be off by.
_FIT_STEP, _LARGEST_TYPE, _FIT_SLACK = 0.5, 2000.0, 0.01

Sides = tuple[float | None, float | None]


class Laid(NamedTuple):
    """A picture in a box: `scale` takes its px to the box's, its corner goes to `left`, `top`.

    `seen` is the part of the box that it fills: left, top, width, height.
    """

    scale: tuple[float, float]
    left: float
    top: float
    seen: tuple[float, float, float, float]


def box_size(
    content: Content, style: Style, *, sides: Sides, around: Size, measure: Measure
) -> Size:
    """Return the size of a clip's box. `sides` are those that it asks for, `around` is where
    it must fit unless it asks for more."""
    match content:
        case Text():
            size = _text_size(content, sides=sides, around=around, measure=measure)
        case Circle() | Polygon():
            size = (content.diameter, content.diameter)
        case PathLine():
            size = measure.path_size(content)
        case Code():
            natural = measure.code_size(content)
            size = (sides[0] or natural[0], sides[1] or natural[1])
        case Rect():
            size = (
                around[0] if sides[0] is None else sides[0],
                around[1] if sides[1] is None else sides[1],
            )
        case Icon():
            size = _proportional((1.0, 1.0), sides) or (ICON_PX, ICON_PX)
        case Svg():
            natural = _at_least(measure.svg_size(content))
            share = min(1.0, around[0] / natural[0], around[1] / natural[1])
            size = _proportional(natural, sides) or (natural[0] * share, natural[1] * share)
        case Waveform():
            size = _wave_size(content, sides=sides, around=around)
        case Image() | Video():
            size = _picture_size(
                cropped(measure.natural_size(content), style.crop),
                sides=sides, around=around, fit=style.fit,
            )  # fmt: skip
        case _:
            size = around
    return _at_least(size)


def _text_size(text: Text, *, sides: Sides, around: Size, measure: Measure) -> Size:
    width, height = sides
    if text.is_fitted:
        return around[0] if width is None else width, around[1] if height is None else height
    if width is not None and height is not None:
        return width, height
    limit = width if width is not None else around[0]
    natural = measure.text_size(text, limit if text.is_wrapped else None)
    return width if width is not None else natural[0], height if height is not None else natural[1]


def fitted(text: Text, box: Size, *, measure: Measure) -> Text:
    """Return a text in the largest type that its box can hold without breaking a word."""
    words = "\n".join(_UNSPACED.sub(" ", text.text).split())
    bold = 700 if any(span.is_bold for span in text.spans) else 0
    heaviest = replace(text.font, weight=max(text.font.weight, bold))
    widest = replace(text, text=words, spans=(), max_lines=None, is_wrapped=False)
    whole = replace(text, max_lines=None)
    highest = replace(text, text="\n".join("x" * (text.max_lines or 1)), spans=(), is_wrapped=False)

    def fits(steps: int) -> bool:
        font = replace(text.font, size=steps * _FIT_STEP)
        limit = box[0] if text.is_wrapped else None
        width, height = measure.text_size(replace(whole, font=font), limit)
        if height > box[1] or width > box[0] + _FIT_SLACK:
            return False
        if text.max_lines is not None:
            allowed = measure.text_size(replace(highest, font=font, max_lines=None), None)
            if height > allowed[1]:
                return False
        widest_word = replace(widest, font=replace(heaviest, size=font.size))
        return measure.text_size(widest_word, None)[0] <= box[0] + _FIT_SLACK

    largest = text.font.size if text.only_shrinks else _LARGEST_TYPE
    low, high = 1, int(min(box[1] / text.line_height, largest) / _FIT_STEP) + 1
    if text.only_shrinks and fits(high):
        low = high  # as nearly always: no search
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return replace(text, font=replace(text.font, size=min(low * _FIT_STEP, largest)))


def _wave_size(wave: Waveform, *, sides: Sides, around: Size) -> Size:
    if wave.kind == "circle":
        side = _CIRCLE * min(around)
        return _proportional((1.0, 1.0), sides) or (side, side)
    width, height = (share * side for share, side in zip(_WAVE, around, strict=True))
    return width if sides[0] is None else sides[0], height if sides[1] is None else sides[1]


def _picture_size(natural: Size, *, sides: Sides, around: Size, fit: Fit) -> Size:
    given = _proportional(natural, sides)
    if given is not None:
        return given
    if fit != "contain":
        return around
    share = min(around[0] / natural[0], around[1] / natural[1])
    return natural[0] * share, natural[1] * share


def _proportional(natural: Size, sides: Sides) -> Size | None:
    """Return the size that given sides make; a missing one follows from the proportions."""
    width, height = sides
    if width is not None and height is not None:
        return width, height
    if width is not None:
        return width, width * natural[1] / natural[0]
    if height is not None:
        return height * natural[0] / natural[1], height
    return None


def _at_least(size: Size) -> Size:
    return max(size[0], _SMALLEST), max(size[1], _SMALLEST)


def may_have_holes(picture: Image | Video, *, measure: Measure) -> bool:
    """Say whether something may be seen through a picture."""
    return picture.key is not None or measure.may_have_holes(picture.source)


def cropped(natural: Size, crop: Crop) -> Size:
    """Return the size of what a crop leaves of a picture."""
    return _at_least(
        (natural[0] * (1.0 - crop.left - crop.right), natural[1] * (1.0 - crop.top - crop.bottom))
    )


def laid(natural: Size, *, crop: Crop, fit: Fit, box: Size) -> Laid:
    """Return where a picture lies whose cropped part is fitted into a box."""
    part = cropped(natural, crop)
    across, down = box[0] / part[0], box[1] / part[1]
    if fit == "contain":
        across = down = min(across, down)
    elif fit == "cover":
        across = down = max(across, down)
    width, height = part[0] * across, part[1] * down
    left, top = (box[0] - width) / 2, (box[1] - height) / 2
    return Laid(
        scale=(across, down),
        left=left - crop.left * natural[0] * across,
        top=top - crop.top * natural[1] * down,
        seen=(max(left, 0.0), max(top, 0.0), min(width, box[0]), min(height, box[1])),
    )
