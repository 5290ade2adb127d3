"""Where one shot ends and the next begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from telecine.media.seeing.model import Seen, Shot
from telecine.media.seeing.pictures import Change

#: A picture that differs by this much follows a cut. FFmpeg proposes 10; on the films that were
#: looked at, cuts have 10.6 and more, fast motion 4 and less.
_CUT_SCORE: Final = 8.0
#: Two changes nearer than this are one: a flash of light, a wipe.
_LEAST_SHOT_SECONDS: Final = 0.3


def split(
    changes: Iterable[Change], *, start_seconds: float, end_seconds: float
) -> tuple[Shot, ...]:
    """Return the shots of a part of a film, at least one."""
    found = (change.seconds for change in changes if change.score >= _CUT_SCORE)
    return _between(found, start_seconds=start_seconds, end_seconds=end_seconds)


def part(seen: Seen, *, start_seconds: float, end_seconds: float) -> Seen:
    """Return what was seen of a part of what was looked at."""
    start, end = max(start_seconds, seen.start_seconds), min(end_seconds, seen.end_seconds)
    cuts = (shot.start_seconds for shot in seen.shots[1:])
    return replace(
        seen,
        shots=_between(cuts, start_seconds=start, end_seconds=end),
        glances=tuple(each for each in seen.glances if start <= each.seconds < end),
    )


def _between(
    found: Iterable[float], *, start_seconds: float, end_seconds: float
) -> tuple[Shot, ...]:
    cuts = [start_seconds]
    for seconds in found:
        if (
            seconds - cuts[-1] >= _LEAST_SHOT_SECONDS
            and end_seconds - seconds >= _LEAST_SHOT_SECONDS
        ):
            cuts.append(seconds)
    ends = (*cuts[1:], end_seconds)
    return tuple(
        Shot(start_seconds=start, end_seconds=end) for start, end in zip(cuts, ends, strict=True)
    )
