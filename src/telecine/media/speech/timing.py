"""Makes the times of words true: no word begins in silence, none overlaps the next.

A model knows the middle of a word well and its edges badly: the first word after a pause it
lets begin in the pause. Voice activity knows the edges and nothing else.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from telecine.media.speech.transcript import Word

#: Voice activity is noticed a little late and let go a little late.
_ONSET_SECONDS: Final = 0.03
_RELEASE_SECONDS: Final = 0.08
_SHORTEST_SECONDS: Final = 0.04


def settle(words: Sequence[Word], speech: Sequence[tuple[float, float]]) -> tuple[Word, ...]:
    """Move the edges of words to where the voice is; `speech` are its spans, in order, in seconds."""
    return tuple(_in_order([_snapped(word, speech) for word in words]))


def _snapped(word: Word, speech: Sequence[tuple[float, float]]) -> Word:
    start, end = word.start_seconds, word.end_seconds
    following = bisect.bisect_right(speech, (start, float("inf")))
    before = speech[following - 1] if following else None
    is_in_silence = before is None or start >= before[1]
    if is_in_silence and following < len(speech):
        onset = speech[following][0] - _ONSET_SECONDS
        if start < onset < end - _SHORTEST_SECONDS:
            start = onset
            before = speech[following]
    if before is not None and before[0] - _ONSET_SECONDS <= start < before[1]:
        silence = speech[following][0] if following < len(speech) else float("inf")
        released = before[1] + _RELEASE_SECONDS
        if released < end <= silence or (released < end and end - silence < _SHORTEST_SECONDS):
            end = max(released, start + _SHORTEST_SECONDS)
    return replace(word, start_seconds=start, end_seconds=end)


def _in_order(words: Sequence[Word]) -> Iterator[Word]:
    """Let each word begin after the last one ended, and last a moment."""
    earliest = 0.0
    for word in words:
        start = max(word.start_seconds, earliest)
        end = max(word.end_seconds, start + _SHORTEST_SECONDS)
        earliest = end
        yield replace(word, start_seconds=round(start, 3), end_seconds=round(end, 3))
