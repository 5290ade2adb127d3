"""Program text: coloured by pygments, laid out by skia in lines of one height.

Long texts and unknown languages stay plain. Nothing of the text is ever wrapped: a line of
code is a line.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import pygments.lexers
import pygments.styles
from msgspec.structs import replace
from pygments.lexer import Lexer
from pygments.lexers.special import TextLexer
from pygments.style import Style as Theme
from pygments.util import ClassNotFound

from telecine.media.render.drawing.fonts import FontBook, emoji_runs
from telecine.media.render.drawing.paints import fill_paint
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.render.drawing.text import clean
from telecine.media.timeline.colours import parse_colour
from telecine.media.timeline.model import Code, Colour, Font

#: Lexers are regular expressions: some take much longer than the text is long.
_MOST_COLOURED: Final = 30_000
_ENDLESS: Final = 1_000_000.0
_WHITE: Final = Colour(red=1, green=1, blue=1)
_BLACK: Final = Colour(red=0, green=0, blue=0)
#: Grounds of themes are either over or far below that.
_LIGHT: Final = 0.5
_GREY: Final = Colour(red=0.5, green=0.5, blue=0.5)
#: How much of the lines that are not selected is seen.
_DIMMED: Final = 0.3

_USUAL_THEME: Final = "one-dark"
#: Signs that some code font joins to others.
_SIGNS: Final = re.compile(r"([!#-&*+\-./:<=>?@\\^_|~]+)")
#: Longer texts are shaped as they are: so many pieces would take seconds.
_MOST_APART: Final = 5_000
_NUDGE: Final = 1e-3

#: A colour, and whether it is bold and italic.
_Look = tuple[Colour, bool, bool]
#: Text and its look.
_Run = tuple[str, _Look]


def themes() -> tuple[str, ...]:
    """Return the names of the colour themes."""
    return tuple(sorted(pygments.styles.get_all_styles()))


def code_size(code: Code, *, fonts: FontBook) -> tuple[float, float]:
    """Return the size of the lines as written, their numbers included."""
    lines = _paragraph([(_text(code), (_WHITE, False, False))], code, fonts)
    # skia says of no text that it is endlessly narrow.
    return float(math.ceil(max(lines.LongestLine, 0.0) + _gutter(code, fonts))), lines.Height


def draw_code(
    canvas: skia.Canvas, code: Code, *, fonts: FontBook, width: float, height: float
) -> None:
    """Draw into the middle of the box from (0, 0); lines begin below one another."""
    lines = _paragraph(list(_runs(code)), code, fonts)
    gutter = _gutter(code, fonts)
    left = max(0.0, (width - code_size(code, fonts=fonts)[0]) / 2)
    top = (height - lines.Height) / 2
    if gutter:
        numbers = _paragraph([(_numbers(code), (_GREY, False, False))], code, fonts)
        numbers.paint(canvas, left, top)
    lines.paint(canvas, left + gutter, top)


def code_overhang(code: Code, *, fonts: FontBook, width: float, height: float) -> float:
    """Return how far lines may leave a box that is smaller than they are, in px."""
    size = code_size(code, fonts=fonts)
    return max(0.0, size[0] - width, size[1] - height) + code.font.size


def _text(code: Code) -> str:
    # The end of the last line is no line of its own.
    return clean(code.code).removesuffix("\n")


def _numbers(code: Code) -> str:
    count = _text(code).count("\n") + 1
    return "\n".join(str(number).rjust(len(str(count))) for number in range(1, count + 1))


def _gutter(code: Code, fonts: FontBook) -> float:
    """Return how far the lines begin behind their numbers, in px."""
    if not code.has_line_numbers:
        return 0.0
    numbers = _paragraph([(_numbers(code), (_GREY, False, False))], code, fonts)
    return float(numbers.LongestLine) + code.font.size


def _runs(code: Code) -> Iterator[_Run]:
    """Yield the text in stretches of one look; those of lines not selected are dimmed."""
    theme = _theme(code.theme)
    plain = _plain_ink(theme)
    text = _text(code)
    line = 0
    for kind, piece in _lexer(code.language, len(text)).get_tokens(text):
        look = theme.style_for_token(kind)
        named = parse_colour(f"#{look['color']}") if look["color"] else None
        for part in piece.splitlines(keepends=True):
            is_seen = not code.selection or any(a <= line <= b for a, b in code.selection)
            colour = replace(named or plain, alpha=1.0 if is_seen else _DIMMED)
            yield part, (colour, look["bold"], look["italic"])
            line += part.endswith("\n")


def _plain_ink(theme: type[Theme]) -> Colour:
    """Return the colour of what a theme says nothing of: it is made for a ground, dark or light."""
    ground = parse_colour(theme.background_color) or _BLACK
    return _BLACK if ground.green > _LIGHT else _WHITE


def _lexer(language: str, length: int) -> Lexer:
    # Not as pygments likes it by default: lines count, so none may be cut off or added.
    options = {"stripnl": False, "ensurenl": False}
    if length <= _MOST_COLOURED:
        with contextlib.suppress(ClassNotFound):
            return pygments.lexers.get_lexer_by_name(language.strip().lower(), **options)
    return TextLexer(**options)


@cache
def _theme(name: str) -> type[Theme]:
    """Return a theme, the usual one for unknown names: pygments would import any module."""
    found: type[Theme] = pygments.styles.get_style_by_name(
        name if name in themes() else _USUAL_THEME
    )
    return found


def _paragraph(runs: Sequence[_Run], code: Code, fonts: FontBook) -> skia.textlayout_Paragraph:
    whole = "".join(run[0] for run in runs)
    paragraph = skia.textlayout.ParagraphStyle()
    strut = skia.textlayout.StrutStyle()
    strut.setStrutEnabled(True)
    strut.setForceStrutHeight(True)
    strut.setFontFamilies([skia.String(name) for name in fonts.families(code.font, "")])
    strut.setFontSize(code.font.size)
    strut.setHeight(code.line_height)
    strut.setHeightOverride(True)
    strut.setHalfLeading(True)
    paragraph.setStrutStyle(strut)
    builder = skia.textlayout.ParagraphBuilder.make(paragraph, fonts.collection, fonts.unicode)
    styles: dict[tuple[object, ...], skia.textlayout_TextStyle] = {}
    for part, (colour, is_bold, is_italic), is_emoji, is_odd in _apart(runs, len(whole)):
        key = (colour, is_bold, is_italic, is_emoji, is_odd)
        if key not in styles:
            font = replace(
                code.font,
                size=code.font.size + (_NUDGE if is_odd else 0.0),
                weight=max(code.font.weight, 700) if is_bold else code.font.weight,
                is_italic=is_italic or code.font.is_italic,
            )
            styles[key] = _style(font, code, colour, fonts=fonts, text=whole, is_emoji=is_emoji)
        builder.pushStyle(styles[key])
        builder.addText(part)
        builder.pop()
    made = builder.Build()
    made.layout(_ENDLESS)
    return made


def _apart(runs: Sequence[_Run], length: int) -> Iterator[tuple[str, _Look, bool, bool]]:
    """Yield pieces with their looks: is it an emoji, and is it every other one of several signs.

    Neighbouring signs, which may be of two runs, are set in sizes that differ by nothing to be
    seen, so that they are shaped apart: code fonts would make one arrow of `->`, and skia cannot
    be told not to.
    """
    is_odd = True  # so that the first of several is not
    for text, look in runs:
        for run, is_emoji in emoji_runs(text):
            if is_emoji or length > _MOST_APART:
                yield run, look, is_emoji, False
                is_odd = True
                continue
            for place, part in enumerate(_SIGNS.split(run)):
                if place % 2:
                    for sign in part:
                        is_odd = not is_odd
                        yield sign, look, False, is_odd
                elif part:
                    is_odd = True
                    yield part, look, False, False


def _style(
    font: Font, code: Code, colour: Colour, *, fonts: FontBook, text: str, is_emoji: bool
) -> skia.textlayout_TextStyle:
    names = fonts.families(font, text)
    if is_emoji:
        names = [*fonts.emoji_families(font), *names]
    slant = skia.FontStyle.Slant
    style = skia.textlayout.TextStyle()
    style.setFontFamilies([skia.String(name) for name in names])
    style.setFontSize(font.size)
    style.setFontStyle(
        skia.FontStyle(
            font.weight, 5, slant.kItalic_Slant if font.is_italic else slant.kUpright_Slant
        )
    )
    style.setForegroundPaint(fill_paint(colour, 1, 1))
    style.setHeight(code.line_height)
    style.setHeightOverride(True)
    style.setHalfLeading(True)
    return style
