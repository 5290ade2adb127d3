"""Pauses between words, finer than voice activity knows: an eighth of a second of quiet and more.

Voice activity lets go late and takes no notice of a breath. Here quiet is what is far below this
speaker's own voice, so noise or music under the talk only means that no pause is found. Shorter
quiet is as often within a word: before the t of "stop".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from telecine.media.speech import loudness
from telecine.media.speech.samples import Samples
from telecine.media.speech.sound import RATE

#: From and to, in samples.
Span = tuple[int, int]

_STEP: Final = RATE // 100
_LEAST_STEPS: Final = 12
#: What counts as this speaker's voice: the level that a fifth of the speech is above.
_VOICE_PERCENTILE: Final = 80
_DEPTH_DB: Final = 30.0


def find(samples: Samples, speech: Sequence[Span]) -> list[Span]:
    """Return the pauses in some samples; `speech` is where somebody speaks in them."""
    levels = np.array(loudness.levels_of(samples, step_samples=_STEP))
    spoken = np.zeros(len(levels), dtype=bool)
    for start, stop in speech:
        spoken[start // _STEP : stop // _STEP] = True
    if not spoken.any():
        return []
    quiet = levels < np.percentile(levels[spoken], _VOICE_PERCENTILE) - _DEPTH_DB
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]))).reshape(-1, 2)
    return [
        (int(first) * _STEP, int(after) * _STEP)
        for first, after in edges
        if after - first >= _LEAST_STEPS
    ]
