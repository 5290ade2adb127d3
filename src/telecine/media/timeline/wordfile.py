"""Caption files: the JSON of a list of words, or an object that holds one.

Only that is read here; what the words say, the reader of the clip looks at.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Final

import msgspec

#: The captions of two hours are about 2 MB.
MOST_BYTES: Final = 16 * 2**20


def decode(content: bytes) -> object:
    """Return the JSON of a caption file; None where it is none, or too large."""
    if len(content) > MOST_BYTES:
        return None
    try:
        found: object = msgspec.json.decode(content.removeprefix(codecs.BOM_UTF8))
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
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
        times = (word.get(start), word.get(end))
        if all(isinstance(time, int | float) for time in times):
            return float(times[1]) / per_second  # type: ignore[arg-type]
    return None
