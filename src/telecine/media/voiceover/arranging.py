"""Where a voiceover's picture lies on its canvas, and how near it is seen: geometry, nothing else.

A picture of the canvas's shape fills it and is pushed in on, about its faces, none of which is
ever cut. A photograph that is wider goes from edge to edge on a ground, and what does not find room is
passed by. Every other one, and one that is too small for that, lies whole on a ground and comes a
little nearer. Drawn pictures lose no edge, whatever their shape is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from telecine.media.seeing import caption_styles
from telecine.media.seeing.model import Box
from telecine.media.voiceover.studying import Study

Mode = Literal["auto", "still", "kenburns", "audiogram", "talking"]

#: A photograph may lose that share of a side to fill the canvas; one of people, more around them.
_MOST_CUT: Final = 0.1
_MOST_CUT_AROUND_FACES: Final = 0.45
#: From edge to edge, the camera goes along a photograph of nobody: so much of it is beside the canvas.
_MOST_BESIDE: Final = 0.2
#: No picture is enlarged more than that: a tiny logo stays small, and sharp.
_MOST_ENLARGED: Final = 3.0
#: How near a picture is seen at first and at last, where it fills the canvas and where it lies.
_PUSH: Final = (1.04, 1.09)
_FLOAT: Final = (1.0, 1.045)
_TRAVEL: Final = (1.06, 1.18)
_STILL: Final = (1.0, 1.0)
#: A strip of ground above a picture that goes from edge to edge of a tall canvas is a fault, no frame.
_LEAST_ABOVE: Final = 0.06
#: A way lasts that long at the most; then it goes back.
WAY_SECONDS: Final = 20.0
#: Around a face, hair and chin: shares of the face's box.
_HAIR: Final = 0.55
_ROUND: Final = 0.2
#: What is below where two lines of captions begin, in shares of the height: by the canvas's shape.
_ABOVE_CAPTIONS: Final = MappingProxyType({"tall": 0.37, "square": 0.31, "wide": 0.29})
#: Of a picture of nobody, what matters is a little above the middle.
_MIDDLE: Final = (0.5, 0.47)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A rectangle of the canvas, by its middle; px from the canvas's upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a picture is seen at an instant: so many times its size, its middle moved by px."""

    scale: float
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """The picture's own area at scale 1, and the looks that it goes between.

    `is_full`: it covers the canvas, else it lies on a ground. `wave` is where the sound shows.
    """

    area: Area
    looks: tuple[Look, Look]
    is_full: bool
    wave: Area | None

    @property
    def is_moving(self) -> bool:
        """Say whether the two looks differ."""
        return self.looks[0] != self.looks[1]


def arrange(
    study: Study, *, canvas: tuple[int, int], mode: Mode, has_captions: bool
) -> Arrangement:
    """Return where everything is on a canvas of that size."""
    width, height = canvas
    faces = [_head(face.box) for face in study.faces or ()]
    if mode == "audiogram":
        return _beside(study, canvas, faces, has_captions=has_captions)
    wave = _wave(canvas) if mode == "auto" else None
    scale = max(width / study.width, height / study.height)
    cover = study.width * scale, study.height * scale
    lost = 1 - min(width / cover[0], height / cover[1])
    most = 1.0 if mode == "kenburns" else _MOST_CUT_AROUND_FACES if faces else _MOST_CUT
    if not study.is_whole and lost <= most and _enlarged(study, scale) <= _MOST_ENLARGED + 1e-6:
        window = (width / cover[0], height / cover[1])
        if (looks := _looks(mode, faces, window=window, cover=cover)) is not None:
            area = Area(x=width / 2, y=height / 2, width=cover[0], height=cover[1])
            return Arrangement(area=area, looks=looks, is_full=True, wave=wave)
    room = _room(canvas, mode=mode, wave=wave, has_captions=has_captions)
    area, looks = _on_ground(study, canvas, faces, mode, room=room)
    return Arrangement(area=area, looks=looks, is_full=False, wave=wave)


def legs(seconds: float) -> int:
    """Return how many ways a film of that length has room for."""
    return max(1, round(seconds / WAY_SECONDS))


