"""What moves when a face moves: smooth fields of displacement about the mouth, eyes and head.

A field says for each point of the portrait where it goes, for a pose of 1; a pose scales and
adds them. About the mouth and each eye there are two layers, for a face tears there on purpose:
the lower lip leaves the upper one. Inside a layer everything is smooth, and at the corners of
mouth and eyes both layers move alike, so that nothing tears where it should not.

Lengths are in units of a neutral mouth's width, in a frame whose x runs along the eyes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from telecine.media.talking import mesh
from telecine.media.talking.mesh import Face

#: Rows x columns x (across, down), in pixels of the picture.
Field = npt.NDArray[np.float32]
Line = npt.NDArray[np.float32]

#: A neutral mouth is so wide, beside the outer corners of the eyes.
_MOUTH_BY_EYES: Final = 0.56
#: The most that the lower lip drops.
_DROP: Final = 0.3
#: The furthest that the lips are apart: those of a smile have less to go.
_WIDEST_GAP: Final = 0.4
#: An open mouth is narrower.
_NARROWING: Final = 0.1
#: Of the height of a smile: how far its corners come down when the mouth opens.
_SLACK: Final = 0.4
_UPPER_SHARE: Final = 0.1
#: Of the gap of lips that are open in the picture: what the lower one does to close it.
_CLOSING_SHARE: Final = 0.8
#: Corners of the mouth, outwards and inwards.
_WIDER: Final = 0.07
_ROUNDER: Final = 0.2
_INVERSE_STEPS: Final = 7
_INVERSE_PACE: Final = 0.65
#: The edge of an upper lid, beside an eye's width; and lashes, beside what is below the brow.
_LID_SHARE: Final = 0.03
_LASHES: Final = 0.15
#: Points of a field are so far apart.
_STEP_UNITS: Final = 0.03


class Raster(NamedTuple):
    """A part of a plane: its pixels are `pitch` of the picture's apart, and `lower` by so much."""

    left: int
    top: int
    width: int
    height: int
    pitch: float = 1.0
    lower: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """Fields of one layer: `fields[pose]` over a grid from `corner`, `step` pixels apart."""

    corner: tuple[float, float]
    step: float
    fields: npt.NDArray[np.float32]

    def posed(self, poses: npt.NDArray[np.float32]) -> Field:
        """Return the one field that these poses make."""
        found: Field = np.tensordot(poses, self.fields, axes=1).astype(np.float32)
        return found

    def moved(self, points: Line, field: Field) -> Line:
        """Return where points of the picture go."""
        at = (points - floats(self.corner)) / floats(self.step)
        moves = cv2.remap(
            field,
            np.ascontiguousarray(at[:, 0:1]),
            np.ascontiguousarray(at[:, 1:2]),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return floats(points + moves[:, 0])

    def sources(self, field: Field, raster: Raster) -> Field:
        """Return where each pixel of a raster comes from, in pixels of the raster's whole."""
        rows, columns = field.shape[:2]
        down, across = np.meshgrid(
            np.arange(rows, dtype=np.float32), np.arange(columns, dtype=np.float32), indexing="ij"
        )
        # Where a point goes is known; this asks what comes here, nearer at each step. Skin that
        # is drawn out to more than twice its length would throw whole steps too far.
        moves = field
        for _ in range(_INVERSE_STEPS):
            found = cv2.remap(
                field,
                across - moves[..., 0] / self.step,
                down - moves[..., 1] / self.step,
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            moves = moves + _INVERSE_PACE * (floats(found) - moves)
        scale = raster.pitch / self.step
        out = np.array(
            [
                [scale, 0, (raster.left * raster.pitch - self.corner[0]) / self.step],
                [0, scale, (raster.top * raster.pitch + raster.lower - self.corner[1]) / self.step],
            ]
        )
        fine = cv2.warpAffine(
            moves / np.float32(-raster.pitch),
            out,
            (raster.width, raster.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        fine = floats(fine)
        fine[..., 0] += np.arange(raster.left, raster.left + raster.width, dtype=np.float32)
        fine[..., 1] += np.arange(raster.top, raster.top + raster.height, dtype=np.float32)[:, None]
        return fine


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The frame of a face: its unit in pixels, its lean, and the middle of its mouth."""

    unit: float
    angle: float
    origin: tuple[float, float]

    def inward(self, points: Line) -> Line:
        """Return pixels as units."""
        return floats((points - floats(self.origin)) @ self._turn / self.unit)

    def outward(self, points: Line) -> Line:
        """Return units as pixels."""
        return floats(points @ self._turn.T * self.unit + floats(self.origin))

    @property
    def _turn(self) -> npt.NDArray[np.float32]:
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cos, -sin], [sin, cos]], np.float32)

    def grid(
        self, x: tuple[float, float], y: tuple[float, float]
    ) -> tuple[tuple[float, float], float, Line]:
        """Return a grid of pixels that covers a rectangle of units: corner, step, its points."""
        corners = self.outward(floats([[x[0], y[0]], [x[1], y[0]], [x[0], y[1]], [x[1], y[1]]]))
        low, high = corners.min(axis=0), corners.max(axis=0)
        step = max(1.0, self.unit * _STEP_UNITS)
        columns, rows = (np.ceil((high - low) / step).astype(int) + 1).tolist()
        down, across = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
        points = np.stack([across, down], axis=-1) * step + low
        return (float(low[0]), float(low[1])), step, floats(points)

    def turned(self, fields: Field) -> Field:
        """Return fields of units in pixels of the picture."""
        return floats(fields @ self._turn.T * self.unit)


def frame_of(face: Face) -> Frame:
    """Return a face's frame."""
    points = face.points[:, :2]
    eyes = points[mesh.UPPER_LIDS[1][-1]] - points[mesh.UPPER_LIDS[0][0]]
    middle = (points[mesh.UPPER_EDGE[0]] + points[mesh.UPPER_EDGE[-1]]) / 2
    return Frame(
        unit=float(np.linalg.norm(eyes)) * _MOUTH_BY_EYES,
        angle=face.roll_radians,
        origin=(float(middle[0]), float(middle[1])),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mouth:
    """The mouth: two layers with the poses opening, closure, wide, round; and the lips' lines."""

    upper: Layer
    lower: Layer
    upper_line: Line
    lower_line: Line
    #: left, right, top and bottom of what moves, in units.
    reach: tuple[float, float, float, float]


def mouth_of(face: Face, frame: Frame) -> Mouth:
    """Return the fields about a mouth."""
    points = frame.inward(face.points[:, :2])
    upper, lower = points[list(mesh.UPPER_LIP)], points[list(mesh.LOWER_LIP)]
    lower = np.column_stack([lower[:, 0], np.maximum(lower[:, 1], upper[:, 1])]).astype(np.float32)
    chin = float(points[mesh.CHIN, 1])
    nose = float(points[mesh.UNDER_NOSE, 1])
    reach = (-1.5, 1.5, min(nose, -0.3) - 0.2, chin + 0.9)
    corner, step, grid = frame.grid(reach[:2], reach[2:])
    x, y = np.moveaxis(frame.inward(grid.reshape(-1, 2)).reshape(grid.shape), -1, 0)
    parts = _Parts(upper=upper, lower=lower, chin=chin, nose=nose)
    lifted, dropped = parts.upper_fields(x, y), parts.lower_fields(x, y)
    return Mouth(
        upper=Layer(corner=corner, step=step, fields=frame.turned(lifted)),
        lower=Layer(corner=corner, step=step, fields=frame.turned(dropped)),
        upper_line=_refined(frame.outward(upper)),
        lower_line=_refined(frame.outward(lower)),
        reach=reach,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Parts:
    """The lines of a mouth, in units, and the fields that follow from them."""

    upper: Line
    lower: Line
    chin: float
    nose: float

    def upper_fields(self, x: Line, y: Line) -> Field:
        """Return opening, closure, wide and round above the upper lip's line."""
        line = self._line(self.upper, x)
        depth = np.clip((line - y) / max(0.15, abs(self.nose)), 0, None)
        fall = 1 - smooth(depth / 1.1)
        gap = self._gap(x)
        nothing = np.zeros_like(x)
        opening = np.stack([nothing, -_UPPER_SHARE * self._drop * self._arch(x) * fall], axis=-1)
        closure = np.stack([nothing, (1 - _CLOSING_SHARE) * gap * fall], axis=-1)
        return self._with_width(opening, closure, x, y)

    def lower_fields(self, x: Line, y: Line) -> Field:
        """Return the same below the lower lip's line: the jaw goes with the lip."""
        line = self._line(self.lower, x)
        depth = np.clip((y - line) / max(0.3, self.chin - float(self.lower[5, 1])), 0, None)
        into_jaw = smooth(depth / 0.7)
        below = (1 - 0.25 * np.clip(depth, 0, 1)) * (1 - smooth((depth - 0.95) / 0.75))
        jaw = 1 - smooth(floats((np.abs(x) - 0.25) / 1.05))
        drop = ((1 - into_jaw) * self._arch(x) + into_jaw * jaw * 0.8) * below
        rise = -self._gap(x) * _CLOSING_SHARE * (1 - into_jaw)
        rise = rise - float(self._gap(np.zeros(1, np.float32))[0]) * 0.45 * into_jaw * jaw * below
        nothing = np.zeros_like(x)
        opening = np.stack([nothing, self._drop * drop], axis=-1)
        closure = np.stack([nothing, rise], axis=-1)
        return self._with_width(opening, closure, x, y)

    @property
    def _drop(self) -> float:
        gap = float((self.lower[:, 1] - self.upper[:, 1]).max())
        return max(0.5 * _DROP, min(_DROP, _WIDEST_GAP - gap))

    def _with_width(self, opening: Field, closure: Field, x: Line, y: Line) -> Field:
        """Return all four; wide and round are the same for both layers."""
        middle = float((self.upper[5, 1] + self.lower[5, 1]) / 2)
        window = np.exp(-np.square(x / 0.85) - np.square((y - middle) / 0.45))
        # What is at a corner moves, and what is in the middle does not.
        outwards = np.tanh(x / 0.4) * window
        wide = np.stack([_WIDER * outwards, -0.03 * np.square(x) * window], axis=-1)
        pout = 0.12 * (y - middle) * window
        rounded = np.stack([-_ROUNDER * outwards, pout], axis=-1)
        # Who smiles lets the corners down to speak, a little.
        corners = float(self.upper[0, 1] + self.upper[-1, 1]) / 2
        slack = max(0.0, float(self.lower[5, 1]) - corners) * _SLACK * np.square(outwards)
        narrower = opening + rounded * (_NARROWING / _ROUNDER)
        narrower = narrower + np.stack([np.zeros_like(x), slack], axis=-1)
        return floats(np.stack([narrower, closure, wide, rounded]))

    def _arch(self, x: Line) -> Line:
        """Return how much of an opening is there: all in the middle, nothing at the corners."""
        left, right = float(self.upper[0, 0]), float(self.upper[-1, 0])
        place = (x - (left + right) / 2) / ((right - left) / 2)
        return floats(np.power(np.clip(1 - np.square(place), 0, 1), 0.8))

    def _gap(self, x: Line) -> Line:
        return floats(np.maximum(self._line(self.lower, x) - self._line(self.upper, x), 0))

    def _line(self, line: Line, x: Line) -> Line:
        return floats(np.interp(x, line[:, 0], line[:, 1]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Eye:
    """One eye: the layer of its upper lid with the one pose blink, and the lid's line."""

    lid: Layer
    line: Line
    #: left, right, top and bottom of what moves, in units.
    reach: tuple[float, float, float, float]


def eyes_of(face: Face, frame: Frame) -> tuple[Eye, ...]:
    """Return the fields about the eyes."""
    points = frame.inward(face.points[:, :2])
    return tuple(
        _eye(points[list(upper)], points[list(lower)], points[list(brow)], frame)
        for upper, lower, brow in zip(mesh.UPPER_LIDS, mesh.LOWER_LIDS, mesh.BROWS, strict=True)
    )


def _eye(upper: Line, lower: Line, brow: Line, frame: Frame) -> Eye:
    width = float(upper[-1, 0] - upper[0, 0])
    top = float(brow[:, 1].mean())
    low = float(lower[:, 1].max())
    reach = (
        float(upper[0, 0]) - 0.2 * width,
        float(upper[-1, 0]) + 0.2 * width,
        top - 0.1 * width,
        low + 0.3 * width,
    )
    # The network's line lies where the eye begins; what moves begins above it.
    upper = floats(upper - [0.0, _LID_SHARE * width])
    corner, step, grid = frame.grid(reach[:2], reach[2:])
    x, y = np.moveaxis(frame.inward(grid.reshape(-1, 2)).reshape(grid.shape), -1, 0)
    lid = np.interp(x, upper[:, 0], upper[:, 1])
    gap = np.maximum(np.interp(x, lower[:, 0], lower[:, 1]) - lid - _LID_SHARE * width, 0)
    height = np.maximum(lid - np.interp(x, brow[:, 0], brow[:, 1]), 0.05)
    # Lashes are not stretched: the skin above them is.
    fall = 1 - np.clip(((lid - y) / height - _LASHES) / (1 - _LASHES), 0, 1)
    blink = np.stack([np.zeros_like(x), gap * fall], axis=-1)
    return Eye(
        lid=Layer(corner=corner, step=step, fields=frame.turned(floats(blink)[None])),
        line=_refined(frame.outward(upper)),
        reach=reach,
    )


def floats(values: npt.ArrayLike) -> Line:
    """Return numbers in single precision, which is all that a pixel needs."""
    return np.asarray(values, np.float32)


def smooth(place: Line) -> Line:
    """Return 0 to 1 without a kink."""
    part: Line = np.clip(place, 0, 1)
    return floats(part * part * (3 - 2 * part))


def _refined(line: Line) -> Line:
    """Return a line with four times as many points, rounded at them."""
    at = np.arange(len(line), dtype=np.float32)
    fine = np.linspace(0, len(line) - 1, 4 * (len(line) - 1) + 1)
    found = np.column_stack([np.interp(fine, at, line[:, axis]) for axis in (0, 1)])
    found[1:-1] = (found[:-2] + 2 * found[1:-1] + found[2:]) / 4
    return floats(found)
