"""The compress operation from input to verified output, with the real FFmpeg and real encoders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from tests import samples

from telecine.kit.errors import (
    CancelledError,
    InvalidRequestError,
    MediaLimitError,
    UndecodableMediaError,
    UnsupportedMediaError,
)
from telecine.media.encode import VideoCodec
from telecine.media.ffmpeg import FFmpeg
from telecine.media.pool import Pool
from telecine.media.probe import MediaInfo, MediaLimits, probe
from telecine.media.process import Limits
from telecine.operations.base import Context, Facts, Input
from telecine.operations.compress import (
    COMPRESS,
    CompressParams,
    compress_params,
    inspect,
    output_filename,
)
from telecine.settings import Prices

CODECS: tuple[VideoCodec, ...] = ("h264", "h265", "av1")
PRICES = Prices(compress_mib_per_credit=20, convert_credits=1)


@dataclass(frozen=True, kw_only=True)
class Done:
    """One finished run, its file probed."""

    path: Path
    filename: str
    facts: Facts
    info: MediaInfo


@dataclass(kw_only=True)
class Bench:
    """Runs the operation as a worker does, and remembers what it reported."""

    pool: Pool
    folder: Path
    reports: list[float] = field(default_factory=list)
    cancel_after: float = 1.0

    def run(self, source: Path, params: CompressParams | None = None, **wishes: Any) -> Done:
        self.folder.mkdir(exist_ok=True)
        limits = Limits(
            memory_bytes=4 * 2**30, output_bytes=2**30, wall_seconds=300, stall_seconds=60
        )
        context = Context(
            inputs=(Input(path=source, filename=source.name, size_bytes=source.stat().st_size),),
            workspace=self.folder,
            ffmpeg=FFmpeg(executable=Path(samples.ffmpeg_program()), sandbox="auto", limits=limits),
            pool=self.pool,
            report=self.reports.append,
            is_cancelled=lambda: max(self.reports, default=0) > self.cancel_after,
        )
        result = COMPRESS.run(params or compress_params(**wishes), context)
        (output,) = result.outputs
        assert output.media_type == "video/mp4"
        assert output.path.is_relative_to(self.folder)
        info = probe(self.pool, output.path)
        return Done(path=output.path, filename=output.filename, facts=result.facts, info=info)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(1, sandbox="auto", memory_bytes=2 * 2**30)
    yield pool
    pool.close()


@pytest.fixture
def bench(pool: Pool, tmp_path: Path) -> Bench:
    return Bench(pool=pool, folder=tmp_path / "workspace")


def assert_chart(path: Path, *, tolerance: int) -> None:
    """The four colours stand where they belong."""
    corners = samples.corners_of(samples.picture_at(path))
    for name, colour in samples.CHART_CORNERS.items():
        assert np.abs(np.subtract(corners[name], colour)).max() <= tolerance, corners


def frame_times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        times = [
            packet.pts * packet.time_base
            for packet in container.demux(video=0)
            if packet.pts is not None and packet.time_base is not None
        ]
    return sorted(times)


def sound_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize(("codec", "crf"), [("h264", 23), ("h265", 28), ("av1", 35)])
def test_each_codec_makes_an_mp4_that_begins_to_play_at_once(
    bench: Bench, codec: VideoCodec, crf: int
) -> None:
    done = bench.run(samples.bikes(), codec=codec)
    assert done.filename == "bikes-compressed.mp4"
    assert done.facts["codec"] == codec
    assert done.facts["crf_used"] == crf
    assert (done.facts["width"], done.facts["height"]) == (640, 272)
    assert done.facts["duration_seconds"] == 10.0
    assert done.path.stat().st_size < samples.bikes().stat().st_size
    assert "warning" not in done.facts
    content = done.path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert done.info.video.frame_count == 250
    assert done.info.video.pixel_format == "yuv420p"
    assert {"h264": b"avc1", "h265": b"hvc1", "av1": b"av01"}[codec] in content


def test_the_picture_is_the_same_picture(bench: Bench) -> None:
    done = bench.run(samples.bikes(), quality=18)
    before = samples.picture_at(_copy(samples.bikes(), bench), frame=100).astype(float)
    after = samples.picture_at(done.path, frame=100).astype(float)
    assert np.abs(before - after).mean() < 3


def test_a_better_quality_is_a_larger_file(bench: Bench) -> None:
    fine = bench.run(samples.carphone(), quality=20)
    fine_bytes = fine.info.size_bytes
    coarse = bench.run(samples.carphone(), quality=40)
    assert fine.facts["crf_used"] == 20
    assert coarse.info.size_bytes < fine_bytes / 3


def test_progress_is_real_steady_and_ends_at_one(bench: Bench) -> None:
    bench.run(samples.bikes(), codec="h265", quality=30)
    assert bench.reports == sorted(bench.reports)
    assert len({report for report in bench.reports if 0 < report < 0.99}) >= 3
    assert bench.reports[-1] == 1.0


def test_a_cancelled_run_stops_in_the_middle(bench: Bench) -> None:
    bench.cancel_after = 0.0
    with pytest.raises(CancelledError):
        bench.run(samples.big_buck_bunny(), codec="h265")
    assert bench.reports[-1] < 0.99


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_phone_video_comes_out_upright_without_a_matrix(
    bench: Bench, tmp_path: Path, degrees: int
) -> None:
    source = samples.make_rotated(tmp_path / "phone.mp4", degrees=degrees)
    done = bench.run(source)
    video = done.info.video
    assert video.rotation_degrees == 0
    assert (video.width, video.height) == ((320, 240) if degrees == 180 else (240, 320))
    assert_chart(done.path, tolerance=6)


def test_a_landscape_box_is_turned_for_a_portrait_video(bench: Bench, tmp_path: Path) -> None:
    source = samples.make_rotated(tmp_path / "phone.mp4", degrees=90)
    video = bench.run(source, width=160, height=120).info.video
    assert (video.width, video.height) == (120, 160)


def test_a_box_is_never_filled_by_enlarging(bench: Bench) -> None:
    video = bench.run(samples.carphone(), width=1920, height=1080).info.video
    assert (video.width, video.height) == (192, 144)


@pytest.mark.parametrize(("fit", "size"), [("contain", (100, 100)), ("cover", (100, 100))])
def test_bars_and_cuts_give_the_boxs_own_shape(
    bench: Bench, tmp_path: Path, fit: str, size: tuple[int, int]
) -> None:
    source = samples.make_chart(tmp_path / "chart.mp4")
    done = bench.run(source, width=100, height=100, fit=fit)
    assert (done.info.video.width, done.info.video.height) == size
    picture = samples.picture_at(done.path)
    assert (picture[:8].max() < 40) == (fit == "contain")


def test_pixels_that_are_not_square_are_made_square(bench: Bench) -> None:
    video = bench.run(samples.carphone()).info.video
    assert (video.width, video.height) == (video.display_width, video.display_height) == (192, 144)
    assert video.frame_rate == Fraction(30000, 1001)


@pytest.mark.parametrize("codec", CODECS)
def test_odd_sides_lose_one_line_of_pixels(bench: Bench, tmp_path: Path, codec: VideoCodec) -> None:
    odd = {"size": (319, 241), "pixel_format": "yuv444p"}
    source = samples.make_video(tmp_path / "odd.mkv", seconds=1, audio=False, **odd)  # type: ignore[arg-type]
    video = bench.run(source, codec=codec).info.video
    assert (video.width, video.height) == (318, 240)


@pytest.mark.parametrize(
    ("codec", "expected"),
    [("h264", "yuv420p"), ("h265", "yuv420p10le"), ("av1", "yuv420p10le")],
)
def test_ten_bits_are_kept_where_browsers_decode_them(
    bench: Bench, tmp_path: Path, codec: VideoCodec, expected: str
) -> None:
    source = samples.make_chart(tmp_path / "ten.mkv", pixel_format="yuv420p10le", codec="libx265")
    done = bench.run(source, codec=codec)
    video = done.info.video
    assert video.pixel_format == expected
    assert (video.color_space, video.color_transfer, video.color_range) == ("bt709", "bt709", "tv")
    assert_chart(done.path, tolerance=6)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
@pytest.mark.parametrize("codec", ["h265", "av1"])
def test_hdr_stays_hdr_with_its_tags(
    bench: Bench, tmp_path: Path, codec: VideoCodec, transfer: str
) -> None:
    source = samples.make_hdr_chart(tmp_path / "hdr.mp4", transfer=transfer)
    before = samples.corners_of(samples.picture_at(source))
    done = bench.run(source, codec=codec)
    video = done.info.video
    assert video.pixel_format == "yuv420p10le"
    assert (video.color_primaries, video.color_transfer) == ("bt2020", transfer)
    assert (video.color_space, video.color_range) == ("bt2020nc", "tv")
    after = samples.corners_of(samples.picture_at(done.path))
    for name, colour in before.items():
        assert np.abs(np.subtract(after[name], colour)).max() <= 4


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_becomes_sdr_in_its_true_colours_for_h264(
    bench: Bench, tmp_path: Path, transfer: str
) -> None:
    done = bench.run(samples.make_hdr_chart(tmp_path / "hdr.mp4", transfer=transfer))
    video = done.info.video
    assert not video.is_hdr
    assert video.pixel_format == "yuv420p"
    assert (video.color_primaries, video.color_transfer) == ("bt709", "bt709")
    # Paper white is 224 of 255, so that highlights have room above it.
    assert_chart(done.path, tolerance=50)
    white = samples.corners_of(samples.picture_at(done.path))["bottom_right"]
    assert min(white) >= 205


def test_full_range_becomes_limited_range_of_the_same_colours(bench: Bench, tmp_path: Path) -> None:
    full = "scale=out_range=pc:out_color_matrix=bt709"
    source = samples.make_chart(tmp_path / "full.mkv", filters=full, pixel_format="yuvj420p")
    assert probe(bench.pool, source).video.color_range == "pc"
    done = bench.run(source)
    assert done.info.video.color_range == "tv"
    assert_chart(done.path, tolerance=6)


def test_rgb_becomes_tagged_bt709(bench: Bench, tmp_path: Path) -> None:
    source = samples.make_chart(tmp_path / "rgb.mkv", pixel_format="bgr0", codec="libx264rgb")
    done = bench.run(source)
    assert done.info.video.color_space == "bt709"
    assert_chart(done.path, tolerance=6)


def test_uneven_frame_times_are_kept(bench: Bench, tmp_path: Path) -> None:
    source = samples.make_uneven(tmp_path / "uneven.mp4")
    done = bench.run(source)
    before, after = frame_times(source), frame_times(done.path)
    assert len(after) == 40
    assert [float(time - after[0]) for time in after] == pytest.approx(
        [float(time - before[0]) for time in before], abs=0.002
    )


def test_a_slide_show_of_long_frames_is_whole(bench: Bench, tmp_path: Path) -> None:
    source = samples.make_video(tmp_path / "slides.mp4", seconds=6, fps="1/2", audio=False)
    assert bench.run(source).info.duration_seconds == pytest.approx(6.0, abs=0.1)


def test_interlaced_frames_are_deinterlaced_one_for_one(bench: Bench, tmp_path: Path) -> None:
    source = samples.make_interlaced(tmp_path / "fields.mp4")
    video = bench.run(source).info.video
    assert not video.is_interlaced
    assert video.frame_count == 50


def test_sound_that_is_aac_is_copied_untouched(bench: Bench) -> None:
    done = bench.run(samples.big_buck_bunny(), width=160)
    assert done.info.audio[0].channels == 6
    assert sound_packets(done.path) == sound_packets(samples.big_buck_bunny())


def test_surround_in_an_odd_layout_becomes_plain_five_one(bench: Bench, tmp_path: Path) -> None:
    source = samples.make_surround(
        tmp_path / "side.mov", layout="5.1(side)", extra_args=("-c:a", "pcm_s16le")
    )
    (track,) = bench.run(source).info.audio
    assert (track.codec, track.channel_layout) == ("aac", "5.1")


def test_every_track_keeps_its_language(bench: Bench, tmp_path: Path) -> None:
    source = tmp_path / "two.mkv"
    tone = ("-f", "lavfi", "-i", "sine=440:duration=1")
    maps = ("-map", "0", "-map", "1", "-map", "2", "-c:v", "copy", "-c:a", "libopus", "-t", "1")
    names = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu")
    samples.run_ffmpeg("-i", samples.carphone(), *tone, *tone, *maps, *names, source)
    tracks = bench.run(source).info.audio
    assert [(track.codec, track.language) for track in tracks] == [("aac", "eng"), ("aac", "deu")]


def test_no_sound_stays_no_sound(bench: Bench) -> None:
    assert bench.run(samples.carphone()).info.audio == ()


def test_the_title_stays_and_the_place_goes(bench: Bench, tmp_path: Path) -> None:
    place = ("-metadata", "location=+48.8577+002.2950/", "-metadata", "title=Tower; 'a=b'")
    source = samples.make_video(tmp_path / "trip.mov", seconds=1, extra_args=place)
    assert b"+48.8577" in source.read_bytes()
    done = bench.run(source)
    assert done.info.title == "Tower; 'a=b'"
    assert b"+48.8577" not in done.path.read_bytes()


@pytest.mark.parametrize(
    ("codec", "target"), [("h264", 400_000), ("h264", 60_000), ("h265", 120_000), ("av1", 120_000)]
)
def test_a_size_is_met_from_below_within_five_percent(
    bench: Bench, codec: VideoCodec, target: int
) -> None:
    done = bench.run(samples.bikes(), codec=codec, method="size", target_size_bytes=target)
    assert target * 0.95 <= done.path.stat().st_size <= target
    assert "crf_used" not in done.facts
    assert bench.reports == sorted(bench.reports)
    assert [path.name for path in bench.folder.glob("*.mp4")] == [done.path.name]


def test_a_size_counts_the_sound(bench: Bench) -> None:
    done = bench.run(samples.big_buck_bunny(), method="size", target_size_bytes=200_000, width=320)
    assert 190_000 <= done.path.stat().st_size <= 200_000
    assert done.info.audio[0].channels == 2  # six would take nearly all of it


def test_a_picture_that_cannot_fill_the_size_is_merely_below_it(
    bench: Bench, tmp_path: Path
) -> None:
    source = samples.make_chart(tmp_path / "still.mp4")
    done = bench.run(source, method="size", target_size_bytes=5_000_000)
    assert done.path.stat().st_size < 5_000_000


@pytest.mark.parametrize("target", [500, 9_000])
def test_an_impossible_size_names_the_field(bench: Bench, target: int) -> None:
    with pytest.raises(InvalidRequestError, match="target size") as caught:
        bench.run(samples.bikes(), method="size", target_size_bytes=target)
    assert caught.value.field == "target_size_bytes"


def test_a_bitrate_that_no_encoder_reaches_names_the_field(bench: Bench) -> None:
    with pytest.raises(InvalidRequestError, match="bitrate") as caught:
        bench.run(samples.bikes(), method="bitrate", bitrate_kbps=1)
    assert caught.value.field == "bitrate"


@pytest.mark.parametrize("codec", CODECS)
def test_a_bitrate_is_kept_on_average(bench: Bench, codec: VideoCodec) -> None:
    done = bench.run(samples.bikes(), codec=codec, method="bitrate", bitrate_kbps=250)
    assert done.info.video.bit_rate == pytest.approx(250_000, rel=0.15)


def test_a_larger_result_is_delivered_with_a_warning(bench: Bench) -> None:
    done = bench.run(samples.bikes(), method="bitrate", bitrate_kbps=1000)
    assert done.facts["warning"] == "LARGER_THAN_INPUT"
    assert done.path.stat().st_size > samples.bikes().stat().st_size


def test_keep_smaller_returns_the_original_instead(bench: Bench) -> None:
    done = bench.run(samples.bikes(), method="bitrate", bitrate_kbps=1000, keep_smaller=True)
    assert done.path.read_bytes() == samples.bikes().read_bytes()
    assert done.facts["warning"] == "KEPT_ORIGINAL"


def test_keep_smaller_does_not_pass_off_what_browsers_cannot_play(
    bench: Bench, tmp_path: Path
) -> None:
    source = tmp_path / "bikes.mkv"
    samples.run_ffmpeg("-i", samples.bikes(), "-c", "copy", source)
    done = bench.run(source, method="bitrate", bitrate_kbps=1000, keep_smaller=True)
    assert done.info.container.startswith("mov")
    assert done.facts["warning"] == "LARGER_THAN_INPUT"


def test_a_video_damaged_from_the_middle_on_is_not_called_done(
    bench: Bench, tmp_path: Path
) -> None:
    fast = ("-movflags", "+faststart")
    source = samples.make_video(tmp_path / "v.mp4", seconds=3, audio=False, extra_args=fast)
    content = bytearray(source.read_bytes())
    middle = len(content) // 3
    content[middle:] = bytes(len(content) - middle)
    source.write_bytes(content)
    with pytest.raises(UndecodableMediaError, match="could be decoded"):
        bench.run(source)


def test_bad_input_is_refused_before_anything_is_encoded(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video\n" * 100)
    with pytest.raises(UnsupportedMediaError):
        inspect(bench.pool, path, CompressParams())
    with pytest.raises(UnsupportedMediaError):
        bench.run(path)
    assert bench.reports == []


def test_the_doors_limits_hold_in_the_worker_too(bench: Bench) -> None:
    limits = MediaLimits(max_duration_seconds=5)
    with pytest.raises(MediaLimitError):
        bench.run(samples.bikes(), limits=limits)


def test_params_survive_the_job_row() -> None:
    params = compress_params(codec="av1", method="size", target_size_bytes=10_000, width=640)
    stored = msgspec.json.encode(params)
    assert msgspec.json.decode(stored, type=COMPRESS.params_type) == params


def test_quality_stands_in_for_a_missing_bitrate_or_size() -> None:
    assert compress_params(method="bitrate", quality=800).bitrate_kbps == 800
    sized = compress_params(method="size", quality=2.5)
    assert (sized.target_size_bytes, sized.quality) == (2_500_000, None)
    assert compress_params(method="bitrate", quality=800, bitrate_kbps=500).bitrate_kbps == 500


def test_a_strip_as_long_as_x265_makes_hard_is_encoded(bench: Bench, tmp_path: Path) -> None:
    strip = tmp_path / "strip.mkv"
    source = ("-f", "lavfi", "-i", "color=red:s=8192x16:d=0.2:r=5")
    samples.run_ffmpeg(*source, "-c:v", "ffv1", strip)
    done = bench.run(strip, codec="h265")
    assert (done.info.video.width, done.info.video.height) == (8192, 32)


@pytest.mark.parametrize(
    ("wishes", "named"),
    [
        ({"codec": "xyz"}, "codec"),
        ({"method": "vbr"}, "method"),
        ({"fit": "squeeze"}, "fit"),
        ({"quality": 17}, "quality"),
        ({"quality": 99}, "quality"),
        ({"quality": float("nan")}, "quality"),
        ({"width": 0, "height": 0}, "resolution"),
        ({"width": 100_000}, "resolution"),
        ({"method": "bitrate"}, "bitrate"),
        ({"method": "bitrate", "bitrate_kbps": -5}, "bitrate"),
        ({"method": "bitrate", "quality": 0}, "quality"),
        ({"method": "size"}, "target_size"),
        ({"method": "size", "target_size_bytes": -1}, "target_size"),
        ({"method": "size", "target_size_bytes": float("inf")}, "target_size"),
        ({"bitrate_kbps": 500}, "bitrate"),
        ({"target_size_bytes": 500}, "target_size"),
    ],
)
def test_a_wrong_wish_is_refused_by_name(wishes: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape(named)) as caught:
        compress_params(**wishes)
    assert caught.value.field is not None
    assert caught.value.field.startswith(named)


@pytest.mark.parametrize(
    ("input_bytes", "credits"), [(1, 1), (20 * 2**20, 1), (20 * 2**20 + 1, 2), (104_857_600, 5)]
)
def test_the_price_is_a_credit_for_every_20_mib_begun(input_bytes: int, credits: int) -> None:
    assert COMPRESS.price(compress_params(), input_bytes=input_bytes, prices=PRICES) == credits


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("video.mp4", "video-compressed.mp4"),
        ("My film.tar.mov", "My film.tar-compressed.mp4"),
        ("../../etc/passwd", "passwd-compressed.mp4"),
        (r"C:\films\a.mp4", "a-compressed.mp4"),
        ("a\r\nSet-Cookie: x.mp4", "aSet-Cookie: x-compressed.mp4"),
        ("", "video-compressed.mp4"),
        ("..", "video-compressed.mp4"),
        ("é" * 300 + ".mp4", "é" * 90 + "-compressed.mp4"),
    ],
)
def test_the_output_is_named_after_the_input(filename: str, expected: str) -> None:
    assert output_filename(filename) == expected


def _copy(source: Path, bench: Bench) -> Path:
    """Samples of packages stay as they are: pictures are written beside the copy."""
    copy = bench.folder / f"copy-{source.name}"
    copy.write_bytes(source.read_bytes())
    return copy
