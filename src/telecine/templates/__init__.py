"""What a new project may begin with: one JSON file a template, in two shapes.

A file says a palette, fonts, texts and a tone once, and its compositions name them by `{{name}}`;
what comes out are plain values, so that any editor can read them. `{{accent}}80` is the accent
with an alpha. Pictures stand in for the user's own: drawings, as assets that are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import msgspec

#: What projects have that name no template, or one that is not there.
DEFAULT_ID: Final = "system_default"
_PLACE: Final = re.compile(r"\{\{([a-z][\w.-]*)\}\}")

Shape = Literal["wide", "tall"]


class Template(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One template. `fonts` are families by what they are for, `tone` is for whoever writes.

    `texts` are what its items say, by the name of the item.
    """

    id: str
    name: str
    description: str
    tone: str
    palette: Mapping[str, str]
    fonts: Mapping[str, str]
    texts: Mapping[str, str] = {}
    compositions: Mapping[Shape, dict[str, Any]]

    def composition(self, shape: Shape = "wide") -> dict[str, Any]:
        """Return a composition of one's own to change: 16:9, or `tall` 9:16."""
        values = {**self.palette, **self.fonts, **self.texts, **_pictures()}
        filled: dict[str, Any] = _filled(self.compositions[shape], values)
        return filled


@cache
def known() -> Mapping[str, Template]:
    """Return all templates by id, the default first."""
    files = [file for file in _folder().iterdir() if file.name.endswith(".json")]
    found = [msgspec.json.decode(file.read_bytes(), type=Template) for file in files]
    found.sort(key=lambda template: (template.id != DEFAULT_ID, template.name))
    return {template.id: template for template in found}


def get(template_id: str) -> Template | None:
    """Return a template; None where there is none of that id."""
    return known().get(template_id)


def default() -> Template:
    """Return what counts where no template is named."""
    return known()[DEFAULT_ID]


@cache
def _pictures() -> Mapping[str, str]:
    folder = _folder() / "pictures"
    return {
        f"picture.{file.name.removesuffix('.svg')}": file.read_text("utf-8").strip()
        for file in folder.iterdir()
    }


def _folder() -> Any:
    return resources.files(__name__)


def _filled(raw: Any, values: Mapping[str, str]) -> Any:
    """Return a copy with values in their places. Raises `KeyError` for a name that is not there."""
    if isinstance(raw, dict):
        return {name: _filled(value, values) for name, value in raw.items()}
    if isinstance(raw, list):
        return [_filled(value, values) for value in raw]
    if isinstance(raw, str):
        return _PLACE.sub(lambda place: values[place[1]], raw)
    return raw
