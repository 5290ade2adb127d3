"""What an uploaded file is, by its content: image, drawing, video, sound or captions, and its figures.

Found out in a confined child: `describing_child.py`. Drawings are the one kind that is not kept as it
came: what is written to the target is the drawing without scripts, references to elsewhere and
whatever else is not on the list of what may be drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import msgspec

from telecine.media.pool import Pool

_TIMEOUT_SECONDS: Final = 60.0


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. Sizes are those shown; None for what the file has not.

    `is_rewritten`: keep what was written to the target, not what came.
    """

    kind: Literal["image", "video", "audio", "caption"]
    media_type: str
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    is_rewritten: bool = False


def describe(pool: Pool, path: Path, *, target: Path, max_pixels: int) -> Description:
    """Look at a file; blocks. `target` is made anew, and left empty unless it is to be kept.

    Raises `MediaError`s: none of these kinds, damaged, or hostile.
    """
    answer = pool.call(
        "describe",
        {"max_pixels": max_pixels},
        input_path=path,
        output_path=target,
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    return msgspec.convert(answer, Description)


def thumbnail(pool: Pool, path: Path, *, kind: Literal["image", "video"], target: Path) -> None:
    """Write a small WebP of an image, or of a video's first picture; blocks. Raises `MediaError`s."""
    pool.call(
        "thumbnail",
        {"kind": kind},
        input_path=path,
        output_path=target,
        timeout_seconds=_TIMEOUT_SECONDS,
    )
