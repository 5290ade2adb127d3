"""From a timeline to what is drawn where on every frame: layers, and a list of draws a frame.

All that is asked of text, pictures and sounds is asked once, in `plan`; a frame is arithmetic.
What does not change from one frame to the next is the same object, so engines need not compare.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain

from telecine.media.render.display import Canvas, Draw, Frame, Layer
from telecine.media.render.measure import Measure
from telecine.media.render.planning.building import Builder
from telecine.media.render.planning.items import Item
from telecine.media.render.planning.layering import Layers
from telecine.media.render.planning.succession import items_of
from telecine.media.timeline.model import Timeline

_NOTHING = Frame(draws=())


class Plan:
    """The layers of a timeline, and every frame of it. Any number of threads may ask."""

    def __init__(
        self, canvas: Canvas, *, n_frames: int, layers: Layers, items: Sequence[Item]
    ) -> None:
        self.canvas = canvas
        self.n_frames = n_frames
        self.layers: tuple[Layer, ...] = tuple(layers.made)
        self._visible = _Visible(items)
        #: The last frame, the frames that are known to be alike, and the draws of each item.
        self._last: tuple[range, Frame, list[tuple[Draw, ...]]] = (range(0), _NOTHING, [])

    def frame(self, n: int) -> Frame:
        """Return what is drawn on frame `n`: the same object as before where that was alike."""
        if not 0 <= n < self.n_frames:
            raise IndexError(f"Frame {n} of {self.n_frames}.")
        alike, frame, before = self._last
        if n in alike:
            return frame
        items, span = self._visible.at(n)
        first, end = span.start, span.stop
        draws = []
        for item in items:
            found, alike = item.draws(n)
            first, end = max(first, alike.start), min(end, alike.stop)
            if found:
                draws.append(found)
        is_same = len(draws) == len(before) and all(map(_is, draws, before))
        if not is_same:
            frame = Frame(draws=tuple(chain.from_iterable(draws))) if draws else _NOTHING
        self._last = (range(first, end), frame, draws)
        return frame


def _is(one: object, other: object) -> bool:
    return one is other


class _Visible:
    """Which items are visible on a frame, in time that grows with those, not with all.

    A segment tree over the frames at which an item comes or goes: an item stands at the few
    nodes that make up its time, a frame looks at the nodes above it.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = sorted(items, key=lambda item: item.order)
        borders = sorted({n for item in items for n in (item.frames.start, item.frames.stop)})
        self._borders = borders
        self._size = max(len(borders), 1)
        self._nodes: list[list[int]] = [[] for _ in range(2 * self._size)]
        places = {border: place for place, border in enumerate(borders)}
        for index, item in enumerate(self._items):
            self._stand(index, places[item.frames.start], places[item.frames.stop])
        self._last: tuple[range, list[Item]] = (range(0), [])

    def at(self, n: int) -> tuple[list[Item], range]:
        """Return the items from the back to the front, and the frames with just these."""
        span, items = self._last
        if n not in span:
            span, items = self._find(n)
            self._last = (span, items)
        return items, span

    def _stand(self, index: int, first: int, end: int) -> None:
        low, high = first + self._size, end + self._size
        while low < high:
            if low & 1:
                self._nodes[low].append(index)
                low += 1
            if high & 1:
                high -= 1
                self._nodes[high].append(index)
            low, high = low >> 1, high >> 1

    def _find(self, n: int) -> tuple[range, list[Item]]:
        place = bisect_right(self._borders, n) - 1
        end = self._borders[place + 1] if place + 1 < len(self._borders) else n + 1
        if place < 0:
            return range(n, end), []
        found: list[int] = []
        node = place + self._size
        while node:
            found += self._nodes[node]
            node >>= 1
        return range(self._borders[place], end), [self._items[index] for index in sorted(found)]


def plan(timeline: Timeline, *, measure: Measure) -> Plan:
    """Work out a timeline. Raises `MediaError`s of `measure`, which name the JSON path."""
    layers = Layers()
    builder = Builder(
        canvas=(timeline.width, timeline.height),
        frame_rate=timeline.frame_rate,
        layers=layers,
        measure=measure,
    )
    return Plan(
        Canvas(
            width=timeline.width,
            height=timeline.height,
            frame_rate=timeline.frame_rate,
            background=timeline.background,
        ),
        n_frames=timeline.duration_frames,
        layers=layers,
        items=list(items_of(timeline, builder=builder, measure=measure)),
    )
