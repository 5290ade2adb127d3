"""Parts that somebody chose by hand: their times, their scores, and what is said of them."""

from __future__ import annotations

import pytest
from tests import talks

from telecine.kit.errors import InvalidRequestError
from telecine.media.highlights import choosing, cutting, talk
from telecine.media.highlights.model import Candidate
from telecine.media.speech.transcript import Transcript


def cut(heard: Transcript, *segments: tuple[float, float]) -> tuple[Candidate, ...]:
    return cutting.cut(talk.prepare(heard), words=heard.words, segments=segments)


def test_parts_chosen_by_hand_keep_their_times_and_order() -> None:
    heard = talks.spoken("\n\n".join(talks.PLANTED["bakery and languages"][0]))
    story = choosing.choose(talk.prepare(heard))[1]
    by_hand = cut(heard, (story.start_seconds, story.end_seconds), (1.0, 6.5), (9000.0, 9030.0))
    assert [(one.start_seconds, one.end_seconds) for one in by_hand] == [
        (story.start_seconds, story.end_seconds),
        (1.0, 6.5),
        (9000.0, 9030.0),
    ]
    assert by_hand[0].virality_score == story.virality_score
    assert by_hand[0].title == story.title
    assert (by_hand[2].virality_score, by_hand[2].title) == (0, "150:00 – 150:30")


@pytest.mark.parametrize("segment", [(5.0, 5.0), (-1.0, 4.0), (4.0, 2.0), (0.0, float("nan"))])
def test_a_part_that_cannot_be_cut_is_refused_by_its_number(segment: tuple[float, float]) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        cut(talks.spoken(talks.BAKERY), (0.0, 5.0), segment)
    assert refused.value.field == "segments[1]"


LONG = """
I think that anybody who has ever lost everything in a fire knows how quickly a family comes
together and starts to laugh about it because there is nothing else that they could possibly do and
because walls are cheap.
"""


def test_a_part_within_a_long_sentence_is_weighed_and_named_by_its_words() -> None:
    heard = talks.spoken(LONG)
    words = heard.words[22:32]
    (found,) = cut(heard, (words[0].start_seconds, words[-1].end_seconds))
    assert (found.first_sentence, found.end_sentence) == (0, 1)
    assert found.virality_score > 0
    assert found.title == " ".join(word.text for word in words).capitalize()
    assert "It begins in the middle of a sentence." in found.reasons
    assert "It ends in the middle of a sentence." in found.reasons


def test_nothing_is_said_of_a_cut_that_its_edges_belie() -> None:
    heard = talks.spoken(talks.BAKERY)
    whole = cut(heard, (0.0, 1000.0))[0]
    assert "It begins and ends with whole sentences that stand alone." in whole.reasons
    last = heard.sentences[3]
    (early,) = cut(heard, (0.0, heard.words[last.first_word + 2].end_seconds))
    assert "It ends in the middle of a sentence." in early.reasons
    assert not any("whole sentences" in reason for reason in early.reasons)
    assert "It ends on a conclusion." not in early.reasons
    assert early.score_parts.completeness < whole.score_parts.completeness - 0.3
    (late,) = cut(heard, (heard.words[4].start_seconds, 1000.0))
    assert "It begins in the middle of a sentence." in late.reasons
    assert not any("opens with a" in reason or "first words" in reason for reason in late.reasons)


def test_a_talk_that_breaks_off_does_not_end_with_a_whole_sentence() -> None:
    heard = talks.spoken("Congratulations, you have successfully…")
    (found,) = choosing.choose(talk.prepare(heard))
    assert not any("whole sentences" in reason for reason in found.reasons)
    assert found.score_parts.completeness < 0.8


def test_a_number_at_the_end_of_a_sentence_opens_nothing() -> None:
    late, early = (
        cut(heard, (0.0, heard.sentences[1].end_seconds + 0.1))[0]
        for heard in (
            talks.spoken("You never learn the secret that I love best, all 12! Never."),
            talks.spoken("All 12 of you never learn the secret that I love best! Never."),
        )
    )
    assert "It opens with a number." in early.reasons
    assert "It opens with a number." not in late.reasons
