"""How loud a talk is from moment to moment: what tells a lively sentence from a murmured one.

Root mean squares of an extracted sound, read in pieces: memory does not grow with its length.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from telecine.media.speech.samples import Samples, read_samples
from telecine.media.speech.sound import RATE
from telecine.media.speech.transcript import Loudness

#: Shorter than a syllable says nothing of a sentence, and longer hides its pauses.
_STEP_SECONDS: Final = 0.1
_STEP_SAMPLES: Final = round(_STEP_SECONDS * RATE)
_STEPS_AT_A_TIME: Final = 600
#: What 16 bits can tell from silence; `log10` knows no zero.
_FLOOR_DB: Final = -96.0


def measure(path: Path) -> Loudness:
    """Measure an extracted sound (`sound.extract`), a tenth of a second at a time."""
    levels: list[float] = []
    count = _STEP_SAMPLES * _STEPS_AT_A_TIME
    while len(samples := read_samples(path, first=len(levels) * _STEP_SAMPLES, count=count)):
        levels += levels_of(samples, step_samples=_STEP_SAMPLES)
        if len(samples) < count:
            break
    return Loudness(step_seconds=_STEP_SECONDS, levels_db=tuple(levels))


def levels_of(samples: Samples, *, step_samples: int) -> list[float]:
    """Return the level of each step in dB of full scale; the last one may be short."""
    firsts = np.arange(0, len(samples), step_samples)
    lengths = np.diff(np.append(firsts, len(samples)))
    powers = np.add.reduceat(samples.astype(np.float64) ** 2, firsts) / lengths
    found = 10 * np.log10(np.maximum(powers, 10 ** (_FLOOR_DB / 10)))
    return [round(float(level), 1) for level in found]
