"""Whatever a recogniser hands over, the rules hold: no crash, no overlap, no clip out of bounds."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from telecine.media.highlights import choosing, talk, texts
from telecine.media.highlights.model import Wishes
from telecine.media.speech.transcript import Loudness, Sentence, Transcript, Word

SECONDS = st.floats(min_value=-5, max_value=400) | st.floats()
TEXTS = st.text(max_size=60) | st.sampled_from(
    [
        "I remember the day my father died.",
        "Why?",
        "And so on",
        "This is sponsored by nobody, use code X.",
        "今日は大変でした。",
        "😀😀😀",
        "um, uh, you know",
        "a " * 200,
    ]
)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Draw sentences whose times may overlap, run backwards or be no numbers."""
    words: list[Word] = []
    sentences: list[Sentence] = []
    for text in draw(st.lists(TEXTS, max_size=25)):
        start, length = draw(SECONDS), draw(SECONDS)
        first = len(words)
        words.extend(
            Word(
                text=word,
                start_seconds=start,
                end_seconds=start + length,
                probability=draw(st.floats(min_value=0, max_value=1) | st.just(float("nan"))),
            )
            for word in text.split()[:3]
        )
        sentences.append(
            Sentence(
                text=text,
                start_seconds=start,
                end_seconds=start + length,
                first_word=first,
                end_word=len(words),
            )
        )
    language = draw(st.sampled_from(["en", "de", "ja", "ar", "", "xx"]))
    return Transcript(language=language, words=tuple(words), sentences=tuple(sentences))


@settings(max_examples=150, deadline=None)
@given(
    transcript=transcripts(),
    levels=st.lists(st.floats(), max_size=30),
    step=st.floats(min_value=0) | st.just(0.5),
    cuts=st.lists(SECONDS, max_size=5),
    shortest=st.floats(min_value=1, max_value=30),
)
def test_any_transcript_has_clips_in_order_and_texts_in_bounds(
    transcript: Transcript, levels: list[float], step: float, cuts: list[float], shortest: float
) -> None:
    found = talk.prepare(
        transcript, loudness=Loudness(step_seconds=step, levels_db=levels), cuts_seconds=cuts
    )
    chosen = choosing.choose(found, wishes=Wishes(min_seconds=shortest))
    scores = [one.virality_score for one in chosen]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)
    spans = sorted((one.start_seconds, one.end_seconds) for one in chosen)
    assert all(start <= end <= start + 90 for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    for one in chosen:
        assert all(0 <= value <= 1 for value in one.score_parts.as_mapping().values())
        assert len(one.title) <= 60
    written = texts.write(found, chosen)
    assert all(texts.weight(post) <= 280 for post in written.thread)


def test_an_empty_transcript_has_no_clips_and_empty_texts() -> None:
    found = talk.prepare(Transcript(language="en", words=(), sentences=()))
    assert choosing.choose(found) == ()
    written = texts.write(found, ())
    assert (written.thread, written.linkedin, written.blog) == ((), "", "")


def test_a_time_that_no_talk_has_is_left_out() -> None:
    times = [(0.0, 9.0), (1e300, 1e308), (float("nan"), 3.0), (9.0, float("inf"))]
    sentences = tuple(
        Sentence(text="Why not?", start_seconds=start, end_seconds=end, first_word=0, end_word=0)
        for start, end in times
    )
    found = talk.prepare(Transcript(language="en", words=(), sentences=sentences))
    assert [one.end_seconds for one in found.sentences] == [9.0]


def test_one_word_is_one_clip() -> None:
    word = Word(text="Hello", start_seconds=1.0, end_seconds=1.4)
    sentence = Sentence(text="Hello", start_seconds=1.0, end_seconds=1.4, first_word=0, end_word=1)
    found = talk.prepare(Transcript(language="en", words=(word,), sentences=(sentence,)))
    (only,) = choosing.choose(found)
    assert only.title == "Hello"
    assert texts.write(found, (only,)).thread == ("1/ Hello.",)
