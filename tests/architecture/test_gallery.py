"""The gallery is complete: a picture, a place on the page and a parse without fault for each."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import pytest

from telecine.media.timeline.dialects import parse

ROOT = Path(__file__).resolve().parents[2]
GALLERY = ROOT / "tests" / "media" / "render" / "gallery"
PICTURES = ROOT / "docs" / "pictures" / "gallery"
DOCUMENTS = sorted([*GALLERY.glob("*.json"), *(GALLERY / "pictured").glob("*.json")])
SOURCES = sorted((GALLERY / "pictured" / "sources").glob("*.json"))
PAGE = (ROOT / "docs" / "gallery.md").read_text("utf-8")
MAX_BYTES = 60_000


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_gallery_document_is_on_the_page_with_its_picture(path: Path) -> None:
    picture = PICTURES / f"{path.stem}.webp"
    assert f"](pictures/gallery/{picture.name})" in PAGE
    assert f"](../{path.relative_to(ROOT)})" in PAGE
    assert picture.stat().st_size < MAX_BYTES
    assert cv2.imread(str(picture)) is not None


@pytest.mark.parametrize("path", [*DOCUMENTS, *SOURCES], ids=lambda path: path.stem)
def test_a_gallery_document_is_small_and_without_fault(path: Path) -> None:
    parsed = parse(json.loads(path.read_text("utf-8")))
    assert parsed.problems == parsed.warnings == ()
    timeline = parsed.timeline
    assert timeline is not None
    assert (timeline.width, timeline.height) == (320, 180)
    assert timeline.frame_rate == 10
    assert timeline.duration_frames <= 20


def test_the_document_of_the_readme_is_without_fault_and_has_its_picture() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (shown,) = re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    parsed = parse(json.loads(shown))
    assert parsed.problems == parsed.warnings == ()
    picture = PICTURES.parent / "composition.webp"
    assert picture.stat().st_size < MAX_BYTES
    assert f"](docs/pictures/{picture.name})" in text


def test_no_picture_is_left_over() -> None:
    pictures = {path.stem for path in PICTURES.iterdir()}
    assert pictures == {path.stem for path in DOCUMENTS}
    assert len(re.findall(r"!\[", PAGE)) == len(DOCUMENTS)


def test_the_films_in_the_gallery_are_drawn_from_documents_beside_it() -> None:
    named = {
        Path(source.src).stem
        for path in DOCUMENTS
        for source in parse(json.loads(path.read_text("utf-8"))).sources
        if not source.src.endswith(".wav")
    }
    assert named == {path.stem for path in SOURCES}
