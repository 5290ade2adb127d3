"""Puts one grid of a picture where a matrix says: moved, scaled, turned.

Every way gives the same picture, linear interpolation; they differ in cost. Whole pixels are
not touched at all, parts of pixels are two weighted sums, scaling is OpenCV's resize (three
times as fast as its warp, and laid so that it is off by less than `_NEAR`), and what is left
is warped, alpha and values in one go.
"""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from telecine.media.render.composing.kernels import SNAP, Box, Patch, Rect, coverage, multiply
from telecine.media.render.display import Matrix
from telecine.media.render.planes import Plane

_LINEAR: Final = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
#: More of the same round an opaque grid, or nothing round one with alpha.
_PAD: Final = 24
#: How far, in pixels, a resized picture may be from where it belongs: no eye can tell.
_NEAR: Final = 1 / 28
#: From so many pixels on it pays to look for a way to resize instead of warping.
_LARGE: Final = 50_000
#: How many more columns or rows may be made so that a resized picture lies right.
_SPARE: Final = 96


class Raster:
    """One grid of a picture: its planes, its alpha, and copies of both, made when needed."""

    def __init__(
        self,
        values: tuple[Plane, ...],
        alpha: Plane | None,
        *,
        flat: tuple[int, ...] | None = None,
    ) -> None:
        self.values = values
        self.alpha = alpha
        #: The one colour of all, where there is alpha and nothing else to warp.
        self.flat = flat

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.values[0].shape
        return width, height

    @cached_property
    def padded(self) -> tuple[Plane, ...]:
        """Values and alpha, where there is one, with a border."""
        planes = self.values if self.alpha is None else (*self.values, self.alpha)
        if self.flat is not None:
            planes = planes[-1:]
        kind = cv2.BORDER_REPLICATE if self.alpha is None else cv2.BORDER_CONSTANT
        return tuple(
            cast(Plane, cv2.copyMakeBorder(plane, _PAD, _PAD, _PAD, _PAD, kind)) for plane in planes
        )

    @cached_property
    def packed(self) -> Plane:
        """Values and alpha in four channels: warped together they cost little more than one."""
        alpha = _all_opaque(self.values[0].shape) if self.alpha is None else self.alpha
        return cast(Plane, cv2.merge([*self.values, *(alpha,) * (4 - len(self.values))]))


@lru_cache(maxsize=16)
def _all_opaque(shape: tuple[int, int]) -> Plane:
    return np.full(shape, 255, np.uint8)


def is_upright(matrix: Matrix) -> bool:
    """Say whether a matrix moves and scales only."""
    a, b, c, d, _, _ = matrix
    return abs(b) < 1e-9 and abs(c) < 1e-9 and a > 0 and d > 0


def place(raster: Raster, matrix: Matrix, *, bounds: Rect, edges: Box | None) -> Patch | None:
    """Move, turn and scale one grid into `bounds` of the canvas; None where nothing is left.

    `matrix` takes indices of the raster to indices of the canvas; `edges`, for an opaque one
    that stands upright, is where it ends there. Shrinking by more than two aliases: halve the
    raster first.
    """
    if abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]) < 1e-9:
        return None
    if is_upright(matrix) and (edges is not None or raster.alpha is not None):
        return _upright(raster, matrix, edges, bounds=bounds)
    width, height = raster.size
    rect = _bounds_of(matrix, -1.0, -1.0, float(width), float(height)).intersect(bounds)
    if rect.is_empty:
        return None
    back = _inverse_map(matrix, rect)
    if raster.flat is not None and raster.alpha is not None:
        return Patch(rect, (), _warp(raster.alpha, back, rect.size), flat=raster.flat)
    warped = _warp(raster.packed, back, rect.size)
    count = len(raster.values)
    planes = tuple(cast(Plane, cv2.extractChannel(warped, index)) for index in (*range(count), 3))
    return Patch(rect, planes[:count], planes[count])


