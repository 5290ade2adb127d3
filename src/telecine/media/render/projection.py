"""A film that stays open and is shown in segments, in any order, and in a picture.

What was read, drawn and decoded for one segment is there for the next; in order, nothing is
sought or drawn twice.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Final

import numpy as np

from telecine.kit.errors import InternalError
from telecine.media.render.drawing.sprites import Find
from telecine.media.render.encoding.codecs import SAMPLE_RATE, EncodeSettings
from telecine.media.render.encoding.outputs import png
from telecine.media.render.encoding.segment import Segment, segment, sound_span
from telecine.media.render.film import Film
from telecine.media.render.planes import Planes
from telecine.media.render.sound import mix
from telecine.media.render.sound.soundfile import Samples
from telecine.media.timeline.model import Timeline

#: Fast to make, and good enough to judge a film by.
_SETTINGS: Final = EncodeSettings(preset="superfast", crf=22)
#: So long before a segment begins what it needs is made, in frames.
_AHEAD_FRAMES: Final = 30
#: When a poster is looked for first, in seconds: what comes in at the start has come in by then.
_COME_IN_SECONDS: Final = 2
#: When it is looked for next; the first that is not of one colour is taken.
_POSTER_SECONDS: Final = (0, 0.5, 1, 2, 4, 8, 16)
#: The deviation of luma from which on a picture shows something.
_EVENTFUL: Final = 4.0


class Projection:
    """Shows a timeline at `size` (its own). For one thread.

    Raises what `Film` raises. After an error it goes on with the film opened anew.
    """

    def __init__(
        self, timeline: Timeline, *, find: Find, size: tuple[int, int] | None = None
    ) -> None:
        self._timeline = timeline
        self._find = find
        self._size = size or (timeline.width, timeline.height)
        self._open: Film | None = Film(timeline, find=find, size=self._size)
        self._tape = None if mix.is_silent(timeline, find=find) else _Tape(timeline, find=find)

    def segment(self, frames: range) -> Segment:
        """Encode some frames, and the sound that is heard with them."""
        rate = self._timeline.frame_rate
        with self._film() as film:
            span = sound_span(frames, frame_rate=rate)
            return segment(
                self._pictures(film, frames),
                frames=frames,
                size=self._size,
                frame_rate=rate,
                settings=_SETTINGS,
                sound=None if self._tape is None else self._tape.samples(span),
            )

    def poster(self) -> bytes:
        """Return a picture that stands for the film, as a PNG: the first that shows something.

        That of two seconds comes first, or the middle of a shorter film: it is past the fades.
        """
        last = self._timeline.duration_frames - 1
        rate = self._timeline.frame_rate
        first = min(round(_COME_IN_SECONDS * rate), last // 2)
        numbers = sorted({min(round(seconds * rate), last) for seconds in _POSTER_SECONDS})
        with self._film() as film:
            for number in (first, *numbers):
                (planes,) = film.pictures([number])
                if float(np.std(planes.y)) > _EVENTFUL:
                    return png(planes)
            (planes,) = film.pictures([0])
            return png(planes)

    def close(self) -> None:
        """Close all files."""
        if self._open is not None:
            self._open.close()
            self._open = None
        if self._tape is not None:
            self._tape.close()

    @contextmanager
    def _film(self) -> Iterator[Film]:
        if self._open is None:
            self._open = Film(self._timeline, find=self._find, size=self._size)
        try:
            yield self._open
        except BaseException:
            self.close()
            raise

    def _pictures(self, film: Film, frames: range) -> Iterator[Planes]:
        following = range(
            frames.stop, min(frames.stop + _AHEAD_FRAMES, self._timeline.duration_frames)
        )
        for number, planes in zip(frames, film.pictures(frames), strict=True):
            if frames.stop - number == min(_AHEAD_FRAMES, len(frames)):
                film.prepare(following)
            yield planes


class _Tape:
    """The sound of a film, read on from where it was where that is what is asked for."""

    def __init__(self, timeline: Timeline, *, find: Find) -> None:
        self._timeline = timeline
        self._find = find
        self._end = mix.sample_at(timeline, timeline.duration_frames)
        self._blocks: Generator[Samples, None, None] | None = None
        self._first = 0
        self._held: Samples = np.zeros((0, 2), np.float32)

    def samples(self, span: range) -> Samples:
        """Return the samples of a span; before the film and after it there is silence."""
        found: Samples = np.zeros((len(span), 2), np.float32)
        wanted = range(max(span.start, 0), min(span.stop, self._end))
        if not wanted:
            return found
        if self._blocks is None or not 0 <= wanted.start - self._first <= len(self._held):
            self._rewind(wanted.start)
        self._read(wanted)
        start = wanted.start - self._first
        found[wanted.start - span.start :][: len(wanted)] = self._held[start:][: len(wanted)]
        return found

    def close(self) -> None:
        """Let go of all files."""
        if self._blocks is not None:
            self._blocks.close()
            self._blocks = None

    def _rewind(self, start: int) -> None:
        self.close()
        rate = self._timeline.frame_rate
        frame = int(Fraction(start) * rate / SAMPLE_RATE)
        while mix.sample_at(self._timeline, frame) > start:
            frame -= 1
        self._first = mix.sample_at(self._timeline, frame)
        self._held = self._held[:0]
        frames = range(frame, self._timeline.duration_frames)
        self._blocks = mix.mix(self._timeline, find=self._find, frames=frames)

    def _read(self, wanted: range) -> None:
        """Hold all of these; what lies before them is let go of."""
        assert self._blocks is not None
        parts, end = [self._held], self._first + len(self._held)
        while end < wanted.stop:
            block = next(self._blocks, None)
            if block is None:
                raise InternalError("the sound ends before its film")
            parts.append(block)
            end += len(block)
        gone = max(0, wanted.start - self._first)
        self._held = np.concatenate(parts)[gone:]
        self._first += gone
