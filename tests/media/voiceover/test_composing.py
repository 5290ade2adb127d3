"""Where a voiceover's picture lies: no face is cut, no edge of a drawing, nothing leaves the canvas."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from telecine.kit.errors import InvalidRequestError
from telecine.media.seeing.model import Box, Face
from telecine.media.speech.transcript import Word
from telecine.media.timeline.dialects import parse
from telecine.media.voiceover import arranging, composing
from telecine.media.voiceover.arranging import Mode
from telecine.media.voiceover.composing import Captioning
from telecine.media.voiceover.levelling import Levelled
from telecine.media.voiceover.studying import Study

CANVASES = {"wide": (1280, 720), "tall": (720, 1280), "square": (1080, 1080)}
MODES: tuple[Mode, ...] = ("auto", "still", "kenburns", "audiogram", "talking")
WORDS = tuple(
    Word(text=text, start_seconds=number * 0.4, end_seconds=number * 0.4 + 0.3)
    for number, text in enumerate(("so", "that", "is", "how", "it", "begins", "and", "ends"))
)


def study(
    *,
    size: tuple[int, int] = (800, 600),
    faces: tuple[Box, ...] | None = (),
    has_alpha: bool = False,
    is_drawn: bool = False,
) -> Study:
    return Study(
        path=Path("picture.png"),
        width=size[0],
        height=size[1],
        sent_size=size,
        has_alpha=has_alpha,
        is_drawn=is_drawn,
        main=(120, 80, 40),
        accent=(220, 90, 30),
        faces=None if faces is None else tuple(Face(box=box, score=0.9) for box in faces),
    )


def sound(seconds: float = 4.0) -> Levelled:
    n_samples = round(seconds * 48_000)
    return Levelled(path=Path("voice.flac"), n_samples=n_samples, loudness_lufs=-20)


def face(x: float, y: float, height: float, *, shape: float) -> Box:
    """A face by its middle; `shape` is the picture's width by its height."""
    width = 0.8 * height / shape
    return Box(left=x - width / 2, top=y - height / 2, width=width, height=height)


def seen(arranged: arranging.Arrangement, canvas: tuple[int, int]) -> list[Box]:
    """What is on the canvas of the picture, in shares of it, at both ends of its way."""
    found = []
    for look in arranged.looks:
        width, height = arranged.area.width * look.scale, arranged.area.height * look.scale
        left = arranged.area.x + look.x - width / 2
        top = arranged.area.y + look.y - height / 2
        found.append(
            Box(
                left=-left / width,
                top=-top / height,
                width=canvas[0] / width,
                height=canvas[1] / height,
            )
        )
    return found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("canvas", CANVASES.values(), ids=CANVASES)
def test_no_face_is_ever_cut(canvas: tuple[int, int], mode: Mode) -> None:
    sizes = ((800, 600), (600, 800), (1000, 1000), (2000, 500))
    places = ((0.5, 0.5), (0.15, 0.3), (0.85, 0.25), (0.5, 0.8))
    for size, (x, y), height in product(sizes, places, (0.1, 0.3)):
        shape = size[0] / size[1]
        boxes = (face(x, y, height, shape=shape), face(0.5, 0.45, 0.15, shape=shape))
        arranged = arranging.arrange(
            study(size=size, faces=boxes), canvas=canvas, mode=mode, has_captions=True
        )
        for window in seen(arranged, canvas):
            for box in boxes:
                assert window.left <= max(0.0, box.left) + 1e-6
                assert window.top <= max(0.0, box.top) + 1e-6
                assert window.left + window.width >= min(1.0, box.left + box.width) - 1e-6
                assert window.top + window.height >= min(1.0, box.top + box.height) - 1e-6


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("canvas", CANVASES.values(), ids=CANVASES)
@pytest.mark.parametrize(
    "known", [{"is_drawn": True}, {"has_alpha": True}], ids=["drawn", "cut out"]
)
@pytest.mark.parametrize("has_captions", [False, True])
def test_a_drawing_loses_no_edge(
    canvas: tuple[int, int], mode: Mode, known: dict[str, Any], has_captions: bool
) -> None:
    for size in ((1280, 720), (300, 900), (40, 40), (3000, 200)):
        arranged = arranging.arrange(
            study(size=size, **known), canvas=canvas, mode=mode, has_captions=has_captions
        )
        assert not arranged.is_full
        for window in seen(arranged, canvas):
            assert window.left <= 0
            assert window.top <= 0
            assert window.left + window.width >= 1
            assert window.top + window.height >= 1
        # Tiny ones stay sharp: they are not enlarged for the sake of the canvas.
        assert arranged.area.width <= 3 * size[0] + 1e-6


