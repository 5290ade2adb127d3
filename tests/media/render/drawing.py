"""Drawing on a canvas of one's own, and measuring what came out: for the tests of text."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from telecine.media.render.display import CaptionPage
from telecine.media.render.drawing import captions, text
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.pixels import Rgba, new_surface
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.timeline.model import Captions, Colour, Font, Stroke, Text, Word

WHITE = Colour(red=1, green=1, blue=1)
BLACK = Colour(red=0, green=0, blue=0)
RED = Colour(red=1, green=0, blue=0)
BLUE = Colour(red=0, green=0, blue=1)

#: A line in each of ten scripts, with what is hard about it: ligatures, marks on marks, letters
#: that join, two directions on a line, conjuncts, Han of two countries, joined emoji.
SCRIPTS = {
    "latin": "Ærøskøbing, Žluťoučký ẳ ffi",
    "cyrillic": "Съешь же ещё этих булок",
    "greek": "Ξεσκεπάζω την ψυχοφθόρα",
    "arabic": "نصٌ حكيمٌ له لا (2026) سر",
    "hebrew": "דג סקרן (2026) שׁט בים",
    "devanagari": "ऋषियों को क्षत्रिय र्क ज्ञ",
    "thai": "เป็นมนุษย์สุดประเสริฐ",
    "chinese": "我能吞下玻璃。直骨體",
    "korean": "키스의 고유조건은 각",
    "emoji": "😀❤️👩‍👩‍👧🇯🇵👍🏽1️⃣",
}

Box = tuple[int, int, int, int]


def plain(words: str, *, size: float = 32.0, weight: int = 400, **more: object) -> Text:
    """A text in Inter, white."""
    family = str(more.pop("family", "Inter"))
    font = Font(family=family, size=size, weight=weight, is_italic=bool(more.pop("italic", False)))
    fields: dict[str, object] = {"text": words, "font": font, "paint": WHITE} | more
    return Text(**fields)  # type: ignore[arg-type]  # a test's shorthand


def page_of(
    words: str, *, spoken: int | None = None, visible: int = 1000, **more: object
) -> CaptionPage:
    """A page of the words between the spaces."""
    said = tuple(
        Word(text=word, start_seconds=place, end_seconds=place + 1)
        for place, word in enumerate(words.split())
    )
    fields: dict[str, object] = {"words": said, "font": Font(size=32, weight=700)} | more
    made = Captions(**fields)  # type: ignore[arg-type]  # a test's shorthand
    return CaptionPage(captions=made, words=said, spoken=spoken, visible=visible)


def on_canvas(
    width: float, height: float, margin: int, draw: Callable[[skia.Canvas], None]
) -> Rgba:
    """Draw with that much room round the box, which begins at (`margin`, `margin`)."""
    surface, pixels = new_surface(int(width) + 2 * margin, int(height) + 2 * margin)
    canvas = surface.getCanvas()
    canvas.translate(margin, margin)
    draw(canvas)
    surface.flushAndSubmit()
    return pixels


def drawn(
    content: Text,
    *,
    fonts: FontBook,
    max_width: float | None = None,
    margin: int | None = None,
    stroke: Stroke | None = None,
) -> Rgba:
    """Draw a text into a box of its own size; the margin is what it says it needs."""
    width, height = text.text_size(content, fonts=fonts, max_width=max_width)
    room = int(text.overhang(content, stroke)) + 1 if margin is None else margin

    def draw(canvas: skia.Canvas) -> None:
        text.draw_text(canvas, content, fonts=fonts, width=width, height=height, stroke=stroke)

    return on_canvas(width, height, room, draw)


def drawn_page(
    page: CaptionPage, *, fonts: FontBook, max_width: float = 600.0, margin: int = 60
) -> tuple[Rgba, tuple[captions.WordBox, ...]]:
    """Draw a page into a box of its own size; return that and where its words are in it."""
    width, height = captions.caption_size(page, fonts=fonts, max_width=max_width)

    def draw(canvas: skia.Canvas) -> None:
        captions.draw_captions(canvas, page, fonts=fonts, width=width, height=height)

    pixels = on_canvas(width, height, margin, draw)
    return pixels, captions.word_boxes(page, fonts=fonts, width=width, height=height)


def ink(pixels: Rgba) -> Box:
    """Return left, top, right, bottom of what is not transparent."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(pixels[..., 3]))
    return left, top, left + width, top + height


def amount(pixels: Rgba) -> float:
    """Return how many whole pixels the ink comes to."""
    return float(pixels[..., 3].astype(np.float64).sum() / 255)


def touches_a_border(pixels: Rgba) -> bool:
    """Say whether ink reaches the edge, where it may have been cut."""
    alpha = pixels[..., 3]
    return bool(alpha[0].any() or alpha[-1].any() or alpha[:, 0].any() or alpha[:, -1].any())


def rows_of_ink(pixels: Rgba) -> int:
    """Return into how many stretches, one above the other, the ink falls."""
    has_ink = pixels[..., 3].any(axis=1).astype(np.int8)
    return int((np.diff(has_ink, prepend=0) == 1).sum())
