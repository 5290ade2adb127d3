"""Both dialects of video JSON by one door: which one a document is in is told by its keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from telecine.media.timeline.remotion import parse_remotion
from telecine.media.timeline.rv import parse_rv
from telecine.media.timeline.scene import Lookup
from telecine.media.timeline.whole import Parsed

__all__ = ["Dialect", "Parsed", "dialect", "parse"]

Dialect = Literal["rv", "remotion"]

_REMOTION: Final = frozenset(
    {"compositionWidth", "compositionHeight", "items", "fps", "durationInFrames"}
)


def parse(document: object, *, lookup: Lookup | None = None, usual: Dialect = "rv") -> Parsed:
    """Translate a document of either dialect, or say what is wrong with it; never raises.

    `usual` is how a document is read that says too little: there is nothing to see in it.
    """
    reader = parse_remotion if dialect(document, usual=usual) == "remotion" else parse_rv
    return reader(document, lookup=lookup)


def dialect(document: object, *, usual: Dialect = "rv") -> Dialect:
    """Return the dialect whose own words the root has; `usual` where it has none of either."""
    if not isinstance(document, Mapping):
        return usual
    if "meta" in document:
        return "rv"
    return "remotion" if _REMOTION & document.keys() else usual
