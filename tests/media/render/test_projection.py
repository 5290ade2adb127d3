"""A film shown in segments is the film: every picture, in any order, and one unbroken sound."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from tests import samples
from tests.media.render import numbered, sounds

from telecine.kit.errors import UndecodableMediaError
from telecine.media.render.film import Film
from telecine.media.render.lookup import Files
from telecine.media.render.playlist import Cut
from telecine.media.render.projection import Projection
from telecine.media.render.sound import mix
from telecine.media.render.webvtt import webvtt
from telecine.media.timeline.model import Timeline
from telecine.media.timeline.rv import parse_rv

SIZE = (320, 240)
RATE = Fraction(25)
N_FRAMES = 80


def timeline_of(*clips: dict[str, Any], files: Files | None = None, **meta: Any) -> Timeline:
    shape = {"version": "2.0.0", "width": 640, "height": 480, "fps": float(RATE), **meta}
    parsed = parse_rv({"meta": shape, "tracks": [{"clips": list(clips)}]}, lookup=files)
    assert parsed.timeline is not None, parsed.problems
    return parsed.timeline


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("sources")
    clock = Fraction(1, 12800)
    stamps = numbered.even_stamps(N_FRAMES, frame_rate=RATE, time_base=clock)
    film = numbered.make_numbered(folder / "film.mp4", stamps=stamps, time_base=clock)
    sound = sounds.write_wav(folder / "tone.wav", sounds.tone(4, hertz=440, level=0.7))
    return Files({"film.mp4": film, "tone.wav": sound})


@pytest.fixture(scope="module")
def timeline(files: Files) -> Timeline:
    """Numbered pictures under a word that comes and goes, and a loud tone."""
    length = float(N_FRAMES / RATE)
    return timeline_of(
        {"type": "video", "src": "film.mp4", "start": 0, "duration": length, "fit": "fill"},
        {"type": "audio", "src": "tone.wav", "start": 0, "duration": length, "volume": 1.5},
        {
            "type": "rect",
            "start": 1.2,
            "duration": 1.4,
            "transform": {"x": 12, "y": 12, "width": 8, "height": 8},
            "style": {"fill": "#e04020"},
        },
        files=files,
    )


@pytest.fixture
def projection(timeline: Timeline, files: Files) -> Iterator[Projection]:
    made = Projection(timeline, find=files.find, size=SIZE)
    yield made
    made.close()


def shown(projection: Projection, order: Sequence[int]) -> bytes:
    """Ask for segments in this order, and put them together in theirs."""
    cut = Cut(n_frames=N_FRAMES, frame_rate=RATE)
    made = {number: projection.segment(cut.frames_of(number)) for number in order}
    heads = {each.head for each in made.values()}
    assert len(heads) == 1
    return heads.pop() + b"".join(made[number].body for number in sorted(made))


def pictures(data: bytes) -> list[npt.NDArray[np.uint8]]:
    with av.open(io.BytesIO(data), "r") as container:
        return [
            np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8)
            for frame in container.decode(video=0)
        ]


def heard(data: bytes) -> npt.NDArray[np.float32]:
    with av.open(io.BytesIO(data), "r") as container:
        rows = [np.asarray(frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    return np.concatenate(rows).astype(np.float32)


def test_segments_are_the_frames_of_the_film(
    projection: Projection, timeline: Timeline, files: Files
) -> None:
    found = pictures(shown(projection, range(3)))
    assert [numbered.number_of(each[: SIZE[1]]) for each in found] == list(range(N_FRAMES))
    with Film(timeline, find=files.find, size=SIZE) as film:
        for picture, planes in zip(found, film.pictures(range(N_FRAMES)), strict=True):
            error = picture[: SIZE[1]].astype(float) - planes.y
            assert np.mean(error**2) < 10  # 38 dB


def test_the_sound_of_segments_is_the_films_without_a_seam(
    projection: Projection, timeline: Timeline, files: Files
) -> None:
    found = heard(shown(projection, range(3)))
    whole = np.concatenate(list(mix.mix(timeline, find=files.find)))[:, 0]
    assert 0 <= len(found) - len(whole) < 1024
    # A decoder that begins has heard nothing before the first AAC frame.
    assert np.abs(found[: len(whole)] - whole)[1024:].max() < 0.04


def test_any_order_gives_the_same_film(
    projection: Projection, timeline: Timeline, files: Files
) -> None:
    in_order = shown(projection, range(3))
    other = Projection(timeline, find=files.find, size=SIZE)
    other.poster()
    in_disorder = shown(other, [2, 0, 2, 1, 0])
    other.close()
    for one, two in zip(pictures(in_order), pictures(in_disorder), strict=True):
        assert np.array_equal(one, two)
    assert np.abs(heard(in_order) - heard(in_disorder)).max() < 0.01


def test_the_poster_is_the_first_picture_that_shows_something(files: Files) -> None:
    white = {
        "type": "rect",
        "start": 1.5,
        "duration": 1,
        "transform": {"width": 320, "height": 240},
        "style": {"fill": "#ffffff"},
    }
    made = Projection(timeline_of(white), find=files.find, size=SIZE)
    assert _middle(made.poster()) > 200
    made.close()


def test_the_poster_is_not_taken_from_a_fade_at_the_start(files: Files) -> None:
    fading = {
        "type": "rect",
        "start": 0,
        "duration": 4,
        "transform": {"width": 320, "height": 240},
        "style": {"fill": "#ffffff"},
        "transition": {"type": "fade", "duration": 1.5},
    }
    made = Projection(timeline_of(fading), find=files.find, size=SIZE)
    assert _middle(made.poster()) > 200
    made.close()


def test_the_poster_of_an_empty_film_is_its_first_frame(files: Files) -> None:
    silence = {"type": "audio", "src": "tone.wav", "start": 0, "duration": 1}
    made = Projection(timeline_of(silence), find=files.find, size=SIZE)
    assert _middle(made.poster()) < 20
    made.close()


def test_a_film_goes_on_after_an_error(tmp_path: Path) -> None:
    shape = {"type": "rect", "start": 0, "duration": 2, "transform": {"width": 9, "height": 9}}
    late = {"type": "image", "src": "late.png", "start": 1, "duration": 1}
    path = tmp_path / "late.png"
    shutil.copy(samples.astronaut(), path)
    made = Projection(timeline_of(shape, late), find=Files({"late.png": path}).find, size=SIZE)
    path.write_bytes(samples.astronaut().read_bytes()[:1000])
    with pytest.raises(UndecodableMediaError) as caught:
        made.segment(range(25, 50))
    assert caught.value.field == "tracks[0].clips[1].src"
    shutil.copy(samples.astronaut(), path)
    assert len(pictures(b"".join(made.segment(range(25, 50))))) == 25
    made.close()


def test_captions_are_told_when_they_are_shown() -> None:
    words = [
        {"text": "Fish", "start": 0.2, "end": 0.5},
        {"text": "&", "start": 0.5, "end": 0.6},
        {"text": "some", "start": 0.6, "end": 0.7},
        {"text": "<chips>", "start": 0.7, "end": 1.0},
        {"text": "later\n\n", "start": 2.0, "end": 9.0},
    ]
    spoken = {"type": "subtitle", "start": 1, "duration": 3, "words": words}
    assert webvtt(timeline_of(spoken)) == (
        "WEBVTT\n\n"
        "00:00:01.200 --> 00:00:02.000\nFish &amp; some &lt;chips&gt;\n\n"
        "00:00:03.000 --> 00:00:04.000\nlater\n"
    )
    assert webvtt(timeline_of({"type": "text", "text": "Hello", "start": 0, "duration": 1})) is None


def _middle(png: bytes) -> int:
    with av.open(io.BytesIO(png), "r") as container:
        (frame,) = container.decode(video=0)
    grey = frame.to_ndarray(format="gray8")
    return int(grey[grey.shape[0] // 2, grey.shape[1] // 2])
