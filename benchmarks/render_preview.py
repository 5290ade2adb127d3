"""How long does somebody wait for a picture, and for the next two seconds of a preview?

Each is asked of a warm process, but of nothing that knows the composition: it is parsed and
planned, its sources are opened and sought, its sprites drawn. A still is at the composition's
own size, a segment 480 px high and with its sound. Medians; the worst composition counts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from benchmarks import compositions, report
from benchmarks.render_vs_limit import timeline_of

from telecine.media.render.encoding.codecs import EncodeSettings
from telecine.media.render.encoding.outfile import Block
from telecine.media.render.encoding.segment import segment, sound_span
from telecine.media.render.film import Film
from telecine.media.render.sound.mix import is_silent, mix
from telecine.media.render.storyboard import still
from telecine.media.timeline.model import Source, Timeline

GOALS: Final = {"still": 0.3, "segment": 0.5}
_SETTINGS: Final = EncodeSettings(preset="veryfast", crf=23)
_HEIGHT: Final = 480
#: Two seconds in the middle, which no key frame of a source begins.
_FIRST_SECOND: Final = 5
_SECONDS: Final = 2


def main() -> None:
    """Measure, print, keep the figures."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="telecine-bench-") as folder:
        media = compositions.make_media(options.media or Path(folder))
        found = {name: _measured(name, media, options.rounds) for name in compositions.NAMES}
    worst = {kind: max(each[kind] for each in found.values()) for kind in GOALS}
    report.write(
        "render_preview",
        question="Seconds to a still, and to a 2 s segment at 480p, sources cold",
        figures={"compositions": found, "worst": worst, "goals": GOALS},
        is_reached=all(worst[kind] < goal for kind, goal in GOALS.items()),
    )


def _measured(name: str, media: Path, rounds: int) -> dict[str, Any]:
    def find(source: Source) -> Path:
        return media / source.src

    def picture() -> int:
        timeline = timeline_of(name, scale=1.0)
        number = int(_FIRST_SECOND * timeline.frame_rate)
        return len(still(timeline, find=find, frame=number))

    def part() -> int:
        timeline = timeline_of(name, scale=1.0)
        rate = timeline.frame_rate
        frames = range(int(_FIRST_SECOND * rate), int((_FIRST_SECOND + _SECONDS) * rate))
        width = round(timeline.width * _HEIGHT / timeline.height / 2) * 2
        with Film(timeline, find=find, size=(width, _HEIGHT)) as film:
            made = segment(
                film.pictures(frames),
                frames=frames,
                size=(width, _HEIGHT),
                frame_rate=rate,
                settings=_SETTINGS,
                sound=_sound(timeline, find, frames),
            )
        return len(made.body)

    figures = {"still": _median(picture, rounds), "segment": _median(part, rounds)}
    print(f"{name:<10}", *(f"{kind} {seconds:.3f} s" for kind, seconds in figures.items()))
    return figures


def _sound(timeline: Timeline, find: Callable[[Source], Path], frames: range) -> Block | None:
    if is_silent(timeline, find=find):
        return None
    wanted = sound_span(frames, frame_rate=timeline.frame_rate)
    wider = range(frames.start - 6, min(frames.stop + 6, timeline.duration_frames))
    begin = round(wider.start * 48_000 / timeline.frame_rate)
    samples = np.concatenate(list(mix(timeline, find=find, frames=wider)))
    return samples[wanted.start - begin : wanted.stop - begin]


def _median(work: Callable[[], int], rounds: int) -> float:
    taken = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        assert work() > 0
        taken.append(time.perf_counter() - started)
    return round(statistics.median(taken[1:]), 3)  # the first one imports


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--media", type=Path, help="where the media are kept; else made anew")
    return parser.parse_args()


if __name__ == "__main__":
    main()
