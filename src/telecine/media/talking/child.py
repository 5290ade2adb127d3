"""The program that makes a portrait talk: a picture and samples in files, a film to a file.

Run by `talking.py`, confined before its first instruction. What it says is `Report`s, a line each.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import msgspec

from telecine.media.errand_child import carry_out, say
from telecine.media.render.encoding.codecs import EncodeSettings
from telecine.media.render.encoding.encode import LEAST_RING, Encoder
from telecine.media.render.planes import Planes
from telecine.media.seeing.faces import FaceFinder, Picture
from telecine.media.speech.transcript import Word
from telecine.media.talking import portrait, voice
from telecine.media.talking.acting import act
from telecine.media.talking.job import SYNTHETIC, Job, Report
from telecine.media.talking.mesh import Face, FaceMesh
from telecine.media.talking.puppet import Puppet

#: The film is a source of another one: what is lost here is lost there.
_CRF: Final = 14
_TICK_SECONDS: Final = 0.5


def _make(job: Job) -> None:
    picture, scale = portrait.read(Path(job.picture), most_pixels=job.most_pixels)
    if job.task == "picture":
        cv2.imwrite(job.output, picture[:, :, ::-1])
        return
    folder = Path(job.weights)
    face = portrait.face_of(
        picture,
        finder=FaceFinder(folder / "blazeface.tflite"),
        network=FaceMesh(folder / "mesh.tflite"),
        scale=scale,
    )
    if job.task == "film":
        _film(job, picture, face)


def _film(job: Job, picture: Picture, face: Face) -> None:
    frame_rate = Fraction(job.frame_rate)
    heard = voice.listen(Path(job.sound), frame_rate=frame_rate, n_frames=job.n_frames)
    words = msgspec.json.decode(Path(job.words).read_bytes(), type=tuple[Word, ...])
    poses = act(heard, words=words, frame_rate=frame_rate)
    puppet = Puppet(picture, face)
    height, width = picture.shape[:2]
    settings = EncodeSettings(crf=_CRF, threads=job.n_threads, comment=SYNTHETIC)
    ring = _ring(puppet.still)
    said = time.monotonic()
    with Encoder(
        Path(job.output), width=width, height=height, frame_rate=frame_rate, settings=settings
    ) as film:
        for number in range(job.n_frames):
            planes = next(ring)
            puppet.draw(poses, number, planes)
            film.submit(planes)
            if time.monotonic() - said > _TICK_SECONDS:
                said = time.monotonic()
                say(Report(done=number / job.n_frames))
        film.finish()


def _ring(still: Planes) -> Iterator[Planes]:
    """Return pictures to draw into, as many as the encoder needs, one after the other."""
    return itertools.cycle(
        [Planes(still.y.copy(), still.u.copy(), still.v.copy()) for _ in range(LEAST_RING)]
    )


if __name__ == "__main__":
    sys.exit(carry_out(_make, form=Job))
