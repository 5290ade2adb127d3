"""Frames and seconds of one clip, and values that hold from one frame on to the next."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Generic, TypeVar

import msgspec

from telecine.media.render.planning.ramps import Interval

Value = TypeVar("Value")

#: Frames `first <= n < end`.
Span = tuple[int, int]


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """How long a clip is seen. Its own frames begin at 0; frame n is its second n / rate."""

    frame_rate: Fraction
    n_frames: int

    @property
    def duration_seconds(self) -> float:
        """How long the clip is."""
        return self.seconds(self.n_frames)

    def seconds(self, frame: int) -> float:
        """Return when a frame is shown: the float nearest to it, as JSON's decimals are."""
        return frame * self.frame_rate.denominator / self.frame_rate.numerator

    def frame(self, seconds: float) -> int:
        """Return the frame boundary that is nearest, the later one where it is halfway."""
        bounded = min(max(seconds, -1e9), 1e9)
        return math.floor(bounded * self.frame_rate.numerator / self.frame_rate.denominator + 0.5)

    def spans(self, intervals: Iterable[Interval]) -> list[Span]:
        """Return the frames in these intervals and the first after each, joined and in order."""
        found: list[Span] = []
        for start, end in intervals:
            if end < 0 or start > self.duration_seconds:
                continue
            first = 0 if start <= 0 else math.floor(start * self.frame_rate)
            after = self.n_frames
            if end < self.duration_seconds:
                after = min(math.ceil(end * self.frame_rate) + 1, after)
            found.append((first, after))
        return joined(found)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the same frames as spans that do not touch, in order."""
    found: list[Span] = []
    for first, end in sorted(spans):
        if end <= first:
            continue
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((first, end))
    return found


class Steps(Generic[Value]):
    """A value for every frame, kept as those frames from which on it is another."""

    def __init__(self, first: Value) -> None:
        self._starts = [0]
        self._values = [first]

    @classmethod
    def of(cls, value_at: Callable[[int], Value], spans: Iterable[Span]) -> Steps[Value]:
        """Ask for frame 0 and those in `spans`, in order; in between it stays as it was."""
        steps = cls(value_at(0))
        for first, end in spans:
            for frame in range(max(first, 1), end):
                steps.add(frame, value_at(frame))
        return steps

    def add(self, frame: int, value: Value) -> None:
        """Let it be this from a frame on; frames come in order."""
        if frame <= self._starts[-1]:
            self._values[-1] = value
        elif value != self._values[-1]:
            self._starts.append(frame)
            self._values.append(value)

    def at(self, frame: int) -> Value:
        """Return what it is then."""
        return self._values[max(bisect_right(self._starts, frame) - 1, 0)]

    def values(self) -> list[Value]:
        """Return all values, in order of time."""
        return self._values

    def spans(self) -> Iterator[Span]:
        """Yield the frames at which it becomes another."""
        for start in self._starts[1:]:
            yield start, start + 1
