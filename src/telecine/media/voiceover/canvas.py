"""How large a voiceover's film is: by wish, else by the shape of its picture.

A picture's own shape is kept as far as players can show it; sides are even, as H.264 wants them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from telecine.kit.errors import InvalidRequestError

#: The canvas of an aspect.
CANVASES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"16:9": (1920, 1080), "9:16": (1080, 1920), "1:1": (1080, 1080)}
)
#: A side that somebody asks for.
LEAST_SIDE, MOST_SIDE = 128, 3840
#: The shorter side of a canvas that takes its shape from the picture.
_LEAST_SHORT, _MOST_SHORT = 360, 1080
#: Wider (or taller) than that is put on a ground.
_WIDEST: Final = 2.4


def canvas_size(
    picture: tuple[int, int],
    *,
    aspect: str | None = None,
    width: int | None = None,
    height: int | None = None,
) -> tuple[int, int]:
    """Return the film's width and height, in px; both even.

    `aspect` is a key of `CANVASES`. One side alone gets the other by the aspect, or by the shape
    of the picture; both are the canvas, and then an aspect is too much. Raises
    `InvalidRequestError` with the `field`.
    """
    if aspect is not None and aspect not in CANVASES:
        raise InvalidRequestError(f"The aspect is one of {', '.join(CANVASES)}.", field="aspect")
    for name, side in (("width", width), ("height", height)):
        if side is not None and not LEAST_SIDE <= side <= MOST_SIDE:
            raise InvalidRequestError(
                f"The {name} is {LEAST_SIDE} to {MOST_SIDE} pixels.", field=name
            )
    if width is not None and height is not None:
        if aspect is not None:
            raise InvalidRequestError("Say the aspect, or width and height.", field="aspect")
        return _even(width), _even(height)
    usual = CANVASES[aspect] if aspect is not None else _of_picture(*picture)
    if width is not None:
        return _even(width), _other(width * usual[1] / usual[0], "width")
    if height is not None:
        return _other(height * usual[0] / usual[1], "height"), _even(height)
    return usual


def _of_picture(width: int, height: int) -> tuple[int, int]:
    shape = min(max(width / height, 1 / _WIDEST), _WIDEST)
    short = min(max(min(width, height), _LEAST_SHORT), _MOST_SHORT)
    if shape >= 1:
        return _even(short * shape), _even(short)
    return _even(short), _even(short / shape)


def _other(side: float, said: str) -> int:
    if not LEAST_SIDE <= side <= MOST_SIDE:
        raise InvalidRequestError(
            f"With that {said} the other side is not {LEAST_SIDE} to {MOST_SIDE} pixels.",
            field=said,
        )
    return _even(side)


def _even(side: float) -> int:
    return 2 * round(side / 2)
