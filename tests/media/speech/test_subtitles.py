"""Subtitles fit the screen, follow the voice, and are what players read."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from telecine.media.speech import sentences, subtitles, transcript
from telecine.media.speech.transcript import Transcript, Word
from telecine.media.timeline.dialects import parse


def _heard(text: str, *, language: str = "en", word_seconds: float = 0.3) -> Transcript:
    words = tuple(
        Word(
            text=part,
            start_seconds=round(number * word_seconds, 3),
            end_seconds=round((number + 0.9) * word_seconds, 3),
        )
        for number, part in enumerate(text.split())
    )
    return Transcript(
        language=language, words=words, sentences=sentences.split(words, language=language)
    )


def test_a_long_sentence_becomes_several_subtitles_that_break_at_commas() -> None:
    text = (
        "When I was young and had no money at all, I used to walk along the river every evening, "
        "because there was nothing else to do and nobody to see."
    )
    shown = subtitles.cues(_heard(text))
    assert len(shown) > 1
    assert shown[0].text.endswith(",")
    assert " ".join(cue.text.replace("\n", " ") for cue in shown) == text


def test_no_subtitle_is_left_with_a_word_or_two() -> None:
    text = (
        "After the file has been installed, you will find a new entry in the menu of the system, "
        "from which the file can be opened as soon as it has been received."
    )
    for number in range(4):
        shown = subtitles.cues(_heard(text + " today" * number, word_seconds=0.25))
        assert len(shown) > 1
        assert min(len(cue.text.split()) for cue in shown) >= 3


def test_a_short_word_stays_long_enough_to_be_read() -> None:
    (cue,) = subtitles.cues(_heard("Yes."))
    assert cue.end_ms - cue.start_ms >= 1000


def test_no_subtitle_outlasts_the_clip_that_it_belongs_to() -> None:
    heard = _heard("I will show a directory. Done.")
    clip = transcript.part(heard, 0.0, heard.words[-1].end_seconds + 0.1)
    assert subtitles.cues(heard)[-1].end_ms > clip.duration_seconds * 1000
    assert subtitles.cues(clip)[-1].end_ms == round(clip.duration_seconds * 1000)


def test_chinese_fits_half_as_many_characters_into_a_line() -> None:
    shown = subtitles.cues(_heard(" ".join("字" * 70), language="zh", word_seconds=0.1))
    assert all(len(line) <= 21 for cue in shown for line in cue.text.splitlines())
    assert "".join(cue.text.replace("\n", "") for cue in shown) == "字" * 70


def test_text_begins_a_paragraph_after_a_long_pause() -> None:
    words = (
        Word(text="One.", start_seconds=0, end_seconds=0.5),
        Word(text="Two.", start_seconds=1, end_seconds=1.5),
        Word(text="Three.", start_seconds=5, end_seconds=5.5),
    )
    heard = Transcript(language="en", words=words, sentences=sentences.split(words, language="en"))
    assert subtitles.write_text(heard) == "One. Two.\n\nThree.\n"


def test_json_leads_back_to_the_same_transcript() -> None:
    heard = _heard("One is done. Two")
    assert transcript.from_json(transcript.to_json(heard)) == heard


def test_words_in_json_are_the_words_of_a_caption_clip() -> None:
    document = {
        "meta": {"version": "2.0.0", "width": 320, "height": 240, "fps": 10},
        "tracks": [
            {
                "clips": [
                    {
                        "type": "captions",
                        "start": 0,
                        "duration": 2,
                        "words": json.loads(subtitles.write_words(_heard("One is done. Two")))[
                            "words"
                        ],
                    }
                ]
            }
        ],
    }
    parsed = parse(document)
    assert (parsed.problems, parsed.warnings) == ((), ())


@given(
    st.lists(st.text("abcdefghij.,!", min_size=1, max_size=60), max_size=60),
    st.floats(0.01, 4),
    st.sampled_from(["en", "zh"]),
)
def test_subtitles_have_two_lines_at_most_do_not_overlap_and_lose_nothing(
    parts: list[str], word_seconds: float, language: str
) -> None:
    heard = _heard(" ".join(parts), language=language, word_seconds=word_seconds)
    shown = subtitles.cues(heard)
    written = "".join("".join(cue.text.split()) for cue in shown)
    assert written == "".join(word.text for word in heard.words)
    for cue in shown:
        assert len(cue.text.splitlines()) <= 2
        assert all(len(line) <= 42 for line in cue.text.splitlines())
        assert cue.start_ms < cue.end_ms
    for cue, following in pairwise(shown):
        assert cue.end_ms <= following.start_ms
