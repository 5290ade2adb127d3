"""What moves in RenderingVideo's documents: keyframes, animations, transitions."""

from collections.abc import Iterable
from typing import get_args

import pytest
from tests.media.timeline.documents import clip, document, only

from telecine.media.timeline.easing import EASINGS
from telecine.media.timeline.model import (
    AnimationKind,
    BlendMode,
    Colour,
    Curve,
    FilterKind,
    PathLine,
    Rect,
    TransitionKind,
)
from telecine.media.timeline.rv import parse_rv

_RED = Colour(red=1, green=0, blue=0)


@pytest.mark.parametrize("mode", get_args(BlendMode))
def test_every_blend_mode_is_known(mode: str) -> None:
    assert only("rect", style={"compositeOperation": mode}).style.blend == mode
    assert only("rect", blendMode=mode).style.blend == mode


@pytest.mark.parametrize("kind", get_args(FilterKind))
def test_every_filter_can_stand_and_move(kind: str) -> None:
    found = only(
        "rect", style={"filters": [{"type": kind, "value": 0.5}]},
        keyframes=[{"property": kind, "frames": [{"time": 0, "value": 0.5}]}],
        animations=[{"type": "filter", "filter": kind, "duration": 1, "from": 0, "to": 0.5}],
    )  # fmt: skip

    assert found.style.filters[0].kind == found.curves[0].property == kind
    assert found.animations[0].filter == kind


def test_keyframes_are_sorted_split_and_measured() -> None:
    curves = _curves(
        {"property": "position", "frames": [
            {"time": 1, "value": ["100%", 5], "easing": "hold"},
            {"frame": 15, "value": {"x": 3, "y": 4}}]},
        {"property": "scale", "frames": [{"time": 0, "value": 2}]},
        {"property": "style.fill", "frames": [{"time": 0, "value": "red"}]},
        {"property": "width", "frames": [{"time": 0, "value": "50%"}]},
    )  # fmt: skip

    assert [(one.time_seconds, one.value) for one in curves["x"].points] == [(0.5, 3), (1, 640)]
    assert [(one.time_seconds, one.value) for one in curves["y"].points] == [(0.5, 4), (1, 5)]
    assert curves["x"].points[1].easing is EASINGS["hold"]
    assert curves["scale.x"].points[0].value == curves["scale.y"].points[0].value == 2
    assert curves["fill"].points[0].value == _RED
    assert curves["width"].points[0].value == 640


def _curves(*keyframes: object) -> dict[str, Curve]:
    return {curve.property: curve for curve in only("rect", keyframes=list(keyframes)).curves}


def test_ken_burns_moves_from_one_view_to_the_other() -> None:
    free = only("image", src="a.png", kenBurns={"from": 1, "to": {"scale": 1.2, "x": "60%"}})
    preset = only("image", src="a.png", kenBurnsEffect="zoom-out", kenBurnsIntensity=0.5)

    found = {curve.property: [one.value for one in curve.points] for curve in free.curves}
    assert found == {"scale.x": [1, 1.2], "scale.y": [1, 1.2], "x": [0, pytest.approx(128)]}
    assert [one.value for one in preset.curves[0].points] == [1.5, 1]
    assert [one.time_seconds for one in preset.curves[0].points] == [0, 2]


def test_ken_burns_in_a_box_moves_the_picture_and_not_the_box() -> None:
    place = {"x": 200, "y": 50, "width": 300, "height": 100, "scale": 2}
    boxed = only("image", src="a.png", transform=place, kenBurns={"from": 1, "to": 1.2})
    panned = only("video", src="a.mp4", transform=place, kenBurnsEffect="pan-left")
    text = only("text", text="a", transform=place, kenBurns={"from": 1, "to": 1.2})
    whole = only(
        "image", src="a.png", transform={"width": 1280, "height": 720}, kenBurns={"to": 1.2}
    )

    assert boxed.curves == panned.curves == text.view == whole.view == ()
    assert _values(boxed.view) == {"scale.x": [1, 1.2], "scale.y": [1, 1.2]}
    assert _values(panned.view) == {
        "scale.x": [1.2, 1.2], "scale.y": [1.2, 1.2], "x": [pytest.approx(30), pytest.approx(-30)]
    }  # fmt: skip
    assert _values(text.curves) == {"scale.x": [1, 1.2], "scale.y": [1, 1.2]}
    assert {"scale.x", "scale.y"} == set(_values(whole.curves))


def _values(curves: Iterable[Curve]) -> dict[str, list[object]]:
    return {curve.property: [one.value for one in curve.points] for curve in curves}


