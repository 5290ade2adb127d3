"""How a voice sounds on each frame of a film: how loud, how bright, and whether it hisses.

Reads the samples a piece at a time: an hour costs no more memory than a minute.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from telecine.media.speech.samples import read_samples
from telecine.media.speech.sound import RATE

Curve = npt.NDArray[np.float32]

#: Samples that are looked at about a frame's time: 32 ms.
_WINDOW: Final = 512
#: Frames a piece.
_PIECE: Final = 2000
#: What is quieter than the loud parts by this is silence.
_RANGE_DB: Final = 32.0
#: Nothing quieter is a voice.
_FLOOR_DB: Final = -58.0
_LOUD_PERCENTILE: Final = 92
#: Hz: below the first, hum; then what a mouth's opening shapes; its width; and hiss.
_EDGES: Final = (90.0, 900.0, 2800.0, 8000.0)


class Voice(NamedTuple):
    """A value a frame, 0 to 1. `level`: loudness, 0 in silence. `bright`: how much of the voice
    is high, as vowels of a wide mouth are. `hiss`: how much of all is noise, as of s and f.
    """

    level: Curve
    bright: Curve
    hiss: Curve


def listen(samples: Path, *, frame_rate: Fraction, n_frames: int) -> Voice:
    """Return what a file of `sound.extract` sounds like, on each frame of a film."""
    bands = np.concatenate(
        [
            _bands(samples, range(first, min(first + _PIECE, n_frames)), frame_rate)
            for first in range(0, n_frames, _PIECE)
        ]
    )
    low, middle, high = bands.T
    loudness = 10 * np.log10(low + middle + 0.3 * high + 1e-12)
    loud = max(float(np.percentile(loudness, _LOUD_PERCENTILE)), _FLOOR_DB + _RANGE_DB / 2)
    quiet = max(loud - _RANGE_DB, _FLOOR_DB)
    level = np.clip((loudness - quiet) / (loud - quiet), 0, 1)
    voiced = low + middle + 1e-12
    return Voice(
        level=level.astype(np.float32),
        bright=(middle / voiced).astype(np.float32),
        hiss=(high / (voiced + high)).astype(np.float32),
    )


def _bands(samples: Path, frames: range, frame_rate: Fraction) -> Curve:
    """Return the power in each band, a row a frame."""
    middles = [int(number * RATE / frame_rate) for number in frames]
    first = middles[0] - _WINDOW // 2
    heard = read_samples(samples, first=max(0, first), count=middles[-1] + _WINDOW - max(0, first))
    heard = np.concatenate([np.zeros(max(0, -first), np.float32), heard])
    needed = middles[-1] - middles[0] + _WINDOW
    heard = np.pad(heard[:needed], (0, max(0, needed - len(heard))))
    starts = np.array(middles) - middles[0]
    window = np.hanning(_WINDOW).astype(np.float32)
    pieces = np.lib.stride_tricks.sliding_window_view(heard, _WINDOW)[starts] * window
    power = np.abs(np.fft.rfft(pieces, axis=1)) ** 2 / np.square(window.sum() / 2)
    hertz = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    sums = [
        power[:, (hertz >= low) & (hertz < high)].sum(axis=1)
        for low, high in itertools.pairwise(_EDGES)
    ]
    return np.stack(sums, axis=1).astype(np.float32)
