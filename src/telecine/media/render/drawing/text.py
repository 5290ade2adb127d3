"""Paragraphs: how large a text is, and drawing it. Shaping and line breaking are skia's.

skia's Python binding has no line metrics, no line limit and no text direction, so: every line
is given the same height by force, which makes the number of lines a division; a limit of lines
is found by cutting the text until it fits; and a line that runs right to left is put between
Unicode's isolates. A text's ink may leave its box (swashes, stacked accents, strokes):
`overhang` says how far at most.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from telecine.media.render.drawing.fonts import FontBook, emoji_runs
from telecine.media.render.drawing.paints import fill_paint, stroke_paint
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.timeline.model import Colour, Font, Paint, Span, Stroke, Text, TextDirection

_RIGHT_TO_LEFT: Final = "\u2067"
_LEFT_TO_RIGHT: Final = "\u2066"
_END: Final = "\u2069"
#: What `_with_direction` adds to a text.
_MARKS: Final = (_RIGHT_TO_LEFT, _LEFT_TO_RIGHT, _END)
_CLEAR: Final = Colour(red=0, green=0, blue=0, alpha=0)
_ELLIPSIS: Final = "\u2026"
#: Wider than any canvas, narrow enough for skia's arithmetic in 32 bits.
_ENDLESS: Final = 1_000_000.0
#: Lines may be this much longer than their box: skia's sums of advances differ in the last
#: bit, and a line in a box of just its own size would be broken.
_SLACK: Final = 1.0
_CODE_FAMILY: Final = "monospace"
#: What is bold is so much bolder than the rest, and no lighter than bold type is.
_BOLDER: Final = 200
_BOLD: Final = 700
# The joiner of emoji, and the marks that take a vowel from an Indic letter: what follows belongs to it.
_BINDING: Final = frozenset(
    "\u200d\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u17d2"
)
# Letters that join would come apart.
_CURSIVE: Final = re.compile("[\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufeff\u1800-\u18af]")
# Marks of direction from outside would break out of our own.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """How a stretch of text is set. `line_height` is a multiple of the size.

    `spans` are the stretches of the text as it was cleaned; what comes after them is as the last.
    """

    font: Font
    line_height: float = 1.2
    letter_spacing: float = 0.0
    direction: TextDirection = "auto"
    spans: tuple[Span, ...] = ()


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Lines ready to be drawn: what is in them, as wide as they may be, and what they came to."""

    text: str
    setting: Setting
    align: str
    layout_width: float
    width: float
    height: float


def text_size(text: Text, *, fonts: FontBook, max_width: float | None) -> tuple[float, float]:
    """Return width and height in px, the background's padding included.

    None for `max_width`: only the text's own line breaks count. Wider than that is a text of which
    one letter is so.
    """
    padding = _padding(text)
    limit = None if max_width is None else _inside(text, max_width)
    block = _block(text, fonts=fonts, width=limit)
    width = float(math.ceil(block.width))
    if limit is not None and text.is_wrapped and block.width <= limit + _SLACK:
        width = min(width, limit)  # see _SLACK: a box of this size breaks the lines alike
    return width + 2 * padding[0], block.height + 2 * padding[1]


def overhang(text: Text, stroke: Stroke | None) -> float:
    """Return how far ink may lie outside the text's box, in px."""
    return text.font.size * 1.5 + (stroke.width if stroke else 0.0)


def draw_text(
    canvas: skia.Canvas,
    text: Text,
    *,
    fonts: FontBook,
    width: float,
    height: float,
    stroke: Stroke | None = None,
) -> None:
    """Draw into the box from (0, 0) to `width`, `height`; the stroke lies below the letters."""
    padding = _padding(text)
    inner = _inside(text, width)
    block = _block(text, fonts=fonts, width=inner, shrinks=True)
    free_width, free_height = inner - block.width, height - 2 * padding[1] - block.height
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[text.align]
    left = padding[0] + free_width * share
    top = padding[1] + free_height * {"top": 0.0, "middle": 0.5, "bottom": 1.0}[text.vertical_align]
    if text.background is not None:
        box = skia.Rect.MakeXYWH(
            left - padding[0], top - padding[1],
            block.width + 2 * padding[0], block.height + 2 * padding[1],
        )  # fmt: skip
        radius = text.background.corner_radius
        canvas.drawRoundRect(box, radius, radius, fill_paint(text.background.colour, width, height))
    # skia aligns the lines inside the width it was given, which can be more than the lines have.
    left -= (block.layout_width - block.width) * share
    paint_block(
        canvas, block, fonts=fonts, left=left, top=top,
        paint=text.paint, box=(width, height), stroke=stroke, n_seen=text.n_seen,
    )  # fmt: skip