@pytest.mark.parametrize("kind", get_args(AnimationKind))
def test_every_animation_is_read(kind: str) -> None:
    (found,) = only(
        "rect", animations=[{"type": kind, "duration": 0.5, "delay": 0.25, "filter": "blur",
                             "easing": "easeOutBack", "direction": "up", "distance": 30}],
    ).animations  # fmt: skip

    assert (found.kind, found.duration_seconds, found.delay_seconds) == (kind, 0.5, 0.25)
    assert found.easing is EASINGS["easeOutBack"]
    assert (found.direction, found.distance, found.repeats) == ("up", 30, 1)


def test_animations_loop_and_have_ends() -> None:
    first, second, third = only(
        "rect",
        animations=[
            {"type": "move", "duration": 1, "loop": True, "from": {"x": "10%", "y": 5},
             "to": [1, 2]},
            {"type": "scale", "duration": 1, "loop": 3, "from": 0.5, "to": [1, 2]},
            {"type": "rotate", "duration": 1, "to": 90},
        ],
    ).animations  # fmt: skip

    assert (first.repeats, first.start, first.end) == (None, (128, 5), (1, 2))
    assert (second.repeats, second.start, second.end) == (3, 0.5, (1, 2))
    assert (third.start, third.end, third.delay_seconds) == (None, 90, None)


@pytest.mark.parametrize("kind", get_args(TransitionKind))
def test_every_transition_is_read_at_either_end(kind: str) -> None:
    found = only(
        "rect", transition={"type": kind, "duration": 0.5, "direction": "up", "easing": "linear",
                            "blur": 3, "intensity": 2, "rotation": 45, "scale": 1.5},
        transitionOut={"type": kind, "duration": 0.25},
    )  # fmt: skip

    way_in, way_out = found.transition_in, found.transition_out
    assert way_in is not None
    assert way_out is not None
    assert (way_in.kind, way_in.duration_seconds, way_in.direction) == (kind, 0.5, "up")
    assert (way_in.blur, way_in.intensity, way_in.rotation, way_in.scale) == (3, 2, 45, 1.5)
    assert (way_out.kind, way_out.duration_seconds, way_out.direction) == (kind, 0.25, "left")


@pytest.mark.parametrize(
    ("name", "kind", "direction", "is_exact"),
    [("crossfade", "fade", "left", True), ("dissolve", "fade", "left", True),
     ("wipeup", "wipe", "up", False), ("slideright", "push", "right", False),
     ("circleopen", "iris", "left", False)],
)  # fmt: skip
def test_other_tools_transitions_are_drawn_as_the_nearest(
    name: str, kind: str, direction: str, *, is_exact: bool
) -> None:
    parsed = parse_rv(document(clip("rect", transition={"type": name, "duration": 1})))

    assert parsed.timeline is not None
    found = parsed.timeline.tracks[0].clips[0].transition_in
    assert found is not None
    assert (found.kind, found.direction) == (kind, direction)
    assert bool(parsed.warnings) is not is_exact


def test_a_transition_may_be_a_plain_name() -> None:
    found = only("rect", transitionIn="fade", transitionDurationInSeconds=0.75).transition_in

    assert found is not None
    assert (found.kind, found.duration_seconds) == ("fade", 0.75)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("blurIn", ["fadeIn", "filter"]), ("popIn", ["fadeIn", "scale"]), ("pulse", ["scale"]),
     ("shake", ["move"])],
)  # fmt: skip
def test_our_own_animations_are_made_of_the_ten_and_come_to_rest(
    name: str, kinds: list[str]
) -> None:
    found = only("rect", animations=[{"type": name, "duration": 0.5, "delay": 0.2}]).animations

    assert [one.kind for one in found] == kinds
    assert all(one.delay_seconds == 0.2 for one in found)
    last = found[-1]
    start, end = (last.start, last.end) if name in ("blurIn", "popIn") else (last.end, last.start)
    assert end in (0, 1, (0, 0))
    assert start != end
    assert last.easing(1.0) == pytest.approx(1 if name in ("blurIn", "popIn") else 0, abs=1e-9)


def test_progress_grows_with_its_clip() -> None:
    bar = only("progress", color="red", thickness=10)
    ring = only("progress", style="ring", transform={"width": 100})

    assert isinstance(bar.content, Rect)
    assert (bar.placement.x, bar.placement.width, bar.placement.height) == (-640, 1280, 10)
    assert [(one.time_seconds, one.value) for one in bar.curves[0].points] == [(0, 0), (2, 1)]
    assert isinstance(ring.content, PathLine)
    assert ring.curves[0].property == "drawEnd"
