"""Waveforms, drawn straight into planes: a few fills a frame, in the paint that was made once."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import cv2
import numpy as np

from telecine.kit.errors import UnsupportedMediaError
from telecine.media.render.planes import Plane, Planes
from telecine.media.render.sound.levels import SAMPLE_RATE, Stretch
from telecine.media.render.sound.loudness import Floats, Loudness, Played, Tape
from telecine.media.render.sound.soundfile import SoundFile
from telecine.media.render.sound.voice import Part, Voice
from telecine.media.timeline.model import Waveform
from telecine.media.timeline.scene import MAX_DURATION_SECONDS

#: A bar's share of its place, and how narrow a place may be, in px.
_BAR_SHARE: Final = 0.62
_NARROWEST: Final = 3
#: The ring of a circle, as a share of the way to its edge.
_RING: Final = 0.56
#: cv2 takes places in 16ths of a px.
_SHIFT: Final = 4
_POINTS_A_BAR: Final = 4
#: Waves are seldom near full scale.
_WAVE_GAIN: Final = 1.5
_WAVE_EDGE: Final = 0.12
_ENDLESS_SECONDS: Final = MAX_DURATION_SECONDS


def loudness_of(content: Waveform, file: Path) -> Loudness:
    """Open what a waveform is drawn from. Raises `MediaError`s, later too.

    A file without sound is refused, but where it is another clip's: that is just silent.
    """
    if content.length_seconds is None:
        sound_file = SoundFile(file)
        sound_file.close()
        if not sound_file.channels:
            raise UnsupportedMediaError("There is no sound in this file.")
    seconds = _ENDLESS_SECONDS if content.length_seconds is None else content.length_seconds
    sound = content.sound
    stretch = Stretch(0, round(seconds * SAMPLE_RATE))
    part = Part(sound=sound, stretch=stretch, is_looped=sound.is_looped)

    def play(sample: int) -> Played:
        return Voice(file, part, skip=sample)

    return Loudness(Tape(play), n_bands=content.n_bars, smoothing=content.smoothing)


class WaveformSource:
    """A waveform as a layer that moves, as large as `paint`, the planes of its colour."""

    def __init__(self, content: Waveform, *, loudness: Loudness, paint: Planes) -> None:
        self._content = content
        self._loudness = loudness
        self._paint = paint
        self._levels: Floats | None = None
        self._planes: Planes | None = None
        height, width = paint.y.shape
        self._height, self._width = height, width

    def frame_at(self, seconds: Fraction) -> Planes:
        """Return the picture of the sound at an instant of the clip."""
        at = Fraction(self._content.late_seconds) + seconds
        if self._content.kind == "line":
            n_points = max(2, min(_POINTS_A_BAR * self._content.n_bars, self._width // 2))
            levels = self._loudness.wave_at(at, n_points)
        else:
            levels = self._loudness.levels_at(at)
        if self._planes is None or self._levels is None or (levels != self._levels).any():
            self._levels, self._planes = levels, self._painted(self._drawn(levels))
        return self._planes

    def close(self) -> None:
        """Let go of the file."""
        self._loudness.close()

    def _drawn(self, levels: Floats) -> Plane:
        alpha = np.zeros((self._height, self._width), np.uint8)
        match self._content.kind:
            case "bars":
                n_bars = self._fitting()
                lengths = np.abs(2 * np.arange(n_bars) - (n_bars - 1)) / max(n_bars - 1, 1)
                self._bars(alpha, _at(levels, lengths), is_centred=True)
            case "spectrum":
                shares = np.arange(self._fitting()) / max(self._fitting() - 1, 1)
                self._bars(alpha, _at(levels, shares), is_centred=False)
            case "circle":
                self._rays(alpha, levels)
            case "line":
                self._wave(alpha, levels)
        return alpha

    def _fitting(self) -> int:
        most: int = self._width // _NARROWEST
        return max(1, min(self._content.n_bars, most))

    def _bars(self, alpha: Plane, levels: Floats, *, is_centred: bool) -> None:
        pitch = self._width / len(levels)
        width = max(1, round(pitch * _BAR_SHARE))
        cap = _cap(width)
        least = min(width if is_centred else (width + 1) // 2, self._height)
        for index, level in enumerate(levels):
            left = math.floor(index * pitch + (pitch - width) / 2 + 0.5)
            length = least + int(level * (self._height - least))
            top = (self._height - length) // 2 if is_centred else self._height - length
            bar = alpha[top : top + length, left : left + width]
            bar[:] = 255
            room = min(len(cap), length)
            bar[:room] = cap[:room, : bar.shape[1]]
            if is_centred:
                bar[length - room :] = np.minimum(bar[length - room :], cap[::-1][-room:])

    def _rays(self, alpha: Plane, levels: Floats) -> None:
        n_rays = self._content.n_bars
        outer = min(self._width, self._height) / 2
        ring = _RING * outer
        thickness = max(1, min(round(_BAR_SHARE * math.tau * ring / n_rays), round(outer / 6)))
        reach = outer - ring - thickness
        index = np.arange(n_rays)
        # Low pitches at the top, the same on both sides: so the ring closes.
        shares = np.minimum(index, n_rays - index) / max(n_rays // 2, 1)
        angles = math.tau * index / n_rays - math.pi / 2
        sines = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        centre = np.array([self._width - 1, self._height - 1]) / 2
        lengths = ring + np.maximum(_at(levels, shares) * reach, 0.5)
        starts = np.rint((centre + sines * ring) * 2**_SHIFT).astype(int)
        ends = np.rint((centre + sines * lengths[:, None]) * 2**_SHIFT).astype(int)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            cv2.line(alpha, start, end, (255,), thickness, cv2.LINE_AA, _SHIFT)

    def _wave(self, alpha: Plane, wave: Floats) -> None:
        thickness = max(2, round(self._height / 40))
        shares = np.linspace(0, 1, len(wave))
        edges = np.clip(np.minimum(shares, 1 - shares) / _WAVE_EDGE, 0, 1)
        heights = np.clip(wave * _WAVE_GAIN, -1, 1) * edges * (self._height / 2 - thickness)
        across = thickness + shares * (self._width - 1 - 2 * thickness)
        down = (self._height - 1) / 2 - heights
        points = np.rint(np.stack([across, down], axis=1) * 2**_SHIFT).astype(np.int32)
        cv2.polylines(
            alpha, [points], isClosed=False, color=(255,), thickness=thickness,
            lineType=cv2.LINE_AA, shift=_SHIFT,
        )  # fmt: skip

    def _painted(self, alpha: Plane) -> Planes:
        """Put the paint where the picture is."""
        paint = self._paint
        half = _halved(alpha)
        luma = _times(paint.y, alpha)
        chroma = _times(paint.u, half), _times(paint.v, half)
        if paint.alpha is not None and paint.alpha_half is not None:
            alpha, half = _times(paint.alpha, alpha), _times(paint.alpha_half, half)
        return Planes(luma, *chroma, alpha, half)


def _at(levels: Floats, shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Floats:
    """Return the levels at shares of the way from the first pitch to the last."""
    places = shares * (len(levels) - 1)
    return np.asarray(np.interp(places, np.arange(len(levels)), levels), np.float32)


def _cap(width: int) -> Plane:
    """Return the upper, round end of a bar."""
    radius = width / 2
    across = np.arange(width) + 0.5 - radius
    down = radius - np.arange(math.ceil(radius)) - 0.5
    distance = np.hypot(across[None, :], down[:, None])
    return np.asarray(np.rint(np.clip(radius + 0.5 - distance, 0, 1) * 255), np.uint8)


def _halved(alpha: Plane) -> Plane:
    """Return alpha at the places of the chroma samples: (1 2 1) across, (1 1) down."""
    height, width = alpha.shape
    wide = cv2.copyMakeBorder(alpha, 0, height % 2, 1, 1, cv2.BORDER_CONSTANT, value=0)
    size = ((width + 1) // 2, wide.shape[0] // 2)
    left, right = (
        cv2.resize(wide[:, first : first + 2 * size[0]], size, interpolation=cv2.INTER_AREA)
        for first in (0, 1)
    )
    return cast(Plane, cv2.addWeighted(left, 0.5, right, 0.5, 0))


def _times(paint: Plane, alpha: Plane) -> Plane:
    return cast(Plane, cv2.multiply(paint, alpha, scale=1 / 255))
