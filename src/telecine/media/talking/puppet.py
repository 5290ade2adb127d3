"""Draws a portrait in a pose: mouth and lids first, then the head with them sways a little.

Only what moves is drawn anew; everything else is the picture, byte for byte.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from telecine.media.render.drawing.pixels import to_planes
from telecine.media.render.planes import Planes
from telecine.media.seeing.faces import Picture
from telecine.media.talking import mesh, rig
from telecine.media.talking.acting import Poses
from telecine.media.talking.mesh import Face
from telecine.media.talking.rig import Eye, Field, Frame, Layer, Line, Raster, floats

Mask = npt.NDArray[np.float32]

#: How far a head sways, as shares of a face's height.
_YAW: Final = 0.013
_PITCH: Final = 0.010
_ROLL_RADIANS: Final = 0.009
#: Points of the head's field are so far apart, in px.
_HEAD_STEP: Final = 8
_SHIFT_BITS: Final = 4
#: About what is seen between the lips, in px; and less than this between them is nothing.
_MARGIN: Final = 3
_SHUT: Final = 0.25
#: Lips that are so far apart in the picture, in units, show teeth of their own.
_SHOWS_TEETH: Final = 0.06


class Puppet:
    """One portrait. Not safe for two threads."""

    def __init__(self, picture: Picture, face: Face) -> None:
        self._picture = picture
        self._frame = rig.frame_of(face)
        self._mouth = rig.mouth_of(face, self._frame)
        self._eyes = rig.eyes_of(face, self._frame)
        self._mouth_box = _box(self._frame, self._mouth.reach, picture)
        self._eye_boxes = [_box(self._frame, eye.reach, picture) for eye in self._eyes]
        self._inside = _Inside(picture, face, self._frame)
        self._head = _Head(picture, face)
        #: The portrait as it is.
        self.still = _planes(picture)
        self._shown = Planes(*(plane.copy() for plane in self.still[:3]))

    def draw(self, poses: Poses, number: int, target: Planes) -> None:
        """Draw the pose of a frame into planes that were copied from `still`."""
        blink = float(poses.blink[number])
        for eye, box in zip(self._eyes, self._eye_boxes, strict=True):
            if blink:
                self._show(_planes(self._lidded(eye, box, blink)), box)
            else:
                self._show(_part(self.still, box), box)
        spoken = self._speaking(
            float(poses.opening[number]), float(poses.closure[number]), float(poses.width[number])
        )
        self._show(_planes(spoken), self._mouth_box)
        self._head.sway(
            self._shown,
            target,
            yaw=float(poses.yaw[number]),
            pitch=float(poses.pitch[number]),
            roll=float(poses.roll[number]),
        )

    def _show(self, part: Planes, box: Raster) -> None:
        for plane, drawn in zip(_part(self._shown, box)[:3], part[:3], strict=True):
            plane[:] = drawn

    def _lidded(self, eye: Eye, box: Raster, amount: float) -> Picture:
        field = eye.lid.posed(floats([amount]))
        lid = _warped(self._picture, eye.lid, field, box)
        line = eye.lid.moved(eye.line, field)
        is_lid = _above(line, self._frame, box)
        return _mixed(_of(self._picture, box), lid, is_lid)

    def _speaking(self, opening: float, closure: float, width: float) -> Picture:
        box = self._mouth_box
        mouth = self._mouth
        poses = floats([opening, closure, max(width, 0.0), max(-width, 0.0)])
        lifted, dropped = mouth.upper.posed(poses), mouth.lower.posed(poses)
        upper = _warped(self._picture, mouth.upper, lifted, box)
        lower = _warped(self._picture, mouth.lower, dropped, box)
        lips = _Lips(
            upper=mouth.upper.moved(mouth.upper_line, lifted),
            lower=mouth.lower.moved(mouth.lower_line, dropped),
            teeth=mouth.upper.moved(mouth.lower_line, lifted),
        ).closed(self._frame)
        shown = _mixed(upper, lower, 1 - _above(lips.lower, self._frame, box))
        gap = lips.box(box)
        if gap is None:
            return shown
        part = shown[gap.top - box.top :, gap.left - box.left :][: gap.height, : gap.width]
        part[:] = _mixed(
            part,
            self._inside.drawn(_warped(self._picture, mouth.upper, lifted, gap), lips, gap),
            _filled(np.concatenate([lips.upper, lips.lower[::-1]]), gap),
        )
        return shown


class _Lips(NamedTuple):
    """Lines in a pose: of both lips, and of where the lower one was beneath the teeth."""

    upper: Line
    lower: Line
    teeth: Line

    def closed(self, frame: Frame) -> _Lips:
        """Return the same with the lower line on the upper one where it would be above it."""
        low, high = frame.inward(self.lower), frame.inward(self.upper)
        limit = np.interp(low[:, 0], high[:, 0], high[:, 1])
        lower = np.column_stack([low[:, 0], np.maximum(low[:, 1], limit)])
        return self._replace(lower=frame.outward(floats(lower)))

    def box(self, whole: Raster) -> Raster | None:
        """Return what lies between the lips, and some pixels more; None where nothing does."""
        both = np.concatenate([self.upper, self.lower])
        low = np.floor(both.min(axis=0)).astype(int) - _MARGIN
        high = np.ceil(both.max(axis=0)).astype(int) + _MARGIN
        left, top = max(int(low[0]), whole.left), max(int(low[1]), whole.top)
        width = min(int(high[0]), whole.left + whole.width) - left
        height = min(int(high[1]), whole.top + whole.height) - top
        is_shut = float((self.lower - self.upper)[:, 1].max()) < _SHUT
        return None if is_shut or min(width, height) < 1 else Raster(left, top, width, height)


class _Inside:
    """What is seen between the lips: teeth, a tongue, and the dark."""

    def __init__(self, picture: Picture, face: Face, frame: Frame) -> None:
        lips = face.points[list(mesh.LOWER_EDGE) + list(mesh.UPPER_EDGE), :2]
        skin = face.points[[50, 280, 205, 425], :2]
        self._frame = frame
        lip, cheek = _colour(picture, lips), _colour(picture, skin)
        self._dark = lip * floats([0.2, 0.12, 0.12])
        self._tongue = lip * floats([0.55, 0.42, 0.42])
        light = float(cheek.max()) / 255
        self._tooth = (cheek + floats([228, 216, 198]) * floats(light)) * floats(0.42)
        gap = frame.inward(face.points[:, :2])
        opened = gap[list(mesh.LOWER_LIP), 1] - gap[list(mesh.UPPER_LIP), 1]
        self._has_teeth = float(opened.max()) > _SHOWS_TEETH

    def drawn(self, upper: Picture, lips: _Lips, box: Raster) -> Picture:
        """Return the box as it would be if all of it lay between the lips; `upper` is what the
        upper lip's layer has there.
        """
        down = np.arange(box.top, box.top + box.height, dtype=np.float32)[:, None]
        unit = self._frame.unit
        top, bottom = _heights(lips.upper, box), _heights(lips.lower, box)
        gap = np.maximum(bottom - top, 1e-3)
        place = np.clip((down - top) / gap, 0, 1)
        left, right = float(lips.upper[0, 0]), float(lips.upper[-1, 0])
        side = (
            np.arange(box.left, box.left + box.width, dtype=np.float32) - (left + right) / 2
        ) / ((right - left) / 2)
        middle = np.clip(1 - np.square(side), 0, 1)
        tongue = rig.smooth((place - 0.45) / 0.55) * middle * rig.smooth(gap / unit / 0.22)
        shadow = (0.55 + 0.45 * rig.smooth(place / 0.5))[..., None]
        ground = self._dark * shadow + tongue[..., None] * (self._tongue - self._dark)
        # Where the lips are as far apart as in the picture, all is as in the picture.
        old = _heights(lips.teeth, box)
        is_new = rig.smooth((bottom - old) / (0.07 * unit))[..., None]
        if self._has_teeth:
            # The picture's own teeth stay with the upper lip; the dark begins under them.
            is_tooth = 1 - rig.smooth((down - old + 0.045 * unit) / (0.05 * unit) + 0.5)
            teeth = floats(upper)
        else:
            length = np.minimum(0.02 * unit + 0.25 * gap, 0.075 * unit)
            is_tooth = 1 - rig.smooth((down - top - length) / (0.04 * unit) + 0.5)
            is_tooth = is_tooth * rig.smooth(middle * 1.5) * floats(0.85)
            shade = 0.5 + 0.5 * rig.smooth((down - top) / (0.06 * unit))
            teeth = self._tooth * (shade * (0.55 + 0.45 * middle))[..., None]
        painted = ground + is_tooth[..., None] * (teeth - ground)
        mixed = upper + is_new * (painted - upper)
        shown: Picture = np.clip(mixed, 0, 255).astype(np.uint8)
        return shown


class _Head:
    """The head's sway: what is near moves more than what is far, and what is beyond not at all."""

    def __init__(self, picture: Picture, face: Face) -> None:
        points = face.points[:, :2]
        low, high = points.min(axis=0), points.max(axis=0)
        size = high - low
        middle = (low + high) / 2 - floats([0, 0.12 * size[1]])
        reach = floats([1.15 * size[0], 1.1 * size[1]])
        self.box = _clipped(middle - reach, middle + reach, picture)
        columns = -(-self.box.width // _HEAD_STEP) + 1
        rows = -(-self.box.height // _HEAD_STEP) + 1
        down, across = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
        x = (across * _HEAD_STEP + self.box.left - middle[0]) / reach[0]
        y = (down * _HEAD_STEP + self.box.top - middle[1]) / reach[1]
        far = np.sqrt(np.square(x) + np.square(y))
        weight = 1 - rig.smooth((far - 0.42) / 0.56)
        near = 0.45 + 0.55 * np.clip(1 - np.square(x / 0.62) - np.square((y - 0.12) / 0.75), 0, 1)
        height = float(size[1])
        neck = middle + floats([0, 0.75 * height])
        turn_x = -(down * _HEAD_STEP + self.box.top - neck[1])
        turn_y = across * _HEAD_STEP + self.box.left - neck[0]
        self._yaw = floats(weight * near * _YAW * height)
        self._pitch = floats(weight * near * _PITCH * height)
        self._roll = floats(np.stack([turn_x, turn_y], -1) * (weight * _ROLL_RADIANS)[..., None])

    def sway(self, shown: Planes, target: Planes, *, yaw: float, pitch: float, roll: float) -> None:
        """Draw the head's part of a picture, moved."""
        field = roll * self._roll
        field[..., 0] += yaw * self._yaw
        field[..., 1] += pitch * self._pitch
        layer = Layer(
            corner=(float(self.box.left), float(self.box.top)),
            step=float(_HEAD_STEP),
            fields=field[None],
        )
        sources = layer.sources(field, self.box)
        part = _part(target, self.box)
        part.y[:] = _fetched(shown.y, sources, cv2.INTER_CUBIC)
        sources = layer.sources(field, _half(self.box))
        part.u[:] = _fetched(shown.u, sources, cv2.INTER_LINEAR)
        part.v[:] = _fetched(shown.v, sources, cv2.INTER_LINEAR)


def _half(box: Raster) -> Raster:
    """Return a box of even sides in the chroma planes: left-sited, and between two rows."""
    left, top, width, height = box[:4]
    return Raster(left // 2, top // 2, width // 2, height // 2, pitch=2.0, lower=0.5)


def _of(plane: Picture, box: Raster) -> Picture:
    """Return a part of a plane or picture."""
    return plane[box.top : box.top + box.height, box.left : box.left + box.width]


def _part(planes: Planes, box: Raster) -> Planes:
    half = _half(box)
    return Planes(_of(planes.y, box), _of(planes.u, half), _of(planes.v, half))


def _planes(picture: Picture) -> Planes:
    return to_planes(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), np.uint8))


def _warped(picture: Picture, layer: Layer, field: Field, box: Raster) -> Picture:
    """Return a box of the picture, each pixel fetched from where it was before it moved."""
    return _fetched(picture, layer.sources(field, box), cv2.INTER_CUBIC)


def _fetched(plane: Picture, sources: Field, way: int) -> Picture:
    # Both coordinates in one map: two that are slices of one take twice the time. (The stub
    # wants a second one.)
    found = cv2.remap(  # type: ignore[call-overload]
        plane, sources, None, way, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found, np.uint8)


def _mixed(under: Picture, over: Picture, share: Mask) -> Picture:
    """Return `over` on `under` by a mask of 0 to 1."""
    return np.asarray(cv2.blendLinear(over, under, share, 1 - share), np.uint8)


def _above(line: Line, frame: Frame, box: Raster) -> Mask:
    """Return 1 above a line that goes on level to both sides, 0 below it, soft over a pixel."""
    units = frame.inward(line)
    far = 4.0
    around = [
        *([units[0, 0] - far, units[0, 1] - far], [units[0, 0] - far, units[0, 1]]),
        *units.tolist(),
        *([units[-1, 0] + far, units[-1, 1]], [units[-1, 0] + far, units[-1, 1] - far]),
    ]
    return _filled(frame.outward(floats(around)), box)


def _filled(polygon: Line, box: Raster) -> Mask:
    mask = np.zeros((box.height, box.width), np.uint8)
    points = (polygon - floats([box.left, box.top])) * (1 << _SHIFT_BITS)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT_BITS)
    soft = cv2.GaussianBlur(mask, (0, 0), 0.7)
    return floats(soft) / floats(255)


