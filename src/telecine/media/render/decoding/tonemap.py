"""HDR pictures for a standard screen: PQ and HLG to BT.709, the same way as `media/encode.py`.

Paper white is 203 cd/m² in HDR (ITU-R BT.2408) and becomes 224 of 255: what is darker than half
of it keeps its light, highlights share the rest (the Mobius curve). Colours outside BT.709 are
clipped. An approximation in one respect: every PQ film is taken to be mastered for the whole
10,000 cd/m², whatever its metadata say.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorTrc

_Floats = npt.NDArray[np.float32]

HDR_TRANSFERS: Final = frozenset({int(ColorTrc.SMPTE2084), int(ColorTrc.ARIB_STD_B67)})
_WHITE_NITS: Final = 203.0
#: Tables are indexed by the upper 12 bits of 16.
_TABLE: Final = 4096
#: BT.2020 to BT.709 primaries, linear light (ITU-R BT.2087).
_TO_BT709: Final = np.array(
    [
        [1.660491, -0.587641, -0.072850],
        [-0.124550, 1.132900, -0.008349],
        [-0.018151, -0.100579, 1.118730],
    ],
    np.float32,
)
_KNEE: Final = 0.5


class ToneMapper:
    """Maps pictures of one transfer function (PQ or HLG, as H.273 numbers them)."""

    def __init__(self, transfer: int) -> None:
        self._is_hlg = transfer == ColorTrc.ARIB_STD_B67
        signal = np.arange(_TABLE, dtype=np.float64) / (_TABLE - 1)
        self._linear = _hlg_scene(signal) if self._is_hlg else _pq_nits(signal) / _WHITE_NITS
        self._linear = self._linear.astype(np.float32)
        self._peak = 10.0 if self._is_hlg else 100.0

    def map(self, picture: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
        """Return R'G'B' of 8 bits for BT.2020 R'G'B' of 16, height x width x 3."""
        light = self._linear[picture >> 4]
        if self._is_hlg:
            light = _displayed(light)
        light = np.asarray(cv2.transform(light, _TO_BT709), np.float32)
        np.maximum(light, 0.0, out=light)
        brightest = light.max(axis=2)
        light *= (_mobius(brightest, peak=self._peak) / np.maximum(brightest, 1e-6))[..., None]
        # The table runs over square roots: dark tones need most of its entries.
        index = np.sqrt(np.minimum(light, 1.0)) * (_TABLE - 1) + 0.5
        return np.asarray(_SIGNAL[index.astype(np.uint16)], np.uint8)


def _pq_nits(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084."""
    power = signal ** (1 / 78.84375)
    return 10_000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (
        1 / 0.1593017578125
    )


def _hlg_scene(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """ITU-R BT.2100: scene light, 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)


def _displayed(scene: _Floats) -> _Floats:
    """BT.2100's system gamma for a screen of 1000 cd/m²; paper white comes out as 1."""
    luminance = np.asarray(
        cv2.transform(scene, np.array([[0.2627, 0.678, 0.0593]], np.float32)), np.float32
    )
    gamma = cv2.pow(np.maximum(luminance.reshape(scene.shape[:2]), 1e-6), 0.2)
    return scene * (np.asarray(gamma, np.float32) * np.float32(1000 / _WHITE_NITS))[..., None]


def _mobius(light: _Floats, *, peak: float) -> _Floats:
    a = -(_KNEE**2) * (peak - 1) / (_KNEE**2 - 2 * _KNEE + peak)
    b = (_KNEE**2 - 2 * _KNEE * peak + peak) / (peak - 1)
    bent = (b * b + 2 * b * _KNEE + _KNEE**2) / (b - a) * (light + a) / (light + b)
    return np.where(light <= _KNEE, light, bent).astype(np.float32)


def _bt709_signal() -> npt.NDArray[np.uint8]:
    light = (np.arange(_TABLE) / (_TABLE - 1)) ** 2
    signal = np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)
    return np.asarray(np.rint(signal * 255), np.uint8)


_SIGNAL: Final = _bt709_signal()
