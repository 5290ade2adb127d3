"""What is part of a layer's pixels, what of its draws, and what changes those pixels."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.media.render.timelines import (
    BLUE,
    HEIGHT,
    RED,
    WIDTH,
    clip,
    corner,
    curve,
    only,
    planned,
    video,
)

from telecine.kit.errors import MediaLimitError
from telecine.media.render.display import Mask, filters_of
from telecine.media.timeline.easing import linear
from telecine.media.timeline.model import (
    Animation,
    ChromaKey,
    Colour,
    Crop,
    Filter,
    Font,
    Image,
    PathLine,
    Placement,
    Rect,
    Shadow,
    Source,
    Stroke,
    Style,
    Text,
)

PICTURE = Image(source=Source(src="p.png", path="src"))
WORDS = Text(text="ten signs.", font=Font(size=20), paint=RED)


def test_what_stands_is_in_the_style_and_what_moves_in_the_draws() -> None:
    style = Style(
        opacity=0.5, blend="multiply", filters=(Filter(kind="sepia", value=1),),
        shadow=Shadow(colour=BLUE, blur=4, offset=(1, 2)), stroke=Stroke(paint=BLUE, width=2),
        corner_radii=(1, 2, 3, 4),
    )  # fmt: skip
    made = planned(clip(style=style, curves=[curve("blur", (0, 0), (1, 10))]))
    assert made.layers[0].style == replace(style, opacity=1.0, blend="source-over")
    draw = only(made, 5)
    assert (draw.opacity, draw.blend) == (0.5, "multiply")
    assert draw.filters == (Filter(kind="blur", value=5),)
    assert only(made, 0).filters == ()


def test_filters_after_one_that_moves_keep_their_place() -> None:
    filters = (
        Filter(kind="hue", value=90), Filter(kind="blur", value=1), Filter(kind="invert", value=1),
    )  # fmt: skip
    made = planned(clip(style=Style(filters=filters), curves=[curve("blur", (0, 2), (1, 4))]))
    assert made.layers[0].style.filters == filters[:1]
    assert only(made, 10).filters == (Filter(kind="blur", value=4), filters[2])


def test_a_colour_that_moves_is_a_layer_for_each_colour() -> None:
    made = planned(clip(curves=[curve("fill", (0, RED), (1, BLUE))]))
    colours = [made.layers[only(made, n).layer].content for n in (0, 10, 19)]
    assert colours == [Rect(paint=RED), Rect(paint=BLUE), Rect(paint=BLUE)]
    assert len(made.layers) == 11
    content = made.layers[only(made, 5).layer].content
    assert isinstance(content, Rect)
    assert isinstance(content.paint, Colour)
    assert (content.paint.red, content.paint.blue) == pytest.approx((0.5, 0.5), abs=1 / 255)


def test_slow_changes_share_layers() -> None:
    slow = curve("fill", (0, RED), (60, Colour(red=0.99, green=0, blue=0)))
    assert len(planned(clip(end=600, curves=[slow])).layers) <= 4


def test_type_that_grows_is_measured_anew() -> None:
    made = planned(clip(WORDS, curves=[curve("fontSize", (0, 20), (1, 40))]))
    sizes = [(made.layers[only(made, n).layer].width, only(made, n).matrix[4]) for n in (0, 10)]
    assert sizes == [(100, 150), (200, 100)]


def test_a_line_is_drawn_bit_by_bit() -> None:
    line = PathLine(data="M0 0L9 9", paint=None, line_paint=RED)
    made = planned(clip(line, curves=[curve("drawEnd", (0, 0), (1, 1))]))
    ends = [getattr(made.layers[only(made, n).layer].content, "draw_end", 0) for n in (0, 5, 10)]
    assert ends == [0, 0.5, 1]


def test_a_plain_bar_that_grows_is_one_layer() -> None:
    place = Placement(height=8, anchor=(0, 0.5), x=-200)
    made = planned(clip(Rect(paint=RED), place=place, curves=[curve("width", (0, 0), (1, 400))]))
    assert [(layer.width, layer.height) for layer in made.layers] == [(400, 8)]
    draw = only(made, 5)
    assert (corner(draw.matrix), corner(draw.matrix, 400, 8)) == ((0, 96), (200, 104))


def test_a_round_bar_that_grows_is_drawn_anew() -> None:
    place, style = Placement(height=8), Style(corner_radii=(4, 4, 4, 4))
    grown = clip(
        Rect(paint=RED), place=place, style=style, curves=[curve("width", (0, 8), (1, 88))]
    )
    assert [layer.width for layer in planned(grown).layers] == [8 * n for n in range(1, 12)]


def test_a_picture_in_a_box_that_grows_is_one_layer_cut_by_the_box() -> None:
    square = clip(
        PICTURE, place=Placement(height=100), style=Style(fit="cover"),
        curves=[curve("width", (0, 100), (1, 200))],
    )  # fmt: skip
    made = planned(square)
    assert len(made.layers) == 1
    for n, width in ((0, 100), (5, 150), (10, 200)):
        draw = only(made, n)
        whole = made.layers[0]
        assert corner(draw.matrix) == (100, 50)  # the picture stays: its height does
        assert corner(draw.matrix, whole.width, whole.height) == (300, 150)
        (box,) = draw.clips
        assert corner(box.matrix) == (200 - width / 2, 50)
        assert (box.width, box.height) == (width, 100)


def test_a_crop_that_moves_cuts_and_fits_what_is_left() -> None:
    made = planned(
        clip(PICTURE, place=Placement(width=400, height=200), curves=[curve("cropLeft", (0, 0), (1, 0.5))])
    )  # fmt: skip
    draw = only(made, 10)  # the right half, contained: 200x200 in the middle
    (box,) = draw.clips
    assert (corner(box.matrix), box.width, box.height) == ((100, 0), 200, 200)
    assert corner(draw.matrix, made.layers[0].width / 2) == (100, 0)


def test_a_still_picture_keeps_its_corners_and_shadow_in_its_pixels() -> None:
    style = Style(
        corner_radii=(9, 9, 9, 9), shadow=Shadow(colour=BLUE, blur=4, offset=(0, 0)),
        crop=Crop(left=0.5),
    )  # fmt: skip
    made = planned(clip(PICTURE, style=style))
    assert made.layers[0].style == style
    assert not made.layers[0].is_moving
    assert only(made, 0).masks == ()


def test_a_video_has_its_corners_shadow_and_stroke_beside_it() -> None:
    style = Style(
        corner_radii=(9, 9, 9, 9), shadow=Shadow(colour=BLUE, blur=8, offset=(5, 6)),
        stroke=Stroke(paint=RED, width=3), opacity=0.5,
    )  # fmt: skip
    made = planned(clip(video(), place=Placement(width=100, height=100), style=style))
    shadow, picture, stroke = made.frame(0).draws
    below, moving, above = (made.layers[each.layer] for each in (shadow, picture, stroke))
    assert moving.is_moving
    assert moving.style == Style()
    veil = Mask(kind="veil", share=0.5, whose=shadow.layer)  # half of all three as one
    assert picture.masks == (Mask(kind="rounded", radii=style.corner_radii), veil)
    assert {(draw.masks[-1], draw.opacity) for draw in made.frame(0).draws} == {(veil, 1.0)}
    assert below.content == Rect(paint=BLUE)
    assert (below.width, below.height) == (100, 50)  # as large as what is seen of it
    assert below.style.filters == (Filter(kind="blur", value=4),)
    assert corner(shadow.matrix) == (150 + 5, 50 + 25 + 6)
    assert above.style.stroke == Stroke(paint=RED, width=3)


def test_a_picture_with_holes_has_the_shadow_of_its_shape() -> None:
    dim = Colour(red=0, green=0, blue=1, alpha=0.4)
    style = Style(
        corner_radii=(9, 9, 9, 9), shadow=Shadow(colour=dim, blur=8, offset=(5, 6)),
        filters=(Filter(kind="grayscale", value=1),),
    )  # fmt: skip
    for picture in (video(key=ChromaKey(colour=RED)), video("sticker.webm")):
        made = planned(clip(picture, place=Placement(width=100, height=100), style=style))
        shadow, shown = made.frame(3).draws
        assert shadow.layer == shown.layer
        assert shadow.source_seconds == shown.source_seconds
        assert shadow.masks == shown.masks == (Mask(kind="rounded", radii=style.corner_radii),)
        assert (shadow.tint, shadow.opacity) == (dim, 0.4)
        assert corner(shadow.matrix) == (corner(shown.matrix)[0] + 5, corner(shown.matrix)[1] + 6)
        assert filters_of(shadow, made.layers[0]) == (Filter(kind="blur", value=4),)


def test_the_outline_of_a_video_is_filtered_as_the_video_is() -> None:
    grey = (Filter(kind="grayscale", value=1),)
    style = Style(stroke=Stroke(paint=RED, width=3), filters=grey)
    made = planned(clip(video(), style=style))
    picture, stroke = (made.layers[draw.layer] for draw in made.frame(0).draws)
    assert picture.style.filters == stroke.style.filters == grey


def test_more_looks_than_can_be_made_are_refused_at_once_with_the_clip() -> None:
    endless = clip(end=600_000, curves=[curve("fill", (0, RED), (60_000, BLUE))])
    with pytest.raises(MediaLimitError) as refused:
        planned(endless)
    assert refused.value.field == "clips.a"


def test_looks_that_change_over_an_hour_are_few() -> None:
    made = planned(
        clip(
            Rect(paint=RED), end=36_000, style=Style(corner_radii=(1, 1, 1, 1)),
            curves=[curve("borderRadius", (0, 0), (3600, 10))],
        )
    )  # fmt: skip
    assert len(made.layers) == 81
    assert [type(layer.content) for layer in made.layers] == [Rect] * 81


def test_a_typed_text_is_a_layer_for_each_letter_in_a_box_that_stays() -> None:
    typing = Animation(kind="typewriter", duration_seconds=1.0, easing=linear, delay_seconds=0.5)
    made = planned(clip(replace(WORDS, text="12345"), animations=[typing]))
    seen = [made.layers[only(made, n).layer].content.n_seen for n in range(20)]  # type: ignore[union-attr]
    assert seen == [0] * 7 + [1, 1, 2, 2, 3, 3, 4, 4] + [None] * 5
    assert {(layer.width, layer.height) for layer in made.layers} == {(50, 20)}
    assert len({only(made, n).matrix for n in range(20)}) == 1


def test_a_picture_moves_inside_a_box_that_stays() -> None:
    style = Style(fit="cover", corner_radii=(9, 9, 9, 9), stroke=Stroke(paint=RED, width=3))
    moved = replace(
        clip(PICTURE, place=Placement(x=50, width=100, height=60), style=style),
        view=(
            *(curve(name, (0, 1.0), (1, 2.0)) for name in ("scale.x", "scale.y")),
            curve("x", (0, 0), (1, 20)),
        ),
    )
    made = planned(moved)
    stroke_layer, picture_layer = made.layers
    assert (stroke_layer.raster_scale, picture_layer.raster_scale) == (1, 2)
    assert picture_layer.style == Style(fit="cover")  # corners and strokes stay with the box
    for n, left, width in ((0, 200, 100), (5, 185, 150), (10, 170, 200), (15, 170, 200)):
        picture, stroke = made.frame(n).draws
        assert corner(picture.matrix)[0] == left
        assert picture.matrix[0] * 100 == width
        (box,) = picture.clips
        assert (corner(box.matrix), box.width, box.height) == ((200, 70), 100, 60)
        assert box.radii == style.corner_radii
        assert corner(stroke.matrix) == (200, 70)
    assert made.frame(15) is made.frame(10)


def test_a_blur_that_stands_is_in_the_pixels_but_at_the_edge_of_the_canvas() -> None:
    blur = Filter(kind="blur", value=4)
    style = Style(filters=(Filter(kind="sepia", value=1), blur))
    inside = planned(clip(style=style, place=Placement(width=100, height=60)))
    assert inside.layers[0].style.filters == style.filters
    assert only(inside, 0).filters == ()
    for place in (
        Placement(width=WIDTH, height=HEIGHT),
        Placement(width=100, height=60, x=50 - WIDTH / 2),
        Placement(width=100, height=60, y=HEIGHT / 2),
    ):
        made = planned(clip(style=style, place=place))
        assert made.layers[0].style.filters == style.filters[:1]
        assert only(made, 0).filters == (blur,)
