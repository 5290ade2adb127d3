"""What is drawn where on every frame: places, sizes, layers, and frames that stay as they are."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from itertools import pairwise

import pytest
from msgspec.structs import replace
from tests.media.render.timelines import (
    RED,
    SizeTable,
    clip,
    corner,
    curve,
    only,
    planned,
    timeline,
    video,
)

from telecine.media.render.display import IDENTITY
from telecine.media.render.planning.plan import Plan, plan
from telecine.media.timeline.easing import EASINGS, hold
from telecine.media.timeline.model import (
    Circle,
    Clip,
    Code,
    Font,
    Gradient,
    GradientStop,
    Icon,
    Image,
    PathLine,
    Placement,
    Rect,
    Source,
    Style,
    Svg,
    Text,
    Track,
)

PICTURE = Image(source=Source(src="p.png", path="src"))
WORDS = Text(text="ten signs.", font=Font(size=20), paint=RED)


def test_a_clip_is_drawn_from_its_first_frame_to_before_its_end() -> None:
    made = planned(clip(start=3, end=6), frames=10)
    assert [len(made.frame(n).draws) for n in range(10)] == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]


def test_a_frame_outside_of_the_timeline_is_refused() -> None:
    made = planned(clip(end=5))
    for n in (-1, 5):
        with pytest.raises(IndexError):
            made.frame(n)


def test_the_middle_of_the_canvas_is_the_origin() -> None:
    draw = only(planned(clip(place=Placement(x=20, y=-10, width=100, height=50))), 0)
    assert draw.matrix == (1, 0, 0, 1, 200 + 20 - 50, 100 - 10 - 25)


@pytest.mark.parametrize("anchor", [(0.0, 0.0), (0.5, 0.5), (1.0, 0.0), (0.25, 1.0)])
def test_turning_scaling_and_skewing_leave_the_anchor_where_it_is(
    anchor: tuple[float, float],
) -> None:
    place = Placement(
        x=7, y=9, width=100, height=50, scale=(2, 0.5), rotation=33, skew=(10, 20), anchor=anchor
    )
    draw = only(planned(clip(place=place)), 0)
    assert corner(draw.matrix, anchor[0] * 100, anchor[1] * 50) == (207, 109)


def test_angles_run_clockwise_and_quarter_turns_are_exact() -> None:
    draw = only(planned(clip(place=Placement(width=100, height=50, rotation=90))), 0)
    assert draw.matrix[:4] == (0, 1, -1, 0)
    assert corner(draw.matrix) == (225, 50)  # what was left above is right above now


def test_skew_shears_before_scale_and_rotation() -> None:
    place = Placement(width=100, height=50, scale=(2, 2), skew=(45, 0))
    a, b, c, d, _, _ = only(planned(clip(place=place)), 0).matrix
    assert (a, b, round(c, 9), d) == (2, 0, 2, 2)


def test_skew_across_comes_after_skew_down() -> None:
    place = Placement(width=100, height=50, skew=(45, 45))
    matrix = only(planned(clip(place=place)), 0).matrix
    assert matrix[:4] == pytest.approx((2, 1, 1, 1))


def test_what_never_moves_stands_on_whole_pixels_and_what_moves_does_not() -> None:
    place = Placement(x=0.3, width=101, height=51)
    assert only(planned(clip(place=place)), 0).matrix == (1, 0, 0, 1, 150, 75)
    moved = planned(clip(place=place, curves=[curve("x", (0, 0.3), (1, 1.3))]))
    assert only(moved, 0).matrix == pytest.approx((1, 0, 0, 1, 149.8, 74.5))
    assert only(moved, 1).matrix[4] == pytest.approx(149.9)


@pytest.mark.parametrize(
    ("content", "place", "size"),
    [
        (WORDS, Placement(), (100, 20)),
        (replace(WORDS, text="x" * 100), Placement(), (400, 60)),
        (replace(WORDS, text="x" * 100, is_wrapped=False), Placement(), (1000, 20)),
        (WORDS, Placement(width=50), (50, 40)),
        (WORDS, Placement(width=300, height=90), (300, 90)),
        (Rect(paint=RED), Placement(), (400, 200)),
        (Rect(paint=RED), Placement(width=30), (30, 200)),
        (Circle(diameter=80, paint=RED), Placement(width=10), (80, 80)),
        (PathLine(data="M0 0", paint=None, line_paint=RED), Placement(), (60, 40)),
        (Code(code="abc", font=Font()), Placement(), (30, 20)),
        (Svg(svg="<svg/>", source=None), Placement(), (100, 50)),
        (Svg(svg="<svg/>", source=None), Placement(height=100), (200, 100)),
        (Icon(name="a:b", colour=RED), Placement(width=40), (40, 40)),
        (PICTURE, Placement(), (400, 200)),
        (PICTURE, Placement(width=100), (100, 50)),
        (Image(source=Source(src="tall.png", path="")), Placement(), (50, 200)),
        (Image(source=Source(src="tall.png", path="")), Placement(width=90, height=80), (90, 80)),
    ],
)
def test_sides_that_are_not_given_follow_from_what_is_shown(
    content: Text, place: Placement, size: tuple[float, float]
) -> None:
    made = planned(clip(content, place=place), table=SizeTable({"tall.png": (100, 400)}))
    assert (made.layers[0].width, made.layers[0].height) == size


def test_keyframes_hold_before_and_after_and_run_straight_between() -> None:
    made = planned(clip(curves=[curve("x", (0.5, 10), (1.0, 60))]))
    xs = [only(made, n).matrix[4] - 150 for n in range(20)]
    assert xs[:6] == [10] * 6
    assert xs[6:11] == pytest.approx([20, 30, 40, 50, 60])
    assert xs[10:] == [60] * 10


def test_the_easing_of_a_keyframe_is_that_of_the_way_to_it() -> None:
    made = planned(clip(curves=[curve("y", (0, 0), (1, 100), easing=EASINGS["easeInQuad"])]))
    assert only(made, 5).matrix[5] - 75 == pytest.approx(25)


def test_held_keyframes_jump_at_their_frame() -> None:
    made = planned(clip(curves=[curve("x", (0, 0), (0.7, 50), (1.2, 80), easing=hold)]))
    assert [only(made, n).matrix[4] - 150 for n in (0, 6, 7, 11, 12)] == [0, 0, 50, 50, 80]
    assert made.frame(0) is made.frame(6)
    assert made.frame(7) is made.frame(11)


def test_two_keyframes_at_one_time_are_a_jump() -> None:
    made = planned(clip(curves=[curve("x", (0, 0), (0.5, 10), (0.5, 90), (1, 100))]))
    assert only(made, 4).matrix[4] - 150 == pytest.approx(8)
    assert only(made, 5).matrix[4] - 150 == pytest.approx(90)


def test_pairs_may_be_keyframed_together() -> None:
    made = planned(clip(curves=[curve("scale", (0, (1.0, 2.0)), (1, (2.0, 4.0)))]))
    assert only(made, 5).matrix[:4] == (1.5, 0, 0, 3)


def test_opacity_is_the_clips_times_the_tracks() -> None:
    shown = timeline(clip(style=Style(opacity=0.5)), opacity=0.5)
    assert only(plan(shown, measure=SizeTable({})), 0).opacity == 0.25


def test_opacity_stays_between_nothing_and_all() -> None:
    back = curve("opacity", (0, 0), (1, 1), easing=EASINGS["easeOutBack"])
    made = planned(clip(curves=[back]))
    opacities = [draw.opacity for n in range(20) for draw in made.frame(n).draws]
    assert max(opacities) == 1
    assert len(opacities) == 19  # at first there is nothing to be seen


def test_paint_order_decides_what_is_above() -> None:
    shown = timeline(clip(name="a"), clip(name="b"), clip(name="c"), order=("c", "a", "b"))
    made = plan(shown, measure=SizeTable({}))
    paths = [made.layers[draw.layer].path for draw in made.frame(0).draws]
    assert paths == ["clips.c", "clips.a", "clips.b"]


@pytest.mark.parametrize(
    "unseen",
    [
        clip(name="u", start=5, end=5),
        clip(name="u", style=Style(opacity=0)),
        clip(name="u", curves=[curve("opacity", (0, 0), (1, 0))]),
        clip(name="u", start=30, end=40),
        clip(name="u", style=Style(opacity=0), content=WORDS),
    ],
)
def test_what_is_never_seen_has_no_layer(unseen: Clip) -> None:
    made = planned(clip(), unseen, frames=20)
    assert [layer.path for layer in made.layers] == ["clips.a"]


def test_a_hidden_track_has_no_layers() -> None:
    made = plan(timeline(clip(), opacity=0.0), measure=SizeTable({}))
    assert made.layers == ()
    assert made.frame(0).draws == ()


def test_sound_alone_draws_nothing() -> None:
    heard = replace(clip(), content=None)
    assert planned(heard).layers == ()


def test_frames_are_the_same_object_while_nothing_moves() -> None:
    moved = clip(name="b", curves=[curve("x", (0.5, 0), (1.0, 50))], end=30)
    made = planned(clip(end=30), moved, clip(name="c", start=20, end=30))
    frames = [made.frame(n) for n in range(30)]
    same = [one is other for one, other in pairwise(frames)]
    assert same == [n <= 4 or (n >= 10 and n != 19) for n in range(29)]
    assert len({id(frame) for frame in frames[20:]}) == 1


def test_what_comes_to_the_same_is_the_same_object_even_while_it_moves() -> None:
    made = planned(clip(curves=[curve("rotation", (0, 0), (1, 0))]))
    assert made.frame(0) is made.frame(5) is made.frame(19)
    spun = planned(clip(curves=[curve("opacity", (0, 1), (1, 3))]))  # clamped: never changes
    frames = [spun.frame(n) for n in range(10)]
    assert all(frame is frames[0] for frame in frames)


def test_frames_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    def make() -> Plan:
        moved = clip(name="b", curves=[curve("scale", (0.3, 1.0), (1.4, 2.0))], start=4)
        return planned(clip(), moved, clip(video(), name="c", start=7, end=19))

    one, other = make(), make()
    forwards = [one.frame(n) for n in range(20)]
    backwards = [other.frame(n) for n in reversed(range(20))]
    assert forwards == backwards[::-1]


def test_draws_that_stand_still_are_kept_beside_those_that_move() -> None:
    made = planned(clip(), clip(name="b", curves=[curve("x", (0, 0), (2, 50))]))
    assert made.frame(3).draws[0] is made.frame(4).draws[0]
    assert made.frame(3).draws[1] is not made.frame(4).draws[1]


@pytest.mark.parametrize(
    ("moved", "scale"),
    [
        (clip(), 1),
        (clip(place=Placement(width=10, height=10, scale=(0.5, -3))), 3),
        (clip(curves=[curve("scale", (0, (1.0, 1.0)), (1, (4.0, 2.0)))]), 4),
        (clip(curves=[curve("scale.x", (-5, 9), (-4, 1), (1, 2), (90, 40))]), 2 + 38 / 89),
        (clip(end=10, curves=[curve("scale.y", (0, 1), (2, 3))]), 2),
    ],
)
def test_sprites_are_made_for_the_largest_scale_that_is_seen(moved: Clip, scale: float) -> None:
    made = planned(moved)
    assert made.layers[0].raster_scale == pytest.approx(scale, rel=0.01)
    drawn = max(
        max(math.hypot(*draw.matrix[:2]), math.hypot(*draw.matrix[2:4]))
        for n in range(made.n_frames)
        for draw in made.frame(n).draws
    )
    assert drawn <= made.layers[0].raster_scale * 1.01


def test_an_easing_that_overshoots_is_counted_in_the_largest_scale() -> None:
    zoomed = curve("scale", (0, 0.0), (1, 1.0), easing=EASINGS["easeOutBack"])
    assert planned(clip(curves=[zoomed])).layers[0].raster_scale == pytest.approx(1.1, abs=0.01)


def test_gradients_and_other_backgrounds_are_the_canvas_affair() -> None:
    ground = Gradient(kind="linear", stops=(GradientStop(offset=0, colour=RED),))
    made = plan(replace(timeline(clip()), background=ground), measure=SizeTable({}))
    assert made.canvas.background == ground
    assert (made.canvas.width, made.canvas.height, made.n_frames) == (400, 200, 20)


def test_a_flat_clip_is_not_drawn() -> None:
    made = planned(clip(curves=[curve("scale", (0, 0.0), (1, 1.0))]))
    assert made.frame(0).draws == ()
    assert only(made, 1).matrix[0] == pytest.approx(0.1)


def test_broadcast_rates_are_exact() -> None:
    shown = replace(
        timeline(clip(end=3000, curves=[curve("x", (0, 0), (100.1, 100.1))])),
        frame_rate=Fraction(30000, 1001),
    )
    made = plan(shown, measure=SizeTable({}))
    assert only(made, 2999).matrix[4] - 150 == pytest.approx(2999 * 1001 / 30000)


def test_ten_thousand_clips_cost_no_more_a_frame_than_those_that_are_seen() -> None:
    faded = [curve("opacity", (0, 0.5), (0.5, 1))]
    clips = [
        clip(start=n, end=n + 10, name=str(n), curves=faded, place=Placement(width=9, height=9))
        for n in range(10_000)
    ]
    started = time.process_time()
    made = planned(*clips)
    assert time.process_time() - started < 30  # it ends: no figure, machines differ
    started = time.process_time()
    counts = [len(made.frame(n).draws) for n in range(5000, 5500)]
    assert set(counts) == {10}
    assert time.process_time() - started < 30  # it ends: no figure, machines differ
    assert made.frame(0).draws[0].matrix == only(made, 10_008).matrix


def test_many_tracks_of_many_clips_keep_their_order() -> None:
    tracks = tuple(
        Track(
            id=str(t),
            clips=tuple(clip(start=s, end=s + 1 + t, name=f"{t}.{s}") for s in range(0, 30, 3)),
        )
        for t in range(12)
    )
    shown = replace(
        timeline(clip(end=40)),
        tracks=tracks,
        paint_order=tuple(each.id for track in tracks for each in track.clips),
    )
    made = plan(shown, measure=SizeTable({}))
    for n in range(40):
        names = [made.layers[draw.layer].path for draw in made.frame(n).draws]
        assert names == [
            f"clips.{t}.{s}" for t in range(12) for s in range(0, 30, 3) if s <= n < s + 1 + t
        ]


def test_a_clip_as_large_as_the_canvas_is_drawn_as_it_is() -> None:
    assert only(planned(clip(PICTURE)), 0).matrix == IDENTITY
