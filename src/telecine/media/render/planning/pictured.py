"""Pictures whose pixels move, or whose box does: corners, shadow and stroke are apart from them.

They become boxes that cut, and layers below and above; a picture whose box changes is drawn
whole, and cut by the box.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import msgspec
from msgspec.structs import replace

from telecine.media.render.display import IDENTITY
from telecine.media.render.matrices import multiplied
from telecine.media.render.measure import Measure, Size
from telecine.media.render.planning import boxes
from telecine.media.render.planning.layering import SQUARE, ForClip, Layers, Part, Radii
from telecine.media.render.planning.playing import Playback, playback
from telecine.media.render.planning.ramps import ramps_of
from telecine.media.render.planning.spans import Span, Steps, joined
from telecine.media.timeline.model import (
    Colour,
    Crop,
    Filter,
    Image,
    Rect,
    Shadow,
    Stroke,
    Style,
    Video,
)

_CLEAR: Final = Colour(red=0, green=0, blue=0, alpha=0)


class _Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Where a picture lies, and the layers below and above it."""

    size: Size
    laid: boxes.Laid
    radii: Radii
    shadow: Part | None
    stroke: Part | None


class _View:
    """What of a picture is seen through its box, which stays as it is."""

    def __init__(self, for_clip: ForClip) -> None:
        self._clock = for_clip.clock
        self._ramps = ramps_of(for_clip.clip.view)

    def of(self, part: Part, size: Size, frame: int) -> Part:
        """Return the part that is the picture, moved, and cut by a box of that size."""
        if not self._ramps:
            return part
        seconds = self._clock.seconds(frame)
        across, down, x, y = (
            ramp.number_at(seconds) if (ramp := self._ramps.get(name)) else at_rest
            for name, at_rest in (("scale.x", 1.0), ("scale.y", 1.0), ("x", 0.0), ("y", 0.0))
        )
        left, top = (1.0 - across) * size[0] / 2 + x, (1.0 - down) * size[1] / 2 + y
        place = multiplied((across, 0.0, 0.0, down, left, top), part.place or IDENTITY)
        return replace(part, place=place, seen=(0.0, 0.0, *size))

    def largest_scale(self) -> float:
        """Return how many times its size the picture ever is; at least as large as it is."""
        seconds = self._clock.duration_seconds
        sides = [ramp.reach(seconds) for name, ramp in self._ramps.items() if "scale" in name]
        return max([1.0, *sides])

    def moving(self) -> list[Span]:
        """Return the frames on which it moves."""
        return self._clock.spans(
            interval for ramp in self._ramps.values() for interval in ramp.moving()
        )