def _looks(
    mode: Mode, faces: Sequence[Box], *, window: tuple[float, float], cover: tuple[float, float]
) -> tuple[Look, Look] | None:
    """Return the looks of a picture that covers the canvas; None: a face would be cut.

    `window` is what is seen of the picture at scale 1, in shares of its sides.
    """
    nearest = {"auto": _PUSH, "kenburns": _TRAVEL}.get(mode, _STILL)
    whole = _together(faces)
    most = min(window[0] / whole.width, window[1] / whole.height) if whole else nearest[1]
    if most < 1:
        return None
    scales = min(nearest[0], most), min(nearest[1], most)
    if whole is None and mode == "kenburns":
        # Nobody is there: from one side to the other, along the longer way.
        drift = 0.5 - min(window) / 2 / scales[0]
        way = (drift, 0.0) if window[0] <= window[1] else (0.0, drift)
        middles = [
            (0.5 - 0.6 * way[0], 0.5 - 0.6 * way[1]),
            (0.5 + 0.6 * way[0], 0.5 + 0.6 * way[1]),
        ]
    else:
        middles = [_MIDDLE if whole is None else (whole.x, whole.y)] * 2
    first, last = (
        _look(middle, scale, whole, window=window, cover=cover)
        for middle, scale in zip(middles, scales, strict=True)
    )
    return first, last


def _look(
    middle: tuple[float, float],
    scale: float,
    whole: Box | None,
    *,
    window: tuple[float, float],
    cover: tuple[float, float],
) -> Look:
    """Return the look whose window is nearest to a middle, inside of the picture, about a box."""
    shifts = []
    for axis in (0, 1):
        half = window[axis] / scale / 2
        low, high = half, 1 - half
        if whole is not None:
            start = (whole.left, whole.top)[axis]
            end = start + (whole.width, whole.height)[axis]
            low, high = max(low, end - half), min(high, start + half)
        place = min(max(middle[axis], low), high) if low <= high else (low + high) / 2
        shifts.append((0.5 - place) * cover[axis] * scale)
    return Look(scale=scale, x=shifts[0], y=shifts[1])


def _room(canvas: tuple[int, int], *, mode: Mode, wave: Area | None, has_captions: bool) -> Area:
    """Return where there is room for a picture that lies on a ground, at its nearest."""
    width, height = canvas
    margin = 0.06 * min(canvas)
    below = height - wave.y + wave.height / 2 + 0.35 * margin if wave else margin
    if has_captions:
        below = max(below, height * _ABOVE_CAPTIONS[caption_styles.shape(*canvas)])
    tall = height - margin - below
    nearest = _lying_scales(mode)[1]
    return Area(
        x=width / 2,
        y=margin + tall / 2,
        width=(width - 2 * margin) / nearest,
        height=tall / nearest,
    )


def _lying_scales(mode: Mode) -> tuple[float, float]:
    return _FLOAT if mode in ("auto", "kenburns") else _STILL


def _on_ground(
    study: Study, canvas: tuple[int, int], faces: Sequence[Box], mode: Mode, *, room: Area
) -> tuple[Area, tuple[Look, Look]]:
    """Return where a picture lies that does not fill the canvas."""
    across = None if study.is_whole else _across(study, canvas, faces, mode, room=room)
    return across or _lying(study, mode, room=room)


def _lying(study: Study, mode: Mode, *, room: Area) -> tuple[Area, tuple[Look, Look]]:
    """Return where a picture lies whole on a ground, and how near it comes."""
    sides = _inside(study, room=(room.width, room.height))
    first, last = _lying_scales(mode)
    area = Area(x=room.x, y=room.y, width=sides[0], height=sides[1])
    return area, (Look(scale=first), Look(scale=last))


