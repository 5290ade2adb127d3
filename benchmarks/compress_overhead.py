"""How much slower is a job than the bare ffmpeg command that it runs?

A minute of 720p goes through the API (submit to completed, as a client sees it) and through
the same ffmpeg with the same encoder arguments, in turn. Wanted: at most 1.05 times.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import report

from telecine import settings
from telecine.cli.local_server import local_server
from telecine.media import encode
from telecine.media.encode import Box, Crf, Encode
from telecine.media.ffmpeg import find_ffmpeg
from telecine.media.probe import probe
from telecine.shelves import pool
from telecine_client import Client

GOAL = 1.05
#: A client looks so often: each look costs a few milliseconds of the cores that encode.
_POLL_SECONDS = 0.25
_PROGRAM = str(find_ffmpeg(""))


def make_video(path: Path, *, seconds: int) -> Path:
    """Make 720p with motion, texture and sound."""
    subprocess.run(
        [
            _PROGRAM, "-nostdin", "-v", "error", "-y",
            "-f", "lavfi", "-i", f"testsrc2=s=1280x720:r=30:d={seconds}",
            "-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=48000:duration={seconds}",
            "-vf", "noise=alls=6:allf=t", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18",
            "-pix_fmt", "yuv420p", "-c:a", "aac", str(path),
        ],
        check=True,
    )  # fmt: skip
    return path


def bare_command(video: Path, output: Path) -> list[str]:
    """Return the command that a person would type for the same result."""
    probing = pool(settings.load({}))
    try:
        info = probe(probing, video)
    finally:
        probing.close()
    plan = Encode(
        info=info, codec="h264", rate=Crf(), box=Box(), audio=encode.plan_audio(info), threads=0
    )
    before = [_PROGRAM, "-nostdin", "-v", "error", "-y", "-i", str(video)]
    return [*before, *encode.one_pass(plan, output=str(output))]


def main() -> None:
    """Measure in turn, print one line, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60, help="length of the video")
    options = parser.parse_args()
    jobs: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="telecine-bench-") as name:
        folder = Path(name)
        video = make_video(folder / "in.mp4", seconds=options.seconds)
        command = bare_command(video, folder / "bare.mp4")
        with local_server(folder / "data") as server, Client(server.url, server.key) as client:
            for _ in range(options.rounds):
                started = time.perf_counter()
                subprocess.run(command, check=True)
                bare.append(time.perf_counter() - started)
                started = time.perf_counter()
                job = client.compress(video)
                while not client.status(job.id).is_finished:
                    time.sleep(_POLL_SECONDS)
                jobs.append(time.perf_counter() - started)
                client.wait(job.id)  # raises if it failed
    ratios = [mine / other for mine, other in zip(jobs, bare, strict=True)]
    ratio = statistics.median(ratios)
    is_reached = ratio <= GOAL
    print(
        f"compress: job {statistics.median(jobs):.2f} s, bare ffmpeg {statistics.median(bare):.2f} s,"
        f" ratio {ratio:.3f} (goal {GOAL}): {'reached' if is_reached else 'NOT REACHED'}"
    )
    report.write(
        "compress_overhead",
        question="Job wall time, submit to completed, against the bare ffmpeg command",
        figures={
            "video_seconds": options.seconds,
            "job_seconds": [round(value, 3) for value in jobs],
            "bare_seconds": [round(value, 3) for value in bare],
            "ratios": [round(value, 4) for value in ratios],
            "ratio": round(ratio, 4),
            "goal": GOAL,
            "cores": os.cpu_count(),
        },
        is_reached=is_reached,
    )


if __name__ == "__main__":
    main()
