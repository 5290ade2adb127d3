"""The same plan on a canvas of another size: for previews, and for outputs that are not full size."""

from __future__ import annotations

from typing import Protocol

from msgspec.structs import replace

from telecine.media.render.composing.picture import multiplied
from telecine.media.render.display import Canvas, ClipBox, Frame, Layer, Mask, Matrix


class Planned(Protocol):
    """What can be drawn."""

    @property
    def canvas(self) -> Canvas:
        """What all frames share."""
        ...

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What is drawn."""
        ...

    @property
    def n_frames(self) -> int:
        """How long it is."""
        ...

    def frame(self, n: int) -> Frame:
        """Return what is drawn on a frame."""
        ...


class Resized:
    """A plan that is drawn as large as it fits into `size`, in its middle.

    Beside it there is its background alone: what waits outside of the canvas is not seen there.
    """

    def __init__(self, plan: Planned, *, size: tuple[int, int]) -> None:
        width, height = size
        canvas = plan.canvas
        scale = min(width / canvas.width, height / canvas.height)
        left, top = (width - scale * canvas.width) / 2, (height - scale * canvas.height) / 2
        self._plan = plan
        self._matrix: Matrix = (scale, 0.0, 0.0, scale, left, top)
        whole = ClipBox(matrix=self._matrix, width=canvas.width, height=canvas.height)
        self._window = (whole,) if max(left, top) > 0 else ()
        self._last: tuple[Frame, Frame] | None = None
        self.n_frames = plan.n_frames
        self.canvas = replace(canvas, width=width, height=height)
        self.layers = tuple(
            replace(layer, raster_scale=layer.raster_scale * scale) for layer in plan.layers
        )

    def frame(self, n: int) -> Frame:
        """Return a frame; the same object as long as the plan's is the same."""
        frame = self._plan.frame(n)
        if self._last is None or self._last[0] is not frame:
            self._last = (frame, self._resized(frame))
        return self._last[1]

    def _resized(self, frame: Frame) -> Frame:
        return Frame(
            draws=tuple(
                replace(
                    draw,
                    matrix=multiplied(self._matrix, draw.matrix),
                    masks=tuple(self._mask(mask) for mask in draw.masks),
                    clips=(
                        *self._window,
                        *(
                            replace(clip, matrix=multiplied(self._matrix, clip.matrix))
                            for clip in draw.clips
                        ),
                    ),
                )
                for draw in frame.draws
            )
        )

    def _mask(self, mask: Mask) -> Mask:
        """Return it with what of it is in px of the canvas."""
        scale, _, _, _, left, top = self._matrix
        box = mask.box
        if box is not None:
            corners = box[0] * scale + left, box[1] * scale + top
            box = *corners, box[2] * scale + left, box[3] * scale + top
        return replace(mask, softness=mask.softness * scale, box=box)
