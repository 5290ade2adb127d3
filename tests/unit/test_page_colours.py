"""The colours of pages.css: readable by WCAG's measure, by day and by night."""

from __future__ import annotations

import re

import pytest

from telecine.api.platform import STATIC

#: Contrast of text, level AA: https://www.w3.org/TR/WCAG22/#contrast-minimum
AA = 4.5
STYLES = (STATIC / "pages.css").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", STYLES, re.DOTALL)
)
ON_GROUND = [
    (ink, ground) for ink in ("ink", "quiet", "accent", "bad") for ground in ("ground", "card")
]


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("ink", "ground"), [*ON_GROUND, ("button-ink", "button")])
@pytest.mark.parametrize("colours", [LIGHT, {**LIGHT, **DARK}], ids=["light", "dark"])
def test_text_is_readable(colours: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(colours[ink], colours[ground]) >= AA
