"""Which parts become clips, of talks in writing; with a language model's say, and without."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests import models, samples, talks

from telecine import settings as settings_module
from telecine.assembly import Telecine
from telecine.kit.errors import InvalidRequestError, UnsupportedMediaError
from telecine.media.probe import probe
from telecine.media.speech.transcript import Transcript
from telecine.operations.base import Context, Input
from telecine.operations.clipping import choice, films, making
from telecine.operations.clipping.films import Film
from telecine.operations.clipping.params import ClipsParams
from telecine.operations.clipping.stages import Bar, Work
from telecine.outside import language_model

MakeContext = Callable[..., Context]

WANTED = ClipsParams(quality="fast")


@pytest.fixture
def film(shelves: Telecine, tmp_path: Path) -> Film:
    """A second of film that says it has ten minutes."""
    path = samples.make_video(tmp_path / "film.mp4", seconds=1)
    info = probe(shelves.pool, path)
    video = replace(info.video, duration_seconds=600.0)
    return Film(path=path, info=replace(info, duration_seconds=600.0, video=video))


@pytest.fixture
def talk() -> Transcript:
    return talks.spoken("\n\n".join((talks.GREETING, talks.BAKERY, talks.FOLDERS)))


def bar_of(work: Work) -> Bar:
    return Bar.of(work.context, film_seconds=600, clip_seconds=60, quality="fast")


def choose(work: Work, talk: Transcript, film: Film, params: ClipsParams = WANTED) -> choice.Chosen:
    return choice.choose(talk, film, params, work, bar_of(work))


def answers(picked: range) -> Sequence[models.Answer]:
    """What a model says that picks those sentences, and then writes texts."""
    points = dict.fromkeys(("hook", "engagement", "value", "shareability"), 25)
    pick = {"first": picked.start, "last": picked.stop - 1, "title": "Fire!", "reason": "It burns."}
    texts = {
        "thread": ["He set fire to it.", "And he laughed."],
        "linkedin": "He set fire to it.",
        "blog": "# Fire\n\n## The oven\n\nHe set fire to it.",
    }
    return [models.completion(json.dumps(each)) for each in ({"clips": [pick | points]}, texts)]


def test_the_planted_story_is_chosen_without_a_model(
    make_context: MakeContext, talk: Transcript, film: Film
) -> None:
    chosen = choose(Work.of(make_context()), talk, film)
    assert chosen.engine == "local"
    best = chosen.clips[0]
    said = " ".join(each.text for each in talk.sentences[best.first_sentence : best.end_sentence])
    assert "set fire to my father's bakery" in said


def test_a_model_has_its_say_and_is_not_asked_again(
    make_context: MakeContext, talk: Transcript, film: Film
) -> None:
    local = choose(Work.of(make_context(steps=None)), talk, film).clips[0]
    picked = range(local.first_sentence, local.end_sentence)
    with models.Server(answers=list(answers(picked))) as server:
        loaded = settings_module.load({}, llm_url=f"{server.url}/v1", llm_model="small")
        work = Work.of(make_context(language_model=language_model(loaded)))
        told = []
        for _ in range(2):
            chosen = choose(work, talk, film)
            told.append((chosen, choice.write(talk, chosen, work, bar_of(work))))
        assert len(server.requests) == 2
    assert told[0] == told[1]
    chosen, texts = told[0]
    assert (chosen.engine, chosen.note, chosen.clips[0].title) == ("small", "", "Fire!")
    assert texts.model == "small"
    assert texts.thread[0].startswith("1/ He set fire")


def test_a_model_that_fails_costs_its_opinion_and_leaves_a_note(
    make_context: MakeContext, talk: Transcript, film: Film
) -> None:
    with models.Server() as server:  # answers 503
        loaded = settings_module.load({}, llm_url=f"{server.url}/v1", llm_model="small")
        work = Work.of(make_context(language_model=language_model(loaded)))
        chosen = choose(work, talk, film)
        texts = choice.write(talk, chosen, work, bar_of(work))
    assert chosen.engine == "local"
    assert "503" in chosen.note
    assert texts.model == "extractive"


def test_parts_chosen_by_hand_are_kept_and_cut_at_the_end_of_the_film(
    make_context: MakeContext, talk: Transcript, film: Film
) -> None:
    params = ClipsParams(segments=((10.0, 25.0), (590.0, 700.0)))
    chosen = choose(Work.of(make_context()), talk, film, params)
    spans = [(clip.start_seconds, clip.end_seconds) for clip in chosen.clips]
    assert spans == [(10.0, 25.0), (590.0, 600.0)]
    assert chosen.engine == "you"


def test_a_part_after_the_end_of_the_film_is_refused_by_its_number(
    make_context: MakeContext, talk: Transcript, film: Film
) -> None:
    params = ClipsParams(segments=((10.0, 25.0), (601.0, 620.0)))
    with pytest.raises(InvalidRequestError, match=r"'segments\[1\]'") as caught:
        choose(Work.of(make_context()), talk, film, params)
    assert caught.value.field == "segments[1]"


def test_nothing_but_an_advertisement_is_no_clip(make_context: MakeContext, film: Film) -> None:
    with pytest.raises(UnsupportedMediaError, match="segments"):
        choose(Work.of(make_context()), talks.spoken(talks.MATTRESSES), film)


@pytest.mark.parametrize("sound", [("-c:a", "copy"), ("-an",)], ids=["nobody speaks", "no sound"])
def test_parts_chosen_by_hand_need_no_speech(
    make_context: MakeContext, shelves: Telecine, tmp_path: Path, sound: tuple[str, ...]
) -> None:
    path = tmp_path / "tone.mp4"
    tone = samples.make_video(tmp_path / "whole.mp4", seconds=2)
    samples.run_ffmpeg("-i", tone, "-c:v", "copy", *sound, path)
    params = ClipsParams(segments=((0.5, 1.5),), quality="fast", aspect="1:1")
    given = Input(path=path, filename=path.name, size_bytes=path.stat().st_size)
    work = Work.of(make_context(inputs=(given,)))
    film = films.take(params, work)
    heard = choice.hear(film, params, work, bar_of(work))
    assert (heard.words, heard.language) == ((), "")
    chosen = choice.choose(heard, film, params, work, bar_of(work))
    (clip,) = chosen.clips
    assert (clip.title, clip.virality_score) == ("0:00 – 0:01", 0)
    written = choice.write(heard, chosen, work, bar_of(work))
    assert (written.thread, written.linkedin, written.blog) == ((), "", "")
    (made,) = making.make_all(chosen, film, heard, params, work, bar_of(work))
    info = probe(shelves.pool, made.path)
    assert bool(info.audio) == bool(film.info.audio)
    assert info.duration_seconds == pytest.approx(1.0, abs=0.05)


def test_where_nothing_was_chosen_a_silent_film_is_refused_with_what_to_do(
    make_context: MakeContext, tmp_path: Path
) -> None:
    path = samples.make_video(tmp_path / "mute.mp4", seconds=1, audio=False)
    given = Input(path=path, filename=path.name, size_bytes=path.stat().st_size)
    with pytest.raises(UnsupportedMediaError, match="'segments'"):
        films.take(WANTED, Work.of(make_context(inputs=(given,))))
