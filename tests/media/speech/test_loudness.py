"""The loudness of an extracted sound, against sines whose level is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telecine.media.speech import loudness
from telecine.media.speech.sound import RATE


def _sine(*, amplitude: float, seconds: float) -> bytes:
    at = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * 440 * at) * amplitude * 32767).astype("<i2").tobytes()


def test_a_sine_is_three_decibels_below_its_peak_and_silence_is_the_floor(tmp_path: Path) -> None:
    path = tmp_path / "speech.pcm"
    path.write_bytes(
        _sine(amplitude=1, seconds=1) + bytes(2 * RATE) + _sine(amplitude=0.1, seconds=0.55)
    )
    found = loudness.measure(path)
    assert found.step_seconds == pytest.approx(0.1)
    assert found.levels_db[:10] == pytest.approx([-3.0] * 10, abs=0.1)
    assert found.levels_db[10:20] == pytest.approx([-96.0] * 10)
    # The last step is half as long, and as loud.
    assert found.levels_db[20:] == pytest.approx([-23.0] * 6, abs=0.1)


def test_a_sound_longer_than_what_is_read_at_a_time_keeps_its_places(tmp_path: Path) -> None:
    path = tmp_path / "speech.pcm"
    with path.open("wb") as file:
        for minute in range(3):
            file.write(_sine(amplitude=10.0**-minute, seconds=60))
    levels = loudness.measure(path).levels_db
    assert len(levels) == 1800
    assert levels[599:601] == pytest.approx([-3.0, -23.0], abs=0.2)
    assert levels[1199:1201] == pytest.approx([-23.0, -43.0], abs=0.2)


def test_an_empty_sound_has_no_levels(tmp_path: Path) -> None:
    path = tmp_path / "speech.pcm"
    path.write_bytes(b"")
    assert loudness.measure(path).levels_db == ()
