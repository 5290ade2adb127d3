"""A voiceover's picture, made fit for drawing, and what is in it: faces, colours, what kind it is.

The picture is decoded in the pool alone: upright, in sRGB, an animation's first frame, no larger
than is ever shown. Photographs and drawn pictures (screenshots, logos) are shown in different ways.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
import pyvips

from telecine.kit.errors import MediaError, UndecodableMediaError
from telecine.media.ffmpeg import never
from telecine.media.pool import Pool
from telecine.media.seeing.looking import Eyes
from telecine.media.seeing.model import Face
from telecine.media.voiceover.intake import Picture

Rgb = tuple[int, int, int]
_Rgba = npt.NDArray[np.uint8]

#: How much larger than the canvas a picture is kept: it is pushed in.
_NEARER: Final = 1.25
_TIMEOUT_SECONDS: Final = 120.0
#: The longer side of what faces and colours are looked for in.
_SMALL_SIDE: Final = 640
#: Neighbours that differ by no more than this are one flat area.
_FLAT_STEP: Final = 2
#: A drawn picture is flat for the most part, and of few colours.
_FLAT_SHARE, _FEW_COLOURS_SHARE, _FEW_COLOURS = 0.7, 0.6, 8
_SURE: Final = 0.7


class _Looks(msgspec.Struct, frozen=True, kw_only=True):
    """What the child says of a picture; `size` is that of the small one."""

    width: int
    height: int
    size: tuple[int, int]
    has_alpha: bool
    is_drawn: bool
    main: Rgb
    accent: Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A picture that is ready, and what is known of it. Sizes are px of the ready one.

    `is_drawn`: a screenshot, a logo: no edge of it may be lost. `faces` is None where nobody
    looked. `main` is the colour that it has most of, `accent` its most vivid one.
    """

    path: Path
    width: int
    height: int
    sent_size: tuple[int, int]
    has_alpha: bool
    is_drawn: bool
    main: Rgb
    accent: Rgb
    faces: tuple[Face, ...] | None

    @property
    def is_whole(self) -> bool:
        """Say whether all of it must be seen."""
        return self.is_drawn or self.has_alpha


def study(
    pool: Pool,
    source: Path,
    *,
    found: Picture,
    canvas: tuple[int, int],
    workspace: Path,
    max_pixels: int,
    eyes: Eyes | None,
    is_cancelled: Callable[[], bool] = never,
) -> Study:
    """Write `picture.png` to the workspace, and look at it. Raises `MediaError`s of the `image`."""
    ready, small = workspace / "picture.png", workspace / "picture.rgb"
    try:
        pool.call(
            "convert_image",
            {"format": "png", "max_pixels": max_pixels, **_fitted(found, canvas)},
            input_path=source,
            output_path=ready,
            timeout_seconds=_TIMEOUT_SECONDS,
        )
    except MediaError as error:
        error.field = "image"
        raise
    answer = pool.call(
        "voiceover_looks",
        {},
        input_path=ready,
        output_path=small,
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    looks = msgspec.convert(answer, _Looks)
    faces: tuple[Face, ...] | None = None
    if eyes is not None:
        seen = eyes.faces(small, size=looks.size, is_cancelled=is_cancelled)
        faces = tuple(face for face in seen if face.score >= _SURE)
    small.unlink()
    return Study(
        path=ready,
        width=looks.width,
        height=looks.height,
        sent_size=(found.width, found.height),
        has_alpha=looks.has_alpha,
        is_drawn=looks.is_drawn,
        main=looks.main,
        accent=looks.accent,
        faces=faces,
    )


def _fitted(found: Picture, canvas: tuple[int, int]) -> dict[str, int]:
    """Return the size that is wanted: what covers the canvas, never more than there is."""
    scale = _NEARER * max(canvas[0] / found.width, canvas[1] / found.height)
    # A panorama is shown whole, and need not cover anything.
    most = 4 * max(canvas) / max(found.width, found.height)
    scale = min(scale, most)
    if scale >= 1:
        return {}
    return {
        "width": max(1, round(found.width * scale)),
        "height": max(1, round(found.height * scale)),
    }


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
    looks = _Looks(
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
