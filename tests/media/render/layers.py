"""Layers drawn one at a time, and what can be measured of the pixels."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from telecine.media.render.display import CaptionPage, Layer
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.pixels import Rgba
from telecine.media.render.drawing.sprites import Sprites
from telecine.media.render.planes import Planes
from telecine.media.timeline.look import Style
from telecine.media.timeline.model import Colour, Content, Gradient, GradientStop, Source

WHITE = Colour(red=1, green=1, blue=1)
BLACK = Colour(red=0, green=0, blue=0)
RED = Colour(red=1, green=0, blue=0)
GREEN = Colour(red=0, green=1, blue=0)
BLUE = Colour(red=0, green=0, blue=1)
RED_TO_BLUE = Gradient(
    kind="linear",
    stops=(GradientStop(offset=0, colour=RED), GradientStop(offset=1, colour=BLUE)),
)

Ints = npt.NDArray[np.int64]


class Still:
    """A source that shows one picture for ever."""

    def __init__(self, planes: Planes | None) -> None:
        self.planes = planes
        self.is_closed = False

    def frame_at(self, seconds: Fraction) -> Planes | None:
        return self.planes

    def close(self) -> None:
        self.is_closed = True


def file_of(source: Source) -> Path:
    return Path(source.src)


def sprites() -> Sprites:
    return Sprites(fonts=FontBook(), find=file_of)


def layer_of(
    content: Content | CaptionPage,
    *,
    size: tuple[float, float],
    style: Style = Style(),
    scale: float = 1.0,
    index: int = 0,
    is_moving: bool = False,
) -> Layer:
    return Layer(
        index=index, content=content, style=style, width=size[0], height=size[1],
        raster_scale=scale, path=f"tracks[0].clips[{index}]", is_moving=is_moving,
    )  # fmt: skip


def drawn(layer: Layer, *, margin: int = 40, drawer: Sprites | None = None) -> Rgba:
    """Return the layer's box with a margin about it, px of the box times its scale."""
    pixels = (drawer or sprites()).pixels(layer)
    width = round((layer.width + 2 * margin) * pixels.scale)
    height = round((layer.height + 2 * margin) * pixels.scale)
    whole = np.zeros((height, width, 4), np.uint8)
    left = round((pixels.left + margin) * pixels.scale)
    top = round((pixels.top + margin) * pixels.scale)
    rows, columns = pixels.rgba.shape[:2]
    # An empty or odd sprite may have a transparent row or column too many.
    part = whole[top : top + rows, left : left + columns]
    part[:] = pixels.rgba[: part.shape[0], : part.shape[1]]
    return whole


def ink(rgba: Rgba, *, over: int = 8) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is seen."""
    rows, columns = np.nonzero(rgba[..., 3] > over)
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def colour_at(rgba: Rgba, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(value) for value in rgba[y, x])


def near(found: tuple[int, ...], wanted: tuple[int, ...], *, by: int = 2) -> bool:
    return all(abs(a - b) <= by for a, b in zip(found, wanted, strict=True))