def _heights(line: Line, box: Raster) -> Line:
    """Return how far down a line is at each column of a box."""
    columns = np.arange(box.left, box.left + box.width)
    return floats(np.interp(columns, line[:, 0], line[:, 1]))[None]


def _box(frame: Frame, reach: tuple[float, float, float, float], picture: Picture) -> Raster:
    left, right, top, bottom = reach
    corners = frame.outward(floats([[left, top], [right, top], [left, bottom], [right, bottom]]))
    return _clipped(corners.min(axis=0), corners.max(axis=0), picture)


def _clipped(low: Line, high: Line, picture: Picture) -> Raster:
    height, width = picture.shape[:2]
    left, top = (max(0, 2 * int(np.floor(each / 2))) for each in low)
    right = min(width, 2 * int(np.ceil(high[0] / 2)))
    bottom = min(height, 2 * int(np.ceil(high[1] / 2)))
    return Raster(left, top, right - left, bottom - top)


def _colour(picture: Picture, points: Line) -> npt.NDArray[np.float32]:
    """Return the usual colour at some points."""
    height, width = picture.shape[:2]
    x = np.clip(np.round(points[:, 0]).astype(int), 0, width - 1)
    y = np.clip(np.round(points[:, 1]).astype(int), 0, height - 1)
    return floats(np.median(picture[y, x], axis=0))
