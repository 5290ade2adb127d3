"""What is heard: where, how fast, how high, how loud, from which side; and what is not."""

from __future__ import annotations

import random
import tracemalloc
import weakref
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests import samples
from tests.media.render.sounds import (
    RATE,
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

from telecine.kit.errors import MediaError, MediaLimitError, UndecodableMediaError
from telecine.media.render import mix as mixing
from telecine.media.render.mix import is_silent, mix
from telecine.media.render.soundfile import SoundFile
from telecine.media.render.videofile import VideoFile
from telecine.media.timeline.easing import EASINGS, hold, linear
from telecine.media.timeline.model import (
    Clip,
    Curve,
    CurvePoint,
    Ducking,
    GainPoint,
    Layout,
    Sound,
    Video,
)


def _click_places(sound: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> list[int]:
    """Return where single clicks are, each the loudest of its tenth of a second."""
    loud = np.flatnonzero(np.abs(sound[:, 0]) > 0.3)
    starts = loud[np.diff(loud, prepend=-RATE) > RATE // 10]
    return [int(at + np.abs(sound[at : at + RATE // 10, 0]).argmax()) for at in starts]


def _pictures_start(path: Path) -> int:
    file = VideoFile(path)
    container, stream = file._container, file._stream
    assert stream.start_time is not None
    assert stream.time_base is not None
    start = stream.start_time * stream.time_base - Fraction(container.start_time, 1_000_000)
    file.close()
    return round(start * RATE)


@pytest.mark.parametrize("fps", ["24", "25", "30000/1001", "30", "60", "7"])
def test_a_clip_starts_at_the_sample_of_its_frame(tmp_path: Path, fps: str) -> None:
    write_wav(tmp_path / "click.wav", clicks(0.2, every=1))
    rate = Fraction(fps)
    starts = [0, 1, 13, 29, 47]
    clips = [
        clip(Sound(source=source("click.wav")), name=str(at), start=at, end=at + 1) for at in starts
    ]
    sound = heard(timeline(*clips, frames=60, fps=rate), tmp_path)
    assert len(sound) == round(60 * RATE / rate)
    found = np.flatnonzero(sound[:, 0]).tolist()
    assert found == [round(at * RATE / rate) for at in starts]


def test_a_clip_ends_at_the_sample_of_its_frame_and_past_the_source_is_silence(
    tmp_path: Path,
) -> None:
    write_wav(tmp_path / "steady.wav", np.full(RATE, 0.25))
    cut = heard(timeline(clip(Sound(source=source("steady.wav")), start=3, end=17)), tmp_path)
    assert np.flatnonzero(cut[:, 0]).tolist() == list(range(3 * 1600, 17 * 1600))
    short = heard(timeline(clip(Sound(source=source("steady.wav")))), tmp_path)
    assert np.flatnonzero(short[:, 0]).tolist() == list(range(RATE))


def test_one_sound_at_its_own_level_is_unchanged_to_the_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    wanted = rng.integers(-9000, 9000, (RATE, 2))
    write_wav(tmp_path / "noise.wav", wanted / 32_767)
    sound = heard(timeline(clip(Sound(source=source("noise.wav"))), frames=30), tmp_path)
    assert np.array_equal(np.rint(sound * 32_768), wanted)


def test_sounds_of_tracks_layouts_and_films_are_summed(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(2, hertz=400, level=0.2))
    write_wav(tmp_path / "b.wav", tone(2, hertz=900, level=0.3))
    one = Sound(source=source("a.wav"))
    inner = clip(Sound(source=source("b.wav"), gain=0.5), name="inner")
    box = Clip(
        id="box", path="tracks[0]", start_frame=0, end_frame=60, content=Layout(children=(inner,))
    )
    sound = heard(timeline(clip(one), box, gain=0.5), tmp_path)
    wanted = tone(2, hertz=400, level=0.1) + tone(2, hertz=900, level=0.075)
    assert np.abs(sound - wanted[:, None]).max() < 1e-4


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "song.m4a", "song.mp3",
                                  "song.ogg", "song.flac", "song.opus"])  # fmt: skip
def test_clicks_of_every_container_land_within_a_millisecond(tmp_path: Path, name: str) -> None:
    track = write_wav(tmp_path / "clicks.wav", clicks(6, every=0.5, rate=44_100), rate=44_100)
    pictures = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=6")
    codec = {".opus": ("-c:a", "libopus"), ".ogg": ("-c:a", "libvorbis")}
    options = codec.get(Path(name).suffix, ())
    film = pictures if name.startswith("film") else ()
    samples.run_ffmpeg("-i", track, *film, *options, "-shortest", tmp_path / name)
    # This one begins with what the encoder put before the sound; the pictures begin as late.
    late = _pictures_start(tmp_path / name) if name == "film.ts" else 0
    whole = heard(timeline(clip(Sound(source=source(name)), end=150), frames=150), tmp_path)
    wanted = [late + round(n * 0.5 * RATE) for n in range(10)]
    assert np.abs(np.subtract(_click_places(whole), wanted)).max() <= 48
    trimmed = Sound(source=source(name), trim_start_seconds=3.25, trim_end_seconds=4.75)
    cut = heard(timeline(clip(trimmed, start=30, end=90), frames=90), tmp_path)
    wanted = [late + RATE + round(at * RATE) for at in (0.25, 0.75, 1.25)]
    assert np.abs(np.subtract(_click_places(cut), wanted)).max() <= 48


def test_clicks_of_ten_minutes_land_within_a_millisecond_in_blocks(tmp_path: Path) -> None:
    long = write_wav(tmp_path / "long.wav", clicks(600, every=10, rate=11_025), rate=11_025)
    samples.run_ffmpeg("-i", long, "-c:a", "flac", tmp_path / "long.mkv")
    what = timeline(clip(Sound(source=source("long.mkv")), end=6000), frames=6000, fps=Fraction(10))
    places: list[int] = []
    alive: list[weakref.ref[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]] = []
    at = 0
    for block in mix(what, find=lambda asked: tmp_path / asked.src):
        assert len(block) <= RATE
        alive = [*(other for other in alive if other() is not None), weakref.ref(block)]
        assert len(alive) <= 2
        places += (at + np.flatnonzero(block[:, 0] > 0.3)).tolist()
        at += len(block)
    assert at == 600 * RATE
    # The click of a lower rate is several samples wide here.
    assert {round(place / RATE / 10) for place in places} == set(range(60))
    assert max(abs(place - round(place / RATE / 10) * 10 * RATE) for place in places) <= 48


def test_memory_grows_neither_with_length_nor_with_the_number_of_clips(tmp_path: Path) -> None:
    write_wav(tmp_path / "music.wav", tone(45, rate=8000), rate=8000)
    write_wav(tmp_path / "tick.wav", tone(0.1))

    def peak_bytes(seconds: int) -> int:
        music = clip(Sound(source=source("music.wav")), name="music", end=seconds * 10)
        ticks = [
            clip(
                Sound(source=source("tick.wav"), rate=1.1), name=str(n), start=n * 5, end=n * 5 + 4
            )
            for n in range(seconds * 2)
        ]
        what = timeline(music, *ticks, frames=seconds * 10, fps=Fraction(10))
        tracemalloc.start()
        for _ in mix(what, find=lambda asked: tmp_path / asked.src):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    peak_bytes(5)  # what is made once for ever
    assert peak_bytes(40) < 1.1 * peak_bytes(10) < 8 * 2**20


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.25, 2.0, 3.0])
def test_another_rate_keeps_the_pitch_and_the_time(tmp_path: Path, rate: float) -> None:
    write_wav(tmp_path / "tone.wav", tone(4, level=0.5))
    frames = int(30 * min(4 / rate, 3)) - 2
    sound = Sound(source=source("tone.wav"), rate=rate)
    found = heard(timeline(clip(sound, end=frames), frames=frames), tmp_path)[4800:-4800]
    assert hertz_of(found[:, 0]) == pytest.approx(440, rel=1e-3)
    assert level_of(found[:, 0]) == pytest.approx(0.5, rel=0.02)


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
    assert np.abs(np.subtract(_click_places(found)[1:], wanted)).max() <= 1


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
    assert np.abs(found - wanted).max() < 1e-4
    whole = heard(timeline(clip(Sound(source=source("noise.wav"), is_looped=True))), tmp_path)
    assert np.abs(whole[:, 0] - np.tile(noise, 4)).max() < 1e-4


@pytest.mark.parametrize("kept", [480_000, 1000])
def test_rounds_of_a_loop_never_drift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("telecine.media.render.voice._KEPT_SAMPLES", kept)
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
    assert np.abs(np.subtract(_click_places(found), [0, RATE, 2 * RATE, 3 * RATE])).max() <= 48


def test_a_loop_of_nothing_is_silent(tmp_path: Path) -> None:
    write_wav(tmp_path / "none.wav", np.zeros(0))
    write_wav(tmp_path / "tone.wav", tone(1))
    late = Sound(source=source("tone.wav"), is_looped=True, trim_start_seconds=5)
    tiny = Sound(source=source("tone.wav"), is_looped=True, trim_end_seconds=1e-6)
    for sound in (Sound(source=source("none.wav"), is_looped=True), late, tiny):
        assert not heard(timeline(clip(sound), frames=5), tmp_path).any()


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


def test_more_than_two_channels_are_mixed_to_two(tmp_path: Path) -> None:
    samples.make_surround(tmp_path / "film.mp4")
    found = heard(timeline(clip(Sound(source=source("film.mp4")))), tmp_path)
    assert level_of(found[10_000:-10_000, 0]) == pytest.approx(
        level_of(found[10_000:-10_000, 1]), rel=0.02
    )
    # FFmpeg's sine, an eighth of full scale, in the centre only.
    assert level_of(found[10_000:-10_000, 0]) == pytest.approx(0.125 * np.sqrt(0.5), rel=0.02)


def test_everything_at_once_stays_below_the_ceiling(tmp_path: Path) -> None:
    write_wav(tmp_path / "loud.wav", tone(2, hertz=300, level=1))
    loud = [clip(Sound(source=source("loud.wav"), gain=4), name=str(n)) for n in range(5)]
    found = heard(timeline(*loud), tmp_path)
    assert 0.85 < np.abs(found).max() <= 10 ** (-1 / 20)


@pytest.mark.parametrize(
    "sound",
    [
        Sound(source=source("noise.wav"), pan=0.3, fade_in_seconds=3),
        Sound(source=source("noise.wav"), is_looped=True, trim_end_seconds=0.7),
        Sound(source=source("noise.wav"), rate=1.25, keeps_pitch=False),
    ],
)
def test_a_range_sounds_as_it_does_in_the_whole(tmp_path: Path, sound: Sound) -> None:
    rng = np.random.default_rng(3)
    write_wav(tmp_path / "noise.wav", rng.uniform(-0.9, 0.9, 5 * RATE))
    what = timeline(clip(sound, start=7, end=100), frames=110, fps=Fraction(30_000, 1001))
    whole = heard(what, tmp_path)
    part = heard(what, tmp_path, frames=range(50, 71))
    start, end = (round(n * RATE * Fraction(1001, 30_000)) for n in (50, 71))
    # A resampled sound begins with a filter of its own, and between samples.
    tolerance = 2e-2 if sound.rate != 1 else 1e-5
    assert len(part) == end - start
    assert np.abs(part - whole[start:end])[100:].mean() < tolerance


def test_files_are_open_only_while_they_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = [0, 0]  # open now, at most
    opened, closed = SoundFile.__init__, SoundFile.close

    def counting_open(file: SoundFile, path: Path) -> None:
        opened(file, path)
        counts[0] += 1
        counts[1] = max(counts)

    def counting_close(file: SoundFile) -> None:
        closed(file)
        counts[0] -= 1

    monkeypatch.setattr(SoundFile, "__init__", counting_open)
    monkeypatch.setattr(SoundFile, "close", counting_close)
    write_wav(tmp_path / "tone.wav", tone(0.1))
    clips = [
        clip(Sound(source=source("tone.wav")), name=str(n), start=n * 10, end=n * 10 + 10)
        for n in range(20)
    ]
    heard(timeline(*clips, frames=200), tmp_path)
    assert counts == [0, 2]
    running = mix(timeline(*clips, frames=200), find=lambda asked: tmp_path / asked.src)
    next(running)
    running.close()
    assert counts[0] == 0


def test_silence_is_known(tmp_path: Path) -> None:
    write_wav(tmp_path / "tone.wav", tone(0.1))
    samples.run_ffmpeg("-f", "lavfi", "-i", "color=size=64x48:duration=0.2", tmp_path / "mute.mp4")
    mute = clip(Sound(source=source("mute.mp4")))
    loud = clip(Sound(source=source("tone.wav")))

    def silent(*clips: Clip, gain: float = 1) -> bool:
        return is_silent(timeline(*clips, gain=gain), find=lambda asked: tmp_path / asked.src)

    assert silent()
    assert silent(mute)
    assert not silent(mute, loud)
    assert silent(mute, loud, gain=0)
    assert silent(clip(Sound(source=source("tone.wav"), gain=0)))
    assert not heard(timeline(mute, frames=5), tmp_path).any()
    assert heard(timeline(frames=7), tmp_path).shape == (7 * 1600, 2)


@pytest.mark.parametrize("kind", ["noise", "absent", "empty", "headers only"])
def test_a_broken_file_names_its_place_in_the_document(tmp_path: Path, kind: str) -> None:
    broken = tmp_path / "broken.mp3"
    if kind != "absent":
        broken.write_bytes(random.Random(1).randbytes(5000) if kind == "noise" else b"")
    if kind == "headers only":
        whole = write_wav(tmp_path / "tone.wav", tone(1))
        samples.run_ffmpeg("-i", whole, tmp_path / "tone.flac")
        content = (tmp_path / "tone.flac").read_bytes()
        broken.write_bytes(content[:8300] + random.Random(2).randbytes(20_000))
    what = timeline(clip(Sound(source=source("broken.mp3"))))
    with pytest.raises(MediaError) as caught:
        heard(what, tmp_path)
    assert caught.value.field == "tracks[0].clips[0].broken.mp3"
    if kind != "headers only":
        with pytest.raises(UndecodableMediaError) as caught:
            is_silent(what, find=lambda asked: tmp_path / asked.src)
        assert caught.value.field == "tracks[0].clips[0].broken.mp3"


def test_a_file_that_breaks_off_is_heard_up_to_there(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "tone.wav", tone(2))
    samples.run_ffmpeg("-i", whole, tmp_path / "tone.mp3")
    samples.make_cut(tmp_path / "cut.mp3", source=tmp_path / "tone.mp3", share=0.5)
    found = heard(timeline(clip(Sound(source=source("cut.mp3")))), tmp_path)[:, 0]
    assert level_of(found[10_000:30_000]) == pytest.approx(0.5, rel=0.1)
    assert not found[60_000:].any()


def test_numbers_that_are_none_do_no_harm(tmp_path: Path) -> None:
    header = write_wav(tmp_path / "tone.wav", tone(0.5)).read_bytes()[:44]
    values = np.tile(np.array([np.nan, np.inf, -np.inf, 1e30, 0.1], "<f4"), 2000)
    floats = header[:20] + b"\x03\x00" + header[22:34] + b"\x20\x00" + header[36:40]
    data = len(values.tobytes()).to_bytes(4, "little") + values.tobytes()
    (tmp_path / "wild.wav").write_bytes(floats + data)
    found = heard(timeline(clip(Sound(source=source("wild.wav")))), tmp_path)
    assert np.isfinite(found).all()
    assert 0 < np.abs(found).max() <= 1


def test_too_many_at_once_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "_MAX_VOICES", 4)
    write_wav(tmp_path / "tone.wav", tone(0.1))
    clips = [clip(Sound(source=source("tone.wav")), name=str(n)) for n in range(5)]
    with pytest.raises(MediaLimitError) as caught:
        heard(timeline(*clips), tmp_path)
    assert caught.value.field == "tracks[0].clips[0].tone.wav"
