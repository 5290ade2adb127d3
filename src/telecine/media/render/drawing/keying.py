"""Takes one colour out of pictures: a green screen. The same sum for planes and for skia.

How near a pixel is to the key is a distance of its chroma alone, so that shadows on the screen
go too. What is half taken out loses as much of its colour again: no green hems.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final, cast

import cv2
import numpy as np

from telecine.media.render.drawing.skia_guard import skia
from telecine.media.render.planes import FrameSource, Plane, Planes
from telecine.media.timeline.model import ChromaKey, Colour

#: BT.709: what blue and red less luma are divided by, and the steps of eight bits.
_BLUE, _RED, _STEPS = 1.8556, 1.5748, 224.0
#: Chroma sample (i, j) lies on luma column 2i, between the rows 2j and 2j + 1.
_TO_HALF: Final = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, -0.25]], np.float32)

_SKSL: Final = """
half4 main(half4 c) {{
    half3 rgb = c.rgb / max(c.a, 0.0001);
    half luma = dot(rgb, half3(0.2126, 0.7152, 0.0722));
    half2 chroma = half2((rgb.b - luma) / {blue}, (rgb.r - luma) / {red});
    half far = length(chroma - half2({key_blue:.6f}, {key_red:.6f})) / {root:.6f};
    half kept = clamp((far - {similarity:.6f}) / {blend:.6f}, 0.0, 1.0);
    return half4(mix(half3(luma), rgb, kept), 1.0) * c.a * kept;
}}
"""

_SHARES: Final = np.arange(256)[None, :] / 255
#: Chroma of which a share is kept, by 256 times its value, and the share.
_PALE: Final[Plane] = np.asarray(
    np.rint((128 + (np.arange(256)[:, None] - 128) * _SHARES) * _SHARES), np.uint8
).reshape(-1)


class Keyed:
    """A source whose pictures have holes where the key is."""

    def __init__(self, source: FrameSource, key: ChromaKey) -> None:
        self._source = source
        self._kept = _table(key)
        self._last: tuple[Planes, Planes] | None = None
        self.close = source.close

    def frame_at(self, seconds: Fraction) -> Planes | None:
        """Return the picture of then, without the key."""
        planes = self._source.frame_at(seconds)
        if planes is None:
            return None
        if self._last is None or self._last[0] is not planes:
            self._last = (planes, self._keyed(planes))
        return self._last[1]

    def _keyed(self, planes: Planes) -> Planes:
        y, u, v, alpha, alpha_half = planes
        half = self._kept.take((u.astype(np.uint16) << 8) | v)
        height, width = y.shape
        full = cast(
            Plane,
            cv2.warpAffine(
                half, _TO_HALF, (width, height), borderMode=cv2.BORDER_REPLICATE,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            ),
        )  # fmt: skip
        if alpha is None or alpha_half is None:
            chroma = _paler(u, half), _paler(v, half)
            return Planes(_times(y, full), *chroma, full, half)
        chroma = _times(u, half), _times(v, half)
        return Planes(_times(y, full), *chroma, _times(alpha, full), _times(alpha_half, half))


def colour_filter(key: ChromaKey) -> skia.ColorFilter:
    """Return the same for what skia draws."""
    blue, red = _chroma(key.colour)
    code = _SKSL.format(
        blue=_BLUE, red=_RED, key_blue=blue, key_red=red, root=math.sqrt(2.0),
        similarity=key.similarity, blend=max(key.blend, 1e-4),
    )  # fmt: skip
    return skia.RuntimeEffect.MakeForColorFilter(code).makeColorFilter(skia.Data.MakeEmpty())


def _table(key: ChromaKey) -> Plane:
    """Return how much is kept, 0 to 255, of each chroma: 256 times Cb, and Cr."""
    blue, red = _chroma(key.colour)
    values = (np.arange(256) - 128) / _STEPS
    far = np.hypot(values[:, None] - blue, values[None, :] - red) / math.sqrt(2.0)
    kept = np.clip((far - key.similarity) / max(key.blend, 1e-4), 0, 1)
    return np.asarray(np.rint(kept * 255), np.uint8).reshape(-1)


def _chroma(colour: Colour) -> tuple[float, float]:
    luma = 0.2126 * colour.red + 0.7152 * colour.green + 0.0722 * colour.blue
    return (colour.blue - luma) / _BLUE, (colour.red - luma) / _RED


def _paler(plane: Plane, kept: Plane) -> Plane:
    """Multiply chroma by what is kept, and what of it is colour once more."""
    return _PALE.take((plane.astype(np.uint16) << 8) | kept)


def _times(plane: Plane, kept: Plane) -> Plane:
    return cast(Plane, cv2.multiply(plane, kept, scale=1 / 255))
