"""Makes the times of words true: no word begins in silence, none overlaps the next.

A model knows the middle of a word well and its edges badly: the first word after a pause it
lets begin in the pause, or where the last one ended. Voice activity and pauses know the edges and
nothing else.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from telecine.media.speech.transcript import Word

#: From and to, in seconds.
Span = tuple[float, float]

#: Voice activity is noticed a little late and let go a little late.
_ONSET_SECONDS: Final = 0.03
_RELEASE_SECONDS: Final = 0.08
_SHORTEST_SECONDS: Final = 0.04
#: What is heard of a word after a pause, if that is where it is said.
_LEAST_HEARD_SECONDS: Final = 0.05
#: A word that opens a sentence is not followed by a pause like this, if the model is not sure of it.
_STRANDED_SECONDS: Final = 0.9
_SURE: Final = 0.5
_LED_SECONDS: Final = 0.1


def settle(
    words: Sequence[Word], speech: Sequence[Span], pauses: Sequence[Span] = ()
) -> tuple[Word, ...]:
    """Move the edges of words to where the voice is.

    `speech` are the spans of voice activity, `pauses` those of quiet; both in order, in seconds.
    """
    before = [None, *words]
    snapped = [_snapped(word, last, speech) for last, word in zip(before, words, strict=False)]
    return tuple(_in_order(_brought(_after_pauses(snapped, pauses))))


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


def _after_pauses(words: Sequence[Word], pauses: Sequence[Span]) -> list[Word]:
    """Let a word that lies over a pause begin after it: what is before is the last word's."""
    found: list[Word] = []
    for word in words:
        start, end = word.start_seconds, word.end_seconds
        first = bisect.bisect_right(pauses, start, key=lambda span: span[1])
        for quiet, heard in pauses[first:]:
            if quiet >= end:
                break
            if end - heard >= _LEAST_HEARD_SECONDS:
                if found and found[-1].end_seconds < quiet and found[-1].end_seconds >= start:
                    found[-1] = replace(found[-1], end_seconds=quiet)
                start = heard
            elif quiet - start >= _SHORTEST_SECONDS:
                end = quiet
        found.append(replace(word, start_seconds=start, end_seconds=end))
    return found


def _brought(words: Sequence[Word]) -> Iterator[Word]:
    """Bring a first word that was left with the sentence before to the rest of its own."""
    for at, word in enumerate(words):
        opens = at > 0 and not words[at - 1].text[-1:].isalnum() and word.text[-1:].isalnum()
        following = words[at + 1] if at + 1 < len(words) else None
        if (
            opens
            and following is not None
            and word.probability < _SURE
            and following.start_seconds - word.end_seconds > _STRANDED_SECONDS
        ):
            start = following.start_seconds - _LED_SECONDS
            yield replace(word, start_seconds=start, end_seconds=following.start_seconds)
        else:
            yield word


def _in_order(words: Iterable[Word]) -> Iterator[Word]:
    """Let each word begin after the last one ended, and last a moment."""
    earliest = 0.0
    for word in words:
        start = max(word.start_seconds, earliest)
        end = max(word.end_seconds, start + _SHORTEST_SECONDS)
        earliest = end
        yield replace(word, start_seconds=round(start, 3), end_seconds=round(end, 3))
