"""Changes how fast samples go by: pitch and speed together, in the quality of swresample.

swresample takes whole rates only; a rate a thousand times too high on both sides gives it three
more digits, so that ten minutes at any pitch end where they should, to the sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.audio.resampler import AudioResampler

from telecine.media.render.sound.soundfile import Samples, samples_of

_FINER: Final = 1000
_MAX_WHOLE_RATE: Final = 2**30


def resampled(pieces: Iterator[Samples], *, rate: Fraction, to: int) -> Iterator[Samples]:
    """Yield `pieces`, of `rate` samples a second, at `to` a second. The first sample stays.

    At no cost where the two are equal. A filter grows with `rate / to`: 132 kB for 1, times that.
    """
    if rate == to:
        yield from pieces
        return
    most = int(_MAX_WHOLE_RATE / max(rate, Fraction(to)))
    finer = 1 if rate.denominator == 1 else min(_FINER, most)
    resampler: AudioResampler | None = None
    channels = 1
    for piece in pieces:
        if resampler is None:
            channels = piece.shape[1]
            layout = "mono" if channels == 1 else "stereo"
            resampler = AudioResampler(format="flt", layout=layout, rate=to * finer)
        packed = np.ascontiguousarray(piece).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(
            packed, format="flt", layout="mono" if channels == 1 else "stereo"
        )
        frame.sample_rate = round(rate * finer)
        yield samples_of(resampler.resample(frame), channels=channels)
    if resampler is not None:
        yield samples_of(resampler.resample(None), channels=channels)
