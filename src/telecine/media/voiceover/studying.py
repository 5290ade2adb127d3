"""A voiceover's picture, made fit for drawing, and what is in it: faces, colours, what kind it is.

The picture is decoded in the pool alone (`studying_child.py`): upright, in sRGB, an animation's first frame, no larger
than is ever shown. Photographs and drawn pictures (screenshots, logos) are shown in different ways.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from telecine.kit.errors import MediaError
from telecine.media.ffmpeg import never
from telecine.media.pool import Pool
from telecine.media.seeing.looking import Eyes
from telecine.media.seeing.model import Face
from telecine.media.voiceover.intake import Picture

Rgb = tuple[int, int, int]

#: How much larger than the canvas a picture is kept: it is pushed in.
_NEARER: Final = 1.25
_TIMEOUT_SECONDS: Final = 120.0
_SURE: Final = 0.7


class Looks(msgspec.Struct, frozen=True, kw_only=True):
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
    looks = msgspec.convert(answer, Looks)
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
