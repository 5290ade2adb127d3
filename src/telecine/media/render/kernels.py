"""What is done to single planes: copy, blend, warp, shrink. All of it is OpenCV.

A patch is pixels with a place on a plane of the canvas. Luma and chroma are two grids of the
same picture: everything here works on either, in index coordinates (pixel 0 has its centre at
0), so the half-size, left-sited chroma is a matter of the matrix alone (`grid_matrix`).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from telecine.media.render.display import Matrix
from telecine.media.render.planes import Plane

cv2.setNumThreads(1)  # the encoder and the decoders need the other cores

#: Closer than this to a whole pixel is on it: no eye and no encoder can tell.
_SNAP: Final = 1 / 256
_LINEAR: Final = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


#: Left, top, right and bottom, not rounded.
Box = tuple[float, float, float, float]


class Rect(NamedTuple):
    """Whole pixels of a plane: `left <= x < right`, `top <= y < bottom`."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def is_empty(self) -> bool:
        """Say whether it holds no pixel at all."""
        return self.right <= self.left or self.bottom <= self.top

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    def intersect(self, other: Rect) -> Rect:
        """Return what lies in both."""
        return Rect(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def of(self, plane: Plane) -> Plane:
        """Return this part of a plane, as a view."""
        return plane[self.top : self.bottom, self.left : self.right]


class Patch(NamedTuple):
    """Values for one place of a grid: (y,) or (u, v). `alpha` None: all of it is opaque.

    With alpha, the values are multiplied by it.
    """

    rect: Rect
    values: tuple[Plane, ...]
    alpha: Plane | None


class Raster(NamedTuple):
    """One grid of a picture: its planes, its alpha, and the same interleaved for warping."""

    values: tuple[Plane, ...]
    alpha: Plane | None
    interleaved: Plane | None = None


def grid_matrix(matrix: Matrix, *, site_from: float | None, site_to: float | None) -> Matrix:
    """Turn a matrix between pictures (continuous px) into one between indices of a grid.

    A site is where the first chroma sample lies horizontally, in luma px; None for luma.
    """
    a, b, c, d, e, f = matrix
    if site_from is None or site_to is None:
        x, y = 0.5 * (a + c) + e - 0.5, 0.5 * (b + d) + f - 0.5
        return (a, b, c, d, x, y)
    x, y = site_from * a + c + e - site_to, site_from * b + d + f - 1.0
    return (a, b, c, d, x / 2, y / 2)


def blend(targets: tuple[Plane, ...], patch: Patch, *, opacity: float) -> None:
    """Lay a patch over the planes of one grid."""
    for plane, value in zip(targets, patch.values, strict=True):
        _blend_plane(patch.rect.of(plane), value, patch.alpha, opacity=opacity)


def _blend_plane(below: Plane, value: Plane, alpha: Plane | None, *, opacity: float) -> None:
    if alpha is None:
        if opacity >= 1.0:
            np.copyto(below, value)
        else:
            cv2.addWeighted(value, opacity, below, 1.0 - opacity, 0.0, below)
        return
    if opacity < 1.0:
        value = cast(Plane, cv2.convertScaleAbs(value, None, opacity, 0))
        alpha = cast(Plane, cv2.convertScaleAbs(alpha, None, opacity, 0))
    cv2.multiply(below, cv2.bitwise_not(alpha), below, 1 / 255)
    cv2.add(below, value, below)


def masked(patch: Patch, mask: Plane) -> Patch:
    """Return the patch as seen through a mask of its size."""
    alpha = mask if patch.alpha is None else multiply(patch.alpha, mask)
    return Patch(patch.rect, tuple(multiply(value, mask) for value in patch.values), alpha)


def cropped(patch: Patch, bounds: Rect) -> Patch | None:
    """Return what of a patch lies within; None where nothing does."""
    rect = patch.rect.intersect(bounds)
    if rect == patch.rect:
        return patch
    if rect.is_empty:
        return None
    left, top = patch.rect[:2]
    part = Rect(rect.left - left, rect.top - top, rect.right - left, rect.bottom - top)
    alpha = None if patch.alpha is None else part.of(patch.alpha)
    return Patch(rect, tuple(part.of(plane) for plane in patch.values), alpha)


def multiply(first: Plane, second: Plane) -> Plane:
    """Multiply two planes, 255 counting as one."""
    return cast(Plane, cv2.multiply(first, second, None, 1 / 255))


def interleave(values: tuple[Plane, ...], alpha: Plane | None) -> Plane:
    """Pack a grid into four channels, alpha last: warped together they cost little more than one."""
    if alpha is None:
        alpha = np.full(values[0].shape, 255, np.uint8)
    filling = (alpha,) * (4 - len(values))
    return cast(Plane, cv2.merge([*values, *filling]))


def place(
    raster: Raster, matrix: Matrix, *, bounds: Rect, edges: Box | None = None
) -> Patch | None:
    """Move, turn and scale one grid into `bounds` of the canvas; None where nothing is left.

    `matrix` takes indices of the raster to indices of the canvas; `edges` says where an upright
    opaque picture ends there. Shrinking by more than two aliases: halve the raster first.
    """
    height, width = raster.values[0].shape
    offset = _whole_offset(matrix)
    if offset is not None:
        return _moved(raster, offset, bounds=bounds)
    rect = bounds_of(matrix, -1.0, -1.0, float(width), float(height)).intersect(bounds)
    if rect.is_empty or abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]) < 1e-9:
        return None
    if raster.alpha is None:
        back = inverse_map(matrix, rect)
        if _is_inside(back, rect.size, width=width, height=height):
            return Patch(rect, tuple(_warp(each, back, rect.size) for each in raster.values), None)
        if edges is not None:
            return _placed_upright(raster, matrix, edges, bounds=bounds)
    return _placed_mixed(raster, matrix, rect=rect)


