"""Captions over time: what of a page is shown on every frame.

Where the next word follows within a moment, the last one stays marked until then; so nothing
flickers between words. Words that are said as one are not marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from telecine.media.render.display import CaptionPage
from telecine.media.render.planning.spans import Clock
from telecine.media.timeline.captions import MOMENT_SECONDS, are_one, pages
from telecine.media.timeline.model import Captions, Word


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """A state of a page, on the clip's frames `first <= n < end`.

    `came` is the frame on which the page appeared, perhaps before the clip.
    """

    page: CaptionPage
    first: int
    end: int
    came: int


def shots(captions: Captions, *, clock: Clock) -> Iterator[Shot]:
    """Yield what is shown, in order of time; only what falls into the clip."""
    for each in pages(captions):
        words, start, end = each.words, each.start_seconds, each.end_seconds
        if clock.frame(end) <= 0 or clock.frame(start) >= clock.n_frames:
            continue
        states = _states(captions, words, end)
        for (at, spoken, visible), (until, _, _) in pairwise([*states, (end, None, 0)]):
            first, last = max(clock.frame(at), 0), min(clock.frame(until), clock.n_frames)
            if first < last:
                page = CaptionPage(captions=captions, words=words, spoken=spoken, visible=visible)
                yield Shot(page=page, first=first, end=last, came=clock.frame(start))


def _states(
    captions: Captions, words: Sequence[Word], end: float
) -> list[tuple[float, int | None, int]]:
    """Return from when on which word is spoken and how many are visible."""
    states: list[tuple[float, int | None, int]] = []
    for index, word in enumerate(words):
        if captions.mode == "stream":
            states.append((word.start_seconds, None, index + 1))
            continue
        spoken = None if _is_one_with_another(words, index) else index
        states.append((word.start_seconds, spoken, len(words)))
        following = words[index + 1].start_seconds if index + 1 < len(words) else end
        if following - word.end_seconds > MOMENT_SECONDS:
            states.append((word.end_seconds, None, len(words)))
    return states


def _is_one_with_another(words: Sequence[Word], index: int) -> bool:
    beside = [*words[max(index - 1, 0) : index], *words[index + 1 : index + 2]]
    return any(are_one(words[index], other) for other in beside)
