"""Which parts of a talk are chosen: planted stories, advertisements, dull speech, wishes."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import pytest
from tests import talks

from telecine.kit.errors import InvalidRequestError
from telecine.media.highlights import choosing, talk
from telecine.media.highlights.model import PART_NAMES, Candidate, Wishes
from telecine.media.highlights.talk import Talk
from telecine.media.speech.transcript import Loudness

NEVER_ABOVE = 80


def prepared(*paragraphs: str, language: str = "en") -> Talk:
    return talk.prepare(talks.spoken("\n\n".join(paragraphs), language=language))


def said(prepared: Talk, candidate: Candidate) -> str:
    return " ".join(
        reading.text
        for reading in prepared.readings[candidate.first_sentence : candidate.end_sentence]
    )


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", talks.PLANTED)
def test_the_planted_stories_are_ranked_first_and_whole(name: str) -> None:
    paragraphs, stories, _ = talks.PLANTED[name]
    found = prepared(*paragraphs)
    best = [said(found, candidate) for candidate in choosing.choose(found)[: len(stories)]]
    assert sorted(best) == sorted(plain(story) for story in stories)


@pytest.mark.parametrize("name", talks.PLANTED)
def test_no_sentence_of_an_advertisement_is_chosen(name: str) -> None:
    paragraphs, _, advertisement = talks.PLANTED[name]
    found = prepared(*paragraphs)
    everything = Wishes(min_seconds=5, max_clips=100)
    for candidate in choosing.choose(found, wishes=everything):
        for sentence in plain(advertisement).split(". "):
            assert sentence.rstrip(".") not in said(found, candidate)


@pytest.mark.parametrize("name", talks.PLANTED)
def test_planted_stories_score_above_what_dull_speech_may(name: str) -> None:
    paragraphs, stories, _ = talks.PLANTED[name]
    found = prepared(*paragraphs)
    scores = [candidate.virality_score for candidate in choosing.choose(found)]
    assert scores[0] >= NEVER_ABOVE
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == len(stories), "what is left is not worth a clip"


def test_most_stories_that_the_rules_were_not_written_for_are_ranked_first() -> None:
    missed = []
    for name, story in talks.STORIES.items():
        found = prepared(talks.GREETING, talks.MUSEUM, story, talks.CEMENT, talks.PARKING)
        best = choosing.choose(found)[0]
        if said(found, best) != plain(story):
            missed.append(name)
    # Bees are told without a person and without a word of feeling: the local rules are deaf to it.
    assert missed in ([], ["bees"])


@pytest.mark.parametrize("loud_db", [-30.0, -12.0], ids=["quiet", "loud at times"])
@pytest.mark.parametrize("name", talks.DULL)
def test_dull_speech_stays_below_eighty(name: str, loud_db: float) -> None:
    levels = [-30.0 if at % 400 < 200 else loud_db for at in range(2000)]
    transcript = talks.spoken(talks.DULL[name])
    found = talk.prepare(transcript, loudness=Loudness(step_seconds=0.1, levels_db=levels))
    chosen = choosing.choose(found)
    assert all(candidate.virality_score < NEVER_ABOVE for candidate in chosen)


def test_all_dull_speech_in_one_talk_stays_below_eighty() -> None:
    found = prepared(*talks.DULL.values())
    assert max(one.virality_score for one in choosing.choose(found)) < NEVER_ABOVE


def test_a_talk_that_is_an_advertisement_has_no_clips() -> None:
    assert choosing.choose(prepared(talks.MATTRESSES)) == ()


def test_a_clip_does_not_begin_with_a_greeting_however_it_hooks() -> None:
    greeting = "Welcome back everyone, have you ever lost everything in one night?"
    found = prepared(talks.DULL["the weather"], f"{greeting} {talks.BAKERY}", talks.MUSEUM)
    assert not said(found, choosing.choose(found)[0]).startswith("Welcome")


def test_no_clip_begins_or_ends_within_a_sentence_that_was_cut_for_its_length() -> None:
    transcript = talks.spoken("\n\n".join(talks.PLANTED["bakery and languages"][0]))
    halves = [
        replace(one, is_complete=False, text=one.text.rstrip(".?!") + ",") if at % 3 == 0 else one
        for at, one in enumerate(transcript.sentences)
    ]
    found = talk.prepare(replace(transcript, sentences=tuple(halves)))
    chosen = choosing.choose(found, wishes=Wishes(max_clips=20))
    assert chosen
    for one in chosen:
        assert one.first_sentence % 3 != 1
        assert (one.end_sentence - 1) % 3 != 0


def test_a_clip_ends_on_a_sentence_end_and_within_its_length() -> None:
    found = prepared(*talks.PLANTED["bakery and languages"][0])
    for wishes in (Wishes(), Wishes(min_seconds=10, max_seconds=25, max_clips=20)):
        chosen = choosing.choose(found, wishes=wishes)
        assert chosen
        for one in chosen:
            first = found.sentences[one.first_sentence]
            last = found.sentences[one.end_sentence - 1]
            assert wishes.min_seconds <= one.duration_seconds <= wishes.max_seconds
            assert 0 <= first.start_seconds - one.start_seconds <= 0.3
            assert 0 <= one.end_seconds - last.end_seconds <= 0.3


def test_clips_do_not_overlap() -> None:
    found = prepared(*talks.PLANTED["bakery and languages"][0])
    spans = sorted(
        (one.start_seconds, one.end_seconds)
        for one in choosing.choose(found, wishes=Wishes(min_seconds=5, max_seconds=20))
    )
    assert len(spans) > 2
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_what_is_said_twice_becomes_one_clip() -> None:
    found = prepared(talks.BAKERY, talks.DULL["instructions"], talks.BAKERY)
    told = [said(found, one) for one in choosing.choose(found)]
    assert sum("my father's bakery" in text for text in told) == 1


def test_no_more_clips_than_wished() -> None:
    found = prepared(*talks.PLANTED["bakery and languages"][0])
    assert len(choosing.choose(found, wishes=Wishes(max_clips=1))) == 1


def test_a_talk_shorter_than_a_clip_is_one_clip() -> None:
    found = prepared("I fell off the roof last year. It changed my life.")
    (only,) = choosing.choose(found)
    assert (only.first_sentence, only.end_sentence) == (0, 2)


def test_a_clip_says_why_it_was_chosen() -> None:
    best = choosing.choose(prepared(*talks.PLANTED["bakery and languages"][0]))[0]
    assert "It opens with a question." in best.reasons
    assert "It ends on a conclusion." in best.reasons
    parts = best.score_parts.as_mapping()
    assert tuple(parts) == PART_NAMES
    assert all(0 <= value <= 1 for value in parts.values())
    assert best.title == "Why do most people never learn a second language?"


def test_a_louder_telling_of_the_same_words_scores_higher() -> None:
    transcript = talks.spoken("\n\n".join((*talks.DULL.values(), talks.BAKERY)))
    begins = next(s.start_seconds for s in transcript.sentences if "nineteen" in s.text)
    levels = [-20.0 if at * 0.1 >= begins else -30.0 for at in range(9000)]
    flat = choosing.choose(talk.prepare(transcript))[0]
    loud = choosing.choose(
        talk.prepare(transcript, loudness=Loudness(step_seconds=0.1, levels_db=levels))
    )[0]
    assert flat.score_parts.energy < loud.score_parts.energy
    assert flat.virality_score < loud.virality_score


@pytest.mark.parametrize("level", [1e308, -1e308, float("inf"), float("-inf"), float("nan")])
def test_a_loudness_that_cannot_be_is_no_reason_to_fail(level: float) -> None:
    curve = Loudness(step_seconds=0.5, levels_db=[level] * 300)
    found = talk.prepare(talks.spoken(talks.BAKERY), loudness=curve)
    assert choosing.choose(found)[0].score_parts.energy == pytest.approx(0.5, abs=0.1)


def test_a_rare_cut_of_the_picture_marks_a_new_subject_and_many_cuts_do_not() -> None:
    transcript = talks.spoken(talks.DULL["the weather"])
    gap = transcript.sentences[4].start_seconds
    plain_talk = talk.prepare(transcript)
    assert talk.prepare(transcript, cuts_seconds=[gap]).boundaries[4] > plain_talk.boundaries[4]
    busy = talk.prepare(transcript, cuts_seconds=[gap + at for at in range(40)])
    assert busy.boundaries[4] == plain_talk.boundaries[4]


def test_words_that_the_recogniser_was_unsure_of_count_less() -> None:
    sure = talks.spoken(talks.BAKERY)
    words = tuple(replace(word, probability=0.3) for word in sure.words)
    unsure = replace(sure, words=words)
    best, doubtful = (choosing.choose(talk.prepare(one))[0] for one in (sure, unsure))
    assert doubtful.virality_score < best.virality_score - 10


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"min_seconds": 0.0}, "min_duration"),
        ({"min_seconds": float("nan")}, "min_duration"),
        ({"max_seconds": 10.0}, "max_duration"),
        ({"max_clips": 0}, "max_clips"),
    ],
)
def test_wishes_that_no_clip_can_fulfil_are_refused(wishes: dict[str, float], field: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        Wishes(**wishes)  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("language", "text", "opening"),
    [
        ("de", talks.GERMAN, "Warum bin ich"),
        ("ja", talks.JAPANESE, "どうして私は"),
        ("ar", talks.ARABIC, "لماذا عدت"),
        ("hi", talks.HINDI, "मैं तीस साल"),
    ],
)
def test_a_story_is_found_without_a_list_of_words(language: str, text: str, opening: str) -> None:
    found = prepared(text, language=language)
    best = choosing.choose(found)[0]
    assert said(found, best).startswith(opening)
    assert not found.marks.promotion[best.first_sentence : best.end_sentence].any()
    assert best.title.startswith(opening[:6])


@pytest.mark.parametrize(
    ("language", "text", "cue"),
    [("de", talks.GERMAN, "gesponsert"), ("ja", talks.JAPANESE, "提供で")],
)
def test_an_advertisement_is_known_in_other_languages(language: str, text: str, cue: str) -> None:
    found = prepared(text, language=language)
    sold = [
        reading.text
        for reading, is_sold in zip(found.readings, found.marks.promotion, strict=True)
        if is_sold
    ]
    assert any(cue in text for text in sold)
    assert len(sold) <= 3


def test_three_hours_of_talk_are_chosen_from_in_seconds() -> None:
    transcript = talks.spoken(talks.rambling(word_count=26_000))
    assert transcript.sentences[-1].end_seconds > 2.9 * 3600
    began = time.process_time()
    found = talk.prepare(transcript)
    chosen = choosing.choose(found)
    # Measured 2.5 s; the limit allows for a machine that is busy with other things.
    assert time.process_time() - began < 25
    assert len(chosen) <= 10
