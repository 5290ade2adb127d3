"""What a timeline must know of a source file before anything of it is decoded."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import av.error
import msgspec
from av.container import InputContainer

from telecine.kit.errors import MediaError, UndecodableMediaError
from telecine.media.image_formats import ANIMATED
from telecine.media.render.decoding.animated import AnimatedImage, image_facts
from telecine.media.render.decoding.container import (
    alpha_decoder,
    first_audio,
    first_video,
    open_media,
    packets_of,
    start_seconds,
)
from telecine.media.render.decoding.frames import may_have_holes, orientation_of
from telecine.media.render.drawing.svg import is_svg, read_svg


class SourceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a file. `width` and `height` are as shown: upright, pixels square; 0 for sound.

    `duration_seconds` None: a still picture, or the file does not say. `has_video` is moving
    pictures, `is_animated` an image of several frames; `may_have_holes`: they have alpha.
    """

    width: int
    height: int
    duration_seconds: Fraction | None
    frame_rate: Fraction | None
    has_video: bool
    has_audio: bool
    is_animated: bool
    may_have_holes: bool


def probe_source(path: Path) -> SourceFacts:
    """Read the facts of an image, a video or a sound; decodes one picture of a video.

    Raises `MediaError`s for what is none of them.
    """
    try:
        facts = image_facts(path)
    except MediaError:
        return _of_drawing(path) if is_svg(path) else _of_media(path)
    is_animated = facts["pages"] > 1 and facts["format"] in ANIMATED
    duration = None
    if is_animated:
        size = (facts["width"], facts["height"])
        duration = AnimatedImage(path, size=size).duration_seconds
    return SourceFacts(
        width=facts["width"],
        height=facts["height"],
        duration_seconds=duration,
        frame_rate=None,
        has_video=False,
        has_audio=False,
        is_animated=is_animated,
        may_have_holes=facts["has_alpha"],
    )


def _of_drawing(path: Path) -> SourceFacts:
    drawing = read_svg(path, field=None)
    return SourceFacts(
        width=max(1, round(drawing.width)),
        height=max(1, round(drawing.height)),
        duration_seconds=None,
        frame_rate=None,
        has_video=False,
        has_audio=False,
        is_animated=False,
        may_have_holes=True,
    )


def _of_media(path: Path) -> SourceFacts:
    with open_media(path) as container:
        video = first_video(container)
        has_audio = first_audio(container) is not None
        if video is None and not has_audio:
            raise UndecodableMediaError("There is neither picture nor sound in the file.")
        frame = None if video is None else _first_picture(container, video)
        width, height = (0, 0) if video is None or frame is None else _shown_size(video, frame)
        return SourceFacts(
            width=width,
            height=height,
            duration_seconds=_duration_seconds(container, video),
            frame_rate=None if video is None else video.average_rate or video.guessed_rate,
            has_video=video is not None,
            has_audio=has_audio,
            is_animated=False,
            may_have_holes=video is not None
            and frame is not None
            and (alpha_decoder(video) is not None or may_have_holes(frame.format)),
        )


def _shown_size(stream: av.VideoStream, frame: av.VideoFrame) -> tuple[int, int]:
    """Width is stretched to square pixels, as players do; height stays. Then it is turned."""
    aspect = stream.sample_aspect_ratio
    width = max(1, round(frame.width * aspect)) if aspect and aspect > 0 else frame.width
    if orientation_of(frame, codec=stream.codec_context.name).is_transposed:
        return frame.height, width
    return width, frame.height


def _first_picture(container: InputContainer, stream: av.VideoStream) -> av.VideoFrame:
    for packet in packets_of(container, stream):
        with contextlib.suppress(av.error.FFmpegError):
            for frame in packet.decode():
                return frame
    raise UndecodableMediaError("No picture of the video can be decoded.")


def _duration_seconds(container: InputContainer, video: av.VideoStream | None) -> Fraction | None:
    """Return where the pictures end; where the stream does not say, where the file does."""
    if video is not None and video.duration and video.time_base is not None:
        start = (video.start_time or 0) * video.time_base
        return start + video.duration * video.time_base - start_seconds(container)
    if container.duration is not None and container.duration > 0:
        return Fraction(container.duration, av.time_base)
    return None