class Picture:
    """A picture that moves, or whose box does: one layer for it, others around it."""

    def __init__(
        self,
        content: Video | Image,
        *,
        for_clip: ForClip,
        layers: Layers,
        measure: Measure,
        is_moving: bool,
    ) -> None:
        self._content = content
        self._for_clip = for_clip
        self._layers = layers
        self._measure = measure
        self._natural = measure.natural_size(content)
        self._around: dict[tuple[object, ...], int] = {}
        self._view = _View(for_clip)
        spans = for_clip.spans()
        #: The shadow is that of its shape, where that may be no box.
        self._shadow_of_shape: Shadow | None = None
        if not spans and not for_clip.clip.view and boxes.may_have_holes(content, measure=measure):
            self._shadow_of_shape = for_clip.clip.style.shadow
        self._playback: Playback | None = None
        if is_moving:
            duration = measure.duration_seconds(content.source)
            self._playback = playback(content, duration=duration, clock=for_clip.clock)
        self._frames = Steps.of(self._frame_at, layers.allowed(spans, for_clip))
        style = for_clip.look_at(content, 0).style
        style = replace(style, corner_radii=SQUARE, shadow=None, stroke=None)
        if not spans:
            self._whole: Size | None = None
            size = self._frames.at(0).size
        else:
            self._whole = size = self._largest()
            style = replace(style, crop=Crop(), fit="fill")
        nearer = replace(for_clip, scale=for_clip.scale * self._view.largest_scale())
        self._layer = layers.add(content, style, size, for_clip=nearer, is_moving=is_moving)

    def size_at(self, frame: int) -> Size:
        return self._frames.at(frame).size

    def parts_at(self, frame: int) -> tuple[Part, ...]:
        seconds = None
        if self._playback is not None:
            seconds = self._playback.seconds_at(frame)
            if seconds is None:
                return ()
        state = self._frames.at(frame)
        main = self._view.of(self._main(state, seconds), state.size, frame)
        parts = (self._cast(main) or state.shadow, main, state.stroke)
        return tuple(part for part in parts if part is not None)

    def moving(self) -> list[Span]:
        spans = [*self._frames.spans(), *self._view.moving()]
        return joined(spans + (self._playback.moving() if self._playback else []))

    def _cast(self, main: Part) -> Part | None:
        """Return the shadow of a picture's shape."""
        shadow = self._shadow_of_shape
        if shadow is None:
            return None
        return replace(
            main, place=(1.0, 0.0, 0.0, 1.0, *shadow.offset), tint=shadow.colour,
            opacity=shadow.colour.alpha, filters=_blur(shadow),
        )  # fmt: skip

    def _main(self, state: _Frame, seconds: Fraction | None) -> Part:
        if self._whole is None:
            return Part(layer=self._layer, seconds=seconds, radii=state.radii)
        across, down = state.laid.scale
        width, height = self._whole
        place = (
            across * self._natural[0] / width, 0.0, 0.0, down * self._natural[1] / height,
            state.laid.left, state.laid.top,
        )  # fmt: skip
        # Round corners are the box's, not the picture's, which may be smaller.
        seen = (0.0, 0.0, *state.size) if any(state.radii) else state.laid.seen
        return Part(layer=self._layer, place=place, seconds=seconds, seen=seen, radii=state.radii)

    def _frame_at(self, frame: int) -> _Frame:
        look = self._for_clip.look_at(self._content, frame)
        size = boxes.box_size(
            self._content, look.style, sides=look.sides, around=self._for_clip.around,
            measure=self._measure,
        )  # fmt: skip
        laid = boxes.laid(self._natural, crop=look.style.crop, fit=look.style.fit, box=size)
        return _Frame(
            size=size,
            laid=laid,
            radii=look.style.corner_radii,
            shadow=self._shadow(look.style, laid),
            stroke=self._stroke(look.style, size),
        )

    def _shadow(self, style: Style, laid: boxes.Laid) -> Part | None:
        shadow = style.shadow
        if shadow is None or shadow.colour.alpha <= 0 or self._shadow_of_shape:
            return None
        left, top, width, height = laid.seen
        blurs = tuple(each for each in style.filters if each.kind == "blur")
        below = Style(corner_radii=style.corner_radii, filters=(*blurs, *_blur(shadow)))
        layer = self._box(Rect(paint=shadow.colour), below, (width, height))
        place = (1.0, 0.0, 0.0, 1.0, left + shadow.offset[0], top + shadow.offset[1])
        return Part(layer=layer, place=place)

    def _stroke(self, style: Style, size: Size) -> Part | None:
        stroke: Stroke | None = style.stroke
        if stroke is None or stroke.width <= 0:
            return None
        above = Style(corner_radii=style.corner_radii, stroke=stroke, filters=style.filters)
        return Part(layer=self._box(Rect(paint=_CLEAR), above, size))

    def _box(self, rect: Rect, style: Style, size: Size) -> int:
        key = (rect, style, size)
        if key not in self._around:
            self._around[key] = self._layers.add(rect, style, size, for_clip=self._for_clip)
        return self._around[key]

    def _largest(self) -> Size:
        """Return the size at which the whole picture is never enlarged any more."""
        scales = [state.laid.scale for state in self._frames.values()]
        return (
            max(across for across, _ in scales) * self._natural[0],
            max(down for _, down in scales) * self._natural[1],
        )


def _blur(shadow: Shadow) -> tuple[Filter, ...]:
    return (Filter(kind="blur", value=shadow.blur / 2),) if shadow.blur > 0 else ()
