"""How much of the five read sentences was understood: the word error rate."""

from __future__ import annotations

import re

from tests import debian

from telecine.media.speech.transcript import Transcript


def word_errors(heard: Transcript) -> tuple[int, int]:
    """Return how many words are wrong, and of how many that were read."""
    wanted = plain(" ".join(debian.LIBRIVOX_TEXTS.values()))
    return _distance(wanted, words_of(heard)), len(wanted)


def words_of(heard: Transcript) -> list[str]:
    """Return what was heard as plain words."""
    return plain(" ".join(word.text for word in heard.words))


def plain(text: str) -> list[str]:
    """Words as a reader says them: no signs, no capitals, `Mr.` in full."""
    spoken = text.lower().replace("mr.", "mister").replace("-", " ")
    return re.findall(r"[\w']+", spoken)


def _distance(wanted: list[str], found: list[str]) -> int:
    """How many words are put in, left out or taken for others (Levenshtein)."""
    row = list(range(len(found) + 1))
    for at, word in enumerate(wanted, 1):
        above, row = row, [at]
        for to, other in enumerate(found, 1):
            row.append(min(above[to] + 1, row[-1] + 1, above[to - 1] + (word != other)))
    return row[-1]
