"""Strangers' SVG to SVG that is safe to draw, and that skia understands.

Nothing is fetched and nothing is declared: entities are refused, elements and attributes that
are not on the lists here are left out, and a reference may only point inside the drawing. What
references multiply (a drawing that shows itself twice, ten levels deep) is counted before it
is drawn. skia reads less of SVG than browsers write, so style sheets, `style` attributes,
symbols, newer colours and plain `href` are rewritten to what it does read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, tostring
from xml.parsers import expat

import msgspec

from telecine.kit.errors import MediaLimitError, UndecodableMediaError, UnsupportedMediaError
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.svgstyle import StyleSheet
from telecine.media.render.drawing.svgtext import FONT_PROPERTIES, Outliner

#: Larger drawings are refused.
MOST_BYTES: Final = 8 * 2**20
_MOST_ELEMENTS: Final = 50_000
_DEEPEST: Final = 100
#: Elements that are drawn, those drawn again through references included.
_MOST_DRAWN: Final = 100_000
#: A filter primitive is an image of its own.
_FILTER_COST: Final = 100
_LONGEST_SIDE: Final = 20_000.0
#: What browsers show a drawing as that says nothing of its size.
_USUAL_SIZE: Final = (300.0, 150.0)

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_FILTER_PARTS: Final = {
    "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feFlood", "feFuncA",
    "feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feMerge", "feMergeNode", "feOffset",
}  # fmt: skip
_ELEMENTS: Final = _FILTER_PARTS | {
    "a", "circle", "clipPath", "defs", "ellipse", "filter", "g", "line", "linearGradient",
    "mask", "path", "pattern", "polygon", "polyline", "radialGradient", "rect", "stop",
    "style", "svg", "switch", "symbol", "text", "tspan", "use",
}  # fmt: skip
_ATTRIBUTES: Final = {
    "amplitude", "class", "clipPathUnits", "cx", "cy", "d", "dx", "dy", "exponent",
    "filterUnits", "fx", "fy", "gradientTransform", "gradientUnits", "height", "href", "id",
    "in", "in2", "intercept", "k1", "k2", "k3", "k4", "maskContentUnits", "maskUnits", "mode",
    "offset", "operator", "patternContentUnits", "patternTransform", "patternUnits", "points",
    "preserveAspectRatio", "primitiveUnits", "r", "result", "rx", "ry", "slope",
    "spreadMethod", "stdDeviation", "style", "tableValues", "transform", "type", "values",
    "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2",
}  # fmt: skip
_PROPERTIES: Final = FONT_PROPERTIES | {
    "clip-path", "clip-rule", "color", "color-interpolation-filters", "display", "fill",
    "fill-opacity", "fill-rule", "filter", "flood-color", "flood-opacity", "mask",
    "mix-blend-mode", "opacity", "stop-color", "stop-opacity", "stroke", "stroke-dasharray",
    "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit",
    "stroke-opacity", "stroke-width", "visibility",
}  # fmt: skip
_URL: Final = re.compile(r"url\(\s*['\"]?#([^'\")\s]+)['\"]?\s*\)")
_LENGTH: Final = re.compile(r"\s*(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,2}))?\s*([a-z]*)\s*")
_UNITS: Final = {
    "": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0,
    "em": 16.0, "rem": 16.0, "ex": 8.0,
}  # fmt: skip


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing that may be drawn: its markup, and its own width and height in px."""

    markup: bytes
    width: float
    height: float


def clean_svg(data: bytes, *, field: str | None, fonts: FontBook | None = None) -> Drawing:
    """Return what may be drawn of an SVG; its text is left out where there are no `fonts`.

    Raises `MediaError`s that name `field`.
    """
    if len(data) > MOST_BYTES:
        raise MediaLimitError(f"The drawing is larger than {MOST_BYTES} bytes.", field=field)
    reading = _Reading(field)
    root = reading.read(data)
    width, height = _own_size(root)
    for element in list(root.iter()):
        _rewrite(element, reading.sheet)
    if fonts is not None:
        Outliner(fonts, length=_px).outline(root, {})
    _resolve(root)
    _check_cost(root, field)
    root.set("width", f"{width:.8g}")
    root.set("height", f"{height:.8g}")
    if _box(root) is None:
        root.set("viewBox", f"0 0 {width:.8g} {height:.8g}")
    root.set("xmlns", _SVG)
    root.set("xmlns:xlink", _XLINK)
    return Drawing(markup=tostring(root), width=width, height=height)


