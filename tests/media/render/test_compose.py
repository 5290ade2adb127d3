"""Draws made by hand, drawn into planes, and what is there afterwards."""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
from msgspec.structs import replace

from telecine.media.render.composing import rgb
from telecine.media.render.composing.blending import Floats, blended
from telecine.media.render.composing.compose import Composer
from telecine.media.render.composing.kernels import Rect as PixelRect
from telecine.media.render.composing.picture import Picture, lay
from telecine.media.render.composing.picture import of_sprite as picture_of_sprite
from telecine.media.render.composing.warping import Raster, place
from telecine.media.render.display import (
    Canvas,
    ClipBox,
    Draw,
    Frame,
    Layer,
    Mask,
    Matrix,
    blocks,
)
from telecine.media.render.drawing.pixels import to_planes
from telecine.media.render.planes import Planes, Sprite
from telecine.media.timeline.model import BlendMode, Colour, Filter, Rect, Style

WIDTH, HEIGHT = 64, 48
RED, GREEN = (200, 40, 60), (30, 160, 90)


def sprite_of(colour: tuple[int, int, int], *, width: int, height: int, alpha: int = 255) -> Sprite:
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[:] = (*(part * alpha // 255 for part in colour), alpha)
    return Sprite(*to_planes(rgba), left=0.0, top=0.0, scale=1.0)


def layer_of(index: int, *, width: int = WIDTH, height: int = HEIGHT) -> Layer:
    return Layer(
        index=index,
        content=Rect(paint=Colour(red=1, green=1, blue=1)),
        style=Style(),
        width=width,
        height=height,
        raster_scale=1.0,
        path=f"tracks[0].clips[{index}]",
    )


def composer(*sprites: Sprite, background: Colour | None = None, ring: int = 8) -> Composer:
    layers = [
        layer_of(index, width=sprite.y.shape[1], height=sprite.y.shape[0])
        for index, sprite in enumerate(sprites)
    ]

    def no_source(layer: Layer) -> None:
        raise AssertionError(layer)

    return Composer(
        Canvas(
            width=WIDTH,
            height=HEIGHT,
            frame_rate=Fraction(30),
            background=background or Colour(red=0, green=0, blue=0),
        ),
        layers,
        sprite=lambda layer: sprites[layer.index],
        source=no_source,  # type: ignore[arg-type]
        ring=ring,
    )


def at(x: float, y: float) -> Matrix:
    return (1.0, 0.0, 0.0, 1.0, x, y)


def drawn(planes: Planes) -> npt.NDArray[np.int16]:
    whole = PixelRect(0, 0, WIDTH, HEIGHT)
    return rgb.part_of(planes, whole)[..., :3].astype(np.int16)


def assert_is(pixel: npt.NDArray[np.int16], colour: tuple[float, ...], *, within: int = 3) -> None:
    assert np.abs(pixel - np.array(colour)).max() <= within, (pixel, colour)


def test_a_sprite_lies_where_its_matrix_puts_it() -> None:
    planes = composer(sprite_of(RED, width=16, height=12)).compose(
        Frame(draws=(Draw(layer=0, matrix=at(20, 10)),))
    )
    picture = drawn(planes)
    assert_is(picture[12, 22], RED)
    assert_is(picture[20, 34], RED)
    assert_is(picture[7, 22], (0, 0, 0))
    assert_is(picture[25, 22], (0, 0, 0))
    assert planes.y[10, 20] == planes.y[21, 35] == planes.y[15, 25]


def test_half_opacity_is_half_of_both() -> None:
    picture = drawn(
        composer(sprite_of(GREEN, width=WIDTH, height=HEIGHT), sprite_of(RED, width=32, height=32))
        .compose(
            Frame(draws=(Draw(layer=0, matrix=at(0, 0)), Draw(layer=1, matrix=at(8, 8), opacity=0.5)))
        )
    )  # fmt: skip
    assert_is(picture[20, 20], tuple((a + b) / 2 for a, b in zip(RED, GREEN, strict=True)))
    assert_is(picture[44, 60], GREEN)


def test_half_a_pixel_of_movement_mixes_two_pixels() -> None:
    moved = composer(sprite_of((255, 255, 255), width=16, height=16)).compose(
        Frame(draws=(Draw(layer=0, matrix=at(20.5, 10)),))
    )
    assert abs(int(moved.y[15, 20]) - (16 + 235) / 2) <= 2
    assert moved.y[15, 21] == 235


@pytest.mark.parametrize("scale", [0.62, 0.8471, 0.99, 1.0003, 1.31])
def test_a_large_picture_of_another_size_lies_where_its_matrix_puts_it(scale: float) -> None:
    across, down = np.arange(900), np.arange(600)
    plane = _zigzag(across)[np.newaxis] + _zigzag(down)[:, np.newaxis]
    patch = place(
        Raster((plane.astype(np.uint8),), None),
        (scale, 0.0, 0.0, scale, -20.3, -11.8),
        bounds=PixelRect(0, 0, 400, 240),
        edges=(-20.0, -11.0, 500.0, 300.0),
    )
    assert patch is not None
    columns = np.interp((np.arange(400) + 20.3) / scale, across, _zigzag(across))
    rows = np.interp((np.arange(240) + 11.8) / scale, down, _zigzag(down))
    # Half for rounding, and less than a twentieth of a pixel both ways.
    assert np.abs(patch.values[0] - (columns + rows[:, np.newaxis])).max() <= 1.5


def _zigzag(places: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    return np.abs(places * 10 % 200 - 100)


def test_an_equal_frame_is_the_same_buffer() -> None:
    one = composer(sprite_of(RED, width=16, height=16))
    frame = Frame(draws=(Draw(layer=0, matrix=at(4, 4)),))
    first = one.compose(frame)
    assert one.compose(frame) is first
    assert one.compose(replace(frame)) is first
    moved = Frame(draws=(Draw(layer=0, matrix=at(6, 4)),))
    assert one.compose(moved) is not first


def test_a_buffer_stays_as_it_is_until_the_ring_comes_round() -> None:
    one = composer(sprite_of(RED, width=16, height=16), ring=4)
    kept = one.compose(Frame(draws=(Draw(layer=0, matrix=at(0, 0)),)))
    copy = kept.y.copy()
    for step in range(1, 4):
        one.compose(Frame(draws=(Draw(layer=0, matrix=at(step, 0)),)))
        assert np.array_equal(kept.y, copy)


def test_the_base_picture_is_drawn_again_when_it_changes() -> None:
    sprites = [sprite_of(colour, width=16, height=16) for colour in (RED, GREEN, RED)]
    one = composer(*sprites)

    def frame(x: float, moving: float) -> Frame:
        return Frame(
            draws=(
                Draw(layer=0, matrix=at(x, 0)),
                Draw(layer=1, matrix=at(20, 20)),
                Draw(layer=2, matrix=at(moving, 30)),
            )
        )

    for x, moving in ((0, 0), (0, 2), (0, 4), (8, 6), (8, 8), (0, 10)):
        seen = one.compose(frame(x, moving))
        alone = composer(*sprites).compose(frame(x, moving))
        for mine, its in zip(seen[:3], alone[:3], strict=True):
            assert np.array_equal(mine, its)


def test_a_layout_and_a_wipe_cut_exactly() -> None:
    whole = sprite_of(RED, width=WIDTH, height=HEIGHT)
    draw = Draw(
        layer=0,
        matrix=at(0, 0),
        masks=(Mask(kind="wipe", share=0.5, direction="right"),),
        clips=(ClipBox(matrix=at(0, 0), width=WIDTH, height=24),),
    )
    picture = drawn(composer(whole).compose(Frame(draws=(draw,))))
    assert_is(picture[10, 28], RED)
    assert_is(picture[10, 36], (0, 0, 0))
    assert_is(picture[28, 10], (0, 0, 0))


def test_a_blur_reaches_out_of_its_box_but_not_out_of_a_layout() -> None:
    sprite = sprite_of((255, 255, 255), width=24, height=24)
    draw = Draw(layer=0, matrix=at(20, 12), filters=(Filter(kind="blur", value=4.0),))
    free = drawn(composer(sprite).compose(Frame(draws=(draw,))))
    assert 20 < free[24, 17].mean() < 110
    assert free[24, 32].mean() > 240
    box = ClipBox(matrix=at(20, 12), width=24, height=24)
    cut = drawn(composer(sprite).compose(Frame(draws=(replace(draw, clips=(box,)),))))
    assert cut[24, 17].max() <= 2
    assert abs(int(cut[24, 24].mean()) - int(free[24, 24].mean())) <= 2


@pytest.mark.parametrize("blur", [2.0, 24.0])
@pytest.mark.parametrize("place", [at(0, 0), at(-0.5, 0), (1.02, 0.0, 0.0, 1.04, -0.6, -1.2)])
def test_a_blur_lets_no_ground_in_at_the_edges_of_the_canvas(blur: float, place: Matrix) -> None:
    whole = sprite_of((255, 255, 255), width=WIDTH + 1, height=HEIGHT)
    draw = Draw(layer=0, matrix=place, filters=(Filter(kind="blur", value=blur),))
    y, u, v = composer(whole).compose(Frame(draws=(draw,)))[:3]
    assert int(y.min()) >= 233
    assert max(int(np.abs(plane.astype(int) - 128).max()) for plane in (u, v)) <= 2


def test_a_blur_that_reaches_one_edge_lets_the_ground_in_at_the_others() -> None:
    half = sprite_of((255, 255, 255), width=WIDTH // 2, height=HEIGHT)
    draw = Draw(layer=0, matrix=at(0, 0), filters=(Filter(kind="blur", value=6.0),))
    row = composer(half).compose(Frame(draws=(draw,))).y[HEIGHT - 1].astype(int)
    assert row[0] >= 233
    assert row[WIDTH // 2 - 1 : WIDTH // 2 + 1].mean() == pytest.approx((16 + 235) / 2, abs=4)
    assert row[-1] <= 17


def test_a_wide_blur_spreads_as_far_as_its_sigma_says() -> None:
    sprite = sprite_of((255, 255, 255), width=WIDTH, height=HEIGHT)
    draw = Draw(layer=0, matrix=at(32, -200), filters=(Filter(kind="blur", value=9.0),))
    draw = replace(draw, matrix=(1.0, 0.0, 0.0, 12.0, 32.0, -200.0))
    row = composer(sprite).compose(Frame(draws=(draw,))).y[24].astype(float)
    levels = (row - 16) / 219
    # An edge at 32: a half there, and 0.159 one sigma before it.
    assert levels[31:33].mean() == pytest.approx(0.5, abs=0.02)
    assert levels[22:24].mean() == pytest.approx(0.159, abs=0.03)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("brightness", 0.5, (100, 20, 30)),
        ("invert", 1.0, (55, 215, 195)),
        ("grayscale", 1.0, (75.5, 75.5, 75.5)),
        ("contrast", 2.0, (255, 0, 0)),
        ("saturate", 0.0, (75.5, 75.5, 75.5)),
    ],
)
def test_filters_of_colour_do_what_css_says(
    kind: str, value: float, expected: tuple[float, ...]
) -> None:
    draw = Draw(
        layer=0,
        matrix=at(8, 8),
        filters=(Filter(kind=kind, value=value),),  # type: ignore[arg-type]
    )
    picture = drawn(composer(sprite_of(RED, width=24, height=24)).compose(Frame(draws=(draw,))))
    assert_is(picture[16, 16], expected, within=4)
    assert_is(picture[40, 40], (0, 0, 0))


#: What is left of green below and red above: where both are, and where only green is.
BLACK = (0, 0, 0)
OPERATORS: dict[BlendMode, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "source-in": (RED, BLACK), "source-out": (BLACK, BLACK), "source-atop": (RED, GREEN),
    "destination-over": (GREEN, GREEN), "destination-in": (GREEN, BLACK),
    "destination-out": (BLACK, GREEN), "destination-atop": (GREEN, BLACK), "copy": (RED, BLACK),
    "xor": (BLACK, GREEN),
}  # fmt: skip
SEPARATE = [mode for mode in get_args(BlendMode) if mode not in {*OPERATORS, "lighter"}]


@pytest.mark.parametrize("mode", SEPARATE)
def test_blend_modes_are_those_of_the_specification(mode: BlendMode) -> None:
    picture = drawn(
        composer(sprite_of(GREEN, width=WIDTH, height=HEIGHT), sprite_of(RED, width=24, height=24))
        .compose(
            Frame(
                draws=(
                    Draw(layer=0, matrix=at(0, 0)),
                    Draw(layer=1, matrix=at(8, 8), blend=mode, opacity=0.75),
                )
            )
        )
    )  # fmt: skip
    below, over = ((np.array([[colour]]) / 255).astype(np.float32) for colour in (GREEN, RED))
    expected: Floats = below + 0.75 * (blended(mode, below, over) - below)
    assert_is(picture[20, 20], tuple(expected[0, 0] * 255), within=5)
    assert_is(picture[40, 50], GREEN)


@pytest.mark.parametrize("mode", OPERATORS)
def test_operators_cut_and_replace_the_picture_below(mode: BlendMode) -> None:
    sprites = (sprite_of(GREEN, width=WIDTH, height=HEIGHT), sprite_of(RED, width=24, height=24))
    draws = (Draw(layer=0, matrix=at(0, 0)), Draw(layer=1, matrix=at(8, 8), blend=mode))
    picture = drawn(composer(*sprites).compose(Frame(draws=draws)))
    inside, outside = OPERATORS[mode]
    assert_is(picture[20, 20], inside)
    assert_is(picture[40, 50], outside)


def test_a_sweep_is_brightest_in_its_middle_and_gone_at_its_ends() -> None:
    sprite = sprite_of(RED, width=WIDTH, height=HEIGHT)

    def at_share(sweep: float) -> npt.NDArray[np.int16]:
        return drawn(
            composer(sprite).compose(Frame(draws=(Draw(layer=0, matrix=at(0, 0), sweep=sweep),)))
        )

    middle = at_share(0.5)[HEIGHT // 2, WIDTH // 2]
    assert_is(middle, tuple(part + 0.75 * (255 - part) for part in RED), within=5)
    for end in (0.0, 1.0):
        assert np.abs(at_share(end) - np.array(RED)).max() <= 4


def test_effects_reach_over_the_edge_of_the_canvas_without_a_seam() -> None:
    sprite = sprite_of(GREEN, width=WIDTH, height=HEIGHT, alpha=254)
    ground = Colour(red=1, green=1, blue=1)
    draw = Draw(
        layer=0, matrix=at(-20, -20), filters=(Filter(kind="saturate", value=1.0),), opacity=1.0
    )
    picture = drawn(composer(sprite, background=ground).compose(Frame(draws=(draw,))))
    assert np.abs(picture[:20, :30] - picture[10, 10]).max() <= 3


def test_a_picture_that_ends_between_pixels_is_opaque_up_to_there() -> None:
    rgba = np.empty((20, 30, 4), np.uint8)
    rgba[:] = (*RED, 255)
    rgba[:, -1] = rgba[:, -1] * 0.4
    rgba[-1] = rgba[-1] * 0.6
    sprite = Sprite(*to_planes(rgba), left=0.0, top=0.0, scale=1.0)
    assert sprite.alpha is not None
    made = picture_of_sprite(sprite)
    assert made.is_opaque
    assert not made.covers(at(0, 0), width=30, height=20)
    assert made.covers(at(0, 0), width=29, height=19)
    ground = Colour(red=0, green=0, blue=0)
    for x in (10.0, 10.25):
        planes = composer(sprite, background=ground).compose(
            Frame(draws=(Draw(layer=0, matrix=at(x, 10)),))
        )
        whole = int(planes.y[15, 20])
        # 29.4 px from x on: the share of the last two columns that is covered.
        covered = (planes.y[15, 37:42].astype(float) - 16).sum() / (whole - 16)
        assert covered == pytest.approx(x + 29.4 - 37, abs=0.06)
        assert planes.y[29, 20] == pytest.approx(16 + 0.6 * (whole - 16), abs=2)


def test_text_of_one_colour_is_drawn_as_if_it_had_many() -> None:
    alpha = np.random.default_rng(7).integers(0, 256, (24, 32), np.uint8)
    alpha[8:16, 8:24] = 255
    colour = np.array([*GREEN, 255]) / 255
    rgba = np.rint(alpha[..., None] * colour).astype(np.uint8)
    one = picture_of_sprite(Sprite(*to_planes(rgba), left=0.0, top=0.0, scale=1.0))
    many = Picture(one.planes, one.to_box)
    for matrix in (at(4, 6), at(4.5, 6.25), (0.9, 0.3, -0.3, 0.9, 16.0, 4.0)):
        pictures = []
        for made in (one, many):
            target = Planes(
                np.full((HEIGHT, WIDTH), 90, np.uint8),
                np.full((HEIGHT // 2, WIDTH // 2), 140, np.uint8),
                np.full((HEIGHT // 2, WIDTH // 2), 100, np.uint8),
            )
            stamp = made.stamp(matrix, width=WIDTH, height=HEIGHT)
            lay(target, stamp, opacity=0.7)
            pictures.append(target)
        for mine, its in zip(pictures[0][:3], pictures[1][:3], strict=True):
            assert np.abs(mine.astype(int) - its).max() <= 2


@pytest.mark.parametrize(("share", "softness"), [(0.2, 12), (0.5, 12), (0.9, 12), (0.513, 0)])
def test_layers_that_are_wiped_into_one_another_let_nothing_through(
    share: float, softness: float
) -> None:
    small, large = ((WIDTH - side, HEIGHT - side) for side in (24, 16))
    sprites = [sprite_of(RED, width=width, height=height) for width, height in (large, small)]
    box = (8.0, 8.0, WIDTH - 8.0, HEIGHT - 8.0)
    comes = Mask(kind="wipe", share=share, direction="right", softness=softness, box=box)
    goes = Mask(
        kind="wipe",
        share=1 - share,
        direction="left",
        softness=softness,
        box=box,
        is_going=True,
    )
    draws = (
        Draw(layer=0, matrix=at(8, 8), masks=(goes,)),
        Draw(layer=1, matrix=at(12, 12), masks=(comes,)),
    )
    picture = drawn(composer(*sprites).compose(Frame(draws=draws)))
    assert np.abs(picture[14:-14, 14:-14] - np.array(RED)).max() <= 5
    assert_is(picture[2, 2], (0, 0, 0))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("softness", [0, 12])
def test_clips_of_several_layers_are_wiped_as_one_picture_each(
    share: float, softness: float
) -> None:
    box = (8.0, 8.0, WIDTH - 8.0, HEIGHT - 8.0)
    comes = Mask(kind="wipe", share=share, direction="right", softness=softness, box=box)
    goes = replace(comes, share=1 - share, direction="left", is_going=True)
    size = {"width": WIDTH - 16, "height": HEIGHT - 16}
    colours = (GREEN, RED, RED, GREEN, RED)
    made = composer(*(sprite_of(colour, **size) for colour in colours))
    draws = tuple(
        Draw(layer=layer, matrix=at(8, 8), masks=(mask,), opacity=opacity)
        for layer, mask, opacity in (
            *((0, goes, 1.0), (1, goes, 0.5), (2, goes, 1.0)),
            *((3, comes, 0.5), (4, comes, 1.0)),
        )
    )
    picture = drawn(made.compose(Frame(draws=draws)))
    assert np.abs(picture[10:-10, 10:-10] - np.array(RED)).max() <= 5
    alone = drawn(made.compose(Frame(draws=draws[3:])))
    lone = made.compose(Frame(draws=draws[4:]))
    assert np.abs(alone - drawn(lone)).max() <= 5  # nothing of what is hidden


def test_the_two_sides_of_two_edges_are_four_groups() -> None:
    box = (0.0, 0.0, 10.0, 10.0)
    comes = Mask(kind="wipe", share=0.25, direction="right", box=box)
    goes = replace(comes, share=0.75, direction="left", is_going=True)
    free = Draw(layer=0, matrix=at(0, 0))
    draws = [replace(free, masks=(mask,)) for mask in (goes, comes, comes, goes, comes)]
    assert list(blocks([free, *draws, free])) == [
        *((range(1),), (range(1, 2), range(2, 4)), (range(4, 5), range(5, 6)), (range(6, 7),)),
    ]
