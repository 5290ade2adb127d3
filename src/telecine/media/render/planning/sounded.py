"""Waveforms: one layer, whose instants are the clip's own."""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from telecine.media.render.measure import Measure, Size
from telecine.media.render.planning import boxes
from telecine.media.render.planning.layering import SQUARE, ForClip, Layers, Part
from telecine.media.render.planning.spans import Span
from telecine.media.timeline.model import Crop, Waveform


class SoundPicture:
    """A waveform for as long as its clip is seen."""

    def __init__(
        self, content: Waveform, *, for_clip: ForClip, layers: Layers, measure: Measure
    ) -> None:
        look = for_clip.look_at(content, 0)
        self._clock = for_clip.clock
        self._size = boxes.box_size(
            content, look.style, sides=look.sides, around=for_clip.around, measure=measure
        )
        style = replace(
            look.style, corner_radii=SQUARE, shadow=None, stroke=None, crop=Crop(), fit="fill"
        )
        self._layer = layers.add(content, style, self._size, for_clip=for_clip, is_moving=True)

    def size_at(self, frame: int) -> Size:  # noqa: ARG002 (the same on all)
        return self._size

    def parts_at(self, frame: int) -> tuple[Part, ...]:
        return (Part(layer=self._layer, seconds=Fraction(frame) / self._clock.frame_rate),)

    def moving(self) -> list[Span]:
        return [(0, self._clock.n_frames)]
