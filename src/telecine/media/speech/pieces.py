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
from pathlib import Path
from typing import Final

import numpy as np

from telecine.media.speech import sound
from telecine.media.speech.sound import RATE, Samples

#: From and to, in samples.
Span = tuple[int, int]
#: Finds speech in samples.
Listen = Callable[[Samples], Sequence[Span]]

#: A block: enough for several windows of the model, little enough for memory.
BLOCK_SAMPLES: Final = 300 * RATE
#: A block is cut in its last part, at the longest pause there.
_LATEST_PART: Final = 0.6
#: What is left of the silence before and after a piece.
_MARGIN_SAMPLES: Final = round(0.25 * RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some minutes of sound. `first` is the number of its first sample in the whole.

    `speech` are spans within `samples`.
    """

    first: int
    samples: Samples
    speech: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The speech of a block without its silence."""

    samples: Samples
    pieces: tuple[Span, ...]
    first: int

    def span(self, start_seconds: float, end_seconds: float) -> tuple[float, float]:
        """Return when in the film something is, in seconds, that is then in the joined sound.

        It lies in one piece, that of its middle: what reaches over a seam is cut there.
        """
        starts = self._starts
        middle = (start_seconds + end_seconds) / 2 * RATE
        number = max(0, bisect.bisect_right(starts, middle) - 1)
        begin, stop = self.pieces[number]
        times = []
        for seconds in (start_seconds, end_seconds):
            within = min(max(seconds * RATE - starts[number], 0), stop - begin)
            times.append((self.first + begin + within) / RATE)
        return times[0], times[1]

    @property
    def _starts(self) -> list[int]:
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
