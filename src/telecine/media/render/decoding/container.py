"""A media file of somebody's, opened: its pictures, its sound, and where it begins.

Only demuxers that never open what the bytes name are let near it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeVar

import av
import av.error

# PyAV imports these when it first meets a stream that is neither picture nor sound; behind a
# sandbox's walls it could not.
import av.subtitles.codeccontext
import av.subtitles.stream
import av.subtitles.subtitle
from av.container import InputContainer
from av.packet import Packet

from telecine.kit.errors import UndecodableMediaError
from telecine.media.containers import limit_frames, open_container

_Stream = TypeVar("_Stream", av.VideoStream, av.AudioStream)
#: FFmpeg's own decoders of these pass over the alpha, which lies beside each picture.
_DECODERS_WITH_ALPHA: Final = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

#: The most pixels of one frame; what the settings allow is never more.
_held_to: Final = [420_000_000]


def hold_to(max_pixels: int) -> None:
    """Have this process, which does one job, decode no frame of more pixels."""
    _held_to[0] = max_pixels


def open_media(path: Path) -> InputContainer:
    """Open a file, by a descriptor of its own. Raises `UndecodableMediaError`."""
    try:
        with path.open("rb") as file:
            return open_container(file.fileno(), max_pixels=_held_to[0])
    except (av.error.FFmpegError, OSError) as error:
        raise UndecodableMediaError(
            "The file can be read neither as a picture nor as video or sound."
        ) from error


def first_video(container: InputContainer) -> av.VideoStream | None:
    """Return the first stream of moving pictures; the cover of a song is none."""
    cover = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    for stream in container.streams.video:
        # libav gives a stream of an unknown codec no context, whatever the stubs say.
        context: object = stream.codec_context
        if context is not None and not stream.disposition & cover:
            return stream
    return None


def first_audio(container: InputContainer) -> av.AudioStream | None:
    """Return the first sound that can be decoded here."""
    for stream in container.streams.audio:
        context: object = stream.codec_context  # None for an unknown codec, whatever the stubs say
        if context is not None:
            return stream
    return None


def alpha_decoder(stream: av.VideoStream) -> av.VideoCodecContext | None:
    """Return a decoder that sees the alpha of a WebM, or None where the stream's own will do."""
    name = _DECODERS_WITH_ALPHA.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return None
    decoder = av.CodecContext.create(name, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.extradata = stream.codec_context.extradata
    limit_frames(decoder, max_pixels=_held_to[0])
    return decoder


def start_seconds(container: InputContainer) -> Fraction:
    """Return the stamp at which the file begins; libav's answer is None where it is unknown."""
    start: int | None = container.start_time
    return Fraction(start or 0, av.time_base)


def packets_of(container: InputContainer, stream: _Stream) -> Iterator[Packet[_Stream]]:
    """Yield the packets of a stream from where the file stands; where it breaks off, it ends.

    The last one is empty: it asks the decoder for what it still holds.
    """
    try:
        yield from container.demux(stream)
    except av.error.FFmpegError:
        return
    except IndexError:
        # PyAV looks for a stream that came up in mid-file, after the last packet of ours.
        return
