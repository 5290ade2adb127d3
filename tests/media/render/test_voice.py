"""How fast and how high a clip sounds, and how it is repeated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests import samples
from tests.media.render.sounds import (
    RATE,
    click_places,
    clicks,
    clip,
    heard,
    hertz_of,
    level_of,
    source,
    timeline,
    tone,
    write_wav,
)

from telecine.media.timeline.model import (
    Clip,
    Sound,
    Video,
)


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.25, 2.0, 3.0])
def test_another_rate_keeps_the_pitch_and_the_time(tmp_path: Path, rate: float) -> None:
    write_wav(tmp_path / "tone.wav", tone(4, level=0.5))
    frames = int(30 * min(4 / rate, 3)) - 2
    sound = Sound(source=source("tone.wav"), rate=rate)
    found = heard(timeline(clip(sound, end=frames), frames=frames), tmp_path)[4800:-4800]
    assert hertz_of(found[:, 0]) == pytest.approx(440, rel=1e-3)
    assert level_of(found[:, 0]) == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("rate", [0.7, 1.25, 3.0, 16.0])
def test_a_stretched_sound_is_as_long_as_its_rate_says(tmp_path: Path, rate: float) -> None:
    write_wav(tmp_path / "tone.wav", 0.6 - tone(1.2, level=0.1))
    sound = Sound(source=source("tone.wav"), rate=rate, trim_end_seconds=1.1)
    found = heard(timeline(clip(sound)), tmp_path)[:, 0]
    end = int(np.flatnonzero(found)[-1]) + 1
    assert end == round(1.1 / rate * RATE) if rate > 1 else 0 <= 1.1 / rate * RATE - end < 960


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.25, 1.5])
def test_stretched_clicks_come_within_ten_milliseconds(tmp_path: Path, rate: float) -> None:
    beats = clicks(4, every=0.5)
    beats = np.convolve(beats, np.hanning(200))[: len(beats)]  # 4 ms
    write_wav(tmp_path / "beats.wav", beats + tone(4, hertz=170, level=0.05))
    frames = int(30 * min(4 / rate, 4))
    sound = Sound(source=source("beats.wav"), rate=rate)
    found = heard(timeline(clip(sound, end=frames), frames=frames), tmp_path)[:, 0]
    for n in range(1, int(frames / 30 * rate / 0.5)):
        centre = round((n * 0.5 * RATE + 100) / rate)
        near = np.abs(found[centre - 2400 : centre + 2400])
        assert near.max() > 0.2
        assert abs(int(near.argmax()) - 2400) <= 480 + 100


@pytest.mark.parametrize("rate", [0.5, 1.3, 2.0])
def test_a_rate_without_its_pitch_moves_the_pitch(tmp_path: Path, rate: float) -> None:
    write_wav(tmp_path / "tone.wav", tone(3))
    sound = Sound(source=source("tone.wav"), rate=rate, keeps_pitch=False)
    found = heard(timeline(clip(sound), frames=40), tmp_path)
    assert hertz_of(found[2400:-2400, 0]) == pytest.approx(440 * rate, rel=1e-4)
    click = write_wav(tmp_path / "clicks.wav", clicks(4, every=0.4))
    fast = Sound(source=source(click.name), rate=rate, keeps_pitch=False)
    found = heard(timeline(clip(fast), frames=40), tmp_path)
    wanted = [round(n * 0.4 * RATE / rate) for n in range(1, 10) if n * 0.4 / rate < 1.3]
    assert np.abs(np.subtract(click_places(found)[1:], wanted)).max() <= 1


@pytest.mark.parametrize("cents", [-1200.0, 100.0, 702.0])
def test_detune_moves_the_pitch_and_not_the_time(tmp_path: Path, cents: float) -> None:
    write_wav(tmp_path / "tone.wav", tone(1.5))
    sound = Sound(source=source("tone.wav"), detune_cents=cents)
    found = heard(timeline(clip(sound)), tmp_path)[:, 0]
    assert hertz_of(found[4800:60_000]) == pytest.approx(440 * 2 ** (cents / 1200), rel=1e-3)
    assert level_of(found[66_000:71_000]) == pytest.approx(0.5, rel=0.03)
    assert not found[74_000:].any()


def test_a_source_at_another_rate_is_resampled_without_a_trace(tmp_path: Path) -> None:
    for rate in (8000, 22_050, 44_100, 96_000):
        write_wav(tmp_path / "tone.wav", tone(2, hertz=1000, rate=rate), rate=rate)
        found = heard(timeline(clip(Sound(source=source("tone.wav")))), tmp_path)[:, 0]
        wanted = tone(2, hertz=1000)
        assert np.abs(found - wanted)[500:-500].max() < 2e-3


def test_a_loop_starts_again_at_the_exact_sample(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    noise = rng.uniform(-0.4, 0.4, 24_000)
    write_wav(tmp_path / "noise.wav", noise)
    trimmed = Sound(
        source=source("noise.wav"), is_looped=True, trim_start_seconds=0.1, trim_end_seconds=0.3505
    )
    found = heard(timeline(clip(trimmed)), tmp_path)[:, 0]
    wanted = np.tile(noise[4800:16_824], 8)[: 2 * RATE]
    is_seam = np.arange(2 * RATE) % 12_024 >= 12_024 - 240
    assert np.abs(found - wanted)[~is_seam].max() < 1e-4
    whole = heard(timeline(clip(Sound(source=source("noise.wav"), is_looped=True))), tmp_path)
    assert np.abs(whole[:, 0] - np.tile(noise, 4)).max() < 1e-4


@pytest.mark.parametrize("kept", [480_000, 1000])
@pytest.mark.parametrize(("start", "end"), [(0.1003, 0.3506), (0.1003, None), (0, 0.2506)])
def test_a_part_of_a_file_is_repeated_without_a_click(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: float, end: float | None, kept: int
) -> None:
    monkeypatch.setattr("telecine.media.render.sound.voice._KEPT_SAMPLES", kept)
    write_wav(tmp_path / "tone.wav", tone(0.41, hertz=300))
    looped = Sound(
        source=source("tone.wav"), is_looped=True, trim_start_seconds=start, trim_end_seconds=end
    )
    found = heard(timeline(clip(looped)), tmp_path)[:, 0]
    steepest = np.abs(np.diff(tone(0.1, hertz=300))).max()
    assert np.abs(np.diff(found[100:])).max() < 1.5 * steepest
    assert np.abs(found).max() < 1.01 * np.abs(tone(0.1, hertz=300)).max()


def test_a_part_cut_to_be_repeated_stays_as_it_is(tmp_path: Path) -> None:
    write_wav(tmp_path / "tone.wav", tone(1, hertz=300))
    looped = Sound(
        source=source("tone.wav"), is_looped=True, trim_start_seconds=0.1, trim_end_seconds=0.3
    )
    found = heard(timeline(clip(looped)), tmp_path)[:, 0]
    assert np.abs(found - tone(2, hertz=300)).max() < 1e-3


@pytest.mark.parametrize("kept", [480_000, 1000])
def test_rounds_of_a_loop_never_drift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("telecine.media.render.sound.voice._KEPT_SAMPLES", kept)
    write_wav(tmp_path / "click.wav", clicks(0.3, every=1))
    third = Sound(source=source("click.wav"), is_looped=True, trim_end_seconds=0.2, rate=0.6,
                  keeps_pitch=False)  # fmt: skip
    found = heard(timeline(clip(third, end=90), frames=90), tmp_path)[:, 0]
    loud = [at for at in range(1, len(found) - 1) if found[at] > 0.3 and found[at] >= found[at - 1]]
    assert [at for at in loud if found[at] >= found[at + 1]] == [n * 16_000 for n in range(1, 9)]


def test_a_looped_film_repeats_as_long_as_its_pictures(tmp_path: Path) -> None:
    track = write_wav(tmp_path / "clicks.wav", clicks(0.7, every=1))
    samples.run_ffmpeg(
        "-f", "lavfi", "-i", "color=size=64x48:rate=25:duration=1", "-i", track, "-c:a", "flac",
        tmp_path / "film.mkv",
    )  # fmt: skip
    film = Sound(source=source("film.mkv"))
    content = Video(source=source("film.mkv"), after_end="loop")
    looped = Clip(
        id="a", path="tracks[0]", start_frame=0, end_frame=105, content=content, sound=film
    )
    found = heard(timeline(looped, frames=105), tmp_path)
    assert np.abs(np.subtract(click_places(found), [0, RATE, 2 * RATE, 3 * RATE])).max() <= 48


def test_a_loop_of_nothing_is_silent(tmp_path: Path) -> None:
    write_wav(tmp_path / "none.wav", np.zeros(0))
    write_wav(tmp_path / "tone.wav", tone(1))
    late = Sound(source=source("tone.wav"), is_looped=True, trim_start_seconds=5)
    tiny = Sound(source=source("tone.wav"), is_looped=True, trim_end_seconds=1e-6)
    for sound in (Sound(source=source("none.wav"), is_looped=True), late, tiny):
        assert not heard(timeline(clip(sound), frames=5), tmp_path).any()
