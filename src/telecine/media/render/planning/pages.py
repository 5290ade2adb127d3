"""Captions over time: which words share a page, and what of it is shown on every frame.

A page is there from its first word on. Where the next word or page follows within a moment,
the last one stays until then; so nothing flickers between words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from telecine.media.render.display import CaptionPage
from telecine.media.render.planning.spans import Clock
from telecine.media.timeline.model import Captions, Word

_MOMENT_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A state of a page, on the clip's frames `first <= n < end`.

    `came` is the frame on which the page appeared, perhaps before the clip.
    """

    page: CaptionPage
    first: int
    end: int
    came: int


def shots(captions: Captions, *, clock: Clock) -> Iterator[Shot]:
    """Yield what is shown, in order of time; only what falls into the clip."""
    pages = list(_pages(captions))
    for index, words in enumerate(pages):
        following = pages[index + 1][0] if index + 1 < len(pages) else None
        start, end = words[0].start_seconds, _until(words, following)
        if clock.frame(end) <= 0 or clock.frame(start) >= clock.n_frames:
            continue
        states = _states(captions, words, end)
        for (at, spoken, visible), (until, _, _) in pairwise([*states, (end, None, 0)]):
            first, last = max(clock.frame(at), 0), min(clock.frame(until), clock.n_frames)
            if first < last:
                page = CaptionPage(captions=captions, words=words, spoken=spoken, visible=visible)
                yield Shot(page=page, first=first, end=last, came=clock.frame(start))


def _pages(captions: Captions) -> Iterator[tuple[Word, ...]]:
    """Yield the words of each page: so many, or as many as begin within its time."""
    page: list[Word] = []
    for word in captions.words:
        if page and _is_full(captions, page, word):
            yield tuple(page)
            page = []
        page.append(word)
    if page:
        yield tuple(page)


def _is_full(captions: Captions, page: Sequence[Word], word: Word) -> bool:
    if captions.page_seconds is None:
        return len(page) >= captions.words_per_page
    return word.start_seconds - page[0].start_seconds >= captions.page_seconds


def _until(words: Sequence[Word], following: Word | None) -> float:
    end = max(word.end_seconds for word in words)
    if following is None:
        return end
    if following.start_seconds - end <= _MOMENT_SECONDS:
        return following.start_seconds
    return end


def _states(
    captions: Captions, words: Sequence[Word], end: float
) -> list[tuple[float, int | None, int]]:
    """Return from when on which word is spoken and how many are visible."""
    states: list[tuple[float, int | None, int]] = []
    for index, word in enumerate(words):
        if captions.mode == "stream":
            states.append((word.start_seconds, None, index + 1))
            continue
        states.append((word.start_seconds, index, len(words)))
        following = words[index + 1].start_seconds if index + 1 < len(words) else end
        if following - word.end_seconds > _MOMENT_SECONDS:
            states.append((word.end_seconds, None, len(words)))
    return states