def _upright(raster: Raster, matrix: Matrix, edges: Box | None, *, bounds: Rect) -> Patch | None:
    a, _, _, d, e, f = matrix
    width, height = raster.size
    if edges is not None and raster.alpha is None:
        rect = _pixels_touched(edges).intersect(bounds)
    else:
        rect = _bounds_of(matrix, -1.0, -1.0, float(width), float(height)).intersect(bounds)
    if rect.is_empty:
        return None
    across = _Axis(1 / a, (rect.left - e) / a, rect.right - rect.left)
    down = _Axis(1 / d, (rect.top - f) / d, rect.bottom - rect.top)
    columns, rows = across.whole_start, down.whole_start
    if columns is not None and rows is not None:
        part = Rect(columns, rows, columns + across.pixels, rows + down.pixels)
        if part.intersect(Rect(0, 0, width, height)) == part:
            return _cut(raster, rect, part, edges)
    planes = _resampled(raster, across, down)
    if raster.alpha is not None:
        return Patch(rect, planes[:-1], planes[-1], flat=raster.flat)
    return Patch(rect, planes, None) if edges is None else _edged(rect, planes, edges)


def _cut(raster: Raster, rect: Rect, part: Rect, edges: Box | None) -> Patch:
    """Take whole pixels as they are."""
    if raster.flat is not None and raster.alpha is not None:
        return Patch(rect, (), part.of(raster.alpha), flat=raster.flat)
    values = tuple(part.of(plane) for plane in raster.values)
    if raster.alpha is not None:
        return Patch(rect, values, part.of(raster.alpha))
    if edges is None or _solid(rect, edges) == rect:
        return Patch(rect, values, None)
    return _edged(rect, tuple(value.copy() for value in values), edges)


class _Axis(NamedTuple):
    """Which places of the raster a row (or column) shows: `start + scale * i`, i < `pixels`."""

    scale: float
    start: float
    pixels: int

    @property
    def is_unscaled(self) -> bool:
        return abs(self.scale - 1) * self.pixels < SNAP

    @property
    def whole_start(self) -> int | None:
        """The first place, where no pixel is interpolated."""
        nearest = round(self.start)
        is_whole = self.is_unscaled and abs(self.start - nearest) <= SNAP
        return nearest if is_whole else None


def _resampled(raster: Raster, across: _Axis, down: _Axis) -> tuple[Plane, ...]:
    """Interpolate all planes; the results are nobody else's."""
    planes = raster.padded
    size = (planes[0].shape[1], planes[0].shape[0])
    across = across._replace(start=across.start + _PAD)
    down = down._replace(start=down.start + _PAD)
    if across.is_unscaled and down.is_unscaled:
        left, top = math.floor(across.start), math.floor(down.start)
        right, bottom = left + across.pixels + 1, top + down.pixels + 1
        if left >= 0 and top >= 0 and right <= size[0] and bottom <= size[1]:
            part = Rect(left, top, right, bottom)
            share_x, share_y = across.start - left, down.start - top
            return tuple(_shifted(part.of(plane), share_x, share_y) for plane in planes)
    elif across.pixels * down.pixels >= _LARGE:
        columns, rows = _run(across, size[0]), _run(down, size[1])
        if columns is not None and rows is not None:
            return tuple(_resized(plane, columns, rows, across, down) for plane in planes)
    back = np.array([[across.scale, 0.0, across.start], [0.0, down.scale, down.start]])
    return tuple(_warp(plane, back, (across.pixels, down.pixels)) for plane in planes)


def _shifted(plane: Plane, share_x: float, share_y: float) -> Plane:
    """Interpolate between neighbours; what comes out is one smaller both ways."""
    if share_x > SNAP:
        mixed = cv2.addWeighted(plane[:, :-1], 1 - share_x, plane[:, 1:], share_x, 0.0)
    else:
        mixed = plane[:, :-1].copy()
    if share_y > SNAP:
        return cast(Plane, cv2.addWeighted(mixed[:-1], 1 - share_y, mixed[1:], share_y, 0.0))
    return cast(Plane, mixed[:-1])


class _Run(NamedTuple):
    """A part of the raster to resize, and which of the pixels made is the first that is wanted."""

    first: int
    size: int
    lead: int


