"""Caption pages: where each word stands, and drawing a page with one of its words marked.

Every word is laid out by itself, so its box is known and nothing moves when another is marked
or appears. Words are never cut: a page that has more lines than it may is set smaller, down to
half the size; where that is not enough it has more lines, and a word wider than the page goes
on in the next line. Lines are made about equally long.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final
from weakref import WeakKeyDictionary

import msgspec
from msgspec.structs import replace

from telecine.media.render.display import CaptionPage
from telecine.media.render.drawing import bidi
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.paints import fill_paint
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.render.drawing.text import (
    Block,
    Setting,
    clean,
    clusters,
    is_right_to_left,
    one_line,
    paint_block,
)
from telecine.media.timeline.model import Captions, Colour, TextDirection, Word

#: How far a page is set smaller before it gets more lines than it may have, and in which steps.
_SMALLEST: Final = 0.5
_STEP: Final = 0.05
_NEARLY: Final = 1.05
#: The boxes behind a page and behind a word, in shares of the font's size.
_PAGE_PADDING: Final = (0.35, 0.18)
_PAGE_RADIUS: Final = 0.22
_WORD_PADDING: Final = (0.1, 0.06)
_WORD_RADIUS: Final = 0.16
#: Sums of widths differ in the last bits.
_SLACK: Final = 0.01
_MOST_REMEMBERED: Final = 4096
#: What a plain colour fills does not matter.
_ANY: Final = (1.0, 1.0)

# Scripts that are written without spaces between words.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u31f0-\u31ff\u3400-\u9fff"
    "\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff]"
)


#: Marks that transcripts may have as words of their own: they follow theirs without a space.
_CLOSING: Final = re.compile(
    "[,.;:!?%)\\]}\u00bb\u2019\u201d\u2026\u3001\u3002\u3009\u300b\u300d"
    "\u300f\u3011\uff01\uff05\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\u060c\u061b\u061f\u0964]+"
)


class WordBox(msgspec.Struct, frozen=True, kw_only=True):
    """A word's place on its page, px. A word that is wider than the page has several."""

    word: int
    block: Block
    left: float
    top: float

    @property
    def right(self) -> float:
        """Return where the next word may begin."""
        return self.left + self.block.width

    @property
    def bottom(self) -> float:
        """Return where the next line begins."""
        return self.top + self.block.height


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A word, or a part of one. `gap` is the space before it, unless it begins a line.

    The levels are those of `bidi`: of the piece, and of its gap.
    """

    word: int
    block: Block
    gap: float
    level: int
    gap_level: int
    #: Never begins a line.
    is_closing: bool = False


# A page is drawn once for each of its words; the words are measured once.
_blocks: WeakKeyDictionary[FontBook, dict[tuple[str, Setting], Block]] = WeakKeyDictionary()


def caption_size(page: CaptionPage, *, fonts: FontBook, max_width: float) -> tuple[float, float]:
    """Return width and height in px, the background's padding included.

    Lines that are not centred have the whole of `max_width` to be aligned in.
    """
    padding = _padding(page.captions)
    lines = _lines(page.captions, page.words, fonts=fonts, width=max_width - 2 * padding[0])
    widest = max((_length(line) for line in lines), default=0.0)
    height = sum(line[0].block.height for line in lines) + 2 * padding[1]
    if page.captions.align != "center" and lines:
        return max_width, height
    return float(math.ceil(widest)) + 2 * padding[0], height


def word_boxes(
    page: CaptionPage, *, fonts: FontBook, width: float, height: float
) -> tuple[WordBox, ...]:
    """Return the boxes of all words of a page that is drawn into a box of that size."""
    padding = _padding(page.captions)
    inner = width - 2 * padding[0]
    lines = _lines(page.captions, page.words, fonts=fonts, width=inner)
    top = padding[1] + (height - 2 * padding[1] - sum(line[0].block.height for line in lines)) / 2
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[page.captions.align]
    boxes: list[WordBox] = []
    for line in lines:
        boxes += _placed(line, left=padding[0] + (inner - _length(line)) * share, top=top)
        top += line[0].block.height
    return tuple(boxes)


def word_box(
    page: CaptionPage, word: int, *, fonts: FontBook, width: float, height: float
) -> tuple[float, float, float, float]:
    """Return the smallest box about a word, all of its parts: left, top, right, bottom."""
    found = [
        box for box in word_boxes(page, fonts=fonts, width=width, height=height) if box.word == word
    ]
    if not found:
        return 0.0, 0.0, width, height
    return (
        min(box.left for box in found), min(box.top for box in found),
        max(box.right for box in found), max(box.bottom for box in found),
    )  # fmt: skip


def caption_overhang(page: CaptionPage) -> float:
    """Return how far ink may lie outside the page's box, in px."""
    outline = page.captions.outline
    return page.captions.font.size * 1.5 + (outline.width if outline else 0.0)


