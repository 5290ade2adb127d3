"""One clip as it is heard: its file, trimmed, repeated, at its speed, pitch, level and place.

A file is decoded while its clip sounds and no longer. A repeated sound of up to ten seconds is
kept instead of being decoded again. Where a part of a file is repeated, the end of each round is
cross-faded to what lies before the part in the file: it leads to the part's first sample without a
click, the attack of that stays, and no length changes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from telecine.media.render.sound import levels
from telecine.media.render.sound.levels import SAMPLE_RATE, Knots, Level, Stretch, ValuePoint
from telecine.media.render.sound.resample import resampled
from telecine.media.render.sound.soundfile import Samples, SoundFile
from telecine.media.render.sound.stretch import stretched
from telecine.media.timeline.model import Sound
from telecine.media.timeline.scene import exact

_KEPT_SAMPLES: Final = 10 * SAMPLE_RATE
_SILENCE_SAMPLES: Final = 9600
_RUN_UP_SAMPLES: Final = 4800
#: Higher by more than this is left to the stretching, for the sake of the filter's length.
_HIGHEST_RATE_RATIO: Final = 32
#: A shorter loop than this is a tone of its own; nobody means it.
_SHORTEST_LOOP_SAMPLES: Final = 48
#: 5 ms: long enough for no click, too short to be heard as two sounds.
_SEAM_SAMPLES: Final = 240


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What a voice is to play: a sound over a stretch of the timeline.

    `gain` is its track's. `pan` replaces the sound's own where it moves. `loop_seconds` says
    how much of the source is repeated, where the end of the sound does not.
    """

    sound: Sound
    stretch: Stretch
    gain: float = 1.0
    pan: tuple[ValuePoint, ...] = ()
    ducking: Knots | None = None
    is_looped: bool = False
    loop_seconds: Fraction | None = None


class Voice:
    """Plays one part; `skip` samples of it are past already. Close it.

    Raises `UndecodableMediaError`.
    """

    def __init__(self, path: Path, part: Part, *, skip: int = 0) -> None:
        self._part = part
        self._file = SoundFile(path)
        self._reader = _Reader(_played(self._file, part, skip=skip))
        self._at = skip
        length = part.stretch.end - part.stretch.start
        self._fades = levels.fades(part.sound, length=length)
        self._envelope = tuple(
            ValuePoint(point.time_seconds, point.gain, point.easing)
            for point in part.sound.envelope
        )

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def next(self, count: int) -> Samples | None:
        """Return the next `count` samples in two channels; None: they are silent."""
        start, self._at = self._at, self._at + count
        samples = self._reader.read(count)
        if samples is None:
            return None
        level = self._level(start, count)
        if isinstance(level, float):
            if level == 0:
                return None
            louder = samples if level == 1 else samples * np.float32(level)
        else:
            louder = samples * level[:, None]
        pan: Level = self._part.sound.pan
        if self._part.pan:
            pan = levels.curve_level(self._part.pan, start, count)
        return levels.panned(louder, pan)

    def _level(self, start: int, count: int) -> Level:
        part = self._part
        level: Level = part.sound.gain * part.gain
        if self._envelope:
            level = level * levels.curve_level(self._envelope, start, count)
        if self._fades is not None:
            level = level * self._fades.over(start, count)
        if part.ducking is not None:
            level = level * part.ducking.over(part.stretch.start + start, count)
        return level


def _played(file: SoundFile, part: Part, *, skip: int) -> Iterator[Samples]:
    """Yield the sound at its speed and pitch, from `skip` samples of the timeline on."""
    if not file.channels:
        return iter(())
    sound = part.sound
    start, end = exact(sound.trim_start_seconds), part.loop_seconds
    if sound.trim_end_seconds is not None:
        trim_end = exact(sound.trim_end_seconds)
        end = trim_end if end is None else min(end, trim_end)
    rate = exact(sound.rate)
    if not part.is_looped:
        late = _run_up(rate * file.rate / SAMPLE_RATE, skip=skip)
        at = start + Fraction(skip - late, SAMPLE_RATE) * rate
        return _skipped(_once(file, sound, start=at, end=end), late)
    length = None if end is None else (end - start) / rate * SAMPLE_RATE
    return _skipped(_repeated(_Passage(file, part, start=start, end=end), length), skip)


