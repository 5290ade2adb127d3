"""Which clips are seen when: tracks, paint order, and clips that follow one another by transition.

A clip's transition takes in the clip before it on the same track where that ends as this one
starts: it stays, holding its last frame, until the other is there. So it is where the two
overlap for no longer than the transition, if the one before will be hidden. A clip with an
exit of its own leaves by itself.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from telecine.media.render.matrices import inverted, mapped
from telecine.media.render.measure import Box, Measure
from telecine.media.render.planning import boxes, transitions
from telecine.media.render.planning.building import Builder
from telecine.media.render.planning.items import Item, Leaving
from telecine.media.render.planning.nodes import Node
from telecine.media.render.planning.transitions import Cover
from telecine.media.timeline.model import (
    Clip,
    Colour,
    Image,
    Paint,
    Rect,
    Timeline,
    Track,
    Transition,
    Video,
)

#: How many clips that end at about the same time are looked at.
_MOST_RIVALS: Final = 64
_NEARLY: Final = 0.5


class _Succession(msgspec.Struct, kw_only=True):
    """A clip to which another comes, and the frames that this takes."""

    before: int
    after: int
    transition: Transition
    frames: range


def items_of(timeline: Timeline, *, builder: Builder, measure: Measure) -> Iterator[Item]:
    """Yield everything that is drawn; what is never seen has no layers."""
    orders = {clip_id: place for place, clip_id in enumerate(timeline.paint_order)}
    for track in timeline.tracks:
        clips = [
            transitions.fitted(clip, frame_rate=timeline.frame_rate)
            for clip in track.clips
            if _is_seen(clip, track, timeline, builder)
        ]
        ways = {way.before: way for way in _successions(clips, timeline)}
        nodes = [
            builder.node(clip, scale=_scale(ways.get(index))) for index, clip in enumerate(clips)
        ]
        covers = {
            way.before: _cover(nodes[way.after], nodes[way.before], timeline, measure)
            for way in ways.values()
        }
        meetings = {
            before: way
            for before, way in ways.items()
            if covers[before] != "part" or clips[before].end_frame <= way.frames.start
        }
        going: dict[int, tuple[range, Box]] = {}
        coming: dict[int, tuple[range, Box]] = {}
        for before, way in meetings.items():
            if way.transition.kind == "wipe" and covers[before] != "all":
                box = _around(nodes[before], nodes[way.after], timeline)
                if box[0] < box[2] and box[1] < box[3]:
                    going[before] = coming[way.after] = (way.frames, box)
        for index, node in enumerate(nodes):
            clip = node.clip
            order = orders.get(clip.id, len(orders))
            start, end = max(clip.start_frame, 0), min(clip.end_frame, timeline.duration_frames)
            meeting = meetings.get(index)
            if meeting is not None:
                end = meeting.frames.start
                above = orders.get(clips[meeting.after].id, len(orders))
                yield Leaving(
                    node, order=min((order, 1), (above, 0)), frames=meeting.frames,
                    opacity=track.opacity, transition=meeting.transition,
                    canvas=(timeline.width, timeline.height), cover=covers[index],
                    wiped_in=going.get(index),
                )  # fmt: skip
            if start < end:
                yield Item(
                    node, order=(order, 1), frames=range(start, end), opacity=track.opacity,
                    wiped_in=coming.get(index),
                )  # fmt: skip


def _is_seen(clip: Clip, track: Track, timeline: Timeline, builder: Builder) -> bool:
    start, end = max(clip.start_frame, 0), min(clip.end_frame, timeline.duration_frames)
    if clip.content is None or start >= end or track.opacity <= 0:
        return False
    return builder.motion(clip).is_ever_seen()


def _scale(way: _Succession | None) -> float:
    return 1.0 if way is None else transitions.largest_scale_giving_way(way.transition)


def _successions(clips: Sequence[Clip], timeline: Timeline) -> Iterator[_Succession]:
    """Yield clips that end as, or while, one with a transition comes; each gives way once."""
    ends = sorted((clip.end_frame, index) for index, clip in enumerate(clips))
    taken: set[int] = set()
    for after in sorted(range(len(clips)), key=lambda index: clips[index].start_frame):
        clip, transition = clips[after], clips[after].transition_in
        if transition is None:
            continue
        start = clip.start_frame
        frames = math.ceil(transition.duration_seconds * timeline.frame_rate)
        found: int | None = None
        first = bisect_left(ends, (start, -1))
        for end, index in ends[first : first + _MOST_RIVALS]:
            before = clips[index]
            if end > start + frames:
                break
            if before.start_frame >= start or before.transition_out or index in taken:
                continue
            if found is None or before.start_frame >= clips[found].start_frame:
                found = index
        if found is not None:
            taken.add(found)
            until = min(start + frames, clip.end_frame, timeline.duration_frames)
            yield _Succession(
                before=found, after=after, transition=transition, frames=range(start, until)
            )


def _cover(above: Node, below: Node, timeline: Timeline, measure: Measure) -> Cover:
    """Return what a clip that is there hides of another, as far as that is on the canvas."""
    style = above.clip.style
    is_solid = style.opacity >= 1.0 and style.blend == "source-over"
    seen = _solid_box(above, measure)
    transition = above.clip.transition_in
    if not is_solid or any(style.corner_radii) or seen is None or transition is None:
        return "part"
    back = inverted(above.matrix_at(_there(above)))
    if back is None:
        return "part"
    left, top, right, bottom = _on_canvas(_bounds(below, below.clock.n_frames - 1), timeline)
    corners = [mapped(back, x, y) for x in (left, right) for y in (top, bottom)]
    is_within = all(
        seen[0] - _NEARLY <= x <= seen[0] + seen[2] + _NEARLY
        and seen[1] - _NEARLY <= y <= seen[1] + seen[3] + _NEARLY
        for x, y in corners
    )
    if not is_within:
        return "part"
    content = above.clip.content
    has_holes = isinstance(content, Image | Video) and boxes.may_have_holes(
        content, measure=measure
    )
    return "perhaps" if has_holes else "all"


def _solid_box(node: Node, measure: Measure) -> tuple[float, float, float, float] | None:
    """Return the part of a clip's box that it fills: left, top, width, height."""
    size = node.size_at(0)
    match node.clip.content:
        case Rect(paint=paint) if _is_opaque(paint):
            return 0.0, 0.0, *size
        case Video() | Image() as picture if not node.clip.view:
            style = node.clip.style
            natural = measure.natural_size(picture)
            return boxes.laid(natural, crop=style.crop, fit=style.fit, box=size).seen
        case _:
            return None


