"""How the middle of a window moves to keep somebody in it: calm, and with bounded acceleration.

A dead zone keeps the window still while they stay near its middle; then it follows as a critically
damped spring does, which never swings past its goal. The spring feels no more than `_REACH` of the
way, and that bounds what it can do: |speed| <= RATE * REACH / 2, |acceleration| <= 2 * RATE**2 *
REACH, both in windows. One path is of one shot; nothing moves over a cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

#: How far from the window's middle somebody may go before it moves, in windows.
DEAD_ZONE: Final = 0.08
#: The spring's own frequency, radians a second.
_RATE: Final = 3.2
#: How much of the way to its goal the spring feels, in windows.
_REACH: Final = 0.2
#: The most that the window's middle is accelerated, in windows a second squared: 2 RATE² REACH.
MOST_ACCELERATION: Final = 2 * _RATE**2 * _REACH
#: How much earlier than the face the window starts: it knows what will come.
_AHEAD_SECONDS: Final = 0.5
#: Faces are sampled and their boxes tremble: a place is the median of this time about it.
_MEDIAN_SECONDS: Final = 1.0
#: Points of a path nearer to a straight line than this are left out, in windows.
_STRAIGHT: Final = 2e-5

_Line = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where the window's middle is at a time, as a share of the picture."""

    seconds: float
    place: float


def path(
    sightings: Sequence[tuple[float, float]],
    *,
    start_seconds: float,
    end_seconds: float,
    frame_rate: float,
    window: float,
) -> tuple[Point, ...]:
    """Return the way of a window's middle through one shot: a point where it bends, else none.

    `sightings` are times and places, `window` is the window's length; both in shares of the
    picture, in which the window stays. With one point it stands still.
    """
    low, high = window / 2, 1 - window / 2
    if low >= high or not sightings:
        return (Point(seconds=start_seconds, place=0.5 if low >= high else _middle(sightings)),)
    n_frames = max(1, round((end_seconds - start_seconds) * frame_rate))
    times = start_seconds + np.arange(n_frames + 1) / frame_rate
    seen = np.clip(_smooth(sightings, times + _AHEAD_SECONDS), low, high)
    places = np.clip(_followed(_goals(seen, window), frame_rate, window), low, high)
    return tuple(
        Point(seconds=float(times[n]), place=float(places[n]))
        for n in _bends(places, slack=_STRAIGHT * window)
    )


def _middle(sightings: Sequence[tuple[float, float]]) -> float:
    return float(np.median([place for _, place in sightings]))


def _smooth(sightings: Sequence[tuple[float, float]], times: _Line) -> _Line:
    """Return the places at these times, without tremor; before the first and after the last held."""
    known = np.array([seconds for seconds, _ in sightings])
    places = np.array([place for _, place in sightings])
    half = _MEDIAN_SECONDS / 2
    first = np.searchsorted(known, known - half - 1e-6)
    after = np.searchsorted(known, known + half + 1e-6)
    calm = [np.median(places[low:high]) for low, high in zip(first, after, strict=True)]
    places_then: _Line = np.interp(times, known, np.array(calm))
    return places_then


def _goals(seen: _Line, window: float) -> _Line:
    """Return where the window should be: as it is, as long as they are in the dead zone."""
    slack = DEAD_ZONE * window
    goal = float(seen[0])
    goals = np.empty_like(seen)
    for n, place in enumerate(seen):
        goal = min(max(goal, place - slack), place + slack)
        goals[n] = goal
    return goals


def _followed(goals: _Line, frame_rate: float, window: float) -> _Line:
    """Return the way of a critically damped spring from the first goal on."""
    n_steps = max(1, round(240 / frame_rate))
    step = 1 / (frame_rate * n_steps)
    reach = _REACH * window
    place, speed = float(goals[0]), 0.0
    followed = np.empty_like(goals)
    for n, goal in enumerate(goals):
        followed[n] = place
        for _ in range(n_steps):
            error = min(max(goal - place, -reach), reach)
            speed += (_RATE**2 * error - 2 * _RATE * speed) * step
            place += speed * step
    return followed


def _bends(places: _Line, *, slack: float) -> list[int]:
    """Return the points that a line through the others would miss by more than `slack`."""
    kept = [0]
    stack = [(0, len(places) - 1)]
    needed: set[int] = set()
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        line = np.linspace(places[first], places[last], last - first + 1)
        off = np.abs(places[first : last + 1] - line)
        worst = int(off.argmax())
        if off[worst] > slack:
            needed.add(first + worst)
            stack += [(first, first + worst), (first + worst, last)]
    kept += sorted(needed)
    if len(kept) > 1 or abs(places[-1] - places[0]) > slack:
        kept.append(len(places) - 1)
    return kept
