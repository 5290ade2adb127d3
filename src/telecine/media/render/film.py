"""A timeline ready to be drawn: its plan, its pixels and its composer, for one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Final, Self

from telecine.kit.errors import InvalidRequestError
from telecine.media.render.composing.compose import Composer
from telecine.media.render.display import Frame
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.sprites import Find, Sprites
from telecine.media.render.encoding.encode import LEAST_RING
from telecine.media.render.measuring import Measuring
from telecine.media.render.planes import Planes
from telecine.media.render.planning.plan import plan
from telecine.media.render.sizing import Planned, Resized
from telecine.media.render.supply import Supply
from telecine.media.timeline.model import Timeline

#: How long before it is first seen a layer is made, in frames.
_AHEAD_FRAMES: Final = 30


class Film:
    """Draws any frames of a timeline, at `size` (its own).

    Raises `MediaError`s that name the JSON path. A picture stays as it is long enough for the
    encoders.
    """

    def __init__(
        self, timeline: Timeline, *, find: Find, size: tuple[int, int] | None = None
    ) -> None:
        if timeline.duration_frames <= 0:
            raise InvalidRequestError("There is nothing to render: no clip lasts.", field="tracks")
        fonts = FontBook([(face, find(face.source)) for face in timeline.fonts])
        sprites = Sprites(fonts=fonts, find=find)
        measuring = Measuring(sprites, find=find)
        self.plan: Planned = plan(timeline, measure=measuring)
        canvas = self.plan.canvas
        if size is not None and size != (canvas.width, canvas.height):
            self.plan = Resized(self.plan, size=size)
        layers = self.plan.layers
        self._supply = Supply(layers, sprites=sprites, measuring=measuring, find=find)
        self._composer = Composer(
            self.plan.canvas,
            layers,
            sprite=self._supply.sprite,
            source=self._supply.source,
            ring=LEAST_RING,
        )

    def pictures(self, numbers: Iterable[int]) -> Iterator[Planes]:
        """Draw frames in the order of their numbers; unchanged ones are the same object."""
        ahead: deque[Frame] = deque()
        for number in numbers:
            frame = self.plan.frame(number)
            if not ahead or frame is not ahead[-1]:
                self._supply.announce(frame)
            ahead.append(frame)
            if len(ahead) > _AHEAD_FRAMES:
                yield self._composer.compose(ahead.popleft())
        while ahead:
            yield self._composer.compose(ahead.popleft())

    def prepare(self, numbers: Iterable[int]) -> None:
        """Begin to make what these frames need, which will be asked for soon."""
        for number in numbers:
            self._supply.announce(self.plan.frame(number))

    def close(self) -> None:
        """Close all files."""
        self._composer.close()
        self._supply.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
