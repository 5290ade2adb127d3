"""Project templates: every file is whole, in both shapes, and stands the user's own words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import cv2
import pytest

from telecine import templates
from telecine.media.timeline.dialects import parse
from telecine.templates import Shape, Template

_ROOT: Final = Path(__file__).resolve().parents[2]
_PAGE: Final = (_ROOT / "docs" / "reference" / "templates.md").read_text("utf-8")
_ALL: Final = list(templates.known().values())
_DESIGNED: Final = [each for each in _ALL if each.id != templates.DEFAULT_ID]
_SHAPES: Final[tuple[Shape, ...]] = ("wide", "tall")
#: As far from the edge as all players show, a share of the shorter side.
_MARGIN: Final = 0.05

each_template = pytest.mark.parametrize("template", _DESIGNED, ids=lambda template: template.id)
each_shape = pytest.mark.parametrize("shape", _SHAPES)


def _texts(composition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: item for name, item in composition["items"].items() if item["type"] == "text"}


def test_there_are_five_and_the_default() -> None:
    assert _ALL[0].id == "system_default"
    assert {template.id for template in _DESIGNED} == {
        "title-opener", "quote-card", "product-promo", "slideshow", "news-lower-third",
    }  # fmt: skip


def test_a_template_is_found_by_its_id() -> None:
    found = templates.get("quote-card")

    assert found is not None
    assert found.fonts == {"heading": "Playfair Display", "body": "Inter"}
    assert templates.get("review-owl") is None


def test_the_default_is_the_documented_empty_composition() -> None:
    assert templates.default().composition() == {
        "fps": 30, "compositionWidth": 1920, "compositionHeight": 1080, "tracks": [], "items": {},
        "assets": {},
    }  # fmt: skip


@pytest.mark.parametrize("template", _ALL, ids=lambda template: template.id)
@each_shape
def test_both_shapes_are_without_fault(template: Template, shape: Shape) -> None:
    composition = template.composition(shape)

    parsed = parse(composition)

    assert parsed.problems == ()
    assert [warning.code for warning in parsed.warnings if warning.code != "EMPTY"] == []
    assert parsed.timeline is not None
    size = (parsed.timeline.width, parsed.timeline.height)
    assert size == ((1920, 1080) if shape == "wide" else (1080, 1920))
    assert "{{" not in json.dumps(composition)


@each_template
@each_shape
def test_texts_shrink_and_stay_within_the_margins(template: Template, shape: Shape) -> None:
    composition = template.composition(shape)
    width, height = composition["compositionWidth"], composition["compositionHeight"]
    margin = _MARGIN * min(width, height)

    for name, text in _texts(composition).items():
        assert text["fitText"] == "shrink", name
        assert text["left"] >= margin, name
        assert text["left"] + text["width"] <= width - margin, name
        assert text["top"] >= margin, name
        assert text["top"] + text["height"] <= height - margin, name


@each_template
@each_shape
def test_writing_is_large_enough_to_be_read_on_a_phone(template: Template, shape: Shape) -> None:
    composition = template.composition(shape)
    shorter = min(composition["compositionWidth"], composition["compositionHeight"])

    for name, text in _texts(composition).items():
        assert text["fontSize"] >= 0.025 * shorter, name


@each_template
def test_both_shapes_have_the_same_items(template: Template) -> None:
    wide, tall = (template.composition(shape) for shape in _SHAPES)

    assert wide["items"].keys() == tall["items"].keys()
    assert wide["assets"] == tall["assets"]


@each_template
@each_shape
def test_every_text_is_said_by_an_item(template: Template, shape: Shape) -> None:
    said = {text["text"] for text in _texts(template.composition(shape)).values()}

    assert set(template.texts.values()) <= said


@each_template
def test_colours_and_fonts_are_those_of_the_template(template: Template) -> None:
    composition = template.composition()
    written = set(re.findall(r"#[0-9a-f]{6}", json.dumps(composition["items"])))
    fonts = {text["fontFamily"] for text in _texts(composition).values()}

    assert written <= {*template.palette.values(), "#000000", "#ffffff"} | set(
        re.findall(r"#[0-9a-f]{6}", json.dumps(composition["assets"]))
    )
    assert fonts <= set(template.fonts.values())


def test_a_composition_is_ones_own_to_change() -> None:
    template = templates.get("title-opener")
    assert template is not None

    template.composition()["items"]["title"]["text"] = "Mine"

    assert template.composition()["items"]["title"]["text"] == template.texts["title"]


def test_the_example_on_the_page_changes_a_title_and_nothing_else() -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)
    template = templates.get("title-opener")
    assert template is not None
    composition = template.composition()

    for name, fields in json.loads(example)["items"].items():
        assert fields.keys() <= composition["items"][name].keys()
        composition["items"][name] |= fields

    parsed = parse(composition)
    assert parsed.problems == parsed.warnings == ()
    assert composition["items"]["title"]["text"] == "Nine days on foot"


@pytest.mark.parametrize("template", _ALL, ids=lambda template: template.id)
def test_a_template_is_on_its_page(template: Template) -> None:
    assert f"`{template.id}`" in _PAGE
    for shape in _SHAPES if template in _DESIGNED else ():
        name = f"{template.id}-{shape}.webp"
        picture = _ROOT / "docs" / "pictures" / "templates" / name
        assert f"](../pictures/templates/{name})" in _PAGE
        assert picture.stat().st_size < 60_000
        assert cv2.imread(str(picture)) is not None


@each_template
def test_its_texts_and_pictures_are_named_on_its_page(template: Template) -> None:
    (part,) = re.findall(rf"^## {template.id}\n(.*?)^## ", _PAGE, re.MULTILINE | re.DOTALL)
    composition = template.composition()

    for name in (*_texts(composition), *composition["assets"], *template.palette.values()):
        assert f"`{name}`" in part
