"""How near is rendering to the speed of the encoder alone?

The limit is the ffmpeg command line encoding the same finished frames, read raw from memory,
with the same x264 settings; it neither draws nor decodes, and has no sound. Both run in turns,
ours in a process that has imported everything and rendered once. CPU seconds of all threads
beside wall seconds. Memory is the peak of that process after its first film, as a job's process
makes one; and after all of its films.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks import compositions, report

from telecine.media.confining import refuse_huge_pages
from telecine.media.ffmpeg import find_ffmpeg
from telecine.media.render.attending import ENVIRONMENT
from telecine.media.render.encoding.codecs import EncodeSettings, is_thrifty
from telecine.media.render.film import Film
from telecine.media.render.render import render
from telecine.media.timeline.model import Source, Timeline
from telecine.media.timeline.rv import parse_rv

GOALS = {"title": 1.0, "slideshow": 0.90, "captioned": 0.82, "dense": 0.70}
GOAL_PEAK_BYTES = 400 * 2**20
SETTINGS = EncodeSettings(preset="veryfast", crf=21)
_TAGS = "colorprim=bt709:transfer=bt709:colormatrix=bt709"
_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. `peak_bytes` is 0 where nobody asked."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int = 0


def timeline_of(name: str, *, scale: float) -> Timeline:
    """Return a benchmark composition."""
    parsed = parse_rv(compositions.documents(scale=scale)[name])
    if parsed.timeline is None:
        raise SystemExit(f"{name}: {parsed.problems}")
    return parsed.timeline


def dump_frames(timeline: Timeline, media: Path, target: Path) -> None:
    """Write all frames as the encoder is given them."""

    def find(source: Source) -> Path:
        return media / source.src

    with Film(timeline, find=find) as film, target.open("wb") as raw:
        for planes in film.pictures(range(timeline.duration_frames)):
            for plane in planes[:3]:
                raw.write(plane.tobytes())


def run_limit(timeline: Timeline, raw: Path, output: Path) -> Run:
    """Encode finished frames."""
    command = [
        str(find_ffmpeg("")), "-nostdin", "-v", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{timeline.width}x{timeline.height}",
        "-r", str(timeline.frame_rate), "-i", str(raw),
        "-c:v", "libx264", "-preset", SETTINGS.preset, "-crf", str(SETTINGS.crf),
        "-x264-params", _TAGS, "-movflags", "+faststart", str(output),
    ]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, check=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall_seconds=wall, cpu_seconds=cpu)


class Worker:
    """A process that renders one composition as often as asked."""

    def __init__(self, name: str, *, scale: float, media: Path, output: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.render_vs_limit", "--serve", name]
        command += ["--scale", str(scale), "--media", str(media), "--output", str(output)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        )

    def run(self) -> Run:
        """Render once."""
        asked, answers = self._pipes
        asked.write("go\n")
        asked.flush()
        return Run(**json.loads(answers.readline()))

    def close(self) -> None:
        """End the process."""
        self._pipes[0].close()
        self._process.wait()

    @property
    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


def serve(name: str, *, scale: float, media: Path, output: Path) -> None:
    """Be such a process."""

    def find(source: Source) -> Path:
        return media / source.src

    timeline = timeline_of(name, scale=scale)
    if is_thrifty(timeline.width, timeline.height):
        refuse_huge_pages()  # as the program does that renders jobs
    for _ in sys.stdin:
        cpu, started = time.process_time(), time.perf_counter()
        # The document is parsed each time: that is part of a job.
        render(timeline_of(name, scale=scale), find=find, output=output, settings=SETTINGS)
        run = {
            "wall_seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        print(json.dumps(run), flush=True)


@contextmanager
def raw_frames(timeline: Timeline, media: Path) -> Iterator[Path]:
    """Lend a file in memory with all frames."""
    folder = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="telecine-bench-", dir=folder) as name:
        raw = Path(name) / "frames.yuv"
        dump_frames(timeline, media, raw)
        yield raw


def measure(name: str, *, scale: float, media: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Compare one composition with its limit."""
    timeline = timeline_of(name, scale=scale)
    ours: list[Run] = []
    limits: list[Run] = []
    with raw_frames(timeline, media) as raw:
        worker = Worker(name, scale=scale, media=media, output=folder / "ours.mp4")
        first = worker.run()
        for _ in range(rounds):
            limits.append(run_limit(timeline, raw, folder / "limit.mp4"))
            ours.append(worker.run())
        worker.close()
    ratios = [
        limit.wall_seconds / mine.wall_seconds for limit, mine in zip(limits, ours, strict=True)
    ]
    frames = timeline.duration_frames
    return {
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "frames_per_second": round(frames / _wall(ours), 1),
        "seconds": round(_wall(ours), 3),
        "limit_seconds": round(_wall(limits), 3),
        "first_render_seconds": round(first.wall_seconds, 3),
        "cpu_seconds": round(_cpu(ours), 2),
        "limit_cpu_seconds": round(_cpu(limits), 2),
        # What is left to compare by on a busy machine.
        "cpu_ratio": round(_cpu(limits) / _cpu(ours), 3),
        "peak_mib": round(first.peak_bytes / 2**20),
        "peak_mib_of_many": round(max(run.peak_bytes for run in ours) / 2**20),
    }


def _wall(runs: list[Run]) -> float:
    return statistics.median(run.wall_seconds for run in runs)


def _cpu(runs: list[Run]) -> float:
    return statistics.median(run.cpu_seconds for run in runs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--names", default=",".join(compositions.NAMES))
    parser.add_argument("--scales", default="1,1.5", help="1 is 720p, 1.5 is 1080p")
    parser.add_argument("--media", type=Path, help="where the media are kept; else made anew")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--scale", type=float, default=1.0, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure in turn, print a line each, keep the figures."""
    options = _arguments()
    if options.serve:
        serve(options.serve, scale=options.scale, media=options.media, output=options.output)
        return
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="telecine-bench-") as name:
        folder = Path(name)
        media = compositions.make_media(options.media or folder / "media")
        for scale in (float(part) for part in options.scales.split(",")):
            for composition in options.names.split(","):
                key = f"{composition} {round(720 * scale)}p"
                found = measure(
                    composition, scale=scale, media=media, folder=folder, rounds=options.rounds
                )
                found["goal"] = GOALS[composition]
                figures[key] = found
                print(
                    f"{key}: ratio {found['ratio']:.2f} (goal {found['goal']:.2f}),"
                    f" {found['frames_per_second']} fps; {found['seconds']} s against"
                    f" {found['limit_seconds']} s; CPU {found['cpu_seconds']} s against"
                    f" {found['limit_cpu_seconds']} s; peak {found['peak_mib']} MiB",
                    flush=True,
                )
    is_reached = all(
        found["ratio"] >= found["goal"] and found["peak_mib"] * 2**20 < GOAL_PEAK_BYTES
        for found in figures.values()
    )
    report.write(
        "render_vs_limit",
        question="Rendering against the encoder alone with the same frames: limit / ours",
        figures={"compositions": figures, "cores": os.cpu_count()},
        is_reached=is_reached,
    )


if __name__ == "__main__":
    main()
