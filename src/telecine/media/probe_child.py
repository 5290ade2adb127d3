"""Opens a film with libav and says what it holds: the child's half of `probe.py`.

It sees one descriptor. A cover picture is not video.
"""

from __future__ import annotations

import itertools
import os
import re
from fractions import Fraction
from typing import Any, Final

import av
import av.error

# PyAV imports these when it first meets a stream that is neither picture nor sound; the child
# could not open them any more behind its walls.
import av.subtitles.codeccontext
import av.subtitles.stream
import av.subtitles.subtitle
import msgspec
from av.container import InputContainer

from telecine.kit.errors import UndecodableMediaError, UnsupportedMediaError
from telecine.media import frame_rates, wholeness
from telecine.media.containers import open_container
from telecine.media.probe import AudioStream, MediaInfo, VideoStream, too_large

# fmt: off
#: ITU-T H.273 code points as FFmpeg names them; what is not listed counts as not tagged.
_PRIMARIES: Final = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film",
    9: "bt2020", 10: "smpte428", 11: "smpte431", 12: "smpte432",
}
_TRANSFERS: Final = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear",
    11: "iec61966-2-4", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12",
    16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}
_SPACES: Final = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m",
    8: "ycgco", 9: "bt2020nc", 10: "bt2020c", 12: "chroma-derived-nc", 14: "ictcp",
}
# fmt: on
_RANGES: Final = {1: "tv", 2: "pc"}

