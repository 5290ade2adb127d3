"""Sprites: filters and shadows as pixels, and pixels as planes."""

from __future__ import annotations

import numpy as np
import pytest
from tests.media.render.layers import (
    BLACK,
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
    sprites,
)

from telecine.media.render.drawing.pixels import Pixels, Rgba, to_planes
from telecine.media.timeline.model import (
    Colour,
    Filter,
    FilterKind,
    Font,
    Gradient,
    GradientStop,
    Rect,
    Shadow,
    Stroke,
    Style,
    Text,
)

# Pixels as planes --------------------------------------------------------------------------


def bt709(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """Return Y, Cb, Cr of R'G'B' from 0 to 1, limited range: ITU-R BT.709, written out."""
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        16 + 219 * luma,
        128 + 224 * (blue - luma) / 1.8556,
        128 + 224 * (red - luma) / 1.5748,
    )


CHART = [
    (red, green, blue)
    for red in (0, 64, 128, 191, 255)
    for green in (0, 64, 128, 191, 255)
    for blue in (0, 64, 128, 191, 255)
]


@pytest.mark.parametrize("alpha", [255, 200, 128, 1, 0])
def test_a_chart_of_colours_comes_out_within_one_code_value(alpha: int) -> None:
    for colour in CHART:
        rgba = np.zeros((4, 4, 4), np.uint8)
        rgba[:] = (*[round(part * alpha / 255) for part in colour], alpha)
        planes = to_planes(rgba)
        straight = [part / 255 for part in rgba[0, 0]]
        share = alpha / 255
        luma, u, v = bt709(*straight[:3])
        wanted = (luma - 16 + 16 * share, u - 128 + 128 * share, v - 128 + 128 * share)
        for plane, value in zip(planes[:3], wanted, strict=True):
            inner = plane[1, 1] if alpha < 255 else plane
            assert np.abs(inner - value).max() <= 1.0, colour


def test_a_drawn_colour_comes_out_within_one_code_value() -> None:
    for red, green, blue in CHART[::7]:
        paint = Colour(red=red / 255, green=green / 255, blue=blue / 255)
        sprite = sprites().sprite(layer_of(Rect(paint=paint), size=(8, 8)))
        wanted = bt709(red / 255, green / 255, blue / 255)
        for plane, value in zip((sprite.y, sprite.u, sprite.v), wanted, strict=True):
            assert np.abs(plane - value).max() <= 1.0


def test_opaque_pixels_have_no_alpha_planes() -> None:
    planes = to_planes(np.full((3, 5, 4), 255, np.uint8))
    assert planes.alpha is None
    assert planes.alpha_half is None
    assert [plane.shape for plane in planes[:3]] == [(3, 5), (2, 3), (2, 3)]


def test_transparent_pixels_are_nothing_in_every_plane() -> None:
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[:4] = 255
    planes = to_planes(rgba)
    assert not any(plane[4:].any() for plane in (planes.y, planes.alpha) if plane is not None)
    assert not planes.u[2:].any()
    assert planes.alpha_half is not None
    assert not planes.alpha_half[2:].any()


def test_chroma_lies_on_the_even_columns_and_between_two_rows() -> None:
    # A ramp: what is measured at a place says where that place is.
    columns = np.arange(0, 64, dtype=np.uint8) * 3
    rgba = np.full((8, 64, 4), 255, np.uint8)
    rgba[..., :3] = 0
    rgba[..., 2] = columns
    _, u, _ = (plane.astype(float) for plane in to_planes(rgba)[:3])
    wanted = [bt709(0, 0, columns[2 * i] / 255)[1] for i in range(32)]
    assert u[1, 1:-1] == pytest.approx(wanted[1:-1], abs=0.6)
    rgba[..., 2] = columns[:8, None]
    _, u, _ = (plane.astype(float) for plane in to_planes(rgba)[:3])
    wanted = [bt709(0, 0, (2 * j + 0.5) * 3 / 255)[1] for j in range(4)]
    assert u[:, 5] == pytest.approx(wanted, abs=0.6)


@pytest.mark.parametrize("most_alpha", [255, 254])
def test_a_tall_picture_has_no_seams(most_alpha: int) -> None:
    # It is converted in bands: any part alone must come out as it does in the whole.
    alpha = np.full((601, 8, 1), most_alpha, np.uint8)
    noise = np.random.default_rng(3).integers(0, most_alpha, (601, 8, 3)).astype(np.uint8)
    rgba = np.concatenate([noise, alpha], axis=2)
    whole, part = to_planes(rgba), to_planes(rgba[250:602])
    for tall, short in zip(whole, part, strict=True):
        if tall is not None and short is not None:
            assert (tall[-len(short) :] == short).all()
    assert (whole.alpha is None) == (most_alpha == 255)


