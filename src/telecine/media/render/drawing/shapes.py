"""Rectangles, discs, polygons and lines: the outline of each, and drawing it.

An outline lies in its layer's box, whose first corner is (0, 0). Strokes are centred on it and
drawn over the fill; those of lines are the line.
"""

from __future__ import annotations

import math

from telecine.media.render.drawing.paints import fill_paint, stroke_paint
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.render.drawing.svgpath import parse_path
from telecine.media.timeline.model import Circle, Paint, PathLine, Polygon, Stroke

_CAPS = {
    "butt": skia.Paint.kButt_Cap,
    "round": skia.Paint.kRound_Cap,
    "square": skia.Paint.kSquare_Cap,
}
_JOINS = {
    "miter": skia.Paint.kMiter_Join,
    "round": skia.Paint.kRound_Join,
    "bevel": skia.Paint.kBevel_Join,
}


def rounded_box(width: float, height: float, radii: tuple[float, ...]) -> skia.RRect:
    """Return the box with its corners rounded, clockwise from the top left.

    Radii that do not fit are made smaller together, as in CSS.
    """
    box = skia.RRect()
    corners = [skia.Point(max(radius, 0.0), max(radius, 0.0)) for radius in radii]
    box.setRectRadii(skia.Rect.MakeWH(width, height), corners)
    return box


def rectangle(width: float, height: float, radii: tuple[float, ...]) -> skia.Path:
    """Return the outline of the box."""
    return skia.Path().addRRect(rounded_box(width, height, radii))


def disc(circle: Circle, width: float, height: float) -> skia.Path:
    """Return a disc or a sector about the box's centre; angles run clockwise from the right."""
    radius = circle.diameter / 2
    box = skia.Rect.MakeXYWH(
        width / 2 - radius, height / 2 - radius, circle.diameter, circle.diameter
    )
    sweep = circle.end_angle - circle.start_angle
    path = skia.Path()
    if abs(sweep) >= 360:
        return path.addOval(box)
    path.moveTo(width / 2, height / 2)
    path.arcTo(box, circle.start_angle, sweep, forceMoveTo=False)
    path.close()
    return path


def polygon(shape: Polygon, width: float, height: float) -> skia.Path:
    """Return a regular polygon about the box's centre, a corner at the top."""
    points = []
    for corner in range(shape.sides):
        angle = 2 * math.pi * corner / shape.sides - math.pi / 2
        points.append(
            skia.Point(
                width / 2 + shape.diameter / 2 * math.cos(angle),
                height / 2 + shape.diameter / 2 * math.sin(angle),
            )
        )
    return skia.Path.Polygon(points, isClosed=True)


def draw_outline(
    canvas: skia.Canvas,
    path: skia.Path,
    *,
    paint: Paint,
    box: tuple[float, float],
    stroke: Stroke | None,
) -> None:
    """Fill, then stroke."""
    canvas.drawPath(path, fill_paint(paint, *box))
    if stroke is not None and stroke.width > 0:
        canvas.drawPath(path, stroke_paint(stroke))


def draw_line(canvas: skia.Canvas, line: PathLine, width: float, height: float) -> None:
    """Draw a line about the box's centre: its fill, then as much of it as is wanted."""
    canvas.save()
    canvas.translate(width / 2, height / 2)
    whole = _whole(line)
    # Gradients run across the box, which begins half its size before the centre.
    back = skia.Matrix.Translate(-width / 2, -height / 2)
    if line.paint is not None:
        canvas.drawPath(whole, _moved(fill_paint(line.paint, width, height), back))
    part, arrows = _drawn(line, whole)
    pen = _moved(fill_paint(line.line_paint, width, height), back)
    for arrow in arrows:
        canvas.drawPath(arrow, pen)
    pen.setStyle(skia.Paint.kStroke_Style)
    pen.setStrokeWidth(line.line_width)
    pen.setStrokeCap(_CAPS[line.cap])
    pen.setStrokeJoin(_JOINS[line.join])
    canvas.drawPath(part, pen)
    canvas.restore()


