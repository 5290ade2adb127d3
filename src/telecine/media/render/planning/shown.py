"""What a clip shows, whatever it is: a sprite, a sprite for each look, a picture, captions."""

from __future__ import annotations

from msgspec.structs import replace

from telecine.media.render.measure import Measure, Size
from telecine.media.render.planning import boxes
from telecine.media.render.planning.captioned import CaptionPages
from telecine.media.render.planning.layering import ForClip, Layers, Part, Shown
from telecine.media.render.planning.looks import Look
from telecine.media.render.planning.pictured import Picture
from telecine.media.render.planning.sounded import SoundPicture
from telecine.media.render.planning.spans import Span, Steps
from telecine.media.timeline.model import (
    Captions,
    Colour,
    Content,
    Image,
    Rect,
    Text,
    Video,
    Waveform,
)


def shown(content: Content, *, for_clip: ForClip, layers: Layers, measure: Measure) -> Shown:
    """Make the layers of anything but a layout."""
    if isinstance(content, Captions):
        return CaptionPages(content, for_clip=for_clip, layers=layers, measure=measure)
    if isinstance(content, Video):
        return Picture(content, for_clip=for_clip, layers=layers, measure=measure, is_moving=True)
    if isinstance(content, Waveform):
        return SoundPicture(content, for_clip=for_clip, layers=layers, measure=measure)
    if isinstance(content, Image):
        is_moving = measure.is_animated(content.source)
        if is_moving or for_clip.spans() or for_clip.clip.view:
            return Picture(
                content, for_clip=for_clip, layers=layers, measure=measure, is_moving=is_moving
            )
    return _Drawn(content, for_clip=for_clip, layers=layers, measure=measure)


class _Drawn:
    """A sprite, or one for each look. A plain box of one colour is one, stretched."""

    def __init__(
        self, content: Content, *, for_clip: ForClip, layers: Layers, measure: Measure
    ) -> None:
        if isinstance(content, Text) and content.is_fitted:
            look = for_clip.look_at(content, 0)
            box = boxes.box_size(
                content, look.style, sides=look.sides, around=for_clip.around, measure=measure
            )
            content = boxes.fitted(content, box, measure=measure)
        states: dict[Look, tuple[tuple[Part, ...], Size]] = {}
        made: dict[tuple[object, ...], int] = {}

        sizes: dict[Look, Size] = {}

        def size_of(look: Look) -> Size:
            if isinstance(look.content, Text):  # as large as if all of it were painted
                look = look._replace(content=replace(look.content, n_seen=None))
            if look not in sizes:
                sizes[look] = boxes.box_size(
                    look.content, look.style,
                    sides=look.sides, around=for_clip.around, measure=measure,
                )  # fmt: skip
            return sizes[look]

        whole: Size | None = None
        if _is_plain(content, for_clip):
            largest = for_clip.look_at(content, 0)._replace(sides=_largest_sides(for_clip))
            whole = size_of(largest)

        def state_at(frame: int) -> tuple[tuple[Part, ...], Size]:
            look = for_clip.look_at(content, frame)
            if look not in states:
                size = size_of(look)
                key = (look.content, look.style, whole or size)
                if key not in made:
                    made[key] = layers.add(*key, for_clip=for_clip)
                states[look] = ((_stretched(made[key], size, whole),), size)
            return states[look]

        self._states = Steps.of(state_at, layers.allowed(for_clip.spans(), for_clip))

    def size_at(self, frame: int) -> Size:
        return self._states.at(frame)[1]

    def parts_at(self, frame: int) -> tuple[Part, ...]:
        return self._states.at(frame)[0]

    def moving(self) -> list[Span]:
        return list(self._states.spans())


def _stretched(layer: int, size: Size, whole: Size | None) -> Part:
    if whole is None:
        return Part(layer=layer)
    place = (size[0] / whole[0], 0.0, 0.0, size[1] / whole[1], 0.0, 0.0)
    return Part(layer=layer, place=place)


def _is_plain(content: Content, for_clip: ForClip) -> bool:
    style = for_clip.clip.style
    return (
        isinstance(content, Rect)
        and isinstance(content.paint, Colour)
        and set(for_clip.ramps) <= {"width", "height", "fill"}
        and not set(for_clip.ramps).isdisjoint({"width", "height"})
        and not any(style.corner_radii)
        and style.stroke is None
        and style.shadow is None
        and not for_clip.standing_filters
    )


def _largest_sides(for_clip: ForClip) -> boxes.Sides:
    place, seconds = for_clip.clip.placement, for_clip.clock.duration_seconds
    width, height = (
        ramp.reach(seconds) if (ramp := for_clip.ramps.get(name)) else side
        for name, side in (("width", place.width), ("height", place.height))
    )
    return width, height
