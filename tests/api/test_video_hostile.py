"""Compositions that nobody should send: refused in the family's words, never a fault of ours.

Each document is sent as a dry run, which checks like the real thing and stores nothing.
"""

from __future__ import annotations

import copy
import json
import random
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import steps
from tests.conftest import Customer

from telecine.assembly import Telecine

DRY = "/api/v1/video?dry_run=true"
GALLERY = Path(__file__).parents[1] / "media" / "render" / "gallery"
DOCUMENTS = [json.loads(path.read_bytes()) for path in sorted(GALLERY.glob("*.json"))]
JUNK: list[Any] = [
    None, True, -1, 0, 1, 1e308, -1e308, 10**400, 1e-320, "", "NaN", "9" * 5000, "\u0000", "\ud7ff",
    "auto", "end", "{{a}}", [], {}, [[]], {"$ref": "none"}, [None] * 50, {"a": {"b": []}},
    "file:///etc/passwd", "http://127.0.0.1/", "data:,x", "100%", "-5%", "#ggg", "javascript:x",
]  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside of a document."""
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        return []
    return [(value, key) for key, _ in pairs] + [
        each for _, inner in pairs for each in places(inner)
    ]


def mutate(document: Any, chance: random.Random) -> Any:
    """Change, delete, double or exchange something, up to four times."""
    changed = copy.deepcopy(document)
    for _ in range(chance.randint(1, 4)):
        found = places(changed)
        if not found:
            break
        holder, key = chance.choice(found)
        match chance.randrange(4):
            case 0:
                holder[key] = copy.deepcopy(chance.choice(JUNK))
            case 1:
                del holder[key]
            case 2 if isinstance(holder, list):
                holder.extend([holder[key]] * chance.choice((1, 30)))
            case _:
                other, name = chance.choice(found)
                holder[key] = copy.deepcopy(other[name])
    return changed


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(index=st.integers(0, len(DOCUMENTS) - 1), seed=st.integers(0, 2**32))
def test_a_mutated_composition_is_quoted_or_refused(
    anybody: httpx2.Client, telecine: Telecine, index: int, seed: int
) -> None:
    # The minute of the rate limit goes by.
    telecine.clock.advance(seconds=61)  # type: ignore[attr-defined]
    shown = mutate(DOCUMENTS[index], random.Random(seed))
    answer = anybody.post(DRY, content=json.dumps({"config": shown}))
    assert answer.status_code in {200, 400}, (answer.text, shown)
    if answer.status_code == 400:
        assert answer.json()["code"] in {"INVALID_CONFIG", "INVALID_REQUEST"}


def _config(**meta: Any) -> dict[str, Any]:
    clip = {"type": "text", "text": "a", "start": 0, "duration": 1}
    return {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5, **meta},
        "tracks": [{"clips": [clip]}],
    }


def _clips(number: int) -> dict[str, Any]:
    shown = _config()
    shown["tracks"][0]["clips"] *= number
    return shown


def _nested_layouts(depth: int) -> dict[str, Any]:
    shown = _config()
    clip = shown["tracks"][0]["clips"][0]
    for _ in range(depth):
        clip = {"type": "layout", "start": 0, "duration": 1, "children": [clip]}
    shown["tracks"][0]["clips"] = [clip]
    return shown


def _cycle() -> dict[str, Any]:
    shown = _config()
    shown["variables"] = {"a": "{{b}}", "b": "{{a}}"}
    shown["assets"] = {"x": {"type": "image", "src": {"$ref": "x"}}}
    shown["tracks"][0]["clips"] = [
        {"type": "text", "text": "{{a}}", "start": 0, "duration": 1},
        {"type": "image", "src": {"$ref": "x"}, "start": 0, "duration": 1},
    ]
    return shown


HOSTILE = {
    "too large": _config(width=100_000, height=100_000),
    "too fast": _config(fps=1000),
    "no rate": _config(fps=0),
    "too many clips": _clips(100_000),
    "nested layouts": _nested_layouts(200),
    "references in a ring": _cycle(),
    "a font that is none": {
        **_config(),
        "assets": {"fonts": [{"id": "f", "family": "F", "src": "file:///etc/passwd"}]},
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_composition_is_refused_soon_and_costs_nothing(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, name: str
) -> None:
    started = time.monotonic()
    answer = anybody.post("/api/v1/video", content=json.dumps({"config": HOSTILE[name]}))
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CONFIG"), answer.text
    assert time.monotonic() - started < 20
    steps.assert_untouched(telecine, customer.account)


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_endless_nesting_is_refused(anybody: httpx2.Client, bracket: str) -> None:
    for content in (f'{{"config":{bracket * 10_000}', bracket * 10_000):
        assert anybody.post("/api/v1/video", content=content).status_code == 400
        assert anybody.post("/api/v1/preview", content=content).status_code == 400
