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

#: From and to, in seconds.
Span = tuple[float, float]

#: Voice activity is noticed a little late and let go a little late.
_ONSET_SECONDS: Final = 0.03
_RELEASE_SECONDS: Final = 0.08
_SHORTEST_SECONDS: Final = 0.04


def settle(words: Sequence[Word], speech: Sequence[Span]) -> tuple[Word, ...]:
    """Move the edges of words to where the voice is; `speech` are its spans, in order, in seconds."""
    before = [None, *words]
    return tuple(
        _in_order([_snapped(word, last, speech) for last, word in zip(before, words, strict=False)])
    )


def _snapped(word: Word, last: Word | None, speech: Sequence[Span]) -> Word:
    """Keep a word to one voice; where there is none, it stays."""
    first = max(0, bisect.bisect_right(speech, (word.start_seconds, float("inf"))) - 1)
    end = bisect.bisect_left(speech, (word.end_seconds, 0.0))
    voices = [span for span in speech[first:end] if _shared(word, span) >= _SHORTEST_SECONDS]
    if not voices:
        return word
    voice = _chosen(word, last, voices)
    start = max(word.start_seconds, voice[0] - _ONSET_SECONDS)
    released = min(word.end_seconds, voice[1] + _RELEASE_SECONDS)
    return replace(word, start_seconds=start, end_seconds=max(released, start + _SHORTEST_SECONDS))


def _chosen(word: Word, last: Word | None, voices: Sequence[Span]) -> Span:
    """Return the voice that says a word. People pause where they would write a comma."""
    begins = last is not None and not last.text[-1:].isalnum()
    ends = not word.text[-1:].isalnum()
    if begins != ends:
        return voices[-1] if begins else voices[0]
    return max(voices, key=lambda span: _shared(word, span))


def _shared(word: Word, span: Span) -> float:
    """Return how long a word and a voice are heard together; 0 or less is not at all."""
    return min(word.end_seconds, span[1]) - max(word.start_seconds, span[0])


def _in_order(words: Sequence[Word]) -> Iterator[Word]:
    """Let each word begin after the last one ended, and last a moment."""
    earliest = 0.0
    for word in words:
        start = max(word.start_seconds, earliest)
        end = max(word.end_seconds, start + _SHORTEST_SECONDS)
        earliest = end
        yield replace(word, start_seconds=round(start, 3), end_seconds=round(end, 3))
