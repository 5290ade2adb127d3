"""One video file as frames in the order they are shown, from any instant on.

Second 0 is where the file as a whole begins, as players count: a recording whose stamps start
at an hour starts at 0, and pictures keep their place beside the sound. A frame is on screen
from its own stamp until the next one's; the first also before, the last for ever.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.error
import msgspec

from telecine.kit.errors import UndecodableMediaError, UnsupportedMediaError
from telecine.media.render.decoding.container import (
    alpha_decoder,
    first_video,
    open_media,
    packets_of,
    start_seconds,
)

#: How far before the wanted instant to look for a key frame, in seconds: each after the last
#: one failed. In the end the file is read from its start.
_BACK_OFFS_SECONDS: Final = (0, 1, 5, 25)
#: Decoding on is cheaper than seeking up to here: a group of pictures is rarely longer.
_READ_ON_SECONDS: Final = Fraction(3, 2)
#: So long before the wanted instant every frame is decoded: one of them is what is seen.
_KEPT_SECONDS: Final = Fraction(1, 4)
#: A program stream has a stamp now and then; libav's guesses after a seek are right by then.
_PROGRAM_STREAM_RUN_UP_SECONDS: Final = 1
#: A stamp is rounded to its clock (milliseconds in Matroska), the start of a file to 1 µs.
_MAX_TOLERANCE_SECONDS: Final = Fraction(1, 1000)
_START_ROUNDING_SECONDS: Final = Fraction(1, 1_000_000)
_LARGE_PIXELS: Final = 1920 * 1088


class TimedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded frame, and from when to when it is shown. `end` None: the last of the file."""

    start: Fraction
    end: Fraction | None
    frame: av.VideoFrame


