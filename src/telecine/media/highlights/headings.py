"""A heading over a section of the blog post: a sentence of its own, short or shortened."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from telecine.media.highlights import titles
from telecine.media.highlights.phrasing import alone
from telecine.media.highlights.talk import Talk
from telecine.media.highlights.wording import is_unspaced

_LENGTHS = (12, 60)
_UNSPACED_LENGTHS = (5, 30)
_STANDS_ALONE = 0.5
_END = re.compile(r"[.。…]+$")


def heading(
    talk: Talk, lines: Sequence[str], *, first: int, end: int, avoid: Collection[str]
) -> str:
    """Return a heading for `sentences[first:end]` that is none of `avoid`; empty if all are."""
    told = [at for at in range(first, end) if lines[at]]
    ranked = sorted(told, key=lambda at: (-talk.hooks[at] - 0.5 * talk.centrality[at], at))
    texts = [
        _END.sub("", alone(lines[at], english=talk.english))
        for at in ranked
        if talk.openings[at] > _STANDS_ALONE
    ]
    fresh = [text for text in texts if text not in avoid]
    for text in fresh:
        fewest, most = _UNSPACED_LENGTHS if is_unspaced(text) else _LENGTHS
        if fewest <= len(text) <= most:
            return text
    shortened = [titles.shorten(text) for text in fresh]
    shortened.append(titles.title(talk, first=first, end=end))
    return next((text for text in shortened if text not in avoid), "")
