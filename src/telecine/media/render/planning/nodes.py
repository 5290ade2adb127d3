"""From poses to draws: a clip, or a layout with its children, on one frame of the canvas."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from msgspec.structs import replace
from typing_extensions import override

from telecine.media.render.display import IDENTITY, ClipBox, Draw, Mask, Matrix
from telecine.media.render.matrices import is_flat, multiplied, placed
from telecine.media.render.measure import Box, Size
from telecine.media.render.planning.layering import Part, Radii, Shown
from telecine.media.render.planning.motions import Motion
from telecine.media.render.planning.poses import Pose
from telecine.media.render.planning.spans import Clock, Span, Steps, joined
from telecine.media.timeline.model import CLEARING_MODES, BlendMode, Clip, Filter

#: Changes a pose further; a clip that gives way to the next one.
Change = Callable[[Pose], None]

#: What is less opaque changes no pixel of eight bits.
_UNSEEN: Final = 1 / 1024
#: How far a wipe reaches beyond the box on its other sides, for shadows: shares of the box.
_BEYOND: Final = 8.0
#: How far a soft edge is seen to both sides, in its softness: three sigmas.
_REACH: Final = 1.5


class Outer(msgspec.Struct, frozen=True, kw_only=True):
    """What everything in a layout, or on the canvas, has in common.

    `wiped_in` is the box on the canvas in which a clip's wipes count; None: in its own.
    """

    matrix: Matrix = IDENTITY
    opacity: float = 1.0
    blend: BlendMode = "source-over"
    filters: tuple[Filter, ...] = ()
    clips: tuple[ClipBox, ...] = ()
    masks: tuple[Mask, ...] = ()
    is_fixed: bool = True
    wiped_in: Box | None = None


class Node:
    """A clip whose layers are made. Frames are the clip's own.

    `origin` says where the anchor rests in the box or canvas around it, for a box of a size.
    """

    def __init__(
        self,
        clip: Clip,
        *,
        clock: Clock,
        motion: Motion,
        anchor: tuple[float, float],
        origin: Callable[[Size], tuple[float, float]],
    ) -> None:
        self.clip = clip
        self.clock = clock
        self._motion = motion
        self._anchor = anchor
        self._origin = origin
        self._is_fixed = not motion.moves_in_space()

    def size_at(self, frame: int) -> Size:
        """Return the size of the clip's box."""
        raise NotImplementedError

    def draws(self, frame: int, outer: Outer, change: Change | None = None) -> list[Draw]:
        """Return what is drawn, from the back to the front."""
        pose = self._motion.pose_at(self.clock.seconds(frame))
        if change is not None:
            change(pose)
        if pose.opacity < _UNSEEN and self.clip.style.blend not in CLEARING_MODES:
            return []
        matrix = multiplied(outer.matrix, self._matrix(pose, self.size_at(frame)))
        if is_flat(matrix):
            return []
        if outer.wiped_in is not None:
            outer = _wiped(pose, outer, outer.wiped_in)
        pose.masks = [_run(mask, self.size_at(frame), matrix) for mask in pose.masks]
        if self._is_fixed and outer.is_fixed and matrix[1] == matrix[2] == 0.0:
            # What never moves stands on whole pixels: its edges and letters stay sharp.
            a, b, c, d, e, f = matrix
            matrix = (a, b, c, d, math.floor(e + 0.5), math.floor(f + 0.5))
        return list(self._inside(frame, pose, matrix, outer))

    def matrix_at(self, frame: int) -> Matrix:
        """Return where a clip's box is on the canvas, without transitions to the next."""
        pose = self._motion.pose_at(self.clock.seconds(frame))
        return self._matrix(pose, self.size_at(frame))

    def moving(self) -> list[Span]:
        """Return the frames at which the draws are not those of the frame before."""
        return self.clock.spans(self._motion.moving())

    def _matrix(self, pose: Pose, size: Size) -> Matrix:
        x, y = self._origin(size)
        return placed(
            x + pose.x,
            y + pose.y,
            scale=(pose.scale_x, pose.scale_y),
            rotation=pose.rotation,
            skew=(pose.skew_x, pose.skew_y),
            pivot=(self._anchor[0] * size[0], self._anchor[1] * size[1]),
        )

    def _inside(self, frame: int, pose: Pose, matrix: Matrix, outer: Outer) -> Iterator[Draw]:
        raise NotImplementedError


