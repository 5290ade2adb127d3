"""A heading over a section: its own short question, else the words that it alone is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from telecine.media.highlights import lexicon, titles
from telecine.media.highlights.talk import Talk
from telecine.media.highlights.wording import is_unspaced, stem, tokens_of

_LONGEST_SENTENCE = 48
_LONGEST_UNSPACED = 24
_MOST_WORDS = 3
_TELLING_HOOK = 0.4
_END = re.compile(r"[.。…]+$")


def heading(
    talk: Talk, lines: Sequence[str], *, first: int, end: int, avoid: Collection[str]
) -> str:
    """Return a heading for `sentences[first:end]` that is none of `avoid`."""
    for at in sorted(range(first, end), key=lambda at: (-talk.hooks[at], at)):
        text = _END.sub("", lines[at])
        most = _LONGEST_UNSPACED if is_unspaced(text) else _LONGEST_SENTENCE
        telling = talk.readings[at].is_question or talk.hooks[at] >= _TELLING_HOOK
        if text and telling and len(text) <= most and talk.openings[at] > 0.5 and text not in avoid:
            return text
    printed = [at for at in range(first, end) if lines[at]]
    phrase = _phrase(talk, printed) if talk.joiner else ""
    if phrase and phrase not in avoid:
        return phrase
    return titles.title(talk, first=first, end=end)


def _phrase(talk: Talk, printed: Sequence[int]) -> str:
    """Return the words next to each other that occur here and nowhere else, as they were said."""
    here = Counter(stem for at in printed for stem in talk.readings[at].content)
    everywhere = Counter(stem for reading in talk.readings for stem in reading.content)
    best: tuple[float, str] = (0.0, "")
    for at in printed:
        reading = talk.readings[at]
        known = set(reading.content)
        for words in _runs(reading.text, known, english=talk.english):
            stems = [stem for word in words for stem in _stems(word)]
            value = sum(here[stem] ** 2 / everywhere[stem] for stem in set(stems) if here[stem])
            value *= 1.25 if len(words) > 1 else 1.0
            if value > best[0] + 1e-9:
                best = (value, " ".join(words))
    return best[1][:1].upper() + best[1][1:]


def _runs(text: str, known: set[str], *, english: bool) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for raw in text.split():
        word = raw.strip(".,;:!?\"'()[]«»“”„‚‘’¿¡…*_#`<>")  # noqa: RUF001
        content = any(stem in known for stem in _stems(word)) and not word.isdecimal()
        if english and word.lower() in lexicon.STOPWORDS:
            content = False
        if content:
            runs[-1].append(word)
        if not content or raw[-1:] in ".,;:!?" or len(runs[-1]) == _MOST_WORDS:
            runs.append([])
    return [run for run in runs if run]


def _stems(word: str) -> list[str]:
    return [stem(token) for token in tokens_of(word)]
