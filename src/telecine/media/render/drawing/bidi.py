"""In which order words stand on a line that mixes writing directions.

Unicode's bidirectional algorithm (UAX 9) for one paragraph without explicit marks, which
`text.clean` has dropped: rules W1 to W7, N1, N2, I1, I2 and L2. Brackets are not paired (N0).
skia does all of this inside one paragraph, but does not tell where the words came to stand.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

_NEUTRAL: Final = frozenset({"B", "S", "WS", "ON"})
_NUMBERS: Final = frozenset({"EN", "AN"})


def levels(text: str, *, is_right_to_left: bool) -> list[int]:
    """Return the embedding level of each character: even runs left to right, odd the other way."""
    base = 1 if is_right_to_left else 0
    edge = "R" if is_right_to_left else "L"
    kinds = [unicodedata.bidirectional(character) or "L" for character in text]
    _resolve_weak(kinds, edge)
    _resolve_neutral(kinds, edge)
    if base:
        return [1 if kind == "R" else 2 for kind in kinds]
    return [{"L": 0, "R": 1}.get(kind, 2) for kind in kinds]


def visual_order(item_levels: Sequence[int]) -> list[int]:
    """Return the items' places in the order in which they are seen from the left (rule L2)."""
    order = list(range(len(item_levels)))
    for level in range(max(item_levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and item_levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = end + 1
    return order


def _resolve_weak(kinds: list[str], edge: str) -> None:
    """Rules W1 to W7, in place."""
    _resolve_marks(kinds, edge)
    _resolve_separators(kinds)
    strong = edge
    for place, kind in enumerate(kinds):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[place] = "L"
        elif kind in ("ES", "CS", "ET"):
            kinds[place] = "ON"


def _resolve_marks(kinds: list[str], edge: str) -> None:
    """Rules W1 to W3: marks go with their letter, digits after Arabic letters are Arabic."""
    previous = strong = edge
    for place, kind in enumerate(kinds):
        if kind in ("NSM", "BN"):
            kinds[place] = previous
        elif kind in ("L", "R", "AL"):
            strong = kind
        elif kind == "EN" and strong == "AL":
            kinds[place] = "AN"
        previous = kinds[place]
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]


def _resolve_separators(kinds: list[str]) -> None:
    """Rules W4 and W5: what stands in and beside numbers belongs to them."""
    for place in range(1, len(kinds) - 1):
        before, kind, after = kinds[place - 1 : place + 2]
        if before == after and (before, kind) in (("EN", "ES"), ("EN", "CS"), ("AN", "CS")):
            kinds[place] = before
    for start, end in _runs(kinds, frozenset({"ET"})):
        if "EN" in kinds[max(start - 1, 0) : start] + kinds[end : end + 1]:
            kinds[start:end] = ["EN"] * (end - start)


def _resolve_neutral(kinds: list[str], edge: str) -> None:
    """Rules N1 and N2, in place: between equals their direction, else the paragraph's."""

    def side(place: int) -> str:
        if not 0 <= place < len(kinds):
            return edge
        return "R" if kinds[place] in _NUMBERS else kinds[place]

    for start, end in _runs(kinds, _NEUTRAL):
        before, after = side(start - 1), side(end)
        kinds[start:end] = [before if before == after else edge] * (end - start)


def _runs(kinds: list[str], wanted: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield where stretches of the wanted kinds begin and end; the kinds may be changed meanwhile."""
    start = 0
    while start < len(kinds):
        end = start
        while end < len(kinds) and kinds[end] in wanted:
            end += 1
        if end > start:
            yield start, end
        start = end + 1
