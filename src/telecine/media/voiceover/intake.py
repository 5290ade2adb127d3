"""What a voiceover is made of, found out before anything is promised: one picture, one sound.

By content, never by name. A sound's length is that of its packets, which are counted: a header
may say what it likes (`intake_child.py`). Nothing is decoded yet; what turns out longer later is not rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from telecine.kit.errors import MediaLimitError, UnsupportedMediaError
from telecine.media.pool import Pool

SoundKind = Literal["mp3", "wav", "m4a", "ogg"]
PictureKind = Literal["jpg", "png", "webp"]

#: The shorter side that a picture must have, in px: less is no picture of anything.
LEAST_PICTURE_SIDE: Final = 32
_TIMEOUT_SECONDS: Final = 60.0
_MEDIA_TYPES: Final[dict[str, str]] = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
}


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What the picture's header says; the size is the upright one."""

    kind: PictureKind
    width: int
    height: int


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """What the sound's packets say."""

    kind: SoundKind
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that a picture and a sound may ask of this machine."""

    max_pixels: int
    max_seconds: float


def media_type(found: Picture | Sound) -> str:
    """Return the media type of what was found."""
    return _MEDIA_TYPES[found.kind]


def measure_picture(pool: Pool, path: Path, *, limits: Limits) -> Picture:
    """Look at the picture, and decode it small; blocks for milliseconds, of a large PNG for a second.

    `field` of what is raised is `image`.

    Raises `UnsupportedMediaError` (no JPEG, PNG or WebP; or smaller than 32 px), other
    `MediaError`s.
    """
    answer = pool.call(
        "voiceover_picture",
        {"max_pixels": limits.max_pixels},
        input_path=path,
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    found = msgspec.convert(answer, Picture)
    if found.width * found.height > limits.max_pixels:
        raise MediaLimitError(
            f"The image has {found.width * found.height} pixels; the most is {limits.max_pixels}.",
            field="image",
        )
    if min(found.width, found.height) < LEAST_PICTURE_SIDE:
        raise UnsupportedMediaError(
            f"The image has {found.width} x {found.height} pixels; "
            f"both sides must have {LEAST_PICTURE_SIDE} at least.",
            field="image",
        )
    return found


def measure_sound(pool: Pool, path: Path, *, limits: Limits) -> Sound:
    """Count the sound's packets; 10 ms to a second. `field` of what is raised is `audio`.

    Raises `UnsupportedMediaError` (no MP3, WAV, M4A or OGG), other `MediaError`s.
    """
    answer = pool.call("voiceover_sound", {}, input_path=path, timeout_seconds=_TIMEOUT_SECONDS)
    found = msgspec.convert(answer, Sound)
    if found.seconds > limits.max_seconds:
        raise MediaLimitError(
            f"The audio lasts {found.seconds:.0f} seconds; the most is {limits.max_seconds:.0f}.",
            field="audio",
        )
    return found
