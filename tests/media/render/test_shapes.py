"""Shapes and lines: where their ink is, how large it is, and what colours it has."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from tests.media.render.layers import (
    BLUE,
    GREEN,
    RED,
    RED_TO_BLUE,
    WHITE,
    colour_at,
    drawn,
    ink,
    layer_of,
    near,
)

from telecine.media.render.drawing.pixels import Rgba
from telecine.media.render.drawing.shapes import line_size
from telecine.media.render.drawing.svgpath import parse_path
from telecine.media.timeline.model import (
    Circle,
    Colour,
    Gradient,
    PathLine,
    Polygon,
    Rect,
    Stroke,
    Style,
)


def line(data: str, **fields: object) -> PathLine:
    return PathLine(**{"data": data, "paint": None, "line_paint": WHITE, **fields})  # type: ignore[arg-type]


def area(rgba: Rgba) -> float:
    return float(rgba[..., 3].sum()) / 255


def test_a_rectangle_fills_its_box_and_nothing_else() -> None:
    rgba = drawn(layer_of(Rect(paint=RED), size=(100, 60)))
    assert ink(rgba) == (40, 40, 140, 100)
    assert (rgba[40:100, 40:140] == (255, 0, 0, 255)).all()


def test_a_sprite_is_made_at_the_scale_that_is_asked_for() -> None:
    rgba = drawn(layer_of(Rect(paint=RED), size=(100, 60), scale=2.5))
    assert ink(rgba) == (100, 100, 350, 250)


def test_half_transparent_colours_are_multiplied_by_their_alpha() -> None:
    rgba = drawn(layer_of(Rect(paint=Colour(red=1, green=0.5, blue=0, alpha=0.5)), size=(20, 20)))
    assert near(colour_at(rgba, 50, 50), (128, 64, 0, 128), by=1)


def test_each_corner_has_its_own_radius() -> None:
    style = Style(corner_radii=(30, 0, 10, 20))
    rgba = drawn(layer_of(Rect(paint=RED), size=(100, 60), style=style))
    cut_off = [(1 - math.pi / 4) * radius**2 for radius in (30, 0, 10, 20)]
    halves = [rgba[40:70, 40:90], rgba[40:70, 90:140], rgba[70:100, 90:140], rgba[70:100, 40:90]]
    for part, missing in zip(halves, cut_off, strict=True):
        assert area(part) == pytest.approx(50 * 30 - missing, abs=4)


def test_radii_that_do_not_fit_are_made_smaller_together() -> None:
    style = Style(corner_radii=(1000, 1000, 1000, 1000))
    rgba = drawn(layer_of(Rect(paint=RED), size=(100, 60), style=style))
    assert area(rgba) == pytest.approx(40 * 60 + math.pi * 30**2, rel=0.005)


def test_a_stroke_is_centred_on_the_edge() -> None:
    style = Style(stroke=Stroke(paint=GREEN, width=10))
    rgba = drawn(layer_of(Rect(paint=RED), size=(100, 60), style=style))
    assert ink(rgba) == (35, 35, 145, 105)
    assert colour_at(rgba, 44, 70) == (0, 255, 0, 255)
    assert colour_at(rgba, 46, 70) == (255, 0, 0, 255)


def test_a_linear_gradient_runs_from_left_to_right() -> None:
    rgba = drawn(layer_of(Rect(paint=RED_TO_BLUE), size=(200, 20)))
    for x in (0, 50, 100, 150, 199):
        share = (x + 0.5) / 200
        wanted = (round(255 * (1 - share)), 0, round(255 * share), 255)
        assert near(colour_at(rgba, 40 + x, 50), wanted)


def test_a_gradient_at_ninety_degrees_runs_down() -> None:
    paint = Gradient(kind="linear", stops=RED_TO_BLUE.stops, angle=90)
    rgba = drawn(layer_of(Rect(paint=paint), size=(20, 200)))
    assert near(colour_at(rgba, 50, 42), (252, 0, 3, 255))
    assert near(colour_at(rgba, 50, 238), (3, 0, 252, 255), by=3)


def test_a_conic_gradient_goes_clockwise_from_the_top() -> None:
    paint = Gradient(kind="conic", stops=RED_TO_BLUE.stops)
    rgba = drawn(layer_of(Rect(paint=paint), size=(100, 100)))
    assert near(colour_at(rgba, 139, 90), (191, 0, 64, 255), by=4)  # a quarter: to the right
    assert near(colour_at(rgba, 41, 90), (64, 0, 191, 255), by=4)


def test_a_radial_gradient_ends_at_the_corners() -> None:
    paint = Gradient(kind="radial", stops=RED_TO_BLUE.stops)
    rgba = drawn(layer_of(Rect(paint=paint), size=(100, 100)))
    assert near(colour_at(rgba, 90, 90), (252, 0, 3, 255), by=4)
    assert near(colour_at(rgba, 40, 40), (2, 0, 253, 255), by=4)


def test_a_disc_has_its_diameter_about_the_middle_of_its_box() -> None:
    rgba = drawn(layer_of(Circle(diameter=80, paint=RED), size=(120, 100)))
    assert ink(rgba) == (60, 50, 140, 130)
    assert area(rgba) == pytest.approx(math.pi * 40**2, rel=0.01)


def test_a_sector_goes_clockwise_from_the_right() -> None:
    shape = Circle(diameter=80, paint=RED, start_angle=0, end_angle=90)
    rgba = drawn(layer_of(shape, size=(80, 80)))
    assert ink(rgba) == (80, 80, 120, 120)
    assert area(rgba) == pytest.approx(math.pi * 40**2 / 4, rel=0.01)


@pytest.mark.parametrize("sides", [3, 4, 5, 12])
def test_a_polygon_stands_on_a_circle_with_a_corner_at_the_top(sides: int) -> None:
    rgba = drawn(layer_of(Polygon(sides=sides, diameter=80, paint=RED), size=(80, 80)))
    wanted = sides / 2 * 40**2 * math.sin(2 * math.pi / sides)
    assert area(rgba) == pytest.approx(wanted, rel=0.01)
    assert rgba[41:44, 79:81, 3].max() > 100


def test_a_mitred_corner_is_not_cut_off() -> None:
    style = Style(stroke=Stroke(paint=GREEN, width=16))
    shape = Polygon(sides=3, diameter=60, paint=RED)
    rgba = drawn(layer_of(shape, size=(60, 60), style=style))
    # The corner of an equilateral triangle reaches a whole width beyond it.
    assert ink(rgba)[1] == pytest.approx(40 - 16, abs=1)


def test_a_line_is_drawn_from_the_middle_of_its_box() -> None:
    rgba = drawn(layer_of(line("M-50 0 H50", line_width=6), size=(100, 6)))
    assert ink(rgba) == (40, 40, 140, 46)


def test_a_line_is_measured_about_its_origin() -> None:
    assert line_size(line("M-50 0 H20", line_width=6)) == pytest.approx((106, 6))
    assert line_size(line("")) == (4, 4)


@pytest.mark.parametrize(("cap", "longer"), [("butt", 0), ("round", 10), ("square", 10)])
def test_caps_make_a_line_longer(cap: Literal["butt", "round", "square"], longer: int) -> None:
    rgba = drawn(layer_of(line("M-50 0 H50", line_width=20, cap=cap), size=(100, 20)))
    left, _, right, _ = ink(rgba)
    assert (left, right) == (40 - longer, 140 + longer)


@pytest.mark.parametrize(
    ("start", "end", "left", "right"),
    [(0.0, 0.5, 40, 90), (0.25, 0.75, 65, 115), (0.9, 1.0, 130, 140), (0.5, 0.5, 0, 0)],
)
def test_a_part_of_a_line_is_drawn(start: float, end: float, left: int, right: int) -> None:
    shape = line("M-50 0 H50", line_width=4, draw_start=start, draw_end=end)
    found = ink(drawn(layer_of(shape, size=(100, 4))))
    assert (found[0], found[2]) == (left, right)


def test_shares_of_a_line_count_along_all_its_contours() -> None:
    shape = line("M-50 -20 H50 M-50 20 H50", line_width=4, draw_start=0.25, draw_end=0.75)
    rgba = drawn(layer_of(shape, size=(100, 44)))
    assert ink(rgba[:62]) == (90, 40, 140, 44)
    assert ink(rgba[62:]) == (40, 18, 90, 22)


def test_offsets_shorten_a_line_by_px() -> None:
    shape = line("M-50 0 H50", line_width=4, start_offset=10, end_offset=30)
    found = ink(drawn(layer_of(shape, size=(100, 4))))
    assert (found[0], found[2]) == (50, 110)


def test_an_arrow_ends_where_the_line_would() -> None:
    shape = line("M-50 0 H50", line_width=4, has_end_arrow=True, arrow_size=24)
    rgba = drawn(layer_of(shape, size=(100, 24)))
    left, top, right, bottom = ink(rgba)
    assert (left, right) == (40, 140)
    assert (top, bottom) == (40, 64)
    # The head is as wide as it is long, 24 px from its tip.
    column = rgba[:, 117, 3]
    assert int((column > 128).sum()) == pytest.approx(23, abs=1)


def test_a_start_arrow_points_against_the_line() -> None:
    shape = line("M-50 0 H50", line_width=4, has_start_arrow=True, arrow_size=24)
    rgba = drawn(layer_of(shape, size=(100, 24)))
    assert ink(rgba)[0] == 40
    assert rgba[52, 62, 3] == 255
    assert int((rgba[:, 62, 3] > 128).sum()) == pytest.approx(23, abs=1)


def test_an_arrow_follows_the_part_that_is_drawn() -> None:
    shape = line("M-50 0 H50", line_width=4, has_end_arrow=True, arrow_size=20, draw_end=0.5)
    assert ink(drawn(layer_of(shape, size=(100, 24))))[2] == pytest.approx(90, abs=1)


def test_an_arrow_at_an_end_that_touches_nothing_is_no_crash() -> None:
    for data in ("", "M0 0", "M0 0 L0 0", "M0 0 Z"):
        shape = line(data, has_end_arrow=True, has_start_arrow=True)
        drawn(layer_of(shape, size=(10, 10)))


def test_a_closed_line_is_filled_and_its_gradient_runs_across_the_box() -> None:
    shape = line("M-50 -30 H50 V30 H-50", paint=RED_TO_BLUE, is_closed=True, line_width=2)
    rgba = drawn(layer_of(shape, size=(100, 60)))
    assert near(colour_at(rgba, 90, 70), (127, 0, 128, 255), by=3)
    assert colour_at(rgba, 40, 70) == (255, 255, 255, 255)


@pytest.mark.parametrize(
    ("data", "box"),
    [
        ("M0 0 L10 20", (0, 0, 10, 20)),
        ("m5,5 10,20", (5, 5, 15, 25)),
        ("M0 0h10v5H2z", (0, 0, 10, 5)),
        ("M0 0C0 10 10 10 10 0S20-10 20 0", (0, -7.5, 20, 7.5)),
        ("M0 0Q5 10 10 0T20 0", (0, -5, 20, 5)),
        ("M0 0a10 10 0 1 1 0 20", (0, 0, 10, 20)),
        ("M0 0a10 10 0 1120 0", (0, -10, 20, 0)),
        ("M0 0 1e1.5-.5.5", (-0.5, 0, 10, 0.5)),
        ("M0 0 L10 0 garbage L 50 50", (0, 0, 10, 0)),
        ("L5 5", (0, 0, 0, 0)),
        ("M1e999 0 L5 5", (0, 0, 0, 0)),
        ("", (0, 0, 0, 0)),
    ],
)
def test_path_data_is_read_as_svg_says(data: str, box: tuple[float, ...]) -> None:
    found = parse_path(data).computeTightBounds()
    assert (found.left(), found.top(), found.right(), found.bottom()) == pytest.approx(
        box, abs=0.01
    )


def test_a_line_of_many_contours_is_drawn_at_once() -> None:
    data = "".join(f"M{x % 100 - 50} {x // 100 - 50}h1" for x in range(3000))
    shape = line(data, line_width=1, draw_end=0.5, line_paint=BLUE)
    assert ink(drawn(layer_of(shape, size=(100, 100))))[3] > 40
