"""A part of a transcript is a transcript: with its own times, and whole sentences of its words."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests import talks

from telecine.media.speech import transcript

TALK = talks.spoken("He was not an ill disposed young man. He was rich! And she was not.")
END = TALK.words[-1].end_seconds


def test_a_part_begins_at_zero_and_has_the_words_in_it() -> None:
    second = TALK.sentences[1]
    part = transcript.part(TALK, second.start_seconds - 0.1, second.end_seconds + 0.1)
    assert [sentence.text for sentence in part.sentences] == ["He was rich!"]
    assert round(part.words[0].start_seconds, 6) == 0.1
    assert round(part.duration_seconds - part.words[-1].end_seconds, 6) == 0.1


def test_a_sentence_that_is_cut_has_the_words_that_are_left() -> None:
    cut = TALK.words[3].start_seconds - 0.01
    part = transcript.part(TALK, cut, TALK.sentences[0].end_seconds)
    assert part.sentences[0].text == "an ill disposed young man."


@given(at=st.floats(0, END))
def test_two_parts_have_every_word_once(at: float) -> None:
    before, after = transcript.part(TALK, 0, at), transcript.part(TALK, at, END + 1)
    assert [word.text for word in (*before.words, *after.words)] == [
        word.text for word in TALK.words
    ]
    for part in (before, after):
        joined = [sentence.first_word for sentence in part.sentences] + [len(part.words)]
        ends = [sentence.end_word for sentence in part.sentences]
        assert joined[1:] == ends
        assert all(word.start_seconds <= word.end_seconds for word in part.words)
        assert all(a.start_seconds <= b.start_seconds for a, b in pairwise(part.words))
        assert all(0 <= word.start_seconds <= part.duration_seconds for word in part.words)
