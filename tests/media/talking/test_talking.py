"""Portraits that talk, as films: made by real confined children of a real voice."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from tests import debian, samples
from tests.media.talking import portraits
from tests.media.talking.portraits import drawn, networks, poses, puppet, talking
from tests.samples import Picture

from telecine.kit.errors import CancelledError, UndecodableMediaError, UnsupportedMediaError
from telecine.media.speech.transcript import Word
from telecine.media.talking import voice
from telecine.media.talking.acting import Poses, act
from telecine.media.talking.mesh import Face
from telecine.media.talking.portrait import face_of, require_talkable
from telecine.media.talking.puppet import Puppet

RATE = Fraction(15)
#: "He was not an ill disposed young man", about when the words are heard.
WORDS = tuple(
    Word(text=text, start_seconds=start, end_seconds=end)
    for text, start, end in (
        *(("He", 0.0, 0.2), ("was", 0.2, 0.4), ("not", 0.4, 0.8), ("an", 0.8, 0.95)),
        *(("ill-disposed", 0.95, 1.8), ("young", 1.8, 2.1), ("man", 2.1, 2.6)),
    )
)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("talking")
    image = portraits.write(folder / "portrait.png", portraits.picture())
    return talking().film(
        image, debian.librivox("0880"), workspace=folder, words=WORDS, frame_rate=RATE
    )


@cache
def _frames(path: Path) -> list[Picture]:
    with av.open(str(path)) as container:
        return [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for frame in container.decode(video=0)
        ]


def _poses(folder: Path) -> Poses:
    """Return what the film was told to do."""
    heard = folder / "heard.pcm"
    samples.run_ffmpeg(
        *("-i", debian.librivox("0880"), "-ac", "1", "-ar", "16000", "-f", "s16le", heard)
    )
    frames = int(np.ceil(heard.stat().st_size / 32_000 * RATE))
    sound = voice.listen(heard, frame_rate=RATE, n_frames=frames)
    return act(sound, words=WORDS, frame_rate=RATE)


def test_a_portrait_is_judged_before_anything_is_made_of_it(tmp_path: Path) -> None:
    judge = talking()
    judge.require_portrait(
        portraits.write(tmp_path / "portrait.png", portraits.picture()), workspace=tmp_path
    )
    nobody = portraits.write(tmp_path / "nobody.png", np.full((640, 640, 3), 90, np.uint8))
    with pytest.raises(UnsupportedMediaError, match="no face") as caught:
        judge.require_portrait(nobody, workspace=tmp_path)
    assert caught.value.field == "image"
    assert {each.name for each in tmp_path.iterdir()} == {"portrait.png", "nobody.png"}


def test_a_film_is_as_long_as_the_sound_and_says_that_it_is_synthetic(film: Path) -> None:
    with av.open(str(film)) as container, av.open(str(debian.librivox("0880"))) as heard:
        assert "synthetic" in container.metadata["comment"]
        assert not container.streams.audio
        assert container.duration is not None
        assert heard.duration is not None
        longer = (container.duration - heard.duration) / av.time_base
    assert 0 <= longer < 1 / RATE


def test_the_mouth_in_the_film_does_what_the_voice_asks_for(film: Path, tmp_path: Path) -> None:
    told = _poses(tmp_path)
    gaps = [networks().face(frame).mouth_gap for frame in _frames(film)]
    assert len(gaps) == len(told.opening)
    assert np.corrcoef(gaps, told.opening - told.closure)[0, 1] > 0.8


def test_what_is_far_from_the_head_stands_still_in_the_film(film: Path) -> None:
    low, high = (
        np.stack([frame[560:] for frame in _frames(film)]).astype(int).min(axis=0),
        np.stack([frame[560:] for frame in _frames(film)]).astype(int).max(axis=0),
    )
    assert np.percentile(high - low, 99) <= 6


def test_films_of_the_same_are_the_same(tmp_path: Path) -> None:
    image = portraits.write(tmp_path / "portrait.png", portraits.picture())
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        path = talking().film(
            image,
            _short(tmp_path),
            workspace=tmp_path / name,
            frame_rate=RATE,
            most_pixels=400 * 400,
        )
        made.append(_frames(path))
        assert [each.name for each in (tmp_path / name).iterdir()] == ["talking.mp4"]
    assert made[0][0].shape == (400, 400, 3)
    assert all(np.array_equal(*pair) for pair in zip(*made, strict=True))


def _short(folder: Path) -> Path:
    path = folder / "short.wav"
    samples.run_ffmpeg("-i", debian.librivox("0880"), "-t", "0.6", path)
    return path


def _two_faces() -> Picture:
    return np.ascontiguousarray(np.hstack([portraits.picture(), portraits.picture()[:, ::-1]]))


def _small_face() -> Picture:
    return np.asarray(cv2.imread(str(samples.astronaut())), np.uint8)[:, :, ::-1]


def _open_mouth() -> Picture:
    # Wider than any pose: two openings, one after the other.
    opened = drawn(puppet(), poses(opening=[1.0]))
    return drawn(Puppet(opened, networks().face(opened)), poses(opening=[1.0]))


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (lambda: np.full((300, 300, 3), 128, np.uint8), "there is no face"),
        (_small_face, "px high and must be 200 px"),
        (_two_faces, "2 faces"),
        (_open_mouth, "mouth is open already"),
    ],
)
def test_a_picture_that_cannot_talk_is_refused_with_the_reason(
    picture: Callable[[], Picture], reason: str, tmp_path: Path
) -> None:
    image = portraits.write(tmp_path / "portrait.png", picture())
    with pytest.raises(UnsupportedMediaError, match=reason) as told:
        talking().film(image, _short(tmp_path), workspace=tmp_path, frame_rate=RATE)
    assert told.value.field == "image"


def test_a_face_in_profile_and_one_that_is_hidden_are_refused() -> None:
    face = networks().face(portraits.picture())
    angle = np.radians(40)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    turned = Face(points=(face.points @ turn.T).astype(np.float32), score=1.0)
    with pytest.raises(UnsupportedMediaError, match=r"turned by (3|4)\d degrees"):
        require_talkable(turned)
    with pytest.raises(UnsupportedMediaError, match="made out"):
        require_talkable(Face(points=face.points, score=0.7))


def test_a_portrait_on_its_side_is_to_be_turned_upright() -> None:
    large = np.asarray(cv2.resize(portraits.picture(), (800, 800)), np.uint8)
    for turns in (1, 3):
        lying = np.ascontiguousarray(np.rot90(large, turns))
        with pytest.raises(UnsupportedMediaError, match=r"turn the image upright\.$"):
            face_of(lying, finder=networks().finder, network=networks().mesh)


def test_a_cat_has_no_human_face() -> None:
    cat = cv2.imread(str(samples.astronaut().with_name("chelsea.png")))
    assert cat is not None
    large = np.asarray(cv2.resize(cat[:, :, ::-1], None, fx=2, fy=2), np.uint8)
    with pytest.raises(UnsupportedMediaError, match="no human face"):
        face_of(large, finder=networks().finder, network=networks().mesh)


def test_it_ends_when_somebody_cancels(tmp_path: Path) -> None:
    image = portraits.write(tmp_path / "portrait.png", portraits.picture())
    with pytest.raises(CancelledError):
        talking().film(image, _short(tmp_path), workspace=tmp_path, is_cancelled=lambda: True)


def test_an_image_that_is_none_is_refused(tmp_path: Path) -> None:
    image = tmp_path / "portrait.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with pytest.raises(UndecodableMediaError) as told:
        talking().film(image, _short(tmp_path), workspace=tmp_path)
    assert told.value.field == "image"
