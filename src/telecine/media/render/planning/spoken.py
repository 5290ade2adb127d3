"""What the spoken word does while it is spoken: how large it is, how high it hops, how it shines.

It is back where it was when its time is over, however short that is: text never jumps.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final, NamedTuple

from telecine.media.render.display import Matrix
from telecine.media.render.measure import Box
from telecine.media.timeline.easing import EASINGS
from telecine.media.timeline.model import Emphasis

#: How long words take to grow in, to hop, and to become larger or shine.
_POP_SECONDS: Final = 0.2
_HOP_SECONDS: Final = 0.4
_RISE_SECONDS: Final = 0.12
#: A word shorter than that gives these shares of its time to coming and to going.
_RISE_SHARE, _FALL_SHARE = 0.4, 0.3
_POP_FROM: Final = 0.55
_LARGER: Final = 1.16
#: How far a larger word may come near its neighbours, on either side, in shares of the size of
#: type: less than a space.
_NEARER: Final = 0.11
#: How high a word hops, in shares of the size of type, and how much of that the second time.
_HOP, _SECOND_HOP = 0.3, 0.3
_SECOND_HOP_FROM: Final = 0.64


class Spoken(NamedTuple):
    """How a word is drawn: `up` in shares of the size of type, `glow` from 0 to 1."""

    scale: float = 1.0
    up: float = 0.0
    glow: float = 0.0


AT_REST: Final = Spoken()


def spoken_at(
    emphasis: Emphasis, frame: int, *, n_frames: int, frame_rate: Fraction, largest: float
) -> Spoken:
    """Return what a word does on a frame of the `n_frames` on which it is spoken."""
    match emphasis:
        case "pop-in":
            share = _share(frame, n_frames, round(_POP_SECONDS * frame_rate))
            grown = EASINGS["easeOutBack"](share)
            return Spoken(scale=_POP_FROM + (1.0 - _POP_FROM) * grown)
        case "bounce":
            return Spoken(up=_hop(_share(frame, n_frames, round(_HOP_SECONDS * frame_rate))))
        case "scale":
            return Spoken(scale=1.0 + (largest - 1.0) * _swell(frame, n_frames, frame_rate))
        case "glow":
            return Spoken(glow=_swell(frame, n_frames, frame_rate))
        case "none":
            return AT_REST


def largest_scale(emphasis: Emphasis, box: Box, *, size: float) -> float:
    """Return how large a word of that size of type may be: never into its neighbours."""
    if emphasis != "scale":
        return 1.0
    return min(_LARGER, 1.0 + 2.0 * _NEARER * size / max(box[2] - box[0], 1.0))


def place(word: Spoken, box: Box, *, size: float, largest: float) -> Matrix | None:
    """Return what takes the page to where the word is drawn; None: it stands as always.

    A word at its largest stands on whole pixels, if its page does: so it is sharp.
    """
    if word.scale == 1.0 and word.up == 0.0:
        return None
    x, y = ((low + high) / 2 for low, high in ((box[0], box[2]), (box[1], box[3])))
    if largest > 1.0:
        x, y = (round(at * (1.0 - largest)) / (1.0 - largest) for at in (x, y))
    rest = 1.0 - word.scale
    return (word.scale, 0.0, 0.0, word.scale, x * rest, y * rest - word.up * size)


def _share(frame: int, n_frames: int, wanted: int) -> float:
    return min((frame + 0.5) / (min(wanted, n_frames) + 0.5), 1.0)


def _hop(share: float) -> float:
    """Return a hop and a smaller one."""
    if share >= 1.0:
        return 0.0
    if share < _SECOND_HOP_FROM:
        return _HOP * math.sin(math.pi * share / _SECOND_HOP_FROM)
    rest = (share - _SECOND_HOP_FROM) / (1.0 - _SECOND_HOP_FROM)
    return _HOP * _SECOND_HOP * math.sin(math.pi * rest)


def _swell(frame: int, n_frames: int, frame_rate: Fraction) -> float:
    """Return how far up it is: it comes, stays, and goes before the word ends."""
    usual = round(_RISE_SECONDS * frame_rate)
    rise, fall = (min(usual, int(n_frames * part)) for part in (_RISE_SHARE, _FALL_SHARE))
    share = min((frame + 1) / (rise + 1), (n_frames - frame) / (fall + 1), 1.0)
    return share * share * (3.0 - 2.0 * share)
