"""The one frame that encoders see: planes are copied into it, and it is filled again at once."""

from __future__ import annotations

import numpy as np
from av import VideoFrame

from telecine.kit.errors import InternalError
from telecine.media.render.planes import Plane, Planes


class EncoderCanvas:
    """A frame of `coded` size for planes of `size`, each width, height.

    `coded` may be larger by one: the last column or row is repeated.
    """

    def __init__(self, size: tuple[int, int], *, coded: tuple[int, int]) -> None:
        self.frame = VideoFrame(*coded, "yuv420p")
        self._width, self._height = size
        self._rows: list[Plane] = [
            np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            for plane in self.frame.planes
        ]

    def fill(self, planes: Planes) -> None:
        """Copy a picture."""
        width, height = self._width, self._height
        if planes.y.shape != (height, width):
            raise InternalError(f"a picture of {planes.y.shape} for {(height, width)}")
        luma = self._rows[0]
        luma[:height, :width] = planes.y
        if self.frame.width > width:
            luma[:height, width] = luma[:height, width - 1]
        if self.frame.height > height:
            luma[height] = luma[height - 1]
        for rows, plane in zip(self._rows[1:], (planes.u, planes.v), strict=True):
            rows[: plane.shape[0], : plane.shape[1]] = plane
