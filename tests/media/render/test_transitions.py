"""The nine transitions, by numbers: entering, leaving, and from one clip to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, get_args

import pytest
from tests.media.render.layers import sprites
from tests.media.render.timelines import BLUE, SizeTable, clip, corner, curve, planned, video

from telecine.media.render.composing.compose import Composer
from telecine.media.render.display import Draw, Mask, blocks
from telecine.media.render.planes import Planes
from telecine.media.render.planning.plan import Plan
from telecine.media.render.planning.transitions import BLUR_PX, ZOOM_SCALE
from telecine.media.render.sizing import Resized
from telecine.media.timeline.easing import EASINGS, linear
from telecine.media.timeline.model import (
    Animation,
    ChromaKey,
    Clip,
    Colour,
    Content,
    Direction,
    Filter,
    Font,
    Gradient,
    GradientStop,
    Image,
    Layout,
    Placement,
    Rect,
    Shadow,
    Source,
    Stroke,
    Style,
    Text,
    Transition,
    TransitionKind,
    Video,
)

KINDS: tuple[TransitionKind, ...] = get_args(TransitionKind)
PICTURE = Image(source=Source(src="p.JPG", path=""))
DRAWING = Image(source=Source(src="d.png", path=""))


def transition(kind: TransitionKind, duration: float = 1.0, **fields: Any) -> Transition:
    return Transition(kind=kind, duration_seconds=duration, **{"easing": linear, **fields})


def coming(kind: TransitionKind, **fields: Any) -> Plan:
    return planned(clip(coming=transition(kind, **fields)))


def going(kind: TransitionKind, **fields: Any) -> Plan:
    return planned(clip(going=transition(kind, **fields)))


def draw_of(made: Plan, n: int) -> Draw:
    (draw,) = made.frame(n).draws
    return draw


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_that_has_come_is_simply_there(kind: TransitionKind) -> None:
    assert [coming(kind).frame(n) for n in range(10, 20)] == [planned(clip()).frame(0)] * 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_is_simply_there_until_it_goes(kind: TransitionKind) -> None:
    made = going(kind)
    assert [made.frame(n) for n in range(10)] == [planned(clip()).frame(0)] * 10
    assert made.frame(11) != made.frame(9)


@pytest.mark.parametrize("kind", ["fade", "zoom", "spin", "blur", "lightSweep"])
def test_some_transitions_begin_with_nothing(kind: TransitionKind) -> None:
    assert coming(kind).frame(0).draws == ()


def test_fade_is_half_there_half_way() -> None:
    assert draw_of(coming("fade"), 5).opacity == 0.5
    assert draw_of(going("fade"), 15).opacity == 0.5
    assert draw_of(going("fade"), 19).opacity == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("direction", "across", "down"),
    [("left", -1, 0), ("right", 1, 0), ("up", 0, -1), ("down", 0, 1)],
)
@pytest.mark.parametrize("kind", ["slide", "push"])
def test_slide_and_push_come_from_and_go_off_the_canvas(
    kind: TransitionKind, direction: Direction, across: int, down: int
) -> None:
    enters = coming(kind, direction=direction)
    assert corner(draw_of(enters, 0).matrix) == (150 - 400 * across, 75 - 200 * down)
    assert corner(draw_of(enters, 5).matrix) == (150 - 200 * across, 75 - 100 * down)
    leaves = going(kind, direction=direction)
    assert corner(draw_of(leaves, 15).matrix) == (150 + 200 * across, 75 + 100 * down)


def test_zoom_grows_about_the_anchor_while_it_appears() -> None:
    draw = draw_of(coming("zoom"), 5)
    assert (draw.matrix[0], draw.opacity) == (ZOOM_SCALE / 2 + 0.5, 0.5)
    assert corner(draw.matrix, 50, 25) == (200, 100)
    larger = coming("zoom", scale=3.0)
    assert draw_of(larger, 5).matrix[0] == 2
    assert larger.layers[0].raster_scale == 3
    assert draw_of(going("zoom", scale=0.0), 15).matrix[0] == 0.5


@pytest.mark.parametrize(
    ("direction", "opposite"),
    [("left", "right"), ("right", "left"), ("up", "down"), ("down", "up")],
)
def test_wipe_uncovers_towards_its_direction_and_covers_alike(
    direction: Direction, opposite: Direction
) -> None:
    enters = draw_of(coming("wipe", direction=direction), 3)
    assert enters.masks == (Mask(kind="wipe", share=0.3, direction=direction),)
    leaves = draw_of(going("wipe", direction=direction), 13)
    (mask,) = leaves.masks
    assert mask.share == pytest.approx(0.7)
    assert mask.direction == opposite


def test_iris_opens_and_closes() -> None:
    (mask,) = draw_of(coming("iris"), 3).masks
    assert (mask.kind, mask.share, mask.softness) == ("iris", 0.3, 0)
    (mask,) = draw_of(coming("iris", blur=6.0), 5).masks
    assert (mask.share, mask.softness) == (0.5, 6)
    (mask,) = draw_of(going("iris"), 18).masks
    assert mask.share == pytest.approx(0.2)


@pytest.mark.parametrize("kind", ["wipe", "iris"])
@pytest.mark.parametrize("direction", ["left", "down"])
def test_a_soft_edge_is_not_seen_before_its_time(
    kind: TransitionKind, direction: Direction
) -> None:
    soft = transition(kind, direction=direction, blur=30.0)
    white = Rect(paint=WHITE)
    place = Placement(width=100, height=50, scale=(1.5, 2.0))
    comes = drawn(planned(clip(white, place=place, coming=soft)))
    assert int(comes(0).y.max()) <= 17
    assert int(comes(3).y.max()) > 17
    goes = drawn(planned(clip(white, place=place, going=soft)))
    assert int(goes(10).y[52:148, 127:273].min()) >= 234
    assert int(goes(17).y[52:148, 127:273].min()) < 200


def test_blur_clears_up() -> None:
    draw = draw_of(coming("blur"), 5)
    assert draw.filters == (Filter(kind="blur", value=BLUR_PX / 2),)
    assert draw.opacity == 0.5
    strong = draw_of(coming("blur", blur=10.0, intensity=2.0), 5)
    assert strong.filters == (Filter(kind="blur", value=10.0),)


def test_spin_comes_turned_and_goes_on_turning() -> None:
    enters = draw_of(coming("spin", rotation=180.0, scale=1.0), 5)
    assert enters.matrix[:4] == (0, -1, 1, 0)
    leaves = draw_of(going("spin", rotation=180.0, scale=1.0), 15)
    assert leaves.matrix[:4] == (0, 1, -1, 0)


def test_a_light_passes_over_what_comes() -> None:
    made = coming("lightSweep", intensity=0.7)
    sweeps = [draw_of(made, n).sweep for n in (1, 5, 9, 10)]
    assert sweeps == [0.1, 0.5, 0.9, None]
    assert draw_of(made, 5).sweep_strength == 0.7
    assert draw_of(made, 5).opacity == 1


def test_easings_bend_transitions() -> None:
    draw = draw_of(coming("fade", easing=EASINGS["easeInQuad"]), 5)
    assert draw.opacity == 0.25


def test_an_easing_that_overshoots_keeps_shares_in_range() -> None:
    made = coming("wipe", easing=EASINGS["easeInOutBack"])
    shares = [mask.share for n in range(10) for mask in draw_of(made, n).masks]
    assert min(shares) >= 0
    assert max(shares) <= 1


def test_a_transition_longer_than_its_clip_is_over_by_its_last_frame() -> None:
    comes = planned(clip(end=5, coming=transition("fade", 2.0)))
    assert [draw_of(comes, n).opacity for n in (1, 2, 3, 4)] == pytest.approx([0.25, 0.5, 0.75, 1])
    goes = planned(clip(end=5, going=transition("fade", 2.0)))
    assert [draw_of(goes, n).opacity for n in range(5)] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])
    at_once = planned(clip(end=1, coming=transition("fade", 2.0)))
    assert draw_of(at_once, 0).opacity == 1


def test_a_child_of_a_layout_comes_within_its_time() -> None:
    layout = Layout(children=(clip(name="child", coming=transition("fade", 2.0)),))
    made = planned(clip(layout, end=5, place=Placement(width=400, height=200)))
    assert draw_of(made, 4).opacity == 1


def test_coming_and_going_overlap_in_a_short_clip() -> None:
    made = planned(clip(end=11, coming=transition("fade"), going=transition("fade")))
    assert draw_of(made, 6).opacity == pytest.approx(0.3)


def test_wipes_over_what_has_layers_around_it_cut_them_as_boxes() -> None:
    style = Style(shadow=Shadow(colour=BLUE, blur=2, offset=(0, 0)))
    made = planned(clip(video(), style=style, coming=transition("wipe", direction="right")))
    shadow, picture = made.frame(5).draws
    assert picture.masks[0].kind == "wipe"
    (box,) = shadow.clips
    assert corner(box.matrix, box.width)[0] == 200  # half of the canvas
    assert corner(box.matrix)[0] < -400


@pytest.mark.parametrize("kind", ["wipe", "iris"])
def test_a_soft_edge_cuts_all_layers_of_a_clip_alike(kind: TransitionKind) -> None:
    style = Style(
        shadow=Shadow(colour=BLUE, blur=2, offset=(0, 0)), stroke=Stroke(paint=BLUE, width=4)
    )
    place = Placement(width=200, height=100)
    made = planned(clip(video(), style=style, place=place, coming=transition(kind, blur=20.0)))
    draws = made.frame(5).draws
    assert len(draws) == 3
    assert {len(draw.clips) for draw in draws} == {0}
    (mask,) = {draw.masks[-1] for draw in draws}
    assert (mask.kind, mask.box) == (kind, (100, 50, 300, 150))
    assert mask.share == pytest.approx(0.5)
    assert list(blocks(draws)) == [(range(3),)]


def test_an_iris_over_a_layout_is_a_round_box() -> None:
    layout = Layout(children=(clip(name="child"),))
    made = planned(clip(layout, place=Placement(width=400, height=200), coming=transition("iris")))
    (box,) = draw_of(made, 5).clips
    radius = (400**2 + 200**2) ** 0.5 / 4
    assert box.width == pytest.approx(2 * radius)
    assert box.radii[0] == pytest.approx(radius)
    assert corner(box.matrix, radius, radius) == (200, 100)


# From one clip to the next.

WHITE = Colour(red=1, green=1, blue=1)


def word(text: str) -> Text:
    return Text(text=text, font=Font(size=40), paint=WHITE)


def drawn(made: Plan) -> Callable[[int], Planes]:
    """Draw frames of a plan that needs no files."""

    def nothing(_: object) -> NoReturn:
        raise AssertionError

    composer = Composer(made.canvas, made.layers, sprite=sprites().sprite, source=nothing)
    return lambda n: composer.compose(made.frame(n))


def pair(
    kind: TransitionKind,
    *,
    first: Content = PICTURE,
    second: Content = PICTURE,
    end: int = 10,
    place: Placement | None = None,
    **fields: Any,
) -> Plan:
    """Two clips on one track, the second from frame 10 on, where the first usually ends."""
    one = clip(first, name="a", end=end, place=place)
    two = clip(second, name="b", start=10, end=30, place=place, coming=transition(kind, **fields))
    return planned(one, two)


def test_the_clip_before_stays_until_the_next_is_there() -> None:
    made = pair("fade")
    counts = [len(made.frame(n).draws) for n in range(30)]
    assert counts[:10] == [1] * 10
    assert counts[11:20] == [2] * 9
    assert counts[20:] == [1] * 10
    below, above = made.frame(15).draws
    assert (below.layer, below.opacity) == (0, 1)
    assert (above.layer, above.opacity) == (1, 0.5)
    assert made.n_frames == 30


def test_what_will_not_be_hidden_fades_out() -> None:
    made = pair("fade", first=Rect(paint=BLUE), second=Rect(paint=BLUE), place=None)
    assert made.frame(15).draws[0].opacity == 1  # both fill the canvas
    tall = planned(
        clip(PICTURE, name="a", end=10),
        clip(
            Image(source=Source(src="tall.png", path="")), name="b", start=10, end=30,
            coming=transition("fade"),
        ),
        table=SizeTable({"tall.png": (100, 400)}),
    )  # fmt: skip
    below, above = tall.frame(15).draws
    assert (below.opacity, above.opacity) == (0.5, 0.5)


@pytest.mark.parametrize("second", [DRAWING, Video(source=Source(src="logo.webm", path=""))])
def test_what_a_picture_with_holes_may_not_hide_goes_at_the_very_end(
    second: Image | Video,
) -> None:
    made = pair("fade", second=second)
    below = [made.frame(n).draws[0].opacity for n in range(11, 20)]
    above = [made.frame(n).draws[1].opacity for n in range(11, 20)]
    ground = [(1 - low) * (1 - high) for low, high in zip(below, above, strict=True)]
    assert max(ground) < 0.05  # of an opaque drawing nobody sees it
    assert below[3] > 0.99
    assert below[8] < 0.6


def test_push_moves_both_as_one() -> None:
    made = pair("push", direction="left")
    for n in range(11, 20):
        before, after = made.frame(n).draws
        assert corner(before.matrix, 400)[0] == pytest.approx(corner(after.matrix)[0], abs=2.001)
    assert corner(made.frame(15).draws[1].matrix) == (200, 0)


@pytest.mark.parametrize("direction", ["left", "right", "up", "down"])
def test_no_ground_shows_between_clips_of_which_one_pushes_the_other(direction: Direction) -> None:
    made = pair(
        "push", first=Rect(paint=WHITE), second=Rect(paint=WHITE), direction=direction,
        easing=EASINGS["easeInOutCubic"],
    )  # fmt: skip
    picture = drawn(made)
    for n in range(30):
        y, u, v = picture(n)[:3]
        assert (int(y.min()), int(u.min()), int(v.min())) == (235, 128, 128), n


def test_what_is_pushed_by_less_than_itself_has_no_lap() -> None:
    small = Placement(width=100, height=50)
    two = clip(PICTURE, name="b", start=10, end=30, place=small, coming=transition("push"))
    before, after = planned(clip(PICTURE, name="a", end=10), two).frame(15).draws
    assert corner(before.matrix)[0] == -200
    assert corner(after.matrix)[0] == 350


def opaque(*shades: float) -> Rect:
    stops = tuple(
        GradientStop(offset=index, colour=Colour(red=shade, green=shade, blue=shade))
        for index, shade in enumerate(shades)
    )
    return Rect(paint=Gradient(kind="linear", stops=stops))


@pytest.mark.parametrize("kind", ["fade", "slide", "iris", "zoom", "wipe"])
def test_a_box_of_opaque_stops_hides_what_was_there_as_one_of_a_colour(
    kind: TransitionKind,
) -> None:
    made = pair(kind, first=opaque(1, 0.9), second=opaque(0.9, 1), blur=20.0)
    assert [made.frame(n).draws[0].opacity for n in range(11, 20)] == [1] * 9
    picture = drawn(made)
    assert min(int(picture(n).y.min()) for n in range(10, 20)) > 200  # no ground, no seam
    clear = GradientStop(offset=1, colour=Colour(red=1, green=1, blue=1, alpha=0.5))
    holed = Rect(paint=Gradient(kind="linear", stops=(clear, clear)))
    assert pair("fade", first=opaque(1, 1), second=holed).frame(15).draws[0].opacity == 0.5


def test_a_screen_that_is_taken_out_leaves_holes() -> None:
    keyed = video(key=ChromaKey(colour=BLUE))
    assert [
        pair("fade", second=film).frame(19).draws[0].opacity < 1 for film in (video(), keyed)
    ] == [
        False,
        True,
    ]


def test_no_word_outlasts_the_word_that_a_light_brings() -> None:
    made = pair("lightSweep", first=word("before"), second=word("after"))
    shares = [[draw.opacity for draw in made.frame(n).draws] for n in range(11, 20)]
    assert shares[:4] == [pytest.approx([1 - 0.2 * n, 0.2 * n]) for n in (1, 2, 3, 4)]
    assert shares[4:] == [[1.0]] * 5


def test_a_wipe_lies_over_what_it_hides_and_parts_what_it_does_not() -> None:
    before, after = pair("wipe", direction="left").frame(13).draws
    assert (before.masks, len(after.masks)) == ((), 1)
    small = Placement(width=100, height=50)
    circle = clip(PICTURE, name="b", start=10, end=30, place=small, coming=transition("wipe"))
    parted = planned(clip(PICTURE, name="a", end=10), circle).frame(13).draws
    assert parted[0].masks[0].direction == "right"
    assert parted[0].masks[0].share == pytest.approx(0.7)


@pytest.mark.parametrize("softness", [0.0, 30.0])
@pytest.mark.parametrize("direction", ["left", "right", "up", "down"])
def test_clips_of_different_sizes_are_wiped_along_one_edge(
    direction: Direction, softness: float
) -> None:
    large, small = Placement(width=300, height=150), Placement(x=20, width=100, height=120)
    one = clip(Rect(paint=WHITE), name="a", end=10, place=large)
    two = clip(
        Rect(paint=WHITE), name="b", start=10, end=25, place=small,
        coming=transition("wipe", direction=direction, blur=softness),
    )  # fmt: skip
    three = clip(
        Rect(paint=WHITE), name="c", start=25, end=40, place=large,
        coming=transition("wipe", direction=direction, blur=softness),
    )  # fmt: skip
    made = planned(one, two, three)
    before, after = made.frame(13).draws
    assert {draw.masks[-1].box for draw in (before, after)} == {(50, 25, 350, 175)}
    picture = drawn(made)
    # Where both are, nothing else is ever seen.
    assert min(int(picture(n).y[45:155, 175:265].min()) for n in range(40)) >= 232
    # Where only the large one is, it goes and comes.
    shades = [int(picture(n).y[100, 60]) for n in (10, 20, 35)]
    assert shades == [235, 16, 235]


def test_what_stands_does_not_move_when_it_gives_way() -> None:
    place = Placement(x=0.25, y=0.25, width=101, height=51)
    one = clip(name="a", end=10, place=place)
    two = clip(name="b", start=10, place=place, coming=transition("fade"))
    made = planned(one, two)
    assert {draw.matrix for n in range(20) for draw in made.frame(n).draws} == {
        made.frame(0).draws[0].matrix
    }


def test_an_edge_is_as_soft_in_a_smaller_film() -> None:
    large, small = Placement(width=300, height=150), Placement(width=100, height=100)
    one = clip(DRAWING, name="a", end=10, place=large)
    two = clip(DRAWING, name="b", start=10, place=small, coming=transition("wipe", blur=30.0))
    made = planned(one, two)
    draws = Resized(made, size=(200, 100)).frame(13).draws
    assert [draw.masks[-1].softness for draw in draws] == [15, 15]
    assert draws[0].masks[-1].box == (25, 12.5, 175, 87.5)


def test_zoom_and_blur_change_the_clip_before_too() -> None:
    made = pair("zoom")
    before, after = made.frame(15).draws
    assert (before.matrix[0], after.matrix[0]) == (1.25, 0.75)
    assert made.layers[0].raster_scale == 1.5
    assert pair("zoom", scale=2.0).layers[0].raster_scale == 1  # it shrinks, and begins as it was
    before, _ = pair("blur", blur=8.0).frame(15).draws
    assert before.filters == (Filter(kind="blur", value=4.0),)


def test_spin_turns_both_away() -> None:
    before, after = pair("spin", rotation=180.0, scale=1.0).frame(15).draws
    assert before.matrix[:4] == (0, 1, -1, 0)
    assert after.matrix[:4] == (0, -1, 1, 0)
    assert before.opacity == 0.5


def test_a_video_holds_its_last_picture_while_the_next_comes() -> None:
    made = pair("fade", first=video())
    held = {made.frame(n).draws[0].source_seconds for n in range(10, 20)}
    assert held == {made.frame(9).draws[0].source_seconds}


def test_a_clip_that_overlaps_goes_on_playing_below() -> None:
    made = pair("fade", first=video(), end=15)
    instants = [made.frame(n).draws[0].source_seconds for n in range(10, 20)]
    assert [float(second or 0) for second in instants] == [1, 1.1, 1.2, 1.3, 1.4, *[1.4] * 5]


def test_a_longer_overlap_is_no_succession() -> None:
    made = pair("push", end=25)
    assert corner(made.frame(15).draws[0].matrix) == (0, 0)
    assert len(made.frame(24).draws) == 2


def test_clips_apart_do_not_meet() -> None:
    made = pair("push", end=9)
    assert len(made.frame(12).draws) == 1


def test_a_clip_with_an_exit_of_its_own_leaves_by_itself() -> None:
    one = clip(PICTURE, name="a", end=10, going=transition("fade", 0.5))
    two = clip(PICTURE, name="b", start=10, end=30, coming=transition("push"))
    assert len(planned(one, two).frame(12).draws) == 1


def test_a_clip_above_the_next_gives_way_below_it() -> None:
    one = clip(PICTURE, name="a", end=10)
    two = clip(PICTURE, name="b", start=10, end=30, coming=transition("fade"))
    other = clip(name="c", end=30)
    made = planned(two, one, other)  # painted in this order
    paths = [made.layers[draw.layer].path for draw in made.frame(15).draws]
    assert paths == ["clips.a", "clips.b", "clips.c"]


def test_three_clips_follow_one_another() -> None:
    clips: list[Clip] = [clip(PICTURE, name="a", end=10)]
    for index, name in enumerate("bc"):
        start = 10 + 10 * index
        clips.append(
            clip(PICTURE, name=name, start=start, end=start + 10, coming=transition("fade", 0.5))
        )
    made = planned(*clips)
    assert [len(made.frame(n).draws) for n in (9, 12, 15, 22, 25)] == [1, 2, 1, 2, 1]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "spin"])
def test_a_clip_shorter_than_its_transition_lets_no_ground_through(kind: TransitionKind) -> None:
    white = Rect(paint=WHITE)
    made = planned(
        clip(white, name="a", end=10),
        clip(white, name="b", start=10, end=14, coming=transition(kind, blur=8.0)),
        clip(white, name="c", start=14, end=30, coming=transition(kind, blur=8.0)),
    )
    picture = drawn(made)
    assert min(int(picture(n).y.min()) for n in range(30)) >= 232
    assert [len(made.frame(n).draws) for n in (9, 12, 13, 16)] == [1, 2, 1, 2]


def test_the_last_instant_of_the_clip_before_keeps_its_movement() -> None:
    one = clip(
        PICTURE, name="a", end=10, curves=[curve("scale", (0, 1.0), (1, 2.0))],
        animations=[Animation(kind="move", duration_seconds=1, easing=linear, end=(90.0, 0.0))],
    )  # fmt: skip
    two = clip(PICTURE, name="b", start=10, end=30, coming=transition("fade"))
    made = planned(one, two)
    assert made.frame(15).draws[0].matrix == made.frame(9).draws[0].matrix
    assert made.frame(9).draws[0].matrix[0] == pytest.approx(1.9)
