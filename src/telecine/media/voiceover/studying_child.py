"""Colours of a voiceover's picture, and what kind it is: the child's half of `studying.py`."""

from __future__ import annotations

import os
from typing import Any, Final

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
import pyvips

from telecine.kit.errors import UndecodableMediaError
from telecine.media.voiceover.studying import Looks, Rgb

_Rgba = npt.NDArray[np.uint8]

#: The longer side of what faces and colours are looked for in.
_SMALL_SIDE: Final = 640
#: Neighbours that differ by no more than this are one flat area.
_FLAT_STEP: Final = 2
#: A drawn picture is flat for the most part, and of few colours.
_FLAT_SHARE, _FEW_COLOURS_SHARE, _FEW_COLOURS = 0.7, 0.6, 8


def looks_task(
    params: dict[str, Any], source_fd: int, target_fd: int | None = None
) -> dict[str, Any]:
    """Run in a confined child: write a small picture as raw RGB, and say what it looks like."""
    del params
    if target_fd is None:
        raise ValueError("looks_task writes to a descriptor")
    os.lseek(source_fd, 0, os.SEEK_SET)
    try:
        image = pyvips.Image.pngload_source(pyvips.Source.new_from_descriptor(source_fd))
        image = image.colourspace("srgb").cast("uchar")
        rgba = _pixels(image if image.hasalpha() else image.addalpha())
    except pyvips.Error as error:
        raise UndecodableMediaError("The image is damaged.", field="image") from error
    height, width = rgba.shape[:2]
    scale = min(1.0, _SMALL_SIDE / max(width, height))
    size = max(2, round(width * scale)), max(2, round(height * scale))
    small = np.asarray(cv2.resize(rgba, size, interpolation=cv2.INTER_AREA), np.uint8)
    opaque = small[..., 3] >= 128
    with os.fdopen(os.dup(target_fd), "wb") as target:
        target.write(np.ascontiguousarray(_on_grey(small)).tobytes())
    main, accent = _palette(small[opaque][:, :3])
    looks = Looks(
        width=width,
        height=height,
        size=size,
        has_alpha=bool((rgba[..., 3] < 250).mean() > 0.002),
        is_drawn=_is_drawn(rgba),
        main=main,
        accent=accent,
    )
    answer: dict[str, Any] = msgspec.to_builtins(looks)
    return answer


def _pixels(image: pyvips.Image) -> _Rgba:
    return np.ndarray(
        buffer=image.write_to_memory(),
        dtype=np.uint8,
        shape=(image.height, image.width, image.bands),
    )


def _on_grey(rgba: _Rgba) -> _Rgba:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.asarray(rgba[..., :3] * alpha + 127 * (1 - alpha), np.uint8)


def _is_drawn(rgba: _Rgba) -> bool:
    """Say whether a picture is flat areas of few colours."""
    rgb = rgba[..., :3].astype(np.int16)
    across = np.abs(np.diff(rgb, axis=1)).max(axis=2) <= _FLAT_STEP
    if across.size == 0 or across.mean() < _FLAT_SHARE:
        return False
    coarse = (rgb >> 4).astype(np.int32)
    names = (coarse[..., 0] << 8 | coarse[..., 1] << 4 | coarse[..., 2]).ravel()
    counts = np.sort(np.bincount(names, minlength=4096))[::-1]
    return bool(counts[:_FEW_COLOURS].sum() > _FEW_COLOURS_SHARE * names.size)


def _palette(rgb: npt.NDArray[np.uint8]) -> tuple[Rgb, Rgb]:
    """Return the colour that there is most of, and the one that is most vivid and not rare."""
    if len(rgb) == 0:
        return (40, 44, 52), (200, 205, 215)
    names = (rgb >> 5).astype(np.int32)
    keys = names[:, 0] << 6 | names[:, 1] << 3 | names[:, 2]
    counts = np.bincount(keys, minlength=512).astype(np.float64)
    sums = np.stack([np.bincount(keys, rgb[:, band], minlength=512) for band in range(3)], axis=1)
    means = sums / np.maximum(counts, 1)[:, None]
    main = means[int(counts.argmax())]
    brightest, darkest = means.max(axis=1), means.min(axis=1)
    chroma = (brightest - darkest) / 255
    vivid = chroma**1.5 * np.minimum(counts / len(rgb), 0.06) * (brightest > 50)
    accent = means[int(vivid.argmax())] if vivid.max() > 0 else main
    return _whole(main), _whole(accent)


def _whole(colour: npt.NDArray[np.float64]) -> Rgb:
    red, green, blue = (round(float(part)) for part in colour)
    return red, green, blue
