"""The limiter holds -1 dBTP on what is too loud, and leaves alone what is not."""

from __future__ import annotations

import re
import subprocess
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests import samples

from telecine.media.render.sound.limiter import CEILING, Limiter

_Samples = npt.NDArray[np.float32]


def _limited(sound: _Samples, *, piece: int = 9600) -> _Samples:
    limiter = Limiter()
    found = [limiter.feed(sound[at : at + piece]) for at in range(0, len(sound), piece)]
    return np.concatenate([*found, limiter.flush()])


def _stereo(mono: npt.NDArray[np.float64]) -> _Samples:
    return np.stack([mono, mono * 0.7], axis=1).astype(np.float32)


def _true_peak_decibels(path: Path, sound: _Samples) -> float:
    """Ask FFmpeg's EBU R 128 meter."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(4)
        file.setframerate(48_000)
        file.writeframes((np.clip(sound, -1, 1) * (2**31 - 1)).astype("<i4").tobytes())
    command = [samples.ffmpeg_program(), "-nostats", "-i", str(path), "-af", "ebur128=peak=true"]
    report = subprocess.run([*command, "-f", "null", "-"], capture_output=True, check=True).stderr
    return float(re.findall(rb"Peak:\s+(-?[\d.]+) dBFS", report)[-1])


def test_quiet_sound_comes_out_bit_for_bit() -> None:
    rng = np.random.default_rng(1)
    quiet = (rng.uniform(-0.3, 0.3, (30_000, 2))).astype(np.float32)
    assert np.array_equal(_limited(quiet), quiet)
    tone = _stereo(0.88 * np.sin(2 * np.pi * 440 * np.arange(30_000) / 48_000))
    assert np.array_equal(_limited(tone, piece=777), tone)


@pytest.mark.parametrize("piece", [1, 100, 48_000])
def test_pieces_of_any_size_make_the_same_sound(piece: int) -> None:
    count = 2000 if piece == 1 else 20_000
    rng = np.random.default_rng(2)
    loud = rng.uniform(-1.5, 1.5, (count, 2)).astype(np.float32)
    assert np.abs(_limited(loud, piece=piece) - _limited(loud)).max() < 1e-6


@pytest.mark.parametrize("kind", ["noise", "bass", "between samples", "bursts", "square"])
def test_no_true_peak_is_above_minus_one_decibel(tmp_path: Path, kind: str) -> None:
    time = np.arange(72_000) / 48_000
    rng = np.random.default_rng(3)
    mono = {
        "noise": rng.normal(0, 1.0, len(time)),
        "bass": 4 * np.sin(2 * np.pi * 50 * time),
        "between samples": 1.2 * np.sin(2 * np.pi * 12_000 * time + np.pi / 4),
        "bursts": np.where(time % 0.25 < 0.004, 6.0, 0.1) * np.sin(2 * np.pi * 3000 * time),
        "square": 3 * np.sign(np.sin(2 * np.pi * 441 * time)),
    }[kind]
    edges = np.clip(np.minimum(time, time[::-1]) / 0.01, 0, 1)  # or the meter rings at both ends
    limited = _limited(_stereo(mono * edges))
    assert np.abs(limited).max() <= CEILING
    peak = _true_peak_decibels(tmp_path / "limited.wav", limited)
    assert -4 < peak <= -1.0


def test_a_steady_loud_tone_is_only_turned_down() -> None:
    time = np.arange(96_000) / 48_000
    limited = _limited(_stereo(2 * np.sin(2 * np.pi * 1000 * time)))[24_000:72_000, 0]
    wanted = np.sin(2 * np.pi * 1000 * time[24_000:72_000])
    level = float(limited @ wanted / (wanted @ wanted))
    assert 0.86 < level < CEILING
    assert np.abs(limited - level * wanted).max() < 0.01


def test_what_follows_a_peak_is_as_loud_as_before_within_half_a_second() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(72_000) / 48_000)
    loud = _stereo(tone)
    loud[20_000:20_100] *= 20
    limited = _limited(loud)
    assert np.array_equal(limited[:19_000], loud[:19_000])
    assert np.abs(limited[20_300:21_000]).max() < 0.4
    assert np.array_equal(limited[50_000:], loud[50_000:])
