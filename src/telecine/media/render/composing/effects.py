"""What plain blending cannot do: blend modes, filters that move, light sweeps.

Blurs and sweeps are linear in colour, so they stay in YUV. Colour filters and blend modes are
worked out in RGB, inside the layer's own box and never for the whole frame. All values are
multiplied by alpha, as everywhere.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import Final, cast

import cv2
import numpy as np

from telecine.media.render.composing import kernels, masks, picture, rgb
from telecine.media.render.composing.blending import Floats, blended
from telecine.media.render.composing.kernels import Patch, Rect
from telecine.media.render.composing.picture import Stamp
from telecine.media.render.display import (
    SWEEP_LEAN,
    SWEEP_PEAK,
    SWEEP_RUN,
    SWEEP_WIDTH,
    Draw,
    Layer,
)
from telecine.media.render.drawing.filters import colour_matrix
from telecine.media.render.planes import Plane, Planes
from telecine.media.timeline.model import BlendMode, Colour, Filter

#: Blurs wider than this are made on a smaller picture.
_WIDEST_SIGMA: Final = 4.0
#: Nothing is left to be seen of a picture that is blurred more.
_MOST_SIGMA: Final = 300.0
_WHITE: Final = (235, 128, 128)
#: What operators come to where all that is below is opaque, as here.
_OVER_OPAQUE: Final[dict[BlendMode, BlendMode]] = {
    "source-atop": "source-over", "source-in": "copy", "destination-atop": "destination-in",
    "xor": "destination-out",
}  # fmt: skip


def yuv_of(colour: Colour) -> tuple[int, int, int]:
    """Return an opaque colour as limited-range BT.709."""
    values = [round(255 * part) for part in (colour.red, colour.green, colour.blue)]
    planes = rgb.planes_of(np.full((2, 2, 4), (*values, 255), np.uint8))
    return int(planes.y[0, 0]), int(planes.u[0, 0]), int(planes.v[0, 0])


def margin(draw: Draw, filters: tuple[Filter, ...]) -> int:
    """Return how far beyond the canvas a layer must be known to be right inside of it."""
    reach = sum(3 * max(_sigmas(draw, each)) for each in filters if each.kind == "blur")
    return 2 + 2 * math.ceil(reach / 2)


def apply(
    target: Planes, stamp: Stamp, *, draw: Draw, layer: Layer, filters: tuple[Filter, ...]
) -> None:
    """Draw a stamp, which may reach beyond the planes, with everything that the draw asks for."""
    if draw.tint is not None:
        stamp = _tinted(stamp, yuv_of(draw.tint))
    luma, chroma = (None if patch is None else kernels.filled(patch) for patch in stamp)
    stamp = luma, chroma
    for is_blur, group in groupby(filters, lambda each: each.kind == "blur"):
        run = tuple(group)
        stamp = _blurred(stamp, draw, run, target) if is_blur else _toned(stamp, run)
    if draw.sweep is not None:
        stamp = _swept(stamp, draw, layer)
    stamp = masks.seen(stamp, masks.limits_of(draw, layer))
    luma, chroma = (
        None if patch is None else kernels.cropped(patch, _whole(plane))
        for patch, plane in zip(stamp, (target.y, target.u), strict=True)
    )
    _combine(target, (luma, chroma), draw)


def _tinted(stamp: Stamp, levels: tuple[int, int, int]) -> Stamp:
    """Return a stamp's shape in one colour."""
    luma, chroma = (
        None if patch is None else Patch(patch.rect, (), kernels.alpha_of(patch), flat=flat)
        for patch, flat in zip(stamp, (levels[:1], levels[1:]), strict=True)
    )
    return luma, chroma


def _combine(target: Planes, stamp: Stamp, draw: Draw) -> None:
    """Lay a stamp on what is below, cut that with it, or mix the two, as the draw's mode says."""
    luma, chroma = stamp
    match _OVER_OPAQUE.get(draw.blend, draw.blend):
        case "source-over":
            picture.lay(target, stamp, opacity=draw.opacity)
        case "destination-over":
            return
        case "destination-in" | "destination-out" as mode:
            _cut(target, stamp, keeps=mode == "destination-in", opacity=draw.opacity)
        case "copy" | "source-out" as mode:
            _cut(target, (None, None), keeps=True, opacity=1.0)
            if mode == "copy":
                picture.lay(target, stamp, opacity=draw.opacity)
        case _ if luma is not None and chroma is not None:
            picture.lay(target, _mixed(target, stamp, draw))


def _whole(plane: Plane) -> Rect:
    return Rect(0, 0, plane.shape[1], plane.shape[0])