def _placed_upright(raster: Raster, matrix: Matrix, edges: Box, *, bounds: Rect) -> Patch | None:
    """Warp an opaque grid whose edges are known: sharp at any scale, and no alpha to warp."""
    rect = _pixels_touched(edges).intersect(bounds)
    if rect.is_empty:
        return None
    back = inverse_map(matrix, rect)
    values = tuple(
        cast(
            Plane,
            cv2.warpAffine(each, back, rect.size, flags=_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        )
        for each in raster.values
    )
    patch = Patch(rect, values, None)
    mask = box_mask(rect, edges)
    return patch if mask is None else masked(patch, mask)


def _placed_mixed(raster: Raster, matrix: Matrix, *, rect: Rect) -> Patch:
    """Warp values and alpha together; outside the raster all is transparent."""
    back = inverse_map(matrix, rect)
    packed = raster.interleaved
    if packed is None:
        packed = interleave(raster.values, raster.alpha)
    warped = _warp(packed, back, rect.size)
    count = len(raster.values)
    planes = tuple(cast(Plane, cv2.extractChannel(warped, index)) for index in (*range(count), 3))
    return Patch(rect, planes[:count], planes[count])


def _moved(raster: Raster, offset: tuple[int, int], *, bounds: Rect) -> Patch | None:
    left, top = offset
    height, width = raster.values[0].shape
    rect = Rect(left, top, left + width, top + height).intersect(bounds)
    if rect.is_empty:
        return None
    part = Rect(rect.left - left, rect.top - top, rect.right - left, rect.bottom - top)
    alpha = None if raster.alpha is None else part.of(raster.alpha)
    return Patch(rect, tuple(part.of(plane) for plane in raster.values), alpha)


def _whole_offset(matrix: Matrix) -> tuple[int, int] | None:
    """Return the movement in whole pixels, where a matrix is nothing but that."""
    a, b, c, d, e, f = matrix
    if max(abs(a - 1), abs(b), abs(c), abs(d - 1)) > _SNAP / 4096:
        return None
    x, y = round(e), round(f)
    return (x, y) if max(abs(e - x), abs(f - y)) <= _SNAP else None


def bounds_of(matrix: Matrix, left: float, top: float, right: float, bottom: float) -> Rect:
    """Return the pixels whose centres lie strictly within the image of a rectangle's box."""
    a, b, c, d, e, f = matrix
    xs = [a * x + c * y + e for x in (left, right) for y in (top, bottom)]
    ys = [b * x + d * y + f for x in (left, right) for y in (top, bottom)]
    limit = 1e6  # a huge scale must not leave the range of an int
    low_x, high_x = max(min(xs), -limit), min(max(xs), limit)
    low_y, high_y = max(min(ys), -limit), min(max(ys), limit)
    return Rect(math.floor(low_x) + 1, math.floor(low_y) + 1, math.ceil(high_x), math.ceil(high_y))


def box_mask(rect: Rect, box: Box) -> Plane | None:
    """Return how far an upright box covers each pixel of `rect`; None: all of them wholly.

    The box is in index coordinates of the grid.
    """
    columns = _covered(rect.left, rect.right, box[0], box[2])
    rows = _covered(rect.top, rect.bottom, box[1], box[3])
    if min(columns.min(), rows.min()) >= 1 - _SNAP:
        return None
    return np.rint(np.outer(rows, columns) * 255).astype(np.uint8)


def _covered(first: int, end: int, low: float, high: float) -> npt.NDArray[np.float64]:
    centres = np.arange(first, end)
    covered: npt.NDArray[np.float64] = np.clip(
        np.minimum(centres + 0.5, high) - np.maximum(centres - 0.5, low), 0.0, 1.0
    )
    return covered


def _pixels_touched(box: Box) -> Rect:
    """Return the pixels that a box of index coordinates covers by more than a trace."""
    left, top, right, bottom = (max(-1e6, min(1e6, side)) for side in box)
    return Rect(
        math.floor(left + 0.5 + _SNAP),
        math.floor(top + 0.5 + _SNAP),
        math.ceil(right + 0.5 - _SNAP),
        math.ceil(bottom + 0.5 - _SNAP),
    )


def inverse_map(matrix: Matrix, rect: Rect) -> npt.NDArray[np.float64]:
    """Return OpenCV's map from pixels of `rect` back to the raster."""
    a, b, c, d, e, f = matrix
    scale = 1.0 / (a * d - b * c)
    x, y = rect.left - e, rect.top - f
    return np.array(
        [
            [d * scale, -c * scale, (d * x - c * y) * scale],
            [-b * scale, a * scale, (a * y - b * x) * scale],
        ]
    )


def _is_inside(
    back: npt.NDArray[np.float64], size: tuple[int, int], *, width: int, height: int
) -> bool:
    """Say whether every pixel of a rectangle is interpolated from pixels of the raster alone."""
    corners = np.array([[0, size[0] - 1, 0, size[0] - 1], [0, 0, size[1] - 1, size[1] - 1]])
    xs, ys = back[:, :2] @ corners + back[:, 2:]
    return bool(
        xs.min() >= -_SNAP
        and ys.min() >= -_SNAP
        and xs.max() <= width - 1 + _SNAP
        and ys.max() <= height - 1 + _SNAP
    )


def _warp(plane: Plane, back: npt.NDArray[np.float64], size: tuple[int, int]) -> Plane:
    return cast(Plane, cv2.warpAffine(plane, back, size, flags=_LINEAR))


def shrink(plane: Plane, *, columns: int, rows: int) -> Plane:
    """Average blocks of `columns` x `rows` pixels into one."""
    height, width = plane.shape
    size = (max(1, width // columns), max(1, height // rows))
    return cast(Plane, cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
