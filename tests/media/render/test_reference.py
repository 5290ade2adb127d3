"""The reference engine: right by itself, and the fast engine like it, feature by feature."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
import pytest
from msgspec.structs import replace
from tests.media.render.layers import (
    BLACK,
    RED,
    RED_TO_BLUE,
    WHITE,
    Still,
    colour_at,
    layer_of,
    near,
    sprites,
)

from telecine.media.render.composing.compose import Composer
from telecine.media.render.display import (
    IDENTITY,
    Canvas,
    ClipBox,
    Draw,
    Frame,
    Layer,
    Mask,
    Matrix,
)
from telecine.media.render.drawing.pixels import Rgba, to_planes
from telecine.media.render.planes import Planes
from telecine.media.render.reference import Reference, to_rgba
from telecine.media.timeline.model import (
    BlendMode,
    Circle,
    Colour,
    Crop,
    Filter,
    Font,
    Rect,
    Source,
    Style,
    Text,
    Video,
)

WIDTH, HEIGHT = 160, 90
CANVAS = Canvas(width=WIDTH, height=HEIGHT, frame_rate=Fraction(30), background=BLACK)
VIDEO = Video(source=Source(src="v.mp4", path="tracks[0].clips[0].src"))


def moving_picture() -> Rgba:
    """Smooth in every channel, so that chroma of half the size loses nothing."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    channels = (columns * 255 / WIDTH, rows * 255 / HEIGHT, 128 + 100 * np.sin(columns / 20))
    opaque = np.full((HEIGHT, WIDTH), 255)
    return np.stack([*channels, opaque], axis=2).astype(np.uint8)


def turned(
    x: float, y: float, *, size: tuple[float, float], degrees: float = 0, scale: float = 1
) -> Matrix:
    """Return the matrix that puts the middle of a box at a place of the canvas."""
    cos, sin = (scale * part(math.radians(degrees)) for part in (math.cos, math.sin))
    half_width, half_height = size[0] / 2, size[1] / 2
    return (
        *(cos, sin, -sin, cos),
        x - cos * half_width + sin * half_height,
        y - sin * half_width - cos * half_height,
    )


def moved(layer: Layer) -> Layer:
    return replace(layer, is_moving=True)


LAYERS = [
    moved(layer_of(VIDEO, size=(WIDTH, HEIGHT), index=0)),
    layer_of(
        Circle(diameter=50, paint=Colour(red=0.9, green=0.6, blue=0.1, alpha=0.8)),
        size=(60, 60), index=1,
    ),
    layer_of(
        Text(text="Hello", font=Font(size=32, weight=700), paint=WHITE), size=(100, 40), index=2
    ),
    moved(
        layer_of(VIDEO, size=(80, 60), index=3, style=Style(fit="cover", crop=Crop(left=0.25)))
    ),
    layer_of(Rect(paint=RED_TO_BLUE), size=(50, 30), index=4, scale=2.0),
    layer_of(Rect(paint=RED), size=(40, 20), index=5),
    moved(layer_of(
        VIDEO, size=(80, 45), index=6, style=Style(filters=(Filter(kind="sepia", value=1),))
    )),
]  # fmt: skip


def draw(layer: int, matrix: Matrix = IDENTITY, **fields: object) -> Draw:
    instant = Fraction(0) if LAYERS[layer].is_moving else None
    return Draw(layer=layer, matrix=matrix, source_seconds=instant, **fields)  # type: ignore[arg-type]


def slow(*draws: Draw, canvas: Canvas = CANVAS) -> Rgba:
    """Draw with the reference."""
    still = Still(to_planes(moving_picture()))
    engine = Reference(canvas, LAYERS, pixels=sprites().pixels, source=lambda _: still)
    return engine.draw(Frame(draws=draws))


def composed(*draws: Draw, canvas: Canvas = CANVAS) -> Planes:
    """Draw with the composer."""
    still = Still(to_planes(moving_picture()))
    composer = Composer(canvas, LAYERS, sprite=sprites().sprite, source=lambda _: still)
    return composer.compose(Frame(draws=draws))


# The reference by itself -------------------------------------------------------------------


def test_planes_come_back_as_the_colours_they_were_made_of() -> None:
    picture = moving_picture()
    assert np.abs(to_rgba(to_planes(picture)).astype(int) - picture).max() <= 4
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (9, 99, 199)):
        flat = np.full((6, 6, 4), (*colour, 255), np.uint8)
        assert np.abs(to_rgba(to_planes(flat)).astype(int) - flat).max() <= 2


