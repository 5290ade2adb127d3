"""The bundled icon sets: `lucide:house` by name to SVG.

The sets are Iconify's JSON as their packages ship it, fetched with the front-end libraries:
for each set a folder of its name with `icons.json`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from telecine.kit.errors import InvalidRequestError
from telecine.media.timeline.model import Colour

_SETS: Final = Path(__file__).parent / "vendor" / "icons"
_MOST_ALIASES: Final = 5
_USUAL_SIDE: Final = 16.0  # Iconify's, where neither the icon nor its set says


def icon_sets() -> tuple[str, ...]:
    """Return the names of the sets that are here."""
    return tuple(sorted(path.parent.name for path in _SETS.glob("*/icons.json")))


def icon_names(set_name: str) -> tuple[str, ...]:
    """Return the names of a set's icons, aliases included."""
    found = _icon_set(set_name)
    return (*found["icons"], *found.get("aliases", ()))


def icon_markup(name: str, *, colour: Colour, field: str) -> bytes:
    """Return an icon as SVG, `colour` where it leaves the colour open.

    Raises `InvalidRequestError` that names `field` and the nearest icons there are.
    """
    set_name, _, short = name.partition(":")
    if set_name not in icon_sets():
        known = ", ".join(icon_sets()) or "none; run ./telecine once to fetch them"
        raise InvalidRequestError(
            f"No icon set is called {set_name[:40]!r}. There are: {known}.", field=field
        )
    found = _resolved(_icon_set(set_name), short)
    if found is None:
        near = difflib.get_close_matches(short[:64], icon_names(set_name), n=4, cutoff=0.5)
        hint = " Near ones: " + ", ".join(f"{set_name}:{each}" for each in near) + "."
        raise InvalidRequestError(
            f"No icon is called {name[:80]!r}.{hint if near else ''}", field=field
        )
    return _markup(found, colour)


@cache
def _icon_set(name: str) -> Mapping[str, Any]:
    # The package is pinned by its digest: what it holds is as trusted as code.
    loaded: Mapping[str, Any] = json.loads((_SETS / name / "icons.json").read_text("utf-8"))
    return loaded


def _resolved(icons: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Follow aliases to an icon; what they turn and mirror adds up."""
    turned = {"rotate": 0, "hFlip": False, "vFlip": False}
    for _ in range(_MOST_ALIASES):
        if icon := icons["icons"].get(name):
            sides = {key: icons.get(key) for key in ("left", "top", "width", "height")}
            return {**sides, **icon, **turned}
        alias = icons.get("aliases", {}).get(name)
        if alias is None:
            return None
        turned["rotate"] = (turned["rotate"] + alias.get("rotate", 0)) % 4
        for key in ("hFlip", "vFlip"):
            turned[key] = turned[key] != alias.get(key, False)
        name = alias["parent"]
    return None


def _markup(icon: Mapping[str, Any], colour: Colour) -> bytes:
    left, top = icon["left"] or 0, icon["top"] or 0
    width, height = icon["width"] or _USUAL_SIDE, icon["height"] or _USUAL_SIDE
    x, y = left + width / 2, top + height / 2
    steps = f"translate({x} {y}) rotate({90 * icon['rotate']}) "
    steps += f"scale({-1 if icon['hFlip'] else 1} {-1 if icon['vFlip'] else 1}) "
    steps += f"translate({-x} {-y})"
    parts = (round(255 * part) for part in (colour.red, colour.green, colour.blue))
    tint = "#" + "".join(f"{part:02x}" for part in parts)
    return (
        f'<svg viewBox="{left} {top} {width} {height}" color="{tint}">'
        f'<g opacity="{colour.alpha:.6g}" transform="{steps}">{icon["body"]}</g></svg>'
    ).encode()
