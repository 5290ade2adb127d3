"""Documents drawn by both engines, rendered to files, and what is wrong with bad ones."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from benchmarks import compositions
from tests import samples
from tests.media.render.sounds import tone, write_wav

from telecine.kit.errors import (
    CancelledError,
    InvalidRequestError,
    MediaError,
    MediaLimitError,
    UndecodableMediaError,
    UnsupportedMediaError,
)
from telecine.media.render.composing.compose import Composer
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.pixels import to_planes
from telecine.media.render.drawing.sprites import Find, Sprites
from telecine.media.render.encoding.codecs import EncodeSettings
from telecine.media.render.film import Film
from telecine.media.render.measuring import Measuring
from telecine.media.render.planes import Planes
from telecine.media.render.planning.plan import plan
from telecine.media.render.reference import Reference
from telecine.media.render.render import RenderProgress, render
from telecine.media.render.storyboard import still, storyboard
from telecine.media.render.supply import Supply
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.model import Source, Timeline

GALLERY = sorted((Path(__file__).parent / "gallery").glob("*.json"))
PICTURED = sorted((Path(__file__).parent / "gallery" / "pictured").glob("*.json"))
FAST = EncodeSettings(preset="ultrafast", crf=10)

Floats = npt.NDArray[np.float32]


def timeline_of(document: object) -> Timeline:
    parsed = parse(document)
    assert parsed.timeline is not None, parsed.problems
    return parsed.timeline


def document(*clips: dict[str, Any], fps: int = 10) -> dict[str, Any]:
    meta = {"version": "2.0.0", "width": 96, "height": 64, "fps": fps, "background": "#000000"}
    return {"meta": meta, "tracks": [{"clips": list(clips)}]}


def rect(colour: str, *, start: float, duration: float, **more: Any) -> dict[str, Any]:
    return {
        "type": "rect",
        "start": start,
        "duration": duration,
        "transform": {"width": 96, "height": 64},
        "style": {"fill": colour},
        **more,
    }


def no_file(source: Source) -> Path:
    raise AssertionError(source)


def ssim(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Structural similarity as Wang et al. define it: Gaussian windows of 11, sigma 1.5."""

    def mean(picture: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(picture, (11, 11), 1.5), np.float32)

    a, b = one.astype(np.float32), other.astype(np.float32)
    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    both = mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    upper = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float((upper / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


@pytest.fixture(scope="module")
def gallery_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What gallery documents show: films and stills of documents beside them, and a tone."""
    folder = tmp_path_factory.mktemp("sources")
    write_wav(folder / "tones.wav", tone(2))
    for path in (PICTURED[0].parent / "sources").glob("*.json"):
        line = timeline_of(json.loads(path.read_text("utf-8")))
        render(line, find=no_file, output=folder / f"{path.stem}.mp4", settings=FAST)
        (folder / f"{path.stem}.png").write_bytes(still(line, find=no_file, frame=0))
        render(line, find=no_file, output=folder / f"{path.stem}.gif", settings=FAST)
    return folder


@pytest.mark.parametrize("path", [*GALLERY, *PICTURED], ids=lambda path: path.stem)
def test_both_engines_draw_the_gallery_alike(path: Path, gallery_files: Path) -> None:
    def find(source: Source) -> Path:
        return gallery_files / Path(source.src).name

    assert_engines_agree(timeline_of(json.loads(path.read_text("utf-8"))), find)


@pytest.mark.parametrize("name", compositions.NAMES)
def test_both_engines_draw_the_benchmarks_alike(name: str) -> None:
    files = {".mp4": samples.bikes(), ".jpg": samples.astronaut()}

    def find(source: Source) -> Path:
        return files[Path(source.src).suffix]

    assert_engines_agree(timeline_of(compositions.documents(scale=0.5)[name]), find)


def assert_engines_agree(timeline: Timeline, find: Find) -> None:
    """Draw four frames by both engines."""
    sprites = Sprites(fonts=FontBook(), find=find)
    measuring = Measuring(sprites, find=find)
    planned = plan(timeline, measure=measuring)
    supply = Supply(planned.layers, sprites=sprites, measuring=measuring, find=find)
    fast = Composer(planned.canvas, planned.layers, sprite=supply.sprite, source=supply.source)
    slow = Reference(planned.canvas, planned.layers, pixels=sprites.pixels, source=supply.source)
    try:
        for number in {0, planned.n_frames // 3, 2 * planned.n_frames // 3, planned.n_frames - 1}:
            frame = planned.frame(number)
            mine, its = fast.compose(frame), to_planes(slow.draw(frame))
            assert ssim(mine.y, its.y) >= 0.98, number
            # Where two edges share a chroma sample, half-size planes cannot tell them apart.
            assert min(ssim(mine.u, its.u), ssim(mine.v, its.v)) >= 0.96, number
    finally:
        fast.close()
        slow.close()
        supply.close()


def test_every_gallery_frame_is_the_same_wherever_drawing_begins() -> None:
    timeline = timeline_of(
        json.loads(next(p for p in GALLERY if p.stem == "transitions").read_text())
    )

    def digests(numbers: range) -> list[str]:
        with Film(timeline, find=no_file) as film:
            return [digest(planes) for planes in film.pictures(numbers)]

    whole = digests(range(timeline.duration_frames))
    assert whole == digests(range(timeline.duration_frames))
    assert whole[7:] == digests(range(7, timeline.duration_frames))


def digest(planes: Planes) -> str:
    return hashlib.sha256(b"".join(plane.tobytes() for plane in planes[:3])).hexdigest()


def decoded(path: Path) -> Iterator[npt.NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert isinstance(frame, av.VideoFrame)
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def test_each_clip_has_exactly_its_frames(tmp_path: Path) -> None:
    parts = [("#c02020", 0, 0.34), ("#20c020", 0.34, 0.31), ("#2020c0", 0.65, 0.35)]
    clips = [rect(colour, start=start, duration=length) for colour, start, length in parts]
    timeline = timeline_of(document(*clips, fps=30))
    facts = render(timeline, find=no_file, output=tmp_path / "out.mp4", settings=FAST)
    assert facts.n_frames == timeline.duration_frames == 30
    assert facts.duration_seconds == 1
    shown = [int(picture[32, 48].argmax()) for picture in decoded(tmp_path / "out.mp4")]
    assert shown == [0] * 10 + [1] * 10 + [2] * 10


def test_a_range_is_the_same_frames_of_the_whole(tmp_path: Path) -> None:
    clips = [rect("#c02020", start=0, duration=1), rect("#20c020", start=1, duration=1)]
    timeline = timeline_of(document(*clips))
    render(timeline, find=no_file, output=tmp_path / "out.mp4", settings=FAST, frames=range(8, 13))
    shown = [int(picture[32, 48].argmax()) for picture in decoded(tmp_path / "out.mp4")]
    assert shown == [0, 0, 1, 1, 1]


def test_a_smaller_output_shows_the_same_picture(tmp_path: Path) -> None:
    half = rect("#ffffff", start=0, duration=0.3)
    half["transform"] = {"x": -24, "width": 48, "height": 64}
    timeline = timeline_of(document(half))
    facts = render(
        timeline, find=no_file, output=tmp_path / "out.mp4", settings=FAST, size=(48, 32)
    )
    assert (facts.width, facts.height) == (48, 32)
    picture = next(decoded(tmp_path / "out.mp4"))
    assert picture[16, 20].min() > 230
    assert picture[16, 28].max() < 25


def test_an_output_of_another_shape_shows_the_canvas_and_beside_it_its_background(
    tmp_path: Path,
) -> None:
    aside = rect("#ffffff", start=0, duration=0.3)
    aside["transform"] = {"x": 96, "width": 144, "height": 64}
    timeline = timeline_of(document(aside))
    render(timeline, find=no_file, output=tmp_path / "out.mp4", settings=FAST, size=(192, 64))
    luma = next(decoded(tmp_path / "out.mp4"))[32, :, 1]
    # The canvas is from 48 to 144; what lies right of it there is not seen here.
    assert luma[:116].max() < 25
    assert luma[126:142].min() > 230
    assert luma[148:].max() < 25


def test_progress_reaches_the_last_frame(tmp_path: Path) -> None:
    seen: list[RenderProgress] = []
    timeline = timeline_of(document(rect("#c02020", start=0, duration=0.5)))
    render(
        timeline, find=no_file, output=tmp_path / "out.mp4", settings=FAST, on_progress=seen.append
    )
    assert seen[-1] == RenderProgress(n_done=5, n_frames=5)


def test_a_cancelled_render_leaves_nothing(tmp_path: Path) -> None:
    timeline = timeline_of(document(rect("#c02020", start=0, duration=2)))
    with pytest.raises(CancelledError):
        render(
            timeline,
            find=no_file,
            output=tmp_path / "out.mp4",
            settings=FAST,
            is_cancelled=lambda: True,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["image", "video", "audio"])
@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\nnothing more", b"words " * 99])
def test_a_source_that_cannot_be_read_is_named(
    tmp_path: Path, kind: str, content: bytes | None
) -> None:
    source = tmp_path / "source"
    if content is not None:
        source.write_bytes(content)
    clip = {"type": kind, "src": "source", "start": 0, "duration": 1}
    timeline = timeline_of(document(rect("#c02020", start=0, duration=1), clip))
    with pytest.raises(MediaError) as caught:
        render(timeline, find=lambda _: source, output=tmp_path / "out.mp4", settings=FAST)
    assert (caught.value.field or "").startswith("tracks[0].clips[1]")
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("kind", "name", "said"), [("video", "p.png", "type is image"), ("image", "v.mp4", "is video")]
)
def test_a_film_for_a_picture_is_told_its_type(
    tmp_path: Path, kind: str, name: str, said: str
) -> None:
    cv2.imwrite(str(tmp_path / "p.png"), np.zeros((16, 16, 3), np.uint8))
    samples.make_video(tmp_path / "v.mp4", seconds=0.2)
    clip = {"type": kind, "src": name, "start": 0, "duration": 1}
    with pytest.raises(UnsupportedMediaError, match=said) as caught:
        still(timeline_of(document(clip)), find=lambda _: tmp_path / name, frame=0)
    assert caught.value.field == "tracks[0].clips[0].src"


def test_more_films_at_once_than_fit_into_memory_are_refused_by_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples.make_video(tmp_path / "v.mp4", seconds=0.2)
    one = {"type": "video", "src": "v.mp4", "duration": 1, "muted": True}
    in_turn = timeline_of(document(*({**one, "start": n} for n in range(3))))
    at_once = timeline_of(document(*({**one, "start": 0} for n in range(3))))
    films = 6 * 1.5 * 320 * 240 + 3 * 2**20
    monkeypatch.setattr("telecine.media.render.supply._MOST_BYTES", 2.5 * films)
    options: dict[str, Any] = {"find": lambda _: tmp_path / "v.mp4", "settings": FAST}
    render(in_turn, output=tmp_path / "out.mp4", **options)
    with pytest.raises(MediaLimitError) as caught:
        render(at_once, output=tmp_path / "out.mp4", **options)
    assert caught.value.field == "tracks[0].clips[2].src"


def test_a_video_that_breaks_off_is_named(tmp_path: Path) -> None:
    timeline = timeline_of(document(rect("#c02020", start=0, duration=1)))
    whole = tmp_path / "whole.mp4"
    render(timeline, find=no_file, output=whole, settings=FAST)
    data = bytearray(whole.read_bytes())
    middle = data.index(b"mdat") + 8
    data[middle:] = bytes(len(data) - middle)
    whole.write_bytes(data)
    clip = {"type": "video", "src": "whole.mp4", "start": 0, "duration": 1}
    with pytest.raises(UndecodableMediaError) as caught:
        render(
            timeline_of(document(clip)),
            find=lambda _: whole,
            output=tmp_path / "out.mp4",
            settings=FAST,
        )
    assert caught.value.field == "tracks[0].clips[0].src"


def test_a_document_without_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError):
        render(timeline_of(document()), find=no_file, output=tmp_path / "out.mp4", settings=FAST)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".mp3", ".wav"])
def test_sound_alone_of_what_nobody_hears_is_refused(tmp_path: Path, suffix: str) -> None:
    samples.make_video(tmp_path / "v.mp4", seconds=0.2, audio=False)
    film = {"type": "video", "src": "v.mp4", "start": 0, "duration": 0.2}
    for clip in (rect("#c02020", start=0, duration=0.2), film):
        with pytest.raises(InvalidRequestError, match="nothing to hear") as caught:
            render(
                timeline_of(document(clip)),
                find=lambda _: tmp_path / "v.mp4",
                output=tmp_path / f"out{suffix}",
            )
        assert caught.value.field == "tracks"
    assert not (tmp_path / f"out{suffix}").exists()


def test_a_still_is_the_frame_asked_for() -> None:
    clips = [rect("#c02020", start=0, duration=1), rect("#20c020", start=1, duration=1)]
    timeline = timeline_of(document(*clips))
    for number, channel in ((9, 2), (10, 1)):  # OpenCV's order is blue, green, red
        data = np.frombuffer(still(timeline, find=no_file, frame=number), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (64, 96, 3)
        assert int(picture[32, 48].argmax()) == channel
    with pytest.raises(InvalidRequestError):
        still(timeline, find=no_file, frame=20)


def test_a_storyboard_shows_the_middle_of_each_part() -> None:
    colours = ("#c02020", "#20c020", "#2020c0")
    clips = [rect(colour, start=at, duration=1) for at, colour in enumerate(colours)]
    data = storyboard(
        timeline_of(document(*clips)), find=no_file, n_pictures=3, columns=2, width=96
    )
    sheet = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert sheet is not None
    assert sheet.shape == (2 * (64 + 28) + 12, 2 * (96 + 12) + 12, 3)
    places = ((44, 60), (44, 168), (136, 60))
    assert [int(sheet[place].argmax()) for place in places] == [2, 1, 0]
    label = sheet[12 + 64 : 12 + 64 + 28, 12 : 12 + 96]
    assert label.max() > 150  # a time is written there


def test_half_an_hour_takes_no_more_memory_than_three_minutes(tmp_path: Path) -> None:
    program = (
        "import json, sys; from pathlib import Path\n"
        "from telecine.media.render.encoding.codecs import EncodeSettings\n"
        "from telecine.media.render.render import render\n"
        "from telecine.media.timeline.dialects import parse\n"
        "timeline = parse(json.load(sys.stdin)).timeline\n"
        "render(timeline, find=lambda source: Path(source.src), output=Path(sys.argv[1]),\n"
        "       settings=EncodeSettings(preset='ultrafast', crf=40))\n"
        # Not getrusage: that begins with the size of the process that started this one.
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
    )

    def peak_kilobytes(n_chapters: int) -> int:
        """Of chapters of ten seconds, each with a picture, a title, and captions."""
        run = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "made.mp4")],
            input=json.dumps(chapters(n_chapters)), text=True, check=True, capture_output=True,
        )  # fmt: skip
        return int(run.stdout)

    half_an_hour = peak_kilobytes(180)
    assert half_an_hour < peak_kilobytes(18) + 60_000  # 48 MiB of sprites may be kept
    assert half_an_hour < 500_000


def chapters(count: int) -> dict[str, Any]:
    photo = str(samples.astronaut())
    clips: list[dict[str, Any]] = []
    for number in range(count):
        timed = {"start": 10 * number, "duration": 10}
        fade = {"type": "fade", "duration": 2}
        clips += [
            {"type": "image", "src": photo, "style": {"objectFit": "cover"},
             "transform": {"width": 640, "height": 360}, "transition": fade, **timed},
            {"type": "text", "text": f"Chapter {number}", "zIndex": 1, **timed},
            {"type": "subtitle", "zIndex": 2, **timed, "words": [
                {"word": f"{number}.{word}", "start": 5 * word, "end": 5 * word + 5}
                for word in range(2)
            ]},
        ]  # fmt: skip
    meta = {"width": 640, "height": 360, "fps": 1}
    return {"meta": meta, "tracks": [{"clips": clips}]}