def _sigmas(draw: Draw, blur: Filter) -> tuple[float, float]:
    """Return how far a blur of the layer's box spreads on the canvas, across and down.

    Exact for layers that are upright; one that is turned and stretched would need more.
    """
    a, b, c, d, _, _ = draw.matrix
    value = max(blur.value, 0.0)
    return min(value * math.hypot(a, c), _MOST_SIGMA), min(value * math.hypot(b, d), _MOST_SIGMA)


def _blurred(stamp: Stamp, draw: Draw, blurs: tuple[Filter, ...], target: Planes) -> Stamp:
    sigmas = [_sigmas(draw, blur) for blur in blurs]
    across, down = (math.hypot(*each) for each in zip(*sigmas, strict=True))
    luma, chroma = stamp
    whole, half = _whole(target.y), _whole(target.u)
    return (
        None if luma is None else _blurred_patch(luma, across, down, whole),
        None if chroma is None else _blurred_patch(chroma, across / 2, down / 2, half),
    )


def _blurred_patch(patch: Patch, across: float, down: float, canvas: Rect) -> Patch:
    if max(across, down) < 0.05:
        return patch
    patch = _trimmed(patch, canvas)
    shrink_x, shrink_y = _shrinking(across), _shrinking(down)
    width, height = patch.rect.size
    left, top = math.ceil(3 * across), math.ceil(3 * down)
    right = left + -(width + 2 * left) % shrink_x
    bottom = top + -(height + 2 * top) % shrink_y
    alpha = kernels.alpha_of(patch)
    sigmas = (_left_over(across, shrink_x), _left_over(down, shrink_y))
    planes = []
    for plane in (*patch.values, alpha):
        wide = _bordered(plane, patch.rect, canvas, (top, bottom, left, right))
        size = (wide.shape[1], wide.shape[0])
        if shrink_x > 1 or shrink_y > 1:
            wide = kernels.shrink(wide, columns=shrink_x, rows=shrink_y)
        wide = cast(Plane, cv2.GaussianBlur(wide, (0, 0), sigmas[0], sigmaY=sigmas[1]))
        if shrink_x > 1 or shrink_y > 1:
            wide = cast(Plane, cv2.resize(wide, size, interpolation=cv2.INTER_LINEAR))
        planes.append(wide)
    rect = patch.rect
    grown = Rect(rect.left - left, rect.top - top, rect.right + right, rect.bottom + bottom)
    return Patch(grown, tuple(planes[:-1]), planes[-1])


def _trimmed(patch: Patch, canvas: Rect) -> Patch:
    """Leave out what is transparent, and beyond the canvas the outermost line, which is half so."""
    rect = patch.rect
    if patch.alpha is not None:
        left, top, width, height = cv2.boundingRect(patch.alpha)
        left, top = left + rect.left, top + rect.top
        rect = Rect(left, top, left + width, top + height)
    inner = Rect(
        rect.left + (rect.left < canvas.left),
        rect.top + (rect.top < canvas.top),
        rect.right - (rect.right > canvas.right),
        rect.bottom - (rect.bottom > canvas.bottom),
    )
    return kernels.cropped(patch, inner) or patch


def _bordered(plane: Plane, rect: Rect, canvas: Rect, border: tuple[int, int, int, int]) -> Plane:
    """Put nothing round a plane, but more of the same where it reaches the canvas's edge: a blur
    must not let the ground in there."""
    reaches = (
        rect.top <= canvas.top,
        rect.bottom >= canvas.bottom,
        rect.left <= canvas.left,
        rect.right >= canvas.right,
    )
    above, below, before, after = (side * does for side, does in zip(border, reaches, strict=True))
    wide = cv2.copyMakeBorder(plane, above, below, before, after, cv2.BORDER_REPLICATE)
    if all(reaches):
        return cast(Plane, wide)
    top, bottom, left, right = border
    return cast(
        Plane,
        cv2.copyMakeBorder(
            wide, top - above, bottom - below, left - before, right - after, cv2.BORDER_CONSTANT
        ),
    )


def _shrinking(sigma: float) -> int:
    """Return the power of two that leaves a blur of half the widest sigma or more."""
    return 1 if sigma < _WIDEST_SIGMA else 1 << math.floor(math.log2(2 * sigma / _WIDEST_SIGMA))


def _left_over(sigma: float, shrinking: int) -> float:
    """Return the sigma that is left to do: averaging and enlarging blur, too."""
    done = 0.0 if shrinking == 1 else (shrinking**2 - 1) / 12 + shrinking**2 / 6
    return max(math.sqrt(max(sigma**2 - done, 0.0)) / shrinking, 0.05)


