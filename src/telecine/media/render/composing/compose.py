"""Draws frames of a plan straight into planar YUV: no RGB picture, no conversion a frame.

What does not change is not drawn again: an equal frame is the same buffer, the draws at the
back that stay as they were are kept as a base picture, and what a full opaque picture hides
is left out. Filters, blend modes and light sweeps need RGB; they get it inside their own box.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace

from telecine.media.render.composing import effects, masks, picture
from telecine.media.render.composing.picture import Picture, Stamp
from telecine.media.render.display import (
    IDENTITY,
    Canvas,
    Draw,
    Frame,
    Layer,
    blocks,
    edge_of,
    filters_of,
)
from telecine.media.render.planes import FrameSource, Planes, Sprite
from telecine.media.timeline.model import CLEARING_MODES, Colour, Rect, Style

#: Frames after which a source that is not drawn any more is closed.
_IDLE_FRAMES: Final = 30
#: How much of sprites and their halves may be kept that the present frame does not show.
_KEPT_BYTES: Final = 48 * 2**20


class _Layer(msgspec.Struct, kw_only=True):
    """A layer's pixels, kept between frames."""

    shown: Picture
    planes: Planes | None
    used: int
    bytes: int
    #: The last stamp and what it was made of: a picture that stays in place is not warped again.
    stamp_key: tuple[object, ...] | None = None
    stamp: Stamp = (None, None)


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    """One draw with the picture that it shows at this moment."""

    draw: Draw
    shown: Picture

    def is_like(self, other: _Item) -> bool:
        """Say whether both draw the same pixels: instants of the source do not matter."""
        if self.shown is not other.shown:
            return False
        mine, its = self.draw, other.draw
        return mine is its or _looks(mine) == _looks(its)

    def uncut(self) -> _Item:
        """Return it without the edge on the canvas."""
        return replace(self, draw=replace(self.draw, masks=self.draw.masks[:-1]))


def _looks(draw: Draw) -> tuple[object, ...]:
    return (
        *(draw.layer, draw.matrix, draw.opacity, draw.blend, draw.filters, draw.masks),
        *(draw.sweep, draw.sweep_strength, draw.clips, draw.tint),
    )


