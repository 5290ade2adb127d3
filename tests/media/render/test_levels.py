"""How loud a clip is, and from which side it is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.media.render.sounds import (
    RATE,
    clip,
    heard,
    source,
    timeline,
    write_wav,
)

from telecine.media.timeline.easing import EASINGS, hold, linear
from telecine.media.timeline.model import (
    Curve,
    CurvePoint,
    Ducking,
    GainPoint,
    Sound,
)


def _steady(tmp_path: Path, *, channels: int = 1) -> str:
    return write_wav(tmp_path / "steady.wav", np.full((2 * RATE, channels), 0.4)).name


def test_fades_rise_and_fall_in_straight_lines(tmp_path: Path) -> None:
    faded = Sound(source=source(_steady(tmp_path)), fade_in_seconds=0.5, fade_out_seconds=0.25)
    found = heard(timeline(clip(faded)), tmp_path)[:, 0] / 0.4
    assert found[[0, 12_000, 24_000, 50_000]] == pytest.approx([0, 0.5, 1, 1], abs=1e-4)
    assert found[[84_000, 90_000, 95_999]] == pytest.approx([1, 0.5, 0], abs=1e-4)
    both = Sound(source=source("steady.wav"), fade_in_seconds=2, fade_out_seconds=2)
    found = heard(timeline(clip(both)), tmp_path)[:, 0] / 0.4
    assert found[[0, 24_000, 48_000, 72_000]] == pytest.approx([0, 0.25, 0.5, 0.25], abs=1e-4)


def test_an_envelope_follows_its_easings(tmp_path: Path) -> None:
    eased = EASINGS["easeInQuad"]
    points = (
        GainPoint(time_seconds=0.25, gain=0.2, easing=linear),
        GainPoint(time_seconds=0.75, gain=1.0, easing=eased),
        GainPoint(time_seconds=1.25, gain=0.5, easing=linear),
        GainPoint(time_seconds=1.5, gain=0.9, easing=hold),
    )
    sound = Sound(source=source(_steady(tmp_path)), envelope=points, gain=0.5)
    found = heard(timeline(clip(sound)), tmp_path)[:, 0] / 0.2
    times = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.45, 1.52, 1.99]
    wanted = [0.2, 0.2, 0.2 + 0.8 * 0.25, 1.0, 0.75, 0.5, 0.5, 0.9, 0.9]
    assert found[[round(at * RATE) for at in times]] == pytest.approx(wanted, abs=2e-3)


@pytest.mark.parametrize("pan", [-1.0, -0.5, 0.0, 0.3, 1.0])
def test_one_channel_keeps_its_power_wherever_it_is(tmp_path: Path, pan: float) -> None:
    found = heard(timeline(clip(Sound(source=source(_steady(tmp_path)), pan=pan))), tmp_path)
    left, right = found[RATE] / 0.4
    assert left**2 + right**2 == pytest.approx(2, abs=1e-3)
    assert right**2 - left**2 == pytest.approx(2 * np.sin(pan * np.pi / 2), abs=1e-3)


def test_two_channels_move_over_to_the_near_side(tmp_path: Path) -> None:
    write_wav(tmp_path / "stereo.wav", np.tile([0.3, 0.1], (RATE, 1)))

    def at(pan: float) -> list[float]:
        sound = Sound(source=source("stereo.wav"), pan=pan)
        return [float(value) for value in heard(timeline(clip(sound)), tmp_path)[RATE // 2]]

    assert at(0) == pytest.approx([0.3, 0.1], abs=1e-4)
    assert at(-1) == pytest.approx([0.4, 0.0], abs=1e-4)
    assert at(1) == pytest.approx([0.0, 0.4], abs=1e-4)
    half = np.sqrt(0.5)
    assert at(0.5) == pytest.approx([0.3 * half, 0.1 + 0.3 * half], abs=1e-4)


def test_pan_follows_its_keyframes(tmp_path: Path) -> None:
    moving = Curve(
        property="pan",
        points=(
            CurvePoint(time_seconds=0.5, value=-1.0, easing=linear),
            CurvePoint(time_seconds=1.5, value=1.0, easing=linear),
        ),
    )
    sound = Sound(source=source(_steady(tmp_path)))
    found = heard(timeline(clip(sound, curves=(moving,))), tmp_path) / 0.4
    assert found[[1000, RATE, 90_000], 0] == pytest.approx([np.sqrt(2), 1, 0], abs=1e-3)
    assert found[[1000, RATE, 90_000], 1] == pytest.approx([0, 1, np.sqrt(2)], abs=1e-3)


def test_music_steps_back_while_somebody_speaks(tmp_path: Path) -> None:
    write_wav(tmp_path / "voice.wav", np.zeros(RATE // 4))
    ducking = Ducking(
        targets=("voice", "music"), gain=0.25, attack_seconds=0.1, release_seconds=0.4
    )
    music = clip(Sound(source=source(_steady(tmp_path)), ducking=ducking), name="music")
    # Ends at 0.75 s with its file, though its clip goes on.
    voice = clip(Sound(source=source("voice.wav")), name="voice", start=15, end=60)
    found = heard(timeline(music, voice), tmp_path)[:, 0] / 0.4
    times = [0.0, 0.49, 0.55, 0.6, 0.74, 0.95, 1.15, 1.9]
    wanted = [1, 1, 0.625, 0.25, 0.25, 0.625, 1, 1]
    assert found[[round(at * RATE) for at in times]] == pytest.approx(wanted, abs=1e-3)


def test_music_that_is_coming_back_steps_back_from_where_it_is(tmp_path: Path) -> None:
    ducking = Ducking(targets=("a", "b"), gain=0.0, attack_seconds=0.2, release_seconds=0.4)
    music = clip(Sound(source=source(_steady(tmp_path)), ducking=ducking), name="music")
    write_wav(tmp_path / "voice.wav", np.zeros(2 * RATE))
    first = clip(Sound(source=source("voice.wav")), name="a", start=6, end=15)
    second = clip(Sound(source=source("voice.wav")), name="b", start=21, end=30)
    found = heard(timeline(music, first, second), tmp_path)[:, 0] / 0.4
    times = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 1.0, 1.2, 1.4]
    wanted = [1, 0.5, 0, 0, 0.25, 0.5, 0.25, 0, 0, 0.5, 1]
    assert found[[round(at * RATE) for at in times]] == pytest.approx(wanted, abs=1e-3)


def test_a_silent_clip_makes_nothing_step_back(tmp_path: Path) -> None:
    ducking = Ducking(targets=("mute", "nobody"))
    music = clip(Sound(source=source(_steady(tmp_path)), ducking=ducking), name="music")
    mute = clip(Sound(source=source("steady.wav"), gain=0), name="mute", start=15, end=60)
    assert heard(timeline(music, mute), tmp_path).min() == pytest.approx(0.4, abs=1e-4)
