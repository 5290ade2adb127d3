"""The name of a clip: its most telling sentence, if short; else as much of it as fits.

Words are the speaker's. What had to be left out at the end is shown as an ellipsis.
"""

from __future__ import annotations

import re

from telecine.media.highlights.phrasing import alone, clean
from telecine.media.highlights.talk import Talk
from telecine.media.highlights.wording import is_unspaced

MOST_CHARACTERS = 60
# Characters that say as much as a word in an alphabet: half as many of them fit a line.
_MOST_UNSPACED = 30
_SECONDS_A_MINUTE = 60
_STANDS_ALONE = 0.6
_GOOD = 0.75
_FEWEST_CHARACTERS = 12
CLAUSE = re.compile(r"[,;:、，；：،؛—–]\s*")
_END_MARK = re.compile(r"[.。।．…]+$")


def title(talk: Talk, *, first: int, end: int) -> str:
    """Return the title of `sentences[first:end]`; empty only where no word was said."""
    texts = {
        at: alone(clean(talk.readings[at].text, english=talk.english), english=talk.english)
        for at in range(first, end)
    }
    ranked = sorted(
        (at for at in texts if texts[at]), key=lambda at: (-_worth(talk, at, first, end), at)
    )
    if not ranked:
        return ""
    best = _worth(talk, ranked[0], first, end)
    for at in ranked:
        text = _END_MARK.sub("", texts[at])
        stands = talk.openings[at] >= _STANDS_ALONE and _worth(talk, at, first, end) >= best * _GOOD
        if stands and _fewest(text) <= len(text) <= _most(text):
            return text
    return shorten(texts[ranked[0]])


def shorten(text: str) -> str:
    """Return a text that fits a title: up to the end of a clause, else of a word, and "…"."""
    text = _END_MARK.sub("", " ".join(text.split()))
    most = _most(text)
    if len(text) <= most:
        return text
    clauses = [found.start() for found in CLAUSE.finditer(text) if found.start() < most]
    if clauses and clauses[-1] >= most // 2:
        return text[: clauses[-1]] + "…"
    room = text[: most - 1]
    spaced = room.rpartition(" ")[0] if not is_unspaced(text) else ""
    return (spaced or room).rstrip(" ,;:-–—、，") + "…"


def from_times(start_seconds: float, end_seconds: float) -> str:
    """Return the title of a clip in which nothing was said: `0:05` to `1:10`."""
    return f"{_clock(start_seconds)} – {_clock(end_seconds)}"


def _worth(talk: Talk, at: int, first: int, end: int) -> float:
    """Titles promise: what opens it counts most, and how it ends is not given away."""
    late = (at - first) / max(end - first - 1, 1)
    return float(
        0.2
        + talk.hooks[at]
        + 0.3 * talk.centrality[at]
        + 0.3 * talk.openings[at]
        + 0.3 * (at == first)
        - 0.4 * late
    )


def _most(text: str) -> int:
    return _MOST_UNSPACED if is_unspaced(text) else MOST_CHARACTERS


def _fewest(text: str) -> int:
    return _FEWEST_CHARACTERS // 2 if is_unspaced(text) else _FEWEST_CHARACTERS


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // _SECONDS_A_MINUTE}:{whole % _SECONDS_A_MINUTE:02d}"
