"""Does any file, damaged by chance, bring about a fault of ours, a crash or a leak of memory?

Not a measurement but a search: numbered files go through every task of the pool, through all that
a render opens, and every tenth through FFmpeg, for as long as it is told. Each number is the same
file wherever it is made. Wanted: nothing found. The few of the suite are in `tests/hostile`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import report
from tests.hostile import mutating, opening
from tests.hostile.test_bombs import most_resident_bytes
from tests.media.test_process import children_of

VERDICTS = {
    *("opened", "unsupported_media", "undecodable_media", "media_limit"),
    *("processing_limit", "processing_timeout", "processing_failed"),
}
#: Files that one child of the renderer's walls opens.
_A_BATCH = 100


def strange(found: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Whatever is no verdict, by file and task."""
    return {
        f"{name} {task}": verdict
        for name, by_task in found.items()
        for task, verdict in by_task.items()
        if verdict not in VERDICTS
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Search; returns 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--first", type=int, default=0, help="Number of the first file.")
    options = parser.parse_args(arguments)
    until = time.monotonic() + 60 * options.minutes
    verdicts: Counter[str] = Counter()
    faults: dict[str, str] = {}
    number, most_bytes = options.first, 0
    with tempfile.TemporaryDirectory() as folder:
        seeds = mutating.seeds(Path(folder) / "seeds")
        before = set(children_of(os.getpid()))
        with opening.a_pool() as pool:
            while time.monotonic() < until:
                place = Path(folder) / "files"
                files = mutating.write(seeds, place, numbers=range(number, number + _A_BATCH))
                found = opening.by_pool(files, pool=pool, target=Path(folder) / "target")
                drawn = opening.by_renderer(files, workspace=Path(folder))
                few = dict(list(files.items())[::10])
                coded = opening.by_ffmpeg(few, workspace=Path(folder))
                for by_task in (*found.values(), *drawn.values(), coded):
                    told = (code if code in VERDICTS else "fault" for code in by_task.values())
                    verdicts.update(told)
                encoded = {name: {"ffmpeg": code} for name, code in coded.items()}
                for fault in (strange(found), strange(drawn), strange(encoded)):
                    faults |= fault
                    for name, verdict in fault.items():
                        sys.stdout.write(f"{name}: {verdict[-2000:]}\n")
                children = set(children_of(os.getpid())) - before
                most_bytes = max(most_bytes, *(most_resident_bytes(pid) for pid in children), 0)
                for path in files.values():
                    path.unlink()
                number += _A_BATCH
    report.write(
        "mutations",
        question="Does any file, damaged by chance, bring about a fault of ours?",
        is_reached=not faults,
        figures={
            "files": number - options.first,
            "minutes": options.minutes,
            "verdicts": dict(verdicts),
            "faults": len(faults),
            "pool_child_most_mb": round(most_bytes / 1e6),
        },
    )
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
