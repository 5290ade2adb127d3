"""The ten preset animations, put on top of what the curves say.

Of one group (fades, zooms, slides, moves, ...) each counts from its start until a later one
starts after its end; so `move` after `move` goes on from there, and a fade in after a fade out
brings the clip back. Before its start only the first of a group counts, at its first instant:
what fades in later is not seen before.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from telecine.media.render.planning.poses import Pose
from telecine.media.render.planning.ramps import Interval, overshoot
from telecine.media.render.planning.transitions import VECTORS
from telecine.media.timeline.model import Animation, AnimationKind, Filter, FilterKind

_GROUPS: Final[dict[AnimationKind, str]] = {
    "fadeIn": "fade", "fadeOut": "fade", "zoomIn": "zoom", "zoomOut": "zoom",
    "slideIn": "slide", "slideOut": "slide",
}  # fmt: skip
_LEAVING: Final = frozenset({"fadeOut", "slideOut", "zoomOut"})
#: What leaves a picture as it is.
NEUTRAL: Final[dict[FilterKind, float]] = {
    "blur": 0.0, "hue": 0.0, "grayscale": 0.0, "sepia": 0.0, "invert": 0.0,
    "brightness": 1.0, "contrast": 1.0, "saturate": 1.0,
}  # fmt: skip
_FULL_TURN: Final = 360.0

Pair = tuple[float, float]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """An animation with its times inside the clip. It counts from `held_from` until `replaced_at`."""

    animation: Animation
    start: float
    end: float
    held_from: float
    replaced_at: float
    first: Pair
    last: Pair

    def counts_at(self, seconds: float) -> bool:
        """Say whether it has a part in what is seen then."""
        return self.held_from <= seconds < self.replaced_at

    def share_at(self, seconds: float) -> float:
        """Return the share of the way, eased: 0 before the start, 1 after the end."""
        passed = seconds - self.start
        if passed <= 0.0:
            share = 0.0
        elif seconds >= self.end:
            share = 1.0
        else:
            share = math.fmod(passed, self.animation.duration_seconds)
            share /= self.animation.duration_seconds
        return self.animation.easing(share)

    def moving(self) -> Iterator[Interval]:
        """Yield when it changes anything."""
        yield self.start, self.end
        if self.replaced_at < math.inf:
            yield self.replaced_at, self.replaced_at


def runs_of(animations: Iterable[Animation], *, duration_seconds: float) -> tuple[Run, ...]:
    """Work out when a clip's animations run and which of them replace which."""
    groups: defaultdict[object, list[tuple[float, float, Animation]]] = defaultdict(list)
    for animation in animations:
        if animation.kind == "typewriter":  # changes the pixels: see `looks`
            continue
        start = _start(animation, duration_seconds)
        repeats = math.inf if animation.repeats is None else animation.repeats
        end = start + animation.duration_seconds * repeats
        group = _GROUPS.get(animation.kind, animation.kind)
        key = (group, animation.filter) if group == "filter" else group
        groups[key].append((start, end, animation))
    return tuple(run for timed in groups.values() for run in _group(timed))


def _start(animation: Animation, duration_seconds: float) -> float:
    if animation.delay_seconds is not None:
        return animation.delay_seconds
    if animation.kind in _LEAVING:
        return duration_seconds - animation.duration_seconds
    return 0.0


def _group(timed: list[tuple[float, float, Animation]]) -> Iterator[Run]:
    timed = sorted(timed, key=lambda each: each[0])
    found: list[Run] = []
    for start, end, animation in timed:
        before = [run for run in found if run.end <= start]
        current = before[-1].last if before else None
        first, last = _way(animation, current)
        run = Run(
            animation=animation,
            start=start,
            end=end,
            held_from=-math.inf if start == timed[0][0] else start,
            replaced_at=min((other[0] for other in timed if other[0] >= end), default=math.inf),
            first=first,
            last=last,
        )
        found.append(run)
        yield run


def _way(animation: Animation, current: Pair | None) -> tuple[Pair, Pair]:
    """Return where a move, scale, turn or filter starts and ends; what is not said stays."""
    kind = animation.kind
    if kind == "filter":
        plain = NEUTRAL[animation.filter or "blur"]
    else:
        plain = 1.0 if kind == "scale" else 0.0
    neutral = (plain, plain)
    if kind == "rotate" and animation.start is animation.end is None:
        return neutral, (_FULL_TURN, _FULL_TURN)
    first, last = _pair(animation.start), _pair(animation.end)
    return first or current or neutral, last or neutral


def _pair(value: float | Pair | None) -> Pair | None:
    return (value, value) if isinstance(value, int | float) else value


def apply(pose: Pose, run: Run, seconds: float) -> None:
    """Change a pose as an animation does at that instant."""
    share = run.share_at(seconds)
    kind = run.animation.kind
    if kind in ("fadeIn", "fadeOut"):
        pose.opacity *= min(max(share if kind == "fadeIn" else 1.0 - share, 0.0), 1.0)
    elif kind in ("zoomIn", "zoomOut"):
        factor = max(share if kind == "zoomIn" else 1.0 - share, 0.0)
        pose.scale_x, pose.scale_y = pose.scale_x * factor, pose.scale_y * factor
    elif kind in ("slideIn", "slideOut"):
        away = share - 1.0 if kind == "slideIn" else share
        across, down = VECTORS[run.animation.direction]
        pose.x += away * across * run.animation.distance
        pose.y += away * down * run.animation.distance
    else:
        _between(pose, run, share)


def _between(pose: Pose, run: Run, share: float) -> None:
    first, second = (
        start + (end - start) * share for start, end in zip(run.first, run.last, strict=True)
    )
    match run.animation.kind:
        case "move":
            pose.x, pose.y = pose.x + first, pose.y + second
        case "scale":
            pose.scale_x, pose.scale_y = pose.scale_x * first, pose.scale_y * second
        case "rotate":
            pose.rotation += first
        case _:
            kind = run.animation.filter or "blur"
            if first != NEUTRAL[kind]:
                value = first if kind == "hue" else max(first, 0.0)
                pose.filters.append(Filter(kind=kind, value=value))


def largest_scale(runs: Iterable[Run]) -> float:
    """Return how many times its size these can make a clip at the most."""
    groups: dict[str, float] = {"zoom": 1.0, "scale": 0.0}
    has_scale = False
    for run in runs:
        if run.animation.kind == "zoomIn":
            groups["zoom"] = max(groups["zoom"], overshoot(run.animation.easing))
        elif run.animation.kind == "scale":
            has_scale = True
            over = max(1.0, overshoot(run.animation.easing))
            for start, end in zip(run.first, run.last, strict=True):
                far = start + (end - start) * over
                groups["scale"] = max(groups["scale"], abs(start), abs(end), abs(far))
    return groups["zoom"] * (groups["scale"] if has_scale else 1.0)
