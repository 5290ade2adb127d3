"""The right picture at every instant: rates, seeks, loops, backwards, odd files, colours."""

from __future__ import annotations

import random
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import pyvips
from tests import samples
from tests.media.render.numbered import even_stamps, make_numbered, number_on

from telecine.kit.errors import MediaError, UndecodableMediaError, UnsupportedMediaError
from telecine.media.render.decoding.sources import VideoSource, open_source, probe_source
from telecine.media.render.decoding.videofile import VideoFile

_SIZE = (160, 120)
_MP4_CLOCK = Fraction(1, 90_000)


def _even(path: Path, *, fps: Fraction, seconds: Fraction = Fraction(3), **options: object) -> Path:
    clock = Fraction(1, 1000) if path.suffix == ".mkv" else 1 / (fps * 100)
    stamps = even_stamps(int(seconds * fps), frame_rate=fps, time_base=clock)
    return make_numbered(path, stamps=stamps, time_base=clock, **options)  # type: ignore[arg-type]


def _numbers(path: Path, instants: list[Fraction]) -> list[int]:
    source = VideoSource(path, size=_SIZE)
    try:
        return [number_on(source.frame_at(at)) for at in instants]
    finally:
        source.close()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("rate", [Fraction(1, 2), Fraction(1), Fraction(2)])
@pytest.mark.parametrize("fps", ["24", "25", "30000/1001", "30", "60"])
def test_every_output_frame_shows_the_source_frame_of_its_instant(
    tmp_path: Path, suffix: str, rate: Fraction, fps: str
) -> None:
    source_rate = Fraction(fps)
    path = _even(tmp_path / f"numbers{suffix}", fps=source_rate)
    instants = [Fraction(n, 30) * rate for n in range(40)]
    # Matroska's clock ticks in milliseconds: within one, either of two neighbours is right.
    tick = Fraction(1, 1000) if suffix == ".mkv" else Fraction(0)
    for at, found in zip(instants, _numbers(path, instants), strict=True):
        assert int(at * source_rate) <= found <= int((at + tick) * source_rate)


def test_a_variable_frame_rate_is_followed(tmp_path: Path) -> None:
    rng = random.Random(4)
    stamps = [0]
    while stamps[-1] < 3 * 90_000:
        stamps.append(stamps[-1] + rng.choice([750, 1500, 3000, 3003, 9000, 45_000]))
    path = make_numbered(tmp_path / "uneven.mp4", stamps=stamps, time_base=_MP4_CLOCK)
    instants = [Fraction(n, 30) for n in range(85)]
    starts = [Fraction(stamp, 90_000) for stamp in stamps]
    expected = [max(i for i, start in enumerate(starts) if start <= at) for at in instants]
    assert _numbers(path, instants) == expected


def test_random_seeks_find_the_exact_frame(tmp_path: Path) -> None:
    path = _even(tmp_path / "numbers.mp4", fps=Fraction(30), seconds=Fraction(8), gop=50)
    rng = random.Random(5)
    instants = [Fraction(rng.randrange(240), 30) for _ in range(25)]
    assert _numbers(path, instants) == [int(at * 30) for at in instants]


def test_a_picture_that_nothing_refers_to_is_found_however_long_it_stays(tmp_path: Path) -> None:
    stamps = [n * 3000 for n in range(150)]
    for last in range(88, 93):
        moved = [*stamps[: last + 1], *(stamp + 180_000 for stamp in stamps[last + 1 :])]
        path = make_numbered(
            tmp_path / f"{last}.mp4", stamps=moved, time_base=_MP4_CLOCK, gop=100,
            options={"x264-params": "bframes=3:b-adapt=0:scenecut=0"},
        )  # fmt: skip
        at = Fraction(moved[last], 90_000) + Fraction(19, 10)
        assert _numbers(path, [at]) == [last]
        assert _numbers(path, [Fraction(5), at - Fraction(1)])[1] == last


def test_seeks_are_exact_where_groups_of_pictures_are_open(tmp_path: Path) -> None:
    options = {"x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0"}
    path = _even(tmp_path / "open.mp4", fps=Fraction(25), seconds=Fraction(4), options=options)
    instants = [Fraction(n, 25) for n in (60, 11, 12, 13, 95, 24, 23, 22, 48, 0, 99)]
    assert _numbers(path, instants) == [60, 11, 12, 13, 95, 24, 23, 22, 48, 0, 99]


