"""SVG drawings and icons, drawn by skia after `svgclean` has been through them.

Text inside drawings is not drawn: export it as outlines.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from telecine.kit.errors import UndecodableMediaError
from telecine.media.render.icons import icon_markup
from telecine.media.render.skia_guard import skia
from telecine.media.render.svgclean import MOST_BYTES, Drawing, clean_svg
from telecine.media.timeline.model import Fit, Icon, Svg


def read_svg(svg: Svg, path: Path | None, *, field: str | None) -> Drawing:
    """Return a drawing that may be drawn, from its markup or its file at `path`.

    Raises `MediaError`s that name `field`: hostile, broken, too large, or no SVG.
    """
    if path is None:
        return _cleaned((svg.svg or "").encode("utf-8", "replace"), field)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UndecodableMediaError("This drawing cannot be read.", field=field) from error
    return _cleaned(data, field)


def draw_svg(
    canvas: skia.Canvas, drawing: Drawing, *, box: tuple[float, float], fit: Fit, field: str
) -> None:
    """Draw into the box from (0, 0). What `cover` does not show is cut off."""
    dom = skia.SVGDOM.MakeFromStream(skia.MemoryStream(drawing.markup))
    if dom is None:
        raise UndecodableMediaError("This SVG cannot be drawn.", field=field)
    scale_x, scale_y = box[0] / drawing.width, box[1] / drawing.height
    if fit != "fill":
        scale_x = scale_y = min(scale_x, scale_y) if fit == "contain" else max(scale_x, scale_y)
    width, height = drawing.width * scale_x, drawing.height * scale_y
    left, top = (box[0] - width) / 2, (box[1] - height) / 2
    seen = skia.Rect.MakeXYWH(left, top, width, height)
    if not seen.intersect(skia.Rect.MakeWH(*box)):
        return
    canvas.save()
    canvas.clipRect(seen, skia.ClipOp.kIntersect, doAntiAlias=True)
    canvas.translate(left, top)
    canvas.scale(scale_x, scale_y)
    dom.setContainerSize(skia.Size(drawing.width, drawing.height))
    dom.render(canvas)
    canvas.restore()


def draw_icon(canvas: skia.Canvas, icon: Icon, *, box: tuple[float, float], field: str) -> None:
    """Draw an icon into the box, in its one colour; what has colours of its own keeps them.

    Raises `InvalidRequestError` that names `field` where no icon has this name.
    """
    markup = icon_markup(icon.name, colour=icon.colour, field=field)
    drawing = _cleaned(markup, field)
    draw_svg(canvas, drawing, box=box, fit="contain", field=field)


@lru_cache(maxsize=8)
def _cleaned(data: bytes, field: str | None) -> Drawing:
    return clean_svg(data, field=field)
