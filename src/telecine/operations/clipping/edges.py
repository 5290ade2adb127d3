"""Where a clip begins and ends beside a cut: no few frames of another shot, and no word hurt.

An edge is in the silence around the words. A cut in the same silence is where it belongs: what
is seen changes there anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from telecine.media.highlights.model import Candidate
from telecine.media.seeing.model import Seen
from telecine.media.speech.transcript import Word

#: An edge is no farther from the words than that.
REACH_SECONDS: Final = 0.3
#: What is left around a word: its times are not known better.
_GUARD_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class _Silence:
    """Where an edge may be."""

    start_seconds: float
    end_seconds: float

    def cut_near(self, edge: float, cuts: Sequence[float]) -> float:
        """Return the cut in here that is nearest to an edge; the edge itself where none is."""
        here = [cut for cut in cuts if self.start_seconds <= cut <= self.end_seconds]
        return min(here, key=lambda cut: abs(cut - edge), default=edge)


def settle(
    clip: Candidate, seen: Seen, *, words: Sequence[Word], longest_seconds: float
) -> Candidate:
    """Return the clip with its edges on the cuts that are beside them.

    What is `seen` is a little more than the clip. Where one edge alone would make it longer than
    `longest_seconds`, it stays as it is.
    """
    cuts = [shot.start_seconds for shot in seen.shots[1:]]
    before, after = _silences(clip, words)
    start = before.cut_near(clip.start_seconds, cuts)
    end = after.cut_near(clip.end_seconds, cuts)
    for moved in ((start, end), (clip.start_seconds, end), (start, clip.end_seconds)):
        if 0 < moved[1] - moved[0] <= longest_seconds:
            return replace(clip, start_seconds=moved[0], end_seconds=moved[1])
    return clip


def _silences(clip: Candidate, words: Sequence[Word]) -> tuple[_Silence, _Silence]:
    """Return the silences that the clip begins and ends in; a word is in it by its middle."""
    middles = [(word.start_seconds + word.end_seconds) / 2 for word in words]
    inside = [
        number
        for number, middle in enumerate(middles)
        if clip.start_seconds <= middle < clip.end_seconds
    ]
    if not inside:
        nowhere = _Silence(start_seconds=0.0, end_seconds=-1.0)
        return nowhere, nowhere
    first, last = words[inside[0]].start_seconds, words[inside[-1]].end_seconds
    former = words[inside[0] - 1].end_seconds + _GUARD_SECONDS if inside[0] else 0.0
    is_last = inside[-1] + 1 == len(words)
    latter = last + 1 if is_last else words[inside[-1] + 1].start_seconds - _GUARD_SECONDS
    return (
        _Silence(
            start_seconds=max(former, first - REACH_SECONDS), end_seconds=first - _GUARD_SECONDS
        ),
        _Silence(
            start_seconds=last + _GUARD_SECONDS, end_seconds=min(latter, last + REACH_SECONDS)
        ),
    )