def _run_up(step: Fraction, *, skip: int) -> int:
    """Return how many samples too early to begin in the middle of a clip.

    A resampled sound begins where a sample of the file meets one of ours, or it would lie
    between those of the whole, and early enough for its filter. `step`: theirs for one of ours.
    """
    if step == 1:
        return 0
    period = step.denominator
    if period > SAMPLE_RATE:
        return min(_RUN_UP_SAMPLES, skip)
    return min(skip % period + -(-_RUN_UP_SAMPLES // period) * period, skip)


def _once(
    file: SoundFile, sound: Sound, *, start: Fraction, end: Fraction | None
) -> Iterator[Samples]:
    """Yield one passage of the file, in seconds of it."""
    pieces = file.samples_from(start)
    if end is not None:
        pieces = _cut(pieces, max(round((end - start) * file.rate), 0))
    rate = exact(sound.rate)
    pitch = exact(2 ** (sound.detune_cents / 1200)) * (1 if sound.keeps_pitch else rate)
    pitch = min(pitch, Fraction(_HIGHEST_RATE_RATIO * SAMPLE_RATE, file.rate))
    pieces = resampled(pieces, rate=file.rate * pitch, to=SAMPLE_RATE)
    return stretched(pieces, speed=rate / pitch)


class _Passage:
    """What is repeated: seconds of a file. A whole file is made to be repeated: it has no seam."""

    def __init__(
        self, file: SoundFile, part: Part, *, start: Fraction, end: Fraction | None
    ) -> None:
        self._file, self._sound, self._start, self._end = file, part.sound, start, end
        self.channels = file.channels
        is_whole = start <= 0 and part.sound.trim_end_seconds is None
        seam = _SEAM_SAMPLES
        if end is not None:
            seam = min(seam, math.floor((end - start) / exact(part.sound.rate) * SAMPLE_RATE / 2))
        self._seam = 0 if is_whole else max(seam, 0)

    def played(self, count: int | None) -> Iterator[Samples]:
        """Yield so many samples, after the file's end silence; None: as many as there are."""
        rate = exact(self._sound.rate)
        run_up = min(self._seam, math.floor(self._start / rate * SAMPLE_RATE))
        start = self._start - Fraction(run_up, SAMPLE_RATE) * rate
        reader = _Reader(_once(self._file, self._sound, start=start, end=self._end))
        before = reader.read(run_up)
        pieces = reader.pieces()
        if count is not None:
            pieces = _exactly(pieces, count, channels=self.channels)
        return self._led_over(pieces, before) if self._seam else pieces

    def _led_over(self, pieces: Iterator[Samples], before: Samples | None) -> Iterator[Samples]:
        """Cross-fade the end to `before`. The shares add up to 1: equal sounds stay as they are."""
        seam = self._seam
        comes = np.zeros((seam, self.channels), np.float32)
        if before is not None:
            comes[seam - len(before) :] = before
        ends = comes[:0]
        for piece in pieces:
            ends = np.concatenate([ends, piece])
            yield ends[:-seam]
            ends = ends[-seam:]
        share = np.sin((np.arange(seam) + 0.5) * (np.pi / (2 * seam))) ** 2
        come = share[seam - len(ends) :, None].astype(np.float32)
        yield ends * (1 - come) + comes[seam - len(ends) :] * come


def _repeated(passage: _Passage, length: Fraction | None) -> Iterator[Samples]:
    """Yield a passage over and over. `length`: of one round, in samples; None: as it turns out."""
    if length is not None and length < _SHORTEST_LOOP_SAMPLES:
        return
    kept: list[Samples] | None = []
    count = 0
    for piece in passage.played(None if length is None else round(length)):
        count += len(piece)
        if kept is not None:
            kept.append(piece)
            if count > _KEPT_SAMPLES:
                kept = None
        yield piece
    if count < _SHORTEST_LOOP_SAMPLES:
        return
    length = Fraction(count) if length is None else length
    if kept is not None:
        yield from _rounds(np.concatenate(kept), length)
        return
    number = 1
    while True:
        yield from passage.played(round(length * (number + 1)) - round(length * number))
        number += 1


def _rounds(once: Samples, length: Fraction) -> Iterator[Samples]:
    """Yield the second and further rounds of what is held."""
    whole = -(-length.numerator // length.denominator)
    once = np.pad(once, ((0, whole - len(once)), (0, 0)), mode="edge")
    at = round(length)
    while True:
        places = np.arange(at, at + _SILENCE_SAMPLES)
        # Every round starts at the sample nearest to its exact start; halves go to even, as in
        # `round`.
        rounds = np.floor((places + 0.5) / float(length))
        starts = np.rint(rounds * float(length)).astype(np.int64)
        yield once[np.clip(places - starts, 0, whole - 1)]
        at += _SILENCE_SAMPLES


def _cut(pieces: Iterator[Samples], count: int) -> Iterator[Samples]:
    """Yield the first `count` samples."""
    while count > 0 and (piece := next(pieces, None)) is not None:
        yield piece[:count]
        count -= len(piece)


def _exactly(pieces: Iterator[Samples], count: int, *, channels: int) -> Iterator[Samples]:
    left = count
    for piece in _cut(pieces, count):
        left -= len(piece)
        yield piece
    yield from _filled(left, channels=channels)


def _filled(count: int, *, channels: int) -> Iterator[Samples]:
    while count > 0:
        yield np.zeros((min(count, _SILENCE_SAMPLES), channels), np.float32)
        count -= _SILENCE_SAMPLES


def _skipped(pieces: Iterator[Samples], count: int) -> Iterator[Samples]:
    for piece in pieces:
        if count < len(piece):
            yield piece[count:]
        count = max(count - len(piece), 0)


class _Reader:
    """Hands out pieces of any length as so many samples at a time."""

    def __init__(self, pieces: Iterator[Samples]) -> None:
        self._pieces = pieces
        self._rest: Samples | None = None

    def read(self, count: int) -> Samples | None:
        """Return `count` samples, with silence after the end; None when all of them are that."""
        found: list[Samples] = []
        missing = count
        while missing and (piece := self._next_piece()) is not None:
            found.append(piece[:missing])
            self._rest = piece[missing:] if len(piece) > missing else None
            missing -= len(found[-1])
        if not found:
            return None
        if missing:
            found.append(np.zeros((missing, found[0].shape[1]), np.float32))
        return found[0] if len(found) == 1 else np.concatenate(found)

    def pieces(self) -> Iterator[Samples]:
        """Yield all that was not read yet."""
        while (piece := self._next_piece()) is not None:
            yield piece

    def _next_piece(self) -> Samples | None:
        rest, self._rest = self._rest, None
        return next(self._pieces, None) if rest is None else rest
