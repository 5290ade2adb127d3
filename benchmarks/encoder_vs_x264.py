"""What do the encoder's threads, chunks and index cost over x264 alone?

Both encode the same pictures in one process, in turns, into memory. x264 alone is PyAV's
stream with frame threads and the same settings, in one piece; its pictures lie ready in frames,
ours are given as planes. The goal is 0.98, of the wall time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import ThreadType
from benchmarks import report

from telecine.media.render.encoding.codecs import EncodeSettings
from telecine.media.render.encoding.encode import Encoder
from telecine.media.render.planes import Plane, Planes

GOAL = 0.98
SETTINGS = EncodeSettings(preset="veryfast", crf=21)
_RATE = Fraction(30)
_SIZE = (1280, 720)
_N_PICTURES = 60


def pictures() -> list[Planes]:
    """Draw a pan over coloured texture: as much work for x264 as ordinary film."""
    width, height = _SIZE
    rng = np.random.default_rng(5)
    coarse = rng.integers(40, 200, (height // 8 + 40, width // 8 + 40)).astype(np.float32)
    wide = np.kron(coarse, np.ones((8, 8), np.float32))
    wide += rng.normal(0, 4, wide.shape)
    texture: Plane = np.clip(wide, 16, 235).astype(np.uint8)
    chroma: Plane = np.clip(texture[::2, ::2] // 2 + 64, 16, 240).astype(np.uint8)
    made = []
    for number in range(_N_PICTURES):
        top, left = 2 * (number % 60), 4 * (number % 60)
        y = texture[top : top + height, left : left + width]
        u = chroma[top // 2 :, left // 2 :][: height // 2, : width // 2]
        made.append(Planes(*(np.ascontiguousarray(plane) for plane in (y, u, u.T[::-1].T))))
    return made


def order(n_frames: int) -> list[int]:
    """Walk to and fro over the pictures."""
    period = 2 * _N_PICTURES - 2
    return [min(number % period, period - number % period) for number in range(n_frames)]


def alone(path: Path, frames: list[av.VideoFrame], numbers: list[int]) -> None:
    """Encode by x264 alone."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE)
        stream.width, stream.height = _SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = 1 / _RATE
        stream.codec_context.thread_type = ThreadType.FRAME
        stream.codec_context.gop_size = 250
        stream.codec_context.options = {"preset": SETTINGS.preset, "crf": str(SETTINGS.crf)}
        for stamp, number in enumerate(numbers):
            frames[number].pts = stamp
            container.mux(stream.encode(frames[number]))
        container.mux(stream.encode())


def ours(path: Path, shown: list[Planes], numbers: list[int]) -> None:
    """Encode by the renderer's encoder."""
    width, height = _SIZE
    with Encoder(path, width=width, height=height, frame_rate=_RATE, settings=SETTINGS) as encoder:
        for number in numbers:
            encoder.submit(shown[number])
        encoder.finish()


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Return wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=300)
    args = parser.parse_args()
    shown = pictures()
    frames = [
        av.VideoFrame.from_ndarray(
            np.concatenate([part.reshape(-1, _SIZE[0]) for part in planes[:3]]), "yuv420p"
        )
        for planes in shown
    ]
    numbers = order(args.frames)
    limits, runs = [], []
    limit_bytes = our_bytes = 0
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "out.mp4"
        for _ in range(args.rounds):
            limits.append(timed(lambda: alone(path, frames, numbers)))
            limit_bytes = path.stat().st_size
            runs.append(timed(lambda: ours(path, shown, numbers)))
            our_bytes = path.stat().st_size
    walls = [limit[0] / run[0] for limit, run in zip(limits, runs, strict=True)]
    cpus = [limit[1] / run[1] for limit, run in zip(limits, runs, strict=True)]
    ratio = statistics.median(walls)
    figures = {
        "ratio": round(ratio, 3),
        "ratios": [round(value, 3) for value in walls],
        "cpu_ratio": round(statistics.median(cpus), 3),
        "seconds": round(statistics.median(run[0] for run in runs), 3),
        "limit_seconds": round(statistics.median(limit[0] for limit in limits), 3),
        "bytes": our_bytes,
        "limit_bytes": limit_bytes,
        "frames": args.frames,
        "goal": GOAL,
    }
    print(figures)
    report.write(
        "encoder_vs_x264",
        question="The renderer's encoder against x264 alone, 720p veryfast crf 21: limit / ours",
        figures=figures,
        is_reached=ratio >= GOAL,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
