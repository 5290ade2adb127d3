"""Pauses are what is far quieter than the voice, for an eighth of a second and more."""

from __future__ import annotations

import numpy as np
import pytest

from telecine.media.speech import pauses
from telecine.media.speech.samples import Samples
from telecine.media.speech.sound import RATE


def _talk(*, ground: float, quiet_seconds: float) -> Samples:
    """A loud second, quiet for a while, a loud second; noise below all of it."""
    noise = np.random.default_rng(1).standard_normal(round((2 + quiet_seconds) * RATE))
    voice = np.sin(np.arange(len(noise)) / 10) * 0.3
    voice[RATE : RATE + round(quiet_seconds * RATE)] = 0
    return (voice + noise * ground).astype(np.float32)


def _found(*, ground: float, quiet_seconds: float) -> list[pauses.Span]:
    samples = _talk(ground=ground, quiet_seconds=quiet_seconds)
    return pauses.find(samples, [(0, len(samples))])


def test_a_pause_is_found_where_it_is() -> None:
    ((start, stop),) = _found(ground=0.0005, quiet_seconds=0.2)
    assert start / RATE == pytest.approx(1.0, abs=0.011)
    assert stop / RATE == pytest.approx(1.2, abs=0.011)


def test_what_is_shorter_is_part_of_a_word() -> None:
    assert _found(ground=0.0005, quiet_seconds=0.1) == []


def test_with_noise_below_it_no_pause_is_found() -> None:
    assert _found(ground=0.05, quiet_seconds=0.2) == []


def test_where_nobody_speaks_there_are_no_pauses() -> None:
    assert pauses.find(np.zeros(RATE, dtype=np.float32), []) == []
    assert pauses.find(np.zeros(0, dtype=np.float32), []) == []
