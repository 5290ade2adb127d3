"""Parts that somebody chose by hand: their times are kept, and what is said of them is true.

A cut may go through a sentence. Then only what is inside counts, and such a clip neither opens
with that sentence nor ends on it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from telecine.kit.errors import InvalidRequestError
from telecine.media.highlights import choosing, phrasing, reasons, titles
from telecine.media.highlights.model import PART_NAMES, Candidate, Parts
from telecine.media.highlights.talk import Talk
from telecine.media.speech.transcript import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What is heard of one sentence, and whether it has words before and after that."""

    at: int
    words: tuple[Word, ...]
    is_cut_before: bool
    is_cut_after: bool

    @property
    def is_whole(self) -> bool:
        return not (self.is_cut_before or self.is_cut_after)


def cut(
    talk: Talk, *, words: Sequence[Word], segments: Sequence[tuple[float, float]]
) -> tuple[Candidate, ...]:
    """Return the stretches that somebody chose, in that order, with their scores.

    `words` are those that the talk's sentences name. Raises `InvalidRequestError` naming the
    segment.
    """
    result = []
    for number, (start, end) in enumerate(segments):
        if not (isfinite(start) and isfinite(end) and 0 <= start < end):
            raise InvalidRequestError(
                "A segment needs a start of at least 0 and an end after it, in seconds.",
                field=f"segments[{number}]",
            )
        heard = _heard(talk, words, start, end)
        result.append(_candidate(talk, heard, start_seconds=start, end_seconds=end))
    return tuple(result)


def _heard(talk: Talk, words: Sequence[Word], start: float, end: float) -> list[_Heard]:
    """Return what is heard of each sentence; a word belongs to where its middle is."""
    found = []
    for at, sentence in enumerate(talk.sentences):
        middles = [
            (word.start_seconds + word.end_seconds) / 2
            for word in words[sentence.first_word : sentence.end_word]
        ]
        inside = [number for number, middle in enumerate(middles) if start <= middle < end]
        if inside:
            first, last = inside[0], inside[-1]
            found.append(
                _Heard(
                    at=at,
                    words=tuple(words[sentence.first_word + number] for number in inside),
                    is_cut_before=first > 0,
                    is_cut_after=last < len(middles) - 1,
                )
            )
    return found


def _candidate(
    talk: Talk, heard: Sequence[_Heard], *, start_seconds: float, end_seconds: float
) -> Candidate:
    middles = [(one.start_seconds + one.end_seconds) / 2 for one in talk.sentences]
    first, end = bisect_left(middles, start_seconds), bisect_right(middles, end_seconds)
    if first >= end and heard:
        first, end = heard[0].at, heard[-1].at + 1
    score, parts, name = 0, Parts(**dict.fromkeys(PART_NAMES, 0.0)), ""
    why: tuple[str, ...] = ()
    if first < end:
        is_cut_before = bool(heard) and heard[0].is_cut_before
        is_cut_after = bool(heard) and heard[-1].is_cut_after
        opened = _opened(talk, first, end, before=is_cut_before, after=is_cut_after)
        found = choosing.stretch(opened, first=first, end=end)
        score, parts = found.virality_score, found.score_parts
        why = reasons.explain(
            opened,
            first=first,
            end=end,
            parts=parts,
            is_cut_before=is_cut_before,
            is_cut_after=is_cut_after,
        )
        name = _title(talk, heard) or found.title
    return Candidate(
        start_seconds=start_seconds,
        end_seconds=end_seconds,
        first_sentence=first,
        end_sentence=end,
        virality_score=score,
        score_parts=parts,
        reasons=("You chose this part yourself.", *why),
        title=name or titles.from_times(start_seconds, end_seconds),
    )


def _opened(talk: Talk, first: int, end: int, *, before: bool, after: bool) -> Talk:
    """Return the talk as it is where a cut goes through a sentence: no opening, no ending there."""
    openings, hooks = talk.openings.copy(), talk.hooks.copy()
    endings, payoffs = talk.endings.copy(), talk.payoffs.copy()
    if before:
        openings[first] = hooks[first] = 0.0
    if after:
        endings[end - 1] = payoffs[end - 1] = 0.0
    return replace(talk, openings=openings, hooks=hooks, endings=endings, payoffs=payoffs)


def _title(talk: Talk, heard: Sequence[_Heard]) -> str:
    """Return a name out of the sentences that are whole, else out of what is heard."""
    whole = [each.at for each in heard if each.is_whole]
    if whole:
        return titles.title(talk, first=whole[0], end=whole[-1] + 1)
    said = talk.joiner.join(word.text for each in heard for word in each.words)
    cleaned = phrasing.clean(said, english=talk.english)
    return titles.shorten(phrasing.alone(cleaned, english=talk.english))
