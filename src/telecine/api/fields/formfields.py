"""Text fields of a form -> numbers, choices, flags; every refusal names its field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import islice

import msgspec

from telecine.api.fields import remarks
from telecine.api.fields.remarks import Remark
from telecine.kit.errors import InvalidRequestError

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)


def text(fields: Mapping[str, str], name: str) -> str | None:
    """Return a field without surrounding space; None where it is absent or empty."""
    return fields.get(name, "").strip() or None


def number(fields: Mapping[str, str], name: str, *, kind: str = "a number") -> float | None:
    """Return a field as a finite number, or None where it is absent or empty."""
    value = text(fields, name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise refusal(name, f"must be {kind}", value)
    if not math.isfinite(float(value)):
        raise refusal(name, "must be a number that is less long", value)
    return float(value)


def integer(fields: Mapping[str, str], name: str) -> int | None:
    """Return a field as a whole number, or None where it is absent or empty."""
    kind = "a whole number"
    value = number(fields, name, kind=kind)
    if value is None:
        return None
    if value != int(value):
        raise refusal(name, f"must be {kind}", fields[name])
    return int(value)


def positive(fields: Mapping[str, str], name: str) -> int | None:
    """Return a field as a whole number above zero, or None where it is absent or empty."""
    value = integer(fields, name)
    if value is not None and value <= 0:
        raise refusal(name, "must be above 0", fields[name])
    return value


def choice(fields: Mapping[str, str], name: str, allowed: Sequence[str], *, default: str) -> str:
    """Return a field that is one of `allowed`, whatever its case."""
    value = (text(fields, name) or default).lower()
    if value not in allowed:
        raise refusal(name, f"must be one of {', '.join(allowed)}", value)
    return value


def flag(fields: Mapping[str, str], name: str) -> bool:
    """Return a field as a truth value; False where it is absent."""
    value = fields.get(name, "").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise refusal(name, "must be true or false", value)


def unread(fields: Mapping[str, str], kind: type[msgspec.Struct]) -> tuple[Remark, ...]:
    """Remark on the fields of a form that its struct has not: mostly errors of typing."""
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    unknown = ((name, value) for name, value in fields.items() if name not in known)
    found = islice(unknown, remarks.MOST_UNREAD)
    return tuple(remarks.unread(name, value, known=known) for name, value in found)


def refusal(name: str, rule: str, value: str) -> InvalidRequestError:
    """Return the error of a field, in the one form: 'field' must be …; 'what was sent' is not."""
    return InvalidRequestError(f"'{name}' {rule}; {quoted(value.strip())} is not.", field=name)


def quoted(value: str) -> str:
    """Return a client's words for a message: short, and without control characters."""
    shown = "".join(c if c.isprintable() else "?" for c in value[:60])
    return f"'{shown}…'" if len(value) > 60 else f"'{shown}'"
