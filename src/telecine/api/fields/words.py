"""Words that clients choose: labels on one line, choices among known ones, how many of a list."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final, TypeVar

from starlette.requests import Request

from telecine.kit.errors import InvalidRequestError

E = TypeVar("E", bound=StrEnum)

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


def label(value: str | None, field: str, *, most: int = 200) -> str | None:
    """Return text on one line without the space around it; None where there is none."""
    if value is None:
        return None
    is_clean = all(unicodedata.category(c) not in {"Cc", "Cs"} for c in value)
    if len(value) > most or not is_clean:
        raise InvalidRequestError(
            f"'{field}' is text of at most {most} characters on one line.", field=field
        )
    return value.strip() or None


def choice(request: Request, name: str, known: type[E]) -> E | None:
    """Return a parameter of the query that is one of a few words; None where it is not there."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if text not in set(known):
        raise InvalidRequestError(f"'{name}' is one of {', '.join(known)}.", field=name)
    return known(text)


def clamped(request: Request, name: str, *, default: int, most: int) -> int:
    """Return a number of the query, moved between 1 and `most`; the default where it is none."""
    text = request.query_params.get(name, "").strip()
    return min(max(int(text), 1), most) if _NUMBER.fullmatch(text) else default
