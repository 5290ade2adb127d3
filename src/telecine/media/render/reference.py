"""The plain engine: every layer of every frame, drawn by skia in RGBA, one after another.

It is what tests hold the fast one (`compose`) against, so it shares nothing with it but the
filters' matrices: a layer becomes a picture of the whole canvas, is filtered, lit and cut, and
only then laid on what is below. Slow, and meant to be read beside `display.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, cast

import cv2
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from telecine.media.render.display import (
    IDENTITY,
    SWEEP_LEAN,
    SWEEP_PEAK,
    SWEEP_RUN,
    SWEEP_WIDTH,
    Canvas,
    Draw,
    Frame,
    Layer,
    Mask,
    Matrix,
    blocks,
    edge_of,
    filters_of,
)
from telecine.media.render.drawing import filters
from telecine.media.render.drawing.paints import fill_paint
from telecine.media.render.drawing.pixels import (
    Pixels,
    Rgba,
    new_surface,
    surface_on,
    to_image,
)
from telecine.media.render.drawing.shapes import rounded_box
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.render.planes import FrameSource, Planes
from telecine.media.timeline.model import BlendMode, Filter

Floats = npt.NDArray[np.float32]

_MODES: Final[dict[BlendMode, skia.BlendMode]] = {
    "source-over": skia.BlendMode.kSrcOver,
    "multiply": skia.BlendMode.kMultiply,
    "screen": skia.BlendMode.kScreen,
    "overlay": skia.BlendMode.kOverlay,
    "darken": skia.BlendMode.kDarken,
    "lighten": skia.BlendMode.kLighten,
    "color-dodge": skia.BlendMode.kColorDodge,
    "color-burn": skia.BlendMode.kColorBurn,
    "hard-light": skia.BlendMode.kHardLight,
    "soft-light": skia.BlendMode.kSoftLight,
    "difference": skia.BlendMode.kDifference,
    "exclusion": skia.BlendMode.kExclusion,
    "hue": skia.BlendMode.kHue,
    "saturation": skia.BlendMode.kSaturation,
    "color": skia.BlendMode.kColor,
    "luminosity": skia.BlendMode.kLuminosity,
    "lighter": skia.BlendMode.kPlus,
    "source-in": skia.BlendMode.kSrcIn,
    "source-out": skia.BlendMode.kSrcOut,
    "source-atop": skia.BlendMode.kSrcATop,
    "destination-over": skia.BlendMode.kDstOver,
    "destination-in": skia.BlendMode.kDstIn,
    "destination-out": skia.BlendMode.kDstOut,
    "destination-atop": skia.BlendMode.kDstATop,
    "copy": skia.BlendMode.kSrc,
    "xor": skia.BlendMode.kXor,
}
#: A wipe's edge is the only one that cuts: on its other sides it reaches far beyond the box.
_FAR: Final = 8.0


class Reference:
    """Draws the frames of one canvas, in any order. For one thread."""

    def __init__(
        self,
        canvas: Canvas,
        layers: Sequence[Layer],
        *,
        pixels: Callable[[Layer], Pixels],
        source: Callable[[Layer], FrameSource],
    ) -> None:
        self._canvas = canvas
        self._layers = layers
        self._pixels = pixels
        self._source = source
        self._drawn: dict[int, Pixels] = {}
        self._sources: dict[int, FrameSource] = {}

    def draw(self, frame: Frame) -> Rgba:
        """Return a frame, (height, width, 4), opaque. Raises what its layers raise."""
        width, height = self._canvas.width, self._canvas.height
        surface, rgba = new_surface(width, height)
        canvas = surface.getCanvas()
        canvas.clear(skia.ColorBLACK)
        canvas.drawPaint(fill_paint(self._canvas.background, width, height))
        surface.flushAndSubmit()
        for block in blocks(frame.draws):
            below = rgba.copy()
            for group in block:
                draws = frame.draws[group.start : group.stop]
                edge = edge_of(draws[0])
                if edge is None:
                    self._lay(rgba, draws)
                    continue
                aside = below.copy()
                self._lay(aside, [replace(draw, masks=draw.masks[:-1]) for draw in draws])
                share = _share_of_edge(edge, rgba.shape)
                mixed = rgba + (aside.astype(np.float32) - below) * share
                rgba[:] = np.rint(np.clip(mixed, 0, 255)).astype(np.uint8)
        return rgba

    def close(self) -> None:
        """Close the sources."""
        for source in self._sources.values():
            source.close()
        self._sources.clear()

    def _lay(self, rgba: Rgba, draws: Sequence[Draw]) -> None:
        """Draw upon a picture."""
        surface = surface_on(rgba)
        canvas = surface.getCanvas()
        for draw in draws:
            part = self._part(draw)
            if part is None:
                continue
            opacity = min(max(draw.opacity, 0.0), 1.0)
            paint = skia.Paint(Alphaf=opacity, BlendMode=_MODES[draw.blend])
            canvas.drawImage(to_image(part), 0, 0, skia.SamplingOptions(), paint)
            # Where everything was taken away, the black canvas shows.
            canvas.drawColor(skia.ColorBLACK, skia.BlendMode.kDstOver)
        surface.flushAndSubmit()

    def _part(self, draw: Draw) -> Rgba | None:
        """Return a layer alone, as it lies on the canvas; None where nothing is shown."""
        layer = self._layers[draw.layer]
        image = self._image(draw, layer)
        if image is None:
            return None
        rgba, to_box, seen = image
        moving = filters_of(draw, layer)
        room = _room(moving, draw.matrix)
        width, height = self._canvas.width + 2 * room, self._canvas.height + 2 * room
        surface, part = new_surface(width, height)
        canvas = surface.getCanvas()
        canvas.translate(room, room)
        canvas.concat(_skia_matrix(draw.matrix))
        for mask in draw.masks:
            if mask.kind == "rounded":
                box = rounded_box(layer.width, layer.height, mask.radii)
                canvas.clipRRect(box, skia.ClipOp.kIntersect, doAntiAlias=True)
        _draw_image(canvas, rgba, to_box, seen=seen, scale=_scales(draw.matrix, to_box))
        surface.flushAndSubmit()
        if draw.tint is not None:
            tint = (draw.tint.red, draw.tint.green, draw.tint.blue, 1.0)
            part[:] = np.rint(part[..., 3:] * np.array(tint, np.float32))
        effect = filters.image_filter(moving, None)
        if effect is not None:
            _extend(part, room)
            part = _filtered(part, effect, draw.matrix)
        part = np.ascontiguousarray(part[room : height - room, room : width - room])
        if draw.sweep is not None:
            _light(part, draw, layer)
        _cut(part, draw, layer)
        return part

    def _image(self, draw: Draw, layer: Layer) -> tuple[Rgba, Matrix, skia.Rect | None] | None:
        """Return a layer's pixels, what takes them to its box, and what of the box they fill."""
        if draw.source_seconds is None:
            if layer.index not in self._drawn:
                self._drawn[layer.index] = self._pixels(layer)
            drawn = self._drawn[layer.index]
            step = 1 / drawn.scale
            return drawn.rgba, (step, 0.0, 0.0, step, drawn.left, drawn.top), None
        if layer.index not in self._sources:
            self._sources[layer.index] = self._source(layer)
        planes = self._sources[layer.index].frame_at(draw.source_seconds)
        if planes is None:
            return None
        rgba = to_rgba(planes)
        return rgba, *_fitted(rgba.shape[1], rgba.shape[0], layer)


