"""Spoken words that do more than change their colour: where they are drawn, and that all ends well."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from tests.media.render.timelines import clip, corner, planned

from telecine.media.render.display import CaptionPage
from telecine.media.render.planning import spoken
from telecine.media.render.planning.plan import Plan
from telecine.media.render.planning.spoken import AT_REST
from telecine.media.timeline.model import Captions, Emphasis, Font, Word

MOVES: tuple[Emphasis, ...] = ("pop-in", "scale", "bounce", "glow")
WORDS = tuple(Word(text="word", start_seconds=n, end_seconds=n + 1) for n in range(3))


def captions(emphasis: Emphasis, **fields: Any) -> Captions:
    options = {"words": WORDS, "words_per_page": 3, "box_width": 300.0, **fields}
    return Captions(font=Font(size=20), emphasis=emphasis, **options)


def shown(made: Plan, n: int) -> list[tuple[int | None, int | None]]:
    """Return for each draw the only word and the one left out."""
    pages = [made.layers[draw.layer].content for draw in made.frame(n).draws]
    return [(page.only, page.without) for page in pages if isinstance(page, CaptionPage)]


@pytest.mark.parametrize("emphasis", MOVES)
def test_the_spoken_word_is_apart_from_its_page(emphasis: Emphasis) -> None:
    made = planned(clip(captions(emphasis), end=30))
    for n, word in ((5, 0), (15, 1), (25, 2)):
        first, *rest = shown(made, n)
        assert first == (None, word)
        assert set(rest) == {(word, None)}


@pytest.mark.parametrize("emphasis", MOVES)
@pytest.mark.parametrize("n_frames", [1, 2, 3, 7, 30])
def test_a_word_is_nearly_at_rest_when_its_time_is_over(emphasis: Emphasis, n_frames: int) -> None:
    found = [
        spoken.spoken_at(emphasis, n, n_frames=n_frames, frame_rate=Fraction(30), largest=1.15)
        for n in range(n_frames)
    ]
    if n_frames == 30:
        assert max(abs(one.scale - two.scale) for one, two in pairwise([*found, AT_REST])) < 0.25
        assert abs(found[-1].scale - 1) < 0.06
        assert found[-1].up == 0
        assert found[-1].glow < 0.3
        assert any(at != AT_REST for at in found)
    assert all(0 < at.scale < 1.2 for at in found)
    assert all(0 <= at.glow <= 1 for at in found)


def test_a_word_grows_about_its_own_middle_and_the_page_stands() -> None:
    made = planned(clip(captions("pop-in"), end=30))
    page, word = made.frame(10).draws
    still, settled = made.frame(18).draws
    assert page == still
    assert settled.matrix == page.matrix
    assert word.matrix[0] < 0.9
    assert corner(word.matrix, 60, 10) == corner(page.matrix, 60, 10)


def test_a_hop_goes_up() -> None:
    made = planned(clip(captions("bounce"), end=30))
    heights = [made.frame(n).draws[-1].matrix[5] - made.frame(n).draws[0].matrix[5]
               for n in range(10)]  # fmt: skip
    assert min(heights) < -3
    assert max(heights) <= 0
    assert heights[6:] == [0] * 4


def test_a_larger_word_never_reaches_its_neighbours_and_stands_on_whole_pixels() -> None:
    made = planned(clip(captions("scale"), end=30))
    page, word = made.frame(15).draws
    scale = word.matrix[0]
    assert 1.05 < scale < 1.16
    assert made.layers[word.layer].raster_scale == pytest.approx(scale)
    assert 40 * (scale - 1) / 2 < 0.2 * 20
    assert word.matrix[4] % 1 == pytest.approx(0, abs=1e-9)
    assert page.matrix[:4] == (1, 0, 0, 1)


def test_light_comes_and_goes_below_the_word() -> None:
    made = planned(clip(captions("glow"), end=30))
    counts = [len(made.frame(n).draws) for n in range(30)]
    assert set(counts) == {3}
    glow = [made.frame(n).draws[1].opacity for n in range(10)]
    assert glow[0] < glow[5] > glow[9]
    assert made.layers[made.frame(5).draws[1].layer].style.filters[-1].kind == "blur"


def test_in_a_stream_the_last_word_comes_in() -> None:
    made = planned(clip(captions("pop-in", mode="stream", fades_in=True), end=30))
    assert shown(made, 10) == [(None, 1), (1, None)]
    page, word = made.frame(10).draws
    assert page.opacity == 1
    assert word.opacity == pytest.approx(1 / 3)
    assert [made.frame(18).draws[n].opacity for n in (0, 1)] == [1, 1]


def test_a_page_at_rest_is_one_frame_object() -> None:
    made = planned(clip(captions("pop-in"), end=30))
    assert made.frame(4) is made.frame(9)
    assert made.frame(10) is not made.frame(9)
