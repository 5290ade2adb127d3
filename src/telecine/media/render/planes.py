"""Pictures as the encoder wants them: planar YUV 4:2:0, eight bits, limited-range BT.709.

Rules that all who make or draw planes keep:

- Chroma planes are half the size, rounded up, and left-sited (H.264's default): chroma sample
  (i, j) lies on luma column 2i, and between the luma rows 2j and 2j+1.
- Where there is alpha, the values are multiplied by it already, the offsets 16 and 128 too: a
  transparent pixel is 0, 0, 0. So edges stay right under interpolation, and blending is one
  multiplication: `below * (255 - alpha) / 255 + value`.
- `alpha` None says that every pixel is opaque, which is much faster to draw. `alpha_half` is
  alpha at the places of the chroma samples; both are None or neither.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]


class Planes(NamedTuple):
    """One picture. Not to be written to by anyone but its maker."""

    y: Plane
    u: Plane
    v: Plane
    alpha: Plane | None = None
    alpha_half: Plane | None = None


class Sprite(NamedTuple):
    """A layer that was drawn once. Its pixel (0, 0) begins at (`left`, `top`) of the layer's box.

    `left` and `top` are in box px, negative where a shadow or a stroke sticks out; `scale` is
    how many sprite pixels make one box px.
    """

    y: Plane
    u: Plane
    v: Plane
    alpha: Plane | None
    alpha_half: Plane | None
    left: float
    top: float
    scale: float


class FrameSource(Protocol):
    """A layer that moves: a video or an animated image.

    The planes hold the whole picture as a viewer sees it (rotated, square pixels), in any
    resolution; fit, crop, corners and filters are the composer's business.
    """

    def frame_at(self, seconds: Fraction) -> Planes | None:
        """Return what is shown then: the same object as long as it is the same picture.

        None where nothing is shown. The planes stay as they are until the third call after.
        """
        ...

    def close(self) -> None:
        """Stop decoding and let go of the file."""
        ...
