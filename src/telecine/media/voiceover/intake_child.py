"""Looks into a voiceover's picture, and counts its sound: the child's half of `intake.py`."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any, Final

import av
import av.error

from telecine.kit.errors import UndecodableMediaError, UnsupportedMediaError
from telecine.media import sniffing
from telecine.media.containers import open_container
from telecine.media.images import identify_task, require_whole
from telecine.media.render.decoding.container import first_audio, first_video, packets_of
from telecine.media.voiceover.intake import SoundKind

_PICTURES: Final = ("jpg", "png", "webp")
_DEMUXERS: Final = ("mp3", "wav", "mov", "mp4", "m4a", "ogg")
_MOST_COVER_PIXELS: Final = 100_000_000
_KINDS: Final[dict[str, SoundKind]] = {"mp3": "mp3", "wav": "wav", "mov": "m4a", "ogg": "ogg"}


def picture_task(
    params: dict[str, Any], source_fd: int, target_fd: int | None = None
) -> dict[str, Any]:
    """Run in a confined child: read the picture's header, and see that there is more than that.

    A picture of more than `params["max_pixels"]` is not decoded.
    """
    head = _head(source_fd, field="image")
    if sniffing.image_loader(head) is None:
        raise UnsupportedMediaError(_not_a_picture(source_fd), field="image")
    try:
        found = identify_task(params, source_fd, target_fd)
        if found["width"] * found["height"] <= params["max_pixels"]:
            require_whole(source_fd)
    except (UnsupportedMediaError, UndecodableMediaError) as error:
        error.field = "image"
        raise
    if found["format"] not in _PICTURES:
        raise UnsupportedMediaError("The image must be JPEG, PNG or WebP.", field="image")
    return {"kind": found["format"], "width": found["width"], "height": found["height"]}


def sound_task(
    params: dict[str, Any], source_fd: int, target_fd: int | None = None
) -> dict[str, Any]:
    """Run in a confined child: read all packets of the sound."""
    del params, target_fd
    head = _head(source_fd, field="audio")
    if sniffing.image_loader(head) is not None:
        raise UnsupportedMediaError(
            "The audio is an image. Send the sound as audio, the picture as image.", field="audio"
        )
    try:
        kind, seconds = _counted(source_fd)
    except av.error.FFmpegError as error:
        raise UnsupportedMediaError(
            "The audio must be MP3, WAV, M4A or OGG.", field="audio"
        ) from error
    if seconds <= 0:
        raise UndecodableMediaError("There is no sound in the audio.", field="audio")
    return {"kind": kind, "seconds": float(seconds)}


def _head(source_fd: int, *, field: str) -> bytes:
    head = os.pread(source_fd, sniffing.LOOKED_AT_BYTES, 0)
    if not head:
        raise UndecodableMediaError(f"The {field} is empty.", field=field)
    return head


def _not_a_picture(source_fd: int) -> str:
    try:
        _counted(source_fd)
    except (av.error.FFmpegError, UnsupportedMediaError):
        return "The image must be JPEG, PNG or WebP."
    return "The image is a sound. Send the picture as image, the sound as audio."


def _counted(source_fd: int) -> tuple[SoundKind, Fraction]:
    """Return what the sound is in, and how long all its packets are."""
    # A cover is not decoded, only counted past.
    with open_container(source_fd, max_pixels=_MOST_COVER_PIXELS, demuxers=_DEMUXERS) as container:
        kind = _KINDS.get(container.format.name.partition(",")[0])
        stream = first_audio(container)
        if kind is None or stream is None or first_video(container) is not None:
            raise UnsupportedMediaError("The audio must be MP3, WAV, M4A or OGG.", field="audio")
        time_base = stream.time_base or Fraction(1, av.time_base)
        first: int | None = None
        end = counted = 0
        for packet in packets_of(container, stream):
            length = packet.duration or 0
            counted += length
            if packet.pts is not None:
                first = packet.pts if first is None else first
                end = max(end, packet.pts + length - first)
        return kind, max(end, counted) * time_base
