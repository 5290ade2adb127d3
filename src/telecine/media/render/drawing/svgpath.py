"""SVG path data as a skia path. skia's Python binding has no parser of its own.

As SVG says, drawing goes on until the first mistake: what stands before it is kept.
"""

from __future__ import annotations

import math
import re
from typing import Final

from telecine.media.render.drawing.skia_guard import skia

_TOKEN: Final = re.compile(
    r"\s*,?\s*(?:(?P<command>[MmZzLlHhVvCcSsQqTtAa])"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))"
)
_FLAG: Final = re.compile(r"\s*,?\s*([01])")
_COUNTS: Final = {
    "M": 2, "Z": 0, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7,
}  # fmt: skip
#: Beyond this skia's 32-bit arithmetic is of no use.
_FARTHEST: Final = 1e6
_MOST_STEPS: Final = 100_000


def parse_path(data: str) -> skia.Path:
    """Return the path; empty where the data begins with a mistake."""
    return _Pen(data).draw()


class _Pen:
    """Where the pen is, where its contour began, and the last control point."""

    def __init__(self, data: str) -> None:
        self._data = data
        self._place = 0
        self._path = skia.Path()
        self._at = (0.0, 0.0)
        self._start = (0.0, 0.0)
        self._control: tuple[float, float] | None = None
        self._last = ""

    def draw(self) -> skia.Path:
        command = ""
        for _ in range(_MOST_STEPS):
            match = _TOKEN.match(self._data, self._place)
            if match is None:
                break
            if match["command"]:
                command = match["command"]
                self._place = match.end()
            elif command in ("", "Z", "z"):
                break  # numbers without a command
            if not self._last and command not in ("M", "m"):
                break  # a path begins with a move
            values = self._values(command)
            if values is None:
                break
            self._step(command, values)
            # More numbers after a move are lines.
            command = {"M": "L", "m": "l"}.get(command, command)
        return self._path

    def _values(self, command: str) -> list[float] | None:
        values = []
        for index in range(_COUNTS[command.upper()]):
            # The flags of an arc may stand without anything between them: "a1 1 0 012 2".
            is_flag = command in "Aa" and index in (3, 4)
            match = (_FLAG if is_flag else _TOKEN).match(self._data, self._place)
            text = match and (match[1] if is_flag else match["number"])
            if match is None or not text:
                return None
            value = float(text)
            if not math.isfinite(value) or abs(value) > _FARTHEST:
                return None
            values.append(value)
            self._place = match.end()
        return values

    def _step(self, command: str, values: list[float]) -> None:
        kind = command.upper()
        points = self._absolute(values, is_relative=command.islower(), kind=kind)
        match kind:
            case "M":
                self._path.moveTo(*points)
                self._start = (points[0], points[1])
            case "Z":
                self._path.close()
                points = list(self._start)
            case "A":
                self._arc(points)
            case "C" | "S":
                points = points if kind == "C" else [*self._mirrored("CS"), *points]
                self._path.cubicTo(*points)
            case "Q" | "T":
                points = points if kind == "Q" else [*self._mirrored("QT"), *points]
                self._path.quadTo(*points)
            case _:
                self._path.lineTo(*points)
        self._control = (points[-4], points[-3]) if kind in "CSQT" else None
        self._at = (points[-2], points[-1])
        self._last = kind

    def _absolute(self, values: list[float], *, is_relative: bool, kind: str) -> list[float]:
        x, y = self._at if is_relative else (0.0, 0.0)
        if kind == "H":
            return [values[0] + x, self._at[1]]
        if kind == "V":
            return [self._at[0], values[0] + y]
        if kind == "A":
            return [*values[:5], values[5] + x, values[6] + y]
        return [value + (y if index % 2 else x) for index, value in enumerate(values)]

    def _mirrored(self, after: str) -> tuple[float, float]:
        """The control point that carries on smoothly from the curve before, if there is one."""
        if self._control is None or self._last not in after:
            return self._at
        return 2 * self._at[0] - self._control[0], 2 * self._at[1] - self._control[1]

    def _arc(self, values: list[float]) -> None:
        sizes, directions = skia.Path.ArcSize, skia.PathDirection
        self._path.arcTo(
            abs(values[0]),
            abs(values[1]),
            values[2],
            sizes.kLarge_ArcSize if values[3] else sizes.kSmall_ArcSize,
            directions.kCW if values[4] else directions.kCCW,
            values[5],
            values[6],
        )
