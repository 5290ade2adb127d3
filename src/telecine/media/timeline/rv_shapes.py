"""What is drawn from its fields alone in RenderingVideo's dialect: text, shapes, lines, code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

from telecine.media.timeline.markdown import rich
from telecine.media.timeline.model import (
    Align,
    Circle,
    Code,
    Content,
    Icon,
    Paint,
    PathLine,
    Polygon,
    Rect,
    Span,
    Text,
    TextBackground,
    TextDirection,
)
from telecine.media.timeline.reader import Node, Value
from telecine.media.timeline.rv_style import read_font
from telecine.media.timeline.scene import WHITE, colour, paint

#: SVG path data, as far as it is any; how many numbers a command has is not looked at.
_PATH: Final = re.compile(
    r"(?:[\s,]*(?:[MmZzLlHhVvCcSsQqTtAa]|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))*[\s,]*"
)
_MOST_MARKDOWN: Final = 5_000
#: Of all clips: one frame may show them all, and is then seconds of work.
_MOST_LETTERS: Final = 250_000
_ALIGNS: Final[tuple[Align, ...]] = ("left", "center", "right")
_DIRECTIONS: Final[tuple[TextDirection, ...]] = ("ltr", "rtl", "auto")
_VERTICALS: Final[tuple[Literal["top", "middle", "bottom"], ...]] = ("top", "middle", "bottom")
_CAPS: Final[tuple[Literal["butt", "round", "square"], ...]] = ("butt", "round", "square")
_JOINS: Final[tuple[Literal["miter", "round", "bevel"], ...]] = ("miter", "round", "bevel")


def _fill(node: Node) -> Paint:
    return paint(node.over("style").first("fill", "color")) or WHITE


def _text(node: Node) -> Content | None:
    style = node.over("style")
    value = node.required("text")
    text = _letters(value)
    spans: tuple[Span, ...] = ()
    if value is not None and node.flag("markdown") and _is_short(value, text):
        text, spans = rich(text)
    max_lines = style.maybe("maxLines", low=1, high=1000)
    shrinks = (fit := node.get("fitText")) is not None and fit.raw == "shrink"
    return Text(
        text=text,
        font=read_font(style, size=48.0),
        paint=_fill(node),
        align=style.choice("textAlign" if style.has("textAlign") else "align", "center", _ALIGNS),
        vertical_align=style.choice("verticalAlign", "middle", _VERTICALS),
        line_height=style.number("lineHeight", 1.2, low=0.1, high=20),
        letter_spacing=style.number("letterSpacing", 0.0, low=-500, high=2000),
        is_wrapped=style.flag("textWrap", default=True),
        direction=style.choice("direction", "auto", _DIRECTIONS),
        background=_background(style),
        max_lines=None if max_lines is None else int(max_lines),
        is_fitted=shrinks or node.flag("fitText"),
        only_shrinks=shrinks,
        spans=spans,
    )


def _letters(value: Value | None) -> str:
    """Read what is drawn letter by letter: all clips of a document share one limit."""
    if value is None:
        return ""
    report, text = value.report, ""
    if report.n_letters <= _MOST_LETTERS:  # or else too much was there before
        text = value.text() or ""
        report.n_letters += len(text)
    if report.n_letters > _MOST_LETTERS:
        value.problem(
            "TOO_LONG", "With the texts of the clips before, variables put in, this is too much.",
            allowed=f"up to {_MOST_LETTERS} letters in all clips",
        )  # fmt: skip
        return ""
    return text


def _is_short(value: Value, text: str) -> bool:
    """Say whether Markdown may be read: what is made to be slow takes the square of its length."""
    if len(text) <= _MOST_MARKDOWN:
        return True
    value.problem(
        "TOO_LONG", "This is too much Markdown.", allowed=f"up to {_MOST_MARKDOWN} characters"
    )
    return False


def _background(node: Node) -> TextBackground | None:
    if not node.has("background"):
        return None
    value = node.get("background")
    if value is not None and isinstance(value.raw, str):
        plain = colour(value)
        return TextBackground(colour=plain) if plain else None
    box = node.node("background")
    tint = colour(box.required("color"))
    horizontal = box.number("horizontalPadding", 0.0, low=0, high=5000)
    vertical = box.number("verticalPadding", 0.0, low=0, high=5000)
    radius = box.number("borderRadius", 0.0, low=0, high=5000)
    if tint is None:
        return None
    return TextBackground(
        colour=tint, horizontal_padding=horizontal, vertical_padding=vertical, corner_radius=radius
    )


def _rect(node: Node) -> Content | None:
    return Rect(paint=_fill(node))


def _diameter(node: Node) -> float:
    size = node.required("size")
    return (None if size is None else size.number(low=0, high=20_000, above=0)) or 1.0


def _circle(node: Node) -> Content | None:
    return Circle(
        diameter=_diameter(node),
        paint=_fill(node),
        start_angle=node.number("startAngle", 0.0, low=-36_000, high=36_000),
        end_angle=node.number("endAngle", 360.0, low=-36_000, high=36_000),
    )


def _polygon(node: Node) -> Content | None:
    sides = node.required("sides")
    count = None if sides is None else sides.number(low=3, high=1000)
    return Polygon(sides=int(count or 3), diameter=_diameter(node), paint=_fill(node))


def _line(node: Node) -> Content | None:
    if not node.has("points"):
        node.required("points")
    points = [_point(item) for item in node.items("points", high=10_000)]
    found = [point for point in points if point]
    radius = node.number("radius", 0.0, low=0, high=20_000)
    data = rounded_line(found, radius=radius, is_closed=node.flag("closed"))
    return _path_line(node, data)


def _point(value: Value) -> tuple[float, float] | None:
    """Read [x, y] or {x, y}."""
    if not isinstance(value.raw, Mapping):
        pair = value.numbers(2, low=-1e5, high=1e5)
        return (pair[0], pair[1]) if pair else None
    ends = [value.fields().required(name) for name in ("x", "y")]
    numbers = [end.number(low=-1e5, high=1e5) for end in ends if end]
    x, y = (*numbers, None, None)[:2]
    return None if x is None or y is None else (x, y)


def rounded_line(points: list[tuple[float, float]], *, radius: float, is_closed: bool) -> str:
    """Return SVG path data of the points joined, their corners cut round by `radius` px."""
    if not points:
        return ""
    corners = range(len(points)) if is_closed else range(1, len(points) - 1)
    if radius <= 0 or len(points) < 3:
        ends = " L".join(f"{x:.10g} {y:.10g}" for x, y in points)
        return f"M{ends}" + (" Z" if is_closed else "")
    parts = [] if is_closed else [f"M{points[0][0]:.10g} {points[0][1]:.10g}"]
    for index in corners:
        corner, before = points[index], points[index - 1]
        after = points[(index + 1) % len(points)]
        enter, leave = _towards(corner, before, radius), _towards(corner, after, radius)
        parts.append(f"{'L' if parts else 'M'}{enter[0]:.10g} {enter[1]:.10g}")
        parts.append(f"Q{corner[0]:.10g} {corner[1]:.10g} {leave[0]:.10g} {leave[1]:.10g}")
    if not is_closed:
        parts.append(f"L{points[-1][0]:.10g} {points[-1][1]:.10g}")
    return " ".join(parts) + (" Z" if is_closed else "")


def _towards(
    start: tuple[float, float], end: tuple[float, float], distance: float
) -> tuple[float, float]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    whole = (dx * dx + dy * dy) ** 0.5
    share = min(distance, whole / 2) / whole if whole else 0.0
    return start[0] + dx * share, start[1] + dy * share


def _path(node: Node) -> Content | None:
    value = node.required("data")
    data = None if value is None else value.text()
    if value is not None and data is not None:
        _check_path(value, data)
    return _path_line(node, data or "")


def _check_path(value: Value, data: str) -> None:
    """Warn where a path breaks off: as SVG says, it is drawn up to its first mistake."""
    read = _PATH.match(data)
    end = read.end() if read else 0
    if end < len(data) or data.lstrip()[:1] not in ("M", "m"):
        wrong = data[end : end + 20] if end < len(data) else data.lstrip()[:20]
        value.report.warn(
            value.path, "NOT_DRAWN", "Path data is drawn up to its first mistake.", got=wrong,
            allowed="SVG path data: M, then L H V C S Q T A Z with their numbers",
        )  # fmt: skip


def _path_line(node: Node, data: str) -> PathLine:
    """Return a line with the paint of `stroke`, or without one of `fill`."""
    style = node.over("style")
    is_closed = node.flag("closed")
    inside = paint(style.get("fill"))
    line = paint(style.first("stroke", "strokeColor", "color"))
    width = style.number("strokeWidth", 0.0, low=0, high=2000) or 4.0
    return PathLine(
        data=data,
        paint=inside if is_closed or line else None,
        line_paint=line or inside or WHITE,
        line_width=node.number("lineWidth", width, low=0, high=2000),
        is_closed=is_closed,
        draw_start=node.number("drawStart", 0.0, low=0, high=1),
        draw_end=node.number("drawEnd", 1.0, low=0, high=1),
        start_offset=node.number("startOffset", 0.0, low=0, high=1e6),
        end_offset=node.number("endOffset", 0.0, low=0, high=1e6),
        has_start_arrow=node.flag("startArrow"),
        has_end_arrow=node.flag("endArrow"),
        arrow_size=node.number("arrowSize", 24.0, low=0, high=2000),
        cap=node.choice("lineCap", "butt", _CAPS),
        join=node.choice("lineJoin", "miter", _JOINS),
    )


def _icon(node: Node) -> Content | None:
    value = node.required("icon")
    name = None if value is None else value.text(max_characters=128)
    if value is not None and name is not None and ":" not in name:
        value.problem("ICON", "An icon is named with its set.", allowed="set:name")
        name = None
    tint = colour(node.get("color") or node.over("style").first("fill", "color")) or WHITE
    return Icon(name=name, colour=tint) if name else None


def _code(node: Node) -> Content | None:
    value = node.required("code")
    style = node.over("style")
    return Code(
        code=_letters(value),
        font=read_font(style, size=32.0, family="monospace"),
        language=node.text("language", "text", max_characters=64),
        line_height=style.number("lineHeight", 1.4, low=0.1, high=20),
        selection=_selection(node.items("selection", high=1000)),
        theme=node.text("theme", "one-dark", max_characters=64),
        has_line_numbers=node.flag("lineNumbers"),
    )


def _selection(items: list[Value]) -> tuple[tuple[int, int], ...]:
    """Read lines counted from 0: 3, [3, 5], or ranges of [line, column], whose columns go."""
    ranges: list[tuple[int, int]] = []
    for item in items:
        ends = [_line_number(part) for part in _parts(item)]
        first, last = ends[0], ends[-1]
        if first is not None and last is not None:
            ranges.append((min(first, last), max(first, last)))
    return tuple(ranges)


def _parts(item: Value) -> list[Value]:
    return (item.items(low=1, high=2) or [item]) if isinstance(item.raw, list) else [item]


def _line_number(value: Value) -> int | None:
    if isinstance(value.raw, list):
        place = value.items(low=1, high=2)
        return int(place[0].number(low=0, high=1e6) or 0) if place else None
    number = value.number(low=0, high=1e6)
    return None if number is None else int(number)


def _three(node: Node) -> Content | None:
    """Check what a scene in space says, then refuse it: nothing here draws it yet."""
    for name in ("camera", "renderer"):
        node.node(name)
    for name in ("lights", "objects", "cameraAnimations"):
        for item in node.items(name, high=1000):
            kind = item.fields().required("type")
            if kind is not None:
                kind.text(max_characters=64)
    node.report.problem(
        f"{node.path}.type", "CLIP_TYPE_UNSUPPORTED",
        "Scenes in space are not drawn here. Render this one elsewhere, and put it in as a `video`"
        " (WebM and MOV may be transparent) or as an `image`.",
        got="three", allowed="video, image, svg, and the other types",
    )  # fmt: skip
    return None


#: What is read only to say what to do instead.
NOT_DRAWN: Final = ("three",)
#: The clip types that are read here.
SHAPES: Final[dict[str, Callable[[Node], Content | None]]] = {
    "text": _text, "rect": _rect, "solid": _rect, "circle": _circle, "polygon": _polygon,
    "line": _line, "path": _path, "icon": _icon, "code": _code, "three": _three,
}  # fmt: skip