def paint_block(
    canvas: skia.Canvas,
    block: Block,
    *,
    fonts: FontBook,
    left: float,
    top: float,
    paint: Paint | None,
    box: tuple[float, float],
    stroke: Stroke | None = None,
    n_seen: int | None = None,
) -> None:
    """Draw lines at a place. `box` is what a gradient runs across, from (0, 0).

    None for `paint`: only the stroke. `n_seen` is how many characters are painted; never half
    a letter.
    """
    if n_seen is not None:
        n_seen = _whole_letters(block.text, n_seen)
    paints = [] if paint is None else [fill_paint(paint, *box)]
    if stroke is not None and stroke.width > 0:
        # Half of a stroke lies under the letters: what is seen is as wide as asked for.
        paints.insert(0, stroke_paint(stroke, round_join=True))
    for each in paints:
        paragraph = _paragraph(
            block.text, block.setting, block.align, fonts=fonts, paint=each, n_seen=n_seen
        )
        paragraph.layout(block.layout_width)
        paragraph.paint(canvas, left, top)


def one_line(text: str, setting: Setting, *, fonts: FontBook) -> Block:
    """Lay out a word or a line that is never broken."""
    return _measured(clean(text), setting, "left", fonts=fonts, width=None)


def clean(text: str) -> str:
    """Drop what no font draws: control characters, lone surrogates, foreign direction marks."""
    text = text.encode("utf-8", "replace").decode()
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return _CONTROLS.sub("", text)


def clusters(text: str) -> Iterator[str]:
    """Split into what a reader takes for one letter: marks, joiners and emoji stay together."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or _may_part(text, end):
            yield text[start:end]
            start = end


def is_right_to_left(text: str, direction: TextDirection = "auto") -> bool:
    """Say which way a line runs: as told, else by its first letter that has a direction."""
    if direction != "auto":
        return direction == "rtl"
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return kind != "L"
    return False


def _inside(text: Text, width: float) -> float:
    """Return how wide lines may be in a box: padding gives way before a letter does."""
    return max(width - 2 * _padding(text)[0], min(width, text.font.size), 1.0)


def _padding(text: Text) -> tuple[float, float]:
    if text.background is None:
        return 0.0, 0.0
    return text.background.horizontal_padding, text.background.vertical_padding


def _block(text: Text, *, fonts: FontBook, width: float | None, shrinks: bool = False) -> Block:
    setting = Setting(
        font=text.font,
        line_height=text.line_height,
        letter_spacing=text.letter_spacing,
        direction=text.direction,
        spans=tuple(_cleaned(text)),
    )
    limit = width if text.is_wrapped else None
    words = clean(text.text)
    block = _measured(words, setting, text.align, fonts=fonts, width=limit)
    if shrinks and limit is not None and block.width > limit + _SLACK:
        # A word goes on in the next line, a letter cannot: all become smaller until it fits.
        size = text.font.size * limit / block.width
        setting = replace(setting, font=replace(text.font, size=size))
        block = _measured(words, setting, text.align, fonts=fonts, width=limit)
    if text.max_lines is None:
        return block
    # skia gives every line a whole number of px.
    highest = one_line("x", replace(setting, spans=()), fonts=fonts).height * text.max_lines
    if block.height <= highest:
        return block
    # The longest beginning that fits with an ellipsis behind it.
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        cut = _cut(words, middle)
        trial = _measured(cut, setting, text.align, fonts=fonts, width=limit)
        low, high = (middle, high) if trial.height <= highest else (low, middle - 1)
    return _measured(_cut(words, low), setting, text.align, fonts=fonts, width=limit)


def _cleaned(text: Text) -> Iterator[Span]:
    start = 0
    for span in text.spans:
        end = start + span.n_characters
        yield replace(span, n_characters=len(clean(text.text[start:end])))
        start = end


def _cut(text: str, length: int) -> str:
    return text[: _whole_letters(text, length)].rstrip() + _ELLIPSIS


def _whole_letters(text: str, length: int) -> int:
    while 0 < length < len(text) and not _may_part(text, length):
        length -= 1
    return length


def _may_part(text: str, place: int) -> bool:
    """Say whether a new letter begins at a place, near enough to Unicode's UAX 29."""
    before, after = text[place - 1], text[place]
    if unicodedata.category(after) in ("Mn", "Mc", "Me", "Cf", "Sk") or before in _BINDING:
        return False
    if _is_flag_letter(after):
        start = place
        while start > 0 and _is_flag_letter(text[start - 1]):
            start -= 1
        return (place - start) % 2 == 0
    return True


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _measured(
    text: str, setting: Setting, align: str, *, fonts: FontBook, width: float | None
) -> Block:
    black = fill_paint(Colour(red=0, green=0, blue=0), 1, 1)
    paragraph = _paragraph(text, setting, align, fonts=fonts, paint=black)
    paragraph.layout(_ENDLESS if width is None else width + _SLACK)
    longest = max(paragraph.LongestLine, 0.0)  # where there is no line, the least of all numbers
    layout_width = longest + _SLACK if width is None else width + _SLACK
    return Block(
        text=text,
        setting=setting,
        align=align,
        layout_width=layout_width,
        width=longest,
        height=paragraph.Height,
    )