def draw_captions(
    canvas: skia.Canvas, page: CaptionPage, *, fonts: FontBook, width: float, height: float
) -> None:
    """Draw into the box from (0, 0) to `width`, `height`; outlines lie below all letters."""
    captions = page.captions
    size = captions.font.size
    boxes = word_boxes(page, fonts=fonts, width=width, height=height)
    shown = [box for box in boxes if _is_shown(page, box.word)]
    if captions.background is not None and boxes and page.only is None:
        _draw_box(
            canvas,
            captions.background,
            boxes,
            padding=_padding(captions),
            radius=size * _PAGE_RADIUS,
        )
    if captions.spoken_background is not None:
        padding = (size * _WORD_PADDING[0], size * _WORD_PADDING[1])
        for box in shown:
            if box.word == page.spoken:
                _draw_box(
                    canvas, captions.spoken_background, [box],
                    padding=padding, radius=size * _WORD_RADIUS,
                )  # fmt: skip
    if captions.outline is not None and captions.outline.width > 0:
        for box in shown:
            if box.word == page.spoken and captions.spoken_background is not None:
                continue  # its box sets it off; an outline in the ink's colour would fill it in
            paint_block(
                canvas, box.block, fonts=fonts, left=box.left, top=box.top,
                paint=None, box=_ANY, stroke=captions.outline,
            )  # fmt: skip
    for box in shown:
        paint = captions.highlight if box.word == page.spoken else captions.colour
        paint_block(
            canvas, box.block, fonts=fonts, left=box.left, top=box.top, paint=paint, box=_ANY
        )


def _is_shown(page: CaptionPage, word: int) -> bool:
    if page.only is not None:
        return word == page.only
    return word < page.visible and word != page.without


def _draw_box(
    canvas: skia.Canvas,
    colour: Colour,
    boxes: Sequence[WordBox],
    *,
    padding: tuple[float, float],
    radius: float,
) -> None:
    around = skia.Rect.MakeLTRB(
        min(box.left for box in boxes) - padding[0],
        min(box.top for box in boxes) - padding[1],
        max(box.right for box in boxes) + padding[0],
        max(box.bottom for box in boxes) + padding[1],
    )
    canvas.drawRoundRect(around, radius, radius, fill_paint(colour, *_ANY))


def _padding(captions: Captions) -> tuple[float, float]:
    """Return what the boxes need to the left and right, above and below, in px."""
    shares = (0.0, 0.0)
    if captions.spoken_background is not None:
        shares = _WORD_PADDING
    if captions.background is not None:
        shares = _PAGE_PADDING
    return captions.font.size * shares[0], captions.font.size * shares[1]


def _lines(
    captions: Captions, words: tuple[Word, ...], *, fonts: FontBook, width: float
) -> list[list[_Piece]]:
    """Break a page into lines, at the largest size at which it fits."""
    width = max(width, 1.0)
    scale = 1.0
    pieces = _pieces(captions, words, fonts=fonts, scale=scale)
    while not _fits(pieces, width, captions.max_lines) and scale > _SMALLEST:
        # Widths go with the size, nearly: so most steps need no measuring.
        tried = scale
        while scale > _SMALLEST:
            scale = max(round(scale - _STEP, 2), _SMALLEST)
            if _fits(pieces, width * tried / scale * _NEARLY, captions.max_lines):
                break
        pieces = _pieces(captions, words, fonts=fonts, scale=scale)
    cut = [part for piece in pieces for part in _parts(piece, width, fonts=fonts)]
    widest = max((part.block.width for part in cut), default=0.0)
    if widest > width + _SLACK:  # of one letter
        pieces = _pieces(captions, words, fonts=fonts, scale=scale * width / widest)
        cut = [part for piece in pieces for part in _parts(piece, width, fonts=fonts)]
    lines = _broken(cut, width)
    return _broken(cut, _even_width(cut, len(lines), width))


def _fits(pieces: Sequence[_Piece], width: float, max_lines: int) -> bool:
    if _widest(pieces) > width + _SLACK:
        return False
    return len(_broken(pieces, width)) <= max_lines


def _widest(pieces: Sequence[_Piece]) -> float:
    """Return the width of the widest word, the marks that follow it included."""
    widest = together = 0.0
    for piece in pieces:
        together = piece.block.width + (together if piece.is_closing else 0.0)
        widest = max(widest, together)
    return widest


