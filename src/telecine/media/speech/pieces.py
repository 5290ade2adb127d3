"""Where somebody speaks, and what of it the model is given at a time.

The sound is taken in blocks of minutes, cut where nobody speaks. Of a block only the speech is
heard, its pieces close up: a model of speech invents words for silence and for music. A piece
knows where it was, so that a time in the joined sound leads back to one in the film.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np

from telecine.media.speech.samples import Samples, read_samples
from telecine.media.speech.sound import RATE

#: From and to, in samples.
Span = tuple[int, int]
#: Finds speech in samples.
Listen = Callable[[Samples], Sequence[Span]]

#: Which edge of a word says where it is.
Sure = Literal["start", "end", "both"]

#: A block: enough for several windows of the model, little enough for memory.
BLOCK_SAMPLES: Final = 300 * RATE
#: A block is cut in its last part, at the longest pause there.
_LATEST_PART: Final = 0.6
#: What is left of the silence before and after a piece.
_MARGIN_SAMPLES: Final = round(0.25 * RATE)
#: As much of a word must be heard in a piece to belong there.
_LEAST_HEARD_SAMPLES: Final = round(0.08 * RATE)
#: How far beyond the voice a word may reach: voice activity is noticed and let go late.
_EARLY_SAMPLES: Final = round(0.1 * RATE)
_LATE_SAMPLES: Final = round(0.15 * RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some minutes of sound. `first` is the number of its first sample in the whole.

    `speech` are spans within `samples`.
    """

    first: int
    samples: Samples
    speech: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A word as the model has it, in seconds of the joined sound.

    `sure` is the edge that can be relied on: a model stretches the last word of what it hears
    in one go into the silence after it, and the first one into the silence before.
    """

    start_seconds: float
    end_seconds: float
    sure: Sure = "both"


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The speech of a block without its silence. `voices` are the pieces without their margins."""

    samples: Samples
    pieces: tuple[Span, ...]
    voices: tuple[Span, ...]
    first: int

    def place(self, spoken: Sequence[Spoken]) -> list[tuple[float, float]]:
        """Return when in the film each word is, in seconds. The words are in order.

        A word lies in one piece, near its voice; what reaches over a seam is cut there. A piece
        is there because somebody speaks, so one that would be without words gets its neighbour's
        that reaches it.
        """
        numbers = [self._piece_of(word) for word in spoken]
        for empty in sorted(set(range(len(self.pieces))) - set(numbers)):
            for at, word in enumerate(spoken):
                is_heard = self._heard(word, empty) >= _LEAST_HEARD_SAMPLES
                if is_heard and numbers.count(numbers[at]) > 1:
                    numbers[at] = empty
                    break
        return [self._within(number, word) for number, word in zip(numbers, spoken, strict=True)]

    def seconds(self, joined_seconds: float) -> float:
        """Return about which instant of the film an instant of the joined sound is."""
        number = self._piece_at(joined_seconds)
        begin, _ = self.pieces[number]
        return (self.first + begin - self._starts[number]) / RATE + joined_seconds

    def _piece_of(self, word: Spoken) -> int:
        """Return the piece whose voice says a word, else the one whose voice is nearest."""
        first = max(0, self._piece_at(word.start_seconds) - 1)
        touched = range(first, min(self._piece_at(word.end_seconds) + 2, len(self.pieces)))
        heard = [number for number in touched if self._heard(word, number) >= _LEAST_HEARD_SAMPLES]
        if heard and word.sure != "both":
            return heard[0] if word.sure == "start" else heard[-1]
        return max(touched, key=lambda number: self._heard(word, number))

    def _piece_at(self, joined_seconds: float) -> int:
        return max(0, bisect.bisect_right(self._starts, joined_seconds * RATE) - 1)

    def _heard(self, word: Spoken, number: int) -> float:
        """Return for how many samples a word and a voice coincide; below 0, how far off it is."""
        shift = self._starts[number] - self.pieces[number][0]
        start, stop = self.voices[number]
        return min(word.end_seconds * RATE, stop + shift) - max(
            word.start_seconds * RATE, start + shift
        )

    def _within(self, number: int, word: Spoken) -> tuple[float, float]:
        begin, stop = self.pieces[number]
        shift = begin - self._starts[number]
        earliest = max(begin, self.voices[number][0] - _EARLY_SAMPLES)
        latest = min(stop, self.voices[number][1] + _LATE_SAMPLES)
        start, end = (
            (self.first + min(max(seconds * RATE + shift, earliest), latest)) / RATE
            for seconds in (word.start_seconds, word.end_seconds)
        )
        return start, end

    @cached_property
    def _starts(self) -> list[int]:
        """Where each piece begins in the joined sound."""
        lengths = [stop - start for start, stop in self.pieces]
        return [0, *itertools.accumulate(lengths[:-1])]


def blocks(path: Path, listen: Listen) -> Iterator[Block]:
    """Read an extracted file block by block."""
    first = 0
    while True:
        samples = read_samples(path, first=first, count=BLOCK_SAMPLES)
        if not len(samples):
            return
        speech = tuple(listen(samples))
        is_last = len(samples) < BLOCK_SAMPLES
        cut = len(samples) if is_last else _cut(speech, length=len(samples))
        yield Block(
            first=first,
            samples=samples[:cut],
            speech=tuple((start, min(stop, cut)) for start, stop in speech if start < cut),
        )
        if is_last:
            return
        first += cut


def join(block: Block) -> Joined:
    """Close up the speech of a block, with a little of the silence around it."""
    pieces: list[Span] = []
    voices: list[Span] = []
    for start, stop in block.speech:
        begin = max(0, start - _MARGIN_SAMPLES)
        end = min(len(block.samples), stop + _MARGIN_SAMPLES)
        if pieces and begin <= pieces[-1][1]:
            pieces[-1] = pieces[-1][0], end
            voices[-1] = voices[-1][0], stop
        else:
            pieces.append((begin, end))
            voices.append((start, stop))
    parts = [block.samples[begin:end] for begin, end in pieces]
    joined = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    return Joined(samples=joined, pieces=tuple(pieces), voices=tuple(voices), first=block.first)


def _cut(speech: Sequence[Span], *, length: int) -> int:
    """Return where a block ends: in the middle of its longest late pause, else at its end."""
    earliest = int(length * _LATEST_PART)
    edges = [(0, 0), *speech, (length, length)]
    pauses = [
        (
            min(after[0], length) - max(before[1], earliest),
            (max(before[1], earliest) + after[0]) // 2,
        )
        for before, after in itertools.pairwise(edges)
        if after[0] > max(before[1], earliest)
    ]
    return max(pauses)[1] if pauses else length
