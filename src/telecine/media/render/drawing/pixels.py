"""RGBA pictures that skia drew, and the same as planes.

Pixels are sRGB with the colours multiplied by alpha, because that is what may be filtered and
what blends with one multiplication; the planes are so too (see `planes.py`). Conversion is
BT.709 to limited range, each value rounded once.
"""

from __future__ import annotations

from typing import Final, cast

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from telecine.media.render.drawing.skia_guard import skia
from telecine.media.render.planes import Planes, Sprite

Rgba = npt.NDArray[np.uint8]

_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722  # ITU-R BT.709, table 3.2
#: Rows make Y, Cb and Cr of R, G, B and alpha in 0..255. What is added to a value (16, 128) is
#: multiplied by alpha like the rest.
_TO_YUV: Final = np.array(
    [
        [_RED * 219, _GREEN * 219, _BLUE * 219, 16],
        [-_RED * 112 / (1 - _BLUE), -_GREEN * 112 / (1 - _BLUE), 112, 128],
        [112, -_GREEN * 112 / (1 - _RED), -_BLUE * 112 / (1 - _RED), 128],
    ],
    dtype=np.float32,
) / np.float32(255)
#: The weights of the pixels round a chroma sample add up to this: (1 2 1) across, (1 1) down.
_CHROMA_WEIGHT: Final = 8
_BAND: Final = 256


class Pixels(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A drawn picture. Its first pixel begins at (`left`, `top`) of the box, in box px.

    `rgba` is (height, width, 4), colours multiplied by alpha; `scale` is pixels to a box px.
    """

    rgba: Rgba
    left: float
    top: float
    scale: float

    def to_sprite(self, *, has_gradient: bool = False) -> Sprite:
        """Return the same as planes; colours that run into one another are dithered."""
        planes = to_planes(self.rgba, is_dithered=has_gradient)
        return Sprite(*planes, left=self.left, top=self.top, scale=self.scale)


def to_planes(rgba: Rgba, *, is_dithered: bool = False) -> Planes:
    """Convert; alpha is left out where every pixel is opaque.

    Dithered, values between two levels become both of them in a fixed pattern, so that slow
    changes show no steps.
    """
    height, width = rgba.shape[:2]
    half = ((height + 1) // 2, (width + 1) // 2)
    is_opaque = int(rgba[..., 3].min(initial=255)) == 255
    luma = np.empty((height, width), np.uint8)
    chroma = (np.empty(half, np.uint8), np.empty(half, np.uint8))
    alpha_half = None if is_opaque else np.empty(half, np.uint8)
    # In bands: the sums about the chroma samples would be larger than the picture.
    for top in range(0, height, _BAND):
        band = np.ascontiguousarray(rgba[top : top + _BAND])
        rows, halves = slice(top, top + _BAND), slice(top // 2, (top + _BAND) // 2)
        luma[rows] = _converted(band, _TO_YUV[:1], is_dithered=is_dithered)[..., 0]
        near = _around_chroma(band, is_opaque=is_opaque)
        # 16 bits in, so that nothing was rounded before this.
        rows_of = _TO_YUV[1:] / np.float32(_CHROMA_WEIGHT)
        both = _converted(near, rows_of, is_dithered=is_dithered)
        chroma[0][halves], chroma[1][halves] = both[..., 0], both[..., 1]
        if alpha_half is not None:
            alpha_half[halves] = (near[..., 3] + _CHROMA_WEIGHT // 2) // _CHROMA_WEIGHT
    alpha = None if is_opaque else np.ascontiguousarray(rgba[..., 3])
    return Planes(luma, *chroma, alpha, alpha_half)


def _converted(
    rgba: Rgba | npt.NDArray[np.uint16], matrix: npt.NDArray[np.float32], *, is_dithered: bool
) -> Rgba:
    """Multiply by a matrix of one or two rows; each value is rounded, or dithered, once."""
    height, width = rgba.shape[:2]
    shape = (height, width, len(matrix))
    if not is_dithered:
        return cast(Rgba, cv2.transform(rgba, matrix).reshape(shape))
    exact = cv2.transform(rgba.astype(np.float32), matrix).reshape(shape)
    side = len(_THRESHOLDS)
    pattern = np.tile(_THRESHOLDS, (-(-height // side), -(-width // side)))[:height, :width, None]
    # Bands begin at a multiple of the pattern's side. What is whole stays as it is.
    return cast(Rgba, np.floor(exact + pattern).astype(np.uint8))


def _ordered(doublings: int) -> npt.NDArray[np.float32]:
    """Return Bayer's thresholds, between 0 and 1, for a square of that many doublings."""
    order = np.zeros((1, 1), np.float32)
    for _ in range(doublings):
        order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
    return ((order + 0.5) / order.size).astype(np.float32)


_THRESHOLDS: Final = _ordered(3)


def _around_chroma(rgba: Rgba, *, is_opaque: bool) -> npt.NDArray[np.uint16]:
    """Add up the pixels round each chroma sample: (1 2 1) across, (1 1) down.

    Beyond the edge is nothing where the picture has transparent pixels, else more of the same.
    """
    height, width = rgba.shape[:2]
    border = cv2.BORDER_REPLICATE if is_opaque else cv2.BORDER_CONSTANT
    wide = cv2.copyMakeBorder(rgba, 0, height % 2, 1, width % 2, border, value=(0, 0, 0, 0))
    rows = wide[0::2].astype(np.uint16)
    rows += wide[1::2].astype(np.uint16)
    near: npt.NDArray[np.uint16] = rows[:, 0:-1:2] + rows[:, 2::2]
    near += np.uint16(2) * rows[:, 1::2]
    return near


def new_surface(width: int, height: int) -> tuple[skia.Surface, Rgba]:
    """Return a transparent surface, and the array that holds its pixels."""
    pixels = np.zeros((height, width, 4), np.uint8)
    return surface_on(pixels), pixels


def surface_on(pixels: Rgba) -> skia.Surface:
    """Return a surface that draws into these pixels, whose colours are multiplied by alpha."""
    height, width = pixels.shape[:2]
    info = skia.ImageInfo.Make(
        width, height, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType, skia.ColorSpace.MakeSRGB()
    )
    return skia.Surface.MakeRasterDirect(info, pixels)


def to_image(rgba: Rgba, *, is_premultiplied: bool = True, is_lent: bool = False) -> skia.Image:
    """Return pixels as an image that skia can draw.

    Lent ones are not copied: they must be rows without gaps, and outlive the image.
    """
    alpha = skia.kPremul_AlphaType if is_premultiplied else skia.kUnpremul_AlphaType
    return skia.Image.fromarray(
        rgba if is_lent else np.ascontiguousarray(rgba),
        skia.kRGBA_8888_ColorType,
        alpha,
        skia.ColorSpace.MakeSRGB(),
        not is_lent,
    )
