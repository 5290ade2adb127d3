"""What is done to single planes: copy, blend, cut, shrink. All of it is OpenCV.

A patch is pixels with a place on a plane of the canvas. Luma and chroma are two grids of the
same picture: everything here works on either, in index coordinates (pixel 0 has its centre at
0), so the half-size, left-sited chroma is a matter of the matrix alone (`grid_matrix`).
"""

from __future__ import annotations

from typing import Final, NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from telecine.media.render.display import Matrix
from telecine.media.render.planes import Plane

cv2.setNumThreads(1)  # the encoder and the decoders need the other cores

#: Closer than this to a whole pixel is on it: no eye and no encoder can tell.
SNAP: Final = 1 / 256

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

    def inside(self, outer: Rect) -> Rect:
        """Return it with the corner of another one as (0, 0)."""
        x, y = outer.left, outer.top
        return Rect(self.left - x, self.top - y, self.right - x, self.bottom - y)

    def without(self, inner: Rect) -> tuple[Rect, ...]:
        """Return what is left when a rectangle within it is taken out: at most four."""
        parts = (
            Rect(self.left, self.top, self.right, inner.top),
            Rect(self.left, inner.bottom, self.right, self.bottom),
            Rect(self.left, inner.top, inner.left, inner.bottom),
            Rect(inner.right, inner.top, self.right, inner.bottom),
        )
        return tuple(part for part in parts if not part.is_empty)


class Patch(NamedTuple):
    """Values for one place of a grid: (y,) or (u, v). `alpha` None: all of it is opaque.

    With alpha, the values are multiplied by it; `solid` is a part that is opaque all the same.
    Where all is of one colour, that is `flat`, and there are no values until `filled`.
    """

    rect: Rect
    values: tuple[Plane, ...]
    alpha: Plane | None
    solid: Rect | None = None
    flat: tuple[int, ...] | None = None


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
    rect, alpha = patch.rect, patch.alpha
    if alpha is None:
        for plane, value in zip(targets, patch.values, strict=True):
            _lay_opaque(rect.of(plane), value, opacity)
    elif patch.solid is None:
        _blend(tuple(rect.of(plane) for plane in targets), patch, alpha, opacity)
    else:
        within = patch.solid.inside(rect)
        for plane, value in zip(targets, patch.values, strict=True):
            _lay_opaque(patch.solid.of(plane), within.of(value), opacity)
        for part in rect.without(patch.solid):
            within = part.inside(rect)
            values = tuple(within.of(value) for value in patch.values)
            edge = Patch(part, values, within.of(alpha))
            _blend(tuple(part.of(plane) for plane in targets), edge, within.of(alpha), opacity)


def swap(targets: tuple[Plane, ...], grounds: tuple[Plane, ...], patch: Patch) -> None:
    """Put a patch where `grounds`, of which a part is still seen, lay; what is upon them stays."""
    patch = filled(patch)
    for plane, ground, value in zip(targets, grounds, patch.values, strict=True):
        below, gone = patch.rect.of(plane), patch.rect.of(ground)
        if patch.alpha is not None:
            gone = multiply(gone, patch.alpha)
        cv2.add(cv2.subtract(below, gone), value, below)


def _lay_opaque(below: Plane, value: Plane, opacity: float) -> None:
    if opacity >= 1.0:
        np.copyto(below, value)
    else:
        cv2.addWeighted(value, opacity, below, 1.0 - opacity, 0.0, below)


def _blend(targets: tuple[Plane, ...], patch: Patch, alpha: Plane, opacity: float) -> None:
    """Blend values that are multiplied by alpha: as few passes over memory as can be."""
    cover = alpha if opacity >= 1.0 else cv2.convertScaleAbs(alpha, None, opacity, 0)
    rest = cv2.bitwise_not(cover)
    if patch.flat is not None:
        for below, level in zip(targets, patch.flat, strict=True):
            cv2.multiply(below, rest, below, 1 / 255)
            cv2.addWeighted(below, 1.0, alpha, opacity * level / 255, 0.0, below)
        return
    for below, value in zip(targets, patch.values, strict=True):
        cv2.multiply(below, rest, below, 1 / 255)
        if opacity >= 1.0:
            cv2.add(below, value, below)
        else:
            cv2.addWeighted(below, 1.0, value, opacity, 0.0, below)


def filled(patch: Patch) -> Patch:
    """Return a patch that has values."""
    if patch.flat is None or patch.alpha is None:
        return patch
    values = tuple(
        cast(Plane, cv2.convertScaleAbs(patch.alpha, None, level / 255, 0)) for level in patch.flat
    )
    return Patch(patch.rect, values, patch.alpha)


def alpha_of(patch: Patch) -> Plane:
    """Return how opaque each pixel is, all of them where that is not said."""
    width, height = patch.rect.size
    return np.full((height, width), 255, np.uint8) if patch.alpha is None else patch.alpha


def masked(patch: Patch, mask: Plane) -> Patch:
    """Return the patch as seen through a mask of its size."""
    alpha = mask if patch.alpha is None else multiply(patch.alpha, mask)
    values = tuple(multiply(value, mask) for value in patch.values)
    return Patch(patch.rect, values, alpha, flat=patch.flat)


def cropped(patch: Patch, bounds: Rect) -> Patch | None:
    """Return what of a patch lies within; None where nothing does."""
    rect = patch.rect.intersect(bounds)
    if rect == patch.rect:
        return patch
    if rect.is_empty:
        return None
    part = rect.inside(patch.rect)
    alpha = None if patch.alpha is None else part.of(patch.alpha)
    return Patch(rect, tuple(part.of(plane) for plane in patch.values), alpha)


def multiply(first: Plane, second: Plane) -> Plane:
    """Multiply two planes, 255 counting as one."""
    return cast(Plane, cv2.multiply(first, second, None, 1 / 255))


def box_mask(rect: Rect, box: Box) -> Plane | None:
    """Return how far an upright box covers each pixel of `rect`; None: all of them wholly.

    The box is in index coordinates of the grid.
    """
    columns, rows = coverage(rect, box)
    if min(columns.min(), rows.min()) >= 1 - SNAP:
        return None
    return np.rint(np.outer(rows, columns) * 255).astype(np.uint8)


def coverage(rect: Rect, box: Box) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the share of each column and of each row of `rect` that lies in an upright box."""
    return (
        _covered(rect.left, rect.right, box[0], box[2]),
        _covered(rect.top, rect.bottom, box[1], box[3]),
    )


def _covered(first: int, end: int, low: float, high: float) -> npt.NDArray[np.float64]:
    centres = np.arange(first, end)
    covered: npt.NDArray[np.float64] = np.clip(
        np.minimum(centres + 0.5, high) - np.maximum(centres - 0.5, low), 0.0, 1.0
    )
    return covered


def shrink(plane: Plane, *, columns: int, rows: int) -> Plane:
    """Average blocks of `columns` x `rows` pixels into one."""
    height, width = plane.shape
    size = (max(1, width // columns), max(1, height // rows))
    return cast(Plane, cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
