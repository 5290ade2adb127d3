"""Documents with some of their values changed into strange ones, for the tests of readers."""

from __future__ import annotations

import copy
import math
from typing import Final

from hypothesis import strategies as st

from telecine.media.timeline.whole import Parsed

_STRANGE: Final[st.SearchStrategy[object]] = st.one_of(
    st.sampled_from([
        None, True, False, 0, -1, 1e308, -1e308, 10**30, 10**400, math.nan, math.inf, -math.inf,
        "", "50%", "1e9%", "nan", "{{a}}", "end", "auto", "#fff", "\ud800", "a" * 3000, [], {},
        [[]], [{}], {"$ref": "x"}, {"$ref": {"$ref": 1}}, [1, 2], [math.nan] * 4, {"x": "9" * 50},
    ]),
    st.floats(), st.integers(), st.text(max_size=8),
)  # fmt: skip
_Place = tuple[dict[str, object], str] | tuple[list[object], int]


def mutant(data: st.DataObject, documents: list[dict[str, object]]) -> object:
    """Return one of these documents with one to four of its values changed."""
    changed = copy.deepcopy(data.draw(st.sampled_from(documents)))
    for _ in range(data.draw(st.integers(1, 4))):
        places: list[_Place] = []
        _places(changed, places)
        if places:
            place = places[data.draw(st.integers(0, len(places) - 1))]
            _put(place, copy.deepcopy(data.draw(_STRANGE)))
    return changed


def _places(node: object, found: list[_Place]) -> None:
    """Collect where the values of a document are: what holds each, and its key there."""
    if isinstance(node, dict):
        for key, item in node.items():
            found.append((node, key))
            _places(item, found)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            found.append((node, index))
            _places(item, found)


def _put(place: _Place, new: object) -> None:
    holder, key = place
    holder.__setitem__(key, new)  # type: ignore[index]  # each pair fits together


def require_complete(parsed: Parsed) -> None:
    """Check that every fault says where, what, what was found and what would be right."""
    assert (parsed.timeline is None) == bool(parsed.problems)
    for problem in (*parsed.problems, *parsed.warnings):
        assert problem.code.isupper()
        assert problem.message
        assert problem.got
        assert problem.allowed
        assert len(problem.path) < 2000
        f"{problem.path}{problem.got}{problem.allowed}".encode()
