"""Real films on a canvas of another shape, drawn by the one renderer and looked at."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import debian, samples
from tests.media.seeing import watching
from tests.media.seeing.test_looking import CUTS_OF_BIKES

from telecine.kit.errors import InvalidRequestError
from telecine.media.seeing import camera, caption_styles, reframing
from telecine.media.seeing.model import Face, Shot
from telecine.media.seeing.reframing import CANVASES, Captioning
from telecine.media.speech.transcript import Word
from telecine.media.timeline.dialects import parse


def _composed(source: Path, folder: Path, **wishes: Any) -> dict[str, Any]:
    seen = watching.look(source, folder)
    _, rate, _ = watching.facts(source)
    values: dict[str, Any] = {"source": "film.mp4", "frame_rate": rate, "has_sound": False}
    return reframing.compose(seen, **(values | wishes))


def _layouts(document: dict[str, Any]) -> set[str]:
    clips = [clip for track in document["tracks"] for clip in track["clips"]]
    return {clip["metadata"]["layout"] for clip in clips if "metadata" in clip}


def _faces(picture: samples.Picture) -> tuple[Face, ...]:
    """Return the faces of a drawn frame from above to below."""
    return tuple(sorted(watching.finder().find(picture), key=lambda face: face.box.y))


def test_a_screencast_has_its_speaker_above_and_its_screen_below(tmp_path: Path) -> None:
    source = debian.talking_head()
    document = _composed(source, tmp_path)
    assert _layouts(document) == {"split"}
    (picture,) = watching.drawn(document, source, frames=[60])
    face = _faces(picture)[0]
    assert face.box.x == pytest.approx(0.5, abs=0.08)
    assert 0.1 < face.box.y < 0.3
    assert face.box.height > 0.1
    # Captions begin below the screen, on a ground that is neither black nor the screen's edge.
    below = picture[int(0.67 * len(picture)) :]
    assert below.max(axis=2).min() > 20
    assert below.mean() > 50
    assert np.abs(np.diff(below.astype(int), axis=0)).max() < 12


def test_a_square_screencast_has_its_whole_screen_below_and_no_black_beside_the_speaker(
    tmp_path: Path,
) -> None:
    source = debian.talking_head()
    document = _composed(source, tmp_path, aspect="1:1")
    (picture,) = watching.drawn(document, source, frames=[60], size=(240, 240))
    assert picture[:100, :30].max(axis=2).min() > 30
    assert picture[:100, -30:].max(axis=2).min() > 30
    views = {clip["id"]: clip for clip in document["tracks"][1]["clips"]}
    assert views["shot-1b"]["transform"]["width"] == 1080


def test_a_man_in_a_car_stays_in_the_middle_third(tmp_path: Path) -> None:
    source = samples.carphone()
    document = _composed(source, tmp_path)
    assert _layouts(document) == {"crop"}
    for picture in watching.drawn(document, source, frames=range(0, 118, 13)):
        (face,) = _faces(picture)
        assert 1 / 3 < face.box.x < 2 / 3


def test_the_window_on_a_real_man_is_never_accelerated_more_than_said(tmp_path: Path) -> None:
    source = samples.carphone()
    document = _composed(source, tmp_path)
    ((clip,),) = [track["clips"] for track in document["tracks"]]
    frames = next(each["frames"] for each in clip["keyframes"] if each["property"] == "cropLeft")
    window = 1 - clip["crop"]["left"] - clip["crop"]["right"]
    rate = document["meta"]["fps"]
    lefts = np.interp(
        np.arange(round(clip["duration"] * rate)) / rate,
        [each["time"] for each in frames],
        [each["value"] / window for each in frames],
    )
    found = np.abs(np.diff(lefts, n=2)) * rate**2
    assert 0 < found.max() <= camera.MOST_ACCELERATION
    # It turns round as often as he does, not as often as the boxes tremble.
    speeds = np.diff(lefts)
    turns = np.count_nonzero(np.diff(np.sign(speeds[np.abs(speeds) > 1e-5])))
    assert turns <= 4


def test_two_people_far_apart_have_a_panel_each(tmp_path: Path) -> None:
    source = watching.two_people(tmp_path / "two.mp4")
    document = _composed(source, tmp_path)
    assert _layouts(document) == {"stack"}
    for picture in watching.drawn(document, source, frames=(3, 40)):
        upper, lower = _faces(picture)
        assert upper.box.y < 0.5 < lower.box.y
        assert upper.box.x == pytest.approx(0.5, abs=0.1)
        assert lower.box.x == pytest.approx(0.5, abs=0.1)


def test_a_dog_is_fitted_on_a_ground(tmp_path: Path) -> None:
    document = _composed(debian.dog(), tmp_path, aspect="1:1")
    assert _layouts(document) == {"fit"}
    assert [track["id"] for track in document["tracks"]] == ["grounds", "pictures"]


def test_the_ground_is_dark_soft_and_covers_the_canvas(tmp_path: Path) -> None:
    source = samples.make_chart(tmp_path / "chart.mp4")
    document = _composed(source, tmp_path)
    (picture,) = watching.drawn(document, source, frames=[5])
    above, middle = picture[:100].astype(int), picture[200:280].astype(int)
    assert above.mean() < 0.75 * middle.mean()
    assert above.max(axis=2).min() > 20
    assert np.abs(np.diff(above, axis=1)).max() < 25  # the chart itself jumps by 255


def test_no_frame_of_a_shot_is_shown_in_another(tmp_path: Path) -> None:
    seen = watching.look(samples.bikes(), tmp_path)
    # As if somebody were in the middle of each shot: every shot is a clip of its own.
    placed = watching.seen([(0.5, 0.4, 0.3)], seconds=10, size=(seen.width, seen.height))
    both = type(seen)(
        width=seen.width, height=seen.height, shots=seen.shots, glances=placed.glances
    )
    document = reframing.compose(both, source="film.mp4", frame_rate=Fraction(25), has_sound=False)
    (track,) = document["tracks"]
    assert len(track["clips"]) == 6
    pairs = [(round(cut * 25) - 1, round(cut * 25)) for cut in CUTS_OF_BIKES]
    numbers = [number for pair in pairs for number in pair]
    drawn = dict(
        zip(numbers, watching.drawn(document, samples.bikes(), frames=numbers), strict=True)
    )
    with av.open(str(samples.bikes())) as container:
        decoded = container.decode(video=0)
        film = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in decoded]
    for last, first in pairs:
        for number, other in ((last, first), (first, last)):
            wrong = _difference(drawn[number], film[other])
            assert _difference(drawn[number], film[number]) < wrong / 2


def _difference(tall: samples.Picture, whole: samples.Picture) -> float:
    """Return how much a drawn frame differs from the middle of a film's."""
    height, width = whole.shape[:2]
    side = round(height * 9 / 16)
    left = (width - side) // 2
    middle = cv2.resize(whole[:, left : left + side], tall.shape[1::-1])
    return float(np.abs(tall.astype(int) - middle).mean())


