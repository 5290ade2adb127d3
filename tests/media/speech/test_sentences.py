"""Words become sentences that leave no word out and end where a reader would end them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecine.media.speech import sentences
from telecine.media.speech.transcript import Word


def _said(text: str, *, pause_after: str = "", pause_seconds: float = 1.0) -> list[Word]:
    """Words of 0.3 s, one after the other, with one pause."""
    words, now = [], 0.0
    for part in text.split():
        words.append(Word(text=part, start_seconds=now, end_seconds=now + 0.3))
        now += 0.35 + (pause_seconds if part == pause_after else 0.0)
    return words


def _texts(words: list[Word], language: str = "en") -> list[str]:
    return [sentence.text for sentence in sentences.split(words, language=language)]


def test_full_stops_question_marks_and_exclamation_marks_end_sentences() -> None:
    words = _said('Why? "Because I say so!" That is all. And more')
    assert _texts(words) == ["Why?", '"Because I say so!"', "That is all.", "And more"]


def test_a_sentence_without_a_full_stop_says_that_it_is_not_complete() -> None:
    found = sentences.split(_said("One is done. Two is"), language="en")
    assert [sentence.is_complete for sentence in found] == [True, False]


def test_titles_initials_and_numbers_do_not_end_a_sentence() -> None:
    text = "Dr. Smith of the U.S. Navy paid 3.5 dollars, e.g. for J. R. Tolkien."
    assert _texts(_said(text)) == [text]


def test_a_dot_before_a_small_letter_is_an_abbreviation() -> None:
    assert _texts(_said("It is approx. ten of them.")) == ["It is approx. ten of them."]


def test_an_abbreviation_at_the_end_of_a_sentence_ends_it() -> None:
    assert _texts(_said("Cats, dogs, etc. They all came.")) == [
        "Cats, dogs, etc.",
        "They all came.",
    ]


def test_a_pause_ends_a_sentence_and_a_shorter_one_does_not() -> None:
    long = _said("so it goes on and on", pause_after="goes", pause_seconds=0.9)
    assert _texts(long) == ["so it goes", "on and on"]
    short = _said("so it goes on and on", pause_after="goes", pause_seconds=0.8)
    assert _texts(short) == ["so it goes on and on"]


def test_a_pause_within_a_sentence_that_ends_soon_does_not_end_it() -> None:
    breath = _said("He was, you see, not an ill man. So", pause_after="see,", pause_seconds=1.5)
    assert _texts(breath) == ["He was, you see, not an ill man.", "So"]
    effect = _said("It was then gone.", pause_after="then", pause_seconds=1.5)
    assert _texts(effect) == ["It was then gone."]


def test_after_a_pause_that_is_too_long_for_a_breath_a_sentence_is_over() -> None:
    long = _said("He was, you see, not an ill man.", pause_after="see,", pause_seconds=3.0)
    assert _texts(long) == ["He was, you see,", "not an ill man."]


def test_a_capital_after_a_pause_begins_a_sentence() -> None:
    said = _said("so it went on They came back.", pause_after="on", pause_seconds=1.0)
    assert _texts(said) == ["so it went on", "They came back."]


def test_what_is_too_long_is_cut_at_a_comma() -> None:
    words = _said(" ".join(["word"] * 35) + " comma, " + " ".join(["more"] * 30))
    first, *_ = _texts(words)
    assert first.endswith("comma,")


def test_what_is_too_long_and_has_no_comma_is_cut_at_its_longest_pause() -> None:
    words = _said(
        " ".join(["word"] * 25) + " here " + " ".join(["more"] * 30),
        pause_after="here",
        pause_seconds=0.3,
    )
    first, *_ = _texts(words)
    assert first.endswith("here")


def test_chinese_is_written_without_spaces_and_ends_at_its_own_full_stop() -> None:
    words = _said("你 好。 我 是 老 师。")
    assert _texts(words, language="zh") == ["你好。", "我是老师。"]


@pytest.mark.parametrize("stop", ["。", "｡", "؟", "।", "॥", "։", "။"])
def test_a_sentence_ends_with_the_mark_of_its_script(stop: str) -> None:
    assert _texts(_said(f"a{stop} b")) == [f"a{stop}", "b"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b.", "Mr.", "c,", "?!", "d", "E"]),
            st.floats(0, 3),
            st.floats(0.01, 2),
        ),
        max_size=200,
    ),
    st.sampled_from(["en", "zh", "de"]),
)
def test_together_the_sentences_have_every_word_once_and_none_is_endless(
    parts: list[tuple[str, float, float]], language: str
) -> None:
    words, now = [], 0.0
    for text, pause, length in parts:
        now += pause
        words.append(Word(text=text, start_seconds=now, end_seconds=now + length))
        now += length
    found = sentences.split(words, language=language)
    numbers = [
        number for sentence in found for number in range(sentence.first_word, sentence.end_word)
    ]
    assert numbers == list(range(len(words)))
    most = 100 if language == "zh" else 50
    for sentence in found:
        assert 1 <= sentence.end_word - sentence.first_word <= most
        assert sentence.start_seconds == words[sentence.first_word].start_seconds
        assert sentence.end_seconds == words[sentence.end_word - 1].end_seconds