def to_rgba(planes: Planes) -> Rgba:
    """Return limited-range BT.709 planes as RGBA, colours multiplied by alpha."""
    height, width = planes.y.shape
    full = np.full((height, width), 255, np.uint8) if planes.alpha is None else planes.alpha
    half = (
        np.full(planes.u.shape, 255, np.uint8) if planes.alpha_half is None else planes.alpha_half
    )
    alpha = full.astype(np.float32)
    luma = (planes.y.astype(np.float32) - alpha * (16 / 255)) / 219
    blue, red = (
        _doubled(plane.astype(np.float32) - half.astype(np.float32) * (128 / 255))[:height, :width]
        / 224
        for plane in (planes.u, planes.v)
    )
    rgb = np.stack(
        [
            luma + 1.5748 * red,
            luma - 0.1873243 * blue - 0.4681243 * red,
            luma + 1.8556 * blue,
        ],
        axis=2,
    )
    rgb = np.clip(rgb * 255, 0, alpha[..., None])
    return cast(Rgba, np.rint(np.concatenate([rgb, alpha[..., None]], axis=2)).astype(np.uint8))


def _doubled(plane: Floats) -> Floats:
    """Enlarge a chroma plane: samples lie on even columns, and between two rows."""
    right = np.concatenate([plane[:, 1:], plane[:, -1:]], axis=1)
    wide = np.stack([plane, (plane + right) / 2], axis=2).reshape(plane.shape[0], -1)
    above = np.concatenate([wide[:1], wide[:-1]])
    below = np.concatenate([wide[1:], wide[-1:]])
    rows = np.stack([0.75 * wide + 0.25 * above, 0.75 * wide + 0.25 * below], axis=1)
    return rows.reshape(-1, wide.shape[1]).astype(np.float32)


