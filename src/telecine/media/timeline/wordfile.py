"""Caption files: the JSON of a list of words, or an object that holds one; or SubRip, or WebVTT.

Only that is read here; what the words say, the reader of the clip looks at.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Final

import msgspec

from telecine.media.timeline import srt

#: The captions of two hours are about 2 MB.
MOST_BYTES: Final = 16 * 2**20


def decode(content: bytes) -> object:
    """Return a caption file as JSON; None where it is none, or too large."""
    if len(content) > MOST_BYTES:
        return None
    try:
        found: object = msgspec.json.decode(content.removeprefix(codecs.BOM_UTF8))
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return srt.words(srt.read(content).cues) or None
    return found


def listed(found: object) -> object:
    """Return what should be the list of words."""
    return found.get("words") or found.get("captions") if isinstance(found, Mapping) else found


def last_end_seconds(found: object) -> float | None:
    """Return when the last word ends; None where this is no list of words with times."""
    words = listed(found)
    if not isinstance(words, list) or not words:
        return None
    ends = [_end_seconds(word) for word in words]
    return None if None in ends else max(end for end in ends if end is not None)


def _end_seconds(word: object) -> float | None:
    if not isinstance(word, Mapping) or not ({"word", "punctuated_word", "text"} & word.keys()):
        return None
    for start, end, per_second in (("start", "end", 1), ("startMs", "endMs", 1000)):
        began, ended = word.get(start), word.get(end)
        if isinstance(began, int | float) and isinstance(ended, int | float):
            return float(ended) / per_second
    return None