#: First bytes of containers that hold video: (offset, bytes). Tells "broken" from "not a video".
_SIGNATURES: Final = (
    *((4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (4, b"free"), (4, b"skip")),
    *((0, b"\x1a\x45\xdf\xa3"), (0, b"FLV\x01"), (0, b"OggS"), (8, b"AVI "), (0, b"GIF8")),
    *((0, b"\x00\x00\x01\xba"), (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")),
)
#: ISO brands of still pictures: HEIC and AVIF open as "mov" and would pass for one-frame films.
_PICTURE_BRANDS: Final = frozenset({"heic", "heix", "heim", "heis", "mif1", "avif"})

_CLOCK_TIME: Final = re.compile(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)")
_INTERLACED_FIELD_ORDERS: Final = frozenset({2, 3, 4, 5})
_MAX_FIRST_FRAME_PACKETS: Final = 2_000


def probe_task(params: dict[str, Any], source_fd: int, target_fd: int | None) -> dict[str, Any]:
    """Run in a confined child: describe the file behind `source_fd`, as JSON values.

    A frame of more than `params["max_pixels"]` is described from its header and not decoded.
    """
    del target_fd
    size_bytes = os.fstat(source_fd).st_size
    if size_bytes == 0:
        raise UndecodableMediaError("The file is empty.")
    try:
        with open_container(source_fd, max_pixels=params["max_pixels"]) as container:
            is_head = params.get("is_head", False)
            if is_head:
                _require_telling(container, os.pread(source_fd, size_bytes, 0))
            info = _describe(
                container,
                size_bytes=None if is_head else size_bytes,
                max_pixels=params["max_pixels"],
            )
    except av.error.FFmpegError as error:
        # "Invalid argument" is the whitelist's word: a format, but none of ours.
        is_foreign = isinstance(error, av.error.ArgumentError)
        if is_foreign or not _looks_like_video(os.pread(source_fd, 1024, 0)):
            raise UnsupportedMediaError("The file is not a video that can be read here.") from error
        raise UndecodableMediaError(
            "The file begins like a video, but it is damaged or cut short."
        ) from error
    except _SizelessError as error:
        _require_allowed_size(source_fd, max_pixels=params["max_pixels"])
        raise UndecodableMediaError(
            "The video has no picture size; it is damaged or cut short."
        ) from error
    answer: dict[str, Any] = msgspec.to_builtins(info, enc_hook=str)
    return answer


class _SizelessError(Exception):
    """libav found no size: there is none, or a decoder has refused it for being too large."""


def _require_allowed_size(source_fd: int, *, max_pixels: int) -> None:
    """Raise `MediaLimitError` for the size that the container states, asking no decoder."""
    with open_container(source_fd, max_pixels=max_pixels, decoders="none") as container:
        for stream in container.streams.video:
            width, height = stream.width, stream.height
            if width * height > max_pixels:
                raise too_large(width, height, max_pixels=max_pixels)


def _looks_like_video(head: bytes) -> bool:
    if any(head.startswith(signature, offset) for offset, signature in _SIGNATURES):
        return True
    return len(head) > 376 and head[0] == head[188] == head[376] == 0x47  # MPEG-TS packets


def _require_telling(container: InputContainer, head: bytes) -> None:
    """Raise `UndecodableMediaError` unless a file says at its start how long it is.

    Others would be measured by the bytes at hand; so would those that are written in fragments.
    """
    is_mov = container.format.name.startswith("mov")
    if not is_mov or b"mvex" in head or not container.duration:
        raise UndecodableMediaError("The start of the video does not tell how long it is.")


def _describe(container: InputContainer, *, size_bytes: int | None, max_pixels: int) -> MediaInfo:
    """Without `size_bytes` only the start of it is there."""
    stream = _first_video(container)
    video = _video(container, stream, max_pixels=max_pixels)
    if size_bytes is not None and video.width * video.height <= max_pixels:
        # The limits refuse a larger frame by its header, without looking further.
        wholeness.require_whole(container, stream, size_bytes=size_bytes)
    return MediaInfo(
        container=container.format.name,
        brand=container.metadata.get("major_brand"),
        duration_seconds=_duration_seconds(container, stream),
        size_bytes=size_bytes or 0,
        video=video,
        audio=tuple(_audio(track) for track in container.streams.audio if _is_decodable(track)),
        stream_count=len(container.streams),
        title=container.metadata.get("title") or None,
        created_at=container.metadata.get("creation_time") or None,
    )


def _first_video(container: InputContainer) -> av.VideoStream:
    for stream in container.streams.video:
        cover = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
        if not stream.disposition & cover:
            break
    else:
        raise UnsupportedMediaError("The file has no video in it.")
    if container.metadata.get("major_brand", "").strip() in _PICTURE_BRANDS:
        raise UnsupportedMediaError("The file is a picture, not a video.")
    if not _is_decodable(stream):
        raise UnsupportedMediaError("The video is in a format that cannot be decoded here.")
    if not (stream.width and stream.height):
        raise _SizelessError
    return stream


def _is_decodable(stream: av.VideoStream | av.AudioStream) -> bool:
    # libav gives a stream of an unknown codec no context at all, whatever the stubs say.
    context: object = stream.codec_context
    return context is not None


def _video(container: InputContainer, stream: av.VideoStream, *, max_pixels: int) -> VideoStream:
    context = stream.codec_context
    frame = None
    if context.width * context.height <= max_pixels:
        frame = _first_frame(container, stream)
    width, height = (frame.width, frame.height) if frame else (context.width, context.height)
    pixels = frame.format if frame else context.format
    # A display matrix of zeros turns by no number; libav makes the least of all of it.
    rotation = frame.rotation % 360 if frame and abs(frame.rotation) <= 360 else 0
    shown = _shown_size(width, height, aspect=stream.sample_aspect_ratio, rotation=rotation)
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    transfer = _TRANSFERS.get(frame.color_trc if frame else context.color_trc)
    return VideoStream(
        index=stream.index,
        codec=context.codec.canonical_name,
        profile=context.profile,
        width=width,
        height=height,
        display_width=shown[0],
        display_height=shown[1],
        rotation_degrees=rotation,
        frame_rate=rate,
        nominal_frame_rate=frame_rates.nominal(rate, stream.base_rate),
        is_variable_frame_rate=stream.base_rate not in (None, rate),
        frame_count=stream.frames or None,
        duration_seconds=_stream_seconds(stream),
        pixel_format=pixels.name if pixels else "",
        bit_depth=pixels.components[0].bits if pixels else 8,
        is_rgb=bool(pixels and pixels.is_rgb),
        is_interlaced=_is_interlaced(context, frame),
        color_primaries=_PRIMARIES.get(frame.color_primaries if frame else context.color_primaries),
        color_transfer=transfer,
        color_space=_SPACES.get(frame.colorspace if frame else context.colorspace),
        color_range=_RANGES.get(frame.color_range if frame else context.color_range),
        is_hdr=transfer in {"smpte2084", "arib-std-b67"},
        bit_rate=stream.bit_rate or None,
    )


def _first_frame(container: InputContainer, stream: av.VideoStream) -> av.VideoFrame:
    """Decode until one picture comes out: the proof that there is something to work on."""
    stream.codec_context.thread_count = 1
    for packet in itertools.islice(container.demux(stream), _MAX_FIRST_FRAME_PACKETS):
        try:
            frames = stream.decode(packet)
        except av.error.FFmpegError:
            continue  # a recording may begin in the middle of a group of pictures
        if frames:
            return frames[0]
    raise UndecodableMediaError("No picture of the video can be decoded; it is damaged.")


def _is_interlaced(context: av.VideoCodecContext, frame: av.VideoFrame | None) -> bool:
    if frame is not None and frame.interlaced_frame:
        return True
    return context.field_order in _INTERLACED_FIELD_ORDERS


def _shown_size(
    width: int, height: int, *, aspect: Fraction | None, rotation: int
) -> tuple[int, int]:
    """Width is stretched to square pixels, as players do; height stays."""
    shown_width = max(1, round(width * aspect)) if aspect and aspect > 0 else width
    if abs(rotation % 180 - 90) < 45:
        return height, shown_width
    return shown_width, height


def _audio(stream: av.AudioStream) -> AudioStream:
    context = stream.codec_context
    return AudioStream(
        index=stream.index,
        codec=context.codec.canonical_name,
        profile=context.profile,
        channels=context.channels,
        channel_layout=context.layout.name,
        sample_rate=context.sample_rate,
        bit_rate=context.bit_rate or None,
        duration_seconds=_stream_seconds(stream),
        language=stream.language,
    )


def _stream_seconds(stream: av.VideoStream | av.AudioStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    tag = _CLOCK_TIME.fullmatch(stream.metadata.get("DURATION", ""))  # Matroska keeps it there
    if tag is None:
        return None
    return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3]) or None


def _duration_seconds(container: InputContainer, stream: av.VideoStream) -> float:
    """From the container, else the stream, else the last time stamp of all packets."""
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    seconds = _stream_seconds(stream)
    if seconds is None:
        container.seek(0)
        seconds = wholeness.last_seconds(container, max_bytes=None)
    if not seconds:
        raise UndecodableMediaError("The video has no duration; it is damaged or cut short.")
    return seconds
