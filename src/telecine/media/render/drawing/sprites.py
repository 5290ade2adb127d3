"""Layers that do not move, drawn once: each content's drawing, then filters, then shadow.

A sprite is made at the largest scale at which its layer is ever shown, cut to what has ink,
and begins on an even pixel of its box, so that chroma needs no moving where the box lies even.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from telecine.kit.errors import InternalError
from telecine.media.render.display import CaptionPage, Layer
from telecine.media.render.drawing import filters, shapes, text
from telecine.media.render.drawing.captions import (
    caption_overhang,
    caption_size,
    draw_captions,
    word_box,
)
from telecine.media.render.drawing.code import code_overhang, code_size, draw_code
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.keying import colour_filter
from telecine.media.render.drawing.paints import stroke_paint
from telecine.media.render.drawing.pixels import Pixels, Rgba, new_surface
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.render.drawing.stills import draw_still, plain_still
from telecine.media.render.drawing.svg import draw_icon, draw_svg, is_svg, read_svg
from telecine.media.render.drawing.svgclean import Drawing
from telecine.media.render.planes import Sprite
from telecine.media.timeline.model import (
    Circle,
    Code,
    Gradient,
    Icon,
    Image,
    PathLine,
    Polygon,
    Rect,
    Source,
    Svg,
    Text,
)

#: Where the file of a source is.
Find = Callable[[Source], Path]

_LONGEST_SIDE: Final = 8192
_MOST_PIXELS: Final = 7680 * 4320


class Sprites:
    """Draws the layers of one timeline, and measures for its plan. Not for two threads."""

    def __init__(self, *, fonts: FontBook, find: Find) -> None:
        self._fonts = fonts
        self._find = find

    def sprite(self, layer: Layer) -> Sprite:
        """Return a layer as planes. Raises `MediaError`s that name the JSON path."""
        has_gradient = isinstance(getattr(layer.content, "paint", None), Gradient)
        pixels = self._plain_picture(layer) or self.pixels(layer)
        return pixels.to_sprite(has_gradient=has_gradient)

    def _plain_picture(self, layer: Layer) -> Pixels | None:
        """Return an image that nothing is done to but fitting, without drawing it."""
        style = layer.style
        if not isinstance(layer.content, Image) or style.filters or style.shadow or style.stroke:
            return None
        path = self._find(layer.content.source)
        if any(style.corner_radii) or is_svg(path):
            return None
        scale = _fitting_scale(layer, 1.0)
        return plain_still(
            layer.content.source,
            path,
            box=(layer.width, layer.height),
            fit=style.fit,
            crop=style.crop,
            scale=scale,
        )

    def pixels(self, layer: Layer) -> Pixels:
        """Return a layer as RGBA. Raises `MediaError`s that name the JSON path."""
        margin = (
            self._overhang(layer) + filters.reach(layer.style.filters, layer.style.shadow) + 1.0
        )
        scale = _fitting_scale(layer, margin)
        # Even, and whole: the box begins on a pixel that chroma has too.
        border = 2 * math.ceil(margin * scale / 2)
        surface, rgba = new_surface(
            math.ceil(layer.width * scale) + 2 * border,
            math.ceil(layer.height * scale) + 2 * border,
        )
        canvas = surface.getCanvas()
        canvas.translate(border, border)
        canvas.scale(scale, scale)
        page = layer.content
        if isinstance(page, CaptionPage) and page.only is not None:
            # Effects take as long as what they may reach is large.
            box = self.word_box(page, page.only, (layer.width, layer.height))
            canvas.clipRect(skia.Rect.MakeLTRB(*box).makeOutset(margin, margin))
        effect = filters.image_filter(layer.style.filters, layer.style.shadow)
        if effect is not None:
            canvas.saveLayer(None, skia.Paint(ImageFilter=effect))
        self._draw(canvas, layer, scale)
        if effect is not None:
            canvas.restore()
        surface.flushAndSubmit()
        rgba, left, top = _inked(rgba)
        return Pixels(
            rgba=rgba, left=(left - border) / scale, top=(top - border) / scale, scale=scale
        )

    def text_size(self, content: Text, max_width: float | None) -> tuple[float, float]:
        """Return the laid-out size, its background's padding included."""
        return text.text_size(content, fonts=self._fonts, max_width=max_width)

    def caption_size(self, page: CaptionPage, max_width: float) -> tuple[float, float]:
        """Return the size of the whole page."""
        return caption_size(page, fonts=self._fonts, max_width=max_width)

    def word_box(
        self, page: CaptionPage, word: int, size: tuple[float, float]
    ) -> tuple[float, float, float, float]:
        """Return where a word stands on a page of that size: left, top, right, bottom."""
        return word_box(page, word, fonts=self._fonts, width=size[0], height=size[1])

    def code_size(self, code: Code) -> tuple[float, float]:
        """Return the size of the lines as written."""
        return code_size(code, fonts=self._fonts)

    def svg_size(self, svg: Svg) -> tuple[float, float]:
        """Return the drawing's own size."""
        drawing = self._drawing(svg)
        return drawing.width, drawing.height

    def path_size(self, path: PathLine) -> tuple[float, float]:
        """Return the smallest box about (0, 0) that holds the line."""
        return shapes.line_size(path)

    def _overhang(self, layer: Layer) -> float:
        """Return how far the drawing itself may leave its box, in px."""
        stroke = layer.style.stroke
        match layer.content:
            case Text():
                return text.overhang(layer.content, stroke)
            case CaptionPage():
                return caption_overhang(layer.content)
            case PathLine():
                return shapes.line_overhang(layer.content)
            case Code():
                return code_overhang(
                    layer.content, fonts=self._fonts, width=layer.width, height=layer.height
                )
            case Polygon():
                # A mitred corner reaches up to four half widths (skia's limit).
                return 2 * stroke.width if stroke else 0.0
            case _:
                return stroke.width / 2 if stroke else 0.0

    def _drawing(self, content: Svg | Image) -> Drawing:
        if content.source is not None:
            file = self._find(content.source)
            return read_svg(file, field=content.source.path, fonts=self._fonts)
        return read_svg(content.svg or "", field=content.path, fonts=self._fonts)

    def _draw(self, canvas: skia.Canvas, layer: Layer, scale: float) -> None:
        box = (layer.width, layer.height)
        stroke = layer.style.stroke
        match layer.content:
            case Text():
                text.draw_text(
                    canvas, layer.content, fonts=self._fonts,
                    width=box[0], height=box[1], stroke=stroke,
                )  # fmt: skip
            case CaptionPage():
                draw_captions(canvas, layer.content, fonts=self._fonts, width=box[0], height=box[1])
            case Rect():
                path = shapes.rectangle(*box, layer.style.corner_radii)
                shapes.draw_outline(canvas, path, paint=layer.content.paint, box=box, stroke=stroke)
            case Circle():
                path = shapes.disc(layer.content, *box)
                shapes.draw_outline(canvas, path, paint=layer.content.paint, box=box, stroke=stroke)
            case Polygon():
                path = shapes.polygon(layer.content, *box)
                shapes.draw_outline(canvas, path, paint=layer.content.paint, box=box, stroke=stroke)
            case PathLine():
                shapes.draw_line(canvas, layer.content, *box)
            case Code():
                draw_code(canvas, layer.content, fonts=self._fonts, width=box[0], height=box[1])
            case _:
                self._draw_boxed(canvas, layer, scale)

    def _draw_boxed(self, canvas: skia.Canvas, layer: Layer, scale: float) -> None:
        """Draw what is cut to its box's rounded corners, and what its stroke goes round."""
        box = (layer.width, layer.height)
        corners = shapes.rounded_box(*box, layer.style.corner_radii)
        canvas.save()
        if any(layer.style.corner_radii):
            canvas.clipRRect(corners, skia.ClipOp.kIntersect, doAntiAlias=True)
        match layer.content:
            case Image() if not is_svg(self._find(layer.content.source)):
                if layer.content.key is not None:
                    canvas.saveLayer(None, skia.Paint(ColorFilter=colour_filter(layer.content.key)))
                draw_still(
                    canvas, layer.content.source, self._find(layer.content.source), box=box,
                    fit=layer.style.fit, crop=layer.style.crop, scale=scale,
                )  # fmt: skip
                if layer.content.key is not None:
                    canvas.restore()
            case Image() | Svg():
                drawing = self._drawing(layer.content)
                draw_svg(canvas, drawing, box=box, style=layer.style, field=layer.path)
            case Icon():
                draw_icon(canvas, layer.content, box=box, field=layer.path)
            case _:
                raise InternalError(f"{type(layer.content).__name__} is no sprite.")
        canvas.restore()
        if layer.style.stroke is not None and layer.style.stroke.width > 0:
            canvas.drawRRect(corners, stroke_paint(layer.style.stroke))


def _fitting_scale(layer: Layer, margin: float) -> float:
    """Return the wanted scale, or less where the sprite would be too large."""
    # Effects need pictures of their own.
    is_plain = not layer.style.filters and layer.style.shadow is None
    most_pixels = _MOST_PIXELS if is_plain else _MOST_PIXELS / 2
    width, height = (max(side, 1.0) + 2 * margin for side in (layer.width, layer.height))
    return min(
        max(layer.raster_scale, 1e-3),
        _LONGEST_SIDE / max(width, height),
        math.sqrt(most_pixels / (width * height)),
    )


def _inked(rgba: Rgba) -> tuple[Rgba, int, int]:
    """Cut to what is not transparent, from even pixels on; return it and where it began."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(rgba[..., 3]))
    if width == 0 or height == 0:
        return np.zeros((2, 2, 4), np.uint8), 0, 0
    right, bottom = left + width, top + height
    left, top = left // 2 * 2, top // 2 * 2
    inked = rgba[top:bottom, left:right]
    # A copy lets go of the empty rest, where there is much of it.
    return inked.copy() if inked.size < rgba.size / 2 else inked, left, top
