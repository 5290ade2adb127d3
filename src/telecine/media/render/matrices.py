"""Affine matrices: products, and the one that a clip's place, turn and size make.

A matrix is (a, b, c, d, e, f): x' = a*x + c*y + e, y' = b*x + d*y + f.
"""

from __future__ import annotations

import math
from typing import Final

from telecine.media.render.display import Matrix

_QUARTERS: Final = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))


def multiplied(outer: Matrix, inner: Matrix) -> Matrix:
    """Return the matrix that does `inner`, then `outer`."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return (
        a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s,
        a * t + c * u + e, b * t + d * u + f,
    )  # fmt: skip


def mapped(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """Return where a point goes."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def inverted(matrix: Matrix) -> Matrix | None:
    """Return the matrix that undoes it; None where it makes everything flat."""
    a, b, c, d, e, f = matrix
    determinant = a * d - b * c
    if abs(determinant) < 1e-12:
        return None
    a, b, c, d = d / determinant, -b / determinant, -c / determinant, a / determinant
    return a, b, c, d, -(a * e + c * f), -(b * e + d * f)


def is_flat(matrix: Matrix) -> bool:
    """Say whether nothing of a box is left to be seen."""
    a, b, c, d, _, _ = matrix
    return abs(a * d - b * c) < 1e-9


def placed(
    x: float,
    y: float,
    *,
    scale: tuple[float, float],
    rotation: float,
    skew: tuple[float, float],
    pivot: tuple[float, float],
) -> Matrix:
    """Return the matrix that lays the box's point `pivot` on (x, y), turned and scaled about it.

    From the inside: skewed down, then across, scaled, rotated.
    """
    a, b, c, d = 1.0, 0.0, 0.0, 1.0
    if skew != (0.0, 0.0):
        c, b = math.tan(math.radians(skew[0])), math.tan(math.radians(skew[1]))
        a += b * c
    a, b, c, d = a * scale[0], b * scale[1], c * scale[0], d * scale[1]
    if rotation:
        cos, sin = _turn(rotation)
        a, b, c, d = cos * a - sin * b, sin * a + cos * b, cos * c - sin * d, sin * c + cos * d
    e = x - a * pivot[0] - c * pivot[1]
    f = y - b * pivot[0] - d * pivot[1]
    return a, b, c, d, e, f


def _turn(degrees: float) -> tuple[float, float]:
    """Return cosine and sine, exact for quarter turns: upright boxes are drawn much faster."""
    quarters, rest = divmod(degrees, 90.0)
    if rest == 0.0:
        return _QUARTERS[int(quarters) % 4]
    angle = math.radians(degrees)
    return math.cos(angle), math.sin(angle)
