"""From words to sentences: at full stops, at pauses, and at the latest after many words.

A model may write no punctuation for minutes, so a pause ends a sentence too, unless the sentence
visibly goes on and ends soon; and a length that nobody can read in one go is cut at its best place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from telecine.media.speech.transcript import Sentence, Word, joiner

#: A silence as long as this ends a sentence.
PAUSE_SECONDS: Final = 0.9
#: For breath, for effect: within a sentence nobody is silent for longer.
_LONGEST_BREATH_SECONDS: Final = 2.5
_MOST_WORDS: Final = 50
#: In scripts without spaces a word is about a character.
_MOST_PARTS: Final = 100
#: A sentence that is too long is cut in its later half.
_EARLIEST_CUT: Final = 0.5

_STOP: Final = re.compile(r"""[.?!…。？！｡।॥؟۔։။།]+["'”’»」』)\]]*$""")
_COMMA: Final = re.compile(r"""[,;:—、，；：،][”"’'»」』)]*$""")
#: A letter and its dot: of a name, or of e.g., U.S. and their like.
_INITIALS: Final = re.compile(r"^[\"'“‘(]*(?:\w\.)+$")
_ABBREVIATIONS: Final = frozenset(
    {
        *("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "sr.", "jr.", "vs.", "gen.", "col."),
        *("sgt.", "lt.", "capt.", "gov.", "sen.", "rep.", "rev.", "hon.", "dept.", "approx."),
        *("fig.", "vol.", "bzw.", "ca.", "nr.", "z.b.", "d.h.", "mme.", "mlle.", "sra.", "sig."),
    }
)
#: Abbreviations that a sentence may well end with.
_LAST_ABBREVIATIONS: Final = frozenset({"etc.", "usw.", "inc.", "ltd.", "co.", "corp.", "no."})


def split(words: Sequence[Word], *, language: str) -> tuple[Sentence, ...]:
    """Return the sentences; together they have all the words."""
    between = joiner(language)
    most = _MOST_WORDS if between else _MOST_PARTS
    found = []
    for first, end, is_complete in _spans(words, most=most):
        part = words[first:end]
        found.append(
            Sentence(
                text=between.join(word.text for word in part),
                start_seconds=part[0].start_seconds,
                end_seconds=part[-1].end_seconds,
                first_word=first,
                end_word=end,
                is_complete=is_complete,
            )
        )
    return tuple(found)


def has_stop(text: str) -> bool:
    """Say whether a text ends with the mark of a sentence's end, in any script."""
    return bool(_STOP.search(text.rstrip()))


def ends_sentence(word: Word, following: Word | None) -> bool:
    """Say whether a word's punctuation ends a sentence. A dot of `Dr.` or `U.S.` does not."""
    if not has_stop(word.text):
        return False
    bare = word.text.lower().lstrip("\"'“‘(")
    if following is None or not word.text.endswith("."):
        return True
    if following.text[:1].islower() or bare in _ABBREVIATIONS:
        return False
    if bare in _LAST_ABBREVIATIONS:
        return following.text[:1].isupper()
    return bare == "i." or not _INITIALS.match(word.text)


def ends_clause(word: Word) -> bool:
    """Say whether a comma or its like follows a word."""
    return bool(_COMMA.search(word.text))


def _spans(words: Sequence[Word], *, most: int) -> Iterator[tuple[int, int, bool]]:
    first = 0
    for number, word in enumerate(words):
        following = words[number + 1] if number + 1 < len(words) else None
        is_stop = ends_sentence(word, following)
        is_pause = following is None or pause_after(word, following) > PAUSE_SECONDS
        if is_stop or (is_pause and not _goes_on(words, first, number, most=most)):
            yield from _short(words, first, number + 1, most=most, is_complete=is_stop)
            first = number + 1


def _goes_on(words: Sequence[Word], first: int, at: int, *, most: int) -> bool:
    """Say whether a sentence goes on after a pause: a comma or a small letter, and a stop soon."""
    if at + 1 == len(words):
        return False
    if not (ends_clause(words[at]) or words[at + 1].text[:1].islower()):
        return False
    for number in range(at, min(first + most, len(words)) - 1):
        word, following = words[number], words[number + 1]
        if number > at and ends_sentence(word, following):
            return True
        if pause_after(word, following) > _LONGEST_BREATH_SECONDS:
            return False
    last = len(words) - 1
    return last < first + most and ends_sentence(words[last], None)


def _short(
    words: Sequence[Word], first: int, end: int, *, most: int, is_complete: bool
) -> Iterator[tuple[int, int, bool]]:
    """Cut what is too long at its commas, else at its longest pauses."""
    while end - first > most:
        window = range(first + int(most * _EARLIEST_CUT), first + most)
        cut = max(
            window,
            key=lambda at: (
                ends_clause(words[at]),
                pause_after(words[at], words[at + 1]),
                at,
            ),
        )
        yield first, cut + 1, False
        first = cut + 1
    yield first, end, is_complete


def pause_after(word: Word, following: Word) -> float:
    """Return the silence between two words, in seconds."""
    return following.start_seconds - word.end_seconds
