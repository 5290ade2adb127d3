"""The operation `voiceover` as a worker runs it: real files in, a real film and its poster out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import pyvips
from tests import samples
from tests.media.voiceover.test_levelling import loudness, voice

from telecine import settings, shelves
from telecine.kit.errors import CancelledError, MediaLimitError, UnsupportedMediaError
from telecine.media.render.confined import Order
from telecine.media.seeing.model import Box, Face
from telecine.media.voiceover import composing
from telecine.media.voiceover.composing import VOICE
from telecine.media.voiceover.levelling import Levelled
from telecine.media.voiceover.studying import Study
from telecine.operations.base import Context, Input, Result, StepsInFolder
from telecine.operations.registry import OPERATIONS
from telecine.operations.voiceover import VOICEOVER, VoiceoverParams
from telecine.settings import Prices

PRICES = Prices(compress_mib_per_credit=20, convert_credits=1)
Run = Callable[..., Result]


def params(**wishes: Any) -> VoiceoverParams:
    values: dict[str, Any] = {"seconds": 1.0, "width": 192, "height": 128}
    return VoiceoverParams(**(values | wishes))


@pytest.fixture(scope="module")
def equipment() -> Iterator[Context]:
    loaded = settings.load({})
    with shelves.pool(loaded) as pool, shelves.renderer(loaded) as renderer:
        yield Context(
            inputs=(),
            workspace=Path(),
            ffmpeg=shelves.ffmpeg(loaded),
            pool=pool,
            report=lambda _: None,
            is_cancelled=lambda: False,
            renderer=renderer,
        )


@pytest.fixture
def run(equipment: Context, tmp_path: Path) -> Run:
    workspace = tmp_path / "workspace"
    workspace.mkdir()

    def run(wishes: VoiceoverParams, image: Path, audio: Path, **context: Any) -> Result:
        inputs = tuple(
            Input(path=path, filename=path.name, size_bytes=path.stat().st_size)
            for path in (image, audio)
        )
        return VOICEOVER.run(
            wishes,
            replace(equipment, **{"inputs": inputs, "workspace": workspace, **context}),
        )

    return run


def photograph(path: Path) -> Path:
    generator = np.random.default_rng(7)
    noise = generator.integers(0, 255, (24, 36, 3)).astype(np.uint8)
    cv2.imwrite(str(path), cv2.resize(noise, (720, 480), interpolation=cv2.INTER_CUBIC))
    return path


def lengths(path: Path) -> tuple[float, float]:
    """Seconds of the film's pictures, and of its sound."""
    with av.open(str(path)) as film:
        found = []
        for stream in (film.streams.video[0], film.streams.audio[0]):
            assert stream.duration is not None
            assert stream.time_base is not None
            found.append(float(stream.duration * stream.time_base))
    return found[0], found[1]


def test_a_film_is_as_long_and_as_loud_as_it_should_be(run: Run, tmp_path: Path) -> None:
    told: list[float] = []
    audio = voice(tmp_path / "voice.mp3", seconds=1.283, decibels=-26)
    wished = params(seconds=2.0, credits_per_second=10)
    made = run(wished, photograph(tmp_path / "p.jpg"), audio, report=told.append)
    film, poster = made.outputs
    pictures, sound = lengths(film.path)
    assert pictures == pytest.approx(1.3, abs=1e-3)
    assert sound == pytest.approx(pictures, abs=1 / 30)
    assert made.facts["frames"] == 39
    assert made.facts["duration_seconds"] == 1.3
    assert made.charge == 13  # its packets had said 2 seconds
    assert (made.facts["width"], made.facts["height"]) == (192, 128)
    assert (made.facts["mode"], made.facts["faces"], made.facts["captions"]) == ("auto", None, 0)
    assert made.facts["loudness_lufs"] < -20
    lufs, peak = loudness(film.path)
    assert lufs == pytest.approx(-16, abs=0.7)
    assert peak <= -1.5
    assert (film.media_type, poster.media_type) == ("video/mp4", "image/jpeg")
    shown = pyvips.Image.new_from_file(str(poster.path))
    assert (shown.width, shown.height) == (192, 128)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_run_that_is_begun_again_does_not_level_again(run: Run, tmp_path: Path) -> None:
    kept = StepsInFolder(folder=tmp_path / "steps")
    image = photograph(tmp_path / "p.jpg")
    audio = voice(tmp_path / "voice.wav", seconds=0.8, decibels=-26)
    with pytest.raises(CancelledError):
        run(params(), image, audio, steps=kept, is_cancelled=lambda: kept.find(VOICE) is not None)
    levelled = (tmp_path / "steps" / VOICE).stat()
    audio.write_bytes(b"gone")  # nobody reads it any more
    (tmp_path / "again").mkdir()
    again = run(params(), image, audio, steps=kept, workspace=tmp_path / "again")
    assert again.facts["frames"] == 24
    assert again.facts["loudness_lufs"] < -20
    assert loudness(again.outputs[0].path)[0] == pytest.approx(-16, abs=0.7)
    assert (tmp_path / "steps" / VOICE).stat() == levelled


