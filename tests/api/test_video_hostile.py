"""Compositions that nobody should send: refused in the family's words, never a fault of ours.

Each document is sent as a dry run, which checks like the real thing and stores nothing.
"""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import samples, steps
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
    max_examples=200,
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


def _template(**data: Any) -> dict[str, Any]:
    shown = _config()
    clip = {"type": "template", "template": "quote", "data": data, "start": 0, "duration": 1}
    shown["tracks"][0]["clips"] = [clip]
    return shown


def _ring_of_templates() -> dict[str, Any]:
    """A template whose text is an asset that is that template again."""
    shown = _template(text={"$ref": "t"})
    clip = shown["tracks"][0]["clips"][0]
    shown["assets"] = {"t": {"type": "template", "src": {"$ref": "t"}, **clip}}
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
    "templates in a ring": _ring_of_templates(),
    "a template of nothing": _template(text={"template": "quote"}),
    "a font that is none": {
        **_config(),
        "assets": {"fonts": [{"id": "f", "family": "F", "src": "file:///etc/passwd"}]},
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_composition_is_refused_soon_and_costs_nothing(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, name: str
) -> None:
    started = time.process_time()
    content = json.dumps({"config": HOSTILE[name]})
    for path, body in {"video": content, "preview": json.dumps(HOSTILE[name])}.items():
        answer = anybody.post(f"/api/v1/{path}", content=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CONFIG"), answer.text
    assert time.process_time() - started < 30  # it ends: no figure, machines differ
    steps.assert_untouched(telecine, customer.account)


CLIP = '{"type":"text","text":"a","start":0,"duration":1}'
HEAD = '{"config":{"meta":{"version":"2.0.0","width":160,"height":90,"fps":5},"tracks":[{"clips":['
TAIL = "]}]}}"
NEXT = ']},{"clips":['
LAYOUT = '{"type":"layout","start":0,"duration":1,"children":['
#: What stands between head and tail; made when it is needed, for some of it is large.
TOO_MUCH: dict[str, Callable[[], str]] = {
    "50 MB": lambda: CLIP.replace("a", "a" * 50_000_000),
    "a million clips": lambda: ",".join([CLIP] * 1_000_000),
    # What is smaller than the limit, and yet a million.
    "a million objects": lambda: ",".join(["{}"] * 1_000_000),
    "a million objects in tracks": lambda: NEXT.join([",".join(["{}"] * 1000)] * 1000),
    "10,000 layouts": lambda: f"{LAYOUT * 10_000}{CLIP}{']}' * 10_000}",
    "400 layouts": lambda: f"{LAYOUT * 400}{CLIP}{']}' * 400}",
    "NaN": lambda: CLIP.replace("0", "NaN"),
    "infinity": lambda: CLIP.replace("0", "-Infinity"),
    "1e999": lambda: CLIP.replace("0", "1e999"),
    "a long number": lambda: CLIP.replace("0", "9" * 5000),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_much_to_read_is_refused_soon_and_costs_nothing(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, name: str
) -> None:
    content = f"{HEAD}{TOO_MUCH[name]()}{TAIL}"
    started = time.process_time()
    for path in ("/api/v1/video", DRY):
        answer = anybody.post(path, content=content)
        if len(content) > telecine.settings.max_composition_bytes:
            assert (answer.status_code, answer.json()["code"]) == (413, "FILE_TOO_LARGE")
        else:
            assert answer.status_code == 400, answer.text
            assert answer.json()["code"] in {"INVALID_CONFIG", "INVALID_REQUEST"}
    assert time.process_time() - started < 30  # it ends: no figure, machines differ
    steps.assert_untouched(telecine, customer.account)


def _sources(src: str) -> dict[str, dict[str, Any]]:
    """A composition for each place at which a file may be named."""
    named: list[dict[str, Any]] = [
        {"type": "image", "src": src},
        {"type": "video", "src": src},
        {"type": "audio", "src": src},
        {"type": "svg", "src": src},
        {"type": "waveform", "src": src},
        {"type": "subtitle", "words": {"src": src}},
        {"type": "image", "src": {"$ref": "x"}},
        {"type": "layout", "children": [{"type": "image", "src": src}]},
        {"type": "template", "template": "slideshow", "data": {"images": [src]}},
    ]
    shown = {f"{index} {clip['type']}": clip for index, clip in enumerate(named)}
    made: dict[str, dict[str, Any]] = {}
    for name, clip in shown.items():
        made[name] = _config()
        made[name]["tracks"][0]["clips"] = [{"start": 0, "duration": 1, **clip}]
        made[name]["assets"] = {"x": {"type": "image", "src": src}}
    made["font"] = _config()
    made["font"]["assets"] = {"fonts": [{"id": "f", "family": "F", "src": src}]}
    made["variable"] = _config()
    made["variable"]["variables"] = {"a": src}
    made["variable"]["tracks"][0]["clips"] = [
        {"type": "image", "src": "{{a}}", "start": 0, "duration": 1}
    ]
    return made


@pytest.mark.parametrize("src", ["file:///etc/passwd", "http://127.0.0.1/a", "/etc/passwd"])
def test_no_place_leads_to_files_or_addresses_of_ours(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, src: str
) -> None:
    telecine.clock.advance(seconds=61)  # type: ignore[attr-defined]
    for name, shown in _sources(src).items():
        answer = anybody.post("/api/v1/video", json={"config": shown})
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CONFIG"), name
        assert [each["code"] for each in answer.json()["details"]["errors"]] == ["SOURCE"], name
    steps.assert_untouched(telecine, customer.account)


def test_a_font_that_is_none_fails_the_render_and_costs_nothing(
    anybody: httpx2.Client, telecine: Telecine
) -> None:
    before = anybody.get("/api/v1/credits").json()["credits"]
    picture = ("a.png", samples.astronaut().read_bytes())
    (asset,) = anybody.post("/api/v1/upload", files=[("file", picture)]).json()["assets"]
    shown = _config()
    shown["assets"] = {"fonts": [{"id": "f", "family": "F", "src": asset["id"]}]}
    shown["tracks"][0]["clips"][0]["style"] = {"fontFamily": "F"}
    task_id = anybody.post("/api/v1/video", json={"config": shown}).json()["taskId"]
    begun = anybody.post(f"/api/v1/video/{task_id}/render").json()
    steps.run(telecine, begun["renderTaskId"])
    told = anybody.get(f"/api/v1/video/{task_id}").json()
    assert (told["status"], told["videoUrl"]) == ("failed", None)
    assert "font" in told["error"]
    assert "(assets.fonts[0]" in told["error"], told["error"]
    assert anybody.get("/api/v1/credits").json()["credits"] == before


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_endless_nesting_is_refused(anybody: httpx2.Client, bracket: str) -> None:
    for content in (f'{{"config":{bracket * 10_000}', bracket * 10_000):
        assert anybody.post("/api/v1/video", content=content).status_code == 400
        assert anybody.post("/api/v1/preview", content=content).status_code == 400