@pytest.mark.parametrize("mode", MODES)
def test_a_photograph_is_enlarged_three_times_at_the_most(mode: Mode) -> None:
    large = arranging.arrange(
        study(size=(400, 400)), canvas=(1080, 1080), mode=mode, has_captions=False
    )
    assert large.is_full is (mode != "audiogram")
    small = arranging.arrange(
        study(size=(300, 300)), canvas=(1080, 1080), mode=mode, has_captions=False
    )
    assert not small.is_full
    assert small.area.width <= 900 + 1e-6


@pytest.mark.parametrize("canvas", CANVASES.values(), ids=CANVASES)
def test_a_picture_that_fills_the_canvas_leaves_no_gap(canvas: tuple[int, int]) -> None:
    boxes = (face(0.9, 0.12, 0.15, shape=1.0),)
    for size in (canvas, (canvas[0] * 2 + 30, canvas[1] * 2)):
        for mode in ("auto", "kenburns", "still"):
            arranged = arranging.arrange(
                study(size=size, faces=boxes), canvas=canvas, mode=mode, has_captions=False
            )
            assert arranged.is_full
            for window in seen(arranged, canvas):
                assert window.left >= -1e-6
                assert window.top >= -1e-6
                assert window.left + window.width <= 1 + 1e-6
                assert window.top + window.height <= 1 + 1e-6


@pytest.mark.parametrize("has_captions", [False, True])
@pytest.mark.parametrize("size", [(1600, 900), (1600, 1200), (1600, 700)])
def test_a_wide_photograph_goes_from_edge_to_edge_of_a_tall_video(
    size: tuple[int, int], has_captions: bool
) -> None:
    canvas = CANVASES["tall"]
    modes: tuple[Mode, ...] = ("auto", "still") if has_captions else ("auto", "still", "audiogram")
    for mode in modes:
        arranged = arranging.arrange(
            study(size=size), canvas=canvas, mode=mode, has_captions=has_captions
        )
        first, last = seen(arranged, canvas)
        assert first.left == pytest.approx(0, abs=1e-6)
        assert last.left + last.width == pytest.approx(1, abs=1e-6)
        # Of what is not seen at first, all has been seen at last; where nothing moves, it is whole.
        beside = 0.2 if mode == "auto" else 0.0
        assert first.width == pytest.approx(1 - beside, abs=1e-6)
        for window in (first, last):
            assert window.top <= 1e-6
            if has_captions:
                lower = (1 - window.top) / window.height
                assert lower <= 0.63 + 1e-6


@pytest.mark.parametrize("has_captions", [False, True])
@pytest.mark.parametrize("is_somebody", [False, True])
def test_a_thin_strip_of_ground_is_not_left_above_a_photograph_of_a_tall_video(
    has_captions: bool, is_somebody: bool
) -> None:
    canvas = CANVASES["tall"]
    modes: tuple[Mode, ...] = ("auto", "still", "kenburns")
    for mode, width in product(modes, range(900, 2000, 50)):
        shown = study(
            size=(width, 1000),
            faces=(face(0.4, 0.4, 0.3, shape=width / 1000),) if is_somebody else (),
        )
        arranged = arranging.arrange(shown, canvas=canvas, mode=mode, has_captions=has_captions)
        if arranged.is_full or arranged.area.width < canvas[0]:
            continue
        tops = [-window.top / window.height for window in seen(arranged, canvas)]
        assert tops == pytest.approx([0, 0], abs=1e-6) or min(tops) >= 0.06 - 1e-6


def test_captions_that_say_nothing_take_no_room() -> None:
    canvas = CANVASES["tall"]
    documents = [
        composing.compose(study(), sound(), canvas=canvas, captioning=captioning)
        for captioning in (None, Captioning(words=()))
    ]
    assert documents[0] == documents[1]


