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
    click_places,
    clicks,
    clip,
    heard,
    level_of,
    source,
    timeline,
    tone,
    write_wav,
)

from telecine.kit.errors import MediaError, MediaLimitError, UndecodableMediaError
from telecine.media.render.decoding.videofile import VideoFile
from telecine.media.render.sound import mix as mixing
from telecine.media.render.sound.mix import is_silent, mix
from telecine.media.render.sound.soundfile import SoundFile
from telecine.media.timeline.model import (
    Clip,
    Layout,
    Sound,
)


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
    assert np.abs(np.subtract(click_places(whole), wanted)).max() <= 48
    trimmed = Sound(source=source(name), trim_start_seconds=3.25, trim_end_seconds=4.75)
    cut = heard(timeline(clip(trimmed, start=30, end=90), frames=90), tmp_path)
    wanted = [late + RATE + round(at * RATE) for at in (0.25, 0.75, 1.25)]
    assert np.abs(np.subtract(click_places(cut), wanted)).max() <= 48


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