@pytest.mark.parametrize("aspect", CANVASES)
@pytest.mark.parametrize("people", [0, 1, 2])
def test_every_composition_is_without_a_fault(aspect: str, people: int) -> None:
    places = [(0.2 + 0.6 * n, 0.4, 0.25) for n in range(people)]
    words = [Word(text="Hello!", start_seconds=0.5, end_seconds=0.9)]
    document = reframing.compose(
        watching.seen(*[[place] for place in places]),
        source="film.mp4",
        frame_rate=Fraction(30000, 1001),
        aspect=aspect,
        captioning=Captioning(words=words),
        title="Said once",
    )
    parsed = parse(json.loads(json.dumps(document)))
    assert parsed.timeline is not None, parsed.problems
    assert not parsed.problems, parsed.problems
    assert (parsed.timeline.width, parsed.timeline.height) == CANVASES[aspect]
    assert parsed.timeline.duration_frames == 120
    assert parsed.timeline.frame_rate == Fraction(30000, 1001)


_SHARES = st.floats(0.0, 1.0)
_PEOPLE = st.lists(
    st.lists(st.tuples(_SHARES, _SHARES, st.floats(0.01, 0.9)), min_size=1, max_size=15),
    max_size=3,
)


@settings(deadline=None, max_examples=40)
@given(
    people=_PEOPLE,
    cuts=st.lists(st.floats(0.02, 2.98), max_size=4, unique=True).map(sorted),
    aspect=st.sampled_from(sorted(CANVASES)),
    size=st.sampled_from([(1920, 1080), (1080, 1920), (640, 480), (176, 144), (4000, 400)]),
    rate=st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(120), Fraction(12)]),
)
def test_whatever_is_seen_every_frame_has_a_picture(
    people: list[list[tuple[float, float, float]]],
    cuts: list[float],
    aspect: str,
    size: tuple[int, int],
    rate: Fraction,
) -> None:
    whole = watching.seen(*people, seconds=3, size=size)
    shots = tuple(
        Shot(start_seconds=start, end_seconds=end) for start, end in pairwise([0.0, *cuts, 3.0])
    )
    seen = replace(whole, shots=shots)
    document = reframing.compose(seen, source="film.mp4", frame_rate=rate, aspect=aspect)
    parsed = parse(json.loads(json.dumps(document)))
    assert parsed.timeline is not None, parsed.problems
    assert not parsed.problems, parsed.problems
    covered = {
        n
        for track in document["tracks"]
        if track["id"] == "pictures"
        for clip in track["clips"]
        for n in range(
            round(clip["start"] * parsed.timeline.frame_rate),
            round((clip["start"] + clip["duration"]) * parsed.timeline.frame_rate),
        )
    }
    assert covered == set(range(parsed.timeline.duration_frames))


def test_times_count_from_where_the_part_begins(tmp_path: Path) -> None:
    seen = watching.look(samples.bikes(), tmp_path, start_seconds=3.04, end_seconds=8)
    words = [
        Word(text="before", start_seconds=1, end_seconds=2),
        Word(text="in", start_seconds=4, end_seconds=5),
        Word(text="after", start_seconds=9, end_seconds=9.5),
    ]
    document = reframing.compose(
        seen, source="film.mp4", frame_rate=Fraction(25), captioning=Captioning(words=words)
    )
    tracks = {track["id"]: track["clips"] for track in document["tracks"]}
    assert tracks["sound"][0]["source"] == {"start": 3.04, "end": 8}
    assert tracks["sound"][0]["start"] == 0
    (caption,) = tracks["captions"]
    assert [word["word"] for word in caption["words"]] == ["IN"]
    assert caption["start"] + caption["words"][0]["start"] == pytest.approx(0.96, abs=0.001)
    assert tracks["pictures"][0]["source"]["start"] == pytest.approx(3.05)


def test_fast_films_are_shown_at_half_their_rate() -> None:
    document = reframing.compose(watching.seen(), source="f.mp4", frame_rate=Fraction(120))
    assert document["meta"]["fps"] == 60


def test_an_unknown_aspect_or_style_is_refused() -> None:
    seen = watching.seen()
    with pytest.raises(InvalidRequestError, match="9:16"):
        reframing.compose(seen, source="f.mp4", frame_rate=Fraction(30), aspect="4:5")
    with pytest.raises(InvalidRequestError, match=caption_styles.DEFAULT):
        reframing.compose(
            seen,
            source="f.mp4",
            frame_rate=Fraction(30),
            captioning=Captioning(words=(), style="loud"),
        )