@pytest.mark.parametrize("step", [1, 2])
def test_backwards_shows_every_frame_in_reverse(tmp_path: Path, step: int) -> None:
    path = _even(tmp_path / "numbers.mp4", fps=Fraction(30), seconds=Fraction(4), gop=40)
    wanted = list(range(119, -1, -step))
    assert _numbers(path, [Fraction(n, 30) for n in wanted]) == wanted


def test_backwards_holds_only_as_many_frames_as_the_budget_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "telecine.media.render.decoding.sources._BACKWARDS_BYTES", 5 * 160 * 120 * 3 // 2
    )
    path = _even(tmp_path / "numbers.mp4", fps=Fraction(30), seconds=Fraction(2), gop=60)
    wanted = list(range(59, -1, -1))
    assert _numbers(path, [Fraction(n, 30) for n in wanted]) == wanted


def test_a_loop_starts_again_at_its_first_frame(tmp_path: Path) -> None:
    path = _even(tmp_path / "numbers.mp4", fps=Fraction(25))
    once = list(range(10, 30))
    wanted = once * 3
    assert _numbers(path, [Fraction(n, 25) for n in wanted]) == wanted


def test_the_last_frame_holds_and_the_first_stands_before_the_start(tmp_path: Path) -> None:
    path = _even(tmp_path / "numbers.mp4", fps=Fraction(25), seconds=Fraction(1))
    instants = [Fraction(-1), Fraction(24, 25), Fraction(1), Fraction(500), Fraction(0)]
    assert _numbers(path, instants) == [0, 24, 24, 24, 0]


def test_a_frame_that_stays_is_the_same_object(tmp_path: Path) -> None:
    source = VideoSource(_even(tmp_path / "numbers.mp4", fps=Fraction(25)), size=_SIZE)
    first = source.frame_at(Fraction(1, 25))
    assert source.frame_at(Fraction(1, 25) + Fraction(1, 60)) is first
    assert source.frame_at(Fraction(2, 25)) is not first
    source.close()


def test_stamps_that_start_late_count_from_the_start(tmp_path: Path) -> None:
    stamps = [90_000 * 7 + 3000 * n for n in range(60)]
    path = make_numbered(tmp_path / "late.mkv", stamps=stamps, time_base=_MP4_CLOCK)
    assert _numbers(path, [Fraction(n, 30) for n in (0, 1, 30, 31, 5)]) == [0, 1, 30, 31, 5]
    exact = make_numbered(tmp_path / "exact.mp4", stamps=stamps, time_base=_MP4_CLOCK)
    broadcast = tmp_path / "late.ts"
    samples.run_ffmpeg("-i", exact, "-c", "copy", "-output_ts_offset", "5", broadcast)
    assert _numbers(broadcast, [Fraction(n, 30) for n in (0, 1, 30, 59, 31)]) == [0, 1, 30, 59, 31]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("film.avi", "-c:v mpeg4 -bf 2 -g 30 -q:v 3"),
        ("film.mpg", "-c:v mpeg2video -bf 2 -g 15 -q:v 3"),
        ("film.webm", "-c:v libvpx -deadline realtime -auto-alt-ref 1 -lag-in-frames 16 -g 50"),
        ("film.flv", "-c:v libx264 -preset veryfast"),
        ("film.mov", "-c:v mjpeg -q:v 3 -pix_fmt yuvj422p"),
        ("film.mp4", "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params keyint=40"),
    ],
)
def test_frames_are_found_in_other_containers_and_codecs(
    tmp_path: Path, name: str, codec: str
) -> None:
    numbers = _even(tmp_path / "numbers.mp4", fps=Fraction(30), seconds=Fraction(5))
    samples.run_ffmpeg("-i", numbers, *codec.split(), tmp_path / name)
    wanted = [100, 3, 77, 130, 0, *range(40, 50), *range(60, 50, -1), 149]
    assert _numbers(tmp_path / name, [Fraction(n, 30) for n in wanted]) == wanted


