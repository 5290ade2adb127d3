"""The page of caption styles has every row of the table, with its picture."""

from __future__ import annotations

from pathlib import Path

import cv2

from telecine.media.seeing.caption_styles import DEFAULT, STYLES

_DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_every_style_is_on_the_page_with_its_picture() -> None:
    rows = [
        line.split("|")[1:4]
        for line in (_DOCS / "reference" / "caption-styles.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    assert [row[0].strip(" `") for row in rows] == list(STYLES)
    for (name, style), row in zip(STYLES.items(), rows, strict=True):
        assert style.description in row[2]
        assert ("The default." in row[2]) == (name == DEFAULT)
        place = row[1].partition("](")[2].rstrip(") ")
        assert place.endswith(f"captions/{name}.webp")
        assert cv2.imread(str(_DOCS / "reference" / place)) is not None
