"""Keyframes, ready to be read at any instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from telecine.media.timeline.easing import Easing, hold
from telecine.media.timeline.model import Colour, Curve, CurvePoint

#: From one second to another, both inside a clip.
Interval = tuple[float, float]

#: How many instants of an easing are looked at to learn how far it overshoots.
_SAMPLES: Final = 33
_PAIRS: Final = {
    "position": ("x", "y"),
    "scale": ("scale.x", "scale.y"),
    "skew": ("skew.x", "skew.y"),
}


class Ramp:
    """One property over time. Before the first and after the last keyframe the value holds."""

    def __init__(self, points: Iterable[CurvePoint]) -> None:
        ordered = sorted(points, key=lambda point: point.time_seconds)
        self._times = [point.time_seconds for point in ordered]
        self._easings = [point.easing for point in ordered]
        self._values = [point.value for point in ordered]
        self._numbers = [_number(value) for value in self._values]

    def number_at(self, seconds: float) -> float:
        """Return the value of a property that is a number."""
        index, share = self._place(seconds)
        start = self._numbers[index]
        if not share:
            return start
        return start + (self._numbers[index + 1] - start) * share

    def colour_at(self, seconds: float) -> Colour | None:
        """Return the value of a property that is a colour."""
        index, share = self._place(seconds)
        start = self._values[index]
        if not share:
            return start if isinstance(start, Colour) else None
        end = self._values[index + 1]
        if not isinstance(start, Colour) or not isinstance(end, Colour):
            return None
        return blended(start, end, share)

    def moving(self) -> Iterator[Interval]:
        """Yield when the value changes; a jump is an interval of no length."""
        for index in range(len(self._times) - 1):
            if self._values[index] != self._values[index + 1]:
                start, end = self._times[index], self._times[index + 1]
                yield (end if self._easings[index + 1] is hold else start), end

    def reach(self, duration_seconds: float) -> float:
        """Return the largest size that a number has between 0 and `duration_seconds`."""
        inside = [
            index
            for index in range(len(self._times) - 1)
            if self._times[index] <= duration_seconds and self._times[index + 1] >= 0
        ]
        largest = max(abs(self.number_at(0.0)), abs(self.number_at(duration_seconds)))
        for index in inside:
            start, end = self._times[index], self._times[index + 1]
            for step in range(_SAMPLES if end > start else 0):
                seconds = start + (end - start) * step / _SAMPLES
                if 0 <= seconds <= duration_seconds:
                    largest = max(largest, abs(self.number_at(seconds)))
            if 0 <= end <= duration_seconds:
                largest = max(largest, abs(self._numbers[index + 1]))
        return largest

    def _place(self, seconds: float) -> tuple[int, float]:
        """Return the keyframe at or before an instant, and the share of the way to the next."""
        times = self._times
        index = bisect_right(times, seconds) - 1
        if index < 0:
            return 0, 0.0
        if index >= len(times) - 1:
            return index, 0.0
        start = times[index]
        share = (seconds - start) / (times[index + 1] - start)
        return index, self._easings[index + 1](share)


def overshoot(easing: Easing) -> float:
    """Return the largest share of the way that an easing reaches: 1 for most."""
    return max(easing(step / (_SAMPLES - 1)) for step in range(_SAMPLES))


def blended(start: Colour, end: Colour, share: float) -> Colour:
    """Return the colour that far on the way, each component by itself."""
    red, green, blue, alpha = (
        min(max(first + (last - first) * share, 0.0), 1.0)
        for first, last in (
            (start.red, end.red), (start.green, end.green), (start.blue, end.blue),
            (start.alpha, end.alpha),
        )
    )  # fmt: skip
    return Colour(red=red, green=green, blue=blue, alpha=alpha)


def ramps_of(curves: Iterable[Curve]) -> dict[str, Ramp]:
    """Return a ramp for each property; a pair's become two, such as `scale.x` and `scale.y`."""
    ramps: dict[str, Ramp] = {}
    for curve in curves:
        if not curve.points:
            continue
        for part, name in enumerate(_PAIRS.get(curve.property, (curve.property,))):
            ramps[name] = Ramp(_one(point, part) for point in curve.points)
    return ramps


def _one(point: CurvePoint, part: int) -> CurvePoint:
    if not isinstance(point.value, tuple):
        return point
    return CurvePoint(time_seconds=point.time_seconds, value=point.value[part], easing=point.easing)


def _number(value: float | tuple[float, float] | Colour) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
