"""The blend modes of W3C Compositing and Blending, level 1, on R'G'B' from 0 to 1.

What lies below is always opaque here, so a mode is a function of two colours: what is below
and what is laid over it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from telecine.media.timeline.model import BlendMode

#: Height x width x 3.
Floats = npt.NDArray[np.float32]

_TINY: Final = np.float32(1e-6)
_LUM: Final = np.array([0.3, 0.59, 0.11], np.float32)


def blended(mode: BlendMode, below: Floats, over: Floats) -> Floats:
    """Return the colour that `over`, were it opaque, makes of `below`."""
    if mode == "source-over":
        return over
    return _MODES[mode](below, over)


def _screen(below: Floats, over: Floats) -> Floats:
    return below + over - below * over


def _hard_light(below: Floats, over: Floats) -> Floats:
    return np.where(over <= 0.5, below * (2 * over), _screen(below, 2 * over - 1))


def _colour_dodge(below: Floats, over: Floats) -> Floats:
    lit = np.minimum(1.0, below / np.maximum(1 - over, _TINY))
    return np.where(below <= 0, np.float32(0), lit)


def _colour_burn(below: Floats, over: Floats) -> Floats:
    burnt = 1 - np.minimum(1.0, (1 - below) / np.maximum(over, _TINY))
    return np.where(below >= 1, np.float32(1), burnt)


def _soft_light(below: Floats, over: Floats) -> Floats:
    dark = below - (1 - 2 * over) * below * (1 - below)
    curve = np.where(
        below <= 0.25, ((16 * below - 12) * below + 4) * below, np.sqrt(np.maximum(below, 0))
    )
    return np.where(over <= 0.5, dark, below + (2 * over - 1) * (curve - below))


def _lum(colour: Floats) -> Floats:
    lum: Floats = colour @ _LUM
    return lum[..., None]


def _sat(colour: Floats) -> Floats:
    sat: Floats = colour.max(axis=2, keepdims=True) - colour.min(axis=2, keepdims=True)
    return sat


def _with_lum(colour: Floats, lum: Floats) -> Floats:
    colour = colour + (lum - _lum(colour))
    low = colour.min(axis=2, keepdims=True)
    high = colour.max(axis=2, keepdims=True)
    raised = lum + (colour - lum) * lum / np.maximum(lum - low, _TINY)
    colour = np.where(low < 0, raised, colour)
    lowered = lum + (colour - lum) * (1 - lum) / np.maximum(high - lum, _TINY)
    return np.where(high > 1, lowered, colour)


def _with_sat(colour: Floats, sat: Floats) -> Floats:
    low = colour.min(axis=2, keepdims=True)
    scaled: Floats = (colour - low) * (sat / np.maximum(_sat(colour), _TINY))
    return scaled


_MODES: Final[dict[BlendMode, Callable[[Floats, Floats], Floats]]] = {
    "multiply": lambda below, over: below * over,
    "screen": _screen,
    "overlay": lambda below, over: _hard_light(over, below),
    "darken": np.minimum,
    "lighten": np.maximum,
    "color-dodge": _colour_dodge,
    "color-burn": _colour_burn,
    "hard-light": _hard_light,
    "soft-light": _soft_light,
    "difference": lambda below, over: np.abs(below - over),
    "exclusion": lambda below, over: below + over - 2 * below * over,
    "hue": lambda below, over: _with_lum(_with_sat(over, _sat(below)), _lum(below)),
    "saturation": lambda below, over: _with_lum(_with_sat(below, _sat(over)), _lum(below)),
    "color": lambda below, over: _with_lum(over, _lum(below)),
    "luminosity": lambda below, over: _with_lum(below, _lum(over)),
}
