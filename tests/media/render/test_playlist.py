"""How films are cut into segments, and how large they are shown."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from telecine.media.render.playlist import Cut, preview_size, segment_name, segment_number

RATES = [Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(7), Fraction(1, 3)]


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("n_frames", [1, 2, 29, 30, 31, 90, 91, 1007])
def test_segments_follow_each_other_and_hold_every_frame_once(
    rate: Fraction, n_frames: int
) -> None:
    cut = Cut(n_frames=n_frames, frame_rate=rate)
    runs = [cut.frames_of(number) for number in range(cut.n_segments)]
    assert [frame for run in runs for frame in run] == list(range(n_frames))
    assert all(runs)
    assert not cut.frames_of(cut.n_segments)
    assert not cut.frames_of(9_999_999)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_the_lengths_of_a_playlist_add_up_to_the_film(rate: Fraction) -> None:
    cut = Cut(n_frames=1007, frame_rate=rate)
    text = cut.playlist()
    lengths = [Fraction(each) for each in re.findall(r"#EXTINF:([0-9.]+),", text)]
    assert sum(lengths) == round(1007 / rate, 6)
    assert len(lengths) == cut.n_segments
    (target,) = re.findall(r"#EXT-X-TARGETDURATION:(\d+)", text)
    assert all(round(length) <= int(target) for length in lengths)
    assert re.findall(r"^(\d+\.m4s)$", text, re.MULTILINE) == [
        segment_name(number) for number in range(cut.n_segments)
    ]
    assert text.endswith("#EXT-X-ENDLIST\n")


@pytest.mark.parametrize(
    ("film", "shown"),
    [
        ((1920, 1080), (832, 468)),
        ((1280, 720), (832, 468)),
        ((1080, 1920), (270, 480)),
        ((1080, 1080), (480, 480)),
        ((640, 480), (640, 480)),
        ((160, 90), (160, 90)),
        ((1366, 768), (852, 480)),
        ((101, 33), (100, 32)),
        ((7680, 16), (854, 2)),
        ((3, 3), (2, 2)),
    ],
)
def test_a_preview_is_even_and_fits_and_is_never_enlarged(
    film: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert preview_size(*film) == shown


@pytest.mark.parametrize("sides", [(w, h) for w in (16, 333, 854, 1999, 8192) for h in (17, 482)])
def test_no_preview_is_larger_than_its_film_or_its_frame(sides: tuple[int, int]) -> None:
    width, height = preview_size(*sides)
    assert width % 2 == height % 2 == 0
    assert 2 <= width <= min(sides[0], 854)
    assert 2 <= height <= min(sides[1], 480)


@pytest.mark.parametrize(
    "name",
    [
        "-1.m4s",
        "01.m4s",
        "1.M4S",
        "1.m4s ",
        "1e3.m4s",
        "99999999.m4s",
        "../1.m4s",
        ".m4s",
        "²..m4s",
    ],
)
def test_no_segment_has_such_a_name(name: str) -> None:
    assert segment_number(name) is None
    assert segment_number(segment_name(1_000_000)) == 1_000_000
