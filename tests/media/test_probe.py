"""The probe, through the real pool of confined children."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests import samples

from telecine import settings, shelves
from telecine.kit.errors import MediaLimitError, UndecodableMediaError, UnsupportedMediaError
from telecine.media.pool import Pool
from telecine.media.probe import MediaLimits, check_limits, probe


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(1, sandbox="auto", memory_bytes=2 * 2**30)
    yield pool
    pool.close()


def test_a_video_is_described(pool: Pool) -> None:
    info = probe(pool, samples.bikes())
    video = info.video
    assert info.container.startswith("mov,mp4")
    assert info.duration_seconds == 10.0
    assert info.size_bytes == samples.bikes().stat().st_size
    assert (info.audio, info.stream_count) == ((), 1)
    assert (video.codec, video.width, video.height) == ("h264", 640, 272)
    assert (video.display_width, video.display_height, video.rotation_degrees) == (640, 272, 0)
    assert (video.frame_rate, video.frame_count) == (Fraction(25), 250)
    assert (video.pixel_format, video.bit_depth) == ("yuv420p", 8)
    assert (video.color_primaries, video.is_hdr, video.is_interlaced) == (None, False, False)


def test_sound_is_described(pool: Pool) -> None:
    (track,) = probe(pool, samples.big_buck_bunny()).audio
    assert (track.codec, track.channels, track.channel_layout) == ("aac", 6, "5.1")
    assert track.sample_rate == 48_000
    assert track.bit_rate is not None
    assert 350_000 < track.bit_rate < 400_000


def test_pixels_that_are_not_square_widen_the_shown_picture(pool: Pool) -> None:
    video = probe(pool, samples.carphone()).video
    assert (video.width, video.height) == (176, 144)
    assert (video.display_width, video.display_height) == (193, 144)
    assert video.frame_rate == Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("degrees", "shown"), [(90, (240, 320)), (180, (320, 240)), (270, (240, 320))]
)
def test_a_phone_held_sideways_is_shown_upright(
    pool: Pool, tmp_path: Path, degrees: int, shown: tuple[int, int]
) -> None:
    video = probe(pool, samples.make_rotated(tmp_path / "phone.mp4", degrees=degrees)).video
    assert (video.width, video.height) == (320, 240)
    assert (video.display_width, video.display_height) == shown
    assert video.rotation_degrees == degrees


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_is_known_by_its_transfer(pool: Pool, tmp_path: Path, transfer: str) -> None:
    video = probe(pool, samples.make_hdr_chart(tmp_path / "hdr.mp4", transfer=transfer)).video
    assert video.is_hdr
    assert (video.codec, video.profile, video.bit_depth) == ("hevc", "Main 10", 10)
    assert (video.color_primaries, video.color_transfer) == ("bt2020", transfer)
    assert (video.color_space, video.color_range) == ("bt2020nc", "tv")


def test_uneven_frame_times_are_noticed(pool: Pool, tmp_path: Path) -> None:
    video = probe(pool, samples.make_uneven(tmp_path / "uneven.mp4")).video
    assert video.is_variable_frame_rate
    assert video.frame_count == 40
    assert video.nominal_frame_rate == 30
    assert video.frame_rate < 25


def test_interlaced_frames_are_noticed(pool: Pool, tmp_path: Path) -> None:
    video = probe(pool, samples.make_interlaced(tmp_path / "fields.mp4")).video
    assert video.is_interlaced
    assert video.frame_rate == 25


def test_title_language_and_length_are_read_from_matroska(pool: Pool, tmp_path: Path) -> None:
    args = ("-metadata", "title=Été", "-metadata:s:a:0", "language=fra")
    info = probe(pool, samples.make_video(tmp_path / "film.mkv", extra_args=args))
    assert info.title == "Été"
    assert info.audio[0].language == "fra"
    assert info.video.frame_count is None
    assert info.video.duration_seconds == pytest.approx(2.0, abs=0.05)


def test_a_file_that_does_not_say_its_length_is_measured(pool: Pool, tmp_path: Path) -> None:
    live = ("-f", "matroska", "-live", "1")
    info = probe(pool, samples.make_video(tmp_path / "live.mkv", extra_args=live))
    assert info.duration_seconds == pytest.approx(2.0, abs=0.1)


def test_subtitles_beside_the_video_are_no_trouble_behind_the_walls(tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    film = tmp_path / "film.mkv"
    samples.run_ffmpeg("-i", samples.bikes(), "-i", words, "-c", "copy", "-t", "1", film)
    pool = Pool(1, sandbox="auto", memory_bytes=2 * 2**30)  # a child that has met no stream yet
    try:
        info = probe(pool, film)
    finally:
        pool.close()
    assert info.stream_count == 2


def test_the_start_of_a_video_tells_how_long_it_is_or_that_it_does_not(
    pool: Pool, tmp_path: Path
) -> None:
    def head(source: Path) -> Path:
        return samples.make_cut(tmp_path / f"{source.stem}-cut.mp4", source=source, share=0.5)

    ready = samples.make_video(
        tmp_path / "ready.mp4", seconds=2, extra_args=("-movflags", "+faststart")
    )
    info = probe(pool, head(ready), is_head=True)
    assert (info.duration_seconds, len(info.audio)) == (2.0, 1)
    with pytest.raises(UndecodableMediaError):
        probe(pool, head(ready))
    late = samples.make_video(tmp_path / "late.mp4", seconds=2)
    pieces = ("-movflags", "+frag_keyframe+empty_moov", "-g", "10")
    parted = samples.make_video(tmp_path / "parted.mp4", seconds=2, extra_args=pieces)
    stream = samples.make_video(tmp_path / "stream.ts", seconds=2)
    for source in (late, parted, stream):
        with pytest.raises(UndecodableMediaError):
            probe(pool, head(source), is_head=True)
    page = tmp_path / "page.mp4"
    page.write_bytes(b"<!doctype html>" + b" " * 10_000)
    with pytest.raises(UnsupportedMediaError):
        probe(pool, page, is_head=True)


def test_an_empty_file_is_refused(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UndecodableMediaError, match="empty"):
        probe(pool, tmp_path / "empty.mp4")


def test_text_named_mp4_is_not_a_video(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("This is not a video.\n" * 1000)
    with pytest.raises(UnsupportedMediaError):
        probe(pool, path)


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:1,\n{}\n", "ffconcat version 1.0\nfile {}\n"])
def test_a_playlist_that_names_a_real_video_is_not_a_video(
    pool: Pool, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "list.mp4"
    path.write_text(text.format(samples.bikes()))
    with pytest.raises(UnsupportedMediaError):
        probe(pool, path)


def test_a_picture_named_mp4_is_not_a_video(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "picture.mp4"
    path.write_bytes(samples.astronaut().read_bytes())
    with pytest.raises(UnsupportedMediaError):
        probe(pool, path)


def test_an_avif_picture_is_not_a_video_of_one_frame(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "picture.avif"
    still = ("-frames:v", "1", "-c:v", "libsvtav1", "-pix_fmt", "yuv420p")
    samples.run_ffmpeg("-i", samples.astronaut(), *still, path)
    with pytest.raises(UnsupportedMediaError, match="picture"):
        probe(pool, path)


def test_sound_alone_is_not_a_video(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="no video"):
        probe(pool, samples.make_audio(tmp_path / "sound.m4a"))


def test_a_cover_picture_is_not_video(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="no video"):
        probe(pool, samples.make_with_cover(tmp_path / "song.m4a"))


def test_an_upload_that_lost_its_index_is_refused(pool: Pool, tmp_path: Path) -> None:
    whole = samples.make_video(tmp_path / "whole.mp4")
    cut = samples.make_cut(tmp_path / "cut.mp4", source=whole, share=0.5)
    with pytest.raises(UndecodableMediaError):
        probe(pool, cut)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.avi"])
def test_an_upload_cut_in_half_is_refused(pool: Pool, tmp_path: Path, name: str) -> None:
    fast = ("-movflags", "+faststart") if name.endswith("mp4") else ()
    whole = samples.make_video(tmp_path / name, seconds=4, extra_args=fast)
    cut = samples.make_cut(tmp_path / f"cut-{name}", source=whole, share=0.5)
    probe(pool, whole)
    with pytest.raises(UndecodableMediaError, match="cut short"):
        probe(pool, cut)


def test_a_video_of_noise_after_a_good_header_is_refused(pool: Pool, tmp_path: Path) -> None:
    fast = ("-movflags", "+faststart")
    content = bytearray(samples.make_video(tmp_path / "v.mp4", extra_args=fast).read_bytes())
    begin = content.index(b"mdat") + 4
    content[begin:] = b"\x55" * (len(content) - begin)
    (tmp_path / "noise.mp4").write_bytes(content)
    with pytest.raises(UndecodableMediaError):
        probe(pool, tmp_path / "noise.mp4")


def test_a_frame_over_the_limit_is_refused_by_its_header(pool: Pool) -> None:
    with pytest.raises(MediaLimitError, match="640x272 has 174080 pixels; at most 1000"):
        probe(pool, samples.bikes(), limits=MediaLimits(max_pixels=1000))


@pytest.mark.parametrize("suffix", ["avi", "mkv"])
@pytest.mark.parametrize("codec", ["mjpeg", "ffv1", "rawvideo"])
def test_a_frame_too_large_is_told_from_a_damaged_one_by_every_decoder(
    pool: Pool, tmp_path: Path, codec: str, suffix: str
) -> None:
    path = tmp_path / f"large.{suffix}"
    source = ("-f", "lavfi", "-i", "color=red:s=320x240:d=0.2:r=5")
    samples.run_ffmpeg(*source, "-c:v", codec, path)
    with pytest.raises(MediaLimitError, match="320x240 has 76800 pixels; at most 76799"):
        probe(pool, path, limits=MediaLimits(max_pixels=320 * 240 - 1))
    assert probe(pool, path, limits=MediaLimits(max_pixels=320 * 240)).video.width == 320


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (MediaLimits(max_duration_seconds=9), "lasts 10 seconds"),
        (MediaLimits(max_total_pixels=10**7), "gigapixels"),
        (MediaLimits(max_streams=0), "1 streams"),
    ],
)
def test_each_limit_is_named_when_passed(pool: Pool, limits: MediaLimits, words: str) -> None:
    with pytest.raises(MediaLimitError, match=words):
        probe(pool, samples.bikes(), limits=limits)


def test_frames_are_counted_by_the_index_and_by_the_clock(pool: Pool) -> None:
    info = probe(pool, samples.bikes())
    dense = replace(info, video=replace(info.video, frame_count=10**9))
    with pytest.raises(MediaLimitError, match="gigapixels"):
        check_limits(dense, MediaLimits())


def test_limits_are_built_from_the_settings_units() -> None:
    loaded = settings.load({}, max_pixels=5, max_duration_seconds=7, max_video_gigapixels=3)
    limits = shelves.media_limits(loaded)
    assert limits.max_total_pixels == 3_000_000_000
    assert (limits.max_pixels, limits.max_duration_seconds) == (5, 7)
