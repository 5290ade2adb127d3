"""The ways to change a JSON object: merge, deep merge (RFC 7396), JSON Patch (RFC 6902).

Text goes in and text comes out. What a change does not name keeps its order of keys, and every
number with a point or an exponent to the letter (1.0 stays 1.0). Spaces and the way that letters are
escaped are kept where a value is not looked into: by a merge, but at the top level.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self

import msgspec

from telecine.kit.errors import FileTooLargeError, InvalidRequestError, StaleError

_MOST_OPERATIONS: Final = 5000
#: Of each kind: enough to find one that can be shown.
_MOST_PICTURES: Final = 50
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_TILDE: Final = re.compile(r"~(?![01])")
_SOURCES: Final = ("src", "remoteUrl")
_POSTERS: Final = ("poster", "posterUrl", "thumbnailUrl")
_FIELD: Final = "data.patch"


class _Number(float):
    """A number with a point or an exponent, and how it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.text = text
        return made


_DECODER: Final = msgspec.json.Decoder(float_hook=_Number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What a composition says of pictures, as it says it: addresses, ids of files, anything."""

    images: tuple[str, ...]
    posters: tuple[str, ...]
    films: tuple[str, ...]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a JSON Patch."""

    op: str
    path: str
    from_: str | None = msgspec.field(name="from", default=None)
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def merged(text: str, part: str) -> str:
    """Replace the keys of the object `text` that the object `part` has, whole."""
    kind = dict[str, msgspec.Raw]
    return _encode(msgspec.json.decode(text, type=kind) | msgspec.json.decode(part, type=kind))


def deep_merged(text: str, part: str) -> str:
    """Merge as RFC 7396 says: objects by their keys, null removes, anything else replaces."""
    return _encode(_limited(lambda: _merge(_DECODER.decode(text), _DECODER.decode(part))))


def apply_patch(text: str, operations: str, *, max_bytes: int) -> str:
    """Apply a JSON Patch, all of it or nothing.

    Raises `StaleError` where a `test` fails, `InvalidRequestError` for anything else that cannot
    be done, and `FileTooLargeError` where copies come to more than `max_bytes`.
    """
    listed = _operations(operations)
    patch = _Patch(_DECODER.decode(text), max_bytes=max_bytes)
    for index, operation in enumerate(listed):
        try:
            _limited(lambda: patch.apply(operation))  # noqa: B023 (called at once)
        except InvalidRequestError as error:
            said = f"Operation {index} ({operation.op} {operation.path!r}): {error.message}"
            raise InvalidRequestError(said, field=f"{_FIELD}[{index}]") from error
        except StaleError as error:
            raise StaleError(
                f"Operation {index}: the value at {operation.path!r} is not what it was tested for.",
                field=f"{_FIELD}[{index}]",
            ) from error
    return _encode(patch.root)


def pictures(text: str) -> Pictures:
    """Return what a composition says of pictures, each in the order in which it stands there."""
    document = msgspec.json.decode(text)
    assets = document.get("assets") if isinstance(document, dict) else None
    known = list(_listed(assets)) if isinstance(assets, dict) else []
    return Pictures(
        images=_named(known, "image", _SOURCES),
        posters=_named(known, "video", _POSTERS),
        films=_named(known, "video", _SOURCES),
    )


class _Patch:
    """A document under change. A token is a part of a JSON Pointer, unescaped."""

    def __init__(self, root: Any, *, max_bytes: int) -> None:
        self.root = root
        self._left_bytes = max_bytes

    def apply(self, operation: Operation) -> None:
        """Do one operation. Raises `InvalidRequestError`, or `StaleError` for a test."""
        target = _tokens(operation.path)
        match operation.op:
            case "add":
                self._add(target, _value(operation))
            case "remove":
                self._remove(target)
            case "replace":
                self._replace(target, _value(operation))
            case "move":
                source = _source(operation)
                if target[: len(source)] == source and target != source:
                    raise InvalidRequestError("a value cannot be moved into itself.")
                self._add(target, self._remove(source))
            case "copy":
                self._add(target, self._copy(self._get(_source(operation))))
            case "test":
                if not _is_same(self._get(target), _value(operation)):
                    raise StaleError
            case _:
                raise InvalidRequestError("'op' is one of add, remove, replace, move, copy, test.")

    def _get(self, tokens: tuple[str, ...]) -> Any:
        found = self.root
        for token in tokens:
            found = found[_key(found, token)]
        return found

    def _add(self, tokens: tuple[str, ...], value: Any) -> None:
        if not tokens:
            self.root = value
            return
        parent = self._get(tokens[:-1])
        if isinstance(parent, dict):
            parent[tokens[-1]] = value
        elif isinstance(parent, list):
            at = len(parent) if tokens[-1] == "-" else _index(tokens[-1], most=len(parent))
            parent.insert(at, value)
        else:
            raise InvalidRequestError("its parent is neither an object nor a list.")

    def _replace(self, tokens: tuple[str, ...], value: Any) -> None:
        if not tokens:
            self.root = value
            return
        parent = self._get(tokens[:-1])
        parent[_key(parent, tokens[-1])] = value

    def _remove(self, tokens: tuple[str, ...]) -> Any:
        if not tokens:
            gone, self.root = self.root, None
            return gone
        parent = self._get(tokens[:-1])
        key = _key(parent, tokens[-1])
        return parent.pop(key)

    def _copy(self, value: Any) -> Any:
        """Return a value of its own. A few copies of copies would fill any memory."""
        text = _encode(value)
        self._left_bytes -= len(text)
        if self._left_bytes < 0:
            raise FileTooLargeError("The copies of this patch make too much of it.", field=_FIELD)
        return _DECODER.decode(text)


def _operations(text: str) -> list[Operation]:
    try:
        listed = msgspec.json.decode(text, type=list[Operation])
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"'{_FIELD}': {error}.", field=_FIELD) from error
    if len(listed) > _MOST_OPERATIONS:
        raise InvalidRequestError(
            f"'{_FIELD}' has {len(listed)} operations; {_MOST_OPERATIONS} are allowed.",
            field=_FIELD,
        )
    return listed


