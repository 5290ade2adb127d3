"""What was made is opened again before anybody is told that it is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import samples

from telecine.kit.errors import ProcessingError
from telecine.media.pool import Pool
from telecine.media.pool_child import TASKS
from telecine.media.render.job import Facts
from telecine.operations import render
from telecine.operations.convert import ConvertParams, convert
from telecine.operations.render import RenderParams

FACTS = Facts(width=64, height=48, n_frames=5, n_samples=0, size_bytes=0, duration="1")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1, sandbox="auto", memory_bytes=2**31) as made:
        yield made


def made(folder: Path, kind: str) -> Path:
    path = folder / f"film.{kind}"
    if kind == "mp3":
        return samples.make_audio(path, seconds=1)
    source = f"testsrc2=size=64x48:rate=5:duration={1 if kind == 'gif' else 0.2}"
    samples.run_ffmpeg("-f", "lavfi", "-i", source, *(["-frames:v", "1"] * (kind == "png")), path)
    return path


def look(pool: Pool, path: Path, kind: str) -> None:
    params = RenderParams(
        width=64,
        height=48,
        frame_rate="5",
        duration_frames=5,
        filename="film",
        files={},
        format=kind,  # type: ignore[arg-type]
    )
    render._require_other_read_back(path, FACTS, params=params, pool=pool)


@pytest.mark.parametrize("kind", ["gif", "png", "mp3"])
def test_a_picture_or_a_sound_that_is_right_passes(pool: Pool, tmp_path: Path, kind: str) -> None:
    look(pool, made(tmp_path, kind), kind)


@pytest.mark.parametrize("kind", ["gif", "png", "mp3"])
def test_one_that_breaks_off_or_is_another_does_not(pool: Pool, tmp_path: Path, kind: str) -> None:
    path = made(tmp_path, kind)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ProcessingError, match="cannot be read back"):
        look(pool, path, kind)
    other = made(tmp_path / "", {"gif": "png", "png": "mp3", "mp3": "gif"}[kind])
    with pytest.raises(ProcessingError, match="not what was asked for"):
        look(pool, other, kind)


def test_an_image_that_was_not_written_is_not_delivered(tmp_path: Path) -> None:
    tasks = {**TASKS, "convert_image": "tests.media.pool_tasks:pretend"}
    target = tmp_path / "out.webp"
    with (
        Pool(1, sandbox="auto", memory_bytes=2**31, tasks=tasks) as pool,
        pytest.raises(ProcessingError, match="cannot be read back"),
    ):
        convert(
            pool, ConvertParams(format="webp"), input_path=samples.astronaut(), output_path=target
        )
