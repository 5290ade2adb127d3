"""Layers in the making, and what every kind of content tells of itself: its parts on each frame."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from telecine.kit.errors import MediaLimitError
from telecine.media.render.display import CaptionPage, Layer, Matrix
from telecine.media.render.measure import Size
from telecine.media.render.planning import looks
from telecine.media.render.planning.looks import Look
from telecine.media.render.planning.ramps import Ramp
from telecine.media.render.planning.spans import Clock, Span
from telecine.media.timeline.model import Clip, Colour, Content, Filter, Style

Radii = tuple[float, float, float, float]

#: Frames on which a clip's pixels change, and words of captions, in a whole timeline: about
#: ten seconds of work before the first frame.
MAX_LOOKS: Final = 500_000
SQUARE: Final[Radii] = (0.0, 0.0, 0.0, 0.0)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One layer of what is shown. `place` takes its box to the clip's; None: it is the clip's.

    `seen` is the box of the clip (left, top, width, height) that cuts it, with `radii`; None
    where nothing does but, for a part that fills its layer's box, its `radii`. `filters` come
    before the clip's; `tint` is a draw's.
    """

    layer: int
    place: Matrix | None = None
    seconds: Fraction | None = None
    opacity: float = 1.0
    seen: tuple[float, float, float, float] | None = None
    radii: Radii = SQUARE
    filters: tuple[Filter, ...] = ()
    tint: Colour | None = None


class Shown(Protocol):
    """The inside of a clip; frames are counted from its start."""

    def size_at(self, frame: int) -> Size:
        """Return the size of the clip's box."""
        ...

    def parts_at(self, frame: int) -> tuple[Part, ...]:
        """Return what is drawn, from the back to the front."""
        ...

    def moving(self) -> list[Span]:
        """Return the frames at which it is not what it was on the frame before."""
        ...


class Layers:
    """The layers made so far."""

    def __init__(self) -> None:
        self.made: list[Layer] = []
        self._n_looks = 0

    def allowed(self, spans: Sequence[Span], for_clip: ForClip) -> Sequence[Span]:
        """Return spans in which each frame is looked at ahead; raise where that is endless.

        `MediaLimitError`, which names the clip.
        """
        self._n_looks += sum(end - first for first, end in spans)
        if self._n_looks > MAX_LOOKS:
            raise MediaLimitError(
                "Too many keyframes or captions change what is drawn.", field=for_clip.clip.path
            )
        return spans

    def add(
        self,
        content: Content | CaptionPage,
        style: Style,
        size: Size,
        *,
        for_clip: ForClip,
        is_moving: bool = False,
    ) -> int:
        """Make a layer and return its index."""
        index = len(self.made)
        self.made.append(
            Layer(
                index=index,
                content=content,
                style=style,
                width=size[0],
                height=size[1],
                raster_scale=for_clip.scale,
                path=for_clip.clip.path,
                is_moving=is_moving,
            )
        )
        return index


class ForClip(msgspec.Struct, frozen=True, kw_only=True):
    """The clip that layers are made for. `scale` is the largest that it is ever drawn at,
    `around` what it must fit, `own` the sides that a layout gives it."""

    clip: Clip
    clock: Clock
    scale: float
    around: Size
    ramps: dict[str, Ramp]
    standing_filters: tuple[Filter, ...]

    def look_at(self, content: Content, frame: int) -> Look:
        """Return the look on a frame, without what draws say instead: opacity, blend, filters."""
        look = looks.look_at(self.clip, content, self.ramps, self.clock.seconds(frame))
        style = replace(look.style, opacity=1.0, blend="source-over", filters=self.standing_filters)
        return look._replace(style=style)

    def spans(self) -> list[Span]:
        """Return the frames on which the look changes."""
        return self.clock.spans(
            interval for ramp in self.ramps.values() for interval in ramp.moving()
        )
