"""Project templates as they are drawn: every text and every picture is seen, and stays in its box."""

from __future__ import annotations

import functools
from typing import Any, Final, NoReturn

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from telecine import templates
from telecine.media.render.storyboard import still
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.model import Source
from telecine.templates import Shape, Template

_DESIGNED: Final = [
    each for each in templates.known().values() if each.compositions["wide"]["items"]
]
#: Drawn at a quarter of the size.
_SHRUNK: Final = 4


def _none(source: Source) -> NoReturn:
    raise AssertionError(f"a template has no files: {source.src}")


def _drawn(composition: dict[str, Any], frame: int) -> npt.NDArray[np.int16]:
    timeline = parse(composition).timeline
    assert timeline is not None
    size = (timeline.width // _SHRUNK // 2 * 2, timeline.height // _SHRUNK // 2 * 2)
    png = still(timeline, find=_none, frame=frame, size=size)
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels.astype(np.int16)


def _without(composition: dict[str, Any], name: str) -> dict[str, Any]:
    items = composition["items"]
    return {**composition, "items": {**items, name: {**items[name], "hidden": True}}}


@pytest.mark.parametrize("template", _DESIGNED, ids=lambda template: template.id)
@pytest.mark.parametrize("shape", ["wide", "tall"])
def test_a_text_that_is_twice_as_long_is_seen_and_stays_in_its_box(
    template: Template, shape: Shape
) -> None:
    composition = template.composition(shape)
    texts = [name for name, item in composition["items"].items() if item["type"] == "text"]
    for name in texts:
        composition["items"][name]["text"] += f" {composition['items'][name]['text']}"
    whole = functools.cache(lambda frame: _drawn(composition, frame))
    for name in texts:
        item = composition["items"][name]
        frame = item["from"] + int(0.8 * item["durationInFrames"])

        changed = np.abs(whole(frame) - _drawn(_without(composition, name), frame))

        rows, columns = np.nonzero(changed.max(axis=2) > 24)
        assert len(rows) > 20, name
        slack = 2
        assert columns.min() >= item["left"] / _SHRUNK - slack, name
        assert columns.max() <= (item["left"] + item["width"]) / _SHRUNK + slack, name
        assert rows.min() >= item["top"] / _SHRUNK - slack, name
        assert rows.max() <= (item["top"] + item["height"]) / _SHRUNK + slack, name
