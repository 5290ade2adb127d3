"""Real encodes of small films, read back: counts, times, tags, sync, and every way to fail."""

from __future__ import annotations

import contextlib
import resource
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.media.render import films, numbered
from tests.media.render.sounds import tone

from telecine.kit.errors import (
    InternalError,
    InvalidRequestError,
    ProcessingError,
    ResourceLimitError,
    TelecineError,
)
from telecine.media.render.encoding.codecs import EncodeSettings, video_context
from telecine.media.render.encoding.encode import LEAST_RING, Encoder
from telecine.media.render.encoding.scales import RenderCodec
from telecine.media.render.planes import Planes

_RATES = [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(60)]
_QUICK = EncodeSettings(preset="ultrafast")


def _encoder(
    path: Path,
    *,
    rate: Fraction = Fraction(30),
    size: tuple[int, int] = films.SIZE,
    settings: EncodeSettings = _QUICK,
    has_sound: bool = False,
) -> Encoder:
    width, height = size
    return Encoder(
        path,
        width=width,
        height=height,
        frame_rate=rate,
        settings=settings,
        has_sound=has_sound,
    )


@pytest.mark.parametrize("rate", _RATES, ids=str)
def test_every_frame_comes_out_once_at_its_exact_time(tmp_path: Path, rate: Fraction) -> None:
    path = tmp_path / "out.mp4"
    n_frames = 31
    n_samples = round(n_frames / rate * 48_000)
    with _encoder(path, rate=rate, has_sound=True) as encoder:
        for number in range(n_frames):
            encoder.submit(films.numbered_planes(number))
        encoder.audio(films.tone(0, n_samples))
        facts = encoder.finish()
    assert (facts.n_frames, facts.n_samples) == (n_frames, n_samples)
    assert facts.duration_seconds == n_frames / rate
    assert facts.size_bytes == path.stat().st_size
    assert list(numbered.numbers_in(path)) == list(range(n_frames))
    assert films.times(path) == [number / rate for number in range(n_frames)]
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.duration is not None
        assert video.time_base is not None
        assert video.duration * video.time_base == n_frames / rate
        assert video.average_rate == rate
        assert audio.duration is not None
        assert audio.time_base is not None
        assert audio.duration * audio.time_base == Fraction(n_samples, 48_000)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_the_file_says_bt709_limited_and_has_its_index_in_front(
    tmp_path: Path, codec: RenderCodec
) -> None:
    path = tmp_path / "out.mp4"
    with _encoder(path, settings=EncodeSettings(codec=codec, preset="ultrafast")) as encoder:
        films.feed(encoder, (films.moving(number) for number in range(8)))
        encoder.finish()
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        tags = (context.color_primaries, context.color_trc, context.colorspace)
        assert (*tags, context.color_range) == (1, 1, 1, 1)
        assert context.pix_fmt == "yuv420p"
        assert context.codec_tag == ("avc1" if codec == "h264" else "hvc1")
        assert context.sample_aspect_ratio == 1
    names = films.boxes(path.read_bytes())
    assert names.index("moov") < names.index("mdat")


