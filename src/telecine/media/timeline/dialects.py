"""Both dialects of video JSON by one door: which one a document is in is told by its keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from telecine.media.timeline.remotion import parse_remotion
from telecine.media.timeline.rv import parse_rv
from telecine.media.timeline.scene import Lookup
from telecine.media.timeline.whole import Parsed

__all__ = ["Parsed", "dialect", "parse"]

_REMOTION: Final = frozenset({"compositionWidth", "compositionHeight", "items", "fps"})


def parse(document: object, *, lookup: Lookup | None = None) -> Parsed:
    """Translate a document of either dialect, or say what is wrong with it; never raises."""
    reader = parse_remotion if dialect(document) == "remotion" else parse_rv
    return reader(document, lookup=lookup)


def dialect(document: object) -> Literal["rv", "remotion"]:
    """Return `remotion` where the root says what only that dialect says there."""
    if isinstance(document, Mapping) and "meta" not in document and _REMOTION & document.keys():
        return "remotion"
    return "rv"