def _across(
    study: Study, canvas: tuple[int, int], faces: Sequence[Box], mode: Mode, *, room: Area
) -> tuple[Area, tuple[Look, Look]] | None:
    """Return where a photograph lies from edge to edge; None where it would not be larger so.

    What is beside the canvas is nothing that matters where there are faces, and comes by where
    there are none.
    """
    width = canvas[0]
    flat = study.height * width / study.width
    whole = _together(faces)
    first, last = _lying_scales(mode)
    if whole is not None:
        last = min(last, 1 / whole.width)
    most = _MOST_CUT_AROUND_FACES if whole else _MOST_BESIDE if last > first else 0.0
    if whole is not None:
        most = min(most, 1 - whole.width * last)
    beside = min(most, 1 - flat / room.height)
    cover = width / (1 - beside), flat / (1 - beside)
    if beside < 0 or _enlarged(study, cover[0] / study.width) > _MOST_ENLARGED:
        return None
    middles = (0.0, 1.0) if whole is None and beside else (0.5 if whole is None else whole.x,) * 2
    first_look, last_look = (
        _look((middle, 0.5), scale, whole, window=(1 - beside, 1.0), cover=cover)
        for middle, scale in zip(middles, (min(first, last), last), strict=True)
    )
    # It is not cut above and below, where it may grow; or below alone, from the top.
    looks = replace(first_look, y=0.0), replace(last_look, y=0.0)
    top = room.y - cover[1] * last / 2
    if caption_styles.shape(*canvas) != "tall" or top >= _LEAST_ABOVE * canvas[1]:
        return Area(x=width / 2, y=room.y, width=cover[0], height=cover[1]), looks
    area = Area(x=width / 2, y=cover[1] * looks[0].scale / 2, width=cover[0], height=cover[1])
    grown = cover[1] * (looks[1].scale - looks[0].scale) / 2
    return area, (looks[0], replace(looks[1], y=grown))


def _beside(
    study: Study, canvas: tuple[int, int], faces: Sequence[Box], *, has_captions: bool
) -> Arrangement:
    """Return the arrangement of an audiogram: the sound is as large as the picture."""
    width, height = canvas
    shape = caption_styles.shape(*canvas)
    low = 0.96 - _ABOVE_CAPTIONS[shape] if has_captions else 0.92
    if shape == "wide":
        middle = (low + 0.08) / 2 * height
        room = Area(x=0.25 * width, y=middle, width=0.36 * width, height=(low - 0.12) * height)
        wave = Area(x=0.71 * width, y=middle, width=0.44 * width, height=0.42 * height)
        area, looks = _lying(study, "audiogram", room=room)
    else:
        wave = Area(x=width / 2, y=(low - 0.09) * height, width=0.8 * width, height=0.16 * height)
        middle = (0.07 * height + wave.y - wave.height / 2 - 0.03 * height) / 2
        room = Area(x=width / 2, y=middle, width=0.8 * width, height=(low - 0.3) * height)
        area, looks = _on_ground(study, canvas, faces, "audiogram", room=room)
    return Arrangement(area=area, looks=looks, is_full=False, wave=wave)


def _inside(study: Study, *, room: tuple[float, float]) -> tuple[float, float]:
    scale = min(room[0] / study.width, room[1] / study.height)
    scale *= min(1.0, _MOST_ENLARGED / _enlarged(study, scale))
    return study.width * scale, study.height * scale


def _enlarged(study: Study, scale: float) -> float:
    """Return how many times its own size the picture that was sent has at a scale of the ready one."""
    return scale * study.width / study.sent_size[0]


def _wave(canvas: tuple[int, int]) -> Area:
    width, height = canvas
    short = min(canvas)
    tall = 0.062 * short if width >= height else 0.075 * short
    rise = (0.075 if caption_styles.shape(*canvas) == "tall" else 0.035) * height
    return Area(
        x=width / 2, y=height - rise - tall / 2, width=min(0.42 * short, 0.8 * width), height=tall
    )


def _head(face: Box) -> Box:
    """Return a face with hair and chin, inside of the picture."""
    left = max(0.0, face.left - _ROUND * face.width)
    right = min(1.0, face.left + (1 + _ROUND) * face.width)
    top = max(0.0, face.top - _HAIR * face.height)
    bottom = min(1.0, face.top + (1 + _ROUND) * face.height)
    return Box(left=left, top=top, width=max(1e-6, right - left), height=max(1e-6, bottom - top))


def _together(boxes: Sequence[Box]) -> Box | None:
    """Return the smallest box that all of these are in."""
    if not boxes:
        return None
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right = max(box.left + box.width for box in boxes)
    bottom = max(box.top + box.height for box in boxes)
    return Box(left=left, top=top, width=right - left, height=bottom - top)