class _Reading:
    """Builds the tree of what is allowed; the rest is skipped, whatever is inside of it."""

    def __init__(self, field: str | None) -> None:
        self.sheet = StyleSheet()
        self._field = field
        self._open: list[Element] = []
        self._root: Element | None = None
        self._skipped = 0
        self._count = 0
        self._style: list[str] | None = None

    def read(self, data: bytes) -> Element:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._declare
        try:
            parser.Parse(data, True)  # noqa: FBT003 (expat's own)
        except expat.ExpatError as error:
            raise UndecodableMediaError(
                f"This is no well-formed SVG: {error}.", field=self._field
            ) from error
        if self._root is None:
            raise UnsupportedMediaError("This is not an SVG drawing.", field=self._field)
        return self._root

    def _declare(self, *_: object) -> None:
        raise UnsupportedMediaError(
            "The drawing declares entities; save it without them.", field=self._field
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        prefix, _, name = name.rpartition(":")
        self._count += 1
        if self._count > _MOST_ELEMENTS or len(self._open) + self._skipped > _DEEPEST:
            raise MediaLimitError(
                f"The drawing has more than {_MOST_ELEMENTS} elements, or they are nested more "
                f"than {_DEEPEST} deep.",
                field=self._field,
            )
        if self._root is None and name != "svg":
            raise UnsupportedMediaError("This is not an SVG drawing.", field=self._field)
        if self._skipped or prefix not in ("", "svg") or name not in _ELEMENTS:
            self._skipped += 1
            return
        if name == "style":
            self._style = []
        element = Element({"a": "g", "switch": "g"}.get(name, name))
        for key, value in attributes.items():
            key = "href" if key == "xlink:href" else key
            if key in _ATTRIBUTES or key in _PROPERTIES:
                element.set(key, value)
        if self._open and name != "style":
            self._open[-1].append(element)
        self._root = element if self._root is None else self._root
        self._open.append(element)

    def _end(self, _name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        self._open.pop()
        if self._style is not None:
            self.sheet.add("".join(self._style))
            self._style = None

    def _text(self, text: str) -> None:
        if self._skipped or not self._open:
            return
        if self._style is not None:
            self._style.append(text)
        elif self._open[-1].tag in ("text", "tspan"):
            element = self._open[-1]
            if len(element):
                element[-1].tail = (element[-1].tail or "") + text
            else:
                element.text = (element.text or "") + text


def _rewrite(element: Element, sheet: StyleSheet) -> None:
    """Settle an element's style into attributes, and leave out references to elsewhere."""
    attributes = sheet.styled(element, allowed=_PROPERTIES)
    element.attrib.clear()
    for key, value in attributes.items():
        if key == "href":
            if value.strip().startswith("#"):
                element.set("xlink:href", value.strip())
        elif "url(" in value.lower():
            if match := _URL.search(value):
                element.set(key, f"url(#{match[1]})")
        else:
            element.set(key, value)
    if element.tag == "ellipse":
        _as_path(element)


def _as_path(ellipse: Element) -> None:
    """Turn an ellipse into a path: skia fills it black where a gradient asks for its box."""
    sides = [_px(ellipse.get(name)) for name in ("rx", "ry")]
    rx, ry = (side or other for side, other in zip(sides, reversed(sides), strict=True))
    try:
        left, y = (float(ellipse.get(name, "0").removesuffix("px")) for name in ("cx", "cy"))
    except ValueError:
        return
    if rx is None or ry is None or not all(math.isfinite(number) for number in (left, y)):
        return
    for name in ("cx", "cy", "rx", "ry"):
        ellipse.attrib.pop(name, None)
    ellipse.tag = "path"
    half = f"a{rx:.9g} {ry:.9g} 0 1 1"
    ellipse.set("d", f"M{left - rx:.9g} {y:.9g} {half} {2 * rx:.9g} 0 {half} {-2 * rx:.9g} 0 Z")


def _resolve(root: Element) -> None:
    """Put symbols among the definitions, and give what uses them the place they ask for."""
    symbols: dict[str, Element] = {}
    for parent in list(root.iter()):
        for index, child in enumerate(list(parent)):
            if child.tag == "symbol":
                shelf = Element("defs")
                shelf.append(child)
                parent[index] = shelf
                symbols.setdefault(child.get("id", ""), child)
    for use in root.iter("use"):
        symbol = symbols.get(use.get("xlink:href", "")[1:])
        if symbol is not None:
            _place_symbol(use, symbol)
    for symbol in symbols.values():
        symbol.attrib.pop("viewBox", None)
    for symbol in list(root.iter("symbol")):
        symbol.tag = "g"


def _place_symbol(use: Element, symbol: Element) -> None:
    x, y = _px(use.get("x")) or 0.0, _px(use.get("y")) or 0.0
    steps = [use.get("transform", ""), f"translate({x:.8g} {y:.8g})"]
    box = _box(symbol)
    if box is not None:
        left, top, box_width, box_height = box
        width = _px(use.get("width")) or box_width
        height = _px(use.get("height")) or box_height
        scale = min(width / box_width, height / box_height)
        across, down = (width - box_width * scale) / 2, (height - box_height * scale) / 2
        steps.append(f"translate({across:.8g} {down:.8g}) scale({scale:.8g})")
        steps.append(f"translate({-left:.8g} {-top:.8g})")
    for key in ("x", "y", "width", "height"):
        use.attrib.pop(key, None)
    use.set("transform", " ".join(step for step in steps if step))


def _check_cost(root: Element, field: str | None) -> None:
    """Refuse drawings that refer to themselves, or are large only by what they repeat."""
    named: dict[str, Element] = {}
    for element in root.iter():
        named.setdefault(element.get("id", ""), element)
    known: dict[Element, tuple[int, int]] = {}

    def cost(element: Element, depth: int) -> tuple[int, int]:
        """Return how many elements are drawn, and how deep they lie."""
        if element in known:
            return known[element]
        if depth > _DEEPEST:
            raise _too_much(field)
        parts = [cost(child, depth + 1) for child in element]
        times = 1
        for target, is_paint in _references(element, named):
            part = cost(target, depth + 1)
            # A paint goes to everything inside that has none of its own.
            times += part[0] if is_paint else 0
            parts.append((0 if is_paint else part[0], part[1]))
        own = _FILTER_COST if element.tag in _FILTER_PARTS else 1
        found = (own + sum(part[0] for part in parts)) * times
        height = 1 + max((part[1] for part in parts), default=0)
        if found > _MOST_DRAWN or height > _DEEPEST:
            raise _too_much(field)
        known[element] = found, height
        return known[element]

    cost(root, 0)


def _references(element: Element, named: dict[str, Element]) -> Iterator[tuple[Element, bool]]:
    for key, value in element.attrib.items():
        match = _URL.match(value)
        name = match[1] if match else value[1:] if key == "xlink:href" else ""
        if name and (target := named.get(name)) is not None:
            yield target, key in ("fill", "stroke")


def _too_much(field: str | None) -> MediaLimitError:
    return MediaLimitError(
        f"The drawing refers to itself, or repeats its parts more than {_MOST_DRAWN} times.",
        field=field,
    )


def _own_size(root: Element) -> tuple[float, float]:
    """Return width and height; a side that is not said follows from the view box."""
    box = _box(root)
    width, height = _px(root.get("width")), _px(root.get("height"))
    if box is not None:
        shape = box[2] / box[3]
        if width is None and height is None:
            width, height = box[2], box[3]
        width = width if width is not None else (height or 0.0) * shape
        height = height if height is not None else width / shape
    width = _USUAL_SIZE[0] if width is None else width
    height = _USUAL_SIZE[1] if height is None else height
    shrink = min(1.0, _LONGEST_SIDE / max(width, height))
    return max(width * shrink, 1e-3), max(height * shrink, 1e-3)


def _px(text: str | None) -> float | None:
    """Return a length over 0 in px; None for percentages and what is no length."""
    match = _LENGTH.fullmatch(text or "")
    if match is None or match[3] not in _UNITS:
        return None
    value = float(f"{match[1]}e{match[2] or 0}") * _UNITS[match[3]]
    return value if math.isfinite(value) and value > 0 else None


def _box(element: Element) -> tuple[float, float, float, float] | None:
    parts = (element.get("viewBox") or "").replace(",", " ").split()
    try:
        left, top, width, height = (float(part) for part in parts)
    except ValueError:
        return None
    is_usable = all(abs(value) < 1e9 for value in (left, top, width, height))
    return (left, top, width, height) if is_usable and width > 1e-6 and height > 1e-6 else None
