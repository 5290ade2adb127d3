"""The ten preset animations, by numbers, on a box of 100x50 that is seen for two seconds."""

from __future__ import annotations

from typing import Any

import pytest
from tests.media.render.timelines import clip, curve, planned

from telecine.media.render.display import Draw
from telecine.media.render.planning.plan import Plan
from telecine.media.timeline.easing import EASINGS, linear
from telecine.media.timeline.model import Animation, AnimationKind, Direction, Filter


def animation(kind: AnimationKind, duration: float = 1.0, **fields: Any) -> Animation:
    return Animation(kind=kind, duration_seconds=duration, **{"easing": linear, **fields})


def animated(*animations: Animation, end: int = 20) -> Plan:
    return planned(clip(animations=animations, end=end))


def middle(draw: Draw) -> tuple[float, float]:
    a, b, c, d, e, f = draw.matrix
    return round(a * 50 + c * 25 + e - 200, 6), round(b * 50 + d * 25 + f - 100, 6)


def opacities(made: Plan) -> list[float]:
    found = []
    for n in range(made.n_frames):
        draws = made.frame(n).draws
        found.append(round(draws[0].opacity, 6) if draws else 0.0)
    return found


def test_fade_in_goes_from_nothing_to_what_is() -> None:
    found = opacities(animated(animation("fadeIn")))
    assert found == [n / 10 for n in range(10)] + [1.0] * 10


def test_fade_out_ends_with_the_clip() -> None:
    found = opacities(animated(animation("fadeOut")))
    assert found == [1.0] * 11 + [round(1 - n / 10, 6) for n in range(1, 10)]


def test_fades_multiply_with_keyframes_and_each_other() -> None:
    made = planned(
        clip(
            curves=[curve("opacity", (0, 0.5))],
            animations=[animation("fadeIn", 1.5), animation("fadeOut", 1.5)],
        )
    )
    assert opacities(made)[10] == pytest.approx(0.5 * (10 / 15) * (10 / 15))


def test_what_fades_in_late_is_not_seen_before() -> None:
    found = opacities(animated(animation("fadeIn", 0.5, delay_seconds=0.5)))
    assert found[:6] == [0.0] * 6
    assert found[6] == pytest.approx(0.2)


def test_a_fade_out_may_come_early_and_a_later_fade_in_undoes_it() -> None:
    found = opacities(
        animated(
            animation("fadeOut", 0.5, delay_seconds=0.2),
            animation("fadeIn", 0.5, delay_seconds=1.0),
        )
    )
    assert found[:3] == [1, 1, 1]
    assert found[7:11] == [0, 0, 0, 0]
    assert found[15:] == [1] * 5


