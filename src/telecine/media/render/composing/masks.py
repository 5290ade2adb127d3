"""What of a draw is seen: wipes, irises, rounded corners and the boxes of layouts, as alpha.

Every shape is a convex polygon on the canvas, filled at four times the size and averaged;
upright boxes, by far the most usual, are worked out exactly instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, cast

import cv2
import numpy as np
import numpy.typing as npt

from telecine.kit.errors import InternalError
from telecine.media.render.composing import kernels
from telecine.media.render.composing.kernels import Box, Patch, Rect
from telecine.media.render.composing.picture import Stamp
from telecine.media.render.display import IDENTITY, ClipBox, Draw, Layer, Mask, Matrix
from telecine.media.render.planes import Plane

Points = npt.NDArray[np.float64]

_FINER: Final = 4
#: OpenCV fills the pixels that an edge touches too: that much less, in fine px, is right.
_FAT: Final = 0.35
#: How far a wipe reaches past the box on its other sides, for shadows: shares of the box.
_BEYOND: Final = 8.0
_SHIFT: Final = 8
#: In samples; a blur that is twice as wide is made on a grid half as fine.
_COARSE_SIGMA: Final = 4.0


class Shape:
    """One convex region of the canvas, in continuous px. `box` where it is an upright box."""

    def __init__(self, points: Points, *, softness: float = 0.0, is_box: bool = False) -> None:
        self._points = points
        self._softness = softness
        low, high = points.min(axis=0), points.max(axis=0)
        self._is_upright = is_box and bool(
            np.all((np.abs(points - low) < 1e-6) | (np.abs(points - high) < 1e-6))
        )

    def mask(self, rect: Rect, *, step: float) -> Plane | None:
        """Return its alpha for a rectangle of a grid; None: all of that is inside.

        `step` is the px of the canvas from one sample to the next: 1 for luma, 2 for chroma.
        """
        points = self._points / step - 0.5
        sigma = self._softness / step / 2
        if self._is_upright:
            (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
            box = (left, top, right, bottom)
            return _soft_box(rect, box, sigma) if sigma else kernels.box_mask(rect, box)
        return _filled(points, rect) if not sigma else _soft(points, rect, sigma)


class Veil:
    """All of the canvas, half transparent."""

    def __init__(self, share: float) -> None:
        self._share = share

    def mask(self, rect: Rect, *, step: float) -> Plane:  # noqa: ARG002 (as of shapes)
        """Return its alpha."""
        width, height = rect.size
        return np.full((height, width), round(255 * self._share), np.uint8)


def _soft_box(rect: Rect, box: Box, sigma: float) -> Plane:
    """Return a box that is blurred: what is seen hangs on the place alone, not on the rectangle."""
    columns = _passed(rect.left, rect.right, box[0], box[2], sigma)
    rows = _passed(rect.top, rect.bottom, box[1], box[3], sigma)
    return cast(Plane, np.rint(np.outer(rows, columns) * 255).astype(np.uint8))


def _passed(first: int, end: int, low: float, high: float, sigma: float) -> list[float]:
    """Return the integral of a Gaussian about each sample, from `low` to `high`."""
    unit = 1 / (sigma * math.sqrt(2))
    return [
        (math.erf((high - place) * unit) - math.erf((low - place) * unit)) / 2
        for place in range(first, end)
    ]


def _soft(points: Points, rect: Rect, sigma: float) -> Plane:
    """Return a blurred polygon. Wide blurs are made on a coarser grid, the same for any rectangle."""
    coarse = max(1, int(sigma // _COARSE_SIGMA))
    margin = math.ceil(3 * sigma / coarse) + 1
    wide = Rect(
        rect.left // coarse - margin,
        rect.top // coarse - margin,
        -(-rect.right // coarse) + margin,
        -(-rect.bottom // coarse) + margin,
    )
    filled = _filled((points + 0.5) / coarse - 0.5, wide)
    blurred = cv2.GaussianBlur(filled, (0, 0), sigma / coarse)
    step, half = 1 / coarse, 0.5 / coarse - 0.5
    back = np.array(
        [
            (step, 0.0, rect.left * step + half - wide.left),
            (0.0, step, rect.top * step + half - wide.top),
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cast(Plane, cv2.warpAffine(blurred, back, rect.size, flags=flags))


def _filled(points: Points, rect: Rect) -> Plane:
    """Fill a convex polygon; points are indices of the whole grid."""
    points = points - (rect.left, rect.top)
    width, height = rect.size
    fine = np.zeros((height * _FINER, width * _FINER), np.uint8)
    inner = (points + 0.5) * _FINER - 0.5
    centre = inner.mean(axis=0)
    reach = np.linalg.norm(inner - centre, axis=1, keepdims=True)
    inner = centre + (inner - centre) * np.maximum(0.0, 1 - _FAT / np.maximum(reach, 1e-9))
    # Far corners would leave the range of 32 bits; what they lie beyond is not in sight.
    limit = 2.0 ** (30 - _SHIFT)
    fixed = np.rint(np.clip(inner, -limit, limit) * 2**_SHIFT).astype(np.int32)
    cv2.fillConvexPoly(fine, fixed, (255,), cv2.LINE_8, _SHIFT)
    return cast(Plane, cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA))


def corners_of(draw: Draw, layer: Layer) -> list[Shape | Veil]:
    """Return what shapes the layer itself: filters, blurs above all, apply to the result."""
    return [
        _of_mask(mask, layer, draw.matrix)
        for mask in draw.masks
        if mask.kind == "rounded" and not _is_idle(mask)
    ]


def limits_of(draw: Draw, layer: Layer) -> list[Shape | Veil]:
    """Return what limits what is seen of the layer, after its filters."""
    shapes: list[Shape | Veil] = [_of_clip(clip) for clip in draw.clips]
    shapes += [
        _of_mask(mask, layer, draw.matrix)
        for mask in draw.masks
        if mask.kind != "rounded" and not _is_idle(mask)
    ]
    return shapes


def shape_of_edge(edge: Mask) -> Shape | Veil:
    """Return what an edge on the canvas, or a veil, lets be seen."""
    if edge.kind == "veil":
        return Veil(edge.share)
    if edge.box is None:
        raise InternalError("This edge is not the canvas's.")
    return _of_box(edge, edge.box, IDENTITY)


def seen(stamp: Stamp, shapes: Sequence[Shape | Veil]) -> Stamp:
    """Return what is seen of a stamp inside all shapes."""
    luma, chroma = stamp
    return _seen(luma, shapes, step=1.0), _seen(chroma, shapes, step=2.0)


def _seen(patch: Patch | None, shapes: Sequence[Shape | Veil], *, step: float) -> Patch | None:
    if patch is None:
        return None
    mask = combined(shapes, patch.rect, step=step)
    return patch if mask is None else kernels.masked(patch, mask)


def combined(shapes: Iterable[Shape | Veil], rect: Rect, *, step: float) -> Plane | None:
    """Return the alpha of what is inside all shapes; None where nothing is cut off."""
    result: Plane | None = None
    for shape in shapes:
        mask = shape.mask(rect, step=step)
        if mask is not None:
            result = mask if result is None else kernels.multiply(result, mask)
    return result


def _is_idle(mask: Mask) -> bool:
    if mask.kind == "rounded":
        return not any(mask.radii)
    return mask.share >= 1.0 and not mask.softness and mask.box is None


def _of_clip(clip: ClipBox) -> Shape:
    if any(clip.radii):
        return Shape(_mapped(_rounded(clip.width, clip.height, clip.radii), clip.matrix))
    return Shape(_mapped(_corners(0, 0, clip.width, clip.height), clip.matrix), is_box=True)


def _of_mask(mask: Mask, layer: Layer, matrix: Matrix) -> Shape | Veil:
    if mask.box is not None or mask.kind == "veil":
        return shape_of_edge(mask)
    if mask.kind == "rounded":
        points = _rounded(layer.width, layer.height, mask.radii)
        return Shape(_mapped(points, matrix), softness=mask.softness)
    return _of_box(mask, (0.0, 0.0, layer.width, layer.height), matrix)


def _of_box(mask: Mask, box: Box, matrix: Matrix) -> Shape:
    """Return a wipe or an iris in a box that `matrix` takes to the canvas."""
    if mask.kind == "wipe":
        points = _wiped(mask, box)
    else:
        radius = max(mask.share, 0.0) * math.hypot(box[2] - box[0], box[3] - box[1]) / 2
        points = _circle((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, radius=radius)
    return Shape(_mapped(points, matrix), softness=mask.softness, is_box=mask.kind == "wipe")


def _wiped(mask: Mask, box: Box) -> Points:
    width, height = box[2] - box[0], box[3] - box[1]
    left, top = box[0] - _BEYOND * width, box[1] - _BEYOND * height
    right, bottom = box[2] + _BEYOND * width, box[3] + _BEYOND * height
    if mask.direction == "right":
        right = box[0] + mask.share * width
    elif mask.direction == "left":
        left = box[2] - mask.share * width
    elif mask.direction == "down":
        bottom = box[1] + mask.share * height
    else:
        top = box[3] - mask.share * height
    return _corners(left, top, right, bottom)


def _corners(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def _circle(x: float, y: float, *, radius: float) -> Points:
    turns = np.linspace(0.0, 2 * math.pi, 128, endpoint=False)
    return np.stack([x + radius * np.cos(turns), y + radius * np.sin(turns)], axis=1)


def _rounded(width: float, height: float, radii: tuple[float, float, float, float]) -> Points:
    """Return a box with rounded corners, clockwise from top left; CSS's rule shrinks radii."""
    top_left, top_right, bottom_right, bottom_left = (max(0.0, radius) for radius in radii)
    sides = (
        (width, top_left + top_right),
        (height, top_right + bottom_right),
        (width, bottom_right + bottom_left),
        (height, bottom_left + top_left),
    )
    share = min([1.0, *(side / both for side, both in sides if both > 0)])
    turns = np.linspace(0.0, math.pi / 2, 17)
    arcs = []
    for start, radius, x, y in (
        (math.pi, top_left, 0, 0),
        (1.5 * math.pi, top_right, width, 0),
        (0.0, bottom_right, width, height),
        (0.5 * math.pi, bottom_left, 0, height),
    ):
        radius *= share
        centre_x = x + radius if x == 0 else x - radius
        centre_y = y + radius if y == 0 else y - radius
        across, down = np.cos(start + turns), np.sin(start + turns)
        arcs.append(np.stack([centre_x + radius * across, centre_y + radius * down], axis=1))
    return np.concatenate(arcs)


def _mapped(points: Points, matrix: Matrix) -> Points:
    a, b, c, d, e, f = matrix
    linear = np.array([[a, b], [c, d]], np.float64)
    moved: Points = points @ linear + (e, f)
    return moved
