"""A layer's pixels as they are drawn: with their place in the layer's box, and halved copies.

Interpolation looks at two pixels a side, so a picture that shrinks to less than half its size
must be averaged first. The halves are made when first wanted and kept as long as the picture.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from telecine.media.render.composing import kernels, warping
from telecine.media.render.composing.kernels import Box, Patch, Rect
from telecine.media.render.composing.warping import Raster
from telecine.media.render.display import Layer, Matrix
from telecine.media.render.planes import Plane, Planes, Sprite
from telecine.media.timeline.model import Crop, Fit

#: Where the first chroma sample of the canvas lies horizontally, in luma px (left-sited).
CANVAS_SITE: Final = 0.5
_MOST_HALVINGS: Final = 12
#: Edges may differ by so much of 255 along their length: they were rounded.
_UNEVEN: Final = 8
#: So far may values be from those of one colour: each was rounded, alpha too.
_SAME: Final = 1.5
#: Outer lines of a sprite that need not be opaque for it to count so.
_OUTER: Final = 2

#: Luma and chroma of a drawn layer; either may lie off the canvas.
Stamp = tuple[Patch | None, Patch | None]


def multiplied(outer: Matrix, inner: Matrix) -> Matrix:
    """Return the matrix that does `inner`, then `outer`."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return (
        a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s,
        a * t + c * u + e, b * t + d * u + f,
    )  # fmt: skip


