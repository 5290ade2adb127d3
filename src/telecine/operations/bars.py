"""How far a run is: stages of the work, each with its part of one bar from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate, pairwise

#: Told the share that is done, 0 to 1.
Report = Callable[[float], None]


def part(report: Report, begin: float, end: float) -> Report:
    """Return what is told the share done of the work that takes a bar from `begin` to `end`."""
    return lambda share: report(begin + (end - begin) * min(1.0, share))


def parts(
    report: Report, costs: Mapping[str, float], *, begin: float = 0.0, end: float = 1.0
) -> dict[str, Report]:
    """Divide a bar from `begin` to `end` among stages that follow one another, by what they cost."""
    scale = (end - begin) / sum(costs.values())
    edges = (begin + scale * done for done in accumulate(costs.values(), initial=0.0))
    spans = zip(costs, pairwise(edges), strict=True)
    return {stage: part(report, start, stop) for stage, (start, stop) in spans}


def by_frames(report: Report) -> Callable[[int, int], None]:
    """Return what is told how many frames are drawn, and of how many."""
    return lambda n_done, n_frames: report(n_done / max(1, n_frames))
