"""The three texts without a language model: whole sentences, of the speaker's own words."""

from __future__ import annotations

import re

import pytest
from tests import talks

from telecine.media.highlights import choosing, phrasing, talk, texts, titles
from telecine.media.highlights.model import Texts
from telecine.media.highlights.talk import Talk

ENDS = (".", "?", "!", "。", "？", "！", "।", "؟")


def written(text: str, *, language: str = "en") -> tuple[Talk, Texts]:
    found = talk.prepare(talks.spoken(text, language=language))
    return found, texts.write(found, choosing.choose(found))


@pytest.fixture(scope="module")
def planted() -> Texts:
    return written("\n\n".join(talks.PLANTED["bakery and languages"][0]))[1]


def test_every_post_has_its_number_and_at_most_280_characters(planted: Texts) -> None:
    assert len(planted.thread) > 2
    for number, post in enumerate(planted.thread, start=1):
        assert post.startswith(f"{number}/ ")
        assert len(post) <= 280


@pytest.mark.parametrize("name", talks.PLANTED)
def test_every_post_and_paragraph_is_made_of_whole_sentences_that_were_said(name: str) -> None:
    text = "\n\n".join(talks.PLANTED[name][0])
    _, found = written(text)
    spoken = " ".join(text.split())
    blog = [part for part in found.blog.split("\n\n") if not part.startswith("#")]
    for part in (*found.thread, *found.linkedin.split("\n\n"), *blog):
        bare = re.sub(r"^\d+/ ", "", part.strip())
        assert bare.endswith(ENDS)
        assert bare[0].isupper()
        for sentence in re.split(r"(?<=[.?!]) ", bare):
            assert sentence in spoken


@pytest.mark.parametrize("name", talks.PLANTED)
def test_advertisements_and_greetings_are_in_none_of_the_texts(name: str) -> None:
    _, found = written("\n\n".join(talks.PLANTED[name][0]))
    everything = "\n".join((*found.thread, found.linkedin, found.blog)).lower()
    for word in ("slumberland", "greenboost", "promo", "subscribe", "welcome back"):
        assert word not in everything


def test_a_blog_post_has_a_title_headings_and_the_stories(planted: Texts) -> None:
    assert planted.blog.startswith("# Why do most people never learn a second language?\n")
    assert planted.blog.count("\n## ") >= 2
    assert "rich." in planted.blog
    assert "cheese" in planted.blog


def test_a_blog_post_leaves_out_what_is_dull_beside_the_clips(planted: Texts) -> None:
    for word in ("parking", "folder", "agenda"):
        assert word not in planted.blog


def test_a_heading_is_what_its_section_says_and_none_comes_twice(planted: Texts) -> None:
    headings = [line.lstrip("# ") for line in planted.blog.split("\n") if line.startswith("#")]
    assert len(headings) == len(set(headings)) == 3
    said = " ".join(" ".join(talks.PLANTED["bakery and languages"][0]).split())
    assert all(heading[1:] in said for heading in headings)


def test_no_heading_breaks_off_where_no_sentence_is_short() -> None:
    found = talk.prepare(
        talks.spoken(
            "If you would like to learn more technical information about the installation, you will "
            "have to read the technical information that is written on the pages of the project. "
            "And the technical information about every computer that anybody has ever tried to use "
            "with it can be found in a very long list that is kept by a number of people."
        )
    )
    blog = texts.write(found, choosing.choose(found)).blog
    headings = [line.lstrip("# ") for line in blog.split("\n") if line.startswith("#")]
    assert headings[0] == "Technical information"
    assert not any(heading.endswith("…") for heading in headings)


def test_the_texts_say_that_nobody_wrote_them(planted: Texts) -> None:
    assert planted.model == "extractive"


def test_what_is_no_markup_in_speech_is_none_in_the_blog() -> None:
    _, found = written("I will never forget <script> and [this](javascript:x) and *that* at all.")
    assert r"\<script\>" in found.blog
    assert r"\[this\](" in found.blog


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", talks.GERMAN),
        ("ja", talks.JAPANESE),
        ("ar", talks.ARABIC),
        ("hi", talks.HINDI),
    ],
)
def test_other_languages_have_three_texts_as_well(language: str, text: str) -> None:
    _, found = written(text, language=language)
    assert all(texts.weight(post) <= 280 for post in found.thread)
    assert all(post.endswith(ENDS) for post in found.thread)
    assert found.linkedin.endswith(ENDS)
    assert found.blog.startswith("# ")
    if language == "ja":
        assert " " not in found.linkedin.replace("\n", "")


def test_a_sentence_too_long_for_a_post_is_parted_and_nothing_is_lost() -> None:
    endless = "I remember " + ", ".join(f"the room with number {at}" for at in range(14)) + "."
    _, found = written(endless)
    assert len(found.thread) > 1
    assert all(len(post) <= 280 for post in found.thread)
    told = " ".join(re.sub(r"^\d+/ ", "", post) for post in found.thread)
    assert told == endless


def test_chinese_characters_count_twice_as_the_network_counts_them() -> None:
    assert texts.weight("abc") == 3
    assert texts.weight("你好") == 4


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("Um, so I I went home.", "So I went home."),
        ("well, you know, it is, you know, a long way.", "It is a long way."),
        ("the the door", "The door"),
        ("Uh-huh.", "Uh-huh."),
        ("um", ""),
        ("I had had enough.", "I had had enough."),
        ("Umbrellas are useful.", "Umbrellas are useful."),
    ],
)
def test_a_spoken_sentence_loses_its_fillers_and_nothing_else(said: str, printed: str) -> None:
    assert phrasing.clean(said, english=True) == printed


def test_a_sentence_of_another_language_is_left_as_it_is() -> None:
    assert phrasing.clean("Um zehn Uhr, so so.", english=False) == "Um zehn Uhr, so so."


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("A title that fits.", "A title that fits"),
        (
            "When the lights went out in the whole city, nobody knew what had happened to us",
            "When the lights went out in the whole city…",
        ),
        ("word " * 30, "word " * 10 + "word…"),
        ("本" * 50, "本" * 29 + "…"),
    ],
)
def test_a_title_ends_at_a_clause_or_a_word(long: str, short: str) -> None:
    assert titles.shorten(long) == short
    assert len(short) <= titles.MOST_CHARACTERS