def line_size(line: PathLine) -> tuple[float, float]:
    """Return the smallest box about (0, 0) that holds the line, its arrows included."""
    whole = _whole(line)
    part, arrows = _drawn(line, whole)
    boxes = [path.computeTightBounds() for path in (whole, part, *arrows) if path.countPoints()]
    across = max((max(abs(box.left()), abs(box.right())) for box in boxes), default=0.0)
    down = max((max(abs(box.top()), abs(box.bottom())) for box in boxes), default=0.0)
    return 2 * across + line.line_width, 2 * down + line.line_width


def line_overhang(line: PathLine) -> float:
    """Return how far a line may leave its box: mitred corners reach 4 half widths."""
    return 2 * line.line_width + (line.arrow_size if line.has_start_arrow else 0.0)


def _whole(line: PathLine) -> skia.Path:
    path = parse_path(line.data)
    if line.is_closed:
        path.close()
    return path


def _moved(paint: skia.Paint, matrix: skia.Matrix) -> skia.Paint:
    if shader := paint.getShader():
        paint.setShader(shader.makeWithLocalMatrix(matrix))
    return paint


def _drawn(line: PathLine, whole: skia.Path) -> tuple[skia.Path, list[skia.Path]]:
    """Return the part of a line that is seen, and its arrow heads.

    Shares and offsets count along all contours together, as if they followed one another.
    """
    contours = _contours(whole)
    length = sum(contour.getLength() for contour in contours)
    start = min(max(line.draw_start, 0.0), 1.0) * length + line.start_offset
    end = min(max(line.draw_end, 0.0), 1.0) * length - line.end_offset
    start, end = max(start, 0.0), min(end, length)
    if end - start <= 1e-6:
        return skia.Path(), []
    arrows = []
    # The line stops inside the heads: a butt end would stick out of the tip.
    inset = line.arrow_size / 2
    ends = (start, end)
    if line.has_start_arrow:
        arrows.append(_arrow(contours, start, size=line.arrow_size, turn=180))
        ends = (min(start + inset, end), ends[1])
    if line.has_end_arrow:
        arrows.append(_arrow(contours, end, size=line.arrow_size, turn=0))
        ends = (ends[0], max(end - inset, ends[0]))
    if not arrows and start <= 0.0 and end >= length:
        return whole, []
    return _segment(contours, *ends), [arrow for arrow in arrows if arrow is not None]


def _contours(path: skia.Path) -> list[skia.PathMeasure]:
    """Return a measure for each contour: skia's walks over one path, and only forwards."""
    found: list[skia.PathMeasure] = []
    walk = skia.PathMeasure(path, forceClosed=False, resScale=1.0)
    while True:
        if length := walk.getLength():
            alone = skia.Path()
            walk.getSegment(0, length, alone, startWithMoveTo=True)
            found.append(skia.PathMeasure(alone, forceClosed=False, resScale=1.0))
        if not walk.nextContour():
            return found


def _segment(contours: list[skia.PathMeasure], start: float, end: float) -> skia.Path:
    part = skia.Path()
    for contour in contours:
        length = contour.getLength()
        if start < length and end > 0:
            piece = skia.Path()  # what was in a path before is lost
            contour.getSegment(max(start, 0.0), min(end, length), piece, startWithMoveTo=True)
            part.addPath(piece)
        start, end = start - length, end - length
    return part


def _arrow(
    contours: list[skia.PathMeasure], distance: float, *, size: float, turn: float
) -> skia.Path | None:
    """Return a head whose tip is at a distance along the line, pointing along or against it."""
    for contour in contours:
        length = contour.getLength()
        if distance <= length + 1e-6:
            found = contour.getPosTan(min(distance, length))
            if found is None:
                return None
            place, tangent = found
            angle = math.degrees(math.atan2(tangent.y(), tangent.x())) + turn
            head = skia.Path.Polygon(
                [skia.Point(0, 0), skia.Point(-size, -size / 2), skia.Point(-size, size / 2)],
                isClosed=True,
            )
            head.transform(
                skia.Matrix.Translate(place.x(), place.y()).preConcat(skia.Matrix.RotateDeg(angle))
            )
            return head
        distance -= length
    return None
