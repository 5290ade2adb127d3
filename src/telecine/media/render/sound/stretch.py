"""Changes the speed of a sound and keeps its pitch, by overlapped pieces of it (WSOLA).

A piece follows another where the two are most alike, at most 8.3 ms from where it belongs:
that much sounds may come too early or too late. A crossfade of 20 ms hides the seam.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import numpy as np

from telecine.media.render.sound.soundfile import Samples

#: At 48 kHz: 20 ms are crossfaded, and a period of 60 Hz fits in the search.
_HOP: Final = 960
_REACH: Final = 400
#: What makes no difference to the ear: beside it, nothing is divided by nothing.
_FAINT: Final = 1e-6
_PHASE: Final = np.pi * (np.arange(_HOP) + 0.5) / _HOP
_RISE: Final = (0.5 - 0.5 * np.cos(_PHASE)).astype(np.float32)[:, None]


def stretched(pieces: Iterator[Samples], *, speed: Fraction) -> Iterator[Samples]:
    """Yield `pieces`, of 48,000 samples a second, played `speed` times as fast.

    As long as its speed says, to the sample; when slowed, the last 20 ms may be silent.
    """
    if speed == 1:
        yield from pieces
        return
    window = _Window(pieces)
    tail = window.take(0, _HOP)
    count = 0
    while not window.is_over(round(count * _HOP * speed)):
        # `tail` would follow what was put out last; the next piece begins where it is likest.
        aim = _aim(count, speed)
        first = max(aim - _REACH, 0)
        candidates = window.take(first, aim + _REACH - first + _HOP)
        piece = window.take(first + _likest(candidates, tail, aim=aim - first), 2 * _HOP)
        hop = tail + (piece[:_HOP] - tail) * _RISE
        yield hop if window.end is None else hop[: round(window.end / speed) - count * _HOP]
        tail = piece[_HOP:]
        count += 1
        window.forget(_aim(count, speed) - _REACH)


def _aim(count: int, speed: Fraction) -> int:
    """Return where a piece should begin, so that what its middle says comes at the right time.

    A piece is two hops long, and its middle is where its hop of output ends.
    """
    return max(round((count + 1) * _HOP * speed) - _HOP, 0)


def _likest(candidates: Samples, tail: Samples, *, aim: int) -> int:
    """Return at which sample of `candidates` the piece begins that is most like `tail`.

    Where all are alike, as in silence, it is `aim`.
    """
    mono = candidates.sum(axis=1)
    scores = np.correlate(mono, tail.sum(axis=1), mode="valid")
    energy = np.cumsum(np.concatenate([[0.0], mono.astype(np.float64) ** 2]))
    likeness = scores / np.sqrt(energy[_HOP:] - energy[:-_HOP] + _FAINT)
    return int(np.argmax(likeness - _FAINT * np.abs(np.arange(len(likeness)) - aim)))


class _Window:
    """A stream of samples of which a stretch is held; silence comes after `end`, once known."""

    def __init__(self, pieces: Iterator[Samples]) -> None:
        self._pieces = pieces
        self._start = 0
        self._held: Samples | None = None
        self.end: int | None = None

    def take(self, start: int, count: int) -> Samples:
        """Return samples, which must not have been forgotten."""
        self._read_to(start + count)
        if self._held is None:
            return np.zeros((count, 1), np.float32)
        found = self._held[start - self._start : start - self._start + count]
        return np.pad(found, ((0, count - len(found)), (0, 0))) if len(found) < count else found

    def is_over(self, place: int) -> bool:
        """Say whether nothing is left from there on."""
        self._read_to(place + 1)
        return self.end is not None and place >= self.end

    def forget(self, place: int) -> None:
        """Let go of everything before."""
        if self._held is not None and place > self._start:
            drop = min(place - self._start, len(self._held))
            self._held = self._held[drop:]
            self._start += drop

    def _read_to(self, place: int) -> None:
        held = [] if self._held is None else [self._held]
        reached = self._start + sum(len(piece) for piece in held)
        while reached < place and self.end is None:
            piece = next(self._pieces, None)
            if piece is None:
                self.end = reached
            else:
                held.append(piece)
                reached += len(piece)
        if len(held) > 1 or (self._held is None and held):
            self._held = np.concatenate(held)
