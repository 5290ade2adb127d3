"""The samples of an extracted sound (`sound.py`), piece by piece, for those who compute with them.

In children: a process that only starts them does without numpy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from telecine.media.speech.sound import BYTES_PER_SAMPLE

#: 1 is full scale.
Samples = npt.NDArray[np.float32]

_FULL_SCALE: Final = 32_768.0


def read_samples(path: Path, *, first: int, count: int) -> Samples:
    """Return samples `first` to `first + count` of an extracted file, fewer at its end."""
    with path.open("rb") as file:
        file.seek(first * BYTES_PER_SAMPLE)
        content = file.read(count * BYTES_PER_SAMPLE)
    whole = len(content) - len(content) % BYTES_PER_SAMPLE
    return np.frombuffer(content[:whole], dtype="<i2").astype(np.float32) / np.float32(_FULL_SCALE)
