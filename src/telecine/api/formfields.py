"""Text fields of a form -> numbers, choices, flags; every refusal names its field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from telecine.kit.errors import InvalidRequestError

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})
_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})", re.ASCII)


def text(fields: Mapping[str, str], name: str) -> str | None:
    """Return a field without surrounding space; None where it is absent or empty."""
    return fields.get(name, "").strip() or None


def number(fields: Mapping[str, str], name: str) -> float | None:
    """Return a field as a finite number, or None where it is absent or empty."""
    value = text(fields, name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value) or not math.isfinite(float(value)):
        raise InvalidRequestError(
            f"'{name}' must be a number; {quoted(value)} is none.", field=name
        )
    return float(value)


def integer(fields: Mapping[str, str], name: str) -> int | None:
    """Return a field as a whole number, or None where it is absent or empty."""
    value = number(fields, name)
    if value is None:
        return None
    if value != int(value):
        raise InvalidRequestError(f"'{name}' must be a whole number.", field=name)
    return int(value)


def positive(fields: Mapping[str, str], name: str) -> int | None:
    """Return a field as a whole number above zero, or None where it is absent or empty."""
    value = integer(fields, name)
    if value is not None and value <= 0:
        raise InvalidRequestError(f"'{name}' must be above 0.", field=name)
    return value


def choice(fields: Mapping[str, str], name: str, allowed: Sequence[str], *, default: str) -> str:
    """Return a field that is one of `allowed`, whatever its case."""
    value = (text(fields, name) or default).lower()
    if value not in allowed:
        raise InvalidRequestError(
            f"'{name}' must be one of {', '.join(allowed)}; {quoted(value)} is none of them.",
            field=name,
        )
    return value


def flag(fields: Mapping[str, str], name: str) -> bool:
    """Return a field as a truth value; False where it is absent."""
    value = fields.get(name, "").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise InvalidRequestError(f"'{name}' must be true or false.", field=name)


def quoted(value: str) -> str:
    """Return a client's words for a message: short, and without control characters."""
    shown = "".join(c if c.isprintable() else "?" for c in value[:60])
    return f"'{shown}…'" if len(value) > 60 else f"'{shown}'"