def test_colours_come_out_as_they_went_in(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    shown = films.grey(np.full((120, 160), 180, np.uint8))
    shown.u[:], shown.v[:] = 70, 200
    with _encoder(path, settings=EncodeSettings(crf=12)) as encoder:
        encoder.submit(shown, n_frames=3)
        encoder.finish()
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    rows = np.asarray(frame.to_ndarray(format="yuv420p"))
    assert abs(int(rows[60, 80]) - 180) <= 1
    chroma = rows[120:].reshape(2, 60, 80)
    assert abs(int(chroma[0, 30, 40]) - 70) <= 1
    assert abs(int(chroma[1, 30, 40]) - 200) <= 1


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_click_is_heard_when_its_flash_is_seen(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    rate, n_frames, flash = Fraction(30), 45, 31
    sound = np.zeros((1600 * n_frames, 2), np.float32)
    sound[1600 * flash : 1600 * flash + 96] = 0.9
    settings = EncodeSettings(codec="h264" if suffix == ".mp4" else "vp9", preset="ultrafast")
    with _encoder(path, rate=rate, settings=settings, has_sound=True) as encoder:
        for number in range(n_frames):
            luma = np.full((120, 160), 235 if number >= flash else 16, np.uint8)
            encoder.submit(films.grey(luma))
            encoder.audio(sound[1600 * number : 1600 * (number + 1)].copy())
        encoder.finish()
    with av.open(str(path)) as container:
        seen = next(
            frame.time
            for frame in container.decode(video=0)
            if frame.to_ndarray(format="gray8").mean() > 128
        )
    start, samples = films.heard(path)
    click = start + int(np.argmax(np.abs(samples) > 0.4)) / 48_000
    assert seen == pytest.approx(flash / rate, abs=0.001)
    assert click == pytest.approx(flash / rate, abs=0.002)


@pytest.mark.parametrize("size", [(161, 120), (160, 121), (161, 121)], ids=str)
def test_odd_sides_get_their_last_line_twice(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "out.mp4"
    width, height = size
    luma = np.full((height, width), 60, np.uint8)
    luma[-6:, :] = 200
    luma[:, -6:] = 200
    with _encoder(path, size=size, settings=EncodeSettings(crf=10)) as encoder:
        encoder.submit(films.grey(luma), n_frames=2)
        facts = encoder.finish()
    assert (facts.width, facts.height) == (width + width % 2, height + height % 2)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    rows = np.asarray(frame.to_ndarray(format="yuv420p"))[: facts.height].astype(int)
    assert np.abs(rows[:, -1] - 200).max() <= 6
    assert np.abs(rows[-1] - 200).max() <= 6
    assert abs(rows[20, 20] - 60) <= 6


def test_a_ring_of_the_least_size_is_never_read_after_it_was_drawn_into(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    ring = [films.numbered_planes(0) for _ in range(LEAST_RING)]
    with _encoder(path) as encoder:
        for number in range(90):
            planes = ring[number % LEAST_RING]
            planes.y[:] = films.numbered_planes(number).y
            encoder.submit(planes)
        encoder.finish()
    assert list(numbered.numbers_in(path)) == list(range(90))


def test_the_same_picture_may_be_submitted_again_and_for_many_frames(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    first, second = films.numbered_planes(5), films.numbered_planes(9)
    with _encoder(path) as encoder:
        encoder.submit(first, n_frames=4)
        encoder.submit(first)
        encoder.submit(second, n_frames=2)
        encoder.submit(first)
        facts = encoder.finish()
    assert facts.n_frames == 8
    assert list(numbered.numbers_in(path)) == [5] * 5 + [9] * 2 + [5]


def test_sound_that_comes_long_before_or_after_the_pictures_is_kept(tmp_path: Path) -> None:
    for name, is_sound_first in (("before.mp4", True), ("after.mp4", False)):
        path = tmp_path / name
        sound = films.tone(0, 48_000 * 2)
        with _encoder(path, has_sound=True) as encoder:
            if is_sound_first:
                for part in np.array_split(sound, 200):
                    encoder.audio(part)
            films.feed(encoder, (films.numbered_planes(number) for number in range(60)))
            if not is_sound_first:
                encoder.audio(sound)
            assert encoder.finish().n_samples == len(sound)
        start, samples = films.heard(path)
        assert start == pytest.approx(0, abs=0.001)
        assert np.abs(samples[1000:90_000] - sound[1000:90_000, 0]).max() < 0.05
        assert list(numbered.numbers_in(path)) == list(range(60))


def test_key_frames_are_no_further_apart_than_wished(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    settings = EncodeSettings(preset="ultrafast", gop_frames=10)
    with _encoder(path, settings=settings) as encoder:
        encoder.submit(films.numbered_planes(7), n_frames=35)
        encoder.finish()
    with av.open(str(path)) as container:
        keys = [number for number, frame in enumerate(container.decode(video=0)) if frame.key_frame]
    assert keys == [0, 10, 20, 30]


def test_giving_up_leaves_no_file_and_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    before = set(threading.enumerate())
    with _encoder(path, has_sound=True) as encoder:
        for number in range(200):
            encoder.submit(films.numbered_planes(number))
            encoder.audio(films.tone(0, 1600))
        encoder.abort()
        encoder.abort()
        with pytest.raises(InternalError):
            encoder.submit(films.numbered_planes(1))
    assert list(tmp_path.iterdir()) == []
    assert set(threading.enumerate()) <= before


def test_an_error_inside_with_deletes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"

    def draw_and_fail() -> None:
        with _encoder(path) as encoder:
            encoder.submit(films.numbered_planes(1))
            assert path.exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        draw_and_fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("has_sound", [False, True])
def test_a_full_disk_is_told_to_whoever_submits_and_nobody_hangs(
    tmp_path: Path, has_sound: bool
) -> None:
    path = tmp_path / "out.mp4"
    noise = np.random.default_rng(1).integers(16, 235, (4, 120, 160)).astype(np.uint8)
    settings = EncodeSettings(preset="ultrafast", crf=1)

    def draw() -> None:
        with _encoder(path, settings=settings, has_sound=has_sound) as encoder:
            for number in range(400):
                encoder.submit(films.grey(noise[number % 4]))
                if has_sound:
                    encoder.audio(films.tone(1600 * number, 1600 * (number + 1)))

    with _file_size_limit(200_000), pytest.raises(ResourceLimitError):
        draw()
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_does_not_fit_any_more_is_an_error_of_finish(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    encoder = _encoder(path)
    encoder.submit(films.moving(1), n_frames=30)
    with _file_size_limit(1000), pytest.raises(ResourceLimitError):
        encoder.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProcessingError):
        _encoder(tmp_path / "absent" / "out.mp4")


def test_a_picture_of_another_size_is_refused_and_the_file_deleted(tmp_path: Path) -> None:
    encoder = _encoder(tmp_path / "out.mp4")
    encoder.submit(films.grey(np.zeros((60, 80), np.uint8)))
    with pytest.raises(InternalError):
        encoder.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_film_without_a_frame_is_an_error(tmp_path: Path) -> None:
    encoder = _encoder(tmp_path / "out.mp4")
    with pytest.raises(TelecineError):
        encoder.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_single_frame_is_a_film(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with _encoder(path) as encoder:
        encoder.submit(films.numbered_planes(3))
        encoder.finish()
    assert list(numbered.numbers_in(path)) == [3]
    assert films.times(path) == [0]


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_an_encoder_of_large_pictures_holds_few_of_them(codec: RenderCodec) -> None:
    def context(width: int, height: int) -> tuple[str, int]:
        settings = EncodeSettings(codec=codec, threads=16)
        made = video_context(settings, width=width, height=height, frame_rate=Fraction(30))
        return "".join(made.options.values()), made.thread_count

    usual, large = context(3840, 2160), context(7680, 4320)
    assert ("lookahead=2" in usual[0], usual[1]) == (False, 16)
    assert ("lookahead=2" in large[0], large[1]) == (True, 3)


def test_settings_that_no_encoder_knows_are_refused() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        EncodeSettings(preset="warp")
    assert caught.value.field == "preset"
    for crf in (-1, 52, float("nan")):
        with pytest.raises(InvalidRequestError) as caught:
            EncodeSettings(crf=crf)
        assert caught.value.field == "crf"


def test_a_loud_tone_stays_the_tone_that_it_is(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    sound = np.repeat(tone(1, level=0.887)[:, None], 2, axis=1).astype(np.float32)
    with _encoder(path, has_sound=True) as encoder:
        encoder.submit(_first(), n_frames=30)
        encoder.audio(sound)
        encoder.finish()
    _, samples = films.heard(path)
    assert np.abs(samples[2000:46_000] - sound[2000:46_000, 0]).max() < 0.05


def test_loud_and_broken_samples_do_not_break_the_sound(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    loud = np.full((4800, 2), 7.0, np.float32)
    loud[100:200] = np.nan
    loud[300:400] = np.inf
    with _encoder(path, has_sound=True) as encoder:
        encoder.submit(_first(), n_frames=3)
        encoder.audio(loud)
        encoder.finish()
    _, samples = films.heard(path)
    assert np.isfinite(samples).all()


def _first() -> Planes:
    return films.numbered_planes(0)


@contextlib.contextmanager
def _file_size_limit(n_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond: as good as a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
