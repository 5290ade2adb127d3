"""However a film is cut into parts, the same pictures come out, with the same sound."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.media.render import films

from telecine.kit.errors import InternalError
from telecine.media.render.encoding.chunks import spans
from telecine.media.render.encoding.codecs import EncodeSettings, chunk_frames
from telecine.media.render.encoding.encode import Encoder
from telecine.media.render.encoding.join import join
from telecine.media.render.encoding.outputs import SoundEncoder
from telecine.media.render.encoding.scales import RenderCodec

#: So slow that a chunk is short.
_RATE = Fraction(2)
_N_FRAMES = 100


def _part(path: Path, frames: range, *, settings: EncodeSettings, rate: Fraction = _RATE) -> Path:
    width, height = films.SIZE
    with Encoder(path, width=width, height=height, frame_rate=rate, settings=settings) as encoder:
        films.feed(encoder, (films.moving(number) for number in frames))
        encoder.finish()
    return path


def _film(folder: Path, *, parts: int, settings: EncodeSettings) -> Path:
    suffix = ".webm" if settings.codec == "vp9" else ".mp4"
    folder.mkdir()
    runs = spans(_N_FRAMES, frame_rate=_RATE, parts=parts)
    assert len(runs) == parts
    paths = [
        _part(folder / f"part{index}{suffix}", frames, settings=settings)
        for index, frames in enumerate(runs)
    ]
    output = folder / f"whole{suffix}"
    facts = join(paths, output, frame_rate=_RATE)
    assert facts.n_frames == _N_FRAMES
    assert facts.duration_seconds == _N_FRAMES / _RATE
    return output


@pytest.mark.parametrize("codec", ["h264", "h265", "vp9"])
def test_parts_and_threads_make_no_difference_to_a_pixel(
    tmp_path: Path, codec: RenderCodec
) -> None:
    settings = EncodeSettings(codec=codec, preset="veryfast", threads=2)
    whole = _part(
        tmp_path / ("whole.webm" if codec == "vp9" else "whole.mp4"),
        range(_N_FRAMES),
        settings=settings,
    )
    expected = films.digests(whole)
    assert len(expected) == _N_FRAMES
    for parts, threads in ((2, 3), (5, 6)):
        other = EncodeSettings(codec=codec, preset="veryfast", threads=threads)
        film = _film(tmp_path / f"{parts}", parts=parts, settings=other)
        assert films.digests(film) == expected
        assert films.times(film) == films.times(whole)


@pytest.mark.parametrize("preset", ["medium", "slow"])
def test_encoders_with_other_threads_make_the_same_packets(preset: str) -> None:
    # 20 blocks a row: code that takes eight at a time has something left over.
    first = films.packets(preset=preset, threads=2, size=(320, 192))
    assert len(first) == 23
    for threads in (2, 3, 5, 3, 2):
        assert films.packets(preset=preset, threads=threads, size=(320, 192)) == first


@pytest.mark.parametrize("width", [320, 384], ids=["not by 128", "by 128"])
def test_what_was_in_the_memory_before_makes_no_difference(width: int) -> None:
    program = (
        "from tests.media.render import films\n"
        f"made = films.packets(preset='veryfast', threads=3, size=({width}, 192))\n"
        "print(films.digest(b''.join(made)))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "MALLOC_PERTURB_": filling},
            check=True,
            capture_output=True,
        ).stdout
        for filling in ("85", "170", "255")
    }
    assert len(found) == 1


def test_another_process_encodes_the_same_pixels(tmp_path: Path) -> None:
    settings = EncodeSettings(preset="veryfast")
    here = _part(tmp_path / "here.mp4", range(30), settings=settings)
    there = tmp_path / "there.mp4"
    program = (
        "import sys; from fractions import Fraction; from pathlib import Path\n"
        "from telecine.media.render.encoding.encode import Encoder, EncodeSettings\n"
        "from tests.media.render import films\n"
        "with Encoder(Path(sys.argv[1]), width=160, height=120, frame_rate=Fraction(2),\n"
        "             settings=EncodeSettings(preset='veryfast', threads=5)) as encoder:\n"
        "    films.feed(encoder, (films.moving(number) for number in range(30)))\n"
        "    encoder.finish()\n"
    )
    subprocess.run([sys.executable, "-c", program, str(there)], check=True)
    assert films.digests(there) == films.digests(here)


def test_every_part_begins_with_a_key_frame_and_times_run_on(tmp_path: Path) -> None:
    film = _film(tmp_path / "film", parts=5, settings=EncodeSettings(preset="ultrafast"))
    assert films.times(film) == [number / _RATE for number in range(_N_FRAMES)]
    with av.open(str(film)) as container:
        keys = {number for number, frame in enumerate(container.decode(video=0)) if frame.key_frame}
    assert keys >= {frames.start for frames in spans(_N_FRAMES, frame_rate=_RATE, parts=5)}
    names = films.boxes(film.read_bytes())
    assert names.index("moov") < names.index("mdat")


def test_a_seek_into_any_part_finds_its_picture(tmp_path: Path) -> None:
    film = _film(tmp_path / "film", parts=3, settings=EncodeSettings(preset="ultrafast"))
    expected = films.digests(film)
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        for number in (73, 5, 48, 99, 24):
            wanted = number / _RATE
            container.seek(round(wanted / stream.time_base), stream=stream)
            found = next(
                frame
                for frame in container.decode(stream)
                if frame.pts is not None and frame.pts * stream.time_base >= wanted
            )
            pixels = found.to_ndarray(format="yuv420p").tobytes()
            assert films.digest(pixels) == expected[number]


def test_the_sound_is_laid_beside_the_parts_where_it_was(tmp_path: Path) -> None:
    rate, n_frames = Fraction(30), 60
    n_samples = 96_000
    settings = EncodeSettings(preset="ultrafast")
    parts = [_part(tmp_path / "0.mp4", range(n_frames), settings=settings, rate=rate)]
    samples = np.zeros((n_samples, 2), np.float32)
    samples[48_000:48_096] = 0.9
    sound = tmp_path / "sound.m4a"
    encoder = SoundEncoder(sound)
    encoder.audio(samples)
    assert encoder.finish().n_samples == n_samples
    facts = join(parts, tmp_path / "out.mp4", frame_rate=rate, sound=sound)
    assert (facts.n_frames, facts.n_samples) == (n_frames, n_samples)
    start, found = films.heard(tmp_path / "out.mp4")
    click = start + int(np.argmax(np.abs(found) > 0.4)) / 48_000
    assert click == pytest.approx(1.0, abs=0.002)
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.audio[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base == 2


def test_parts_that_were_encoded_otherwise_are_refused(tmp_path: Path) -> None:
    one = _part(tmp_path / "1.mp4", range(24), settings=EncodeSettings(preset="ultrafast"))
    other = _part(tmp_path / "2.mp4", range(24), settings=EncodeSettings(preset="medium"))
    with pytest.raises(InternalError):
        join([one, other], tmp_path / "out.mp4", frame_rate=_RATE)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("n_frames", "rate"),
    [(1, Fraction(30)), (119, Fraction(25)), (7201, Fraction(24000, 1001)), (300, Fraction(1))],
)
def test_spans_hold_every_frame_once_and_begin_on_the_grid(n_frames: int, rate: Fraction) -> None:
    size = chunk_frames(rate)
    for parts in range(1, 9):
        runs = spans(n_frames, frame_rate=rate, parts=parts)
        assert len(runs) <= parts
        assert [number for run in runs for number in run] == list(range(n_frames))
        assert all(run.start % size == 0 and len(run) > 0 for run in runs)


def test_memory_does_not_grow_with_the_number_of_chunks(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from fractions import Fraction; from pathlib import Path\n"
        "import numpy as np\n"
        "from telecine.media.render.encoding.encode import Encoder, EncodeSettings\n"
        "from tests.media.render import films\n"
        "shown = films.grey(np.full((720, 1280), 90, np.uint8))\n"
        "encoder = Encoder(Path(sys.argv[1]), width=1280, height=720, frame_rate=Fraction(2),\n"
        "                  settings=EncodeSettings(preset='ultrafast', threads=2))\n"
        "encoder.submit(shown, n_frames=int(sys.argv[2]))\n"
        "encoder.finish()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    few, many = (
        int(
            subprocess.run(
                [sys.executable, "-c", program, str(tmp_path / "out.mp4"), str(24 * n_chunks)],
                check=True,
                capture_output=True,
            ).stdout
        )
        for n_chunks in (1, 8)
    )
    assert many < few * 1.15
