"""What of CSS drawings use: rules by element, class and id, and `style` attributes.

The cascade is CSS's as far as it goes: attributes are weakest, then rules by how exactly they
name the element, then `style`. Selectors that say more (descendants, states) are not read.
Colours that skia does not know are written as it knows them, their alpha apart.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from telecine.media.timeline.colours import parse_colour

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_RULE: Final = re.compile(r"([^{}@;]+)\{([^{}]*)\}")
_SELECTOR: Final = re.compile(r"([A-Za-z]*|\*)((?:[.#][\w-]+)*)")
_PART: Final = re.compile(r"([.#])([\w-]+)")
#: Rules for one name: each element that has the name tries them all.
_MOST_RULES: Final = 50
#: Where the alpha of a colour goes.
_ALPHAS: Final = {
    "fill": "fill-opacity", "stroke": "stroke-opacity", "stop-color": "stop-opacity",
    "flood-color": "flood-opacity",
}  # fmt: skip


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One selector and what it sets; `rank` decides which of two rules counts."""

    tag: str
    classes: frozenset[str]
    id: str
    rank: tuple[int, int, int, int]
    declarations: dict[str, str]

    def fits(self, element: Element, classes: frozenset[str]) -> bool:
        """Say whether it names this element."""
        return (
            (not self.tag or self.tag == element.tag)
            and (not self.id or self.id == element.get("id"))
            and self.classes <= classes
        )


class StyleSheet:
    """The rules of a drawing, found by the most exact thing that each one names."""

    def __init__(self) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        self._count = 0

    def add(self, text: str) -> None:
        """Read the rules of one `style` element; those that come later count for more."""
        for match in _RULE.finditer(_COMMENT.sub("", text)):
            declarations = _declared(match[2])
            for selector in match[1].split(","):
                self._add(selector.strip(), declarations)

    def styled(self, element: Element, *, allowed: frozenset[str]) -> dict[str, str]:
        """Return an element's attributes with its style settled into them."""
        attributes = dict(element.attrib)
        inline = _declared(attributes.pop("style", ""))
        classes = frozenset(attributes.pop("class", "").split())
        keys = ("", element.tag, f"#{element.get('id')}", *(f".{name}" for name in classes))
        fitting = [
            rule for key in keys for rule in self._rules.get(key, ()) if rule.fits(element, classes)
        ]
        fitting.sort(key=lambda rule: rule.rank)
        for declarations in (*(rule.declarations for rule in fitting), inline):
            attributes.update((key, value) for key, value in declarations.items() if key in allowed)
        for key in (*_ALPHAS, "color"):
            if key in attributes:
                _plain_colour(attributes, key)
        return attributes

    def _add(self, text: str, declarations: dict[str, str]) -> None:
        selector = _SELECTOR.fullmatch(text)
        if selector is None or not text:
            return
        parts = [(part[1], part[2]) for part in _PART.finditer(selector[2])]
        ids = [name for mark, name in parts if mark == "#"]
        classes = [name for mark, name in parts if mark == "."]
        tag = selector[1].replace("*", "")
        key = f"#{ids[-1]}" if ids else f".{classes[-1]}" if classes else tag
        shelf = self._rules.setdefault(key, [])
        if len(shelf) >= _MOST_RULES:
            return
        self._count += 1
        rule = _Rule(
            tag=tag, classes=frozenset(classes), id=ids[-1] if ids else "",
            rank=(len(ids), len(classes), bool(tag), self._count), declarations=declarations,
        )  # fmt: skip
        shelf.append(rule)


def _declared(text: str) -> dict[str, str]:
    found = {}
    for declaration in text.split(";"):
        name, _, value = declaration.partition(":")
        if value.strip():
            found[name.strip().lower()] = value.replace("!important", "").strip()
    return found


def _plain_colour(attributes: dict[str, str], key: str) -> None:
    colour = parse_colour(attributes[key])
    if colour is None:
        return
    parts = (round(part * 255) for part in (colour.red, colour.green, colour.blue))
    attributes[key] = "#" + "".join(f"{part:02x}" for part in parts)
    if colour.alpha < 1 and key in _ALPHAS:
        before = _number(attributes.get(_ALPHAS[key], "1"))
        attributes[_ALPHAS[key]] = f"{before * colour.alpha:.4g}"


def _number(text: str) -> float:
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return 1.0
