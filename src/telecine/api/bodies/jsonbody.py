"""Request body -> bytes in memory -> a struct, with a limit, and a field for every refusal."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from itertools import islice
from typing import Final, TypeVar

import msgspec
import msgspec.inspect
from starlette.requests import Request

from telecine.api.bodies import incoming
from telecine.api.bodies.formdata import Limits
from telecine.api.fields import malformed, remarks
from telecine.api.fields.remarks import Remark
from telecine.kit.errors import FileTooLargeError, InvalidRequestError

S = TypeVar("S", bound=msgspec.Struct)

_PLACE: Final = re.compile(r" - at `\$\.?([^`]*)`")
_MISSING: Final = re.compile(r"Object missing required field `([^`]*)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_CHOICE: Final = re.compile(r"Invalid enum value (.*)", re.DOTALL)
_TYPE: Final = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_BOUNDS: Final = {
    ">=": "{:g} or more", "<=": "{:g} or less", ">": "more than {:g}", "<": "less than {:g}",
}  # fmt: skip
_BOUND: Final = re.compile(r"Expected `(int|float)` (<=|>=|<|>) ([0-9.e+]+)")
_LENGTH: Final = re.compile(r"Expected `(str|array|object)` of length (<=|>=) (\d+)")
_PARTS: Final = {"str": "character", "array": "entry", "object": "field"}
_WORDS: Final = {
    "str": "a text", "float": "a number", "int": "a whole number", "bool": "true or false",
    "array": "a list", "object": "an object", "null": "null",
}  # fmt: skip
#: Letters of a name that are shown.
_MOST_SHOWN: Final = 60


async def read(
    request: Request, *, max_bytes: int, limits: Limits = incoming.DEFAULT_LIMITS
) -> bytes:
    """Return the whole body. Raises `FileTooLargeError` as soon as it is known to be too long.

    Of `limits` it heeds those of time: `RequestTimeoutError` for a client that stops or trickles.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdecimal() and int(declared[:20]) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    async with aclosing(incoming.chunks(request, limits)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > max_bytes:
                raise _too_large(max_bytes)
    return bytes(body)


def decode(raw: bytes, kind: type[S], *, within: str = "") -> S:
    """Read a body, or what stands in its field `within`, as a struct; nothing is an empty object.

    Names the field at fault.
    """
    try:
        return msgspec.json.decode(raw.strip() or b"{}", type=kind)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        reason = _PLACE.sub("", str(error))
        inside = place[1] if place else ""
        missing = _MISSING.fullmatch(reason)
        parts = (within, inside, missing[1] if missing else "")
        field = ".".join(part for part in parts if part) or None
        if unknown := _UNKNOWN.fullmatch(reason):
            raise _unknown(unknown[1], _known(kind, inside), inside=field) from error
        said = "is missing" if missing else _reason(reason, _choices(kind, inside))
        subject = f"'{field}'" if field else "The body"
        raise InvalidRequestError(f"{subject} {said}.", field=field) from error
    except malformed.ERRORS as error:
        raise InvalidRequestError(
            malformed.fault(raw, error, subject="The body").message
        ) from error


def unread(raw: bytes, kind: type[msgspec.Struct]) -> tuple[Remark, ...]:
    """Remark on the fields of a body that a struct has not: mostly errors of typing.

    The body was decoded before. Fields of what is kept as it was sent are nobody's business.
    """
    return tuple(
        islice(
            _unread(raw.strip() or b"{}", msgspec.inspect.type_info(kind), ""), remarks.MOST_UNREAD
        )
    )


def _unread(raw: bytes, kind: msgspec.inspect.Type, place: str) -> Iterator[Remark]:
    structs = [each for each in _one_of(kind) if isinstance(each, msgspec.inspect.StructType)]
    if not structs or not raw.lstrip().startswith(b"{"):
        return
    known = {field.encode_name: field.type for each in structs for field in each.fields}
    found: Mapping[str, msgspec.Raw] = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    for name, value in found.items():
        if name in known:
            yield from _unread(bytes(value), known[name], f"{place}{name}.")
        else:
            got = bytes(value).decode("utf-8", "replace")
            yield remarks.unread(f"{place}{name}", got, known=known)


def _too_large(max_bytes: int) -> FileTooLargeError:
    return FileTooLargeError(f"The body may have at most {max_bytes} bytes.")


def _reason(said: str, choices: list[str]) -> str:
    """Put what the decoder said in plain words."""
    if (match := _CHOICE.fullmatch(said)) and choices:
        return f"must be {_any_of(choices)}, not {match[1]}"
    if match := _TYPE.fullmatch(said):
        kinds = match[1].split(" | ")
        wanted = [_WORDS.get(each, each) for each in kinds if each != "int" or "float" not in kinds]
        got = "a number with a point" if match[2] == "float" else _WORDS.get(match[2], match[2])
        return f"must be {_any_of(choices or wanted)}, not {got}"
    if match := _BOUND.fullmatch(said):
        return f"must be {_BOUNDS[match[2]].format(float(match[3]))}"
    if match := _LENGTH.fullmatch(said):
        bound = "most" if match[2] == "<=" else "least"
        part = _PARTS[match[1]]
        many = part if match[3] == "1" else re.sub("y$", "ie", part) + "s"
        return f"must have at {bound} {match[3]} {many}"
    return f"cannot be read: {said}"


def _unknown(name: str, known: list[str], *, inside: str | None) -> InvalidRequestError:
    """Return the error of a field that must not be overlooked, as what it narrows would be all."""
    shown = name[:_MOST_SHOWN]
    near = difflib.get_close_matches(shown, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"There are {', '.join(known)}."
    field = f"{inside}.{shown}" if inside else shown
    return InvalidRequestError(f"There is no field '{field}'. {hint}", field=field)


def _any_of(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _choices(kind: type[msgspec.Struct], place: str) -> list[str]:
    """Return what may stand at a place of a body, where that is one of some words."""
    found = _types_at(kind, place)
    words = [each.values for each in found if isinstance(each, msgspec.inspect.LiteralType)]
    return [str(word) for word in sum(words, ())]


def _known(kind: type[msgspec.Struct], place: str) -> list[str]:
    """Return the fields of what stands at a place of a body."""
    structs = [e for e in _types_at(kind, place) if isinstance(e, msgspec.inspect.StructType)]
    return [field.encode_name for each in structs for field in each.fields]


def _types_at(kind: type[msgspec.Struct], place: str) -> list[msgspec.inspect.Type]:
    found = _one_of(msgspec.inspect.type_info(kind))
    for name in filter(None, place.split(".")):
        structs = [each for each in found if isinstance(each, msgspec.inspect.StructType)]
        fields = [field for each in structs for field in each.fields if field.encode_name == name]
        found = [one for field in fields for one in _one_of(field.type)]
    return found


def _one_of(kind: msgspec.inspect.Type) -> list[msgspec.inspect.Type]:
    """Return the types of a union, or the one that it is."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return _one_of(kind.type)
    return list(kind.types) if isinstance(kind, msgspec.inspect.UnionType) else [kind]
