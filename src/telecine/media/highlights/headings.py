"""A heading over a section of the blog post: a short sentence of its own, else what it is about.

Words are the speaker's. A heading is never a sentence that breaks off: where none is short, it is the
phrase whose words the section says most; where no phrase can be told (in languages without a list of
small words), the beginning of a sentence up to a comma.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from telecine.media.highlights import lexicon, titles
from telecine.media.highlights.phrasing import alone
from telecine.media.highlights.talk import Talk
from telecine.media.highlights.wording import is_unspaced, stem, tokens_of

_LENGTHS = (12, 60)
_UNSPACED_LENGTHS = (5, 30)
_STANDS_ALONE = 0.5
_END = re.compile(r"[.。…]+$")
_PART = re.compile(r"[,;:.!?…\"“”()—–]+\s*")
_SMALL = lexicon.STOPWORDS | lexicon.FILLERS | lexicon.WEAK_OPENERS
_MOST_WORDS = 3


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
    others = [_phrase([lines[at] for at in told])] if talk.english else []
    others += [_clause(text) for text in fresh]
    return next((text for text in others if text and text not in avoid), "")


def bare(text: str) -> str:
    """Return a title as a heading; empty if it breaks off."""
    return "" if text.endswith("…") else text


def _phrase(told: Sequence[str]) -> str:
    """Return the run of telling words that says best what sentences are about."""
    runs = [run for line in told for part in _PART.split(line) for run in _runs(part)]
    counts = Counter(stem(word.casefold()) for run in runs for word in run)
    usable = [run for run in runs if len(run) > 1]
    if not usable:
        return ""
    best = max(
        usable, key=lambda run: sum(counts[stem(word.casefold())] for word in run) / len(run)
    )
    text = " ".join(best)
    return text[:1].upper() + text[1:]


def _runs(part: str) -> Iterator[tuple[str, ...]]:
    """Yield the last words of each run between small words: what is named comes at its end."""
    run: list[str] = []
    for word in [*part.split(), ""]:
        if tokens_of(word) and not set(tokens_of(word)) & _SMALL:
            run.append(word)
        else:
            if run:
                yield tuple(run[-_MOST_WORDS:])
            run = []


def _clause(text: str) -> str:
    """Return a sentence as far as it fits, if a clause ends there."""
    fewest, most = _UNSPACED_LENGTHS if is_unspaced(text) else _LENGTHS
    if len(text) <= most:
        return text if len(text) >= fewest else ""
    ends = [found.start() for found in titles.CLAUSE.finditer(text) if found.start() <= most]
    return text[: ends[-1]] if ends and ends[-1] >= fewest else ""