def test_zoom_in_and_out_grow_from_and_shrink_to_nothing() -> None:
    made = animated(animation("zoomIn", 0.5), animation("zoomOut", 0.5))
    assert made.frame(0).draws == ()
    widths = [made.frame(n).draws[0].matrix[0] for n in range(1, 20)]
    assert widths[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert widths[5:15] == [1.0] * 10
    assert widths[15:] == pytest.approx([0.8, 0.6, 0.4, 0.2])
    assert {middle(draw) for n in range(1, 20) for draw in made.frame(n).draws} == {(0, 0)}


@pytest.mark.parametrize(
    ("direction", "across", "down"),
    [("left", -1, 0), ("right", 1, 0), ("up", 0, -1), ("down", 0, 1)],
)
def test_slides_move_towards_their_direction(direction: Direction, across: int, down: int) -> None:
    made = animated(
        animation("slideIn", 0.5, direction=direction),
        animation("slideOut", 0.5, direction=direction, distance=100.0),
    )
    assert middle(made.frame(0).draws[0]) == (-200 * across, -200 * down)
    assert middle(made.frame(1).draws[0]) == (-160 * across, -160 * down)
    assert middle(made.frame(10).draws[0]) == (0, 0)
    assert middle(made.frame(19).draws[0]) == (80 * across, 80 * down)


def test_move_goes_from_one_offset_to_another() -> None:
    made = animated(animation("move", start=(-100.0, 20.0), end=(0.0, 40.0)))
    places = [middle(made.frame(n).draws[0]) for n in (0, 5, 10, 19)]
    assert places == [(-100, 20), (-50, 30), (0, 40), (0, 40)]


def test_a_move_without_a_start_goes_on_from_the_last_one() -> None:
    made = animated(
        animation("move", 0.5, end=(50.0, 0.0)),
        animation("move", 0.5, delay_seconds=1.0, end=(50.0, 80.0)),
    )
    places = [middle(made.frame(n).draws[0]) for n in (0, 5, 9, 10, 15, 19)]
    assert places == [(0, 0), (50, 0), (50, 0), (50, 0), (50, 80), (50, 80)]


def test_a_later_move_with_a_start_replaces_the_one_before() -> None:
    made = animated(
        animation("move", 0.5, start=(0.0, 0.0), end=(60.0, 0.0)),
        animation("move", 0.5, delay_seconds=1.0, start=(60.0, 0.0), end=(0.0, 0.0)),
    )
    places = [middle(made.frame(n).draws[0])[0] for n in (0, 5, 10, 15)]
    assert places == [0, 60, 60, 0]


def test_moves_at_the_same_time_add_up() -> None:
    made = animated(
        animation("move", end=(100.0, 0.0)), animation("move", end=(0.0, 50.0)),
        animation("slideIn", direction="right", distance=10.0),
    )  # fmt: skip
    assert middle(made.frame(5).draws[0]) == (45, 25)


def test_scale_multiplies_and_may_differ_by_side() -> None:
    made = planned(
        clip(
            curves=[curve("scale", (0, (2.0, 2.0)))],
            animations=[animation("scale", start=1.0, end=(2.0, 3.0))],
        )
    )
    a, _, _, d, _, _ = made.frame(5).draws[0].matrix
    assert (a, d) == (3, 4)
    assert made.layers[0].raster_scale == 6


def test_rotate_turns_and_without_numbers_once_around() -> None:
    made = animated(animation("rotate", start=0.0, end=180.0))
    assert made.frame(5).draws[0].matrix[:4] == (0, 1, -1, 0)
    assert made.frame(15).draws[0].matrix[:4] == (-1, 0, 0, -1)
    assert animated(animation("rotate")).frame(5).draws[0].matrix[:4] == (-1, 0, 0, -1)


def test_a_filter_moves_in_the_draws() -> None:
    made = animated(animation("filter", filter="blur", start=0.0, end=20.0))
    assert made.frame(0).draws[0].filters == ()
    assert made.frame(5).draws[0].filters == (Filter(kind="blur", value=10.0),)
    assert made.frame(19).draws[0].filters == (Filter(kind="blur", value=20.0),)
    back = animated(animation("filter", filter="brightness", start=3.0))
    assert back.frame(5).draws[0].filters == (Filter(kind="brightness", value=2.0),)
    assert back.frame(15).draws[0].filters == ()


def test_an_easing_bends_the_way() -> None:
    made = animated(animation("move", end=(100.0, 0.0), easing=EASINGS["easeInQuad"]))
    assert middle(made.frame(5).draws[0]) == (25, 0)


@pytest.mark.parametrize(("repeats", "last"), [(1, 100), (2, 100), (None, 80)])
def test_a_loop_starts_again_as_often_as_it_says(repeats: int | None, last: float) -> None:
    made = animated(animation("move", 0.5, end=(100.0, 0.0), repeats=repeats))
    places = [middle(made.frame(n).draws[0])[0] for n in range(20)]
    assert places[:5] == [0, 20, 40, 60, 80]
    assert places[5:10] == ([100] * 5 if repeats == 1 else [0, 20, 40, 60, 80])
    assert places[19] == last


def test_what_is_over_leaves_the_frames_as_they_are() -> None:
    made = animated(animation("slideIn", 0.5))
    frames = [made.frame(n) for n in range(20)]
    assert len({id(frame) for frame in frames[5:]}) == 1
    assert len({id(frame) for frame in frames[:6]}) == 6


def test_an_exit_longer_than_its_clip_is_done_at_the_end() -> None:
    found = opacities(animated(animation("fadeOut", 4.0)))
    assert found[0] == pytest.approx(0.5)
    assert found[19] == pytest.approx(0.025)


def test_animations_and_keyframes_of_one_place_add() -> None:
    made = planned(
        clip(
            curves=[curve("x", (0, 10), (1, 30))],
            animations=[animation("move", end=(100.0, 0.0))],
        )
    )
    assert middle(made.frame(5).draws[0]) == (70, 0)
