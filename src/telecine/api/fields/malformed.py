"""What is no JSON -> a sentence that says what and where, for people who wrote it by hand."""

from __future__ import annotations

import math
import re
from typing import Final

import msgspec

from telecine.media.timeline.reader import Problem

#: What the decoder raises.
ERRORS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_AT: Final = re.compile(r"(?:JSON is malformed: )?(.*?) \(byte (\d+)\)")
#: Begins where digits begin, or each digit of a long number would be tried anew.
_NUMBER: Final = re.compile(rb"(?<![\d.])\d+(?:\.\d+)?[eE]\+?\d+")
#: A backslash, both halves of a character beyond 16 bits, or (the group) one half alone.
_HALF: Final = re.compile(rb"\\\\|\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(\\u[dD][89a-fA-F]\w\w)")
_NO_NUMBERS: Final = (b"NaN", b"Infinity", b"-Infinity")


def fault(raw: bytes, error: Exception, *, subject: str) -> Problem:
    """Word what the decoder raised of a text; `subject` is what the place is counted in."""
    why, start = _why(raw, error)
    place = ""
    if start is not None:
        line = raw.count(b"\n", 0, start) + 1
        column = start - raw.rfind(b"\n", 0, start)
        place = f", line {line}, column {column}"
    return Problem(
        path="",
        code="JSON",
        message=f"{subject} is not JSON{place}: {why}.",
        got="" if start is None else repr(raw[start : start + 20].decode("utf-8", "replace")),
        allowed="JSON in UTF-8",
    )


def _why(raw: bytes, error: Exception) -> tuple[str, int | None]:
    """Return the reason, and at which byte, where that is known."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as broken:
        return "this is not UTF-8", broken.start
    if isinstance(error, RecursionError):
        return "it is nested too deep", None
    if isinstance(error, msgspec.ValidationError):
        far = (each for each in _NUMBER.finditer(raw) if math.isinf(float(each[0])))
        first = next(far, None)
        return "a number is too large", None if first is None else first.start()
    half = next((each.start() for each in _HALF.finditer(raw) if each[1]), None)
    if half is not None:
        return "half of a character, as when an emoji is cut in two", half
    found = _AT.fullmatch(str(error))
    if found is None:
        return "it ends too early", max(len(raw.rstrip()) - 1, 0)
    start = int(found[2])
    if raw.startswith(_NO_NUMBERS, start):
        return "NaN and Infinity are no numbers of JSON", start
    return found[1], start