def test_a_dark_gradient_has_no_steps() -> None:
    stops = [
        (0.0, Colour(red=0.04, green=0.06, blue=0.13)),
        (1.0, Colour(red=0.1, green=0.1, blue=0.2)),
    ]
    gradient = Gradient(
        kind="linear",
        stops=tuple(GradientStop(offset=offset, colour=colour) for offset, colour in stops),
    )
    layer = layer_of(Rect(paint=gradient), size=(640, 64))
    sprite = sprites().sprite(layer)
    means = sprite.y.reshape(8, 8, 80, 8).mean(axis=(1, 3))
    ramp = np.linspace(means[:, 0].mean(), means[:, -1].mean(), 80)
    assert 5 < ramp[-1] - ramp[0] < 15
    assert np.abs(means - ramp).max() < 0.3  # steps of whole levels would be off by a half
    assert len(set(np.diff(sprite.y.astype(int), axis=1).ravel())) > 2
    again = sprites().sprite(layer)
    assert all((one == other).all() for one, other in zip(sprite[:3], again[:3], strict=True))


def test_what_is_exact_is_not_dithered() -> None:
    for level, luma in ((0, 16), (255, 235)):
        planes = to_planes(
            np.full((16, 16, 4), (level, level, level, 255), np.uint8), is_dithered=True
        )
        assert {int(plane.min()) for plane in planes[:3]} == {luma, 128}
        assert {int(plane.max()) for plane in planes[:3]} == {luma, 128}
    clear = to_planes(np.zeros((16, 16, 4), np.uint8), is_dithered=True)
    assert not any(plane.any() for plane in clear if plane is not None)
    plain = sprites().sprite(
        layer_of(Rect(paint=Colour(red=0.1, green=0.3, blue=0.4)), size=(32, 32))
    )
    assert len(set(plain.y.ravel())) == 1


def test_a_sprite_begins_on_an_even_pixel_of_its_box() -> None:
    style = Style(stroke=Stroke(paint=GREEN, width=7))
    for scale in (1.0, 1.3, 2.0):
        layer = layer_of(Rect(paint=RED), size=(33, 21), style=style, scale=scale)
        pixels = sprites().pixels(layer)
        for side in (pixels.left, pixels.top):
            assert side * pixels.scale / 2 == pytest.approx(round(side * pixels.scale / 2))


def test_a_layer_without_ink_is_an_empty_sprite() -> None:
    clear = Colour(red=1, green=1, blue=1, alpha=0)
    for content in (Rect(paint=clear), Text(text="", font=Font(), paint=WHITE)):
        pixels = sprites().pixels(layer_of(content, size=(50, 50)))
        assert not pixels.rgba.any()


def test_a_layer_that_is_too_large_is_drawn_smaller() -> None:
    layer = layer_of(Rect(paint=RED), size=(7000, 100), scale=50)
    pixels = sprites().pixels(layer)
    assert max(pixels.rgba.shape) <= 8192
    assert pixels.rgba.shape[1] / pixels.scale == pytest.approx(7000, abs=2)


@pytest.mark.parametrize("size", [(0, 0), (1e-9, 5), (1e7, 1e-3)])
def test_boxes_of_no_size_are_no_crash(size: tuple[float, float]) -> None:
    sprites().sprite(layer_of(Rect(paint=RED), size=size))


# Filters and shadows -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "colour"),
    [
        ("brightness", 0.5, (102, 51, 26)),
        ("brightness", 2.0, (255, 204, 102)),
        ("brightness", 0.0, (0, 0, 0)),
        ("contrast", 0.5, (166, 115, 89)),
        ("contrast", 0.0, (128, 128, 128)),
        ("invert", 1.0, (51, 153, 204)),
        ("invert", 0.5, (128, 128, 128)),
        ("grayscale", 1.0, (120, 120, 120)),
        ("saturate", 0.0, (120, 120, 120)),
        ("saturate", 1.0, (204, 102, 51)),
        ("sepia", 1.0, (168, 150, 117)),
        ("hue", 180.0, (36, 138, 189)),
        ("hue", 0.0, (204, 102, 51)),
        ("hue", 360.0, (204, 102, 51)),
        ("grayscale", 7.0, (120, 120, 120)),
    ],
)
def test_a_filter_does_what_it_does_in_browsers(
    kind: FilterKind, value: float, colour: tuple[int, ...]
) -> None:
    style = Style(filters=(Filter(kind=kind, value=value),))
    paint = Colour(red=0.8, green=0.4, blue=0.2)
    rgba = drawn(layer_of(Rect(paint=paint), size=(20, 20), style=style))
    assert near(colour_at(rgba, 50, 50), (*colour, 255), by=2)


