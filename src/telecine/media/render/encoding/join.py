"""Parts of a film to one file, without encoding anything again.

Parts are what `Encoder` made of the runs of frames that `chunks.spans` gives; sound is one file
for the whole. Packets are copied, only their time stamps move.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from heapq import merge
from pathlib import Path
from typing import NamedTuple

import av
from av import AudioStream, Packet, VideoStream
from av.container import InputContainer

from telecine.kit.errors import InternalError
from telecine.media.render.encoding.codecs import SAMPLE_RATE
from telecine.media.render.encoding.outfile import AnyPacket, OutputFacts, OutputFile, translated


class _Timed(NamedTuple):
    seconds: Fraction
    order: int
    packet: AnyPacket


def join(
    parts: Sequence[Path],
    output: Path,
    *,
    frame_rate: Fraction,
    sound: Path | None = None,
    comment: str = "",
) -> OutputFacts:
    """Write the parts after one another, with the sound beside them. The parts are kept.

    Raises `InternalError` for parts that were not encoded alike.
    """
    file = OutputFile(output, frame_rate=frame_rate, comment=comment)
    try:
        with contextlib.ExitStack() as stack:
            return _joined(file, parts, frame_rate=frame_rate, sound=sound, stack=stack)
    except BaseException:
        file.discard()
        raise


def _joined(
    file: OutputFile,
    parts: Sequence[Path],
    *,
    frame_rate: Fraction,
    sound: Path | None,
    stack: contextlib.ExitStack,
) -> OutputFacts:
    first = stack.enter_context(_opened(parts[0])).streams.video[0]
    video = file.add_copy(first)
    flows: list[Iterator[_Timed]] = [_pictures(parts, video, frame_rate=frame_rate)]
    heard = None
    if sound is not None:
        heard = stack.enter_context(_opened(sound)).streams.audio[0]
        flows.append(_sounds(heard, file.add_copy(heard)))
    file.start()
    n_frames = 0
    for timed in merge(*flows, key=lambda timed: (timed.seconds, timed.order)):
        n_frames += timed.order == 0
        file.write([timed.packet])
    return OutputFacts(
        width=first.codec_context.width,
        height=first.codec_context.height,
        n_frames=n_frames,
        duration_seconds=n_frames / frame_rate,
        n_samples=0 if heard is None else _n_samples(heard),
        size_bytes=file.close(),
    )


def _pictures(
    parts: Sequence[Path], stream: VideoStream, *, frame_rate: Fraction
) -> Iterator[_Timed]:
    start = 0
    head = stream.codec_context.extradata
    for path in parts:
        n_frames = 0
        with _opened(path) as container:
            source = container.streams.video[0]
            if source.codec_context.extradata != head:
                raise InternalError(f"{path.name} was encoded with other settings")
            for packet in container.demux(source):
                if packet.dts is None or packet.pts is None:
                    continue  # the demuxer's last word
                n_frames += 1
                _to_frames(packet, frame_rate=frame_rate, offset=start)
                seconds = packet.dts / frame_rate
                packet.stream = stream
                yield _Timed(seconds, 0, packet)
        start += n_frames


def _to_frames(packet: Packet[VideoStream], *, frame_rate: Fraction, offset: int) -> None:
    """Count in frames from the film's beginning."""
    ticks = frame_rate * packet.time_base
    assert packet.pts is not None
    assert packet.dts is not None
    packet.pts, packet.dts = (
        round(packet.pts * ticks) + offset,
        round(packet.dts * ticks) + offset,
    )
    packet.duration = 1
    packet.time_base = 1 / frame_rate


def _sounds(source: AudioStream, stream: AudioStream) -> Iterator[_Timed]:
    container = source.container
    assert isinstance(container, InputContainer)
    for packet in container.demux(source):
        if packet.dts is None:
            continue
        seconds = packet.dts * packet.time_base
        packet.stream = stream
        yield _Timed(seconds, 1, packet)


def _n_samples(source: AudioStream) -> int:
    assert source.duration is not None
    assert source.time_base is not None
    return round(source.duration * source.time_base * SAMPLE_RATE)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    with translated():
        container = av.open(str(path), options={"protocol_whitelist": "file"})
    with container:
        yield container
