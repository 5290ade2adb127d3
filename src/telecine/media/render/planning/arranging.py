"""Layouts: where each child's box goes in a row or a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from telecine.media.render.measure import Size
from telecine.media.timeline.model import Layout


class Slot(NamedTuple):
    """A child's place in the layout's box, px."""

    left: float
    top: float


def inner_size(layout: Layout, size: Size) -> Size:
    """Return what the padding leaves of a layout."""
    top, right, bottom, left = layout.padding
    return max(size[0] - left - right, 1.0), max(size[1] - top - bottom, 1.0)


def hugging_size(layout: Layout, sizes: Sequence[Size]) -> Size:
    """Return the size of a layout that is just large enough for its children."""
    top, right, bottom, left = layout.padding
    gaps = layout.gap * max(len(sizes) - 1, 0)
    widths, heights = [size[0] for size in sizes] or [0.0], [size[1] for size in sizes] or [0.0]
    if layout.direction == "horizontal":
        inner = (sum(widths) + gaps, max(heights))
    else:
        inner = (max(widths), sum(heights) + gaps)
    return inner[0] + left + right, inner[1] + top + bottom


def arranged(layout: Layout, size: Size, sizes: Sequence[Size]) -> list[Slot]:
    """Return where children of these sizes go in a layout of that size; too many overflow."""
    along = 0 if layout.direction == "horizontal" else 1
    across = 1 - along
    inner = inner_size(layout, size)
    corner = (layout.padding[3], layout.padding[0])
    taken = sum(each[along] for each in sizes) + layout.gap * max(len(sizes) - 1, 0)
    place, gap = _spread(layout, inner[along] - taken, len(sizes))
    slots: list[Slot] = []
    for each in sizes:
        free = inner[across] - each[across]
        share = {"start": 0.0, "stretch": 0.0, "center": 0.5, "end": 1.0}[layout.align]
        where = (corner[along] + place, corner[across] + free * share)
        slots.append(Slot(*where) if along == 0 else Slot(where[1], where[0]))
        place += each[along] + gap
    return slots


def _spread(layout: Layout, free: float, count: int) -> tuple[float, float]:
    """Return where the first child begins, and the gap between any two."""
    match layout.justify:
        case "center":
            return free / 2, layout.gap
        case "end":
            return free, layout.gap
        case "space-between" if count > 1 and free > 0:
            return 0.0, layout.gap + free / (count - 1)
        case "space-around" if count > 0 and free > 0:
            return free / count / 2, layout.gap + free / count
        case _:
            return 0.0, layout.gap