def _toned(stamp: Stamp, colour_filters: tuple[Filter, ...]) -> Stamp:
    """Apply filters of colour, each clamped as browsers do."""
    box = rgb.box_of(stamp)
    if box is None:
        return stamp
    rect, rgba = box
    alpha = rgba[..., 3:]
    for each in colour_filters:
        toned = cv2.transform(rgba, np.array(colour_matrix(each), np.float32))
        rgba = np.concatenate([np.minimum(toned, alpha), alpha], axis=2)
    return rgb.stamp_of(rect, rgba)


def _swept(stamp: Stamp, draw: Draw, layer: Layer) -> Stamp:
    luma, chroma = stamp
    return (
        None if luma is None else _lit(luma, draw, layer, step=1.0, white=_WHITE[:1]),
        None if chroma is None else _lit(chroma, draw, layer, step=2.0, white=_WHITE[1:]),
    )


def _lit(patch: Patch, draw: Draw, layer: Layer, *, step: float, white: tuple[int, ...]) -> Patch:
    """Mix a patch with white where the light is; `step` is canvas px from sample to sample."""
    a, b, c, d, e, f = draw.matrix
    determinant = a * d - b * c
    if abs(determinant) < 1e-9 or draw.sweep is None:
        return patch
    # Where in the band a sample lies is an affine function of its place on the canvas.
    width, height = layer.width * determinant, layer.height * determinant
    per_x = d / width - SWEEP_LEAN * b / height
    per_y = -c / width + SWEEP_LEAN * a / height
    start, end = SWEEP_RUN
    centre = start + (end - start) * draw.sweep + SWEEP_LEAN / 2
    columns = (np.arange(patch.rect.left, patch.rect.right) + 0.5) * step - e
    rows = (np.arange(patch.rect.top, patch.rect.bottom) + 0.5) * step - f
    offset = per_x * columns[None, :] + per_y * rows[:, None] - centre
    light = SWEEP_PEAK * max(draw.sweep_strength, 0.0) * np.exp(-((offset / SWEEP_WIDTH) ** 2))
    share = np.rint(np.minimum(light, 1.0) * 255).astype(np.uint8)
    rest = 255 - share
    if patch.alpha is not None:
        share = kernels.multiply(share, patch.alpha)
    values = tuple(
        cast(
            Plane,
            cv2.add(
                kernels.multiply(plane, rest), cv2.convertScaleAbs(share, None, level / 255, 0)
            ),
        )
        for plane, level in zip(patch.values, white, strict=True)
    )
    return Patch(patch.rect, values, patch.alpha)


def _cut(target: Planes, stamp: Stamp, *, keeps: bool, opacity: float) -> None:
    """Make everything below transparent inside the stamp, or outside of it: black shows."""
    for planes, patch, black in (
        ((target.y,), stamp[0], 16),
        ((target.u, target.v), stamp[1], 128),
    ):
        cover = np.zeros(planes[0].shape, np.uint8)
        if patch is not None:
            inside = 255 if patch.alpha is None else patch.alpha
            patch.rect.of(cover)[:] = np.rint(np.multiply(inside, min(opacity, 1.0)))
        if not keeps:
            cover = 255 - cover
        ground = cv2.convertScaleAbs(255 - cover, None, black / 255, 0)
        for plane in planes:
            cv2.add(kernels.multiply(plane, cover), ground, plane)


def _mixed(target: Planes, stamp: Stamp, draw: Draw) -> Stamp:
    """Return a stamp that, laid over what is below, has the effect of the blend mode."""
    box = rgb.box_of(stamp)
    if box is None:
        return stamp
    rect, rgba = box
    over = rgba.astype(np.float32) * np.float32(min(draw.opacity, 1.0) / 255)
    alpha = over[..., 3:]
    below = rgb.part_of(target, rect)[..., :3] * np.float32(1 / 255)
    colour: Floats
    if draw.blend == "lighter":
        colour = np.minimum(below + over[..., :3], 1) - below * (1 - alpha)
    else:
        straight = over[..., :3] / np.maximum(alpha, np.float32(1e-6))
        colour = blended(draw.blend, below, np.minimum(straight, 1)) * alpha
    mixed = np.concatenate([colour, alpha], axis=2)
    made = rgb.stamp_of(rect, np.rint(np.clip(mixed, 0, 1) * 255).astype(np.uint8))
    luma, chroma = (
        None if patch is None else kernels.cropped(patch, _whole(plane))
        for patch, plane in zip(made, (target.y, target.u), strict=True)
    )
    return luma, chroma
