"""From document to file: the right picture on every frame, sound on time, true colours, no jitter."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from tests import samples
from tests.media.render import films
from tests.media.render.numbered import even_stamps, make_numbered, numbers_in
from tests.media.render.sounds import write_wav

from telecine.media.render.encoding.codecs import EncodeSettings
from telecine.media.render.film import Film
from telecine.media.render.planes import Plane
from telecine.media.render.render import render
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.model import Source, Timeline

_SPEEDS = (0.5, 1, 2)
_SOURCE_RATES = ("24", "25", "30000/1001", "30", "60")
_NTSC = Fraction(30_000, 1001)
_FAST = EncodeSettings(preset="ultrafast", crf=20)


def _timeline(
    *clips: dict[str, Any], width: int = 160, height: int = 120, fps: float = 30
) -> Timeline:
    meta = {"version": "2.0.0", "width": width, "height": height, "fps": fps}
    parsed = parse({"meta": meta, "tracks": [{"clips": list(clips)}]})
    assert parsed.timeline is not None, parsed.problems
    return parsed.timeline


def _film(timeline: Timeline, folder: Path, **options: Any) -> Path:
    made = folder / "made.mp4"
    render(timeline, find=lambda source: folder / source.src, output=made, **options)
    return made


def test_every_frame_of_a_film_shows_the_picture_of_its_instant(tmp_path: Path) -> None:
    starts: dict[str, list[Fraction]] = {}
    for rate in _SOURCE_RATES:
        fps = Fraction(rate)
        clock = 1 / (fps * 100)
        stamps = even_stamps(int(2 * fps), frame_rate=fps, time_base=clock)
        name = f"{fps.numerator}.mp4"
        make_numbered(tmp_path / name, stamps=stamps, time_base=clock)
        starts[name] = [stamp * clock for stamp in stamps]
    rng = random.Random(7)
    ticks = [0]
    while ticks[-1] < 2 * 90_000:
        ticks.append(ticks[-1] + rng.choice([750, 1500, 3003, 9000, 30_000]))
    make_numbered(tmp_path / "uneven.mp4", stamps=ticks, time_base=Fraction(1, 90_000))
    starts["uneven.mp4"] = [Fraction(tick, 90_000) for tick in ticks]
    clips: list[dict[str, Any]] = []
    expected = []
    for name, begins in starts.items():
        for speed in _SPEEDS:
            start = len(clips) * 0.7
            trim = {"start": 0.1}
            clips.append(
                {
                    "type": "video", "src": name, "start": start, "duration": 0.7,
                    "source": trim, "playbackRate": speed, "muted": True,
                }
            )  # fmt: skip
            for n in range(21):
                at = Fraction(1, 10) + Fraction(n, 30) * Fraction(speed)
                expected.append(sum(begin <= at for begin in begins) - 1)
    found = list(numbers_in(_film(_timeline(*clips), tmp_path, settings=_FAST)))
    assert found == expected


def test_clicks_come_with_their_flashes_after_ten_minutes(tmp_path: Path) -> None:
    # A flash of two frames and a click at its start, every 2000 frames: 66.7 seconds.
    rate, every, n_frames = 44_100, 2000, 18_060
    sound = np.zeros(int(n_frames / _NTSC * rate))
    for flash in range(every, n_frames, every):
        first = round(flash / _NTSC * rate)
        sound[first : first + 44] = 0.9
    write_wav(tmp_path / "clicks.wav", sound, rate=rate)
    samples.run_ffmpeg(
        "-f", "lavfi", "-i", f"color=black:size=64x48:rate=30000/1001:duration={float(n_frames / _NTSC)}",
        "-i", tmp_path / "clicks.wav",
        "-vf", rf"drawbox=color=white:t=fill:enable='lt(mod(n\,{every})\,2)'",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "600", "-pix_fmt", "yuv420p",
        "-c:a", "aac", tmp_path / "clicks.mp4",
    )  # fmt: skip
    clip = {"type": "video", "src": "clicks.mp4", "start": 0, "duration": 602}
    timeline = _timeline(clip, width=64, height=48, fps=29.97)
    last = 9 * every
    apart = []
    for flash, frames in (
        (every, range(every - 20, every + 20)),
        (last, range(last - 20, last + 20)),
    ):
        made = _film(timeline, tmp_path, frames=frames, settings=_FAST)
        with av.open(str(made)) as container:
            seen = next(
                frame.time
                for frame in container.decode(video=0)
                if frame.to_ndarray(format="gray8").mean() > 128
            )
        start, heard = films.heard(made)
        assert seen == pytest.approx(float((flash - frames.start) / _NTSC), abs=0.001)
        apart.append(start + int(np.argmax(np.abs(heard) > 0.3)) / 48_000 - seen)
    assert float(last / _NTSC) > 600
    assert max(map(abs, apart)) < 0.01, apart


def test_a_chart_of_colours_passes_within_two_code_values(tmp_path: Path) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (96, 96, 96), (191, 128, 64)]
    chart = np.concatenate([np.full((96, 32, 3), colour, np.uint8) for colour in colours], axis=1)
    cv2.imwrite(str(tmp_path / "chart.png"), chart[..., ::-1])
    # The same in a film, made without Telecine: BT.709 by its definition.
    samples.run_ffmpeg(
        "-i", tmp_path / "chart.png", "-vf",
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=color_primaries=bt709:"
        "color_trc=bt709:colorspace=bt709:range=tv",
        "-c:v", "libx264", "-qp", "0", tmp_path / "chart.mp4",
    )  # fmt: skip
    image = {"type": "image", "src": "chart.png", "start": 0, "duration": 0.2}
    video = {"type": "video", "src": "chart.mp4", "start": 0.2, "duration": 0.2}
    timeline = _timeline(image, video, width=192, height=96)
    made = _film(timeline, tmp_path, settings=EncodeSettings(preset="ultrafast", crf=0))
    with av.open(str(made)) as container:
        shown = [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]
    assert len(shown) == 12
    for planes in shown:
        luma, chroma = planes[:96], planes[96:].reshape(2, 48, 96)
        for place, (red, green, blue) in enumerate(colours):
            y = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
            u, v = (blue / 255 - y) / 1.8556, (red / 255 - y) / 1.5748
            wanted = (16 + 219 * y, 128 + 224 * u, 128 + 224 * v)
            x = 32 * place + 16
            found = (luma[48, x], chroma[0, 24, x // 2], chroma[1, 24, x // 2])
            assert np.abs(np.subtract(found, wanted)).max() <= 2, (place, found, wanted)


@pytest.mark.parametrize("kind", ["image", "text", "rect"])
def test_a_slow_zoom_moves_by_fractions_of_a_pixel(tmp_path: Path, kind: str) -> None:
    cv2.imwrite(str(tmp_path / "white.png"), np.full((80, 100, 3), 255, np.uint8))
    zoom = {"property": "scale", "frames": [{"time": 0, "value": 1}, {"time": 2, "value": 1.06}]}
    clip = {
        "type": kind, "src": "white.png", "text": "H", "start": 0, "duration": 2,
        "transform": {"width": 100, "height": 80},
        "style": {"fontSize": 100, "fontWeight": 800, "fill": "#ffffff"},
        "keyframes": [zoom],
    }  # fmt: skip

    def find(source: Source) -> Path:
        return tmp_path / source.src

    with Film(_timeline(clip), find=find) as film:
        places = [_centroid(planes.y) for planes in film.pictures(range(60))]
    steps = np.diff(places)
    even = (places[-1] - places[0]) / 59
    assert even > 0.01
    assert np.abs(steps - even).max() < 0.02, steps


def _centroid(luma: Plane) -> float:
    """Return where the light of a row is, in px right of the middle, left of which nothing counts."""
    light = luma[40, 80:].astype(float) - 16
    return float((light * np.arange(0.5, len(light))).sum() / light.sum())
