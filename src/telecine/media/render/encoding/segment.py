"""A few seconds of a film as a fragment of MP4 that players put beside others (HLS, fMP4).

Each is made by itself, in any order, and all fit together: the head is the same for all, times
count from the film's beginning, pictures need nothing outside. Sound is cut between AAC frames,
which lie on one grid for the whole film: each segment encodes a little more than it keeps, so
that its first frame continues the last one of its neighbour.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final, NamedTuple

import av
from av import AudioStream, VideoStream
from av.container import OutputContainer
from msgspec.structs import replace

from telecine.kit.errors import InternalError
from telecine.media.render.encoding import codecs
from telecine.media.render.encoding.canvas import EncoderCanvas
from telecine.media.render.encoding.codecs import SAMPLE_RATE, EncodeSettings
from telecine.media.render.encoding.encode import sound_frame
from telecine.media.render.encoding.outfile import Block, mp4_options, translated
from telecine.media.render.planes import Planes

#: Samples in an AAC frame; each also says something of the next as many.
_AAC_FRAME: Final = 1024
#: AAC frames that are encoded before the first that is kept, and samples after the last.
_RUN_UP: Final = 3 * _AAC_FRAME
_RUN_OUT: Final = 3 * _AAC_FRAME
_VIDEO_TRACK, _AUDIO_TRACK = 1, 2


class Segment(NamedTuple):
    """`head` is the same for all segments of a film; players load it once."""

    head: bytes
    body: bytes


def sound_span(frames: range, *, frame_rate: Fraction) -> range:
    """Return the samples that a segment needs; it may begin before the film, in silence."""
    kept = _kept(frames, frame_rate)
    return range(kept.start - _RUN_UP, kept.stop + _RUN_OUT)


def segment(
    pictures: Iterable[Planes],
    *,
    frames: range,
    size: tuple[int, int],
    frame_rate: Fraction,
    settings: EncodeSettings,
    sound: Block | None = None,
) -> Segment:
    """Encode the pictures of `frames` (numbers in the film) and the samples of `sound_span`.

    Segments of one film have the same size, rate and settings, and all have sound or none.
    H.264 whatever the settings say.
    """
    if len(frames) == 0:
        raise InternalError("a segment without a frame")
    buffer = io.BytesIO()
    movflags = "+empty_moov+default_base_moof+frag_custom+skip_trailer"
    options = {**mp4_options(frame_rate), "movflags": movflags, "use_editlist": "0"}
    with (
        translated(),
        av.open(buffer, "w", format="mp4", container_options=options) as container,
    ):
        video = _video(container, size, frame_rate=frame_rate, settings=settings)
        audio = None if sound is None else _audio(container, settings)
        container.start_encoding()
        head = buffer.tell()
        n_frames = _encode_pictures(container, video, pictures, size=size)
        if n_frames != len(frames):
            raise InternalError(f"{n_frames} pictures for {len(frames)} frames")
        if audio is not None and sound is not None:
            kept = _kept(frames, frame_rate)
            if len(sound) != len(sound_span(frames, frame_rate=frame_rate)):
                raise InternalError(f"{len(sound)} samples for a segment")
            _encode_sound(container, audio, sound, n_samples=len(kept))
        clock = video.time_base
        assert clock is not None
    data = buffer.getvalue()
    starts = {
        _VIDEO_TRACK: round(frames.start / frame_rate / clock),
        _AUDIO_TRACK: _kept(frames, frame_rate).start,
    }
    body = _placed(data[head:], starts=starts, number=frames.start + 1)
    return Segment(head=data[:head], body=body)


def _kept(frames: range, frame_rate: Fraction) -> range:
    """Return the samples of the AAC frames that begin while the pictures are shown."""
    start, stop = (
        -(-round(Fraction(number * SAMPLE_RATE) / frame_rate) // _AAC_FRAME) * _AAC_FRAME
        for number in (frames.start, frames.stop)
    )
    return range(start, stop)


def _video(
    container: OutputContainer,
    size: tuple[int, int],
    *,
    frame_rate: Fraction,
    settings: EncodeSettings,
) -> VideoStream:
    settings = replace(settings, codec="h264")
    stream = container.add_stream(codecs.video_encoder(settings), rate=frame_rate)
    assert isinstance(stream, VideoStream)
    width, height = size
    context = stream.codec_context
    codecs.prepare_video(
        context,
        settings,
        width=width + width % 2,
        height=height + height % 2,
        frame_rate=frame_rate,
    )
    # Without them pictures are decoded in the order in which they are shown, and a segment
    # begins exactly at its first.
    context.max_b_frames = 0
    return stream


def _audio(container: OutputContainer, settings: EncodeSettings) -> AudioStream:
    stream = container.add_stream(codecs.sound_encoder("aac"), rate=SAMPLE_RATE)
    assert isinstance(stream, AudioStream)
    bits = settings.sound_bits_per_second
    codecs.prepare_audio(stream.codec_context, "aac", bits_per_second=bits)
    return stream


def _encode_pictures(
    container: OutputContainer,
    stream: VideoStream,
    pictures: Iterable[Planes],
    *,
    size: tuple[int, int],
) -> int:
    context = stream.codec_context
    time_base = context.time_base
    canvas = EncoderCanvas(size, coded=(context.width, context.height))
    n_frames = 0
    for planes in pictures:
        canvas.fill(planes)
        canvas.frame.pts = n_frames
        n_frames += 1
        for packet in stream.encode(canvas.frame):
            packet.duration, packet.time_base = 1, time_base
            container.mux(packet)
    for packet in stream.encode(None):
        packet.duration, packet.time_base = 1, time_base
        container.mux(packet)
    return n_frames


def _encode_sound(
    container: OutputContainer, stream: AudioStream, sound: Block, *, n_samples: int
) -> None:
    packets = stream.encode(sound_frame(sound, start=-_RUN_UP))
    for packet in [*packets, *stream.encode(None)]:
        if packet.pts is not None and 0 <= packet.pts < n_samples:
            packet.duration = _AAC_FRAME
            container.mux(packet)


def _placed(body: bytes, *, starts: dict[int, int], number: int) -> bytes:
    """Write where in the film each track's part begins."""
    data = bytearray(body)
    for name, at in _boxes(data, 0, len(data)):
        if name != b"moof":
            continue
        for inner, place in _inside(data, at):
            if inner == b"mfhd":
                struct.pack_into(">I", data, place + 12, number)
            elif inner == b"traf":
                _place_track(data, place, starts=starts)
    return bytes(data)


def _place_track(data: bytearray, at: int, *, starts: dict[int, int]) -> None:
    track = 0
    for name, place in _inside(data, at):
        if name == b"tfhd":
            (track,) = struct.unpack_from(">I", data, place + 12)
        elif name == b"tfdt":
            if data[place + 8] != 1:
                raise InternalError("a fragment's time has 32 bits")
            struct.pack_into(">Q", data, place + 12, starts[track])


def _inside(data: bytearray, at: int) -> Iterator[tuple[bytes, int]]:
    (size,) = struct.unpack_from(">I", data, at)
    return _boxes(data, at + 8, at + size)


def _boxes(data: bytearray, at: int, end: int) -> Iterator[tuple[bytes, int]]:
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8:
            raise InternalError("a fragment with a box of no size")
        yield name, at
        at += size
