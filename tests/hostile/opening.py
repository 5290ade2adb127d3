"""Holds files against everything that opens files, and collects what became of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from tests import steps

from telecine.kit.errors import TelecineError
from telecine.media import process
from telecine.media.ffmpeg import FFmpeg, find_ffmpeg
from telecine.media.pool import Pool
from telecine.media.process import Limits
from telecine.media.render.attending import ENVIRONMENT
from telecine.media.render.job import Job, Walls

#: What each task of the pool is told.
TASKS: Mapping[str, Mapping[str, object]] = {
    "describe": {"max_pixels": 10**8},
    "probe": {"max_pixels": 10**8},
    "identify_image": {},
    "convert_image": {"format": "webp", "width": 32, "max_pixels": 10**8},
    "thumbnail": {"kind": "video"},
    "voiceover_picture": {"max_pixels": 10**8},
    "voiceover_sound": {},
}
LIMITS = Limits(memory_bytes=2**31, output_bytes=2**28, wall_seconds=60, stall_seconds=30)


def by_ffmpeg(files: Mapping[str, Path], *, workspace: Path) -> dict[str, str]:
    """Copy what FFmpeg finds in each file to nowhere; returns the error's code, or "opened"."""
    ffmpeg = FFmpeg(executable=find_ffmpeg(""), sandbox="require", limits=LIMITS)
    found = {}
    for name, path in files.items():
        try:
            ffmpeg.run(["-c", "copy", "-f", "null", "-"], input_path=path, workspace=workspace)
        except TelecineError as error:
            found[name] = error.code
        else:
            found[name] = "opened"
    return found


@contextmanager
def a_pool() -> Iterator[Pool]:
    """One child, so that what it takes can be told."""
    with Pool(1, sandbox="require", memory_bytes=2**31, calls_per_child=10**6) as pool:
        yield pool


def by_pool(
    files: Mapping[str, Path], *, pool: Pool, target: Path, tasks: Collection[str] = tuple(TASKS)
) -> dict[str, dict[str, str]]:
    """Give each file to each task; returns the error's code or "opened", by file and task."""
    return {
        name: {task: _called(pool, task, path, target) for task in tasks}
        for name, path in files.items()
    }


def _called(pool: Pool, task: str, path: Path, target: Path) -> str:
    try:
        pool.call(task, TASKS[task], input_path=path, output_path=target, timeout_seconds=60)
    except TelecineError as error:
        return error.code if error.code != "internal" else "".join(error.__notes__)
    return "opened"


def by_renderer(files: Mapping[str, Path], *, workspace: Path) -> dict[str, dict[str, str]]:
    """Have a child with the renderer's walls open each file in each way."""
    output = workspace / "found.json"
    job = Job(
        task="film",
        walls=Walls(mode="require", memory_bytes=2**31, output_bytes=2**28),
        workspace=str(workspace),
        output=str(output),
        document=str(workspace),
        files={name: str(path) for name, path in files.items()},
    )
    with process.start_python(
        "tests.hostile.opener",
        arguments=(msgspec.json.encode(job).decode(),),
        pass_fds=(),
        environment=ENVIRONMENT,
    ) as program:
        steps.until(program.has_ended, timeout_seconds=120)
        assert program.kill() == 0
    found: dict[str, dict[str, str]] = json.loads(output.read_bytes())
    return found
