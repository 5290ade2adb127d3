"""From planes to RGB and back, for a box of the canvas: what effects need, and nobody else.

A box begins and ends on even pixels of the canvas, so that its chroma samples are whole.
"""

from __future__ import annotations

from typing import Final, cast

import cv2
import numpy as np
import numpy.typing as npt

from telecine.media.render.composing import kernels
from telecine.media.render.composing.kernels import Patch, Rect
from telecine.media.render.composing.picture import Stamp
from telecine.media.render.drawing.pixels import Rgba, to_planes
from telecine.media.render.planes import Plane, Planes

planes_of = to_planes


def _matrix() -> npt.NDArray[np.float32]:
    """Return rows that make R, G, B of Y, Cb + 128, Cr + 128 and alpha; the last is added."""
    red, green, blue = 0.2126, 0.7152, 0.0722  # ITU-R BT.709, table 3.2
    luma, chroma = 255 / 219, 255 / 224
    from_v, from_u = 2 * (1 - red) * chroma, 2 * (1 - blue) * chroma
    green_u, green_v = -from_u * blue / green, -from_v * red / green
    black = -16 / 219
    rows = [
        [luma, 0.0, from_v, black, -128 * from_v],
        [luma, green_u, green_v, black, -128 * (green_u + green_v)],
        [luma, from_u, 0.0, black, -128 * from_u],
        [0.0, 0.0, 0.0, 1.0, 0.0],
    ]
    return np.array(rows, np.float32)


_TO_RGBA: Final = _matrix()


def box_of(stamp: Stamp) -> tuple[Rect, Rgba] | None:
    """Return a stamp as RGBA, colours multiplied by alpha, and where it lies."""
    luma, chroma = stamp
    if luma is None or chroma is None:
        return None
    rect = _around(luma.rect, chroma.rect)
    half = Rect(rect.left // 2, rect.top // 2, rect.right // 2, rect.bottom // 2)
    (y,), alpha = _spread(luma, rect)
    (u, v), alpha_half = _spread(chroma, half)
    return rect, _rgba(y, u, v, alpha, alpha_half)


def part_of(planes: Planes, rect: Rect) -> Rgba:
    """Return a part of an opaque picture; what lies beyond its edge is like the edge."""
    whole = Rect(0, 0, planes.y.shape[1], planes.y.shape[0])
    half = Rect(rect.left // 2, rect.top // 2, rect.right // 2, rect.bottom // 2)
    y = _extended(planes.y, rect)
    u, v = _extended(planes.u, half), _extended(planes.v, half)
    assert not rect.intersect(whole).is_empty
    return _rgba(y, u, v, np.full(y.shape, 255, np.uint8), np.full(u.shape, 255, np.uint8))


def stamp_of(rect: Rect, rgba: Rgba) -> Stamp:
    """Return a box of RGBA as a stamp."""
    planes = to_planes(np.ascontiguousarray(rgba))
    half = Rect(rect.left // 2, rect.top // 2, rect.right // 2, rect.bottom // 2)
    return (
        Patch(rect, (planes.y,), planes.alpha),
        Patch(half, (planes.u, planes.v), planes.alpha_half),
    )


def _around(luma: Rect, chroma: Rect) -> Rect:
    return Rect(
        min(luma.left // 2, chroma.left) * 2,
        min(luma.top // 2, chroma.top) * 2,
        max((luma.right + 1) // 2, chroma.right) * 2,
        max((luma.bottom + 1) // 2, chroma.bottom) * 2,
    )


def _spread(patch: Patch, rect: Rect) -> tuple[tuple[Plane, ...], Plane]:
    """Return the planes of a patch for a rectangle about it, transparent where it is not."""
    alpha = kernels.alpha_of(patch)
    if patch.rect == rect:
        return patch.values, alpha
    top, left = patch.rect.top - rect.top, patch.rect.left - rect.left
    bottom, right = rect.bottom - patch.rect.bottom, rect.right - patch.rect.right
    planes = [
        cast(Plane, cv2.copyMakeBorder(plane, top, bottom, left, right, cv2.BORDER_CONSTANT))
        for plane in (*patch.values, alpha)
    ]
    return tuple(planes[:-1]), planes[-1]


def _extended(plane: Plane, rect: Rect) -> Plane:
    height, width = plane.shape
    inner = rect.intersect(Rect(0, 0, width, height))
    border = (inner.top - rect.top, rect.bottom - inner.bottom)
    sides = (inner.left - rect.left, rect.right - inner.right)
    part = inner.of(plane)
    if not any((*border, *sides)):
        return part
    return cast(Plane, cv2.copyMakeBorder(part, *border, *sides, cv2.BORDER_REPLICATE))


def _rgba(y: Plane, u: Plane, v: Plane, alpha: Plane, alpha_half: Plane) -> Rgba:
    # Chroma about 128, so that its own alpha is not needed any more.
    u, v = (_enlarged(_centred(plane, alpha_half)) for plane in (u, v))
    rgba = cv2.transform(cv2.merge([y, u, v, alpha]), _TO_RGBA)
    return np.minimum(cast(Rgba, rgba), alpha[..., None])


def _centred(plane: Plane, alpha_half: Plane) -> Plane:
    return cast(Plane, cv2.addWeighted(plane, 1.0, alpha_half, -128 / 255, 128.0))


def _enlarged(plane: Plane) -> Plane:
    """Double the sides of a chroma plane: left-sited, and between two rows."""
    height, width = plane.shape
    back = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, -0.25]])
    return cast(
        Plane,
        cv2.warpAffine(
            plane,
            back,
            (2 * width, 2 * height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
    )
