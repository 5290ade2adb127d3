"""The choice: every window of whole sentences is weighed, the best that do not overlap are kept.

Fewer clips rather than bad ones: what scores far below the best is left out, an advertisement
always. A talk shorter than a clip may be is one clip.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telecine.media.highlights import reasons, titles, weighing
from telecine.media.highlights.model import Candidate, Parts, Wishes
from telecine.media.highlights.talk import Talk

# Words are never cut into: so much is left before and after them where there is silence.
_LEAD_SECONDS = 0.12
_TAIL_SECONDS = 0.25
# Of the windows that begin with one sentence, so many are weighed and so many remembered.
_MOST_ENDS = 40
_KEPT_PER_START = 3
_LEAST_SCORE = 30
_LEAST_SHARE_OF_BEST = 0.5
_TOO_ALIKE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    first: int
    end: int
    raw: float
    parts: Parts


def choose(talk: Talk, *, wishes: Wishes | None = None) -> tuple[Candidate, ...]:
    """Return the clips that the talk offers, the best first; none where nothing was said."""
    wishes = wishes or Wishes()
    found = _best_apart(talk, _windows(talk, wishes), most=wishes.max_clips)
    return tuple(
        _candidate(talk, window) for window in found if _is_good_enough(window, best=found[0])
    )


def offer(talk: Talk, *, wishes: Wishes, most: int) -> tuple[Candidate, ...]:
    """Return what might be chosen by somebody with another taste, good or not, the best first."""
    found = _best_apart(talk, _windows(talk, wishes), most=most)
    return tuple(_candidate(talk, window) for window in found)


def stretch(talk: Talk, *, first: int, end: int) -> Candidate:
    """Return the candidate that is `sentences[first:end]`, good or bad; `first < end`."""
    weighed = weighing.weigh(talk, first=first, ends=(end,))
    return _candidate(
        talk,
        _Window(
            first=first,
            end=end,
            raw=float(weighed.raw[0]),
            parts=weighing.parts_of(weighed, 0),
        ),
    )


def _windows(talk: Talk, wishes: Wishes) -> list[_Window]:
    """Return windows of whole sentences; where there are none, those that cut into one."""
    everywhere = range(len(talk.sentences))
    whole = _weighed(
        talk, wishes, [at for at in everywhere if not talk.halved[at]], at_halves=False
    )
    return whole or _weighed(talk, wishes, everywhere, at_halves=True)


def _weighed(
    talk: Talk, wishes: Wishes, firsts: Sequence[int], *, at_halves: bool
) -> list[_Window]:
    found: list[_Window] = []
    for first in firsts:
        ends = [end for end in _ends(talk, first, wishes) if at_halves or not talk.halved[end]]
        if talk.marks.promotion[first] or not ends:
            continue
        weighed = weighing.weigh(talk, first=first, ends=ends)
        best = np.argsort(-weighed.raw, kind="stable")[:_KEPT_PER_START]
        found.extend(
            _Window(
                first=first,
                end=ends[at],
                raw=float(weighed.raw[at]),
                parts=weighing.parts_of(weighed, int(at)),
            )
            for at in best
        )
    return found


def _ends(talk: Talk, first: int, wishes: Wishes) -> list[int]:
    """Return where windows from `first` may end: in time, before any advertisement.

    Where there are very many, those after which the subject changes most.
    """
    sentences = talk.sentences
    begins = sentences[first].start_seconds
    # The lead and the tail are part of the clip, so of its length.
    longest = wishes.max_seconds - _LEAD_SECONDS - _TAIL_SECONDS
    shortest = wishes.min_seconds
    whole = sentences[-1].end_seconds - sentences[0].start_seconds
    if first == 0 and whole < shortest:
        return [] if talk.marks.promotion.any() else [len(sentences)]
    low = bisect_left(sentences, begins + shortest, key=lambda one: one.end_seconds)
    high = bisect_right(sentences, begins + longest, key=lambda one: one.end_seconds)
    low = max(low, first)
    sold = np.flatnonzero(talk.marks.promotion[first:high])
    if len(sold):
        high = first + int(sold[0])
    ends = np.arange(low + 1, high + 1)
    if len(ends) > _MOST_ENDS:
        quality = talk.boundaries[ends] + talk.endings[ends - 1]
        ends = np.sort(ends[np.argsort(-quality, kind="stable")[:_MOST_ENDS]])
    return [int(end) for end in ends]


def _best_apart(talk: Talk, windows: Sequence[_Window], *, most: int) -> list[_Window]:
    taken: list[_Window] = []
    for window in sorted(windows, key=lambda window: (-window.raw, window.first)):
        if len(taken) == most:
            break
        if all(_is_apart(talk, window, other) for other in taken):
            taken.append(window)
    return taken


def _is_good_enough(window: _Window, *, best: _Window) -> bool:
    least = max(_LEAST_SCORE, _LEAST_SHARE_OF_BEST * weighing.score(best.raw))
    return window is best or weighing.score(window.raw) >= least


def _is_apart(talk: Talk, one: _Window, other: _Window) -> bool:
    if one.first < other.end and other.first < one.end:
        return False
    a = talk.vectors[one.first : one.end].sum(axis=0)
    b = talk.vectors[other.first : other.end].sum(axis=0)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return not lengths or float(a @ b) / lengths <= _TOO_ALIKE


def _candidate(talk: Talk, window: _Window) -> Candidate:
    start, end = _cut_points(talk, window.first, window.end)
    return Candidate(
        start_seconds=start,
        end_seconds=end,
        first_sentence=window.first,
        end_sentence=window.end,
        virality_score=weighing.score(window.raw),
        score_parts=window.parts,
        reasons=reasons.explain(talk, first=window.first, end=window.end, parts=window.parts),
        title=titles.title(talk, first=window.first, end=window.end),
    )


def _cut_points(talk: Talk, first: int, end: int) -> tuple[float, float]:
    """Return times in the silence around the words, and never within a neighbour's."""
    sentences = talk.sentences
    start, stop = sentences[first].start_seconds, sentences[end - 1].end_seconds
    before = sentences[first - 1].end_seconds if first else 0.0
    after = sentences[end].start_seconds if end < len(sentences) else stop + 2 * _TAIL_SECONDS
    lead = min(_LEAD_SECONDS, max(start - before, 0.0) / 2)
    tail = min(_TAIL_SECONDS, max(after - stop, 0.0) / 2)
    return max(start - lead, 0.0), stop + tail
