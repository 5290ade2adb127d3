"""One sound file as floats without holes, from any instant on.

Second 0 is where the file as a whole begins, as for its pictures. Stamps decide where a sample
belongs: a hole is silence, what comes twice is heard once; stamps that only tremble do not.
More than two channels are mixed to two as ITU-R BS.775 says; one stays one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from telecine.kit.errors import UndecodableMediaError
from telecine.media.render.decoding.container import (
    first_audio,
    open_media,
    packets_of,
    start_seconds,
)

#: Samples in rows, channels in columns; 1 is full scale.
Samples = npt.NDArray[np.float32]

#: How far before the wanted instant to land, in seconds: decoders need a run-up (Opus 80 ms,
#: MP3 what its reservoir reaches back). Each after the last one failed.
_BACK_OFFS_SECONDS: Final = (Fraction(1, 4), Fraction(2), Fraction(15))
#: Up to here reading on from the start is cheaper.
_NEAR_START_SECONDS: Final = Fraction(1)
#: Stamps of Matroska and FLV are whole milliseconds; what is further off is meant.
_TREMBLE_SECONDS: Final = Fraction(8, 1000)
_SILENCE_SAMPLES: Final = 48_000
_LOWEST_RATE, _HIGHEST_RATE = 1000, 768_000
#: Louder than this is damage, not sound.
_LOUDEST: Final = 1000.0


class SoundFile:
    """The sound of one file, at `rate` samples a second in `channels`, 1 or 2.

    `channels` is 0 when there is none. Not for two threads at once.
    Raises `UndecodableMediaError`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._n_decoded, self._n_broken = 0, 0
        self._open()

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    @property
    def duration_seconds(self) -> Fraction | None:
        """Where the sound ends, as the file says, which may be somewhat wrong. None: it does not."""
        stream = self._stream
        if stream is not None and stream.duration and stream.time_base is not None:
            return ((stream.start_time or 0) + stream.duration) * stream.time_base - self._zero
        if self._container.duration:
            return Fraction(self._container.duration, av.time_base)
        return None

    def samples_from(self, seconds: Fraction) -> Iterator[Samples]:
        """Yield the sound from exactly that instant to the end of the file.

        Damaged pieces are silent. Raises `UndecodableMediaError` when nothing can be decoded.
        """
        wanted = round(seconds * self.rate)
        for start, samples in self._placed(seconds):
            if start + len(samples) <= wanted:
                continue
            yield from _silence(start - wanted, channels=self.channels)
            yield samples[max(wanted - start, 0) :]
            wanted = start + len(samples)

    def _open(self) -> None:
        self._container = open_media(self._path)
        self._is_at_start = True
        self._zero = start_seconds(self._container)
        self._stream = first_audio(self._container)
        self.channels, self.rate = 0, 48_000
        if self._stream is not None:
            context = self._stream.codec_context
            self.channels = min(context.channels, 2)
            self.rate = context.sample_rate or self.rate
            if not _LOWEST_RATE <= self.rate <= _HIGHEST_RATE:
                self._container.close()
                raise UndecodableMediaError("The sound has an impossible sample rate.")

    def _placed(self, seconds: Fraction) -> Iterator[tuple[int, Samples]]:
        """Yield what is decoded with the number of its first sample, counted from second 0."""
        if self._stream is None or not self.channels:
            return
        converter = _Converter(rate=self.rate, channels=self.channels)
        at: int | None = None
        for frame, following in _with_next(self._frames_before(seconds)):
            stamp = self._place(frame)
            if at is None:
                at = stamp or 0
            elif stamp is not None and self._is_jump(stamp - at, following, at + frame.samples):
                at = stamp
            try:
                samples = converter.convert(frame)
            except av.error.FFmpegError:  # channels in an order that nobody knows
                self._n_broken += 1
                continue
            self._n_decoded += 1
            yield at, samples
            at += len(samples)
        if self._n_broken and not self._n_decoded:
            raise UndecodableMediaError("No sound of the file can be decoded.")

    def _is_jump(self, distance: int, following: av.AudioFrame | None, expected: int) -> bool:
        """Say whether a frame is meant to be that far from where it follows on.

        The next must agree: Vorbis has single stamps that are 10 ms off.
        """
        tremble = _TREMBLE_SECONDS * self.rate
        stamp = None if following is None else self._place(following)
        return abs(distance) > tremble and (stamp is None or abs(stamp - expected) > tremble)

    def _frames_before(self, seconds: Fraction) -> Iterator[av.AudioFrame]:
        """Yield the frames from one at or before `seconds` on, perhaps long before."""
        wanted = round(seconds * self.rate)
        for back_off in _BACK_OFFS_SECONDS if seconds > _NEAR_START_SECONDS else ():
            target = seconds - back_off
            if target <= 0 or not self._seek(target):
                break
            frames = self._decoded()
            first = next((frame for frame in frames if self._place(frame) is not None), None)
            place = None if first is None else self._place(first)
            if first is not None and place is not None and place <= wanted:
                return itertools.chain([first], frames)
        if not self._is_at_start:
            self._container.close()
            self._open()
        self._is_at_start = False
        return self._decoded()

    def _seek(self, seconds: Fraction) -> bool:
        assert self._stream is not None
        self._is_at_start = False
        time_base = self._stream.time_base or Fraction(1, av.time_base)
        try:
            offset = math.floor((seconds + self._zero) / time_base)
            self._container.seek(offset, stream=self._stream)
        except av.error.FFmpegError:
            return False
        return True

    def _decoded(self) -> Iterator[av.AudioFrame]:
        """Yield what can be decoded. A file that breaks off ends there."""
        assert self._stream is not None
        for packet in packets_of(self._container, self._stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self._n_broken += 1
                continue
            for frame in frames:
                if isinstance(frame, av.AudioFrame):
                    yield frame

    def _place(self, frame: av.AudioFrame) -> int | None:
        if frame.pts is None or frame.time_base is None:
            return None
        return round((frame.pts * frame.time_base - self._zero) * self.rate)


class _Converter:
    """Brings the frames of a file, which may change their kind half-way, to floats of one kind."""

    def __init__(self, *, rate: int, channels: int) -> None:
        self._rate = rate
        self._channels = channels
        self._kind: tuple[int, str, str] | None = None
        self._resampler: AudioResampler | None = None

    def convert(self, frame: av.AudioFrame) -> Samples:
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        if self._resampler is None or kind != self._kind:
            self._kind = None  # until the first frame went through
            layout = "mono" if self._channels == 1 else "stereo"
            self._resampler = AudioResampler(format="flt", layout=layout, rate=self._rate)
        frame.pts = None  # places are counted outside
        found = samples_of(self._resampler.resample(frame), channels=self._channels)
        self._kind = kind
        return _sane(found)


def samples_of(frames: list[av.AudioFrame], *, channels: int) -> Samples:
    """Return the samples of packed float frames, one after the other."""
    if not frames:
        return np.zeros((0, channels), np.float32)
    values = [np.asarray(frame.to_ndarray(), np.float32) for frame in frames]
    return np.concatenate(values, axis=1).reshape(-1, channels)


def _sane(samples: Samples) -> Samples:
    """Make floats of a hostile file numbers that can be added."""
    loudest = float(np.abs(samples).max(initial=0.0))
    if loudest <= _LOUDEST:  # False for NaN
        return samples
    finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(finite, -_LOUDEST, _LOUDEST)


def _with_next(
    frames: Iterator[av.AudioFrame],
) -> Iterator[tuple[av.AudioFrame, av.AudioFrame | None]]:
    held: av.AudioFrame | None = None
    for frame in frames:
        if held is not None:
            yield held, frame
        held = frame
    if held is not None:
        yield held, None


def _silence(count: int, *, channels: int) -> Iterator[Samples]:
    while count > 0:
        piece = min(count, _SILENCE_SAMPLES)
        yield np.zeros((piece, channels), np.float32)
        count -= piece
