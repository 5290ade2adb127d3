"""Captions of clips: pages that are phrases, words on time, scripts of all kinds, a table of looks."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests import samples
from tests.media.seeing import watching

from telecine.media.seeing import caption_styles, cues
from telecine.media.seeing.caption_styles import STYLES
from telecine.media.speech import sentences, subtitles
from telecine.media.speech.transcript import Transcript, Word
from telecine.media.timeline.captions import captions_of, pages
from telecine.media.timeline.dialects import parse

RATE = Fraction(30000, 1001)
TEXTS = {
    "en": "So this is what nobody ever tells you. Every word counts, even here at the end!",
    "ar": "هذا ما لا يخبرك به أحد. كل كلمة مهمة حتى في النهاية!",
    "he": "זה מה שאף אחד לא מספר לך. כל מילה חשובה!",
    "zh": "这就是没有人告诉你的事情。每个字都很重要，直到最后！",
    "ja": "これは誰も教えてくれないことです。一つ一つの言葉が大切です。",
    "ko": "아무도 말해 주지 않는 것이 있습니다. 모든 단어가 중요합니다!",
}


def _spoken(text: str, *, language: str = "en", pace: float = 0.35) -> list[Word]:
    words = list(text) if language in ("zh", "ja") else text.split()
    return [
        Word(text=word, start_seconds=0.1 + n * pace, end_seconds=0.1 + (n + 0.9) * pace)
        for n, word in enumerate(words)
    ]


def _clips(
    words: list[Word], *, style: str = "white_bold", language: str = "en", seconds: int = 30
) -> list[dict[str, Any]]:
    return cues.clips(
        words,
        style=STYLES[style],
        width=1080,
        height=1920,
        language=language,
        frame_rate=RATE,
        n_frames=round(seconds * RATE),
    )


def _pages(clips: list[dict[str, Any]]) -> list[str]:
    (clip,) = clips
    found: list[str] = []
    said: list[str] = []
    for word in clip["words"]:
        said.append(word["word"])
        if word.get("break"):
            assert len(said) <= clip["config"]["wordsPerBatch"]
            found.append(" ".join(said))
            said = []
    assert not said
    return found


def test_pages_end_with_sentences_and_are_of_even_length() -> None:
    assert _pages(_clips(_spoken(TEXTS["en"]))) == [
        *("SO THIS IS", "WHAT NOBODY EVER", "TELLS YOU."),
        *("EVERY WORD COUNTS,", "EVEN HERE AT", "THE END!"),
    ]


def test_a_title_does_not_end_a_page() -> None:
    pages = _pages(_clips(_spoken("Then I asked old Dr. Smith of it. He knew all.")))
    assert pages == ["THEN I ASKED", "OLD DR. SMITH", "OF IT.", "HE KNEW ALL."]


def test_a_page_stays_while_its_voice_may_and_as_long_as_its_subtitle() -> None:
    words = (
        Word(text="Congratulations!", start_seconds=0.12, end_seconds=0.68),
        Word(text="Well", start_seconds=3.0, end_seconds=4.0),
        Word(text="done.", start_seconds=4.0, end_seconds=4.5),
        Word(text="You", start_seconds=4.6, end_seconds=4.8),
        Word(text="won.", start_seconds=4.8, end_seconds=4.9),
    )
    (clip,) = _clips(list(words), seconds=5)
    ends = [word["end"] for word in clip["words"] if word.get("break")]
    assert ends == pytest.approx([1.32, 4.6, 5.0], abs=0.01)
    heard = Transcript(
        language="en",
        words=words,
        sentences=sentences.split(words, language="en"),
        duration_seconds=5.0,
    )
    assert [cue.end_ms / 1000 for cue in subtitles.cues(heard)] == pytest.approx(ends, abs=0.01)


def test_a_pause_ends_a_page() -> None:
    first, second = _spoken("wait for"), _spoken("it now")
    late = [
        Word(text=each.text, start_seconds=each.start_seconds + 2, end_seconds=each.end_seconds + 2)
        for each in second
    ]
    assert _pages(_clips([*first, *late])) == ["WAIT FOR", "IT NOW"]


@pytest.mark.parametrize("language", TEXTS)
def test_no_word_is_lost_or_moved(language: str) -> None:
    words = _spoken(TEXTS[language], language=language)
    (clip,) = _clips(words, language=language)
    shown = [(clip["start"] + word["start"], word["word"]) for word in clip["words"]]
    assert [text for _, text in shown] == [word.text.upper() for word in words]
    times = [at for at, _ in shown]
    assert times == pytest.approx([word.start_seconds for word in words], abs=0.002)


@pytest.mark.parametrize("language", TEXTS)
def test_the_renderer_shows_the_pages_one_after_the_other(language: str) -> None:
    clips = _clips(_spoken(TEXTS[language], language=language), language=language)
    parsed = parse(
        {"meta": {"width": 1080, "height": 1920, "fps": 29.97}, "tracks": [{"clips": clips}]}
    )
    assert parsed.timeline is not None
    ((_, captions),) = captions_of(parsed.timeline)
    shown = list(pages(captions))
    assert [" ".join(word.text for word in page.words) for page in shown] == _pages(clips)
    for before, after in pairwise(shown):
        assert before.start_seconds < before.end_seconds <= after.start_seconds


def test_nothing_is_shown_where_nothing_is_said() -> None:
    assert _clips([]) == []


def test_right_to_left_is_said_and_turkish_keeps_its_letters() -> None:
    assert _clips(_spoken(TEXTS["ar"]), language="ar")[0]["config"]["direction"] == "rtl"
    assert _pages(_clips(_spoken("bizim iki"), language="tr")) == ["bizim iki"]


def test_chinese_pages_are_short_lines_without_a_broken_sentence() -> None:
    pages = _pages(_clips(_spoken(TEXTS["zh"], language="zh"), language="zh"))
    lines = [page.replace(" ", "") for page in pages]
    assert max(map(len, lines)) <= 12
    assert any(line.endswith("。") for line in lines)


def test_words_after_the_end_are_not_shown() -> None:
    clips = _clips(_spoken(TEXTS["en"]), seconds=1)
    assert max(clip["start"] + clip["duration"] for clip in clips) <= 1.01


def test_there_are_styles_and_each_says_what_it_is() -> None:
    assert caption_styles.DEFAULT == "white_bold"
    assert len(STYLES) >= 6
    assert all(style.description.endswith(".") for style in STYLES.values())


def test_all_styles_look_different() -> None:
    pictures = [_shown(style=name, language="en") for name in STYLES]
    for n, one in enumerate(pictures):
        for other in pictures[n + 1 :]:
            assert np.abs(one.astype(int) - other).mean() > 0.2


@pytest.mark.parametrize("language", TEXTS)
def test_every_script_is_written_inside_the_safe_area(language: str) -> None:
    picture = _shown(style="white_bold", language=language).astype(int)
    rows, columns = np.nonzero(picture.max(axis=2) > 60)
    height, width = picture.shape[:2]
    assert columns.min() >= 0.07 * width
    assert columns.max() <= 0.93 * width
    assert rows.max() <= 0.76 * height
    # About as many pixels as letters need: not nothing, not a row of empty boxes only.
    assert 300 < len(rows) < 0.15 * picture.size


@pytest.mark.parametrize("style", STYLES)
def test_every_style_can_be_read_on_white(style: str) -> None:
    """White letters there are their edges, or stand on a box."""
    picture = _shown(style=style, language="en", ground="#ffffff")
    dark = picture.max(axis=2) < 170
    coloured = np.ptp(picture.astype(int), axis=2) > 60
    letters = np.argwhere(picture.min(axis=2) < 225)
    (top, left), (bottom, right) = letters.min(axis=0), letters.max(axis=0)
    box = dark[top : bottom + 1, left : right + 1] | coloured[top : bottom + 1, left : right + 1]
    # In nearly every column of the line there is something of a letter's edge.
    assert box.any(axis=0).mean() > 0.7


def _shown(*, style: str, language: str, ground: str = "#000000") -> samples.Picture:
    """Return the first page, in the middle of its first word."""
    clips = _clips(_spoken(TEXTS[language], language=language), style=style, language=language)
    document = {
        "meta": {
            "version": "2.0.0",
            "width": 1080,
            "height": 1920,
            "fps": 29.97,
            "background": ground,
        },
        "tracks": [{"clips": clips}],
    }
    (picture,) = watching.drawn(document, samples.astronaut(), frames=[10])
    return picture
