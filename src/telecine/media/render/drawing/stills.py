"""Image files to pixels, by libvips: upright, in sRGB, and no larger than they will be drawn.

Shrinking is done here, with a filter that averages: skia's and OpenCV's interpolation look at
two or four pixels only, and would make small pictures of large ones flicker.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyvips

from telecine.kit.errors import MediaLimitError, UndecodableMediaError
from telecine.media.render.drawing.pixels import Pixels, Rgba, to_image
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.timeline.model import Crop, Fit, Source

pyvips.block_untrusted_set(True)  # noqa: FBT003 (its only argument)
pyvips.cache_set_max(0)

#: 20,000 x 20,000 and a little; `max_pixels`, which bounds uploads, is never more.
_MOST_PIXELS: Final = 420_000_000
#: So far, composing enlarges a picture as well as skia, and once is better than to and fro.
_BARELY_ENLARGED: Final = 1.25
_SRGB: Final = "srgb"


def still_size(source: Source, path: Path) -> tuple[float, float]:
    """Return width and height as shown. Decodes nothing; raises `MediaError`s."""
    image = _header(source, path)
    turned = image.get_typeof("orientation") and int(image.get("orientation")) >= 5
    return (image.height, image.width) if turned else (image.width, image.height)


def draw_still(
    canvas: skia.Canvas,
    source: Source,
    path: Path,
    *,
    box: tuple[float, float],
    fit: Fit,
    crop: Crop,
    scale: float,
) -> None:
    """Draw the file into the box from (0, 0); `scale` is pixels to a px of the box.

    What `cover` does not show is cut off. Raises `MediaError`s that name the source's path.
    """
    width, height = still_size(source, path)
    seen_width = max(1 - crop.left - crop.right, 1e-6) * width
    seen_height = max(1 - crop.top - crop.bottom, 1e-6) * height
    scales = box[0] / seen_width, box[1] / seen_height
    if fit != "fill":
        both = min(scales) if fit == "contain" else max(scales)
        scales = both, both
    pixels = _decoded(source, path, (width * scales[0] * scale, height * scales[1] * scale))
    # Where the whole file would lie; what is cropped lies outside of the clip.
    drawn_width, drawn_height = seen_width * scales[0], seen_height * scales[1]
    left, top = (box[0] - drawn_width) / 2, (box[1] - drawn_height) / 2
    seen = skia.Rect.MakeXYWH(left, top, drawn_width, drawn_height)
    if not seen.intersect(skia.Rect.MakeWH(*box)):
        return
    place = skia.Matrix.Translate(
        left - crop.left * width * scales[0], top - crop.top * height * scales[1]
    )
    place.preScale(width * scales[0] / pixels.shape[1], height * scales[1] / pixels.shape[0])
    options = skia.SamplingOptions(skia.CubicResampler.Mitchell())
    if abs(pixels.shape[1] - width * scales[0] * scale) < 1:
        options = skia.SamplingOptions(skia.FilterMode.kLinear)
    # A rectangle in the picture's colours: its own edges are the only ones that are smoothed.
    clamp = skia.TileMode.kClamp
    pixels = np.ascontiguousarray(pixels)
    image = to_image(pixels, is_premultiplied=False, is_lent=True)
    shader = image.makeShader(clamp, clamp, options, place)
    canvas.drawRect(seen, skia.Paint(AntiAlias=True, Shader=shader))


def plain_still(
    source: Source, path: Path, *, box: tuple[float, float], fit: Fit, crop: Crop, scale: float
) -> Pixels | None:
    """Return what `draw_still` draws, without drawing, where that is an opaque part of the file.

    The scale changes by less than a pixel, so that the right edge is whole. A file that is little
    smaller than wanted stays as it is. None where it is much smaller, or has alpha.
    """
    width, height = still_size(source, path)
    seen_width = max(1 - crop.left - crop.right, 1e-6) * width
    seen_height = max(1 - crop.top - crop.bottom, 1e-6) * height
    scales = box[0] / seen_width, box[1] / seen_height
    if fit != "fill":
        both = min(scales) if fit == "contain" else max(scales)
        scales = both, both
    shown = min(box[0], seen_width * scales[0]), min(box[1], seen_height * scales[1])
    enlarged = max(scales) * scale
    if 1 < enlarged <= _BARELY_ENLARGED:
        scale = math.floor(shown[0] * scale / enlarged + 1e-6) / shown[0]
    else:
        scale = math.ceil(shown[0] * scale - 1e-6) / shown[0]
    whole = round(width * scales[0] * scale), round(height * scales[1] * scale)
    if whole[0] > width or whole[1] > height or _header(source, path).hasalpha():
        return None
    wanted = round(shown[0] * scale), max(round(shown[1] * scale), 1)
    left = (crop.left * width * scales[0] + (seen_width * scales[0] - shown[0]) / 2) * scale
    top = (crop.top * height * scales[1] + (seen_height * scales[1] - shown[1]) / 2) * scale
    x = max(0, min(round(left), whole[0] - wanted[0]))
    y = max(0, min(round(top), whole[1] - wanted[1]))
    rgba = _decoded(source, path, whole)
    return Pixels(
        rgba=np.ascontiguousarray(rgba[y : y + wanted[1], x : x + wanted[0]]),
        left=(box[0] - shown[0]) / 2,
        top=(box[1] - shown[1]) / 2,
        scale=scale,
    )


def _header(source: Source, path: Path) -> Any:
    try:
        image = pyvips.Image.new_from_file(str(path), access="sequential")
    except pyvips.Error as error:
        raise UndecodableMediaError("This image cannot be read.", field=source.path) from error
    if image.width * image.height > _MOST_PIXELS:
        raise MediaLimitError(
            f"The image has {image.width} x {image.height} pixels; the most is {_MOST_PIXELS}.",
            field=source.path,
        )
    return image


def _has_other_profile(image: Any) -> bool:
    """Say whether the colours are described, and not as sRGB."""
    if not image.get_typeof("icc-profile-data"):
        return False
    profile = bytes(image.get("icc-profile-data"))
    return not any("sRGB".encode(coding) in profile for coding in ("ascii", "utf-16-be"))


def _decoded(source: Source, path: Path, size: tuple[float, float]) -> Rgba:
    """Decode to at most that size; never larger than the file."""
    width, height = still_size(source, path)
    wanted = (
        max(1, min(round(size[0]), int(width))),
        max(1, min(round(size[1]), int(height))),
    )
    # Converting takes ten times as long as decoding, even from sRGB to sRGB.
    profile = {"export_profile": _SRGB} if _has_other_profile(_header(source, path)) else {}
    try:
        # Turns upright, applies the profile, and shrinks with alpha multiplied in.
        image = pyvips.Image.thumbnail(
            str(path), wanted[0], height=wanted[1], size="force", fail_on="error", **profile
        )
        image = image.colourspace(_SRGB).cast("uchar")
        if not image.hasalpha():
            image = image.addalpha()
        pixels: Rgba = np.ndarray(
            buffer=image.write_to_memory(),
            dtype=np.uint8,
            shape=(image.height, image.width, image.bands),
        )
    except pyvips.Error as error:
        raise UndecodableMediaError(
            "This image is damaged or cut off.", field=source.path
        ) from error
    return pixels[..., :4]
