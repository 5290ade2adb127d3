"""Words that were spoken become cues: clips of captions, whose pages are whole phrases.

A page never goes over the end of a sentence or over a pause, and the pages of a phrase are of
about the same length. Pages of one size that follow each other are one cue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any, Final

from telecine.media.seeing import caption_styles
from telecine.media.seeing.caption_styles import CaptionStyle
from telecine.media.speech.transcript import Word, joiner

#: A pause that parts pages; and one over which a page stays.
_PAUSE_SECONDS: Final = 0.4
_HELD_SECONDS: Final = 0.3
_LETTERS_A_WORD: Final = 7
#: Of a script without spaces: how many letters go for one word of a page.
_UNSPACED_LETTERS: Final = 4
_END: Final = re.compile(r"[.?!…。？！।؟]+[\"'”’»)\]]*$")  # noqa: RUF001 (ends of sentences)
_WITHOUT_CAPITALS: Final = frozenset({"tr", "az"})  # their i has a capital that is not I


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cue:
    """Some pages of one size."""

    words: tuple[Word, ...]
    words_per_page: int


def clips(
    words: Sequence[Word],
    *,
    style: CaptionStyle,
    width: int,
    height: int,
    language: str,
    frame_rate: Fraction,
    n_frames: int,
) -> list[dict[str, Any]]:
    """Return the captions clips of a film; the words' times are the film's."""
    end_seconds = float(n_frames / frame_rate)
    heard = [word for word in words if word.start_seconds < end_seconds and word.text.strip()]
    cues = list(_cues(heard, style=style, language=language))
    found: list[dict[str, Any]] = []
    for n, cue in enumerate(cues):
        until = cue.words[-1].end_seconds + _HELD_SECONDS
        if n + 1 < len(cues):
            until = min(until, cues[n + 1].words[0].start_seconds)
        first = math.floor(max(0.0, cue.words[0].start_seconds) * frame_rate)
        after = min(n_frames, max(first + 1, round(until * frame_rate)))
        if first >= n_frames:
            continue
        start = float(first / frame_rate)
        look = caption_styles.config(
            style, width=width, height=height, words_per_page=cue.words_per_page, language=language
        )
        found.append(
            {
                "id": f"caption-{n + 1}",
                "type": "captions",
                "start": round(start, 6),
                "duration": round(float(Fraction(after - first) / frame_rate), 6),
                "zIndex": 10,
                "words": [
                    _word(word, start, until, style=style, language=language) for word in cue.words
                ],
                "config": look,
            }
        )
    return found


def _word(
    word: Word, start: float, until: float, *, style: CaptionStyle, language: str
) -> dict[str, Any]:
    text = word.text.strip()
    is_upper = style.is_upper and language not in _WITHOUT_CAPITALS
    return {
        "word": text.upper() if is_upper else text,
        "start": round(max(0.0, word.start_seconds - start), 3),
        "end": round(max(0.0, min(word.end_seconds, until) - start), 3),
    }


def _cues(words: Sequence[Word], *, style: CaptionStyle, language: str) -> Iterator[_Cue]:
    for phrase in _phrases(words):
        for size, pages in groupby(_pages(phrase, style=style, language=language), key=len):
            together = tuple(word for page in pages for word in page)
            yield _Cue(words=together, words_per_page=size)


def _phrases(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Part words where a sentence ends or somebody pauses."""
    phrase: list[Word] = []
    for word in words:
        if phrase and (
            _END.search(phrase[-1].text.strip())
            or word.start_seconds - phrase[-1].end_seconds > _PAUSE_SECONDS
        ):
            yield phrase
            phrase = []
        phrase.append(word)
    if phrase:
        yield phrase


def _pages(phrase: list[Word], *, style: CaptionStyle, language: str) -> Iterator[list[Word]]:
    """Part a phrase into pages whose numbers of words differ by one at the most."""
    letters = sum(len(word.text.strip()) for word in phrase)
    if joiner(language):
        n_pages = max(
            -(-len(phrase) // style.most_words),
            -(-letters // (_LETTERS_A_WORD * style.most_words)),
        )
    else:
        n_pages = -(-letters // (_UNSPACED_LETTERS * style.most_words))
    n_pages = min(max(1, n_pages), len(phrase))
    short, n_longer = divmod(len(phrase), n_pages)
    first = 0
    for n in range(n_pages):
        after = first + short + (n < n_longer)
        yield phrase[first:after]
        first = after