class Leaf(Node):
    """A clip that has layers of its own."""

    def __init__(
        self,
        clip: Clip,
        *,
        clock: Clock,
        motion: Motion,
        anchor: tuple[float, float],
        origin: Callable[[Size], tuple[float, float]],
        shown: Shown,
    ) -> None:
        super().__init__(clip, clock=clock, motion=motion, anchor=anchor, origin=origin)
        self._shown = shown

    @override
    def size_at(self, frame: int) -> Size:
        return self._shown.size_at(frame)

    @override
    def moving(self) -> list[Span]:
        return joined([*super().moving(), *self._shown.moving()])

    @override
    def _inside(self, frame: int, pose: Pose, matrix: Matrix, outer: Outer) -> Iterator[Draw]:
        own = self.clip.style.blend
        parts = self._shown.parts_at(frame)
        if any(part.place is not None for part in parts):
            outer = _softly_cut(pose, outer, matrix, self.size_at(frame))
        opacity = outer.opacity * pose.opacity
        if opacity < 1.0 and len(parts) > 1 and _is_plain(outer, own):
            # Each of them half transparent would show what it hides of the others.
            veil = Mask(kind="veil", share=opacity, whose=parts[0].layer)
            outer, opacity = replace(outer, masks=(veil,)), 1.0
        for part in parts:
            is_whole = part.place is None
            yield Draw(
                layer=part.layer,
                matrix=matrix if part.place is None else multiplied(matrix, part.place),
                opacity=opacity * part.opacity,
                blend=outer.blend if own == "source-over" else own,
                filters=(*part.filters, *pose.filters, *outer.filters),
                masks=(*_corners(part), *(pose.masks if is_whole else ()), *outer.masks),
                source_seconds=part.seconds,
                sweep=pose.sweep if is_whole or part.seen else None,
                sweep_strength=pose.sweep_strength,
                clips=(
                    *outer.clips,
                    *_seen(part, matrix),
                    *(() if is_whole else _reveals(pose, matrix, self.size_at(frame))),
                ),
                tint=part.tint,
            )


class Branch(Node):
    """A layout: its children go where it goes."""

    def __init__(
        self,
        clip: Clip,
        *,
        clock: Clock,
        motion: Motion,
        anchor: tuple[float, float],
        origin: Callable[[Size], tuple[float, float]],
        size: Size,
        children: tuple[Node, ...],
        radii: Steps[Radii] | None,
    ) -> None:
        super().__init__(clip, clock=clock, motion=motion, anchor=anchor, origin=origin)
        self._size = size
        self._children = children
        self._radii = radii

    @override
    def size_at(self, frame: int) -> Size:
        return self._size

    @override
    def moving(self) -> list[Span]:
        spans = super().moving()
        for child in self._children:
            spans += child.moving()
        return joined([*spans, *(self._radii.spans() if self._radii else ())])

    @override
    def _inside(self, frame: int, pose: Pose, matrix: Matrix, outer: Outer) -> Iterator[Draw]:
        clips = (*outer.clips, *_reveals(pose, matrix, self._size))
        if self._radii is not None:
            width, height = self._size
            radii = self._radii.at(frame)
            clips += (ClipBox(matrix=matrix, width=width, height=height, radii=radii),)
        own = self.clip.style.blend
        inside = Outer(
            matrix=matrix,
            opacity=outer.opacity * pose.opacity,
            blend=outer.blend if own == "source-over" else own,
            filters=(*self._motion.standing_filters, *pose.filters, *outer.filters),
            clips=clips,
            masks=outer.masks,
            is_fixed=self._is_fixed and outer.is_fixed,
        )
        for child in self._children:
            yield from child.draws(frame, inside)


