"""Each kind of file is opened again, and shows and sounds like what went in."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from tests.media.render import films, numbered

from telecine.kit.errors import InternalError, InvalidRequestError
from telecine.media.render.encoding.codecs import EncodeSettings
from telecine.media.render.encoding.outputs import Output, open_output
from telecine.media.render.planes import Planes

_RATE = Fraction(25)


def _open(path: Path, *, rate: Fraction = _RATE, size: tuple[int, int] = films.SIZE) -> Output:
    width, height = size
    return open_output(
        path,
        width=width,
        height=height,
        frame_rate=rate,
        settings=EncodeSettings(preset="ultrafast"),
        has_sound=True,
    )


def _orange(size: tuple[int, int] = films.SIZE) -> Planes:
    """Return sRGB 230, 120, 40 in BT.709, limited range."""
    red, green, blue = 230 / 255, 120 / 255, 40 / 255
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    planes = films.grey(np.full((size[1], size[0]), round(16 + 219 * luma), np.uint8))
    planes.u[:] = round(128 + 224 * (blue - luma) / 1.8556)
    planes.v[:] = round(128 + 224 * (red - luma) / 1.5748)
    return planes


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_films_have_their_pictures_and_their_sound(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    output = _open(path)
    assert output.wants_pictures
    assert output.wants_sound
    for number in range(30):
        output.submit(films.numbered_planes(number))
        output.audio(films.tone(1920 * number, 1920 * (number + 1)))
    facts = output.finish()
    assert (facts.n_frames, facts.n_samples) == (30, 57_600)
    assert list(numbered.numbers_in(path)) == list(range(30))
    start, samples = films.heard(path)
    assert start == pytest.approx(0, abs=0.001)
    assert np.abs(samples[2000:50_000] - films.tone(2000, 50_000)[:, 0]).max() < 0.05
    with av.open(str(path)) as container:
        names = {stream.codec_context.name for stream in container.streams.get()}
    assert {".mp4": "h264", ".webm": "vp9"}[suffix] in {name.removeprefix("lib") for name in names}


@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".m4a"])
def test_sound_alone_is_exactly_as_long_and_asks_for_no_pictures(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"out{suffix}"
    output = _open(path)
    assert not output.wants_pictures
    with pytest.raises(InternalError):
        output.submit(films.numbered_planes(1))
    sound = films.tone(0, 50_000)
    for part in np.array_split(sound, 9):
        output.audio(part)
    facts = output.finish()
    assert facts.n_samples == 50_000
    assert facts.duration_seconds == Fraction(50_000, 48_000)
    start, samples = films.heard(path)
    assert len(samples) == pytest.approx(50_000, abs=1024)
    assert start == pytest.approx(0, abs=0.03)
    assert np.abs(samples[2000:48_000] - sound[2000:48_000, 0]).max() < 0.03


def test_a_gif_keeps_time_to_the_hundredth_loops_and_has_the_right_colours(tmp_path: Path) -> None:
    path = tmp_path / "out.gif"
    output = _open(path, rate=Fraction(30))
    assert not output.wants_sound
    for number in range(10):
        output.submit(films.numbered_planes(number))
    output.submit(_orange(), n_frames=20)
    facts = output.finish()
    assert facts.n_frames == 30
    assert facts.duration_seconds == 1
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in path.read_bytes()
    shown = films.times(path)
    assert shown[:11] == [Fraction(round(number * 100 / 30), 100) for number in range(11)]
    with av.open(str(path)) as container:
        assert container.duration == 1_000_000
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for number in range(10):
        assert numbered.number_of(np.asarray(pictures[number][..., 0])) == number
    assert np.abs(pictures[10][60, 80].astype(int) - [230, 120, 40]).max() <= 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.gif"]


def test_a_fast_gif_leaves_pictures_out_and_not_seconds(tmp_path: Path) -> None:
    path = tmp_path / "out.gif"
    output = _open(path, rate=Fraction(60), size=(81, 61))
    for number in range(60):
        output.submit(films.moving(number, size=(81, 61)))
    output.finish()
    shown = films.times(path)
    gaps = np.diff([float(when) for when in shown])
    assert gaps.min() >= 0.0199
    assert 40 <= len(shown) <= 50
    with av.open(str(path)) as container:
        assert container.duration == 1_000_000


def test_a_gif_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    output = _open(tmp_path / "out.gif")
    output.submit(films.numbered_planes(1))
    output.abort()
    output.abort()
    assert list(tmp_path.iterdir()) == []


def test_a_gif_without_a_picture_is_an_error(tmp_path: Path) -> None:
    output = _open(tmp_path / "out.gif")
    with pytest.raises(InternalError):
        output.finish()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(160, 120), (161, 121)], ids=str)
def test_a_still_is_the_first_picture_in_its_own_size(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "out.png"
    output = _open(path, size=size)
    output.submit(_orange(size))
    output.submit(films.numbered_planes(2, size=(160, 120)))
    facts = output.finish()
    assert (facts.width, facts.height, facts.n_frames) == (*size, 1)
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    assert pixels.shape == (size[1], size[0], 3)
    assert np.abs(pixels[..., ::-1].astype(int) - [230, 120, 40]).max() <= 2


def test_other_suffixes_and_mixed_up_codecs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="webm"):
        _open(tmp_path / "out.avi")
    with pytest.raises(InvalidRequestError) as caught:
        open_output(
            tmp_path / "out.mp4",
            width=160,
            height=120,
            frame_rate=_RATE,
            settings=EncodeSettings(codec="vp9"),
        )
    assert caught.value.field == "codec"
    assert list(tmp_path.iterdir()) == []
