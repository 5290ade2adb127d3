"""SVG drawings and icons, drawn by skia after `svgclean` has been through them."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from telecine.kit.errors import UndecodableMediaError
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.icons import icon_markup
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.render.drawing.svgclean import MOST_BYTES, Drawing, clean_svg
from telecine.media.timeline.model import Icon, Style

_LOOKED_AT: Final = 4096
_BEGINS: Final = re.compile(rb"<(?:svg:)?svg[\s>]")
_PLAIN: Final = Style()


def read_svg(svg: str | Path, *, field: str | None, fonts: FontBook | None = None) -> Drawing:
    """Return what may be drawn of markup, or of a file; without `fonts` its text is left out.

    Raises `MediaError`s that name `field`: hostile, broken, too large, or no SVG.
    """
    if isinstance(svg, str):
        return _cleaned(svg.encode("utf-8", "replace"), field, fonts)
    try:
        with svg.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UndecodableMediaError("This drawing cannot be read.", field=field) from error
    return _cleaned(data, field, fonts)


def is_svg(path: Path) -> bool:
    """Say whether a file begins like a drawing, whatever it is called."""
    try:
        with path.open("rb") as file:
            return _BEGINS.search(file.read(_LOOKED_AT).replace(b"\0", b"")) is not None
    except OSError:
        return False


def draw_svg(
    canvas: skia.Canvas,
    drawing: Drawing,
    *,
    box: tuple[float, float],
    style: Style,
    field: str,
) -> None:
    """Draw into the box from (0, 0), cropped and fitted as the style says."""
    dom = skia.SVGDOM.MakeFromStream(skia.MemoryStream(drawing.markup))
    if dom is None:
        raise UndecodableMediaError("This SVG cannot be drawn.", field=field)
    crop = style.crop
    seen_width = max(1 - crop.left - crop.right, 1e-6) * drawing.width
    seen_height = max(1 - crop.top - crop.bottom, 1e-6) * drawing.height
    scale_x, scale_y = box[0] / seen_width, box[1] / seen_height
    if style.fit == "contain":
        scale_x = scale_y = min(scale_x, scale_y)
    elif style.fit == "cover":
        scale_x = scale_y = max(scale_x, scale_y)
    width, height = seen_width * scale_x, seen_height * scale_y
    left, top = (box[0] - width) / 2, (box[1] - height) / 2
    seen = skia.Rect.MakeXYWH(left, top, width, height)
    if not seen.intersect(skia.Rect.MakeWH(*box)):
        return
    left -= crop.left * drawing.width * scale_x
    top -= crop.top * drawing.height * scale_y
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
    drawing = _cleaned(markup, field, None)
    draw_svg(canvas, drawing, box=box, style=_PLAIN, field=field)


@lru_cache(maxsize=8)
def _cleaned(data: bytes, field: str | None, fonts: FontBook | None) -> Drawing:
    return clean_svg(data, field=field, fonts=fonts)
