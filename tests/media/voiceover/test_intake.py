"""Which pictures and sounds a voiceover takes, and what it says of the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pyvips
from tests import samples

from telecine import settings, shelves
from telecine.kit.errors import (
    InvalidRequestError,
    MediaError,
    MediaLimitError,
    UndecodableMediaError,
    UnsupportedMediaError,
)
from telecine.media.pool import Pool
from telecine.media.voiceover import intake
from telecine.media.voiceover.canvas import canvas_size

LIMITS = intake.Limits(max_pixels=100_000_000, max_seconds=3600)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with shelves.pool(settings.load({})) as made:
        yield made


def picture(path: Path, *, width: int = 160, height: int = 120) -> Path:
    pyvips.Image.black(width, height, bands=3).copy(interpretation="srgb").write_to_file(str(path))
    return path


def refused(
    measure: object, pool: Pool, path: Path, kind: type[MediaError], limits: intake.Limits = LIMITS
) -> MediaError:
    assert callable(measure)
    with pytest.raises(kind) as caught:
        measure(pool, path, limits=limits)
    return caught.value


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "jpg"), (".png", "png"), (".webp", "webp")])
def test_a_picture_is_what_it_contains_whatever_it_is_called(
    pool: Pool, tmp_path: Path, suffix: str, kind: str
) -> None:
    sent = picture(tmp_path / f"made{suffix}").rename(tmp_path / "song.mp3")
    found = intake.measure_picture(pool, sent, limits=LIMITS)
    assert (found.kind, found.width, found.height) == (kind, 160, 120)


def test_a_turned_photograph_has_its_upright_size(pool: Pool, tmp_path: Path) -> None:
    sent = tmp_path / "turned.jpg"
    image = pyvips.Image.black(160, 120, bands=3).copy(interpretation="srgb").copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.write_to_file(str(sent))
    found = intake.measure_picture(pool, sent, limits=LIMITS)
    assert (found.width, found.height) == (120, 160)


@pytest.mark.parametrize(
    ("name", "arguments", "kind"),
    [
        ("sound.mp3", (), "mp3"),
        ("sound.wav", (), "wav"),
        ("sound.m4a", (), "m4a"),
        ("sound.ogg", ("-c:a", "libopus"), "ogg"),
    ],
)
def test_a_sound_has_the_length_of_its_packets(
    pool: Pool, tmp_path: Path, name: str, arguments: tuple[str, ...], kind: str
) -> None:
    sent = samples.make_audio(tmp_path / name, seconds=1.3, extra_args=arguments)
    found = intake.measure_sound(pool, sent.rename(tmp_path / "picture.jpg"), limits=LIMITS)
    assert found.kind == kind
    assert found.seconds == pytest.approx(1.3, abs=0.08)


def test_a_song_with_a_cover_is_a_sound(pool: Pool, tmp_path: Path) -> None:
    cover = picture(tmp_path / "cover.png")
    tone = samples.make_audio(tmp_path / "tone.mp3", seconds=1)
    song = tmp_path / "song.mp3"
    samples.run_ffmpeg(
        *("-i", tone, "-i", cover, "-map", "0", "-map", "1", "-c:a", "copy"),
        *("-disposition:v", "attached_pic", song),
    )
    assert intake.measure_sound(pool, song, limits=LIMITS).kind == "mp3"


def test_files_in_each_others_place_are_told_so(pool: Pool, tmp_path: Path) -> None:
    sound = samples.make_audio(tmp_path / "sound.wav", seconds=0.5)
    error = refused(intake.measure_picture, pool, sound, UnsupportedMediaError)
    assert "is a sound" in error.message
    assert error.field == "image"
    error = refused(intake.measure_sound, pool, picture(tmp_path / "p.png"), UnsupportedMediaError)
    assert "is an image" in error.message
    assert error.field == "audio"


def test_a_video_is_no_sound(pool: Pool, tmp_path: Path) -> None:
    film = samples.make_video(tmp_path / "film.mp4", seconds=0.5)
    error = refused(intake.measure_sound, pool, film, UnsupportedMediaError)
    assert "MP3, WAV, M4A or OGG" in error.message


@pytest.mark.parametrize("name", ["sound.flac", "sound.aac", "sound.aiff"])
def test_other_sounds_are_refused(pool: Pool, tmp_path: Path, name: str) -> None:
    sent = samples.make_audio(tmp_path / name, seconds=0.5)
    refused(intake.measure_sound, pool, sent, UnsupportedMediaError)


@pytest.mark.parametrize("name", ["picture.gif", "picture.tif", "picture.avif"])
def test_other_pictures_are_refused(pool: Pool, tmp_path: Path, name: str) -> None:
    refused(intake.measure_picture, pool, picture(tmp_path / name), UnsupportedMediaError)


def test_a_tiny_picture_is_refused(pool: Pool, tmp_path: Path) -> None:
    tiny = picture(tmp_path / "tiny.png", width=20, height=20)
    error = refused(intake.measure_picture, pool, tiny, UnsupportedMediaError)
    assert "20 x 20" in error.message


def test_a_picture_of_too_many_pixels_is_refused_undecoded(pool: Pool, tmp_path: Path) -> None:
    small = intake.Limits(max_pixels=1000, max_seconds=1)
    sent = picture(tmp_path / "large.png")
    refused(intake.measure_picture, pool, sent, MediaLimitError, small)


def test_a_sound_that_is_too_long_is_refused(pool: Pool, tmp_path: Path) -> None:
    short = intake.Limits(max_pixels=1000, max_seconds=1)
    sent = samples.make_audio(tmp_path / "long.mp3", seconds=2)
    error = refused(intake.measure_sound, pool, sent, MediaLimitError, short)
    assert error.field == "audio"


def test_a_wave_file_without_samples_is_refused(pool: Pool, tmp_path: Path) -> None:
    sent = samples.make_audio(tmp_path / "sound.wav", seconds=0.5)
    content = sent.read_bytes()
    at = content.index(b"data") + 4
    sent.write_bytes(content[:at] + (0).to_bytes(4, "little"))
    error = refused(intake.measure_sound, pool, sent, UndecodableMediaError)
    assert "no sound" in error.message


@pytest.mark.parametrize("measure", [intake.measure_picture, intake.measure_sound])
def test_an_empty_file_is_refused(pool: Pool, tmp_path: Path, measure: object) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    refused(measure, pool, empty, UndecodableMediaError)


@pytest.mark.parametrize(
    ("sent", "wishes", "size"),
    [
        ((1920, 1080), {}, (1920, 1080)),
        ((4000, 3000), {}, (1440, 1080)),
        ((3000, 4000), {}, (1080, 1440)),
        ((501, 499), {}, (500, 500)),
        ((64, 64), {}, (360, 360)),
        ((5000, 200), {}, (864, 360)),
        ((100, 100), {"aspect": "16:9"}, (1920, 1080)),
        ((100, 100), {"aspect": "9:16", "width": 540}, (540, 960)),
        ((100, 50), {"height": 500}, (1000, 500)),
        ((100, 100), {"width": 333, "height": 777}, (332, 776)),
    ],
)
def test_the_canvas_is_what_was_asked_for_or_has_the_picture_s_shape(
    sent: tuple[int, int], wishes: dict[str, object], size: tuple[int, int]
) -> None:
    assert canvas_size(sent, **wishes) == size  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wishes",
    [
        {"aspect": "4:3"},
        {"width": 10},
        {"height": 10_000},
        {"aspect": "1:1", "width": 200, "height": 200},
        {"aspect": "9:16", "width": 3840},
    ],
)
def test_a_size_that_cannot_be_is_refused(wishes: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError):
        canvas_size((100, 100), **wishes)  # type: ignore[arg-type]
