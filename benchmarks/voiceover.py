"""How long a voiceover takes, how much memory a long one needs, and does its picture tremble?

    .venv/bin/python -m benchmarks.voiceover [--long-seconds 600]

`auto` at 720p, a portrait and a read sentence over and over: seconds of film for a second of work,
by the clock and, where the machine is busy with other work (`load_1_minute`), by its processors: what
two idle cores would need is between half of them and all. Memory is that of the largest process:
they work one after the other. The lengths of 20 odd sounds are compared with those of what is heard.
The operation's own code runs as on the command line, and every wall stands.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import av
from benchmarks import report
from tests import debian, samples

from telecine import outside, settings, shelves
from telecine.operations.base import Context, Input
from telecine.operations.voiceover import VOICEOVER, VoiceoverParams

_SIZE: Final = (1280, 720)
_SPEED_SECONDS: Final = 60.0
_GOAL_SPEED: Final = 3.0
_GOAL_MIB: Final = 600
_FRAME_SECONDS: Final = 1 / 30
_ODD_LENGTHS: Final = tuple(0.137 + 0.211 * number for number in range(20))


def main() -> None:
    """Measure, print, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long-seconds", type=float, default=600.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="telecine-bench-") as name:
        folder = Path(name)
        # Short ones first: the peak is that of all until then.
        off = [_off(folder, seconds) for seconds in _ODD_LENGTHS]
        print(f"sound and pictures differ by {max(off):.4f} s at the most", flush=True)
        usual = _measured(folder, _SPEED_SECONDS)
        long = _measured(folder, options.long_seconds)
    report.write(
        "voiceover",
        question="Seconds of film for a second of work, `auto` at 720p; peak memory; lengths",
        figures={
            "usual": usual,
            "long": long,
            "most_seconds_off": round(max(off), 4),
            "goals": {"speed": _GOAL_SPEED, "mib": _GOAL_MIB, "seconds_off": _FRAME_SECONDS},
            "load_1_minute": round(os.getloadavg()[0], 1),
        },
        is_reached=usual["speed"] >= _GOAL_SPEED
        and long["largest_process_mib"] < _GOAL_MIB
        and max(off) <= _FRAME_SECONDS,
    )


def _measured(folder: Path, seconds: float) -> dict[str, Any]:
    sound = _voice(folder / "voice.mp3", seconds)
    clock, used = time.monotonic(), _processor_seconds()
    _film(folder, sound, seconds=seconds, size=_SIZE)
    wall, processor = time.monotonic() - clock, _processor_seconds() - used
    found = {
        "film_seconds": seconds,
        "speed": round(seconds / wall, 2),
        "wall_seconds": round(wall, 1),
        "processor_seconds": round(processor, 1),
        "speed_of_two_idle_cores": [
            round(seconds / processor, 2),
            round(2 * seconds / processor, 2),
        ],
        "largest_process_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
    }
    print(found, flush=True)
    return found


def _off(folder: Path, seconds: float) -> float:
    """Return by how much the film's two streams differ from each other, and from the sound."""
    film = _film(folder, _voice(folder / "voice.mp3", seconds), seconds=seconds, size=(192, 128))
    with av.open(str(film)) as container:
        lengths = [
            float((stream.duration or 0) * (stream.time_base or 0))
            for stream in (container.streams.video[0], container.streams.audio[0])
        ]
    return max(abs(lengths[0] - lengths[1]), *(abs(length - seconds) for length in lengths))


def _film(folder: Path, sound: Path, *, seconds: float, size: tuple[int, int]) -> Path:
    loaded = settings.load()
    paths = samples.astronaut(), sound
    with (
        tempfile.TemporaryDirectory(dir=folder) as workspace,
        shelves.pool(loaded) as pool,
        shelves.renderer(loaded) as renderer,
    ):
        context = Context(
            inputs=tuple(
                Input(path=path, filename=path.name, size_bytes=path.stat().st_size)
                for path in paths
            ),
            workspace=Path(workspace),
            ffmpeg=shelves.ffmpeg(loaded),
            pool=pool,
            report=lambda _: None,
            is_cancelled=lambda: False,
            renderer=renderer,
            senses=outside.senses(loaded),
        )
        params = VoiceoverParams(seconds=seconds + 0.1, width=size[0], height=size[1])
        made = VOICEOVER.run(params, context).outputs[0].path
        return made.replace(folder / "film.mp4")


def _voice(path: Path, seconds: float) -> Path:
    reading = debian.librivox("0870")
    samples.run_ffmpeg("-stream_loop", "-1", "-i", reading, "-t", f"{seconds:.3f}", path)
    return path


def _processor_seconds() -> float:
    """Of this process, and of all that it has started and seen end."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


if __name__ == "__main__":
    main()
