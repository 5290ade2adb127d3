"""The arguments of an encode, and the search for a size: decisions only, nothing is run."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecine.kit.errors import MediaLimitError
from telecine.media import sizing
from telecine.media.encode import (
    Bitrate,
    Box,
    Crf,
    Encode,
    Fit,
    VideoCodec,
    check_size,
    first_pass,
    geometry,
    input_args,
    one_pass,
    pixel_format,
    plan_audio,
    second_pass,
    video_filters,
)
from telecine.media.probe import AudioStream, MediaInfo, VideoStream


def video_of(width: int = 1920, height: int = 1080, **changes: Any) -> VideoStream:
    values: dict[str, Any] = {
        "index": 0,
        "codec": "h264",
        "profile": "High",
        "width": width,
        "height": height,
        "display_width": width,
        "display_height": height,
        "rotation_degrees": 0,
        "frame_rate": Fraction(25),
        "nominal_frame_rate": Fraction(25),
        "is_variable_frame_rate": False,
        "frame_count": 250,
        "duration_seconds": 10.0,
        "pixel_format": "yuv420p",
        "bit_depth": 8,
        "is_rgb": False,
        "is_interlaced": False,
        "color_primaries": "bt709",
        "color_transfer": "bt709",
        "color_space": "bt709",
        "color_range": "tv",
        "is_hdr": False,
        "bit_rate": 4_000_000,
    }
    return VideoStream(**(values | changes))


def track_of(**changes: Any) -> AudioStream:
    values: dict[str, Any] = {
        "index": 1,
        "codec": "aac",
        "profile": "LC",
        "channels": 2,
        "channel_layout": "stereo",
        "sample_rate": 48_000,
        "bit_rate": 128_000,
        "duration_seconds": 10.0,
        "language": "eng",
    }
    return AudioStream(**(values | changes))


def info_of(
    *tracks: AudioStream, video: VideoStream | None = None, title: str | None = None
) -> MediaInfo:
    return MediaInfo(
        container="mov,mp4,m4a,3gp,3g2,mj2",
        brand="isom",
        duration_seconds=10.0,
        size_bytes=5_000_000,
        video=video or video_of(),
        audio=tracks,
        stream_count=1 + len(tracks),
        title=title,
        created_at=None,
    )


def encode_of(info: MediaInfo, *, codec: VideoCodec = "h264", **changes: Any) -> Encode:
    values: dict[str, Any] = {"rate": Crf(), "box": Box(), "audio": plan_audio(info)}
    return Encode(info=info, codec=codec, **(values | changes))


def sizes(plan: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    return plan.scaled, (plan.width, plan.height)


@pytest.mark.parametrize(
    ("source", "box", "scaled"),
    [
        ((1920, 1080), Box(), (1920, 1080)),
        ((1920, 1080), Box(width=1280, height=720), (1280, 720)),
        ((1920, 1080), Box(width=1000, height=1000), (1000, 562)),
        ((640, 272), Box(width=1920, height=1080), (640, 272)),
        ((1080, 1920), Box(width=1280, height=720), (720, 1280)),
        ((1080, 1920), Box(width=720, height=1280), (720, 1280)),
        ((1920, 1080), Box(width=720, height=1280), (720, 404)),
        ((1920, 1080), Box(height=360), (640, 360)),
        ((1080, 1920), Box(width=540), (540, 960)),
        ((321, 241), Box(), (320, 240)),
        ((323, 243), Box(width=161, height=1000), (160, 122)),
    ],
)
def test_a_picture_fits_inside_its_box(
    source: tuple[int, int], box: Box, scaled: tuple[int, int]
) -> None:
    assert sizes(geometry(video_of(*source), box, codec="h264")) == (scaled, scaled)


@pytest.mark.parametrize(
    ("source", "box", "fit", "scaled", "final"),
    [
        ((1920, 1080), (500, 500), "contain", (500, 282), (500, 500)),
        ((320, 240), (500, 500), "contain", (320, 240), (500, 500)),
        ((1920, 1080), (500, 500), "cover", (888, 500), (500, 500)),
        ((320, 240), (500, 500), "cover", (320, 240), (240, 240)),
        ((1920, 1080), (500, 500), "fill", (500, 500), (500, 500)),
        ((320, 240), (500, 100), "fill", (320, 100), (320, 100)),
        ((1080, 1920), (1280, 720), "contain", (404, 720), (1280, 720)),
    ],
)
def test_the_other_fits_pad_cut_or_stretch_but_never_enlarge(
    source: tuple[int, int],
    box: tuple[int, int],
    fit: Fit,
    scaled: tuple[int, int],
    final: tuple[int, int],
) -> None:
    plan = geometry(video_of(*source), Box(width=box[0], height=box[1], fit=fit), codec="h264")
    assert sizes(plan) == (scaled, final)


side = st.integers(2, 8192)


@given(side, side, side, side, st.sampled_from(["inside", "contain", "cover", "fill"]))
def test_every_size_is_even_and_nothing_is_enlarged(
    width: int, height: int, box_width: int, box_height: int, fit: Fit
) -> None:
    box = Box(width=box_width, height=box_height, fit=fit)
    plan = geometry(video_of(width, height), box, codec="h264")
    assert all(
        length >= 2 and length % 2 == 0 for length in (*plan.scaled, plan.width, plan.height)
    )
    assert plan.scaled[0] <= width
    assert plan.scaled[1] <= height
    if fit != "inside":
        assert plan.width <= box_width
        assert plan.height <= box_height


def test_a_picture_too_small_for_av1_gets_bars() -> None:
    plan = geometry(video_of(32, 100), Box(), codec="av1")
    assert sizes(plan) == ((32, 100), (64, 100))
    assert "pad=64:100:-1:-1" in video_filters(
        encode_of(info_of(video=video_of(32, 100)), codec="av1")
    )


def test_a_long_strip_gets_bars_for_h265() -> None:
    # What x265 was seen to refuse, and what it was seen to take.
    made = geometry(video_of(8192, 16), Box(), codec="h265")
    assert (made.width, made.height) == (8192, 32)
    made = geometry(video_of(4096, 16), Box(), codec="h265")
    assert (made.width, made.height) == (4096, 16)


@pytest.mark.parametrize(
    ("codec", "width", "height", "is_taken"),
    [
        ("h264", 16_384, 16, True),
        ("h264", 16_386, 16, False),
        ("h265", 32_768, 64, True),
        ("av1", 64, 8_704, True),
        ("av1", 64, 8_706, False),
    ],
)
def test_a_picture_larger_than_the_encoder_takes_is_refused(
    codec: VideoCodec, width: int, height: int, is_taken: bool
) -> None:
    size = geometry(video_of(width, height), Box(), codec=codec)
    with nullcontext() if is_taken else pytest.raises(MediaLimitError, match=f"{codec} takes"):
        check_size(size, codec=codec)


@pytest.mark.parametrize(
    ("codec", "value", "used"),
    [
        ("h264", None, 23),
        ("h265", None, 28),
        ("av1", None, 35),
        ("h264", 18.5, 18.5),
        ("av1", 30.4, 30),
    ],
)
def test_a_missing_crf_is_the_codecs_own(
    codec: VideoCodec, value: float | None, used: float
) -> None:
    plan = encode_of(info_of(), codec=codec, rate=Crf(value=value))
    assert plan.crf == used
    args = one_pass(plan, output="out.mp4")
    assert args[args.index("-crf") + 1] == f"{used:g}"


@pytest.mark.parametrize(
    ("depth", "codec", "expected"),
    [
        (8, "h264", "yuv420p"),
        (10, "h264", "yuv420p"),
        (8, "h265", "yuv420p"),
        (10, "h265", "yuv420p10le"),
        (12, "av1", "yuv420p10le"),
    ],
)
def test_only_h264_is_held_to_eight_bits(depth: int, codec: VideoCodec, expected: str) -> None:
    assert pixel_format(video_of(bit_depth=depth), codec=codec) == expected


def test_hdr_is_tone_mapped_for_h264_alone() -> None:
    hdr = video_of(
        bit_depth=10,
        is_hdr=True,
        color_primaries="bt2020",
        color_transfer="smpte2084",
        color_space="bt2020nc",
    )
    assert "tonemap" in video_filters(encode_of(info_of(video=hdr)))
    for codec in ("h265", "av1"):
        assert "tonemap" not in video_filters(encode_of(info_of(video=hdr), codec=codec))


def test_wide_colour_without_hdr_is_converted_for_h264() -> None:
    wide = video_of(color_primaries="bt2020", color_transfer="bt2020-10", color_space="bt2020nc")
    filters = video_filters(encode_of(info_of(video=wide)))
    assert "zscale=tin=bt2020-10:pin=bt2020" in filters
    assert "tonemap" not in filters


@pytest.mark.parametrize(
    ("source", "box", "is_tagged"),
    [
        ((1920, 1080), Box(height=360), True),
        ((1920, 1080), Box(height=720), False),
        ((640, 480), Box(height=240), False),
    ],
)
def test_untagged_video_is_tagged_only_when_players_would_guess_anew(
    source: tuple[int, int], box: Box, is_tagged: bool
) -> None:
    untagged = video_of(*source, color_space=None, color_primaries=None, color_transfer=None)
    filters = video_filters(encode_of(info_of(video=untagged), box=box))
    assert ("setparams=colorspace=bt709" in filters) is is_tagged


def test_no_word_of_the_file_becomes_part_of_a_filter() -> None:
    evil = "x',movie=/etc/passwd,'\n"
    info = info_of(track_of(language="en;"), video=video_of(), title=evil)
    args = one_pass(encode_of(info), output="out.mp4")
    filters = [args[i + 1] for i, name in enumerate(args) if name.startswith(("-vf", "-filter"))]
    assert filters
    assert not any("passwd" in one for one in filters)
    assert "title=x',movie=/etc/passwd,'" in args
    assert not any("language=" in arg for arg in args)


def test_reading_ends_at_the_limit_whatever_a_header_says() -> None:
    assert input_args(encode_of(info_of()), max_seconds=60) == ("-t", "60")
    assert input_args(encode_of(info_of(), threads=3), max_seconds=60)[:2] == ("-threads", "3")


@pytest.mark.parametrize(
    ("codec", "words"), [("h264", "-threads 3"), ("h265", "pools=3"), ("av1", "lp=3")]
)
def test_each_encoder_is_told_its_threads_in_its_own_words(codec: VideoCodec, words: str) -> None:
    assert words in " ".join(one_pass(encode_of(info_of(), codec=codec, threads=3), output="o"))


def test_two_passes_share_everything_but_sound_and_target() -> None:
    plan = encode_of(info_of(track_of()), rate=Bitrate(bits_per_second=500_000))
    first, second = first_pass(plan, log="log"), second_pass(plan, log="log", output="out.mp4")
    assert first[: first.index("-pass")] == second[: second.index("-pass")]
    assert first[-3:] == ("-f", "null", "-")
    assert second[second.index("-maxrate") :][:2] == ("-maxrate", "1000000")


def test_fitting_sound_is_copied() -> None:
    (plan,) = plan_audio(info_of(track_of()))
    assert (plan.is_copied, plan.bits_per_second) == (True, 128_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"codec": "opus"},
        {"profile": "Main"},
        {"bit_rate": 512_000},
        {"channels": 3, "channel_layout": "2.1"},
        {"sample_rate": 96_000},
    ],
)
def test_sound_that_players_or_size_would_mind_is_encoded(changes: dict[str, Any]) -> None:
    (plan,) = plan_audio(info_of(track_of(**changes)))
    assert not plan.is_copied
    assert (plan.channels, plan.bits_per_second, plan.sample_rate) == (2, 128_000, 48_000)


def test_surround_stays_surround_at_64_kilobits_a_channel() -> None:
    (plan,) = plan_audio(info_of(track_of(codec="ac3", channels=6, channel_layout="5.1(side)")))
    assert (plan.channels, plan.bits_per_second) == (6, 384_000)


@pytest.mark.parametrize(
    ("most", "channels", "bits"), [(64_000, 2, 64_000), (30_000, 1, 30_000), (1, 1, 24_000)]
)
def test_little_room_makes_sound_simpler(most: int, channels: int, bits: int) -> None:
    surround = track_of(codec="ac3", channels=6, channel_layout="5.1")
    (plan,) = plan_audio(info_of(surround), most_bits_per_second=most)
    assert (plan.is_copied, plan.channels, plan.bits_per_second) == (False, channels, bits)


def searched(
    search: sizing.Search | None, encoder: Callable[[int], float]
) -> tuple[sizing.Search, int]:
    assert search is not None
    while (rate := search.next_rate()) is not None:
        size = int(encoder(rate))
        search = search.after(sizing.Try(bits_per_second=rate, size_bytes=size))
    return search, len(search.tries)


@given(
    st.integers(300_000, 50_000_000),
    st.floats(0.6, 1.6),
    st.floats(0.8, 1.2),
    st.integers(0, 30_000),
)
def test_a_search_lands_in_the_window_for_any_steady_encoder(
    target: int, bias: float, power: float, surplus: int
) -> None:
    def encoder(rate: int) -> float:
        return bias * math.pow(rate / 1e6, power) * 1e6 * 10 / 8 + surplus

    start = sizing.start(info_of(), target_bytes=target, pixels=1920 * 1080)
    search, _ = searched(start, encoder)
    assert search.best is not None
    assert target * 0.95 <= search.best.size_bytes <= target


def test_an_exact_encoder_needs_one_try() -> None:
    start = sizing.start(info_of(track_of()), target_bytes=1_000_000, pixels=1920 * 1080)
    search, tries = searched(start, lambda rate: rate * 10 / 8 + 10_000 + 160_000)
    assert tries == 1
    assert search.best is not None


def test_a_search_ends_when_the_best_quality_is_smaller_than_the_target() -> None:
    start = sizing.start(info_of(), target_bytes=10_000_000, pixels=1920 * 1080)
    search, tries = searched(start, lambda rate: min(rate * 10 / 8, 50_000))
    assert search.best is not None
    assert search.best.size_bytes == 50_000
    assert tries <= 3


def test_a_search_ends_empty_when_the_worst_quality_is_larger_than_the_target() -> None:
    start = sizing.start(info_of(), target_bytes=100_000, pixels=1920 * 1080)
    search, tries = searched(start, lambda rate: max(rate * 10 / 8, 150_000))
    assert search.best is None
    assert tries <= 5


def test_a_target_below_sound_and_container_is_hopeless_from_the_start() -> None:
    assert sizing.start(info_of(track_of()), target_bytes=20_000, pixels=100) is None


def test_sound_takes_a_fifth_of_a_small_target_at_most() -> None:
    search = sizing.start(info_of(track_of()), target_bytes=300_000, pixels=1920 * 1080)
    assert search is not None
    assert search.audio[0].bits_per_second == 48_000
    rich = sizing.start(info_of(track_of()), target_bytes=3_000_000, pixels=1920 * 1080)
    assert rich is not None
    assert rich.audio[0].is_copied


def test_uneven_frame_times_keep_the_sources_clock() -> None:
    even = encode_of(info_of())
    uneven = replace(even, info=info_of(video=video_of(is_variable_frame_rate=True)))
    assert "-enc_time_base:v" not in one_pass(even, output="o")
    assert "-enc_time_base:v" in one_pass(uneven, output="o")
