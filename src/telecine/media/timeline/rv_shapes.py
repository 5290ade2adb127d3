"""What is drawn from its fields alone in RenderingVideo's dialect: text, shapes, lines, code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

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
    Text,
    TextBackground,
    TextDirection,
)
from telecine.media.timeline.reader import Node
from telecine.media.timeline.rv_style import read_font, read_stroke
from telecine.media.timeline.scene import WHITE, colour, paint

_ALIGNS: Final[tuple[Align, ...]] = ("left", "center", "right")
_DIRECTIONS: Final[tuple[TextDirection, ...]] = ("ltr", "rtl", "auto")
_VERTICALS: Final[tuple[Literal["top", "middle", "bottom"], ...]] = ("top", "middle", "bottom")
_CAPS: Final[tuple[Literal["butt", "round", "square"], ...]] = ("butt", "round", "square")
_JOINS: Final[tuple[Literal["miter", "round", "bevel"], ...]] = ("miter", "round", "bevel")


def _fill(node: Node) -> Paint:
    return paint(node.node("style").get("fill") or node.first("fill", "color")) or WHITE


def _text(node: Node) -> Content | None:
    style = node.node("style")
    value = node.required("text")
    text = None if value is None else value.text()
    max_lines = node.maybe("maxLines", low=1, high=1000)
    return Text(
        text=text or "",
        font=read_font(style, size=48.0),
        paint=_fill(node),
        align=style.choice("textAlign", "center", _ALIGNS),
        vertical_align=style.choice("verticalAlign", "middle", _VERTICALS),
        line_height=style.number("lineHeight", 1.2, low=0.1, high=20),
        letter_spacing=style.number("letterSpacing", 0.0, low=-500, high=2000),
        is_wrapped=style.flag("textWrap", default=True),
        direction=node.choice("direction", "auto", _DIRECTIONS),
        background=_background(style if style.has("background") else node),
        max_lines=None if max_lines is None else int(max_lines),
    )


def _background(node: Node) -> TextBackground | None:
    if not node.has("background"):
        return None
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
    points = [item.numbers(2, low=-1e5, high=1e5) for item in node.items("points", high=10_000)]
    found = [(point[0], point[1]) for point in points if point]
    radius = node.number("radius", 0.0, low=0, high=20_000)
    data = rounded_line(found, radius=radius, is_closed=node.flag("closed"))
    return _path_line(node, data)


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
    return _path_line(node, data or "")


def _path_line(node: Node, data: str) -> PathLine:
    style = node.node("style")
    stroke = read_stroke(style)
    is_closed = node.flag("closed")
    inside = paint(style.get("fill"))
    line = colour(style.first("stroke", "strokeColor"))
    width = stroke.width if stroke else 4.0
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
    tint = colour(node.get("color") or node.node("style").get("fill")) or WHITE
    return Icon(name=name, colour=tint) if name else None


def _code(node: Node) -> Content | None:
    value = node.required("code")
    code = None if value is None else value.text()
    style = node.node("style")
    fields = node if node.has("fontSize") or node.has("fontFamily") else style
    return Code(
        code=code or "",
        font=read_font(fields, size=32.0, family="monospace"),
        language=node.text("language", "text", max_characters=64),
        line_height=node.number(
            "lineHeight", style.number("lineHeight", 1.4, low=0.1, high=20), low=0.1, high=20
        ),
    )


def _three(node: Node) -> Content | None:
    for name in ("camera", "renderer"):
        node.node(name)
    for name in ("lights", "objects", "cameraAnimations"):
        node.items(name, high=1000)
    node.report.problem(
        f"{node.path}.type", "CLIP_TYPE_UNSUPPORTED", "Three-dimensional clips are not drawn yet.",
        got="three",
    )  # fmt: skip
    return None


#: The clip types that are read here.
SHAPES: Final[dict[str, Callable[[Node], Content | None]]] = {
    "text": _text, "rect": _rect, "solid": _rect, "circle": _circle, "polygon": _polygon,
    "line": _line, "path": _path, "icon": _icon, "code": _code, "three": _three,
}  # fmt: skip