class VideoFile:
    """The pictures of one file. Not for two threads at once.

    `size` is how large its pictures will be drawn: what could not be seen then is not worked out.
    `tolerance` is how much too late a stamp may be by rounding: add it to the instant asked for.
    Raises `UnsupportedMediaError` when there is no video in it, `UndecodableMediaError`.
    """

    def __init__(self, path: Path, *, size: tuple[int, int] | None = None) -> None:
        self._path = path
        self._size = size
        self._frames: Iterator[TimedFrame] = iter(())
        self._position: Fraction | None = None
        self._open()

    def close(self) -> None:
        """Let go of the file."""
        self._frames = iter(())
        self._container.close()

    def frames_from(self, seconds: Fraction, *, before: bool = True) -> Iterator[TimedFrame]:
        """Yield frames in order; the first is at or before `seconds`, perhaps long before.

        Goes on from where the last call stopped when that is near enough. `before` False: those
        that are over by then may be missing, which makes seeking faster by a quarter.
        """
        position = self._position
        if position is None or not position <= seconds <= position + _READ_ON_SECONDS:
            self._seek(seconds, before=before)
        for shown in self._frames:
            self._position = shown.end
            yield shown

    def _open(self) -> None:
        self._container = open_media(self._path)
        stream = first_video(self._container)
        if stream is None:
            self._container.close()
            raise UnsupportedMediaError("The file has no video in it.")
        self._stream = stream
        self.codec = stream.codec_context.name
        self._time_base = stream.time_base or Fraction(1, av.time_base)
        self._zero = start_seconds(self._container)
        kind = self._container.format.name
        self._run_up_seconds = _PROGRAM_STREAM_RUN_UP_SECONDS if kind == "mpeg" else 0
        if kind == "avi" and stream.codec_context.has_b_frames:
            self._zero += _late_seconds(self._path)
        tolerance = min(self._time_base / 2, _MAX_TOLERANCE_SECONDS)
        self.tolerance = tolerance + _START_ROUNDING_SECONDS
        self._frame_seconds = 1 / (stream.average_rate or stream.guessed_rate or Fraction(25))
        self._alpha_decoder = alpha_decoder(stream)
        context = self._alpha_decoder or stream.codec_context
        # One thread decodes 1080p faster than it can be encoded; each more costs a frame.
        n_pixels = stream.width * stream.height
        context.thread_count = 1 if n_pixels <= _LARGE_PIXELS else 2
        context.thread_type = "FRAME"
        if self._size is not None and 4 * math.prod(self._size) <= n_pixels:
            # A fifth of decoding H.264; at half the size and less it is 54 dB or better.
            context.options = {**context.options, "skip_loop_filter": "all"}
        self._frames = self._timed(self._decoded(), is_start=True)
        self._position = Fraction(0)

    def _seek(self, seconds: Fraction, *, before: bool) -> None:
        """Place the decoder so that the next frame is at or before `seconds`."""
        for back_off in _BACK_OFFS_SECONDS:
            target = seconds - back_off - self._run_up_seconds
            if target <= 0:
                break
            if not before and self._land(target, seconds, skip_before=seconds - _KEPT_SECONDS):
                return
            if self._land(target, seconds, skip_before=None):
                return
        self._container.close()
        self._open()

    def _land(self, target: Fraction, seconds: Fraction, *, skip_before: Fraction | None) -> bool:
        """Seek to `target`; say whether the frames from there on hold what `seconds` needs."""
        try:
            offset = math.floor((target + self._zero) / self._time_base)
            self._container.seek(offset, stream=self._stream)
        except av.error.FFmpegError:
            return False
        decoded = self._from_key_frame(self._decoded(skip_before=skip_before))
        frames = self._timed(decoded, is_start=False)
        first = next(frames, None)
        if first is None or first.start > seconds:
            return False
        over_by = seconds if skip_before is not None else seconds - _KEPT_SECONDS
        while (skip_before or self._run_up_seconds) and first.end and first.end <= over_by:
            first = next(frames)
        if skip_before is not None and first.start < skip_before:
            return False  # what was left out may be what is seen
        self._frames = _chained(first, frames)
        return True

    def _decoded(self, *, skip_before: Fraction | None = None) -> Iterator[av.VideoFrame]:
        """Yield what can be decoded; broken packets are passed over, as players do.

        A file that breaks off ends there. Before `skip_before`, pictures that no other refers
        to may be left out.
        """
        context = self._stream.codec_context
        context.skip_frame = "DEFAULT"
        for packet in packets_of(self._container, self._stream):
            if skip_before is not None:
                is_early = packet.pts is not None and (
                    packet.pts * self._time_base - self._zero < skip_before
                )
                context.skip_frame = "NONREF" if is_early else "DEFAULT"
            yield from self._pictures(packet)

    def _pictures(self, packet: av.Packet[av.VideoStream]) -> list[av.VideoFrame]:
        try:
            return (self._alpha_decoder or packet.stream.codec_context).decode(packet)
        except av.error.FFmpegError:
            return []

    def _from_key_frame(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """After a seek, what comes out before a key frame lacks the pictures it refers to."""
        for frame in frames:
            # libvpx marks no key frames, and gives nothing before the first.
            if frame.key_frame or self._alpha_decoder is not None:
                yield frame
                break
        yield from frames

    def _timed(self, frames: Iterator[av.VideoFrame], *, is_start: bool) -> Iterator[TimedFrame]:
        held: av.VideoFrame | None = None
        start = Fraction(0)
        for frame in frames:
            at = self._seconds(frame, after=start if held is not None else None)
            if held is None:
                start = min(at, Fraction(0)) if is_start else at
            elif at > start:
                yield TimedFrame(start=start, end=at, frame=held)
                start = at
            held = frame
        if held is not None:
            yield TimedFrame(start=start, end=None, frame=held)
        elif is_start:
            raise UndecodableMediaError("No picture of the video can be decoded.")

    def _seconds(self, frame: av.VideoFrame, *, after: Fraction | None) -> Fraction:
        stamp = frame.pts if frame.pts is not None else frame.dts
        if stamp is None:  # a container without stamps: frames follow one another evenly
            return Fraction(0) if after is None else after + self._frame_seconds
        return stamp * (frame.time_base or self._time_base) - self._zero


def _late_seconds(path: Path) -> Fraction:
    """Return how late a decoder's stamps are in AVI, which has them only for its input."""
    with open_media(path) as container:
        stream = first_video(container)
        if stream is None or stream.time_base is None:
            return Fraction(0)
        for packet in packets_of(container, stream):
            with contextlib.suppress(av.error.FFmpegError):
                for frame in packet.decode():
                    return ((frame.pts or 0) - (stream.start_time or 0)) * stream.time_base
    return Fraction(0)


def _chained(first: TimedFrame, rest: Iterator[TimedFrame]) -> Iterator[TimedFrame]:
    yield first
    yield from rest