class Picture:
    """Planes and where they lie: `to_box` takes their px to px of the layer's box.

    An opaque picture may end between pixels (`edges`, in px of the planes), some px beyond
    the planes even: it goes on there as it was at the last pixel.
    """

    def __init__(self, planes: Planes, to_box: Matrix, *, is_still: bool = False) -> None:
        self.planes = planes
        self.to_box = to_box
        self._edges: Box | None = None
        self._soft: Picture | None = None
        self._flat = _flat_colour(planes) if is_still else None
        self._rasters: dict[tuple[int, int], _Scaled] = {}

    @property
    def is_opaque(self) -> bool:
        """Say whether every pixel is."""
        return self.planes.alpha is None

    def end_at(self, edges: Box, inner: Rect) -> None:
        """Say that it is opaque but for its outermost lines, which end at these edges.

        The `inner` part, all opaque, is much faster to draw where the picture stands upright.
        """
        self._soft = Picture(self.planes, self.to_box)
        half = Rect(*(side // 2 for side in inner))
        y, u, v = inner.of(self.planes.y), half.of(self.planes.u), half.of(self.planes.v)
        self.planes = Planes(y, u, v)
        self.to_box = multiplied(self.to_box, (1.0, 0.0, 0.0, 1.0, inner.left, inner.top))
        left, top, right, bottom = edges
        self._edges = left - inner.left, top - inner.top, right - inner.left, bottom - inner.top
        self._flat = None

    def stamp(self, matrix: Matrix, *, width: int, height: int, margin: int = 0) -> Stamp:
        """Draw it for a canvas of that size; `matrix` takes the layer's box to the canvas.

        `margin`, an even number, is how many px beyond the canvas are wanted too.
        """
        is_upright = warping.is_upright(matrix)
        if self._soft is not None and not is_upright:
            return self._soft.stamp(matrix, width=width, height=height, margin=margin)
        matrix = multiplied(matrix, self.to_box)
        columns = _halvings(math.hypot(matrix[0], matrix[1]))
        rows = _halvings(math.hypot(matrix[2], matrix[3]))
        edges = self._ends(matrix) if is_upright and self.is_opaque else None
        scaled = self._scaled(columns, rows)
        matrix = multiplied(matrix, (scaled.step_x, 0.0, 0.0, scaled.step_y, 0.0, 0.0))
        half = margin // 2
        luma = warping.place(
            scaled.luma,
            kernels.grid_matrix(matrix, site_from=None, site_to=None),
            bounds=Rect(-margin, -margin, width + margin, height + margin),
            edges=None if edges is None else _shifted(edges, 1.0),
        )
        chroma = warping.place(
            scaled.chroma,
            kernels.grid_matrix(matrix, site_from=scaled.site, site_to=CANVAS_SITE),
            bounds=Rect(-half, -half, (width + 1) // 2 + half, (height + 1) // 2 + half),
            edges=None if edges is None else _shifted(edges, 2.0),
        )
        return luma, chroma

    def covers(self, matrix: Matrix, *, width: int, height: int) -> bool:
        """Say whether a canvas of that size lies within it."""
        matrix = multiplied(matrix, self.to_box)
        a, b, c, d, e, f = matrix
        determinant = a * d - b * c
        if abs(determinant) < 1e-9:
            return False
        left, top, right, bottom = self._edges or _whole(self.planes)
        for x, y in ((0, 0), (width, 0), (0, height), (width, height)):
            across = (d * (x - e) - c * (y - f)) / determinant
            down = (a * (y - f) - b * (x - e)) / determinant
            if not (left - 1e-3 <= across <= right + 1e-3 and top - 1e-3 <= down <= bottom + 1e-3):
                return False
        return True

    def _ends(self, matrix: Matrix) -> Box:
        """Return where it ends on the canvas, standing upright."""
        a, _, _, d, e, f = matrix
        left, top, right, bottom = self._edges or _whole(self.planes)
        return a * left + e, d * top + f, a * right + e, d * bottom + f

    def _scaled(self, columns: int, rows: int) -> _Scaled:
        found = self._rasters.get((columns, rows))
        if found is None:
            found = _Scaled(self.planes, columns=1 << columns, rows=1 << rows, flat=self._flat)
            self._rasters[columns, rows] = found
        return found


class _Scaled:
    """The two grids of a picture, averaged over blocks of `columns` x `rows` pixels."""

    def __init__(
        self, planes: Planes, *, columns: int, rows: int, flat: tuple[int, int, int] | None
    ) -> None:
        height, width = planes.y.shape
        luma, chroma = (planes.y,), (planes.u, planes.v)
        alpha, alpha_half = planes.alpha, planes.alpha_half
        #: Averaging moves left-sited samples towards the middle of the block.
        self.site = (CANVAS_SITE + columns - 1) / columns
        if columns > 1 or rows > 1:
            luma = (kernels.shrink(planes.y, columns=columns, rows=rows),)
            chroma = (
                kernels.shrink(planes.u, columns=columns, rows=rows),
                kernels.shrink(planes.v, columns=columns, rows=rows),
            )
            if alpha is not None and alpha_half is not None:
                alpha = kernels.shrink(alpha, columns=columns, rows=rows)
                alpha_half = kernels.shrink(alpha_half, columns=columns, rows=rows)
        self.step_x = width / luma[0].shape[1]
        self.step_y = height / luma[0].shape[0]
        self.luma = Raster(luma, alpha, flat=None if flat is None else flat[:1])
        self.chroma = Raster(chroma, alpha_half, flat=None if flat is None else flat[1:])


def _whole(planes: Planes) -> Box:
    height, width = planes.y.shape
    return 0.0, 0.0, float(width), float(height)


def _shifted(edges: Box, step: float) -> Box:
    """Turn continuous canvas px into indices of a grid with that many px a sample.

    For chroma, left-sited or not, a sample counts as belonging to the four pixels it colours.
    """
    left, top, right, bottom = (side / step - 0.5 for side in edges)
    return left, top, right, bottom


def _halvings(scale: float) -> int:
    """Return how often a side is to be halved before it is drawn at `scale`."""
    if scale >= 0.5:
        return 0
    return min(_MOST_HALVINGS, math.floor(-math.log2(max(scale, 1e-6)) + 1e-9))


def lay(target: Planes, stamp: Stamp, *, opacity: float = 1.0) -> None:
    """Blend a stamp into planes."""
    luma, chroma = stamp
    if luma is not None:
        kernels.blend((target.y,), luma, opacity=opacity)
    if chroma is not None:
        kernels.blend((target.u, target.v), chroma, opacity=opacity)


def whole(planes: Planes) -> Stamp:
    """Return all of a canvas as a stamp."""
    height, width = planes.y.shape
    half = Rect(0, 0, planes.u.shape[1], planes.u.shape[0])
    return (
        Patch(Rect(0, 0, width, height), (planes.y,), None),
        Patch(half, (planes.u, planes.v), None),
    )


def swap(target: Planes, ground: Planes, stamp: Stamp) -> None:
    """Blend a stamp into planes in the place of what was there before: `kernels.swap`."""
    luma, chroma = stamp
    if luma is not None:
        kernels.swap((target.y,), (ground.y,), luma)
    if chroma is not None:
        kernels.swap((target.u, target.v), (ground.u, ground.v), chroma)


def of_sprite(sprite: Sprite) -> Picture:
    """Take a sprite with the place that it has in its layer's box."""
    planes = Planes(sprite.y, sprite.u, sprite.v, sprite.alpha, sprite.alpha_half)
    step = 1.0 / sprite.scale
    made = Picture(planes, (step, 0.0, 0.0, step, sprite.left, sprite.top), is_still=True)
    if sprite.alpha is not None and sprite.alpha_half is not None:
        edges = _soft_edges(sprite.alpha)
        inner = None if edges is None else _opaque_part(sprite.alpha, sprite.alpha_half)
        if edges is not None and inner is not None:
            made.end_at(edges, inner)
    return made


def _flat_colour(planes: Planes) -> tuple[int, int, int] | None:
    """Return the colour of a picture that has only one, and alpha: most text and most shapes."""
    y, u, v, alpha, alpha_half = planes
    if alpha is None or alpha_half is None:
        return None
    some = y[::8, ::8][alpha[::8, ::8] == 255]
    if some.size and int(some.max()) - int(some.min()) > _SAME:
        return None
    found = []
    for plane, cover in ((y, alpha), (u, alpha_half), (v, alpha_half)):
        place = int(cover.argmax())
        if not cover.flat[place]:
            return None
        level = round(int(plane.flat[place]) * 255 / int(cover.flat[place]))
        if np.abs(plane - cover * np.float32(level / 255)).max() > _SAME:
            return None
        found.append(level)
    return found[0], found[1], found[2]


def _soft_edges(alpha: Plane) -> Box | None:
    """Return where a picture ends that is opaque but for its outermost lines. None: it is not."""
    if min(alpha.shape) < 8:
        return None
    height, width = alpha.shape
    across, down = alpha[height // 2] / 255, alpha[:, width // 2] / 255
    if not (alpha[_OUTER:-_OUTER, _OUTER:-_OUTER] == 255).all():
        return None
    for lines in (np.s_[:_OUTER, :], np.s_[-_OUTER:, :], np.s_[:, :_OUTER], np.s_[:, -_OUTER:]):
        expected = np.outer(down[lines[0]], across[lines[1]]) * 255
        if np.abs(expected - alpha[lines]).max() > _UNEVEN:
            return None
    return (
        _OUTER - float(across[:_OUTER].sum()),
        _OUTER - float(down[:_OUTER].sum()),
        width - _OUTER + float(across[-_OUTER:].sum()),
        height - _OUTER + float(down[-_OUTER:].sum()),
    )


def _opaque_part(alpha: Plane, alpha_half: Plane) -> Rect | None:
    """Return the largest part, from and to even lines, all of which is opaque, chroma too."""
    left, right = _full(alpha[alpha.shape[0] // 2], alpha_half[alpha_half.shape[0] // 2])
    top, bottom = _full(alpha[:, alpha.shape[1] // 2], alpha_half[:, alpha_half.shape[1] // 2])
    part = Rect(left, top, right, bottom)
    return None if part.is_empty else part


def _full(line: Plane, half: Plane) -> tuple[int, int]:
    """Return the even start and end of what is opaque on a line and on its chroma."""
    count = len(line) // 2
    pairs = (line[: 2 * count].reshape(count, 2) == 255).all(axis=1) & (half[:count] == 255)
    places = np.flatnonzero(pairs)
    return (0, 0) if places.size == 0 else (2 * int(places[0]), 2 * int(places[-1]) + 2)


def of_frame(planes: Planes, layer: Layer) -> Picture:
    """Crop a decoded picture and fit it into its layer's box, as the style says."""
    style = layer.style
    whole, part = _fitted(
        planes.y.shape[1], planes.y.shape[0], crop=style.crop, fit=style.fit, layer=layer
    )
    half = Rect(whole.left // 2, whole.top // 2, (whole.right + 1) // 2, (whole.bottom + 1) // 2)
    alpha, alpha_half = planes.alpha, planes.alpha_half
    if alpha is not None and alpha_half is not None:
        alpha, alpha_half = whole.of(alpha), half.of(alpha_half)
    cut = Planes(whole.of(planes.y), half.of(planes.u), half.of(planes.v), alpha, alpha_half)
    scale_x = part[2] / (whole.right - whole.left)
    scale_y = part[3] / (whole.bottom - whole.top)
    return Picture(cut, (scale_x, 0.0, 0.0, scale_y, part[0], part[1]))


def _fitted(width: int, height: int, *, crop: Crop, fit: Fit, layer: Layer) -> tuple[Rect, Box]:
    """Return what of the picture is seen, and where: left, top, width, height in the box.

    What is seen begins on even pixels, for chroma's sake: an edge is off by one px at most.
    """
    left, right = crop.left * width, (1 - crop.right) * width
    top, bottom = crop.top * height, (1 - crop.bottom) * height
    seen_width, seen_height = max(right - left, 1e-3), max(bottom - top, 1e-3)
    scale_x, scale_y = layer.width / seen_width, layer.height / seen_height
    if fit == "contain":
        scale_x = scale_y = min(scale_x, scale_y)
    elif fit == "cover":
        scale_x = scale_y = max(scale_x, scale_y)
    shown_width = min(seen_width, layer.width / scale_x)
    shown_height = min(seen_height, layer.height / scale_y)
    left += (seen_width - shown_width) / 2
    top += (seen_height - shown_height) / 2
    whole = Rect(
        *_even(left, left + shown_width, limit=width)[:1],
        *_even(top, top + shown_height, limit=height)[:1],
        _even(left, left + shown_width, limit=width)[1],
        _even(top, top + shown_height, limit=height)[1],
    )
    box_width, box_height = shown_width * scale_x, shown_height * scale_y
    place = ((layer.width - box_width) / 2, (layer.height - box_height) / 2)
    return whole, (*place, box_width, box_height)


def _even(low: float, high: float, *, limit: int) -> tuple[int, int]:
    """Return the nearest even start before `limit` and an end at least two px after it."""
    start = min(max(0, 2 * round(low / 2)), max(0, 2 * ((limit - 1) // 2)))
    return start, min(limit, max(round(high), start + 2))
