"""How loud each pitch of a sound is at any instant, and its wave: what waveforms are drawn from.

Work is done on a grid of 60 instants a second, so a picture does not depend on where drawing
began. The sound is read as it comes, and never kept for longer than a picture looks back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from telecine.media.render.sound.levels import SAMPLE_RATE
from telecine.media.render.sound.soundfile import Samples

Floats = npt.NDArray[np.float32]

_GRID_SAMPLES: Final = SAMPLE_RATE // 60
_WINDOW_SAMPLES: Final = 2048
_BLOCK_SAMPLES: Final = 4800
#: What is farther ahead is not read up to, but sought.
_FAR_SAMPLES: Final = 10 * SAMPLE_RATE
_LOWEST_HERTZ, _HIGHEST_HERTZ = 60.0, 11_000.0
#: A pitch as loud as the first shows nothing, as the second all there is (dB of full scale).
_QUIET, _LOUD = -62.0, -16.0
#: Speech and music become weaker with the pitch: so many dB an octave, from that pitch on.
_TILT, _TILT_FROM_HERTZ = 4.5, 300.0
_POINTS_A_BAND: Final = 12
#: What has less weight than that is forgotten.
_FORGOTTEN: Final = 0.02
_STEPS: Final = 255


class Played(Protocol):
    """A sound that is read once, from front to back, at 48 kHz."""

    def next(self, count: int) -> Samples | None:
        """Return the next samples; None: they are silent."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Tape:
    """Any samples of a sound, in one channel, asked for more or less in order.

    `play` starts it at a sample. Before 0 and after the end it is silent.
    """

    def __init__(self, play: Callable[[int], Played]) -> None:
        self._play = play
        self._played: Played | None = None
        self._first = 0
        self._kept = np.zeros(0, np.float32)

    def read(self, first: int, count: int, *, keep_from: int) -> Floats:
        """Return `count` samples; what comes before `keep_from` is not asked for any more."""
        silent = np.zeros(min(max(-first, 0), count), np.float32)
        first, count = max(first, 0), count - len(silent)
        end = self._first + len(self._kept)
        if self._played is None or first < self._first or first > end + _FAR_SAMPLES:
            self.close()
            self._first = max(keep_from, 0)
            self._kept = np.zeros(0, np.float32)
            self._played = self._play(self._first)
        self._fill(self._played, first + count)
        self._drop(max(keep_from, 0))
        at = first - self._first
        return np.concatenate([silent, self._kept[at : at + count]])

    def close(self) -> None:
        """Let go of the file."""
        if self._played is not None:
            self._played.close()
        self._played = None

    def _fill(self, played: Played, end: int) -> None:
        found = [self._kept]
        at = self._first + len(self._kept)
        while at < end:
            block = played.next(_BLOCK_SAMPLES)
            silent = np.zeros(_BLOCK_SAMPLES, np.float32)
            found.append(silent if block is None else block.mean(axis=1, dtype=np.float32))
            at += _BLOCK_SAMPLES
        if len(found) > 1:
            self._kept = np.concatenate(found)

    def _drop(self, before: int) -> None:
        excess = min(before - self._first, len(self._kept))
        if excess > _BLOCK_SAMPLES:
            self._kept = self._kept[excess:].copy()
            self._first += excess


class Loudness:
    """The levels of `n_bands` pitches, low to high, from 0 to 1, and the wave as it is.

    `smoothing` is the share of a level that remains after a step of the grid (as of Web
    Audio's analyser).
    """

    def __init__(self, tape: Tape, *, n_bands: int, smoothing: float) -> None:
        self._tape = tape
        self.close = tape.close
        self._n_bands = n_bands
        n_steps = math.ceil(math.log(_FORGOTTEN) / math.log(smoothing)) if smoothing > 0 else 1
        weights = smoothing ** np.arange(n_steps) if smoothing > 0 else np.ones(1)
        self._weights = (weights / weights.sum()).astype(np.float32)
        self._window = np.hanning(_WINDOW_SAMPLES).astype(np.float32)
        self._bins, self._tilt = _pitches(n_bands)
        self._found: dict[int, Floats] = {}

    def levels_at(self, seconds: Fraction) -> Floats:
        """Return a level for each pitch, in steps of a 255th."""
        at = math.floor(seconds * SAMPLE_RATE) // _GRID_SAMPLES
        wanted = range(at, at - len(self._weights), -1)
        self._found = {step: level for step, level in self._found.items() if step in wanted}
        for step in reversed(wanted):
            if step not in self._found:
                self._found[step] = self._measured(step, wanted[-1])
        levels = self._weights @ np.stack([self._found[step] for step in wanted])
        return np.asarray(np.rint(levels * _STEPS) / _STEPS, np.float32)

    def wave_at(self, seconds: Fraction, n_points: int) -> Floats:
        """Return the wave about an instant, -1 to 1: from where it rises, so that it stands."""
        middle = math.floor(seconds * SAMPLE_RATE)
        first = middle - _WINDOW_SAMPLES
        samples = self._tape.read(first, 2 * _WINDOW_SAMPLES, keep_from=first)
        trigger = samples[: _WINDOW_SAMPLES + 1]
        rising = np.flatnonzero((trigger[:-1] < 0) & (trigger[1:] >= 0))
        start = 0 if rising.size == 0 else int(rising[np.abs(rising - 1024).argmin()])
        shown = samples[start : start + _WINDOW_SAMPLES]
        width = max(len(shown) // n_points, 1)
        averaged = np.convolve(shown, np.full(width, 1 / width, np.float32), "same")
        places = np.linspace(0, len(shown) - 1, n_points)
        wave = np.interp(places, np.arange(len(shown)), averaged)
        return np.asarray(np.rint(np.clip(wave, -1, 1) * _STEPS) / _STEPS, np.float32)

    def _measured(self, step: int, earliest: int) -> Floats:
        """Return the levels about one instant of the grid."""
        half = _WINDOW_SAMPLES // 2
        samples = self._tape.read(
            step * _GRID_SAMPLES - half, _WINDOW_SAMPLES, keep_from=earliest * _GRID_SAMPLES - half
        )
        if not samples.any():
            return np.zeros(self._n_bands, np.float32)
        spectrum = np.abs(np.fft.rfft(samples * self._window)).astype(np.float32)
        spectrum *= np.float32(4 / _WINDOW_SAMPLES)  # a sine of full scale comes to 1
        near = np.interp(self._bins, np.arange(len(spectrum)), spectrum)
        peaks = near.reshape(self._n_bands, _POINTS_A_BAND).max(axis=1)
        decibels = 20 * np.log10(np.maximum(peaks, 1e-6)) + self._tilt
        return np.asarray(np.clip((decibels - _QUIET) / (_LOUD - _QUIET), 0, 1), np.float32)


def _pitches(n_bands: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the places in a spectrum that are looked at, and what each band is raised by."""
    edges = np.geomspace(_LOWEST_HERTZ, _HIGHEST_HERTZ, n_bands * _POINTS_A_BAND)
    middles = edges.reshape(n_bands, _POINTS_A_BAND).mean(axis=1)
    tilt = _TILT * np.log2(np.maximum(middles / _TILT_FROM_HERTZ, 1.0))
    return edges * _WINDOW_SAMPLES / SAMPLE_RATE, tilt
