"""Where one shot ends and the next begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from telecine.media.seeing.model import Shot
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
    cuts = [start_seconds]
    for change in changes:
        is_apart = (
            change.seconds - cuts[-1] >= _LEAST_SHOT_SECONDS
            and end_seconds - change.seconds >= _LEAST_SHOT_SECONDS
        )
        if change.score >= _CUT_SCORE and is_apart:
            cuts.append(change.seconds)
    ends = (*cuts[1:], end_seconds)
    return tuple(
        Shot(start_seconds=start, end_seconds=end) for start, end in zip(cuts, ends, strict=True)
    )