@pytest.mark.parametrize("mode", ["still", "audiogram"])
def test_a_cut_out_picture_is_whole_on_a_ground_of_its_colours(
    run: Run, tmp_path: Path, mode: str
) -> None:
    logo = np.zeros((96, 96, 4), np.uint8)
    cv2.circle(logo, (48, 48), 44, (20, 90, 230, 255), -1)
    cv2.imwrite(str(tmp_path / "logo.png"), logo)
    audio = samples.make_audio(tmp_path / "tone.wav", seconds=0.3)
    made = run(params(seconds=0.3, mode=mode), tmp_path / "logo.png", audio)
    picture = samples.picture_at(made.outputs[0].path, frame=5).astype(int)
    corner, orange = picture[4, 4], np.abs(picture - (230, 90, 20)).max(axis=2) < 40
    assert corner[0] > corner[2]
    assert corner.max() < 110
    rows, columns = np.flatnonzero(orange.any(axis=1)), np.flatnonzero(orange.any(axis=0)[:96])
    assert 0 < rows[0] < rows[-1] < 127
    assert columns[0] > 0


def test_the_sound_is_seen_where_it_is_heard_and_not_in_silence(run: Run, tmp_path: Path) -> None:
    audio = tmp_path / "late.wav"
    tone = "0.4*sin(2*PI*300*t)*gt(t\\,0.6)+0.3*sin(2*PI*2000*t)*gt(t\\,0.6)"
    samples.run_ffmpeg("-f", "lavfi", "-i", f"aevalsrc='{tone}':s=44100:d=1", audio)
    cv2.imwrite(str(tmp_path / "p.png"), np.full((90, 160, 3), 60, np.uint8))
    made = run(params(width=320, height=180), tmp_path / "p.png", audio)
    film = made.outputs[0].path
    lit = [(samples.picture_at(film, frame=frame)[150:] > 200).sum() for frame in (12, 26)]
    assert lit[1] > 2 * lit[0]


def test_a_sound_longer_than_was_paid_for_is_refused(run: Run, tmp_path: Path) -> None:
    audio = voice(tmp_path / "voice.wav", seconds=2.5)
    with pytest.raises(MediaLimitError) as caught:
        run(params(seconds=1.0), photograph(tmp_path / "p.jpg"), audio)
    assert caught.value.field == "audio"


def test_files_in_each_others_place_are_refused_by_the_work_too(run: Run, tmp_path: Path) -> None:
    audio = voice(tmp_path / "voice.wav", seconds=0.4)
    with pytest.raises(UnsupportedMediaError, match="is a sound"):
        run(params(seconds=1.0), audio, audio)


def test_a_cancelled_run_stops(run: Run, tmp_path: Path) -> None:
    audio = voice(tmp_path / "voice.wav", seconds=0.4)
    with pytest.raises(CancelledError):
        run(params(), photograph(tmp_path / "p.jpg"), audio, is_cancelled=lambda: True)


@pytest.mark.parametrize(
    ("seconds", "height", "credits"),
    [(0.2, 128, 1), (1.045, 128, 1), (60.0, 720, 60), (60.2, 1080, 91)],
)
def test_it_costs_what_a_render_of_that_size_and_length_costs(
    seconds: float, height: int, credits: int
) -> None:
    wished = params(seconds=seconds, width=1920, height=height)
    assert VOICEOVER.price(wished, input_bytes=10**9, prices=PRICES) == credits


def test_the_operation_is_listed() -> None:
    assert OPERATIONS["voiceover"].operation is VOICEOVER


def test_what_is_pushed_in_on_moves_without_jitter(tmp_path: Path) -> None:
    """A spot in a corner, through two seconds of a slow push: at most 0.1 px off its curve."""
    width, height, spot = 640, 360, (70.0, 50.0)
    picture = np.full((height, width, 3), 40, np.uint8)
    cv2.circle(picture, (1120, 800), 128, (235, 235, 235), -1, cv2.LINE_AA, 4)  # in 16ths of a px
    cv2.imwrite(str(tmp_path / "p.png"), picture)
    tone = voice(tmp_path / "voice.wav", seconds=0.5, rate=48_000)
    known = Study(
        path=tmp_path / "p.png",
        width=width,
        height=height,
        sent_size=(width, height),
        has_alpha=False,
        is_drawn=False,
        main=(40, 40, 40),
        accent=(40, 40, 40),
        faces=(Face(box=Box(left=0.55, top=0.5, width=0.1, height=0.2), score=0.9),),
    )
    heard = Levelled(path=tone, n_samples=20 * 48_000, loudness_lufs=-16)
    document = composing.compose(known, heard, canvas=(width, height))
    loaded = settings.load({})
    order = Order(
        document=document,
        files={composing.PICTURE: known.path, composing.VOICE: tone},
        workspace=tmp_path,
        output=tmp_path / "film.mp4",
        frames=range(270, 330),
        crf=8,
        has_sound=False,
    )
    with shelves.renderer(loaded) as renderer:
        renderer.render(order)
    places = np.array([_middle(frame) for frame in _grey_frames(order.output)])
    assert len(places) == 60
    assert np.abs(places[0] - spot).max() > 1  # it is pushed in on
    times = np.linspace(-1, 1, len(places))
    for axis in (0, 1):
        curve = np.polyval(np.polyfit(times, places[:, axis], 3), times)
        assert np.abs(places[:, axis] - curve).max() < 0.1
        steps = np.diff(places[:, axis])
        assert np.abs(steps - np.diff(curve)).max() < 0.1
        assert (np.sign(np.diff(places[::10, axis])) == np.sign(curve[-1] - curve[0])).all()


def _grey_frames(path: Path) -> Iterator[np.ndarray]:
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            yield frame.to_ndarray(format="gray").astype(float)


def _middle(frame: np.ndarray) -> tuple[float, float]:
    """Where the spot in the upper left corner is, by its weight: finer than a pixel."""
    part = np.clip(frame[:110, :130] - 60, 0, None)
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]]
    return (part * columns).sum() / part.sum(), (part * rows).sum() / part.sum()
