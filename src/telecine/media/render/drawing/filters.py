"""CSS filters and shadows as skia image filters; the colour matrices are those of the
Filter Effects specification, in sRGB."""

from __future__ import annotations

import math

from telecine.media.render.drawing.paints import colour4f
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.timeline.model import Filter, Shadow

#: Three rows of red, green, blue and what is added; values are 0 to 1.
ColourMatrix = tuple[tuple[float, float, float, float], ...]


def image_filter(filters: tuple[Filter, ...], shadow: Shadow | None) -> skia.ImageFilter | None:
    """Return the filters in their order, then the shadow of what came out. None: nothing to do."""
    chain = None
    for each in filters:
        if each.kind == "blur":
            if each.value > 0:
                chain = skia.ImageFilters.Blur(each.value, each.value, input=chain)
        else:
            chain = skia.ImageFilters.ColorFilter(_colour_filter(each), chain)
    if shadow is not None and shadow.colour.alpha > 0:
        sigma = shadow.blur / 2
        chain = skia.ImageFilters.DropShadow(
            *shadow.offset, sigma, sigma, colour4f(shadow.colour).toColor(), chain
        )
    return chain


def reach(filters: tuple[Filter, ...], shadow: Shadow | None) -> float:
    """Return how far, in px, filters and shadow may draw outside of what they are given."""
    blurs = sum(3 * each.value for each in filters if each.kind == "blur")
    if shadow is None:
        return blurs
    return blurs + 1.5 * shadow.blur + max(abs(shadow.offset[0]), abs(shadow.offset[1]))


def colour_matrix(filter_: Filter) -> ColourMatrix:
    """Return what a filter other than blur does to a colour."""
    value = max(filter_.value, 0.0) if filter_.kind != "hue" else filter_.value
    match filter_.kind:
        case "brightness":
            return _scaled(value, 0.0)
        case "contrast":
            return _scaled(value, 0.5 - 0.5 * value)
        case "invert":
            value = min(value, 1.0)
            return _scaled(1 - 2 * value, value)
        case "saturate":
            return _saturated(value)
        case "grayscale":
            return _saturated(1 - min(value, 1.0))
        case "sepia":
            return _sepia(min(value, 1.0))
        case "hue":
            return _turned(math.radians(value))
        case _:
            raise ValueError(f"{filter_.kind} is no filter of colours")


def _colour_filter(filter_: Filter) -> skia.ColorFilter:
    rows = colour_matrix(filter_)
    values = [part for row in rows for part in (*row[:3], 0.0, row[3])]
    return skia.ColorFilters.Matrix([*values, 0.0, 0.0, 0.0, 1.0, 0.0])


def _scaled(factor: float, added: float) -> ColourMatrix:
    return (
        (factor, 0.0, 0.0, added),
        (0.0, factor, 0.0, added),
        (0.0, 0.0, factor, added),
    )


def _saturated(s: float) -> ColourMatrix:
    return (
        (0.213 + 0.787 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s, 0.0),
        (0.213 - 0.213 * s, 0.715 + 0.285 * s, 0.072 - 0.072 * s, 0.0),
        (0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 + 0.928 * s, 0.0),
    )


def _sepia(amount: float) -> ColourMatrix:
    s = 1 - amount
    return (
        (0.393 + 0.607 * s, 0.769 - 0.769 * s, 0.189 - 0.189 * s, 0.0),
        (0.349 - 0.349 * s, 0.686 + 0.314 * s, 0.168 - 0.168 * s, 0.0),
        (0.272 - 0.272 * s, 0.534 - 0.534 * s, 0.131 + 0.869 * s, 0.0),
    )


def _turned(angle: float) -> ColourMatrix:
    c, s = math.cos(angle), math.sin(angle)
    return (
        (
            0.213 + c * 0.787 - s * 0.213,
            0.715 - c * 0.715 - s * 0.715,
            0.072 - c * 0.072 + s * 0.928,
            0.0,
        ),
        (
            0.213 - c * 0.213 + s * 0.143,
            0.715 + c * 0.285 + s * 0.140,
            0.072 - c * 0.072 - s * 0.283,
            0.0,
        ),
        (
            0.213 - c * 0.213 - s * 0.787,
            0.715 - c * 0.715 + s * 0.715,
            0.072 + c * 0.928 + s * 0.072,
            0.0,
        ),
    )
