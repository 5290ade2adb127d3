"""A true-peak limiter: nothing louder than -1 dBTP leaves it, and what is quieter is untouched.

It looks 5 ms ahead: the level falls along a straight line until the peak is there, and comes
back at 50 dB a second. Peaks between samples are found at four times the rate (ITU-R BS.1770).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from telecine.media.render.sound.soundfile import Samples

CEILING: Final = 10 ** (-1 / 20)
#: Room for what a moving level adds between samples.
_TARGET: Final = CEILING * 0.995
_AHEAD: Final = 255
_TAPS: Final = 32
_RELEASE: Final = 50 / 20 * np.log(10) / 48_000

_Logs = npt.NDArray[np.float64]


def _phases() -> npt.NDArray[np.float32]:
    """Return filters that find the signal 1/4, 1/2 and 3/4 of a sample after the middle one."""
    places = np.arange(_TAPS) - (_TAPS // 2 - 1)
    rows = []
    for shift in (0.25, 0.5, 0.75):
        distance = places - shift
        window = np.kaiser(4 * _TAPS + 1, 7.0)[(4 * (distance + _TAPS / 2)).astype(np.int64)]
        row = np.sinc(distance) * window
        rows.append(row / row.sum())
    return np.array(rows, np.float32)


_PHASES: Final = _phases()
#: No filter can make more of a signal than this.
_MOST: Final = float(np.abs(_PHASES).sum(axis=1).max())


class Limiter:
    """Takes 48 kHz stereo in pieces and returns it later by `DELAY` samples; `flush` gives the rest."""

    DELAY: Final = _TAPS // 2 + _AHEAD - 1

    def __init__(self) -> None:
        self._late = self.DELAY
        self._heard: Samples = np.zeros((_TAPS - 1, 2), np.float32)
        self._held: Samples = np.zeros((self.DELAY, 2), np.float32)
        self._needed_before: _Logs = np.zeros(_AHEAD)
        self._log_level = 0.0
        self._levels_before: _Logs = np.ones(_AHEAD - 1)

    def feed(self, samples: Samples) -> Samples:
        """Return as many samples as came in, at the start fewer by the delay."""
        if not len(samples):
            return samples
        held = np.concatenate([self._held, samples])
        now, self._held = held[: len(samples)], held[len(samples) :]
        gain = self._gain(self._needed(samples), len(samples))
        if gain is not None:
            now = now * gain[:, None]
        first = min(self._late, len(now))
        self._late -= first
        return now[first:]

    def flush(self) -> Samples:
        """Return what is still held."""
        return self.feed(np.zeros((self.DELAY, 2), np.float32))

    def _needed(self, samples: Samples) -> _Logs | None:
        """Return the logarithm of the level that each sample needs, half a filter late; None: 1."""
        heard = np.concatenate([self._heard, samples])
        self._heard = heard[-(_TAPS - 1) :]
        if float(np.abs(heard).max()) * _MOST <= _TARGET:
            return None
        middle = _TAPS // 2 - 1
        peaks = np.abs(heard[middle : middle + len(samples)]).max(axis=1)
        for channel in heard.T:
            for phase in _PHASES:
                # np.convolve turns the filter round; turned before, the two cancel.
                between = np.convolve(channel, phase[::-1], mode="valid")
                np.maximum(peaks, np.abs(between), out=peaks)
        if float(peaks.max()) <= _TARGET:
            return None
        needed: _Logs = np.log(_TARGET / np.maximum(peaks.astype(np.float64), 1e-9))
        return np.minimum(needed, 0.0)

    def _gain(self, needed: _Logs | None, count: int) -> npt.NDArray[np.float32] | None:
        """Return the level of what leaves now; None: 1."""
        if needed is None:
            if not self._needed_before.any() and (self._levels_before == 1).all():
                return None
            needed = np.zeros(count)
        lowest = np.concatenate([self._needed_before, needed])
        self._needed_before = lowest[-_AHEAD:]
        for shift in (1, 2, 4, 8, 16, 32, 64, 128):  # the lowest of 256
            lowest = np.minimum(lowest[:-shift], lowest[shift:])
        rise = _RELEASE * np.arange(1, count + 1)
        risen = np.minimum.accumulate(np.concatenate([[self._log_level], lowest - rise]))[1:] + rise
        logs = np.minimum(risen, lowest)
        self._log_level = float(logs[-1])
        levels = np.concatenate([self._levels_before, np.exp(logs)])
        self._levels_before = levels[-(_AHEAD - 1) :]
        sums = np.cumsum(np.concatenate([[0.0], levels]))
        means: _Logs = (sums[_AHEAD:] - sums[:-_AHEAD]) / _AHEAD
        return means.astype(np.float32)
