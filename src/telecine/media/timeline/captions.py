"""The captions of a timeline: clips whose words are shown while they are spoken, in pages.

A page is there from its first word on. Where the next page follows within a moment, it stays
until then. Words of the same times, as subtitles without times of words have them, are one page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from telecine.media.timeline.model import Captions, Clip, Layout, Timeline, Word

#: A pause that is shorter than this is none.
MOMENT_SECONDS: Final = 0.3
#: How many words of the same times are one page: subtitles never have more.
_MOST_AT_ONCE: Final = 100


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Words that are shown together, and when: seconds in the clip."""

    words: tuple[Word, ...]
    start_seconds: float
    end_seconds: float


def captions_of(timeline: Timeline) -> Iterator[tuple[Clip, Captions]]:
    """Yield all captions, be they written out or in a file, and the clip that is their time.

    What lies in a layout lives as long as the layout.
    """
    for track in timeline.tracks:
        for clip in track.clips:
            for content in _within([clip]):
                yield clip, content


def _within(clips: Iterable[Clip]) -> Iterator[Captions]:
    for clip in clips:
        if isinstance(clip.content, Captions):
            yield clip.content
        elif isinstance(clip.content, Layout):
            yield from _within(clip.content.children)


def pages(captions: Captions) -> Iterator[Page]:
    """Yield the pages, in order of time: so many words, or as many as begin within its time."""
    waiting: list[Word] = []
    for word in captions.words:
        if waiting and _is_full(captions, waiting, word):
            yield _page(waiting, word)
            waiting = []
        waiting.append(word)
    if waiting:
        yield _page(waiting, None)


def are_one(word: Word, following: Word) -> bool:
    """Say whether two words are said as one: nobody knows when the one ends."""
    times = (word.start_seconds, word.end_seconds)
    return times == (following.start_seconds, following.end_seconds)


def _is_full(captions: Captions, page: Sequence[Word], word: Word) -> bool:
    if page[-1].ends_page:
        return True
    if are_one(page[-1], word) and len(page) < _MOST_AT_ONCE:
        return False
    if captions.page_seconds is None:
        return len(page) >= captions.words_per_page
    return word.start_seconds - page[0].start_seconds >= captions.page_seconds


def _page(words: Sequence[Word], following: Word | None) -> Page:
    end = max(word.end_seconds for word in words)
    if following is not None and following.start_seconds - end <= MOMENT_SECONDS:
        end = following.start_seconds
    return Page(words=tuple(words), start_seconds=words[0].start_seconds, end_seconds=end)
