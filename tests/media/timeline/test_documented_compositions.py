"""The reference of compositions is held to the reader: its examples parse, its names are all there.

The names are taken from the reader's own code: what it asks a `Node` for by a literal.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import pytest

from telecine.media.timeline import model, rv
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.easing import EASINGS
from telecine.media.timeline.rv_captions import PRESETS
from telecine.media.timeline.rv_content import CLIP_TYPES
from telecine.media.timeline.rv_more import MORE_ANIMATIONS
from telecine.media.timeline.rv_motion import RANGES
from telecine.media.timeline.rv_unknown import KNOWN
from telecine.media.timeline.template_stage import PALETTES
from telecine.media.timeline.templates import TEMPLATES

_ROOT: Final = Path(__file__).resolve().parents[3]
_REFERENCE: Final = _ROOT / "docs" / "reference"
_PAGE: Final = (_REFERENCE / "compositions.md").read_text("utf-8")
_IN_FRAMES: Final = (_REFERENCE / "compositions-remotion.md").read_text("utf-8")
_EXAMPLES: Final = [
    example
    for page in (_PAGE, _IN_FRAMES)
    for example in re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
]
_READER: Final = Path(rv.__file__).parent
_FILES: Final = sorted(
    [
        *_READER.glob("rv*.py"),
        *_READER.glob("template*.py"),
        _READER / "scene.py",
        _READER / "whole.py",
    ]
)
_READ_BY: Final = frozenset(
    {"get", "has", "node", "required", "number", "maybe", "flag", "choice", "text", "items", "over"}
)
_READ_BY_MANY: Final = frozenset({"first", "entries", "text"})

#: Those that read clips; templates read their data.
_READERS: Final = sorted(
    {*_READER.glob("rv_*.py"), _READER / "templates.py"} - {_READER / "rv_unknown.py"}
)
#: Names in objects that are not looked at: ducking, words, chroma keys, trims, boxes,
#: filters; and a value.
_INSIDE: Final = frozenset(
    {
        "$ref",
        "remoteUrl",
        "amount",
        "attack",
        "release",
        "targets",
        "blend",
        "zIndexOffset",
        "similarity",
        "end",
        "captions",
        "word",
        "punctuated_word",
        "startMs",
        "endMs",
        "break",
        "horizontalPadding",
        "verticalPadding",
        "blur",
        "intensity",
        "weight",
        "one-dark",
    }
)


def _asked_for(path: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        name = call.func.attr
        arguments = call.args if name in _READ_BY_MANY else call.args[:1]
        if name in _READ_BY | _READ_BY_MANY:
            for argument in arguments:
                yield from _literals(argument)


def _literals(argument: ast.expr) -> Iterator[str]:
    """Yield a literal, or both of `"one" if … else "other"`."""
    if isinstance(argument, ast.IfExp):
        yield from _literals(argument.body)
        yield from _literals(argument.orelse)
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value


def _is_named(name: str, page: str = _PAGE) -> bool:
    return re.search(rf"`{re.escape(name)}`", page) is not None


def _is_shown(name: str) -> bool:
    """Say whether it is in a code span, alone or among others: `{"$ref": …}`."""
    return any(name in span for span in re.findall(r"`([^`\n]+)`", _PAGE))


@pytest.mark.parametrize("example", _EXAMPLES, ids=range(len(_EXAMPLES)))
def test_an_example_is_without_fault(example: str) -> None:
    parsed = parse(json.loads(example))
    assert parsed.problems == parsed.warnings == ()
    assert parsed.timeline is not None
    assert parsed.timeline.duration_frames > 0


def test_there_are_examples() -> None:
    assert len(_EXAMPLES) >= 6


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_every_field_that_is_read_is_named(path: Path) -> None:
    fields = set(_asked_for(path)) - {""}
    missing = {name for name in fields if not _is_named(name) and not _is_shown(f'"{name}"')}
    assert missing == set()


@pytest.mark.parametrize("name", ["remotion.py", "remotion_items.py", "whole.py"])
def test_every_field_of_the_dialect_in_frames_is_named(name: str) -> None:
    fields = set(_asked_for(_READER / name)) - {
        "",
        "property",
        "frames",
        "config",
        "transform",
        "value",
    }
    assert [field for field in sorted(fields) if not _is_named(field, _IN_FRAMES)] == []


@pytest.mark.parametrize("sort", ["composition", "track of items", "item"])
def test_every_field_that_is_known_in_frames_is_named(sort: str) -> None:
    elsewhere = KNOWN["clip"] | KNOWN["style"]
    names = KNOWN[sort] - elsewhere
    assert [name for name in sorted(names) if not _is_named(name, _IN_FRAMES)] == []


@pytest.mark.parametrize("path", _READERS, ids=lambda path: path.stem)
def test_no_field_that_is_read_is_called_unknown(path: Path) -> None:
    known = frozenset().union(*KNOWN.values()) | _INSIDE
    assert set(_asked_for(path)) - {""} - known == set()


def test_the_fields_were_found() -> None:
    found = {name for path in _FILES for name in _asked_for(path)}
    assert len(found) > 200
    assert {"fps", "kenBurns", "textAlign", "align", "variant", "leftTitle"} - found == {
        "leftTitle"
    }


@pytest.mark.parametrize(
    "names",
    [
        CLIP_TYPES,
        TEMPLATES,
        PRESETS,
        PALETTES,
        RANGES,
        MORE_ANIMATIONS,
        get_args(model.AnimationKind),
        get_args(model.TransitionKind),
        get_args(model.FilterKind),
        get_args(model.BlendMode),
        get_args(model.Direction),
        get_args(model.Fit),
    ],
)
def test_every_name_that_may_be_chosen_is_named(names: Any) -> None:
    assert [name for name in names if not _is_named(name)] == []


def test_every_easing_can_be_put_together_from_the_page() -> None:
    ways = [way for way in ("easeInOut", "easeIn", "easeOut") if _is_named(way)]
    for name in EASINGS:
        way = next((way for way in ways if name.startswith(way)), "")
        assert _is_named(name) or (way and _is_named(name.removeprefix(way))), name


def test_every_code_is_explained() -> None:
    said = set()
    for path in [*_FILES, *_READER.glob("remotion*.py"), _READER / "reader.py"]:
        said |= set(re.findall(r'"([A-Z][A-Z_]{3,})"', path.read_text("utf-8")))
    codes = sorted(said - {"NEWS"})
    assert [code for code in codes if not _is_named(code, _PAGE + _IN_FRAMES)] == []
