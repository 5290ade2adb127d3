"""What a media file holds, found out before anything is promised or charged.

The file is opened in a confined child (`probe_child.py`), and its first picture is decoded: a header
alone proves nothing. Sizes come twice: as coded, and as a player shows them (square pixels, turned
by the display matrix).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import msgspec

from telecine.kit.errors import MediaLimitError
from telecine.media.pool import Pool

#: Tracks of sound, of subtitles and all others together.
MOST_STREAMS: Final = 32
_PROBE_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """A moving picture. `rotation_degrees` (0 to 359) is how far a player turns it anticlockwise.

    `color_*` are FFmpeg's names, None where the file does not say. `is_hdr`: PQ or HLG.
    `frame_rate` is the average, `nominal_frame_rate` that of a film whose frames all are there.
    """

    index: int
    codec: str
    profile: str | None
    width: int
    height: int
    display_width: int
    display_height: int
    rotation_degrees: int
    frame_rate: Fraction
    nominal_frame_rate: Fraction
    is_variable_frame_rate: bool
    frame_count: int | None
    duration_seconds: float | None
    pixel_format: str
    bit_depth: int
    is_rgb: bool
    is_interlaced: bool
    color_primaries: str | None
    color_transfer: str | None
    color_space: str | None
    color_range: str | None
    is_hdr: bool
    bit_rate: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream:
    """A sound track. `language` is ISO 639-2, `bit_rate` in bits a second; None: not said."""

    index: int
    codec: str
    profile: str | None
    channels: int
    channel_layout: str
    sample_rate: int
    bit_rate: int | None
    duration_seconds: float | None
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """A file that holds video. `container` is libav's list of names: `mov,mp4,m4a,…`.

    `audio` has the tracks that can be decoded here. `title` and `created_at` are the file's own
    words, not checked.
    """

    container: str
    brand: str | None
    duration_seconds: float
    size_bytes: int
    video: VideoStream
    audio: tuple[AudioStream, ...]
    stream_count: int
    title: str | None
    created_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """The most that one input may ask of this machine."""

    max_pixels: int = 100_000_000
    max_total_pixels: int = 2_000_000_000_000
    max_duration_seconds: int = 6 * 3600
    max_streams: int = MOST_STREAMS


def probe(
    pool: Pool, path: Path, *, limits: MediaLimits | None = None, is_head: bool = False
) -> MediaInfo:
    """Say what a video file holds, and hold it to the limits.

    `is_head`: these are the first bytes of a larger file. `UndecodableMediaError` is said then,
    too, where they do not tell all: how long it is must stand in them.

    Raises `UnsupportedMediaError` (no video in it), `UndecodableMediaError` (a video, but empty,
    damaged or cut short) or `MediaLimitError`. Costs about 5 ms and never reads the whole file.
    """
    limits = limits or MediaLimits()
    answer = pool.call(
        "probe",
        {"max_pixels": limits.max_pixels, "is_head": is_head},
        input_path=path,
        timeout_seconds=_PROBE_TIMEOUT_SECONDS,
    )
    info: MediaInfo = msgspec.convert(answer, MediaInfo, dec_hook=_read_fraction)
    check_limits(info, limits)
    return info


def check_limits(info: MediaInfo, limits: MediaLimits) -> None:
    """Raise `MediaLimitError` naming the first limit that is passed."""
    video = info.video
    pixels = video.width * video.height
    frames = max(video.frame_count or 0, math.ceil(info.duration_seconds * video.frame_rate))
    if pixels > limits.max_pixels:
        raise too_large(video.width, video.height, max_pixels=limits.max_pixels)
    if info.duration_seconds > limits.max_duration_seconds:
        raise MediaLimitError(
            f"The video lasts {info.duration_seconds:.0f} seconds;"
            f" at most {limits.max_duration_seconds} are allowed."
        )
    if pixels * frames > limits.max_total_pixels:
        raise MediaLimitError(
            f"All frames together have {pixels * frames / 1e9:.0f} gigapixels;"
            f" at most {limits.max_total_pixels / 1e9:.0f} are allowed."
        )
    if info.stream_count > limits.max_streams:
        raise MediaLimitError(
            f"The file has {info.stream_count} streams; at most {limits.max_streams} are allowed."
        )


def too_large(width: int, height: int, *, max_pixels: int) -> MediaLimitError:
    """Return what a frame of so many pixels is refused with."""
    return MediaLimitError(
        f"A frame of {width}x{height} has {width * height} pixels;"
        f" at most {max_pixels} are allowed."
    )


def _read_fraction(kind: type, value: Any) -> Any:
    return kind(value)