def _fitted(width: int, height: int, layer: Layer) -> tuple[Matrix, skia.Rect]:
    """Return what takes a decoded picture to its layer's box, and where it is to be seen."""
    crop = layer.style.crop
    seen_width = max(1 - crop.left - crop.right, 1e-6) * width
    seen_height = max(1 - crop.top - crop.bottom, 1e-6) * height
    scale_x, scale_y = layer.width / seen_width, layer.height / seen_height
    if layer.style.fit == "contain":
        scale_x = scale_y = min(scale_x, scale_y)
    elif layer.style.fit == "cover":
        scale_x = scale_y = max(scale_x, scale_y)
    left = (layer.width - seen_width * scale_x) / 2
    top = (layer.height - seen_height * scale_y) / 2
    seen = skia.Rect.MakeXYWH(left, top, seen_width * scale_x, seen_height * scale_y)
    seen.intersect(skia.Rect.MakeWH(layer.width, layer.height))
    start_x, start_y = left - crop.left * width * scale_x, top - crop.top * height * scale_y
    return (scale_x, 0.0, 0.0, scale_y, start_x, start_y), seen


def _draw_image(
    canvas: skia.Canvas,
    rgba: Rgba,
    to_box: Matrix,
    *,
    seen: skia.Rect | None,
    scale: tuple[float, float],
) -> None:
    """Draw pixels; if they are to be shrunk, as averages of what falls on each pixel."""
    height, width = rgba.shape[:2]
    size = (max(1, round(width * min(scale[0], 1.0))), max(1, round(height * min(scale[1], 1.0))))
    small = rgba
    if size != (width, height):
        small = cast(Rgba, cv2.resize(rgba, size, interpolation=cv2.INTER_AREA))
    place = _skia_matrix(to_box)
    if seen is None:
        seen = place.mapRect(skia.Rect.MakeWH(width, height))
    place.preScale(width / size[0], height / size[1])
    # A rectangle in the picture's colours: its own edges are the only ones that are smoothed.
    clamp = skia.TileMode.kClamp
    options = skia.SamplingOptions(skia.FilterMode.kLinear)
    shader = to_image(small).makeShader(clamp, clamp, options, place)
    canvas.drawRect(seen, skia.Paint(AntiAlias=True, Shader=shader))


def _room(moving: Sequence[Filter], matrix: Matrix) -> int:
    """Return how far beyond the canvas a blur looks, in px of the canvas."""
    a, b, c, d, _, _ = matrix
    scale = max(math.hypot(a, c), math.hypot(b, d))
    return math.ceil(sum(3 * each.value * scale for each in moving if each.kind == "blur"))


def _extend(part: Rgba, room: int) -> None:
    """Repeat a layer's last pixels where it reaches the edge of the canvas, `room` px inside."""
    for lines in (part, part[::-1], part.swapaxes(0, 1), part.swapaxes(0, 1)[::-1]):
        filled = np.flatnonzero(lines[..., 3].any(axis=1))
        if filled.size and filled[0] <= room:
            last = int(filled[0]) + (filled[0] < room)  # the outermost may be half transparent
            lines[:last] = lines[last]


def _filtered(part: Rgba, effect: skia.ImageFilter, matrix: Matrix) -> Rgba:
    """Apply a filter whose px are those of the layer's box."""
    surface, made = new_surface(part.shape[1], part.shape[0])
    canvas = surface.getCanvas()
    canvas.concat(_skia_matrix(matrix))
    canvas.saveLayer(None, skia.Paint(ImageFilter=effect))
    canvas.resetMatrix()
    canvas.drawImage(to_image(part), 0, 0)
    canvas.restore()
    surface.flushAndSubmit()
    return made