def _broken(pieces: Sequence[_Piece], width: float) -> list[list[_Piece]]:
    """Fill one line after the other."""
    lines: list[list[_Piece]] = []
    used = 0.0
    for piece in pieces:
        wanted = used + piece.gap + piece.block.width
        if lines and wanted <= width + _SLACK:
            lines[-1].append(piece)
            used = wanted
        elif lines and len(lines[-1]) > 1 and piece.is_closing:
            before = lines[-1].pop()
            lines.append([before, piece])
            used = before.block.width + piece.block.width
        else:
            lines.append([piece])
            used = piece.block.width
    return lines


def _even_width(pieces: Sequence[_Piece], n_lines: int, width: float) -> float:
    """Return the least width that needs no more lines: it makes them about equally long."""
    low = min(_widest(pieces), width)
    high = width
    while high - low > 1.0:
        middle = (low + high) / 2
        if len(_broken(pieces, middle)) <= n_lines:
            high = middle
        else:
            low = middle
    return high


def _length(line: Sequence[_Piece]) -> float:
    return sum(piece.block.width for piece in line) + sum(piece.gap for piece in line[1:])


def _placed(line: Sequence[_Piece], *, left: float, top: float) -> list[WordBox]:
    """Put a line's words and gaps side by side, in the order in which they are seen."""
    items: list[_Piece | float] = []
    item_levels = []
    for piece in line:
        if items:
            items.append(piece.gap)
            item_levels.append(piece.gap_level)
        items.append(piece)
        item_levels.append(piece.level)
    boxes = []
    for place in bidi.visual_order(item_levels):
        item = items[place]
        if isinstance(item, _Piece):
            boxes.append(WordBox(word=item.word, block=item.block, left=left, top=top))
            left = boxes[-1].right
        else:
            left += item
    return boxes


def _pieces(
    captions: Captions, words: tuple[Word, ...], *, fonts: FontBook, scale: float
) -> list[_Piece]:
    """Measure words, each in the direction that it has among the others."""
    texts = [" ".join(clean(word.text).split()) for word in words]
    places, line = _joined(texts)
    is_rtl = is_right_to_left(line, captions.direction)
    found = bidi.levels(line, is_right_to_left=is_rtl)
    setting = Setting(
        font=replace(captions.font, size=captions.font.size * scale),
        line_height=captions.line_height,
        letter_spacing=captions.letter_spacing * scale,
    )
    space = _space(setting, fonts=fonts)
    pieces = []
    for number, (text, start) in enumerate(zip(texts, places, strict=True)):
        if not text:
            continue
        level = min(found[start : start + len(text)])
        direction: TextDirection = "rtl" if level % 2 else "ltr"
        block = _measured(text, replace(setting, direction=direction), fonts=fonts)
        has_gap = start > 0 and line[start - 1] == " "
        pieces.append(
            _Piece(
                word=number,
                block=block,
                gap=space if has_gap else 0.0,
                level=level,
                gap_level=found[start - 1] if has_gap else level,
                is_closing=_CLOSING.fullmatch(text) is not None,
            )
        )
    return pieces


def _joined(texts: Sequence[str]) -> tuple[list[int], str]:
    """Return the words as one line, and where in it each begins."""
    line = ""
    places = []
    for text in texts:
        if line and text and not _belong_together(line[-1], text):
            line += " "
        places.append(len(line))
        line += text
    return places, line


def _belong_together(before: str, text: str) -> bool:
    if _CLOSING.fullmatch(text):
        return True
    return bool(_UNSPACED.match(before) and _UNSPACED.match(text[0]))


def _space(setting: Setting, *, fonts: FontBook) -> float:
    """Return the width of a space; skia gives none where it ends a line."""
    apart, together = (_measured(text, setting, fonts=fonts).width for text in ("a a", "aa"))
    return apart - together


def _parts(piece: _Piece, width: float, *, fonts: FontBook) -> list[_Piece]:
    """Break a word that is wider than a page, between letters, as often as it takes."""
    if piece.block.width <= width + _SLACK:
        return [piece]
    parts: list[_Piece] = []
    setting = piece.block.setting
    rest = list(clusters(piece.block.text))
    while rest:
        low, high = 1, len(rest)
        while low < high:
            middle = (low + high + 1) // 2
            block = one_line("".join(rest[:middle]), setting, fonts=fonts)
            low, high = (middle, high) if block.width <= width else (low, middle - 1)
        block = one_line("".join(rest[:low]), setting, fonts=fonts)
        parts.append(replace(piece, block=block, gap=0.0 if parts else piece.gap))
        rest = rest[low:]
    return parts


def _measured(text: str, setting: Setting, *, fonts: FontBook) -> Block:
    known = _blocks.setdefault(fonts, {})
    if len(known) > _MOST_REMEMBERED:
        known.clear()
    if (text, setting) not in known:
        known[text, setting] = one_line(text, setting, fonts=fonts)
    return known[text, setting]
