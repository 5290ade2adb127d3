"""Layouts become their children, each in its place; captions become pages."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace
from tests.media.render.timelines import RED, clip, corner, curve, only, planned

from telecine.media.render.display import CaptionPage
from telecine.media.render.planning.plan import Plan
from telecine.media.timeline.easing import linear
from telecine.media.timeline.model import (
    Captions,
    Clip,
    Colour,
    Content,
    Filter,
    Font,
    Layout,
    Placement,
    Rect,
    Style,
    Text,
    Transition,
    Word,
)

BOX = Placement(width=400, height=200)


def boxes(*sizes: tuple[float, float]) -> tuple[Clip, ...]:
    return tuple(
        clip(Rect(paint=RED), name=str(index), place=Placement(width=width, height=height))
        for index, (width, height) in enumerate(sizes)
    )


def corners(made: Plan, n: int = 0) -> list[tuple[float, float]]:
    return [corner(draw.matrix) for draw in made.frame(n).draws]


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({}, [(0, 0), (0, 20)]),
        ({"gap": 5.0}, [(0, 0), (0, 25)]),
        ({"padding": (1.0, 2.0, 3.0, 4.0)}, [(4, 1), (4, 21)]),
        ({"align": "center"}, [(190, 0), (180, 20)]),
        ({"align": "end"}, [(380, 0), (360, 20)]),
        ({"justify": "center"}, [(0, 70), (0, 90)]),
        ({"justify": "end", "gap": 10.0}, [(0, 130), (0, 160)]),
        ({"justify": "space-between"}, [(0, 0), (0, 160)]),
        ({"justify": "space-around"}, [(0, 35), (0, 125)]),
        ({"direction": "horizontal"}, [(0, 0), (20, 0)]),
        ({"direction": "horizontal", "align": "end"}, [(0, 180), (20, 160)]),
        ({"direction": "horizontal", "justify": "space-between"}, [(0, 0), (360, 0)]),
    ],
)
def test_children_stand_in_a_row_or_a_column(
    fields: dict[str, Any], places: list[tuple[float, float]]
) -> None:
    layout = Layout(children=boxes((20, 20), (40, 40)), **fields)
    assert corners(planned(clip(layout, place=BOX))) == places


def test_a_layout_without_sides_is_as_large_as_its_children() -> None:
    layout = Layout(children=boxes((20, 20), (40, 40)), gap=10, padding=(5, 5, 5, 5))
    assert corners(planned(clip(layout))) == [(175 + 5, 60 + 5), (180, 95)]


def test_stretched_children_are_as_wide_as_the_column() -> None:
    text = Text(text="abc", font=Font(size=20), paint=RED)
    layout = Layout(children=(clip(text, name="t"), *boxes((9, 9))), align="stretch")
    made = planned(clip(layout, place=BOX))
    assert [layer.width for layer in made.layers] == [400, 9]


def test_in_a_column_of_no_width_the_widest_child_stretches_the_others() -> None:
    text = Text(text="x" * 12, font=Font(size=20), paint=RED)
    bar = clip(Rect(paint=RED), name="bar", place=Placement(height=4))
    inner = clip(Layout(children=(clip(text, name="t"), bar), align="stretch"), name="i")
    made = planned(clip(Layout(children=(inner,), align="stretch")))
    assert [(layer.width, layer.height) for layer in made.layers] == [(120, 20), (120, 4)]


def test_text_in_a_column_wraps_at_its_width() -> None:
    text = Text(text="x" * 30, font=Font(size=20), paint=RED)
    made = planned(clip(Layout(children=(clip(text),)), place=Placement(width=100, height=100)))
    assert (made.layers[0].width, made.layers[0].height) == (100, 60)


def test_layouts_stand_in_layouts() -> None:
    inner = Layout(children=boxes((20, 20), (20, 20)), direction="horizontal", gap=10)
    made = planned(
        clip(Layout(children=(*boxes((50, 50)), clip(inner, name="i")), align="center"), place=BOX)
    )
    assert corners(made) == [(175, 0), (175, 50), (205, 50)]


def test_children_are_seen_as_long_as_their_layout() -> None:
    layout = Layout(children=(clip(start=3, end=4),))
    made = planned(clip(layout, start=5, end=9))
    assert [len(made.frame(n).draws) for n in range(9)] == [0] * 5 + [1] * 4


def test_what_a_layout_does_all_its_children_do() -> None:
    layout = Layout(children=boxes((20, 20), (40, 40)))
    made = planned(
        clip(
            layout, place=Placement(width=400, height=200, scale=(2, 2), rotation=90),
            style=Style(opacity=0.5, blend="screen", filters=(Filter(kind="invert", value=1),)),
        )
    )  # fmt: skip
    for draw in made.frame(0).draws:
        assert draw.matrix[:4] == (0, 2, -2, 0)
        assert (draw.opacity, draw.blend) == (0.5, "screen")
        assert draw.filters == (Filter(kind="invert", value=1),)
    assert {layer.raster_scale for layer in made.layers} == {2}


def test_a_child_moves_and_fades_inside_its_layout() -> None:
    child = clip(
        place=Placement(width=20, height=20), style=Style(opacity=0.5),
        curves=[curve("x", (0, 0), (1, 10))],
    )  # fmt: skip
    made = planned(
        clip(
            Layout(children=(child,)), place=Placement(width=40, height=40, scale=(2, 2)),
            style=Style(opacity=0.5),
        )
    )  # fmt: skip
    assert corner(only(made, 10).matrix) == (160 + 20, 60)
    assert only(made, 10).opacity == 0.25


def test_what_stands_still_in_a_layout_that_moves_moves_with_it_smoothly() -> None:
    made = planned(clip(Layout(children=boxes((9, 9))), curves=[curve("x", (0, 0), (2, 3))]))
    lefts = [corner(only(made, n).matrix)[0] for n in range(3)]
    assert lefts == [195.5, 195.65, 195.8]


def test_a_layout_may_cut_off_what_leaves_it_with_round_corners() -> None:
    layout = Layout(children=boxes((900, 900)), is_clipped=True)
    style = Style(corner_radii=(8, 8, 8, 8))
    (box,) = only(
        planned(clip(layout, place=Placement(width=100, height=50), style=style)), 0
    ).clips
    assert (corner(box.matrix), box.width, box.height) == ((150, 75), 100, 50)
    assert box.radii == (8, 8, 8, 8)


def test_a_still_layout_is_the_same_frame_and_a_moving_child_is_not() -> None:
    still = planned(clip(Layout(children=boxes((9, 9)))))
    assert still.frame(0) is still.frame(19)
    child = clip(curves=[curve("opacity", (0, 0.2), (0.5, 1))])
    moved = planned(clip(Layout(children=(child,))))
    assert moved.frame(0) != moved.frame(4)
    assert moved.frame(6) is moved.frame(19)


def test_a_wipe_over_a_layout_cuts_its_children_together() -> None:
    layout = Layout(children=boxes((400, 100), (400, 100)))
    wiped = Transition(kind="wipe", duration_seconds=1, easing=linear, direction="down")
    made = planned(clip(layout, place=BOX, coming=wiped))
    for draw in made.frame(5).draws:
        (box,) = draw.clips
        assert corner(box.matrix, 0, box.height)[1] == 100


# Captions


def words(*times: tuple[float, float]) -> tuple[Word, ...]:
    return tuple(
        Word(text=f"w{index}", start_seconds=start, end_seconds=end)
        for index, (start, end) in enumerate(times)
    )


EVEN = words(*[(n * 0.5, n * 0.5 + 0.5) for n in range(6)])


def captions(spoken: tuple[Word, ...] = EVEN, **fields: Any) -> Captions:
    options = {"words_per_page": 3, "box_width": 300.0, **fields}
    return Captions(words=spoken, font=Font(size=20), **options)


def page(made: Plan, n: int) -> CaptionPage | None:
    draws = made.frame(n).draws
    if not draws:
        return None
    content: Content | CaptionPage = made.layers[draws[-1].layer].content
    assert isinstance(content, CaptionPage)
    return content


def said(made: Plan, n: int) -> tuple[str, int | None, int] | None:
    found = page(made, n)
    if found is None:
        return None
    return " ".join(word.text for word in found.words), found.spoken, found.visible


def test_each_page_has_a_layer_for_each_spoken_word() -> None:
    made = planned(clip(captions(), end=35))
    assert len(made.layers) == 6
    found = [said(made, n) for n in (0, 4, 5, 14, 15, 29, 30)]
    assert found == [
        ("w0 w1 w2", 0, 3), ("w0 w1 w2", 0, 3), ("w0 w1 w2", 1, 3), ("w0 w1 w2", 2, 3),
        ("w3 w4 w5", 0, 3), ("w3 w4 w5", 2, 3), None,
    ]  # fmt: skip


def test_a_stream_shows_one_word_after_the_other() -> None:
    made = planned(clip(captions(mode="stream"), end=30))
    assert [said(made, n) for n in (0, 5, 10, 15)] == [
        ("w0 w1 w2", None, 1), ("w0 w1 w2", None, 2), ("w0 w1 w2", None, 3), ("w3 w4 w5", None, 1)
    ]  # fmt: skip


def test_short_gaps_are_bridged_and_long_ones_are_not() -> None:
    spoken = words((0, 0.3), (0.5, 0.8), (1.6, 1.9), (3.0, 3.5))
    made = planned(clip(captions(spoken), end=40))
    assert said(made, 4) == ("w0 w1 w2", 0, 3)
    assert said(made, 8) == ("w0 w1 w2", None, 3)
    assert said(made, 18) == ("w0 w1 w2", 2, 3)
    assert said(made, 19) is None
    assert said(made, 30) == ("w3", 0, 1)


def test_the_times_of_words_are_rounded_as_those_of_clips() -> None:
    made = planned(clip(captions(words((0.04, 0.44), (0.46, 0.85))), end=20))
    found = [said(made, n) for n in range(10)]
    assert [None if state is None else state[1] for state in found] == [0] * 5 + [1] * 4 + [None]


def test_pages_may_be_made_by_time() -> None:
    made = planned(clip(captions(page_seconds=1.0), end=30))
    assert [said(made, n) for n in (0, 9, 10, 20)] == [
        ("w0 w1", 0, 2), ("w0 w1", 1, 2), ("w2 w3", 0, 2), ("w4 w5", 0, 2)
    ]  # fmt: skip


def test_a_word_may_end_its_page() -> None:
    broken = tuple(replace(word, ends_page=n in (0, 3)) for n, word in enumerate(EVEN))
    made = planned(clip(captions(broken), end=30))
    assert [said(made, n) for n in (0, 5, 15, 20, 25)] == [
        ("w0", 0, 1), ("w1 w2 w3", 0, 3), ("w1 w2 w3", 2, 3), ("w4 w5", 0, 2), ("w4 w5", 1, 2)
    ]  # fmt: skip


def test_words_of_the_same_times_are_one_page_and_none_is_marked() -> None:
    cues = words(*[(0.0, 1.0)] * 5, (1.0, 2.0), (2.0, 2.5), (2.5, 3.0))
    made = planned(clip(captions(cues), end=30))
    assert [said(made, n) for n in (0, 9, 10, 20)] == [
        ("w0 w1 w2 w3 w4", None, 5), ("w0 w1 w2 w3 w4", None, 5),
        ("w5 w6 w7", 0, 3), ("w5 w6 w7", 1, 3),
    ]  # fmt: skip


def test_only_what_falls_into_the_clip_has_layers() -> None:
    early = words((-2, -1), (-0.9, -0.5), (-0.5, 0.2), (0.4, 0.6), (0.6, 0.9), (5, 6))
    made = planned(clip(captions(early), end=8))
    assert [layer.content.spoken for layer in made.layers] == [2, 0, 1]  # type: ignore[union-attr]


def test_pages_that_look_alike_share_their_layers() -> None:
    chorus = tuple(
        Word(text="la", start_seconds=n * 0.5, end_seconds=n * 0.5 + 0.5) for n in range(12)
    )
    made = planned(clip(captions(chorus), end=60))
    assert len(made.layers) == 3


def test_a_page_is_one_frame_object_between_words() -> None:
    made = planned(clip(captions(), end=30))
    frames = [made.frame(n) for n in range(30)]
    changes = [n + 1 for n, (one, other) in enumerate(pairwise(frames)) if one is not other]
    assert changes == [5, 10, 15, 20, 25]


@pytest.mark.parametrize(
    ("fields", "place", "where"),
    [
        ({}, Placement(), (170, 200 - 80 - 20)),
        ({"position": "top"}, Placement(), (170, 80)),
        ({"position": "center"}, Placement(), (170, 90)),
        ({"align": "left"}, Placement(), (50, 100)),
        ({"align": "right"}, Placement(), (290, 100)),
        ({}, Placement(x=10, y=-20), (180, 80)),
        ({"padding": 0.0}, Placement(width=100, height=50, anchor=(0, 0)), (200 + 20, 100 + 30)),
    ],
)
def test_a_page_stands_where_captions_say(
    fields: dict[str, Any], place: Placement, where: tuple[float, float]
) -> None:
    made = planned(clip(captions(**fields), place=place))
    assert corner(only(made, 0).matrix) == where


def test_pages_fade_in_and_words_of_a_stream_do() -> None:
    made = planned(clip(captions(fades_in=True), end=30))
    assert [round(only(made, n).opacity, 3) for n in (0, 1, 2, 5, 15)] == [
        0.333, 0.667, 1, 1, 0.333,
    ]  # fmt: skip
    stream = planned(clip(captions(mode="stream", fades_in=True), end=30))
    below, above = stream.frame(5).draws
    assert (below.opacity, round(above.opacity, 3)) == (1, 0.333)
    assert len(stream.frame(7).draws) == 1
    assert len(stream.frame(15).draws) == 1


def test_a_page_goes_on_fading_in_when_its_first_word_is_short() -> None:
    quick = words((0, 0.1), (0.1, 0.9))
    made = planned(clip(captions(quick, fades_in=True), end=9))
    assert [round(only(made, n).opacity, 3) for n in (0, 1, 2)] == [0.333, 0.667, 1]
    assert [said(made, n) for n in (0, 1)] == [("w0 w1", 0, 2), ("w0 w1", 1, 2)]


def test_captions_scale_about_their_page() -> None:
    made = planned(clip(captions(), place=Placement(scale=(2, 2))))
    assert corner(only(made, 0).matrix, 30, 10) == (200, 110)
    assert made.layers[0].raster_scale == 2


def test_captions_without_words_draw_nothing() -> None:
    made = planned(clip(captions(())))
    assert made.layers == ()
    assert made.frame(0) is made.frame(19)


def test_many_words_are_planned_in_time_that_grows_evenly() -> None:
    many = tuple(
        Word(text=f"w{n}", start_seconds=n * 0.1, end_seconds=n * 0.1 + 0.1) for n in range(6000)
    )
    made = planned(clip(captions(many), end=6000))
    assert len(made.layers) == 6000
    assert said(made, 4501) == ("w4500 w4501 w4502", 1, 3)


def test_highlight_colours_are_the_pages_own_affair() -> None:
    shown = captions(highlight=Colour(red=0, green=1, blue=0))
    made = planned(clip(shown))
    found = page(made, 0)
    assert found is not None
    assert found.captions is shown
