"""The program that finds faces: pixels in a file, boxes on stdout, behind walls.

Run by `looking.py`, confined before its first instruction. What it says is `Report`s, a line each.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from telecine.kit.errors import InternalError, ResourceLimitError
from telecine.media.pool_wire import Failure
from telecine.media.seeing.faces import FaceFinder
from telecine.media.seeing.job import Job, Report

#: While nobody is found in the whole picture, its parts are looked at so often.
_NEARER_SECONDS: Final = 1.0


def main(arguments: list[str]) -> int:
    """Do the job; a failure is the last report."""
    job = msgspec.json.decode(arguments[0], type=Job)
    try:
        _look(job)
    except MemoryError:
        _say(Report(failure=Failure(code=ResourceLimitError.code, message="")))
    except Exception:  # noqa: BLE001 (the parent raises it again)
        trace = traceback.format_exc()[-8000:]
        _say(Report(failure=Failure(code=InternalError.code, message="", trace=trace)))
    return 0


def _look(job: Job) -> None:
    shape = (len(job.times), job.height, job.width, 3)
    film = np.memmap(Path(job.pictures), dtype=np.uint8, mode="r", shape=shape)
    finder = FaceFinder(Path(job.weights), n_threads=job.n_threads)
    nearer_at = float("-inf")
    for seconds, picture in zip(job.times, film, strict=True):
        faces = finder.find(picture)
        if not faces and seconds >= nearer_at:
            faces = finder.find(picture, nearer=True)
            # Found only from near: look from near again at the next picture.
            nearer_at = seconds if faces else seconds + _NEARER_SECONDS
        boxes = ((each.box, each.score) for each in faces)
        _say(Report(faces=tuple((b.left, b.top, b.width, b.height, score) for b, score in boxes)))


def _say(report: Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
