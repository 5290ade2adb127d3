"""Timelines made by hand, and a table of sizes for their plans: 400x200 px, 10 frames a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from telecine.media.render.display import CaptionPage, Draw, Matrix
from telecine.media.render.planning.plan import Plan, plan
from telecine.media.timeline.easing import Easing, linear
from telecine.media.timeline.model import (
    Animation,
    Clip,
    Code,
    Colour,
    Content,
    Curve,
    CurvePoint,
    Image,
    PathLine,
    Placement,
    Rect,
    Source,
    Style,
    Svg,
    Text,
    Timeline,
    Track,
    Transition,
    Video,
)

WIDTH, HEIGHT, RATE = 400, 200, 10
RED = Colour(red=1, green=0, blue=0)
BLUE = Colour(red=0, green=0, blue=1)
BLACK = Colour(red=0, green=0, blue=0)


@dataclass(slots=True)
class SizeTable:
    """Every source is 400x200 unless listed, and four seconds long; a letter is 10x20 px."""

    pictures: dict[str, tuple[float, float]]
    duration: Fraction | None = Fraction(4)

    def text_size(self, text: Text, max_width: float | None) -> tuple[float, float]:
        width = 10.0 * len(text.text) * text.font.size / 20
        if max_width is None or width <= max_width:
            return width, text.font.size
        return max_width, text.font.size * -(-width // max(max_width, 1.0))

    def caption_size(self, page: CaptionPage, max_width: float) -> tuple[float, float]:
        return min(10.0 * sum(len(word.text) for word in page.words), max_width), 20.0

    def word_box(
        self, page: CaptionPage, word: int, size: tuple[float, float]
    ) -> tuple[float, float, float, float]:
        left = 10.0 * sum(len(each.text) for each in page.words[:word])
        return left, 0.0, left + 10.0 * len(page.words[word].text), size[1]

    def code_size(self, code: Code) -> tuple[float, float]:
        return 10.0 * len(code.code), 20.0

    def svg_size(self, svg: Svg) -> tuple[float, float]:
        return 100.0, 50.0

    def path_size(self, path: PathLine) -> tuple[float, float]:
        return 60.0, 40.0

    def natural_size(self, picture: Image | Video) -> tuple[float, float]:
        return self.pictures.get(picture.source.src, (400.0, 200.0))

    def duration_seconds(self, source: Source) -> Fraction | None:
        return self.duration

    def is_animated(self, source: Source) -> bool:
        return source.src.endswith(".gif")

    def may_have_holes(self, source: Source) -> bool:
        return not source.src.lower().endswith((".jpg", ".mp4"))


def clip(
    content: Content | None = None,
    start: int = 0,
    end: int = 20,
    *,
    name: str = "a",
    place: Placement | None = None,
    style: Style | None = None,
    curves: Sequence[Curve] = (),
    animations: Sequence[Animation] = (),
    coming: Transition | None = None,
    going: Transition | None = None,
) -> Clip:
    """Return a clip; a red box of 100x50 unless it shows something else."""
    return Clip(
        id=name,
        path=f"clips.{name}",
        start_frame=start,
        end_frame=end,
        content=Rect(paint=RED) if content is None else content,
        placement=place or (Placement(width=100, height=50) if content is None else Placement()),
        style=style or Style(),
        curves=tuple(curves),
        animations=tuple(animations),
        transition_in=coming,
        transition_out=going,
    )


def video(src: str = "v.mp4", **fields: Any) -> Video:
    """Return a video with any of its fields."""
    return Video(source=Source(src=src, path="src"), **fields)


def curve(
    name: str, *points: tuple[float, float | tuple[float, float] | Colour], easing: Easing = linear
) -> Curve:
    """Return keyframes from (seconds, value) pairs."""
    return Curve(
        property=name,
        points=tuple(
            CurvePoint(time_seconds=seconds, value=value, easing=easing)
            for seconds, value in points
        ),
    )


def timeline(
    *clips: Clip, frames: int | None = None, opacity: float = 1.0, order: Sequence[str] = ()
) -> Timeline:
    """Return all clips on one track, the first at the back."""
    return Timeline(
        width=WIDTH,
        height=HEIGHT,
        frame_rate=Fraction(RATE),
        duration_frames=max(each.end_frame for each in clips) if frames is None else frames,
        background=BLACK,
        tracks=(Track(id="t", clips=clips, opacity=opacity),),
        paint_order=tuple(order or (each.id for each in clips)),
    )


def planned(*clips: Clip, table: SizeTable | None = None, frames: int | None = None) -> Plan:
    """Return the plan of clips on one track."""
    return plan(timeline(*clips, frames=frames), measure=table or SizeTable({}))


def only(plan_: Plan, n: int) -> Draw:
    """Return the one draw of a frame."""
    (draw,) = plan_.frame(n).draws
    return draw


def corner(matrix: Matrix, x: float = 0.0, y: float = 0.0) -> tuple[float, float]:
    """Return where a point of a box goes, to a millionth of a px."""
    a, b, c, d, e, f = matrix
    return round(a * x + c * y + e, 6), round(b * x + d * y + f, 6)
