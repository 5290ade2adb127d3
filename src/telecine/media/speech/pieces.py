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

from telecine.media.speech import sound
from telecine.media.speech.sound import RATE, Samples

#: From and to, in samples.
Span = tuple[int, int]
#: Finds speech in samples.
Listen = Callable[[Samples], Sequence[Span]]

#: Which instant of a word says where it is.
Sure = Literal["start", "middle", "end"]

#: A block: enough for several windows of the model, little enough for memory.
BLOCK_SAMPLES: Final = 300 * RATE
#: A block is cut in its last part, at the longest pause there.
_LATEST_PART: Final = 0.6
#: What is left of the silence before and after a piece.
_MARGIN_SAMPLES: Final = round(0.4 * RATE)
#: A word that begins so shortly before a seam is heard after it: its start is in the margin.
_STRAY_SECONDS: Final = _MARGIN_SAMPLES / RATE + 0.06
#: As much of a word must be heard in a piece to belong there.
_LEAST_HEARD_SAMPLES: Final = round(0.08 * RATE)


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
    in one go backwards into silence, and the first one forwards.
    """

    start_seconds: float
    end_seconds: float
    sure: Sure = "middle"

    @property
    def sure_seconds(self) -> float:
        """The instant that says in which piece the word is."""
        if self.sure == "start":
            return self.start_seconds + _STRAY_SECONDS
        if self.sure == "end":
            return self.end_seconds - _STRAY_SECONDS
        return (self.start_seconds + self.end_seconds) / 2


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The speech of a block without its silence."""

    samples: Samples
    pieces: tuple[Span, ...]
    first: int

    def place(self, spoken: Sequence[Spoken]) -> list[tuple[float, float]]:
        """Return when in the film each word is, in seconds. The words are in order.

        A word lies in one piece; what reaches over a seam is cut there. A piece is there because
        somebody speaks, so one that would be without words gets its neighbour's that reach it.
        """
        numbers = [self._piece_at(word.sure_seconds) for word in spoken]
        for empty in sorted(set(range(len(self.pieces))) - set(numbers)):
            for at, word in enumerate(spoken):
                if self._reaches(word, empty) and numbers.count(numbers[at]) > 1:
                    numbers[at] = empty
                    break
        return [self._within(number, word) for number, word in zip(numbers, spoken, strict=True)]

    def seconds(self, joined_seconds: float) -> float:
        """Return which instant of the film an instant of the joined sound is."""
        now = Spoken(start_seconds=joined_seconds, end_seconds=joined_seconds)
        return self._within(self._piece_at(joined_seconds), now)[0]

    def _piece_at(self, joined_seconds: float) -> int:
        return max(0, bisect.bisect_right(self._starts, joined_seconds * RATE) - 1)

    def _reaches(self, word: Spoken, number: int) -> bool:
        """Say whether a word is heard while somebody speaks in a piece, as the model has it."""
        begin, stop = self.pieces[number]
        start = self._starts[number]
        voice_start = start + _MARGIN_SAMPLES
        voice_end = start + (stop - begin) - _MARGIN_SAMPLES
        heard = min(word.end_seconds * RATE, voice_end) - max(
            word.start_seconds * RATE, voice_start
        )
        return heard >= _LEAST_HEARD_SAMPLES

    def _within(self, number: int, word: Spoken) -> tuple[float, float]:
        begin, stop = self.pieces[number]
        start, end = (
            min(max(seconds * RATE - self._starts[number], 0), stop - begin)
            for seconds in (word.start_seconds, word.end_seconds)
        )
        return (self.first + begin + start) / RATE, (self.first + begin + end) / RATE

    @cached_property
    def _starts(self) -> list[int]:
        """Where each piece begins in the joined sound."""
        lengths = [stop - start for start, stop in self.pieces]
        return [0, *itertools.accumulate(lengths[:-1])]


def blocks(path: Path, listen: Listen) -> Iterator[Block]:
    """Read an extracted file block by block."""
    first = 0
    while True:
        samples = sound.read(path, first=first, count=BLOCK_SAMPLES)
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
    for start, stop in block.speech:
        begin = max(0, start - _MARGIN_SAMPLES)
        end = min(len(block.samples), stop + _MARGIN_SAMPLES)
        if pieces and begin <= pieces[-1][1]:
            pieces[-1] = pieces[-1][0], end
        else:
            pieces.append((begin, end))
    parts = [block.samples[begin:end] for begin, end in pieces]
    joined = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    return Joined(samples=joined, pieces=tuple(pieces), first=block.first)


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