def test_a_wide_photograph_of_somebody_is_shown_near_them_in_a_tall_video() -> None:
    canvas = CANVASES["tall"]
    arranged = arranging.arrange(
        study(size=(1600, 900), faces=(face(0.3, 0.4, 0.3, shape=16 / 9),)),
        canvas=canvas,
        mode="auto",
        has_captions=False,
    )
    first, last = seen(arranged, canvas)
    assert first.width == pytest.approx(0.55)
    assert first.x == pytest.approx(0.3, abs=0.03)
    assert 0 <= last.left < last.left + last.width <= 1


def test_the_push_is_from_four_to_nine_per_cent_about_the_face() -> None:
    box = face(0.3, 0.35, 0.3, shape=16 / 9)
    arranged = arranging.arrange(
        study(size=(1280, 720), faces=(box,)), canvas=(1280, 720), mode="auto", has_captions=False
    )
    first, last = arranged.looks
    assert (first.scale, last.scale) == (1.04, 1.09)
    # The face is upper left, so the picture goes to the lower right.
    assert last.x > first.x > 0
    assert last.y > first.y > 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("canvas", CANVASES.values(), ids=CANVASES)
def test_the_document_has_no_faults_and_needs_no_warning(
    canvas: tuple[int, int], mode: Mode
) -> None:
    for each in (study(), study(is_drawn=True), study(has_alpha=True), study(faces=None)):
        document = composing.compose(
            each,
            sound(),
            canvas=canvas,
            mode=mode,
            captioning=Captioning(words=WORDS, language="en"),
            has_film=mode == "talking",
            title="A title",
        )
        parsed = parse(document)
        assert not parsed.problems
        assert not parsed.warnings
        assert parsed.timeline is not None
        assert parsed.timeline.duration_frames == 120
        assert (parsed.timeline.width, parsed.timeline.height) == canvas
        used = {source.src for source in parsed.sources}
        assert used <= {composing.PICTURE, composing.VOICE, composing.FILM}
        assert (composing.FILM in used) == (mode == "talking")


def test_a_long_film_goes_there_and_back_and_ends_where_it_ends() -> None:
    document = composing.compose(study(size=(1280, 720)), sound(61.3), canvas=(1280, 720))
    (picture,) = (
        clip for track in document["tracks"] for clip in track["clips"] if clip["id"] == "picture"
    )
    scales = next(each for each in picture["keyframes"] if each["property"] == "scale")["frames"]
    assert [point["value"] for point in scales] == [1.04, 1.09, 1.04, 1.09]
    assert scales[-1]["time"] == pytest.approx(61.3, abs=1 / 30)
    assert {point["easing"] for point in scales} == {"easeInOutSine"}


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(1, 1), (1600, 1), (1601, 2), (48_000, 30), (48_001, 31)]
)
def test_no_sample_is_cut_off(n_samples: int, n_frames: int) -> None:
    heard = Levelled(path=Path("v"), n_samples=n_samples, loudness_lufs=None)
    assert composing.n_frames(heard) == n_frames


@pytest.mark.parametrize("canvas", CANVASES.values(), ids=CANVASES)
@pytest.mark.parametrize("mode", ["auto", "audiogram"])
def test_captions_stand_clear_of_the_picture_of_the_sound(
    canvas: tuple[int, int], mode: Mode
) -> None:
    arranged = arranging.arrange(study(), canvas=canvas, mode=mode, has_captions=True)
    document = composing.compose(
        study(), sound(), canvas=canvas, mode=mode, captioning=Captioning(words=WORDS)
    )
    (track,) = (track for track in document["tracks"] if track["id"] == "captions")
    look = track["clips"][0]["config"]
    bottom = canvas[1] - look["paddingBottom"]
    top = bottom - 2 * 1.25 * look["fontSize"]
    assert arranged.wave is not None
    wave = arranged.wave.y - arranged.wave.height / 2, arranged.wave.y + arranged.wave.height / 2
    assert wave[0] >= bottom or wave[1] <= top


def test_a_caption_style_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        composing.compose(
            study(), sound(), canvas=(640, 360), captioning=Captioning(words=(), style="loud")
        )
    assert caught.value.field == "caption_style"
