"""How long one hour of talk takes to become clips: seconds by stage, at `fast` and at `balanced`.

    .venv/bin/python -m benchmarks.clips [fast] [balanced]

The talk is a COMPOSITE, because no package carries a long one: six and a half minutes of real
voices (announcements, five sentences of a LibriVox reader) over real moving pictures in 1080p (a
man in a car, a man beside his screen, an animated film, over and over). The operation's own code
runs as on the command line, every wall stands, and models are there already.

Its two best clips are made. An hour is reckoned from them: hearing and choosing grow with the length
of the talk, making clips with the length of the clips, of which an hour has ten at the most. `processor_seconds` are of all
cores together; where the machine was busy with other work (`load_1_minute`), half of them is nearer
to what two idle cores would need than the clock is.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from tests import debian, spoken

from telecine import outside, settings, shelves
from telecine.kit.outbound import Cache
from telecine.media.speech.job import QUALITIES, Quality
from telecine.operations.base import Context, Input
from telecine.operations.clipping.params import ClipsParams
from telecine.operations.clips import CLIPS

_HOUR_SECONDS: Final = 3600
_GOAL_MINUTES: Final[Mapping[str, float]] = {"fast": 25, "balanced": 45}
_CLIPS_HERE: Final = 2
_CLIPS_OF_AN_HOUR: Final = 10
#: The stages that grow with the talk; the other one grows with its clips.
_OF_THE_TALK: Final = ("transcript", "choice", "texts")


def main(wanted: list[str]) -> None:
    """Measure each quality once and write the figures."""
    qualities = [each for each in QUALITIES if each in (wanted or _GOAL_MINUTES)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = spoken.people_and_screens(folder / "picture.mp4")
        voices = (*debian.announcements(), *spoken.reading())
        talk = spoken.film(folder / "talk.mp4", voices=voices, picture=picture)
        found: dict[str, Any] = {each: _measured(talk, each) for each in qualities}
    reached = all(
        one["hour"]["minutes_ten_clips"] < _GOAL_MINUTES.get(quality, 60)
        for quality, one in found.items()
    )
    path = report.write(
        "clips",
        question="How long does one hour of talk take to become clips?",
        figures={"goal_minutes": _GOAL_MINUTES, "talk": "composite, 1080p at 30 fps", **found},
        is_reached=reached,
    )
    print(path.read_text("utf-8"))


def _measured(talk: Path, quality: Quality) -> dict[str, Any]:
    loaded = settings.load()
    stages = _Stages()
    with tempfile.TemporaryDirectory() as name, shelves.renderer(loaded) as renderer:
        folder = Path(name)
        pool = shelves.pool(loaded)
        context = Context(
            inputs=(Input(path=talk, filename=talk.name, size_bytes=talk.stat().st_size),),
            workspace=folder,
            ffmpeg=shelves.ffmpeg(loaded),
            pool=pool,
            report=lambda _: None,
            is_cancelled=lambda: False,
            enter=stages.enter,
            renderer=renderer,
            cache=Cache(folder / "cache", outbound=outside.outbound(loaded), max_bytes=2**30),
            senses=outside.senses(loaded),
        )
        with _memory() as memory:
            params = ClipsParams(quality=quality, language="en", max_clips=_CLIPS_HERE)
            facts = CLIPS.run(params, context).facts
        pool.close()
    stages.enter("end")
    film_seconds = facts["source"]["duration_seconds"]
    clip_seconds = sum(clip["duration_seconds"] for clip in facts["clips"])
    return {
        "film_seconds": film_seconds,
        "clips": len(facts["clips"]),
        "clip_seconds": round(clip_seconds, 1),
        "stages": stages.spent,
        "peak_mib": memory.peak_bytes // 2**20,
        "load_1_minute": round(os.getloadavg()[0], 1),
        "hour": _hour(
            stages.spent,
            film_seconds=film_seconds,
            clip_seconds=clip_seconds,
            n_clips=len(facts["clips"]),
        ),
    }


def _hour(
    spent: Mapping[str, Mapping[str, float]],
    *,
    film_seconds: float,
    clip_seconds: float,
    n_clips: int,
) -> dict[str, float]:
    """Return minutes for an hour of talk with ten clips: as long as those here, and the longest."""
    usual = _CLIPS_OF_AN_HOUR * clip_seconds / n_clips
    longest = _CLIPS_OF_AN_HOUR * ClipsParams().max_seconds
    result = {}
    for name, clock in (("minutes", "wall_seconds"), ("processor_minutes", "processor_seconds")):
        talk = sum(spent[stage][clock] for stage in _OF_THE_TALK) * _HOUR_SECONDS / film_seconds
        drawn = spent["clips"][clock] / clip_seconds
        result[f"{name}_ten_clips"] = round((talk + drawn * usual) / 60, 1)
        result[f"{name}_ten_longest_clips"] = round((talk + drawn * longest) / 60, 1)
    return result


@dataclass(slots=True)
class _Stages:
    """What each stage took, by the clock and by the processor."""

    spent: dict[str, dict[str, float]] = field(default_factory=dict)
    _now: tuple[str, float, float] | None = None

    def enter(self, stage: str) -> None:
        clock, processor = time.monotonic(), _processor_seconds()
        if self._now is not None:
            name, began, used = self._now
            self.spent[name] = {
                "wall_seconds": round(clock - began, 1),
                "processor_seconds": round(processor - used, 1),
            }
        self._now = (stage, clock, processor)


def _processor_seconds() -> float:
    """Of this process and of all that it has started and seen end, and of those that live on."""
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    total = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
    ticks = os.sysconf("SC_CLK_TCK")
    for stat in _descendants():
        total += (int(stat[11]) + int(stat[12])) / ticks
    return total


@dataclass(slots=True)
class _Memory:
    peak_bytes: int = 0


@contextmanager
def _memory() -> Iterator[_Memory]:
    """Watch how much all processes have in memory together, four times a second."""
    found, over = _Memory(), threading.Event()

    def watch() -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not over.wait(0.25):
            pages = sum(int(stat[21]) for stat in _descendants())
            found.peak_bytes = max(found.peak_bytes, pages * page)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def _descendants() -> list[list[str]]:
    """Return what /proc says of the processes below this one: fields from the state on."""
    stats: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            continue  # it has ended meanwhile
        stats[int(path.parent.name)] = text.rpartition(")")[2].split()
    known = {os.getpid()}
    found: list[list[str]] = []
    while more := {
        pid for pid, stat in stats.items() if int(stat[1]) in known and pid not in known
    }:
        known |= more
        found += [stats[pid] for pid in more]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