class Composer:
    """Draws the frames of one canvas. For one thread; frames may come in any order.

    `sprite` and `source` are asked once for each layer, when it is first drawn. A returned
    picture stays as it is until `ring` - 1 others have been returned.
    """

    def __init__(
        self,
        canvas: Canvas,
        layers: Sequence[Layer],
        *,
        sprite: Callable[[Layer], Sprite],
        source: Callable[[Layer], FrameSource],
        ring: int = 8,
    ) -> None:
        self._size = (canvas.width, canvas.height)
        self._layers = layers
        self._sprite = sprite
        self._source = source
        self._ring: list[Planes] = [self._blank() for _ in range(ring)]
        self._next = 0
        self._frames = 0
        self._cache: dict[int, _Layer] = {}
        self._sources: dict[int, tuple[FrameSource, int]] = {}
        self._ground = self._background(canvas)
        self._base = self._blank()
        self._base_items: list[_Item] = []
        #: Where what an edge cuts is drawn, upon what lies below it; made when first wanted.
        self._aside: tuple[Planes, Planes] | None = None
        self._items: list[_Item] | None = None
        self._frame: Frame | None = None
        self._current = self._ring[-1]

    def compose(self, frame: Frame) -> Planes:
        """Draw a frame, or return the last picture again where nothing has changed."""
        self._frames += 1
        if frame is self._frame:
            return self._current
        items = self._visible(frame)
        self._frame = frame
        before, self._items = self._items, items
        same = 0 if before is None else _same(before, items)
        if before is not None and same == len(items) == len(before):
            return self._current
        self._current = self._ring[self._next]
        self._next = (self._next + 1) % len(self._ring)
        self._draw(items, _uncut_below(items, same))
        self._let_go()
        return self._current

    def close(self) -> None:
        """Close the sources."""
        for source, _ in self._sources.values():
            source.close()
        self._sources.clear()
        self._cache.clear()

    def _blank(self) -> Planes:
        width, height = self._size
        half = ((height + 1) // 2, (width + 1) // 2)
        return Planes(
            np.full((height, width), 16, np.uint8),
            np.full(half, 128, np.uint8),
            np.full(half, 128, np.uint8),
        )

    def _background(self, canvas: Canvas) -> Planes:
        """Draw what lies below everything; the canvas itself is black."""
        ground = self._blank()
        paint = canvas.background
        if isinstance(paint, Colour) and paint.alpha >= 1.0:
            for plane, value in zip(ground[:3], effects.yuv_of(paint), strict=True):
                plane[:] = value
            return ground
        layer = Layer(
            index=-1,
            content=Rect(paint=paint),
            style=Style(),
            width=canvas.width,
            height=canvas.height,
            raster_scale=1.0,
            path="background",
        )
        whole = picture.of_sprite(self._sprite(layer))
        picture.lay(ground, whole.stamp(IDENTITY, width=canvas.width, height=canvas.height))
        return ground

    def _visible(self, frame: Frame) -> list[_Item]:
        """Return what is to be drawn, from the back, without what is hidden completely."""
        items: list[_Item] = []
        width, height = self._size
        for draw in reversed(frame.draws):
            if draw.opacity <= 0.0 and draw.blend not in CLEARING_MODES:
                continue
            shown = self._picture(draw)
            if shown is None:
                continue
            items.append(_Item(draw=draw, shown=shown))
            if (
                shown.is_opaque
                and _is_plain(draw, self._layers[draw.layer])
                and draw.opacity >= 1.0
                and shown.covers(draw.matrix, width=width, height=height)
            ):
                break
        items.reverse()
        return items

    def _picture(self, draw: Draw) -> Picture | None:
        layer = self._layers[draw.layer]
        if draw.source_seconds is None:
            return self._sprite_of(layer)
        source, _ = self._sources.get(layer.index) or (self._source(layer), 0)
        self._sources[layer.index] = (source, self._frames)
        planes = source.frame_at(draw.source_seconds)
        if planes is None:
            return None
        kept = self._cache.get(layer.index)
        if kept is None or kept.planes is not planes:
            kept = self._keep(layer, picture.of_frame(planes, layer), planes)
        kept.used = self._frames
        return kept.shown

    def _sprite_of(self, layer: Layer) -> Picture:
        kept = self._cache.get(layer.index)
        if kept is None:
            kept = self._keep(layer, picture.of_sprite(self._sprite(layer)), None)
        kept.used = self._frames
        return kept.shown

    def _keep(self, layer: Layer, shown: Picture, planes: Planes | None) -> _Layer:
        size = 0 if planes else shown.planes.y.nbytes * 8  # halves, interleaved, the stamp
        kept = _Layer(shown=shown, planes=planes, used=self._frames, bytes=size)
        self._cache[layer.index] = kept
        return kept

    def _draw(self, items: list[_Item], same: int) -> None:
        """Draw items into the current buffer; the first `same` were there before, too."""
        kept = len(self._base_items)
        if min(_same(self._base_items, items), _uncut_below(items, kept)) < kept:
            kept = 0
        if same > kept:
            if kept == 0:
                _copy(self._ground, self._base)
            self._draw_items(items[kept:same], self._base)
            self._base_items = items[:same]
            kept = same
        elif kept == 0:
            self._base_items = []
        if kept or not items or not self._hides_all(items[0]):
            _copy(self._base if kept else self._ground, self._current)
        self._draw_items(items[kept:], self._current)

    def _hides_all(self, item: _Item) -> bool:
        """Say whether this is written over every pixel of what was in the buffer."""
        layer = self._layers[item.draw.layer]
        if not (item.shown.is_opaque and item.draw.opacity >= 1.0 and _is_plain(item.draw, layer)):
            return False
        luma, chroma = self._stamp(item)
        width, height = self._size
        return (
            luma is not None
            and chroma is not None
            and luma.alpha is chroma.alpha is None
            and luma.rect.size == (width, height)
            and chroma.rect.size == ((width + 1) // 2, (height + 1) // 2)
        )

    def _draw_items(self, items: Sequence[_Item], target: Planes) -> None:
        for block in blocks([item.draw for item in items]):
            first = block[0]
            if len(block) == len(first) == 1:
                self._draw_item(items[first.start], target)
            else:
                self._draw_cut([items[group.start : group.stop] for group in block], target)

    def _draw_cut(self, groups: Sequence[Sequence[_Item]], target: Planes) -> None:
        """Draw one or two groups upon what lies below, and let as much of them be seen as an edge
        says."""
        below, aside = self._aside = self._aside or (self._blank(), self._blank())
        _copy(target, below)
        for group in groups:
            if len(group) == 1 and self._is_opaque_but_cut(group[0]):
                picture.swap(target, below, self._stamp(group[0]))
                continue
            edge = edge_of(group[0].draw)
            assert edge is not None
            _copy(below, aside)
            for item in group:
                self._draw_item(item.uncut(), aside)
            shapes = [masks.shape_of_edge(edge)]
            picture.swap(target, below, masks.seen(picture.whole(aside), shapes))

    def _is_opaque_but_cut(self, item: _Item) -> bool:
        """Say whether a stamp does all that a draw asks for."""
        draw = item.draw
        return draw.opacity >= 1.0 and _is_laid(draw, self._layers[draw.layer])

    def _draw_item(self, item: _Item, target: Planes) -> None:
        draw = item.draw
        layer = self._layers[draw.layer]
        if _is_laid(draw, layer):
            picture.lay(target, self._stamp(item), opacity=draw.opacity)
            return
        filters = filters_of(draw, layer)
        width, height = self._size
        margin = effects.margin(draw, filters)
        stamp = item.shown.stamp(draw.matrix, width=width, height=height, margin=margin)
        stamp = masks.seen(stamp, masks.corners_of(draw, layer))
        effects.apply(target, stamp, draw=draw, layer=layer, filters=filters)

    def _stamp(self, item: _Item) -> Stamp:
        draw, shown = item.draw, item.shown
        kept = self._cache[draw.layer]
        key = (shown, draw.matrix, draw.masks, draw.clips)
        if kept.stamp_key != key:
            width, height = self._size
            stamp = shown.stamp(draw.matrix, width=width, height=height)
            layer = self._layers[draw.layer]
            shapes = [*masks.corners_of(draw, layer), *masks.limits_of(draw, layer)]
            kept.stamp_key, kept.stamp = key, masks.seen(stamp, shapes) if shapes else stamp
        return kept.stamp

    def _let_go(self) -> None:
        """Close sources that are over and drop the sprites that were not used for longest."""
        limit = self._frames - _IDLE_FRAMES
        for index in [index for index, (_, used) in self._sources.items() if used < limit]:
            self._sources.pop(index)[0].close()
            self._cache.pop(index, None)
        idle = [(kept.used, index) for index, kept in self._cache.items() if kept.used < limit]
        excess = sum(kept.bytes for kept in self._cache.values()) - _KEPT_BYTES if idle else 0
        for _, index in sorted(idle):
            if excess <= 0:
                break
            excess -= self._cache.pop(index).bytes


def _is_laid(draw: Draw, layer: Layer) -> bool:
    """Say whether a draw is nothing but its pixels, as far as they are seen, at a place."""
    is_effect = draw.blend != "source-over" or draw.sweep is not None or draw.tint is not None
    return not (is_effect or filters_of(draw, layer))


def _is_plain(draw: Draw, layer: Layer) -> bool:
    """Say whether that is all of them."""
    return not (draw.masks or draw.clips) and _is_laid(draw, layer)


def _same(before: list[_Item], now: list[_Item]) -> int:
    """Return how many items at the back are alike."""
    count = 0
    for old, new in zip(before, now, strict=False):
        if not old.is_like(new):
            break
        count += 1
    return count


def _uncut_below(items: Sequence[_Item], count: int) -> int:
    """Return how many of the first `count` items end with a block: none is drawn in parts."""
    end = 0
    for block in blocks([item.draw for item in items]):
        if block[-1].stop > count:
            break
        end = block[-1].stop
    return end


def _copy(source: Planes, target: Planes) -> None:
    for old, new in ((source.y, target.y), (source.u, target.u), (source.v, target.v)):
        np.copyto(new, old)
