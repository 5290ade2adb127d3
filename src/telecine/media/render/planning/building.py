"""From clips to nodes: sizes asked for, layers made, layouts arranged, all before frame 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import msgspec
from msgspec.structs import replace

from telecine.media.render.measure import Measure, Size
from telecine.media.render.planning import arranging, boxes, looks, transitions
from telecine.media.render.planning.layering import ForClip, Layers, Radii
from telecine.media.render.planning.motions import Motion
from telecine.media.render.planning.nodes import Branch, Leaf, Node
from telecine.media.render.planning.shown import shown
from telecine.media.render.planning.spans import Clock, Steps
from telecine.media.timeline.model import (
    Captions,
    Circle,
    Clip,
    Code,
    Image,
    Layout,
    PathLine,
    Placement,
    Polygon,
    Rect,
)

_CENTRE = (0.5, 0.5)
#: What has a size of its own that no layout stretches.
_RIGID = (Circle, Code, PathLine, Polygon)

Origin = Callable[[Size], tuple[float, float]]


class _Site(msgspec.Struct, frozen=True, kw_only=True):
    """What is around a clip: the size it must fit, and how far that is enlarged."""

    around: Size
    scale: float
    is_canvas: bool = False


class Builder:
    """Makes nodes, and their layers as it goes."""

    def __init__(
        self, *, canvas: tuple[int, int], frame_rate: Fraction, layers: Layers, measure: Measure
    ) -> None:
        self._canvas = canvas
        self._frame_rate = frame_rate
        self._layers = layers
        self._measure = measure
        self._sizes: dict[tuple[object, ...], Size] = {}

    def motion(self, clip: Clip, *, blurs_on_canvas: bool = False) -> Motion:
        """Return how a clip moves."""
        return Motion(
            clip, duration_seconds=self._clock(clip).duration_seconds, canvas=self._canvas,
            blurs_on_canvas=blurs_on_canvas,
        )  # fmt: skip

    def node(self, clip: Clip, *, scale: float) -> Node:
        """Return a clip that stands on the canvas, enlarged up to `scale` times by others."""
        width, height = self._canvas
        site = _Site(around=(width, height), scale=scale, is_canvas=True)
        return self._node(clip, site, lambda _: (width / 2, height / 2))

    def _clock(self, clip: Clip) -> Clock:
        return Clock(frame_rate=self._frame_rate, n_frames=clip.end_frame - clip.start_frame)

    def _node(self, clip: Clip, site: _Site, origin: Origin) -> Node:
        if isinstance(clip.content, Layout):
            return self._branch(clip, clip.content, site, origin)
        return self._leaf(clip, site, origin)

    def _leaf(self, clip: Clip, site: _Site, origin: Origin) -> Leaf:
        assert clip.content is not None
        assert not isinstance(clip.content, Layout)
        motion = self.motion(clip)
        if site.is_canvas and self._blurs_an_edge(clip, motion):
            motion = self.motion(clip, blurs_on_canvas=True)
        inside = shown(
            clip.content,
            for_clip=self._for_clip(clip, motion, site),
            layers=self._layers,
            measure=self._measure,
        )
        anchor = clip.placement.anchor
        if isinstance(clip.content, Captions):
            origin = _caption_origin(clip.content, clip.placement, self._canvas)
            anchor = _CENTRE
        return Leaf(
            clip, clock=self._clock(clip), motion=motion, anchor=anchor, origin=origin, shown=inside
        )

    def _blurs_an_edge(self, clip: Clip, motion: Motion) -> bool:
        """Say whether a picture or a box that is blurred may reach an edge of the canvas."""
        if not isinstance(clip.content, Image | Rect):
            return False
        if not any(each.kind == "blur" for each in motion.standing_filters):
            return False
        place = clip.placement
        width, height = self._size(clip, self._canvas)
        size = (abs(place.scale[0]) * width, abs(place.scale[1]) * height)
        if motion.moves_in_space() or place.rotation or any(place.skew):
            return True
        starts = [
            whole / 2 + at - share * side
            for whole, at, share, side in zip(
                self._canvas, (place.x, place.y), place.anchor, size, strict=True
            )
        ]
        return any(
            start < 1 or start + side > whole - 1
            for start, side, whole in zip(starts, size, self._canvas, strict=True)
        )

    def _for_clip(self, clip: Clip, motion: Motion, site: _Site) -> ForClip:
        return ForClip(
            clip=clip,
            clock=self._clock(clip),
            scale=site.scale * motion.largest_scale(),
            around=site.around,
            ramps=looks.changing(clip, motion.ramps),
            standing_filters=motion.standing_filters,
        )

    def _branch(self, clip: Clip, layout: Layout, site: _Site, origin: Origin) -> Branch:
        motion = self.motion(clip)
        place = clip.placement
        inside = arranging.inner_size(
            layout, (place.width or site.around[0], place.height or site.around[1])
        )
        within = _Site(around=inside, scale=site.scale * motion.largest_scale())
        places: list[tuple[float, float]] = []
        children = self._children(clip, layout, within, places)
        sizes = [child.size_at(0) for child in children]
        hugging = arranging.hugging_size(layout, sizes)
        size = (place.width or hugging[0], place.height or hugging[1])
        for child, slot, own in zip(
            children, arranging.arranged(layout, size, sizes), sizes, strict=True
        ):
            across, down = child.clip.placement.anchor
            places.append((slot.left + across * own[0], slot.top + down * own[1]))
        return Branch(
            clip, clock=self._clock(clip), motion=motion, anchor=place.anchor, origin=origin,
            size=size, children=tuple(children), radii=self._radii(clip, layout, motion, site),
        )  # fmt: skip

    def _children(
        self, clip: Clip, layout: Layout, within: _Site, places: Sequence[tuple[float, float]]
    ) -> list[Node]:
        """Make the children. Where they rest is known once all have sizes: `places`, later."""
        listed = [
            transitions.fitted(
                replace(child, start_frame=clip.start_frame, end_frame=clip.end_frame),
                frame_rate=self._frame_rate,
            )
            for child in layout.children
            if child.content is not None
        ]
        if layout.align == "stretch":
            listed = self._stretched(listed, layout, clip.placement, within)
        return [
            self._node(child, within, _resting(places, index)) for index, child in enumerate(listed)
        ]

    def _stretched(
        self, children: list[Clip], layout: Layout, own: Placement, within: _Site
    ) -> list[Clip]:
        """Make children equally wide in a column, equally high in a row: as the layout is, or,
        where that is open, as the largest of those that are something by themselves."""
        across = 0 if layout.direction == "vertical" else 1
        side = within.around[across]
        if (own.width if across == 0 else own.height) is None:
            sizes = [
                self._size(child, within.around)[across]
                for child in children
                if _side(child, across) is not None or not isinstance(child.content, Rect)
            ]
            side = max(sizes, default=side)
        return [_with_side(child, across, side) for child in children]

    def _size(self, clip: Clip, around: Size) -> Size:
        """Return the size that a clip has by itself."""
        place = clip.placement
        # Contents and styles are the timeline's own and live as long; clips may be copies.
        key = (id(clip.content), id(clip.style), place.width, place.height, around)
        if key not in self._sizes:
            if isinstance(clip.content, Layout):
                size = self._layout_size(clip.content, place, around)
            else:
                assert clip.content is not None
                size = boxes.box_size(
                    clip.content, clip.style, sides=(place.width, place.height), around=around,
                    measure=self._measure,
                )  # fmt: skip
            self._sizes[key] = size
        return self._sizes[key]

    def _layout_size(self, layout: Layout, place: Placement, around: Size) -> Size:
        inside = arranging.inner_size(layout, (place.width or around[0], place.height or around[1]))
        children = [child for child in layout.children if child.content is not None]
        if layout.align == "stretch":
            children = self._stretched(children, layout, place, _Site(around=inside, scale=1.0))
        hugging = arranging.hugging_size(layout, [self._size(child, inside) for child in children])
        return place.width or hugging[0], place.height or hugging[1]

    def _radii(
        self, clip: Clip, layout: Layout, motion: Motion, site: _Site
    ) -> Steps[Radii] | None:
        if not layout.is_clipped:
            return None
        for_clip = self._for_clip(clip, motion, site)
        return Steps.of(
            lambda frame: for_clip.look_at(layout, frame).style.corner_radii, for_clip.spans()
        )


def _resting(places: Sequence[tuple[float, float]], index: int) -> Origin:
    return lambda _: places[index]


def _side(clip: Clip, across: int) -> float | None:
    return clip.placement.width if across == 0 else clip.placement.height


def _with_side(clip: Clip, across: int, side: float) -> Clip:
    if isinstance(clip.content, _RIGID) or _side(clip, across) is not None:
        return clip
    place = clip.placement
    return replace(
        clip, placement=replace(place, width=side) if across == 0 else replace(place, height=side)
    )


def _caption_origin(captions: Captions, place: Placement, canvas: tuple[int, int]) -> Origin:
    """Return where the centre of a page rests: in the clip's own box, or in the whole canvas."""
    width = place.width or captions.box_width or 0.8 * canvas[0]
    height = canvas[1] if place.height is None else place.height
    # A box of its own hangs on its anchor; without one, the canvas centre is the middle.
    across = 0.5 if place.width is None else place.anchor[0]
    down = 0.5 if place.height is None else place.anchor[1]
    x, y = canvas[0] / 2 + (0.5 - across) * width, canvas[1] / 2 + (0.5 - down) * height

    def origin(size: Size) -> tuple[float, float]:
        free = max(width - size[0], 0.0) / 2
        shift = {"left": -free, "center": 0.0, "right": free}[captions.align]
        edge = height / 2 - captions.padding - size[1] / 2
        return x + shift, y + {"bottom": edge, "center": 0.0, "top": -edge}[captions.position]

    return origin
