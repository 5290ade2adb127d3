"""The program that finds faces: pixels in a file, boxes on stdout, behind walls.

Run by `looking.py`, confined before its first instruction. What it says is `Report`s, a line each.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np

from telecine.media.errand_child import carry_out, say
from telecine.media.seeing.faces import FaceFinder
from telecine.media.seeing.job import Job, Report

#: While nobody is found in the whole picture, its parts are looked at so often.
_NEARER_SECONDS: Final = 1.0


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
        say(Report(faces=tuple((b.left, b.top, b.width, b.height, score) for b, score in boxes)))


if __name__ == "__main__":
    sys.exit(carry_out(_look, form=Job))