def test_filters_come_one_after_another() -> None:
    style = Style(filters=(Filter(kind="grayscale", value=1), Filter(kind="brightness", value=0.5)))
    rgba = drawn(layer_of(Rect(paint=RED), size=(20, 20), style=style))
    assert near(colour_at(rgba, 50, 50), (27, 27, 27, 255))


def test_a_filter_leaves_what_is_transparent_transparent() -> None:
    style = Style(filters=(Filter(kind="invert", value=1),), corner_radii=(20, 20, 20, 20))
    rgba = drawn(layer_of(Rect(paint=BLACK), size=(40, 40), style=style))
    assert colour_at(rgba, 41, 41)[3] == 0
    assert colour_at(rgba, 60, 60) == (255, 255, 255, 255)


def test_a_blur_is_a_gaussian_of_its_value() -> None:
    style = Style(filters=(Filter(kind="blur", value=5),))
    row = drawn(layer_of(Rect(paint=WHITE), size=(80, 80), style=style))[80, :, 3].astype(float)
    # Across an edge: half, then what the normal distribution says of one and two sigmas.
    assert [row[place] / 255 for place in (40, 45, 50)] == pytest.approx(
        [0.5, 0.84, 0.977], abs=0.05
    )
    assert row[24] < 3


def test_a_blur_is_as_wide_at_any_scale() -> None:
    style = Style(filters=(Filter(kind="blur", value=5),))
    one, two = (
        drawn(layer_of(Rect(paint=WHITE), size=(60, 60), style=style, scale=scale))
        for scale in (1.0, 2.0)
    )
    assert two[140, ::2, 3][30:60] == pytest.approx(one[70, :, 3][30:60], abs=12)


def test_a_shadow_lies_below_at_its_offset() -> None:
    style = Style(shadow=Shadow(colour=BLACK, blur=0, offset=(10, 6)))
    rgba = drawn(layer_of(Rect(paint=RED), size=(40, 40), style=style))
    assert ink(rgba) == (40, 40, 90, 86)
    assert colour_at(rgba, 79, 79) == (255, 0, 0, 255)
    assert colour_at(rgba, 85, 82) == (0, 0, 0, 255)
    assert colour_at(rgba, 85, 42)[3] == 0


def test_a_shadow_is_blurred_as_in_css_and_not_cut_off() -> None:
    style = Style(shadow=Shadow(colour=BLACK, blur=20, offset=(0, 0)))
    rgba = drawn(layer_of(Rect(paint=RED), size=(60, 60), style=style), margin=60)
    row = rgba[90, :60, 3].astype(float)
    assert row[59] / 255 == pytest.approx(0.5, abs=0.06)
    assert row[50] / 255 == pytest.approx(0.16, abs=0.04)
    left, _, right, _ = ink(rgba, over=0)
    assert 30 <= left <= 40
    assert 140 <= right <= 150


def test_the_shadow_of_a_filtered_layer_keeps_its_colour() -> None:
    style = Style(
        filters=(Filter(kind="invert", value=1),),
        shadow=Shadow(colour=BLUE, blur=0, offset=(20, 0)),
    )
    rgba = drawn(layer_of(Rect(paint=BLACK), size=(40, 40), style=style))
    assert colour_at(rgba, 60, 60) == (255, 255, 255, 255)
    assert colour_at(rgba, 90, 60) == (0, 0, 255, 255)


def test_pixels_keep_their_place_as_a_sprite() -> None:
    rgba: Rgba = np.zeros((6, 4, 4), np.uint8)
    sprite = Pixels(rgba=rgba, left=-3.0, top=2.5, scale=2.0).to_sprite()
    assert (sprite.left, sprite.top, sprite.scale) == (-3.0, 2.5, 2.0)
    assert sprite.y.shape == (6, 4)


def test_the_same_layer_is_drawn_alike_twice() -> None:
    layer = layer_of(
        Rect(paint=RED_TO_BLUE), size=(64, 32),
        style=Style(shadow=Shadow(colour=BLACK, blur=9, offset=(3, 3))),
    )  # fmt: skip
    assert (sprites().pixels(layer).rgba == sprites().pixels(layer).rgba).all()
