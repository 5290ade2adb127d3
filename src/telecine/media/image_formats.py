"""The image formats that we write: what each can hold, and what libvips is told for each.

The values are the defaults of the Node library sharp 0.35, said even where libvips has the
same default, so that an upgrade of libvips does not change what clients get.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

Format = Literal["jpg", "png", "webp", "avif", "gif", "tiff"]
#: How a picture fills the size that was asked for.
Fit = Literal["inside", "cover", "contain", "fill", "outside"]

#: Quality where the request names none; PNG is then lossless instead.
DEFAULT_QUALITY = 80

#: Longest side, in pixels, that the format or its encoder can hold: JPEG's and GIF's headers
#: have 16 bits, WebP's 14, libvips stops AVIF at 16384; TIFF is JPEG inside.
LONGEST_SIDE: Mapping[Format, int] = {
    "jpg": 65_500,
    "png": 1_000_000,
    "webp": 16_383,
    "avif": 16_384,
    "gif": 65_535,
    "tiff": 65_500,
}
#: Formats whose pages are the frames of an animation. (The pages of a TIFF are not.)
ANIMATED: frozenset[str] = frozenset({"gif", "webp"})
WITHOUT_ALPHA: frozenset[str] = frozenset({"jpg"})

#: The name of a libvips operation, and its options.
Saver = tuple[str, dict[str, object]]


def saver(image_format: Format, *, quality: int | None, has_alpha: bool = False) -> Saver:
    """Return how libvips writes the format. `quality` is 1 to 100; None is the default."""
    if image_format == "tiff" and has_alpha:
        return _transparent_tiff()
    return _SAVERS[image_format](quality)


def _jpg(quality: int | None) -> Saver:
    return "jpegsave_target", {
        "Q": quality or DEFAULT_QUALITY,
        "subsample_mode": "on",
        "optimize_coding": True,
    }


def _png(quality: int | None) -> Saver:
    """PNG is lossless unless a quality below 100 asks for a palette of 256 colours.

    In sharp any `quality` makes a palette, even 100; but nobody who asks for 100 wants that.
    """
    if quality is None or quality >= 100:
        return "pngsave_target", {"compression": 6, "filter": "none", "bitdepth": 8}
    return "pngsave_target", {"palette": True, "Q": quality, "effort": 7, "compression": 6}


def _webp(quality: int | None) -> Saver:
    return "webpsave_target", {"Q": quality or DEFAULT_QUALITY, "effort": 4, "alpha_q": 100}


def _avif(quality: int | None) -> Saver:
    """sharp's effort and full chroma; its quality of 50 only where a client asks for it."""
    return "heifsave_target", {
        "Q": quality or DEFAULT_QUALITY,
        "compression": "av1",
        "effort": 4,
        "bitdepth": 8,
        "subsample_mode": "off",
    }


def _gif(quality: int | None) -> Saver:
    """A GIF has no quality; like sharp, we accept the field and take the best palette."""
    del quality
    return "gifsave_target", {"effort": 7, "bitdepth": 8, "reuse": True, "dither": 1.0}


def _tiff(quality: int | None) -> Saver:
    return "tiffsave_target", {
        "compression": "jpeg",
        "Q": quality or DEFAULT_QUALITY,
        "predictor": "horizontal",
    }


def _transparent_tiff() -> Saver:
    """JPEG holds no transparency, so this one is lossless. (sharp makes it black instead.)"""
    return "tiffsave_target", {"compression": "deflate", "predictor": "horizontal"}


_SAVERS: Mapping[Format, Callable[[int | None], Saver]] = {
    "jpg": _jpg,
    "png": _png,
    "webp": _webp,
    "avif": _avif,
    "gif": _gif,
    "tiff": _tiff,
}