def _paragraph(
    text: str,
    setting: Setting,
    align: str,
    *,
    fonts: FontBook,
    paint: skia.Paint,
    n_seen: int | None = None,
) -> skia.textlayout_Paragraph:
    font = setting.font
    runs = list(emoji_runs(_with_direction(text, setting.direction)))
    plain = "".join(run for run, is_emoji in runs if not is_emoji)
    kinds = skia.textlayout.TextAlign
    aligns = {"left": kinds.kLeft, "center": kinds.kCenter, "right": kinds.kRight}

    paragraph = skia.textlayout.ParagraphStyle()
    paragraph.setTextAlign(aligns[align])
    if all(span.scale == 1 for span in setting.spans):
        paragraph.setStrutStyle(_strut(setting, fonts.families(font, plain)[0]))
    builder = skia.textlayout.ParagraphBuilder.make(paragraph, fonts.collection, fonts.unicode)
    spacing = 0.0 if _CURSIVE.search(text) else setting.letter_spacing
    styles: dict[tuple[Font, bool, bool], skia.textlayout_TextStyle] = {}
    for run, is_emoji, is_seen, span in _spanned(_parted(runs, n_seen), setting.spans):
        key = (_font_of(font, span), is_emoji, is_seen)
        if key not in styles:
            each = paint if is_seen else fill_paint(_CLEAR, 1, 1)
            styles[key] = _style(key[0], setting.line_height, spacing, each)
            names = fonts.families(key[0], plain)
            names = [*fonts.emoji_families(key[0]), *names] if is_emoji else names
            styles[key].setFontFamilies([skia.String(name) for name in names])
        builder.pushStyle(styles[key])
        builder.addText(run)
        builder.pop()
    return builder.Build()


def _strut(setting: Setting, family: str) -> skia.textlayout_StrutStyle:
    """Make all lines equally high, whatever fonts are in them."""
    strut = skia.textlayout.StrutStyle()
    strut.setStrutEnabled(True)
    strut.setForceStrutHeight(True)
    strut.setFontFamilies([skia.String(family)])
    strut.setFontSize(setting.font.size)
    strut.setHeight(setting.line_height)
    strut.setHeightOverride(True)
    strut.setHalfLeading(True)
    return strut


def _font_of(font: Font, span: Span | None) -> Font:
    if span is None:
        return font
    return replace(
        font,
        family=_CODE_FAMILY if span.is_code else font.family,
        size=font.size * span.scale,
        weight=max(font.weight + _BOLDER, _BOLD) if span.is_bold else font.weight,
        is_italic=font.is_italic or span.is_italic,
    )


def _spanned(
    runs: Iterable[tuple[str, bool, bool]], spans: Sequence[Span]
) -> Iterator[tuple[str, bool, bool, Span | None]]:
    """Break runs where spans end. Marks of direction are no characters of a text."""
    waiting = iter(spans)
    span = next(waiting, None)
    left = span.n_characters if span else 0
    for run, is_emoji, is_seen in runs:
        start = 0
        for place, each in enumerate(run):
            if each in _MARKS:
                continue
            while span is not None and left == 0 and (following := next(waiting, None)):
                if place > start:
                    yield run[start:place], is_emoji, is_seen, span
                    start = place
                span, left = following, following.n_characters
            left = max(left - 1, 0)
        yield run[start:], is_emoji, is_seen, span


def _parted(
    runs: Iterable[tuple[str, bool]], n_seen: int | None
) -> Iterator[tuple[str, bool, bool]]:
    """Say of each run whether it is seen. skia shapes across: only the paint is another."""
    left = n_seen
    for run, is_emoji in runs:
        if left is None:
            yield run, is_emoji, True
            continue
        own = [place for place, each in enumerate(run) if each not in _MARKS]
        place = own[left] if left < len(own) else len(run)
        left = max(left - len(own), 0)
        for part, is_seen in ((run[:place], True), (run[place:], False)):
            if part:
                yield part, is_emoji, is_seen


def _style(
    font: Font, line_height: float, letter_spacing: float, paint: skia.Paint
) -> skia.textlayout_TextStyle:
    slant = skia.FontStyle.Slant
    style = skia.textlayout.TextStyle()
    style.setFontSize(font.size)
    style.setFontStyle(
        skia.FontStyle(
            font.weight, 5, slant.kItalic_Slant if font.is_italic else slant.kUpright_Slant
        )
    )
    style.setForegroundPaint(paint)
    style.setLetterSpacing(letter_spacing)
    style.setHeight(line_height)
    style.setHeightOverride(True)
    style.setHalfLeading(True)
    return style


def _with_direction(text: str, direction: TextDirection) -> str:
    lines = []
    for line in text.split("\n"):
        if is_right_to_left(line, direction):
            lines.append(f"{_RIGHT_TO_LEFT}{line}{_END}")
        elif direction == "ltr":
            lines.append(f"{_LEFT_TO_RIGHT}{line}{_END}")
        else:
            lines.append(line)
    return "\n".join(lines)
