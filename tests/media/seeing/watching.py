"""Real films that are looked at, made up sightings, and pictures that are drawn of compositions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from tests import samples
from tests.samples import Picture

from telecine import settings
from telecine.media import models
from telecine.media.ffmpeg import FFmpeg, find_ffmpeg
from telecine.media.process import Limits
from telecine.media.render.film import Film
from telecine.media.seeing.faces import FaceFinder
from telecine.media.seeing.looking import Eyes
from telecine.media.seeing.model import Box, Face, Glance, Seen, Shot
from telecine.media.seeing.weights import BLAZEFACE
from telecine.media.timeline.dialects import parse

_LIMITS = Limits(memory_bytes=4 * 2**30, output_bytes=2**30, wall_seconds=120, stall_seconds=60)

#: Small enough to be drawn in no time, of a phone's shape.
SMALL = (270, 480)


def eyes() -> Eyes:
    """Eyes as they are anywhere, with the weights that everybody has."""
    ffmpeg = FFmpeg(executable=find_ffmpeg(""), sandbox="auto", limits=_LIMITS)
    return Eyes(ffmpeg=ffmpeg, weights=models.fetch(BLAZEFACE, root=settings.load({}).models_dir))


def finder() -> FaceFinder:
    """The network alone."""
    return FaceFinder(eyes().weights / "blazeface.tflite")


def look(
    source: Path, folder: Path, *, start_seconds: float = 0.0, end_seconds: float | None = None
) -> Seen:
    """Return what is seen of a film, or of a part of it."""
    size, _, length = facts(source)
    return eyes().look(
        source,
        workspace=folder,
        size=size,
        start_seconds=start_seconds,
        end_seconds=length if end_seconds is None else end_seconds,
    )


def facts(source: Path) -> tuple[tuple[int, int], Fraction, float]:
    """Return a film's upright size, frame rate and length."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        rate, base, length = stream.average_rate, stream.time_base, stream.duration
        assert rate is not None
        assert base is not None
        assert length is not None
        ratio = stream.sample_aspect_ratio or Fraction(1)
        size = round(stream.width * ratio), stream.height
        frame = next(container.decode(stream))
        if frame.rotation % 180:
            size = size[1], size[0]
    return size, Fraction(rate), float(length * base)


def two_people(path: Path) -> Path:
    """A COMPOSITE: one photograph twice, once mirrored, far apart on grey; 1280 x 720, 2 s.

    No film with two people was found in any package. The left one sways by 40 px.
    """
    shown = (
        "color=0x5a5a5a:size=1280x720:rate=25:duration=2[ground];"
        "[0:v]split[one][other];[other]hflip[mirrored];"
        "[ground][one]overlay=x='50+40*sin(t*2)':y=150:eval=frame[half];"
        "[half][mirrored]overlay=x=710:y=150:shortest=1"
    )
    samples.run_ffmpeg(
        *("-loop", "1", "-t", "2", "-r", "25", "-i", samples.astronaut()),
        *("-filter_complex", shown, "-t", "2", "-pix_fmt", "yuv420p", "-c:v", "libx264", path),
    )
    return path


def drawn(
    document: dict[str, Any], source: Path, *, frames: Iterable[int], size: tuple[int, int] = SMALL
) -> list[Picture]:
    """Return frames of a composition as RGB; the composition is without a fault or a warning."""
    parsed = parse(document)
    assert parsed.timeline is not None, parsed.problems
    assert not parsed.problems, parsed.problems
    with Film(parsed.timeline, find=lambda _: source, size=size) as film:
        return [_rgb(planes) for planes in film.pictures(frames)]


def _rgb(planes: Any) -> Picture:
    luma, blue, red = planes.y, planes.u, planes.v
    full = [cv2.resize(each, luma.shape[::-1]) for each in (blue, red)]
    return np.asarray(cv2.cvtColor(np.dstack([luma, full[1], full[0]]), cv2.COLOR_YCrCb2RGB))


def seen(
    *people: Sequence[tuple[float, float, float]] | None,
    seconds: float = 4.0,
    size: tuple[int, int] = (1920, 1080),
) -> Seen:
    """Return made up sightings: each person is (x, y, height) at five glances a second.

    A person with one place stays there.
    """
    n_glances = int(seconds * 5)
    glances = []
    for n in range(n_glances):
        at = [person[min(n, len(person) - 1)] for person in people if person]
        faces = tuple(Face(box=_box(*place, size=size), score=0.95) for place in at)
        glances.append(Glance(seconds=n / 5, faces=faces))
    shot = Shot(start_seconds=0.0, end_seconds=seconds)
    return Seen(width=size[0], height=size[1], shots=(shot,), glances=tuple(glances))


def _box(x: float, y: float, height: float, *, size: tuple[int, int]) -> Box:
    width = height * size[1] / size[0]
    return Box(left=x - width / 2, top=y - height / 2, width=width, height=height)