def _wiped(pose: Pose, outer: Outer, box: Box) -> Outer:
    """Take wipes from a clip's pose to all that is drawn of it."""
    size = (box[2] - box[0], box[3] - box[1])
    wipes = tuple(
        _run(replace(mask, box=box), size, IDENTITY) for mask in pose.masks if mask.kind == "wipe"
    )
    pose.masks = [mask for mask in pose.masks if mask.kind != "wipe"]
    return replace(outer, masks=(*outer.masks, *wipes), wiped_in=None)


def _softly_cut(pose: Pose, outer: Outer, matrix: Matrix, size: Size) -> Outer:
    """Take soft edges from a clip of several layers to all of them; one that leans has none.

    Boxes cut hard: a shadow would end where its picture fades.
    """
    a, b, c, d, e, f = matrix
    if b or c or min(a, d) <= 0:
        return outer
    box = (e, f, e + a * size[0], f + d * size[1])
    soft = tuple(replace(mask, box=box) for mask in pose.masks if mask.softness > 0)
    pose.masks = [mask for mask in pose.masks if mask.softness <= 0]
    return replace(outer, masks=(*outer.masks, *soft)) if soft else outer


def _run(mask: Mask, size: Size, matrix: Matrix) -> Mask:
    """Let a soft edge begin and end outside of the box: it must not be seen before its time."""
    if mask.softness <= 0:
        return mask
    a, b, c, d, _, _ = matrix
    width, height = size[0] * math.hypot(a, b), size[1] * math.hypot(c, d)
    if mask.kind == "iris":
        way = math.hypot(width, height) / 2
    else:
        way = width if mask.direction in ("left", "right") else height
    beyond = _REACH * mask.softness / max(way, 1.0)
    return replace(mask, share=mask.share * (1 + 2 * beyond) - beyond)


def _is_plain(outer: Outer, blend: BlendMode) -> bool:
    return blend == outer.blend == "source-over" and not outer.masks


def _corners(part: Part) -> tuple[Mask, ...]:
    is_round = part.seen is None and any(part.radii)
    return (Mask(kind="rounded", radii=part.radii),) if is_round else ()


def _seen(part: Part, matrix: Matrix) -> tuple[ClipBox, ...]:
    if part.seen is None:
        return ()
    left, top, width, height = part.seen
    corner = multiplied(matrix, (1.0, 0.0, 0.0, 1.0, left, top))
    return (ClipBox(matrix=corner, width=width, height=height, radii=part.radii),)


def _reveals(pose: Pose, matrix: Matrix, size: Size) -> tuple[ClipBox, ...]:
    """Return wipes and irises over a clip's box as boxes, for layers with boxes of their own."""
    found = []
    for mask in pose.masks:
        left, top, width, height = _iris(mask, size) if mask.kind == "iris" else _wipe(mask, size)
        radius = width / 2 if mask.kind == "iris" else 0.0
        found.append(
            ClipBox(
                matrix=multiplied(matrix, (1.0, 0.0, 0.0, 1.0, left, top)),
                width=width,
                height=height,
                radii=(radius, radius, radius, radius),
            )
        )
    return tuple(found)


def _iris(mask: Mask, size: Size) -> tuple[float, float, float, float]:
    radius = max(mask.share, 0.0) * math.hypot(*size) / 2
    return size[0] / 2 - radius, size[1] / 2 - radius, 2 * radius, 2 * radius


def _wipe(mask: Mask, size: Size) -> tuple[float, float, float, float]:
    width, height = size
    left, top = -_BEYOND * width, -_BEYOND * height
    right, bottom = width - left, height - top
    match mask.direction:
        case "right":
            right = mask.share * width
        case "left":
            left = (1 - mask.share) * width
        case "down":
            bottom = mask.share * height
        case "up":
            top = (1 - mask.share) * height
    return left, top, right - left, bottom - top