def test_planes_with_alpha_come_back_multiplied_by_it() -> None:
    flat = np.full((6, 6, 4), (100, 50, 0, 128), np.uint8)
    flat[0, 0] = 0
    found = to_rgba(to_planes(flat))
    assert np.abs(found[3:, 3:].astype(int) - (100, 50, 0, 128)).max() <= 2
    assert (found[..., :3] <= found[..., 3:]).all()


def test_an_empty_frame_is_the_background() -> None:
    assert (slow() == (0, 0, 0, 255)).all()
    grey = Colour(red=0.5, green=0.5, blue=0.5, alpha=0.5)
    assert near(colour_at(slow(canvas=replace(CANVAS, background=grey)), 5, 5), (64, 64, 64, 255))
    rgba = slow(canvas=replace(CANVAS, background=RED_TO_BLUE))
    assert near(colour_at(rgba, WIDTH // 2, 5), (127, 0, 128, 255), by=2)


def test_a_layer_lies_where_its_matrix_says() -> None:
    rgba = slow(draw(5, (1, 0, 0, 1, 30, 20)))
    seen = np.argwhere(rgba[..., 0] > 128)
    assert (seen.min(axis=0).tolist(), seen.max(axis=0).tolist()) == ([20, 30], [39, 69])


def test_a_quarter_turn_is_clockwise() -> None:
    # The right end of the gradient, blue, comes to lie below.
    rgba = slow(draw(4, turned(80, 45, size=(50, 30), degrees=90)))
    assert near(colour_at(rgba, 80, 23), (237, 0, 18, 255), by=10)
    assert near(colour_at(rgba, 80, 66), (18, 0, 237, 255), by=10)


def test_opacity_mixes_with_what_is_below() -> None:
    rgba = slow(draw(0), draw(5, (1, 0, 0, 1, 30, 20), opacity=0.25))
    below = moving_picture()[30, 50].astype(float)
    wanted = below * 0.75 + np.array((255, 0, 0, 255)) * 0.25
    assert near(colour_at(rgba, 50, 30), tuple(wanted.round().astype(int)), by=4)


def test_draws_are_painted_from_the_first_to_the_last() -> None:
    one, two = draw(5, (1, 0, 0, 1, 30, 20)), draw(4, (1, 0, 0, 1, 30, 20))
    assert colour_at(slow(one, two), 60, 25)[2] > 100
    assert colour_at(slow(two, one), 60, 25) == (255, 0, 0, 255)


def test_a_video_is_cropped_and_covers_its_box() -> None:
    rgba = slow(draw(3))
    # 120 x 90 px are left of the crop, and shrunk by 1.5 into 80 x 60.
    assert near(colour_at(rgba, 40, 30), colour_at(moving_picture(), 100, 45), by=5)
    assert colour_at(rgba, 81, 30) == (0, 0, 0, 255)
    assert colour_at(rgba, 40, 61) == (0, 0, 0, 255)


def test_nothing_is_drawn_of_a_source_that_is_over() -> None:
    engine = Reference(CANVAS, LAYERS, pixels=sprites().pixels, source=lambda _: Still(None))
    assert (engine.draw(Frame(draws=(draw(0),))) == (0, 0, 0, 255)).all()


def test_sources_are_asked_for_once_and_closed_at_the_end() -> None:
    made: list[Still] = []

    def source(_: Layer) -> Still:
        made.append(Still(to_planes(moving_picture())))
        return made[-1]

    engine = Reference(CANVAS, LAYERS, pixels=sprites().pixels, source=source)
    for _ in range(3):
        engine.draw(Frame(draws=(draw(0), draw(3))))
    assert len(made) == 2
    engine.close()
    assert all(each.is_closed for each in made)


@pytest.mark.parametrize(
    ("direction", "box"),
    [
        ("right", (0, 0, 10, 20)),
        ("left", (30, 0, 40, 20)),
        ("down", (0, 0, 40, 5)),
        ("up", (0, 15, 40, 20)),
    ],
)
def test_a_wipe_shows_what_its_edge_has_passed(
    direction: Literal["left", "right", "up", "down"], box: tuple[int, ...]
) -> None:
    rgba = slow(draw(5, masks=(Mask(kind="wipe", share=0.25, direction=direction),)))
    seen = np.argwhere(rgba[..., 0] > 128)
    top, left = seen.min(axis=0)
    bottom, right = seen.max(axis=0) + 1
    assert (left, top, right, bottom) == box


def test_what_is_taken_away_is_black() -> None:
    rgba = slow(draw(0), draw(5, (1, 0, 0, 1, 30, 20), blend="destination-out"))
    assert colour_at(rgba, 50, 30) == (0, 0, 0, 255)
    assert colour_at(rgba, 20, 30) == colour_at(slow(draw(0)), 20, 30)
    rgba = slow(draw(0), draw(5, (1, 0, 0, 1, 30, 20), blend="destination-in"))
    assert colour_at(rgba, 20, 30) == (0, 0, 0, 255)
    assert colour_at(rgba, 50, 30) == colour_at(slow(draw(0)), 50, 30)


def test_what_is_half_seen_shows_nothing_of_what_it_hides_of_itself() -> None:
    whole = (WIDTH / 40, 0, 0, HEIGHT / 20, 0, 0)
    half = Mask(kind="veil", share=0.5)
    red, black = draw(5, whole, masks=(half,)), draw(5, whole, tint=BLACK, masks=(half,))
    alone, both = (to_planes(slow(*draws)).y for draws in ((red,), (black, red)))
    fast_alone, fast_both = (composed(*draws).y.copy() for draws in ((red,), (black, red)))
    full = int(composed(draw(5, whole)).y[40, 80])
    for luma in (alone, both, fast_alone, fast_both):
        assert abs(int(luma[40, 80]) - (full + 16) / 2) <= 1


def test_a_flat_layer_is_not_seen() -> None:
    rgba = slow(draw(5, (0, 0, 0, 0, 30, 20), sweep=0.5), draw(3, (1, 0, 0, 0, 0, 0)))
    assert (rgba == (0, 0, 0, 255)).all()


# Both engines ------------------------------------------------------------------------------

CENTRED = turned(80, 45, size=(60, 60), scale=1.2)
EDGE = (20.0, 10.0, 140.0, 80.0)
COMES = Mask(kind="wipe", share=0.45, direction="right", softness=30, box=EDGE)
GOES = replace(COMES, share=0.55, direction="left", is_going=True)
IRIS = Mask(kind="iris", share=0.6, softness=20, box=EDGE)
HALF = Mask(kind="veil", share=0.5, whose=3)
SCENES: dict[str, tuple[Draw, ...]] = {
    "a video": (draw(0),),
    "turned": (
        draw(0),
        draw(3, turned(80, 45, size=(80, 60), degrees=20), opacity=0.7),
        draw(2, turned(80, 45, size=(100, 40), degrees=-10, scale=1.3)),
    ),
    "shrunk": (
        draw(0, turned(50, 40, size=(WIDTH, HEIGHT), scale=0.3)),
        draw(0, turned(110, 40, size=(WIDTH, HEIGHT), scale=0.31)),
        draw(4, turned(30.3, 75.6, size=(50, 30), scale=0.8)),
    ),
    "mirrored and skewed": (draw(0, (-1, 0, 0, 1, WIDTH, 0)), draw(1, (1, 0.2, -0.4, 1, 60, 5))),
    "blurred": (
        draw(0, filters=(Filter(kind="blur", value=4),)),
        draw(1, CENTRED, filters=(Filter(kind="hue", value=90), Filter(kind="blur", value=2))),
    ),
    "blurred over the edges": (
        draw(0, (1, 0, 0, 1, -3, 0), filters=(Filter(kind="blur", value=12),)),
        draw(1, (1, 0, 0, 1, -5, 50), filters=(Filter(kind="blur", value=5),)),
        draw(
            3, turned(150, 80, size=(80, 60), degrees=20), filters=(Filter(kind="blur", value=3),)
        ),
    ),
    "toned": (
        draw(0, filters=(Filter(kind="contrast", value=1.6), Filter(kind="saturate", value=0.3))),
        draw(6, (1, 0, 0, 1, 20, 20), filters=(Filter(kind="invert", value=0.8),)),
    ),
    "swept": (
        draw(0, sweep=0.5),
        draw(1, turned(50, 45, size=(60, 60), degrees=30), sweep=0.6, sweep_strength=1.2),
    ),
    "shadows of shapes": (
        draw(0, filters=(Filter(kind="contrast", value=0.3),)),
        draw(1, (1, 0, 0, 1, 20, 15), tint=WHITE, filters=(Filter(kind="blur", value=3),)),
        draw(
            0,
            (0.4, 0, 0, 0.4, 80, 30),
            tint=RED,
            opacity=0.6,
            masks=(Mask(kind="rounded", radii=(30, 30, 30, 30)),),
        ),
        draw(0, (0.4, 0, 0, 0.4, 75, 25), masks=(Mask(kind="rounded", radii=(30, 30, 30, 30)),)),
    ),
    "half of two pictures as one": (
        draw(0, filters=(Filter(kind="contrast", value=0.3),)),
        draw(3, (1, 0, 0, 1, 20, 15), masks=(HALF,)),
        draw(1, CENTRED, masks=(HALF,), filters=(Filter(kind="blur", value=2),)),
        draw(4, (1, 0, 0, 1, 90, 50), masks=(replace(HALF, share=0.3, whose=4),)),
    ),
    "an iris": (draw(0, masks=(Mask(kind="iris", share=0.5),)),),
    "two clips of several layers wiped into one another": (
        draw(0, filters=(Filter(kind="contrast", value=0.3),)),
        *(
            draw(layer, matrix, masks=(mask,), opacity=opacity)
            for layer, matrix, mask, opacity in (
                (4, turned(70, 45, size=(50, 30), scale=2), GOES, 1.0),
                (2, turned(70, 45, size=(100, 40)), GOES, 0.8),
                (3, (1, 0, 0, 1, 40, 15), COMES, 1.0),
                (1, CENTRED, COMES, 1.0),
            )
        ),
    ),
    "a soft iris over several layers": (
        draw(0, masks=(IRIS,)),
        draw(1, CENTRED, masks=(IRIS,), filters=(Filter(kind="blur", value=3),)),
    ),
    "a soft wipe": (draw(0, masks=(Mask(kind="wipe", share=0.4, direction="up", softness=12),)),),
    "rounded": (
        draw(3, (1, 0, 0, 1, 20, 10), masks=(Mask(kind="rounded", radii=(20, 5, 0, 30)),)),
    ),
    "cut by boxes": (
        draw(
            0,
            clips=(
                ClipBox(matrix=turned(80, 45, size=(80, 80), degrees=10), width=80, height=80),
                ClipBox(matrix=(1, 0, 0, 1, 50, 20), width=90, height=60, radii=(20, 0, 9, 0)),
            ),
        ),
    ),
    **{mode: (draw(0), draw(1, CENTRED, blend=mode, opacity=0.8)) for mode in get_args(BlendMode)},
}


def test_a_blur_of_the_whole_canvas_stays_as_bright_at_its_edges() -> None:
    white = draw(5, (WIDTH / 40, 0, 0, HEIGHT / 20, 0, 0), filters=(Filter(kind="blur", value=3),))
    assert int(slow(white)[..., 0].min()) >= 252


@pytest.mark.parametrize("scene", SCENES)
def test_the_fast_engine_draws_what_the_reference_draws(scene: str) -> None:
    one = to_planes(slow(*SCENES[scene]))
    other = composed(*SCENES[scene])
    luma = np.abs(one.y.astype(int) - other.y)
    chroma = [np.abs(a.astype(int) - b) for a, b in ((one.u, other.u), (one.v, other.v))]
    assert luma.mean() < 1.0
    assert np.percentile(luma, 99) <= 8
    for plane in chroma:
        assert plane.mean() < 1.0
        assert np.percentile(plane, 98) <= 12


def test_the_engines_agree_on_plain_colours_at_their_places() -> None:
    draws = [
        draw(5, (1, 0, 0, 1, x, y), filters=(Filter(kind="hue", value=turn),))
        for x, y, turn in ((10, 10, 0), (60, 10, 120), (110, 60, 240))
    ]
    one, other = slow(*draws), to_rgba(composed(*draws))
    for x, y in ((30, 20), (80, 20), (130, 70), (5, 5)):
        assert near(colour_at(one, x, y), colour_at(other, x, y), by=3)
    assert not near(colour_at(one, 30, 20), colour_at(one, 80, 20), by=50)