def _value(operation: Operation) -> Any:
    if isinstance(operation.value, msgspec.UnsetType):
        raise InvalidRequestError("'value' is missing.")
    return _DECODER.decode(operation.value)


def _source(operation: Operation) -> tuple[str, ...]:
    if operation.from_ is None:
        raise InvalidRequestError("'from' is missing.")
    return _tokens(operation.from_)


def _tokens(pointer: str) -> tuple[str, ...]:
    if pointer == "":
        return ()
    if not pointer.startswith("/") or _TILDE.search(pointer):
        raise InvalidRequestError(
            f"{pointer[:200]!r} is not a JSON Pointer, such as /items/a/from."
        )
    parts = pointer[1:].split("/")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _key(parent: Any, token: str) -> Any:
    """Return what `parent` is asked with for a value that must be there."""
    if isinstance(parent, list):
        return _index(token, most=len(parent) - 1)
    if isinstance(parent, dict) and token in parent:
        return token
    raise InvalidRequestError(f"there is no {token[:200]!r}.")


def _index(token: str, *, most: int) -> int:
    if not _INDEX.fullmatch(token) or int(token) > most:
        raise InvalidRequestError(f"{token[:200]!r} is no place in this list.")
    return int(token)


def _merge(target: Any, part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    made = target if isinstance(target, dict) else {}
    for key, value in part.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = _merge(made.get(key), value)
    return made


def _is_same(one: Any, other: Any) -> bool:
    """Compare as RFC 6902 does: numbers by value, and true is no 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_is_same(left, right) for left, right in pairs)
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _limited(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except RecursionError as error:
        raise InvalidRequestError("This is nested too deeply.", field="data") from error


def _named(
    known: list[tuple[object, dict[str, Any]]], wanted: str, fields: Sequence[str]
) -> tuple[str, ...]:
    found = (each.get(name) for kind, each in known if kind == wanted for name in fields)
    return tuple(islice((text for text in found if isinstance(text, str)), _MOST_PICTURES))


def _listed(assets: dict[str, Any]) -> Iterator[tuple[object, dict[str, Any]]]:
    """Yield each asset with its kind: of one object by id, and of lists by kind."""
    for key, value in assets.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                kind = key.removesuffix("s") if isinstance(value, list) else None
                yield each.get("type", kind), each


def _encode(value: Any) -> str:
    text: bytes = _limited(lambda: msgspec.json.encode(value, enc_hook=_as_written))
    return text.decode("utf-8")


def _as_written(number: Any) -> msgspec.Raw:
    return msgspec.Raw(number.text.encode("ascii"))