def test_an_edit_list_hides_what_it_cuts_off(tmp_path: Path) -> None:
    whole = _even(tmp_path / "whole.mp4", fps=Fraction(30))
    cut = tmp_path / "cut.mp4"
    samples.run_ffmpeg("-ss", "0.5", "-i", whole, "-c", "copy", cut)  # keeps from the key frame on
    assert _numbers(cut, [Fraction(n, 30) for n in range(5)]) == [15, 16, 17, 18, 19]
    assert _numbers(cut, [Fraction(40, 30), Fraction(2, 30)]) == [55, 17]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_phone_film_is_turned_upright(tmp_path: Path, degrees: int) -> None:
    path = samples.make_rotated(tmp_path / "phone.mp4", degrees=degrees)
    facts = probe_source(path)
    assert (facts.width, facts.height) == ((320, 240) if degrees % 180 == 0 else (240, 320))
    _assert_chart(path, size=(facts.width, facts.height), tolerance=4)


def test_a_mirrored_display_matrix_is_obeyed(tmp_path: Path) -> None:
    chart = samples.make_chart(tmp_path / "chart.mp4")
    mirrored = tmp_path / "mirrored.mp4"
    samples.run_ffmpeg("-display_hflip:v:0", "-i", chart, "-c", "copy", mirrored)
    source = VideoSource(mirrored, size=(320, 240))
    planes = source.frame_at(Fraction(0))
    source.close()
    left, right = planes.y[60, 80], planes.y[60, 240]
    assert (abs(int(left) - 173) <= 3, abs(int(right) - 63) <= 3) == (True, True)  # green, red


def test_pixels_that_are_not_square_are_shown_stretched(tmp_path: Path) -> None:
    path = _even(
        tmp_path / "anamorphic.mp4", fps=Fraction(25), seconds=Fraction(1), aspect=Fraction(4, 3)
    )
    facts = probe_source(path)
    assert (facts.width, facts.height) == (213, 120)


#: BT.709 limited range: Y, Cb, Cr of red, green, blue and white.
_CHART = {(80, 60): (63, 102, 240), (240, 60): (173, 42, 26), (80, 180): (32, 240, 118)}


def _assert_chart(path: Path, *, size: tuple[int, int] = (320, 240), tolerance: int = 2) -> None:
    source = VideoSource(path, size=size)
    planes = source.frame_at(Fraction(1, 25))
    source.close()
    for (x, y), expected in {**_CHART, (240, 180): (235, 128, 128)}.items():
        column, row = x * size[0] // 320, y * size[1] // 240
        half = (row // 2, column // 2)
        found = (planes.y[row, column], planes.u[half], planes.v[half])
        worst = max(abs(int(a) - b) for a, b in zip(found, expected, strict=True))
        assert worst <= tolerance, (found, expected)


@pytest.mark.parametrize(
    ("pixel_format", "filters", "tags"),
    [
        ("yuv420p", "", "bt709"),
        ("yuv422p", "", "bt709"),
        ("yuv444p", "", "bt709"),
        ("yuv420p10le", "", "bt709"),
        ("yuvj420p", "scale=out_range=pc:in_color_matrix=bt709:out_color_matrix=bt709", "bt709"),
        ("yuv420p", "scale=in_color_matrix=bt709:out_color_matrix=bt601", "smpte170m"),
        (
            "yuv420p10le",
            "format=yuv444p12le,scale=in_color_matrix=bt709:out_color_matrix=bt2020",
            "bt2020nc",
        ),
    ],
)
def test_a_colour_chart_comes_out_within_two_code_values(
    tmp_path: Path, pixel_format: str, filters: str, tags: str
) -> None:
    colour_range = "pc" if pixel_format.startswith("yuvj") else "tv"
    stamp = f"setparams=colorspace={tags}:range={colour_range}"
    args = ("-colorspace", tags, "-color_range", colour_range, "-crf", "5")
    path = samples.make_chart(
        tmp_path / "chart.mp4",
        pixel_format=pixel_format,
        filters=",".join(part for part in (filters, stamp) if part),
        extra_args=args,
    )
    _assert_chart(path)


def test_untagged_small_video_counts_as_bt601(tmp_path: Path) -> None:
    filters = "scale=in_color_matrix=bt709:out_color_matrix=bt601,setparams=colorspace=unknown"
    args = (
        "-crf",
        "5",
        "-bsf:v",
        "h264_metadata=matrix_coefficients=2",
        "-movflags",
        "-write_colr",
    )
    path = samples.make_chart(tmp_path / "chart.mp4", filters=filters, extra_args=args)
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).colorspace == 2
    _assert_chart(path)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_paper_white_becomes_bright_and_black_stays_black(
    tmp_path: Path, transfer: str
) -> None:
    path = samples.make_hdr_chart(tmp_path / "hdr.mp4", transfer=transfer, seconds=0.2)
    source = VideoSource(path, size=(320, 240))
    planes = source.frame_at(Fraction(0))
    source.close()
    white = (planes.y[180, 240], planes.u[90, 120], planes.v[90, 120])
    assert 200 <= white[0] <= 212  # 224 of 255 in full range is 208
    assert max(abs(int(white[1]) - 128), abs(int(white[2]) - 128)) <= 3
    assert planes.v[30, 40] > 200  # red is red
    assert planes.u[90, 40] > 200  # blue is blue