def _is_opaque(paint: Paint) -> bool:
    if isinstance(paint, Colour):
        return paint.alpha >= 1.0
    return all(stop.colour.alpha >= 1.0 for stop in paint.stops)


def _around(before: Node, after: Node, timeline: Timeline) -> Box:
    """Return the part of the canvas on which two clips are seen that follow one another."""
    one = _bounds(before, before.clock.n_frames - 1)
    other = _bounds(after, _there(after))
    lows = [min(sides) for sides in zip(one[:2], other[:2], strict=True)]
    highs = [max(sides) for sides in zip(one[2:], other[2:], strict=True)]
    return _on_canvas((lows[0], lows[1], highs[0], highs[1]), timeline)


def _there(node: Node) -> int:
    """Return a frame on which a clip has come."""
    transition = node.clip.transition_in
    seconds = 0.0 if transition is None else transition.duration_seconds
    return min(node.clock.frame(seconds) + 1, node.clock.n_frames - 1)


def _on_canvas(box: Box, timeline: Timeline) -> Box:
    left, right = (min(max(x, 0.0), float(timeline.width)) for x in (box[0], box[2]))
    top, bottom = (min(max(y, 0.0), float(timeline.height)) for y in (box[1], box[3]))
    return left, top, right, bottom


def _bounds(node: Node, frame: int) -> Box:
    """Return the upright box about a clip on a frame."""
    width, height = node.size_at(frame)
    matrix = node.matrix_at(frame)
    corners = [mapped(matrix, x, y) for x in (0.0, width) for y in (0.0, height)]
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return min(across), min(down), max(across), max(down)
