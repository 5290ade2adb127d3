"""How much work a film is: a rough figure, for saying beforehand how long a render takes.

In pixels: one pixel of the canvas that is encoded is 1, and what must be drawn anew on a frame
comes on top, by the share of the canvas that it covers. What stands still is drawn once, and is
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from telecine.media.timeline.model import Clip, Image, Layout, Timeline, Video

#: Measured against the encoder: decoding and scaling a video, moving a picture, a filter on it.
_VIDEO: Final = 1.2
_MOVING: Final = 0.6
_FILTER: Final = 0.3
#: What is drawn to its own size, such as text, covers about so much.
_SMALL: Final = 0.15


def effort(timeline: Timeline) -> float:
    """Return the work of the whole film."""
    pixels = timeline.width * timeline.height
    clips = [clip for track in timeline.tracks for clip in track.clips]
    drawn = sum(_drawn(clip, timeline, pixels) for clip in _each(clips))
    return pixels * (timeline.duration_frames + drawn)


def _each(clips: Iterable[Clip]) -> Iterable[Clip]:
    for clip in clips:
        if isinstance(clip.content, Layout):
            yield from _each(clip.content.children)
        yield clip


def _drawn(clip: Clip, timeline: Timeline, pixels: int) -> float:
    """Return over how many whole canvases a clip is drawn."""
    frames = min(clip.end_frame, timeline.duration_frames) - clip.start_frame
    if clip.content is None or isinstance(clip.content, Layout) or frames <= 0:
        return 0.0
    is_moving = bool(clip.curves or clip.view or clip.animations)
    weight = _VIDEO if isinstance(clip.content, Video) else _MOVING * is_moving
    if weight:
        weight += _FILTER * len(clip.style.filters)
    return weight * frames * _coverage(clip, pixels)


def _coverage(clip: Clip, pixels: int) -> float:
    width, height = clip.placement.width, clip.placement.height
    if width is not None and height is not None:
        return min(1.0, width * height / pixels)
    return 1.0 if isinstance(clip.content, Image | Video) else _SMALL
