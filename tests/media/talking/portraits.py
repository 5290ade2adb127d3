"""A portrait, its face, and poses of it; what is measured of a picture is measured by the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from tests import samples
from tests.samples import Picture

from telecine import settings
from telecine.media import models
from telecine.media.ffmpeg import FFmpeg, find_ffmpeg
from telecine.media.process import Limits
from telecine.media.render.composing import rgb
from telecine.media.render.composing.kernels import Rect
from telecine.media.render.planes import Planes
from telecine.media.seeing.faces import FaceFinder
from telecine.media.talking.acting import Poses
from telecine.media.talking.mesh import Face, FaceMesh
from telecine.media.talking.puppet import Puppet
from telecine.media.talking.talking import Talking
from telecine.media.talking.weights import FACE_MESH

_LIMITS = Limits(memory_bytes=4 * 2**30, output_bytes=2**30, wall_seconds=300, stall_seconds=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """What finds a face, and its parts."""

    finder: FaceFinder
    mesh: FaceMesh

    def face(self, picture: Picture) -> Face:
        return self.mesh.fit(picture, self.finder.find(picture)[0].box)


@cache
def networks() -> Networks:
    folder = models.fetch(FACE_MESH, root=settings.load({}).models_dir)
    return Networks(
        finder=FaceFinder(folder / "blazeface.tflite"), mesh=FaceMesh(folder / "mesh.tflite")
    )


def talking() -> Talking:
    """What makes portraits talk, with the weights that everybody has."""
    ffmpeg = FFmpeg(executable=find_ffmpeg(""), sandbox="auto", limits=_LIMITS)
    return Talking(
        ffmpeg=ffmpeg,
        weights=models.fetch(FACE_MESH, root=settings.load({}).models_dir),
        n_threads=1,
    )


@cache
def picture() -> Picture:
    """Return the photograph of an astronaut, her face 210 px high, 640 x 640; public domain."""
    whole = cv2.imread(str(samples.astronaut()))
    assert whole is not None
    large = cv2.resize(whole[:320, 60:380, ::-1], (640, 640), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def write(path: Path, shown: Picture) -> Path:
    cv2.imwrite(str(path), shown[:, :, ::-1])
    return path


def puppet() -> Puppet:
    return Puppet(picture(), networks().face(picture()))


def poses(**curves: list[float]) -> Poses:
    """Return poses, with nothing done where nothing is said."""
    (length,) = {len(each) for each in curves.values()}
    rows = {name: np.zeros(length, np.float32) for name in Poses._fields}
    rows |= {name: np.array(each, np.float32) for name, each in curves.items()}
    return Poses(**rows)


def drawn(made: Puppet, told: Poses, number: int = 0) -> Picture:
    """Return the whole picture in a pose."""
    planes = Planes(*(plane.copy() for plane in made.still[:3]))
    made.draw(told, number, planes)
    return _rgb(planes)


@cache
def still() -> Picture:
    """Return the picture as it is when nothing was done to it."""
    return _rgb(puppet().still)


def _rgb(planes: Planes) -> Picture:
    height, width = planes.y.shape
    return np.ascontiguousarray(rgb.part_of(planes, Rect(0, 0, width, height))[..., :3])