def _run(axis: _Axis, limit: int) -> _Run | None:
    """Find whole pixels which, resized by the exact scale, have the wanted ones in their places."""
    margin = max(0, math.ceil(0.5 / axis.scale - 0.5))  # what resize makes of the very edge
    for lead in range(margin, margin + _SPARE):
        start = axis.start + 0.5 - (lead + 0.5) * axis.scale
        first = round(start)
        if first < 0:
            break
        if abs(start - first) <= _NEAR:
            size = math.ceil((lead + axis.pixels + margin) * axis.scale)
            return _Run(first, size, lead) if first + size <= limit else None
    return None


def _resized(plane: Plane, columns: _Run, rows: _Run, across: _Axis, down: _Axis) -> Plane:
    part = plane[rows.first : rows.first + rows.size, columns.first : columns.first + columns.size]
    fx, fy = 1 / across.scale, 1 / down.scale
    made = cv2.resize(part, None, fx=fx, fy=fy, interpolation=cv2.INTER_LINEAR)
    wanted = made[rows.lead : rows.lead + down.pixels, columns.lead : columns.lead + across.pixels]
    return cast(Plane, wanted)


def _edged(rect: Rect, values: tuple[Plane, ...], edges: Box) -> Patch:
    """Let an upright box end in the middle of pixels. Writes to the values."""
    solid = _solid(rect, edges)
    if solid == rect:
        return Patch(rect, values, None)
    columns, rows = coverage(rect, edges)
    alpha = np.full((rows.size, columns.size), 255, np.uint8)
    for part in rect.without(solid) if solid is not None else (rect,):
        within = part.inside(rect)
        share = np.outer(rows[within.top : within.bottom], columns[within.left : within.right])
        seen = within.of(alpha)
        seen[:] = np.rint(share * 255)
        for value in values:
            piece = within.of(value)
            np.copyto(piece, multiply(piece, seen))
    return Patch(rect, values, alpha, solid)


def _solid(rect: Rect, edges: Box) -> Rect | None:
    """Return the pixels that lie in the box wholly."""
    left, top, right, bottom = (max(-1e6, min(1e6, side)) for side in edges)
    solid = Rect(
        math.ceil(left + 0.5 - SNAP),
        math.ceil(top + 0.5 - SNAP),
        math.floor(right + 0.5 + SNAP),
        math.floor(bottom + 0.5 + SNAP),
    ).intersect(rect)
    return None if solid.is_empty else solid


def _pixels_touched(box: Box) -> Rect:
    """Return the pixels that a box of index coordinates covers by more than a trace."""
    left, top, right, bottom = (max(-1e6, min(1e6, side)) for side in box)
    return Rect(
        math.floor(left + 0.5 + SNAP),
        math.floor(top + 0.5 + SNAP),
        math.ceil(right + 0.5 - SNAP),
        math.ceil(bottom + 0.5 - SNAP),
    )


def _bounds_of(matrix: Matrix, left: float, top: float, right: float, bottom: float) -> Rect:
    """Return the pixels whose centres lie strictly within the image of a rectangle's box."""
    a, b, c, d, e, f = matrix
    across, down = ((left + right) / 2, (top + bottom) / 2)
    x, y = a * across + c * down + e, b * across + d * down + f
    reach_x = (abs(a) * (right - left) + abs(c) * (bottom - top)) / 2
    reach_y = (abs(b) * (right - left) + abs(d) * (bottom - top)) / 2
    limit = 1e6  # a huge scale must not leave the range of an int
    low_x, high_x = max(x - reach_x, -limit), min(x + reach_x, limit)
    low_y, high_y = max(y - reach_y, -limit), min(y + reach_y, limit)
    return Rect(math.floor(low_x) + 1, math.floor(low_y) + 1, math.ceil(high_x), math.ceil(high_y))


def _inverse_map(matrix: Matrix, rect: Rect) -> npt.NDArray[np.float64]:
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


def _warp(plane: Plane, back: npt.NDArray[np.float64], size: tuple[int, int]) -> Plane:
    return cast(Plane, cv2.warpAffine(plane, back, size, flags=_LINEAR))
