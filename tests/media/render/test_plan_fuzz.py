"""Whatever a timeline holds: frames are the same in any order, and what is kept is right."""

from __future__ import annotations

import math
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.render.timelines import BLUE, RED, SizeTable, clip, curve, planned, video

from telecine.media.timeline.easing import EASINGS
from telecine.media.timeline.model import (
    Animation,
    AnimationKind,
    Captions,
    Clip,
    Colour,
    Content,
    Curve,
    Direction,
    Font,
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
    Word,
)

seconds = st.integers(-5, 25).map(lambda tenths: tenths / 10)
durations = st.integers(1, 25).map(lambda tenths: tenths / 10)
easings = st.sampled_from([EASINGS[name] for name in ("linear", "hold", "easeOutBack")])
sides = st.one_of(st.none(), st.floats(0, 500))
numbers = st.floats(-300, 300).map(lambda number: round(number, 1))
CURVED = (
    "x", "y", "width", "height", "scale.x", "rotation", "skew.y", "opacity", "blur", "invert",
    "borderRadius", "fontSize", "strokeWidth", "cropLeft", "cropRight", "letterSpacing",
)  # fmt: skip


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    name = draw(st.sampled_from((*CURVED, "fill")))
    values: st.SearchStrategy[float | Colour]
    values = st.sampled_from([RED, BLUE]) if name == "fill" else numbers
    times = draw(st.lists(seconds, min_size=1, max_size=4))
    points = [(time, draw(values)) for time in times]
    return curve(name, *points, easing=draw(easings))


transitions = st.builds(
    Transition,
    kind=st.sampled_from(get_args(TransitionKind)),
    duration_seconds=durations,
    easing=easings,
    direction=st.sampled_from(get_args(Direction)),
    scale=st.one_of(st.none(), st.floats(0, 3)),
)
animations = st.builds(
    Animation,
    kind=st.sampled_from(get_args(AnimationKind)),
    duration_seconds=durations,
    easing=easings,
    delay_seconds=st.one_of(st.none(), seconds),
    repeats=st.sampled_from([1, 3, None]),
    start=st.one_of(st.none(), numbers),
    end=st.one_of(st.none(), st.tuples(numbers, numbers)),
    filter=st.sampled_from(["blur", "hue", "sepia"]),
)
spoken = st.lists(st.tuples(seconds, durations), max_size=8).map(
    lambda times: tuple(
        Word(text=f"w{start}", start_seconds=start, end_seconds=start + length)
        for start, length in sorted(times)
    )
)
contents: st.SearchStrategy[Content] = st.one_of(
    st.just(Rect(paint=RED)),
    st.just(Text(text="some words", font=Font(size=20), paint=RED)),
    st.sampled_from([Image(source=Source(src=src, path="")) for src in ("a.png", "a.gif")]),
    st.builds(
        video,
        rate=st.sampled_from([0.5, 1.0, 3.0]),
        after_end=st.sampled_from(["hold", "loop", "blank"]),
        is_reversed=st.booleans(),
        trim_end_seconds=st.sampled_from([None, 0.25, 9.0]),
    ),
    st.builds(
        Captions, words=spoken, font=st.just(Font()), words_per_page=st.integers(1, 3),
        mode=st.sampled_from(["batch", "stream"]), fades_in=st.booleans(),
    ),
)  # fmt: skip
styles = st.builds(
    Style,
    opacity=st.sampled_from([0.0, 0.5, 1.0]),
    fit=st.sampled_from(["contain", "cover", "fill"]),
    corner_radii=st.sampled_from([(0.0,) * 4, (5.0,) * 4]),
    shadow=st.sampled_from([None, Shadow(colour=BLUE, blur=3, offset=(1, 1))]),
    stroke=st.sampled_from([None, Stroke(paint=BLUE, width=2)]),
)


@st.composite
def clips(draw: st.DrawFn, name: str, *, depth: int = 0) -> Clip:
    start = draw(st.integers(-3, 15))
    kinds = contents
    if depth < 2 and draw(st.integers(0, 3)) == 0:
        kinds = st.builds(
            Layout,
            children=st.lists(clips(name + "c", depth=depth + 1), max_size=2).map(tuple),
            is_clipped=st.booleans(),
            align=st.sampled_from(["start", "stretch", "center"]),
        )
    return clip(
        draw(kinds), start, start + draw(st.integers(0, 15)), name=name,
        place=Placement(x=draw(numbers), width=draw(sides), height=draw(sides)),
        style=draw(styles), curves=draw(st.lists(curves(), max_size=3)),
        animations=draw(st.lists(animations, max_size=2)),
        coming=draw(st.one_of(st.none(), transitions)),
        going=draw(st.one_of(st.none(), transitions)),
    )  # fmt: skip


timelines = st.integers(1, 4).flatmap(
    lambda count: st.tuples(*(clips(str(index)) for index in range(count)))
)


@given(timelines)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_a_frame_is_the_same_whatever_was_asked_before(listed: tuple[Clip, ...]) -> None:
    frames = 25
    whole = planned(*listed, frames=frames)
    table = SizeTable({})
    for n in range(frames):
        frame = whole.frame(n)
        if n % 3 == 0:
            assert frame == planned(*listed, table=table, frames=frames).frame(n)
        for draw in frame.draws:
            assert all(map(math.isfinite, draw.matrix))
            assert 0 <= draw.opacity <= 1
            layer = whole.layers[draw.layer]
            assert layer.is_moving == (draw.source_seconds is not None)
            assert math.isfinite(layer.raster_scale)
            assert layer.width > 0
            assert layer.height > 0
    assert [whole.frame(n) for n in reversed(range(frames))] == [
        whole.frame(n) for n in range(frames)
    ][::-1]
