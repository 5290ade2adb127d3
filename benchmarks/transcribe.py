"""How long speech takes: real-time factors and memory by model and quality.

    PYTHONPATH=src:. .venv/bin/python benchmarks/transcribe.py [model:quality …]

The talk is a composite of real voices: announcements that one woman reads (5 min 45 s), and
five sentences of a LibriVox reader, whose text is known and gives the word error rate. All
walls stand, and loading the model counts. `real-time factor` is seconds of work for a second of
sound, by the clock and by the processor (of all cores together).
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests import debian, samples
from tests.media.speech.scoring import word_errors

from telecine import settings, shelves
from telecine.media.speech import weights
from telecine.media.speech.job import QUALITIES, Quality
from telecine.media.speech.transcribe import Speech

_ALL = [f"{model}:{quality}" for model in ("tiny.en", "base") for quality in QUALITIES]


def main(wanted: list[str]) -> None:
    """Measure each pair once and print a line of JSON for it."""
    loaded = settings.load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        talk = _joined(list(debian.announcements()), folder / "talk.wav")
        reading = _joined(
            [debian.librivox(number) for number in debian.LIBRIVOX_TEXTS], folder / "read.wav"
        )
        for pair in wanted or _ALL:
            model, _, quality = pair.partition(":")
            if quality not in QUALITIES:
                raise SystemExit(f"{pair}: write model:quality, such as base:fast")
            speech = Speech(
                ffmpeg=shelves.ffmpeg(loaded),
                weights=weights.fetch(model, root=loaded.models_dir),
            )
            print(json.dumps(_measured(speech, talk, reading, quality, folder)), flush=True)


def _measured(
    speech: Speech, talk: Path, reading: Path, quality: Quality, folder: Path
) -> dict[str, object]:
    clock, processor = _Stopwatch(time.monotonic), _Stopwatch(_children_seconds)
    heard = speech.transcribe(talk, workspace=folder, quality=quality)
    wall_seconds, cpu_seconds = clock(), processor()
    read = speech.transcribe(reading, workspace=folder, quality=quality)
    wrong, of = word_errors(read)
    return {
        "model": speech.weights.name,
        "quality": quality,
        "sound_seconds": round(heard.duration_seconds, 1),
        "words": len(heard.words),
        "wall_seconds": round(wall_seconds, 1),
        "real_time_factor": round(wall_seconds / heard.duration_seconds, 3),
        "cpu_factor": round(cpu_seconds / heard.duration_seconds, 3),
        "word_error_rate": round(wrong / of, 3),
        "peak_mib_so_far": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "load": round(os.getloadavg()[0], 1),
    }


class _Stopwatch:
    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read
        self._start = read()

    def __call__(self) -> float:
        return self._read() - self._start


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _joined(sources: list[Path], target: Path) -> Path:
    """One after the other, a second of silence after each."""
    inputs = [part for source in sources for part in ("-i", source)]
    chain = ";".join(f"[{at}:a]aresample=16000,apad=pad_dur=1[s{at}]" for at in range(len(sources)))
    parts = "".join(f"[s{at}]" for at in range(len(sources)))
    samples.run_ffmpeg(
        *inputs, "-filter_complex", f"{chain};{parts}concat=n={len(sources)}:v=0:a=1", target
    )
    return target


if __name__ == "__main__":
    main(sys.argv[1:])
