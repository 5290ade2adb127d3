"""Words that were spoken become cues: a clip of captions, whose pages are whole phrases.

A page never goes over the end of a sentence or over a pause, and the pages of a phrase are of
about the same length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

from telecine.media.cues import shown_until
from telecine.media.seeing import caption_styles
from telecine.media.seeing.caption_styles import CaptionStyle
from telecine.media.speech.sentences import ends_sentence
from telecine.media.speech.transcript import Word, joiner

#: A pause that parts pages.
_PAUSE_SECONDS: Final = 0.4
_LETTERS_A_WORD: Final = 7
#: Of a script without spaces: how many letters go for one word of a page.
_UNSPACED_LETTERS: Final = 4
_WITHOUT_CAPITALS: Final = frozenset({"tr", "az"})  # their i has a capital that is not I


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
    """Return the captions clip of a film, or none; the words' times are the film's."""
    end_seconds = float(n_frames / frame_rate)
    heard = [word for word in words if word.start_seconds < end_seconds and word.text.strip()]
    pages = [
        page
        for phrase in _phrases(heard)
        for page in _pages(phrase, style=style, language=language)
    ]
    if not pages:
        return []
    shown = shown_until(
        [
            (_milliseconds(page[0].start_seconds), _milliseconds(page[-1].end_seconds))
            for page in pages
        ],
        last_ms=_milliseconds(end_seconds),
    )
    is_upper = style.is_upper and language not in _WITHOUT_CAPITALS
    look = caption_styles.config(
        style,
        width=width,
        height=height,
        words_per_page=max(map(len, pages)),
        language=language,
    )
    return [
        {
            "id": "captions",
            "type": "captions",
            "start": 0,
            "duration": round(end_seconds, 6),
            "zIndex": 10,
            "words": [
                word
                for page, until in zip(pages, shown, strict=True)
                for word in _written(page, until_ms=until, is_upper=is_upper)
            ],
            "config": look,
        }
    ]


def _written(page: Sequence[Word], *, until_ms: int, is_upper: bool) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = [
        {
            "word": word.text.strip().upper() if is_upper else word.text.strip(),
            "start": round(max(0.0, word.start_seconds), 3),
            "end": round(max(0.0, word.end_seconds), 3),
        }
        for word in page
    ]
    written[-1] |= {"end": until_ms / 1000, "break": True}
    return written


def _milliseconds(seconds: float) -> int:
    return round(1000 * max(0.0, seconds))


def _phrases(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Part words where a sentence ends or somebody pauses."""
    phrase: list[Word] = []
    for word in words:
        if phrase and (
            ends_sentence(phrase[-1], word)
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
