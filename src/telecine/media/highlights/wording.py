"""Sentences as counted things: tokens, what they are about, how they open and how they end.

Works in any script. Words are found at spaces; runs of Han, kana, Thai, Lao, Burmese and Khmer,
which have no spaces, count as pairs of characters. Content words are cut to six letters: the
crudest of stemmers, and the only one that is the same in every language.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from telecine.media.highlights import lexicon
from telecine.media.speech.sentences import has_stop
from telecine.media.speech.transcript import Transcript

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003134f"
)
_RUN = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_PARTS = re.compile(r"[\s\u2010-\u2015/\-]+")
_QUESTION = re.compile(r"[?？؟;]+[\"'”’»」』)\]]*$")
_BROKEN_OFF = re.compile(r"(?:…|\.{2,})[\"'”’»」』)\]]*\s*$")
_EXCLAMATION = re.compile(r"[!！]")
_LOWER_GREEK_QUESTION = ";"
_STEM_LETTERS = 6
# A word in more than this share of the sentences says nothing of what they are about.
_COMMON_SHARE = 0.12
_FEWEST_TO_COUNT = 12
_SHORT_LETTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is seen in one sentence. `content` are stems, in order and with repeats.

    `is_finished`: it has the mark of an end. `is_broken_off`: that mark is an ellipsis, with which
    a recogniser writes down that somebody stopped, or was stopped.
    """

    text: str
    tokens: tuple[str, ...]
    line: str
    content: tuple[str, ...]
    is_question: bool
    is_exclamation: bool
    is_finished: bool
    is_broken_off: bool
    is_capitalised: bool
    has_number: bool


def tokens_of(text: str) -> tuple[str, ...]:
    """Return the lower-case words of a text, without punctuation."""
    found: list[str] = []
    for part in _PARTS.split(text.casefold().replace("’", "'")):
        for run in _RUN.findall(part):
            word = _bare(run)
            if not word:
                continue
            if _IS_UNSPACED.match(word) and len(word) > 1:
                found.extend(word[at : at + 2] for at in range(len(word) - 1))
            else:
                found.append(word)
    return tuple(found)


def is_unspaced(text: str) -> bool:
    """Say whether a text is, for the most part, in a script without spaces."""
    return 2 * len(_IS_UNSPACED.findall(text)) > sum(character.isalpha() for character in text)


def has_number(tokens: Sequence[str], *, english: bool) -> bool:
    """Say whether there is a number among words, in figures or in English."""
    numbers = lexicon.NUMBER_WORDS if english else frozenset[str]()
    return any(token in numbers or any(letter.isdecimal() for letter in token) for token in tokens)


def read(transcript: Transcript) -> tuple[Reading, ...]:
    """Read every sentence of a transcript."""
    english = transcript.language == "en"
    texts = [sentence.text.strip() for sentence in transcript.sentences]
    split = [tokens_of(text) for text in texts]
    common = lexicon.STOPWORDS if english else _common_words(split)
    return tuple(
        _read_one(text, tokens, common=common, english=english)
        for text, tokens in zip(texts, split, strict=True)
    )


def _read_one(
    text: str, tokens: tuple[str, ...], *, common: frozenset[str], english: bool
) -> Reading:
    fillers = lexicon.FILLERS if english else frozenset[str]()
    first = next((character for character in text if character.isalnum()), "")
    return Reading(
        text=text,
        tokens=tokens,
        line=f" {' '.join(tokens)} ",
        content=tuple(
            stem(token) for token in tokens if token not in common and token not in fillers
        ),
        is_question=bool(_QUESTION.search(text)) and not _is_semicolon(text),
        is_exclamation=bool(_EXCLAMATION.search(text)),
        is_finished=has_stop(text) and not _BROKEN_OFF.search(text),
        is_broken_off=bool(_BROKEN_OFF.search(text)),
        is_capitalised=first == first.upper() or not first.isalpha(),
        has_number=has_number(tokens, english=english),
    )


def _is_semicolon(text: str) -> bool:
    """Say whether the text ends in the sign that asks in Greek alone."""
    ends_so = text.rstrip().endswith(_LOWER_GREEK_QUESTION)
    return ends_so and not any("\u0370" <= character <= "\u03ff" for character in text)


def _common_words(split: Sequence[tuple[str, ...]]) -> frozenset[str]:
    """Guess the words without meaning of a language that has no list here."""
    spread = Counter(token for tokens in split for token in set(tokens))
    if len(split) < _FEWEST_TO_COUNT:
        return frozenset(
            token
            for token in spread
            if len(token) <= _SHORT_LETTERS and not _IS_UNSPACED.match(token)
        )
    most = max(2.0, _COMMON_SHARE * len(split))
    return frozenset(token for token, count in spread.items() if count > most)


def _bare(word: str) -> str:
    """Return a word without punctuation and signs at its ends; they stay inside (don't, 3.5)."""
    first, last = 0, len(word)
    while first < last and not _counts(word[first]):
        first += 1
    while last > first and not _counts(word[last - 1]):
        last -= 1
    return word[first:last]


def _counts(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character == "%"


def stem(token: str) -> str:
    """Return what a word counts as."""
    token = token.removesuffix("'s")
    if len(token) > _SHORT_LETTERS and token.endswith("s") and not token.endswith("ss"):
        token = token[:-1]
    return token[:_STEM_LETTERS]
