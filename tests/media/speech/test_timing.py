"""Words begin where the voice begins, end where it ends, and do not overlap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecine.media.speech import timing
from telecine.media.speech.transcript import Word


def _word(start: float, end: float) -> Word:
    return Word(text="word", start_seconds=start, end_seconds=end)


def test_a_word_that_begins_in_silence_begins_with_the_voice() -> None:
    (settled,) = timing.settle([_word(0.2, 1.5)], [(1.0, 2.0)])
    assert settled.start_seconds == pytest.approx(1.0, abs=0.05)
    assert settled.end_seconds == 1.5


def test_a_word_that_ends_in_silence_ends_with_the_voice() -> None:
    (settled,) = timing.settle([_word(0.6, 3.0)], [(0.5, 1.0), (5.0, 6.0)])
    assert settled.start_seconds == 0.6
    assert settled.end_seconds == pytest.approx(1.0, abs=0.1)


def test_a_word_over_a_pause_is_where_most_of_it_is_heard() -> None:
    """The last 0.2 s of one sentence, a pause, the first word of the next."""
    (settled,) = timing.settle([_word(1.8, 2.9)], [(0.5, 2.0), (2.5, 4.0)])
    assert settled.start_seconds == pytest.approx(2.5, abs=0.05)
    assert settled.end_seconds == 2.9


def test_a_word_after_a_full_stop_is_after_the_pause() -> None:
    stop = Word(text="stop.", start_seconds=1.0, end_seconds=1.4)
    _, settled = timing.settle([stop, _word(1.4, 2.6)], [(0.5, 2.0), (2.5, 4.0)])
    assert settled.start_seconds == pytest.approx(2.5, abs=0.05)


def test_a_word_before_a_comma_is_before_the_pause() -> None:
    comma = Word(text="well,", start_seconds=1.9, end_seconds=2.9)
    (settled,) = timing.settle([comma], [(0.5, 2.0), (2.5, 4.0)])
    assert settled.start_seconds == 1.9
    assert settled.end_seconds == pytest.approx(2.0, abs=0.1)


def test_a_word_within_the_voice_stays_as_it_is() -> None:
    (settled,) = timing.settle([_word(0.6, 0.9)], [(0.5, 1.0)])
    assert (settled.start_seconds, settled.end_seconds) == (0.6, 0.9)


def test_a_word_where_no_voice_was_noticed_stays_as_it_is() -> None:
    (settled,) = timing.settle([_word(2.0, 2.4)], [(0.5, 1.0), (5.0, 6.0)])
    assert (settled.start_seconds, settled.end_seconds) == (2.0, 2.4)


def test_words_that_overlap_are_put_one_after_the_other() -> None:
    first, second = timing.settle([_word(1.0, 2.0), _word(1.5, 2.5)], [(0.0, 3.0)])
    assert (first.end_seconds, second.start_seconds) == (2.0, 2.0)


def test_a_word_that_lies_over_a_pause_begins_after_it_and_the_last_one_reaches_to_it() -> None:
    """A model lets words begin where the last one ended, however long that was ago."""
    one, other = timing.settle(
        [_word(1.0, 1.4), _word(1.4, 2.3)], [(0.9, 2.4)], pauses=[(1.55, 2.0)]
    )
    assert (one.start_seconds, one.end_seconds) == (1.0, 1.55)
    assert (other.start_seconds, other.end_seconds) == (2.0, 2.3)


def test_a_word_of_which_nothing_is_heard_after_a_pause_ends_before_it() -> None:
    (settled,) = timing.settle([_word(1.0, 1.62)], [(0.9, 2.4)], pauses=[(1.4, 1.6)])
    assert (settled.start_seconds, settled.end_seconds) == (1.0, 1.4)


def test_a_first_word_that_a_model_left_with_the_last_sentence_is_brought_to_its_own() -> None:
    said = [
        Word(text="was.", start_seconds=1.0, end_seconds=1.3),
        Word(text="He", start_seconds=1.3, end_seconds=1.7, probability=0.2),
        Word(text="might", start_seconds=3.2, end_seconds=3.5),
    ]
    _, brought, _ = timing.settle(said, [(0.9, 1.7), (3.1, 4.0)])
    assert (brought.start_seconds, brought.end_seconds) == (3.1, 3.2)


def test_a_first_word_that_the_model_is_sure_of_stays_before_its_pause() -> None:
    said = [
        Word(text="was.", start_seconds=1.0, end_seconds=1.3),
        Word(text="So", start_seconds=1.3, end_seconds=1.7, probability=0.9),
        Word(text="what", start_seconds=3.2, end_seconds=3.5),
    ]
    _, stays, _ = timing.settle(said, [(0.9, 1.7), (3.1, 4.0)])
    assert (stays.start_seconds, stays.end_seconds) == (1.3, 1.7)


_times = st.floats(0, 60, allow_nan=False)


@given(
    st.lists(st.tuples(_times, _times), max_size=40),
    st.lists(_times, max_size=20, unique=True).map(sorted),
    st.lists(_times, max_size=20, unique=True).map(sorted),
)
def test_whatever_a_model_says_the_words_come_in_order_and_last(
    spans: list[tuple[float, float]], edges: list[float], quiet: list[float]
) -> None:
    speech = list(zip(edges[::2], edges[1::2], strict=False))
    pauses = list(zip(quiet[::2], quiet[1::2], strict=False))
    settled = timing.settle([_word(*span) for span in spans], speech, pauses)
    last_end = 0.0
    for word in settled:
        assert last_end <= word.start_seconds < word.end_seconds
        last_end = word.end_seconds