def _scales(matrix: Matrix, to_box: Matrix) -> tuple[float, float]:
    """Return how large a px of the picture becomes on the canvas, across and down."""
    return (
        math.hypot(matrix[0], matrix[1]) * abs(to_box[0]),
        math.hypot(matrix[2], matrix[3]) * abs(to_box[3]),
    )


def _light(part: Rgba, draw: Draw, layer: Layer) -> None:
    """Mix with white where the light passes, as `display.py` says."""
    a, b, c, d, e, f = draw.matrix
    determinant = a * d - b * c
    if abs(determinant) < 1e-9:
        return
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32) + 0.5
    x = (d * (columns - e) - c * (rows - f)) / determinant / layer.width
    y = (a * (rows - f) - b * (columns - e)) / determinant / layer.height
    centre = SWEEP_RUN[0] + (SWEEP_RUN[1] - SWEEP_RUN[0]) * (draw.sweep or 0.0)
    distance = x - centre + SWEEP_LEAN * (y - 0.5)
    light = SWEEP_PEAK * max(draw.sweep_strength, 0.0) * np.exp(-((distance / SWEEP_WIDTH) ** 2))
    share = np.minimum(light, 1.0)[..., None]
    mixed = part[..., :3] * (1 - share) + part[..., 3:] * share
    part[..., :3] = np.rint(mixed).astype(np.uint8)


def _cut(part: Rgba, draw: Draw, layer: Layer) -> None:
    """Take away what is outside of a wipe, an iris or a box that cuts."""
    shapes = [
        (
            _mask_path(mask, mask.box or (0, 0, layer.width, layer.height)),
            draw.matrix if mask.box is None else IDENTITY,
            mask.softness,
        )
        for mask in draw.masks
        if mask.kind != "rounded" and (mask.share < 1 or mask.softness)
    ]
    for clip in draw.clips:
        box = skia.Path().addRRect(rounded_box(clip.width, clip.height, clip.radii))
        shapes.append((box, clip.matrix, 0.0))
    for shape in shapes:
        part[:] = np.rint(part * (_cover(shape, part.shape) / np.float32(255))).astype(np.uint8)


def _cover(shape: tuple[skia.Path, Matrix, float], size: tuple[int, ...]) -> Rgba:
    """Return the alpha of a path on the canvas, its edge blurred."""
    path, matrix, softness = shape
    surface, mask = new_surface(size[1], size[0])
    canvas = surface.getCanvas()
    if softness > 0:
        blur = skia.ImageFilters.Blur(softness / 2, softness / 2)
        canvas.saveLayer(None, skia.Paint(ImageFilter=blur))
    canvas.concat(_skia_matrix(matrix))
    canvas.drawPath(path, skia.Paint(AntiAlias=True))
    if softness > 0:
        canvas.restore()
    surface.flushAndSubmit()
    return mask[..., 3:]


def _share_of_edge(edge: Mask, size: tuple[int, ...]) -> Floats:
    """Return how much is seen of what an edge on the canvas, or a veil, is before."""
    if edge.kind == "veil":
        return np.full((1, 1, 1), edge.share, np.float32)
    shape = (_mask_path(edge, edge.box or (0, 0, 0, 0)), IDENTITY, edge.softness)
    return _cover(shape, size).astype(np.float32) / np.float32(255)


def _mask_path(mask: Mask, box: tuple[float, float, float, float]) -> skia.Path:
    start_x, start_y, end_x, end_y = box
    width, height = end_x - start_x, end_y - start_y
    if mask.kind == "iris":
        radius = max(mask.share, 0.0) * math.hypot(width, height) / 2
        return skia.Path().addCircle((start_x + end_x) / 2, (start_y + end_y) / 2, radius)
    left, top = start_x - _FAR * width, start_y - _FAR * height
    right, bottom = end_x + _FAR * width, end_y + _FAR * height
    match mask.direction:
        case "right":
            right = start_x + mask.share * width
        case "left":
            left = end_x - mask.share * width
        case "down":
            bottom = start_y + mask.share * height
        case "up":
            top = end_y - mask.share * height
    return skia.Path().addRect(skia.Rect.MakeLTRB(left, top, right, bottom))


def _skia_matrix(matrix: Matrix) -> skia.Matrix:
    a, b, c, d, e, f = matrix
    return skia.Matrix.MakeAll(a, c, e, b, d, f, 0, 0, 1)
