"""How long does somebody wait for a picture, and for the next two seconds of a preview?

Each is asked of a warm process. A still, a first second and a seek know nothing of the
composition: it is parsed and planned, its sources are opened and sought, its sprites drawn. The
next two seconds come from the film that is open then. A still is at the composition's own size,
segments at preview size and with their sound. Medians; the worst composition counts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from benchmarks import compositions, report
from benchmarks.render_vs_limit import timeline_of

from telecine.media.render.playlist import Cut, preview_size
from telecine.media.render.projection import Projection
from telecine.media.render.storyboard import still
from telecine.media.timeline.model import Source

#: A segment that is waited for while playing; seconds.
GOALS: Final = {"still": 0.3, "next": 0.5}
#: In the middle, which no key frame of a source begins.
_SOUGHT: Final = 3


def main() -> None:
    """Measure, print, keep the figures."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="telecine-bench-") as folder:
        media = compositions.make_media(options.media or Path(folder))
        found = {name: _measured(name, media, options.rounds) for name in compositions.NAMES}
    worst = {kind: max(each[kind] for each in found.values()) for kind in GOALS}
    report.write(
        "render_preview",
        question="Seconds to a still, and to segments of a preview at 480p",
        figures={"compositions": found, "worst": worst, "goals": GOALS},
        is_reached=all(worst[kind] < goal for kind, goal in GOALS.items()),
    )


def _measured(name: str, media: Path, rounds: int) -> dict[str, Any]:
    def find(source: Source) -> Path:
        return media / source.src

    def picture() -> Iterator[None]:
        timeline = timeline_of(name, scale=1.0)
        assert still(timeline, find=find, frame=int(5 * timeline.frame_rate))
        yield

    def played(first: int) -> Iterator[None]:
        """Open the film, make a segment; then those that follow it."""
        timeline = timeline_of(name, scale=1.0)
        cut = Cut(n_frames=timeline.duration_frames, frame_rate=timeline.frame_rate)
        size = preview_size(timeline.width, timeline.height)
        with closing(Projection(timeline, find=find, size=size)) as film:
            for number in range(first, cut.n_segments - 1):  # the last one is short
                assert film.segment(cut.frames_of(number)).body
                yield

    pictures = [_steps(picture()) for _ in range(rounds + 1)][1:]  # the first one imports
    begun = [_steps(played(0)) for _ in range(rounds)]
    sought = [_steps(played(_SOUGHT)) for _ in range(rounds)]
    figures = {
        "still": _median(step for steps in pictures for step in steps),
        "first": _median(steps[0] for steps in begun),
        "next": _median(step for steps in begun for step in steps[1:]),
        "seek": _median(steps[0] for steps in sought),
    }
    print(f"{name:<10}", *(f"{kind} {seconds:.3f} s" for kind, seconds in figures.items()))
    return figures


def _steps(work: Iterator[None]) -> list[float]:
    """Return how long each step took."""
    taken = []
    started = time.perf_counter()
    for _ in work:
        taken.append(time.perf_counter() - started)
        started = time.perf_counter()
    return taken


def _median(seconds: Iterable[float]) -> float:
    return round(statistics.median(seconds), 3)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--media", type=Path, help="where the media are kept; else made anew")
    return parser.parse_args()


if __name__ == "__main__":
    main()
