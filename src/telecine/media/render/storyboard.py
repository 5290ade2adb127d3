"""Single pictures of a timeline: one frame, or many on one sheet with the time below each."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from telecine.kit.errors import InternalError, InvalidRequestError
from telecine.media.render.composing import rgb
from telecine.media.render.composing.kernels import Rect
from telecine.media.render.display import Layer
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.sprites import Find, Sprites
from telecine.media.render.encoding.outputs import png
from telecine.media.render.film import Film
from telecine.media.render.planes import Planes
from telecine.media.timeline.model import Colour, Font, Source, Style, Text, Timeline

_GAP: Final = 12
_LABEL_HEIGHT: Final = 28
_GROUND: Final = (24, 24, 27)
_INK: Final = Colour(red=0.83, green=0.83, blue=0.85)
_MOST_PICTURES: Final = 400

_Picture = npt.NDArray[np.uint8]


def still(
    timeline: Timeline, *, find: Find, frame: int, size: tuple[int, int] | None = None
) -> bytes:
    """Return one frame as a PNG. Raises what `Film` raises, and for a frame that is not there."""
    if not 0 <= frame < timeline.duration_frames:
        raise InvalidRequestError(
            f"There is no frame {frame}: the last is {timeline.duration_frames - 1}.", field="frame"
        )
    with Film(timeline, find=find, size=size) as film:
        return png(next(film.pictures([frame])))


def storyboard(
    timeline: Timeline, *, find: Find, n_pictures: int = 12, columns: int = 4, width: int = 320
) -> bytes:
    """Return a PNG with pictures from all of a timeline, each `width` px wide.

    They are the middles of equal parts; a timeline with fewer frames shows all it has.
    """
    if not 1 <= n_pictures <= _MOST_PICTURES:
        raise InvalidRequestError(f"A sheet has 1 to {_MOST_PICTURES} pictures.", field="pictures")
    count = min(n_pictures, max(timeline.duration_frames, 1))
    columns = min(columns, count)
    numbers = [(2 * index + 1) * timeline.duration_frames // (2 * count) for index in range(count)]
    height = max(2, round(width * timeline.height / timeline.width / 2) * 2)
    rows = math.ceil(count / columns)
    sheet: _Picture = np.empty(
        (rows * (height + _LABEL_HEIGHT) + _GAP, columns * (width + _GAP) + _GAP, 3), np.uint8
    )
    sheet[:] = _GROUND
    labels = Sprites(fonts=FontBook(), find=_no_file)
    with Film(timeline, find=find, size=(width, height)) as film:
        for index, planes in enumerate(film.pictures(numbers)):
            top = _GAP + index // columns * (height + _LABEL_HEIGHT)
            left = _GAP + index % columns * (width + _GAP)
            sheet[top : top + height, left : left + width] = _rgb(planes)
            below = sheet[top + height : top + height + _LABEL_HEIGHT, left : left + width]
            seconds = float(numbers[index] / timeline.frame_rate)
            _write(below, _clock(seconds), labels)
    is_made, data = cv2.imencode(".png", sheet[..., ::-1])
    if not is_made:
        raise InternalError("no PNG came of a sheet")
    return data.tobytes()


def _rgb(planes: Planes) -> _Picture:
    height, width = planes.y.shape
    box = Rect(0, 0, width + width % 2, height + height % 2)
    return rgb.part_of(planes, box)[:height, :width, :3]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:05.2f}"


def _write(place: _Picture, text: str, labels: Sprites) -> None:
    content = Text(text=text, font=Font(size=14), paint=_INK, align="left", is_wrapped=False)
    layer = Layer(
        index=0,
        content=content,
        style=Style(),
        width=place.shape[1],
        height=place.shape[0] - 8,
        raster_scale=1.0,
        path="label",
    )
    pixels = labels.pixels(layer)
    left, top = max(round(pixels.left), 0), max(round(pixels.top), 0)
    part = place[top : top + pixels.rgba.shape[0], left : left + pixels.rgba.shape[1]]
    ink = pixels.rgba[: part.shape[0], : part.shape[1]].astype(np.uint16)
    part[:] = ink[..., :3] + part * (255 - ink[..., 3:]) // 255


def _no_file(source: Source) -> Path:
    raise InternalError(f"a label asks for {source.src}")
