"""Text inside drawings, as outlines: skia's SVG would need the system's fonts for it.

Each character stands beside the one before it, from left to right: scripts that join or
reorder their letters, and text along a path, are for text clips.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.timeline.model import Font

#: What text takes from the elements around it, and no outline needs.
FONT_PROPERTIES: Final = frozenset(
    {"font-family", "font-size", "font-style", "font-weight", "letter-spacing", "text-anchor"}
)
_PLACES: Final = ("x", "y", "dx", "dy")
_MOST_CHARACTERS: Final = 5_000
_WEIGHTS: Final = {"normal": 400, "bold": 700, "bolder": 700, "lighter": 300}
_ANCHORS: Final = {"start": 0.0, "middle": 0.5, "end": 1.0}
_BLANKS: Final = re.compile(r"\s+")

#: Reads a length in px; None where it is none.
Length = Callable[[str | None], float | None]


class _Run(msgspec.Struct, kw_only=True):
    """A stretch of text in one font, and the element that its outline goes into."""

    text: str
    owner: Element
    look: Mapping[str, str]
    x: float
    y: float


class _Pen(msgspec.Struct):
    """Where the next character goes, and the runs since it was last put somewhere."""

    x: float = 0.0
    y: float = 0.0
    chunk: list[_Run] = msgspec.field(default_factory=list)
    ends_blank: bool = True


class Outliner:
    """Turns the text elements of one drawing into paths."""

    def __init__(self, fonts: FontBook, *, length: Length) -> None:
        self._fonts = fonts
        self._length = length
        self._left = _MOST_CHARACTERS

    def outline(self, element: Element, inherited: Mapping[str, str]) -> None:
        """Replace every text in an element, which stands in `inherited` fonts."""
        look = {**inherited, **_fonts_of(element)}
        if element.tag == "text":
            pen = _Pen()
            self._walk(element, look, pen)
            self._finish(pen)
            return
        for child in element:
            self.outline(child, look)

    def _walk(self, element: Element, look: Mapping[str, str], pen: _Pen) -> None:
        places = {key: self._first(element.attrib.pop(key, None)) for key in _PLACES}
        if places["x"] is not None or places["y"] is not None:
            self._finish(pen)
        pen.x = (pen.x if places["x"] is None else places["x"]) + (places["dx"] or 0.0)
        pen.y = (pen.y if places["y"] is None else places["y"]) + (places["dy"] or 0.0)
        element.tag = "g"
        children = list(element)
        texts = [element.text, *(child.tail for child in children)]
        element.text = None
        for child in children:
            element.remove(child)
            child.tail = None
        self._write(texts[0], element, look, pen)
        for child, tail in zip(children, texts[1:], strict=True):
            if child.tag == "tspan":
                element.append(child)
                self._walk(child, {**look, **_fonts_of(child)}, pen)
            self._write(tail, element, look, pen)

    def _write(self, text: str | None, owner: Element, look: Mapping[str, str], pen: _Pen) -> None:
        text = _BLANKS.sub(" ", text or "")[: self._left]
        if pen.ends_blank:
            text = text.removeprefix(" ")
        if not text:
            return
        self._left -= len(text)
        pen.ends_blank = text.endswith(" ")
        path = Element("path")
        owner.append(path)
        pen.chunk.append(_Run(text=text, owner=path, look=look, x=pen.x, y=pen.y))
        pen.x += self._advance(text, look)

    def _finish(self, pen: _Pen) -> None:
        """Outline what was collected: only now its whole width, and so its start, is known."""
        if not pen.chunk:
            return
        first, last = pen.chunk[0], pen.chunk[-1]
        end = last.x + self._advance(last.text.rstrip(), last.look)
        share = _ANCHORS.get(first.look.get("text-anchor", ""), 0.0)
        for run in pen.chunk:
            run.owner.set("d", self._data(run, left=run.x - (end - first.x) * share))
        pen.chunk.clear()

    def _data(self, run: _Run, *, left: float) -> str:
        parts: list[str] = []
        for glyph, font, advance in self._glyphs(run.text, run.look):
            outline = font.getPath(glyph)
            if outline is not None:
                _append(parts, outline, left, run.y)
            left += advance
        return "".join(parts)

    def _advance(self, text: str, look: Mapping[str, str]) -> float:
        return sum(advance for _, _, advance in self._glyphs(text, look))

    def _glyphs(self, text: str, look: Mapping[str, str]) -> list[tuple[int, skia.Font, float]]:
        font = self._font(look)
        spacing = self._length(look.get("letter-spacing")) or 0.0
        faces = [self._fonts.typeface(name) for name in self._fonts.families(font, text)]
        found = []
        for character in text:
            able = (face for face in faces if face.unicharToGlyph(ord(character)))
            drawn = skia.Font(next(able, faces[0]), font.size)
            drawn.setSubpixel(True)
            glyph = drawn.unicharToGlyph(ord(character))
            found.append((glyph, drawn, drawn.getWidths([glyph])[0] + spacing))
        return found

    def _font(self, look: Mapping[str, str]) -> Font:
        weight = look.get("font-weight", "")
        return Font(
            family=look.get("font-family", "sans-serif"),
            size=min(self._length(look.get("font-size")) or 16.0, 2000.0),
            weight=_WEIGHTS.get(weight) or (int(weight) if weight.isdecimal() else 400),
            is_italic=look.get("font-style") in ("italic", "oblique"),
        )

    def _first(self, value: str | None) -> float | None:
        """Return the first of a list of places; those of single letters are not kept."""
        parts = (value or "").replace(",", " ").split()
        if not parts:
            return None
        sign = -1.0 if parts[0].startswith("-") else 1.0
        return sign * (self._length(parts[0].lstrip("+-")) or 0.0)


def _fonts_of(element: Element) -> dict[str, str]:
    """Take the properties of fonts off an element: no outline needs them."""
    return {key: element.attrib.pop(key) for key in FONT_PROPERTIES if key in element.attrib}


def _append(parts: list[str], path: skia.Path, left: float, top: float) -> None:
    """Write a path as SVG's data, moved."""
    counts = {
        skia.Path.kMove_Verb: ("M", 0), skia.Path.kLine_Verb: ("L", 1),
        skia.Path.kQuad_Verb: ("Q", 1), skia.Path.kCubic_Verb: ("C", 1),
        skia.Path.kClose_Verb: ("Z", 9),
    }  # fmt: skip
    walk = skia.Path.Iter(path, forceClose=False)
    while True:
        verb, points = walk.next()
        if verb == skia.Path.kDone_Verb:
            return
        letter, skipped = counts.get(verb, ("L", 1))
        numbers = (f"{p.x() + left:.7g} {p.y() + top:.7g}" for p in points[skipped:])
        parts.append(letter + " ".join(numbers))
