"""How loud a sound is at every sample: fades, envelopes, ducking, and where it is heard from.

Curves between keyframes are worked out every millisecond and joined by straight lines, so that
a jump (`hold`) is a ramp of a millisecond, which does not click.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from telecine.media.render.sound.soundfile import Samples
from telecine.media.timeline.easing import Easing, linear
from telecine.media.timeline.model import Ducking, Sound

SAMPLE_RATE: Final = 48_000
_GRID_SAMPLES: Final = 48
_SHORTEST_RAMP_SECONDS: Final = 0.001

#: A value for each of some samples, or one for all of them.
Level = npt.NDArray[np.float32] | float


class Stretch(NamedTuple):
    """From when to when something is heard, in samples of the timeline."""

    start: int
    end: int


class ValuePoint(NamedTuple):
    """A value at a time inside the clip; `easing` governs the way that ends here."""

    time_seconds: float
    value: float
    easing: Easing


class Knots(msgspec.Struct, frozen=True, kw_only=True):
    """Straight lines through points; the first and the last value hold outside of them."""

    samples: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]

    def over(self, start: int, count: int) -> Level:
        """Return the values of `count` samples from `start` on."""
        first = np.searchsorted(self.samples, start, side="right")
        last = np.searchsorted(self.samples, start + count - 1, side="left")
        near = self.values[max(first - 1, 0) : last + 1]
        if len(near) and (near == near[0]).all():
            return float(near[0])
        places = np.arange(start, start + count)
        return np.interp(places, self.samples, self.values).astype(np.float32)


def fades(sound: Sound, *, length: int) -> Knots | None:
    """Return the fades of a clip of `length` samples; None where there are none.

    Where the two overlap, the lower one counts.
    """
    rise = min(sound.fade_in_seconds * SAMPLE_RATE, 1e12)
    fall = min(sound.fade_out_seconds * SAMPLE_RATE, 1e12)
    if rise <= 0 and fall <= 0:
        return None
    turn = length * rise / (rise + fall)  # where both are at the same height, if they overlap
    top = min(1.0, length / (rise + fall))
    points = [(0.0, 0.0 if rise > 0 else top)]
    points += [(min(rise, turn), top), (max(length - fall, turn), top)]
    points += [(float(length), 0.0 if fall > 0 else top)]
    samples, values = np.array(points).T
    return Knots(samples=samples, values=values)


def curve_level(points: Sequence[ValuePoint], start: int, count: int) -> Level:
    """Return the values of a curve, in order of time, for `count` samples of the clip."""
    first = (start - _GRID_SAMPLES) / SAMPLE_RATE
    last = (start + count + _GRID_SAMPLES) / SAMPLE_RATE
    before = max(bisect.bisect_right(points, first, key=_time) - 1, 0)
    near = points[before : bisect.bisect_left(points, last, key=_time) + 1]
    if all(point.value == near[0].value for point in near):
        return float(near[0].value)
    places = np.arange(start, start + count)
    if all(point.easing is linear for point in near):
        knots = [point.time_seconds * SAMPLE_RATE for point in near]
        return np.interp(places, knots, [point.value for point in near]).astype(np.float32)
    grid = np.arange(start // _GRID_SAMPLES, (start + count) // _GRID_SAMPLES + 2) * _GRID_SAMPLES
    values = [_value_at(near, float(place) / SAMPLE_RATE) for place in grid]
    return np.interp(places, grid, values).astype(np.float32)


def _time(point: ValuePoint) -> float:
    return point.time_seconds


def _value_at(points: Sequence[ValuePoint], seconds: float) -> float:
    after = bisect.bisect_right(points, seconds, key=_time)
    if after == 0:
        return points[0].value
    before = points[after - 1]
    if after == len(points):
        return before.value
    end = points[after]
    share = (seconds - before.time_seconds) / (end.time_seconds - before.time_seconds)
    return before.value + (end.value - before.value) * end.easing(share)


def ducked(ducking: Ducking, *, heard: Sequence[Stretch]) -> Knots | None:
    """Return the gain of a sound that steps back while others, `heard`, are; None: never.

    It falls from their start on, and rises from their end on.
    """
    attack = max(ducking.attack_seconds, _SHORTEST_RAMP_SECONDS) * SAMPLE_RATE
    release = max(ducking.release_seconds, _SHORTEST_RAMP_SECONDS) * SAMPLE_RATE
    knots: list[tuple[float, float]] = []  # places, and how far it has stepped back, 0 to 1
    for start, end in _merged(heard):
        depth = 0.0
        if knots:
            place, depth = knots[-1]
            back = min(start, place + depth * release)
            depth -= (back - place) / release
            knots.append((back, depth))
        knots.append((float(start), depth))
        bottom = min(start + (1 - depth) * attack, float(end))
        depth += (bottom - start) / attack
        knots += [(bottom, depth), (float(end), depth)]
    if not knots:
        return None
    place, depth = knots[-1]
    knots.append((place + depth * release, 0.0))
    samples, depths = np.array(knots).T
    return Knots(samples=samples, values=1 - np.clip(depths, 0, 1) * (1 - ducking.gain))


def _merged(stretches: Sequence[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for stretch in sorted(stretches):
        if merged and stretch.start <= merged[-1].end:
            merged[-1] = Stretch(merged[-1].start, max(merged[-1].end, stretch.end))
        else:
            merged.append(stretch)
    return merged


def panned(samples: Samples, pan: Level) -> Samples:
    """Return two channels, heard from `pan`: -1 is left, 1 is right, 0 changes nothing.

    One channel keeps its power wherever it is; it is as loud as 0 says in the middle. Of two,
    what is on the far side moves over to the near one (the law of Web Audio's StereoPannerNode).
    """
    if samples.shape[1] == 1:
        if isinstance(pan, float) and pan == 0:
            return np.repeat(samples, 2, axis=1)
        angle = (np.asarray(pan, np.float32) + 1) * np.float32(np.pi / 4)
        sides = np.stack(np.broadcast_arrays(np.cos(angle), np.sin(angle)), axis=-1)
        return np.asarray(samples * (sides * np.float32(np.sqrt(2))), np.float32)
    if isinstance(pan, float) and pan == 0:
        return samples
    places = np.asarray(pan, np.float32)
    left_angle = np.minimum(places + 1, 1) * np.float32(np.pi / 2)
    right_angle = np.maximum(places, 0) * np.float32(np.pi / 2)
    left, right = samples[:, 0], samples[:, 1]
    moved_left = left * np.cos(right_angle) + right * np.cos(left_angle)
    moved_right = right * np.sin(left_angle) + left * np.sin(right_angle)
    return np.stack([moved_left, moved_right], axis=1).astype(np.float32)