@pytest.mark.parametrize("size", [(161, 121), (1, 1), (77, 301), (640, 480)])
def test_any_size_can_be_asked_for(tmp_path: Path, size: tuple[int, int]) -> None:
    path = _even(tmp_path / "numbers.mp4", fps=Fraction(25), seconds=Fraction(1))
    source = VideoSource(path, size=size)
    planes = source.frame_at(Fraction(13, 25))
    source.close()
    half = ((size[1] + 1) // 2, (size[0] + 1) // 2)
    assert planes.y.shape == (size[1], size[0])
    assert planes.u.shape == planes.v.shape == half
    assert size == (1, 1) or number_on(planes) == 13


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("animation.mov", ["qtrle"]),
        ("prores.mov", ["prores_ks", "-profile:v", "4444"]),
        ("vp9.webm", ["libvpx-vp9", "-crf", "10"]),
        ("vp8.webm", ["libvpx", "-crf", "10", "-b:v", "1M", "-auto-alt-ref", "0"]),
    ],
)
def test_video_with_alpha_is_multiplied_by_it(tmp_path: Path, name: str, codec: list[str]) -> None:
    path = tmp_path / name
    picture = "color=white:size=64x48:rate=25:duration=0.2,format=yuva444p,"
    holes = "geq=lum=235:cb=128:cr=128:a='if(lt(X,32),0,255)'"
    if "vp" in name:
        holes += ",format=yuva420p"
    samples.run_ffmpeg("-f", "lavfi", "-i", picture + holes, "-c:v", *codec, path)
    source = VideoSource(path, size=(64, 48))
    planes = source.frame_at(Fraction(0))
    source.close()
    assert planes.alpha is not None
    assert planes.alpha_half is not None
    assert (planes.alpha[20, 8], planes.alpha[20, 50]) == (0, 255)
    assert (planes.y[20, 8], planes.u[10, 4], planes.v[10, 4]) == (0, 0, 0)
    assert abs(int(planes.y[20, 50]) - 235) <= 1
    assert planes.alpha_half.shape == planes.u.shape
    assert probe_source(path).may_have_holes


def test_seeks_are_exact_in_a_webm_with_alpha(tmp_path: Path) -> None:
    path = tmp_path / "alpha.webm"
    picture = "color=gray:size=64x48:rate=10:duration=4,format=yuva420p,"
    grows = "geq=lum=16+5*N:cb=128:cr=128:a=255-6*N"
    samples.run_ffmpeg("-f", "lavfi", "-i", picture + grows, "-c:v", "libvpx-vp9", "-g", "8", path)
    source = VideoSource(path, size=(64, 48))
    for number in (30, 5, 39, 6, 17):
        planes = source.frame_at(Fraction(number, 10))
        assert planes.alpha is not None
        assert abs(int(planes.alpha[20, 20]) - (255 - 6 * number)) <= 2
    source.close()


def _animation(path: Path, *, delays_ms: list[int], side: int = 40) -> Path:
    frames = []
    for number in range(len(delays_ms)):
        rgba = np.zeros((side, side, 4), np.uint8)
        rgba[:, : side // 2] = (number * 60, 255 - number * 60, 0, 255)
        frames.append(pyvips.Image.new_from_memory(rgba.tobytes(), side, side, 4, "uchar"))
    strip = pyvips.Image.arrayjoin(frames, across=1).copy(interpretation="srgb")
    strip.set_type(pyvips.GValue.gint_type, "page-height", side)
    strip.set_type(pyvips.GValue.array_int_type, "delay", delays_ms)
    strip.write_to_file(str(path))
    return path


def _red_share(luma: int) -> int:
    """Return which frame of `_animation` has this luma."""
    lumas = [16 + 219 * (0.2126 * n * 60 + 0.7152 * (255 - n * 60)) / 255 for n in range(5)]
    return min(range(5), key=lambda n: abs(lumas[n] - luma))


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp[lossless]"])
@pytest.mark.parametrize("budget", [2**20, 1])
def test_an_animated_image_keeps_its_delays_and_repeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, budget: int
) -> None:
    monkeypatch.setattr("telecine.media.render.decoding.animated._KEPT_BYTES", budget)
    _animation(tmp_path / name, delays_ms=[100, 250, 50, 400])
    path = tmp_path / name.partition("[")[0]
    facts = probe_source(path)
    assert (facts.is_animated, facts.has_video, facts.width) == (True, False, 40)
    assert facts.duration_seconds == Fraction(8, 10)
    source = open_source(path, size=(20, 20))
    shown = []
    for at in ("0", "0.09", "0.1", "0.34", "0.35", "0.4", "0.79", "0.8", "0.95", "10.79"):
        planes = source.frame_at(Fraction(at))
        assert planes is not None
        assert planes.alpha is not None
        assert planes.alpha[10, 15] == 0
        shown.append(_red_share(int(planes.y[10, 5])))
    source.close()
    assert shown == [0, 0, 1, 1, 2, 3, 3, 0, 1, 2]


def test_a_delay_of_nothing_is_a_tenth_of_a_second(tmp_path: Path) -> None:
    path = _animation(tmp_path / "fast.gif", delays_ms=[0, 10, 20])
    assert probe_source(path).duration_seconds == Fraction(220, 1000)


def test_facts_of_sound_and_pictures_say_what_is_in_them(tmp_path: Path) -> None:
    sound = probe_source(samples.make_audio(tmp_path / "tone.m4a", seconds=1))
    assert (sound.has_video, sound.has_audio, sound.width) == (False, True, 0)
    film = probe_source(samples.make_video(tmp_path / "film.mp4", seconds=1))
    assert (film.has_video, film.has_audio) == (True, True)
    assert film.frame_rate == 30
    assert film.duration_seconds == 1
    photo = probe_source(samples.astronaut())
    assert (photo.width, photo.height, photo.duration_seconds) == (512, 512, None)
    assert not any(facts.may_have_holes for facts in (sound, film, photo))


def test_a_file_without_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError):
        VideoSource(samples.make_audio(tmp_path / "tone.m4a"), size=_SIZE)
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(random.Random(1).randbytes(5000))
    with pytest.raises(UndecodableMediaError):
        VideoSource(noise, size=_SIZE)
    with pytest.raises(MediaError):
        probe_source(noise)


def test_a_playlist_cannot_open_other_files(tmp_path: Path) -> None:
    _even(tmp_path / "secret.mp4", fps=Fraction(25), seconds=Fraction(1))
    playlist = tmp_path / "list.mp4"
    playlist.write_text("ffconcat version 1.0\nfile secret.mp4\n")
    with pytest.raises(UndecodableMediaError):
        VideoSource(playlist, size=_SIZE)


def test_a_film_that_breaks_off_holds_its_last_good_frame(tmp_path: Path) -> None:
    whole = _even(tmp_path / "whole.mkv", fps=Fraction(25), seconds=Fraction(3))
    cut = samples.make_cut(tmp_path / "cut.mkv", source=whole, share=0.5)
    numbers = _numbers(cut, [Fraction(n, 25) for n in range(75)])
    last = max(numbers)
    assert 20 < last < 70
    assert numbers == [*range(last + 1), *([last] * (74 - last))]


def test_closing_ends_the_thread_even_in_mid_film(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    source = VideoSource(_even(tmp_path / "numbers.mp4", fps=Fraction(30)), size=_SIZE)
    source.frame_at(Fraction(1))
    assert len(set(threading.enumerate()) - before) == 1
    source.close()
    assert set(threading.enumerate()) <= before


def test_only_a_few_frames_are_decoded_ahead(tmp_path: Path) -> None:
    path = _even(tmp_path / "numbers.mp4", fps=Fraction(30))
    source = VideoSource(path, size=_SIZE)
    for n in range(10):
        source.frame_at(Fraction(n, 30))
        assert len(source._ready) <= 4
    source.close()


def test_a_file_is_read_on_without_seeking_where_that_is_nearer(tmp_path: Path) -> None:
    file = VideoFile(_even(tmp_path / "numbers.mp4", fps=Fraction(30)))
    taken = [next(iter(file.frames_from(Fraction(n, 30)))).start for n in range(5)]
    assert taken == [Fraction(n, 30) for n in range(5)]
    file.close()
