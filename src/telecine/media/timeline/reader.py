"""Reads JSON that anybody may have written, and collects everything that is wrong with it.

A reader never raises. A field that is wrong is reported with its JSON path and read as its
default, so that one look at a document names all of its faults. `{{name}}` in any string is
replaced by the document's variable of that name. An object that was made here, such as a
template's clip, has no `variables`: its strings stay as they are. It may hold a `Value` of the
document, which keeps the path where it was written.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from typing_extensions import override

#: Enough to mend a document by; the hundred-and-first fault is rarely a new one.
MAX_PROBLEMS: Final = 100
MAX_TEXT_CHARACTERS: Final = 100_000
#: After so many no further list is opened: millions of faults would take minutes to count.
_HOPELESS_PROBLEMS: Final = 1000

#: What was found where a field is missing; JSON's null is read as missing, too.
NOTHING: Final = object()
_NAME: Final = re.compile(r"[\w.-]{1,64}")
_VARIABLE: Final = re.compile(rf"\{{\{{\s*({_NAME.pattern})\s*\}}\}}")
_SHOWN_CHARACTERS: Final = 60
#: Of a word that is none of the known ones.
_MOST_COMPARED: Final = 40
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

Choice = TypeVar("Choice", bound=str)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: where, what, what was found, and what would be right there."""

    path: str
    code: str
    message: str
    got: str
    allowed: str


class Report(msgspec.Struct):
    """The faults found so far, each once, however often its field is read.

    Past `MAX_PROBLEMS` they are only counted.
    """

    problems: list[Problem] = msgspec.field(default_factory=list)
    warnings: list[Problem] = msgspec.field(default_factory=list)
    n_problems: int = 0
    #: How many letters are drawn, variables filled in; captions are counted by their words.
    n_letters: int = 0
    #: The families of type that were asked for, each where it was first.
    families: dict[str, Value] = msgspec.field(default_factory=dict)
    #: Strings with places for which there is no variable, each by its path, as it was written.
    unfilled: dict[str, Value] = msgspec.field(default_factory=dict)
    _noted: set[tuple[str, str]] = msgspec.field(default_factory=set)

    @property
    def is_hopeless(self) -> bool:
        """Whether reading on would help nobody."""
        return self.n_problems > _HOPELESS_PROBLEMS

    def problem(
        self, path: str, code: str, message: str, *, allowed: str, got: object = NOTHING
    ) -> None:
        """Note a fault that makes the document unusable."""
        if (path, code) in self._noted:
            return
        self._noted.add((path, code))
        self.n_problems += 1
        _note(self.problems, path, code, message, got, allowed)

    def warn(self, path: str, code: str, message: str, *, got: object, allowed: str) -> None:
        """Note something that will be drawn, but perhaps not as meant."""
        if (path, code) in self._noted:
            return
        self._noted.add((path, code))
        _note(self.warnings, path, code, message, got, allowed)


def _note(
    notes: list[Problem], path: str, code: str, message: str, got: object, allowed: str
) -> None:
    if len(notes) < MAX_PROBLEMS:
        note = Problem(path=path, code=code, message=message, got=shown(got), allowed=allowed)
        notes.append(note)


def shown(value: object) -> str:
    """Describe a JSON value in few characters; never looks into containers, however deep."""
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…")
    if value is NOTHING:
        return "nothing"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value) if value.bit_length() < 200 else "a number of over 60 digits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Value):
        return shown(value.raw)
    if isinstance(value, Mapping):
        return f"an object of {len(value)}"
    if isinstance(value, Sequence):
        return f"a list of {len(value)}"
    return type(value).__name__


def finite(value: object) -> float | None:
    """Return a JSON number as a float; None where it is none, or not a finite one."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


class Value(msgspec.Struct):
    """Any JSON value with its path. `raw` has its variables filled in already. Never changed."""

    raw: object
    path: str
    report: Report
    variables: Mapping[str, object] | None

    def problem(self, code: str, message: str, *, allowed: str) -> None:
        """Note a fault of this value."""
        self.report.problem(self.path, code, message, got=self.raw, allowed=allowed)

    def warn(self, code: str, message: str, *, allowed: str) -> None:
        """Note that this value will not be drawn quite as it says."""
        self.report.warn(self.path, code, message, got=self.raw, allowed=allowed)

    def number(self, *, low: float, high: float, above: float | None = None) -> float | None:
        """Return a number within `low` and `high`, and over `above`; otherwise a problem."""
        number = finite(self.raw)
        wanted = f"{low:g} to {high:g}" if above is None else f"over {above:g}, up to {high:g}"
        if number is None:
            self.problem("TYPE", "This must be a finite number.", allowed=wanted)
        elif not low <= number <= high or (above is not None and number <= above):
            self.problem("RANGE", "This number is out of range.", allowed=wanted)
        else:
            return number
        return None

    def text(self, *, max_characters: int = MAX_TEXT_CHARACTERS) -> str | None:
        """Return a string of at most that length; otherwise a problem.

        Half a surrogate pair, which JSON can hold and nothing else can, becomes U+FFFD.
        """
        if not isinstance(self.raw, str):
            self.problem("TYPE", "This must be a string.", allowed="a string")
        elif len(self.raw) > max_characters:
            self.problem(
                "TOO_LONG", "This string is too long.", allowed=f"{max_characters} characters"
            )
        else:
            return self.raw if self.raw.isascii() else _SURROGATE.sub("\ufffd", self.raw)
        return None

    def choice(self, allowed: Sequence[Choice], *, unsaid: Sequence[str] = ()) -> Choice | None:
        """Return the one of `allowed` that this is; otherwise a problem, which names the nearest.

        Those in `unsaid` are taken, and not offered.
        """
        for name in allowed:
            if self.raw == name:
                return name
        offered = [name for name in allowed if name not in unsaid]
        message = "This value is not known here."
        if isinstance(self.raw, str) and not self.report.is_hopeless:
            near = nearest(self.raw, offered)
            message += f" Is '{near}' meant?" if near else ""
        self.problem("CHOICE", message, allowed=", ".join(offered))
        return None

    def items(self, *, low: int = 0, high: int) -> list[Value]:
        """Return the items of a list of that length; otherwise a problem, and none."""
        raw = self.raw
        if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
            self.problem("TYPE", "This must be a list.", allowed="a list")
            return []
        if not low <= len(raw) <= high:
            code = "TOO_MANY" if len(raw) > high else "TOO_FEW"
            self.problem(code, "This list has the wrong length.", allowed=f"{low} to {high} items")
            return []
        if self.report.is_hopeless:
            return []
        return [self.at(f"[{index}]", item) for index, item in enumerate(raw)]

    def fields(self) -> Node:
        """Return an object's fields; of anything else a problem, and no fields."""
        if isinstance(self.raw, Mapping):
            return Node(self.raw, self.path, self.report, self.variables)
        self.problem("TYPE", "This must be an object.", allowed="an object")
        return Node({}, self.path, self.report, self.variables)

    def numbers(self, count: int, *, low: float, high: float) -> tuple[float, ...] | None:
        """Return a list of exactly `count` numbers."""
        items = self.items(low=count, high=count)
        found = [item.number(low=low, high=high) for item in items]
        numbers = tuple(number for number in found if number is not None)
        return numbers if len(numbers) == count else None

    def unfilled(self) -> list[str]:
        """Return the names of places in this string for which there is no variable, each once."""
        names = _VARIABLE.findall(self.raw) if isinstance(self.raw, str) else []
        return [name for name in dict.fromkeys(names) if name not in (self.variables or {})]

    def at(self, step: str, raw: object) -> Value:
        """Return a value below this one."""
        if isinstance(raw, Value):
            return raw
        path = self.path + step
        return Value(_filled(raw, path, self), path, self.report, self.variables)


class Node:
    """A JSON object with its path. An absent or null field is read as its default."""

    __slots__ = ("path", "raw", "report", "variables")

    def __init__(
        self,
        raw: Mapping[str, object],
        path: str,
        report: Report,
        variables: Mapping[str, object] | None,
    ) -> None:
        self.raw = raw
        self.path = path
        self.report = report
        self.variables = variables

    def has(self, name: str) -> bool:
        """Say whether the field is there and not null."""
        return self.raw.get(name) is not None

    def get(self, name: str) -> Value | None:
        """Return a field, None where it is absent or null."""
        raw = self.raw.get(name)
        if raw is None or isinstance(raw, Value):
            return raw
        if len(name) > _SHOWN_CHARACTERS or not name.isascii():
            path = self.path_of(name)
        else:
            path = f"{self.path}.{name}" if self.path else name
        value = Value(raw, path, self.report, self.variables)
        if isinstance(raw, str) and "{{" in raw:
            value.raw = _filled(raw, path, value)
        return value

    def path_of(self, name: str) -> str:
        """Return the path of a field, whether it is there or not."""
        step = _step(name)
        return f"{self.path}.{step}" if self.path else step

    def over(self, name: str) -> Node:
        """Return the fields of the object `name`, and this object's own where that lacks one."""
        return _Layered(self.node(name), self)

    def above(self, defaults: Mapping[str, object] | Node) -> Node:
        """Return these fields, and those of `defaults` where one is lacking."""
        if isinstance(defaults, Node):
            return _Layered(self, defaults)
        return _Layered(self, Node(defaults, self.path, self.report, None))

    def required(self, name: str, *, allowed: str = "a value") -> Value | None:
        """Return a field; its absence is a problem."""
        value = self.get(name)
        if value is None:
            self.report.problem(
                self.path_of(name), "REQUIRED", "This field is required.",
                allowed=allowed,
            )  # fmt: skip
        return value

    def first(self, *names: str) -> Value | None:
        """Return the first of these fields that is there: a name and its older spellings."""
        return next((value for name in names if (value := self.get(name)) is not None), None)

    def number(
        self, name: str, default: float, *, low: float, high: float, above: float | None = None
    ) -> float:
        """Return a number within its range."""
        value = self.get(name)
        number = None if value is None else value.number(low=low, high=high, above=above)
        return default if number is None else number

    def maybe(self, name: str, *, low: float, high: float) -> float | None:
        """Return a number within its range, None where it is absent or wrong."""
        value = self.get(name)
        return None if value is None else value.number(low=low, high=high)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value.raw, bool):
            return value.raw
        value.problem("TYPE", "This must be true or false.", allowed="true, false")
        return default

    def text(self, name: str, default: str, *, max_characters: int = MAX_TEXT_CHARACTERS) -> str:
        """Return a string."""
        value = self.get(name)
        text = None if value is None else value.text(max_characters=max_characters)
        return default if text is None else text

    def choice(self, name: str, default: Choice, allowed: Sequence[Choice]) -> Choice:
        """Return one of the allowed strings."""
        value = self.get(name)
        found = None if value is None else value.choice(allowed)
        return default if found is None else found

    def node(self, name: str) -> Node:
        """Return an object's fields; where it is absent, no fields."""
        value = self.get(name)
        if value is None:
            return Node({}, self.path_of(name), self.report, self.variables)
        return value.fields()

    def items(self, name: str, *, low: int = 0, high: int) -> list[Value]:
        """Return a list's items; where it is absent, none."""
        value = self.get(name)
        return [] if value is None else value.items(low=low, high=high)


class _Layered(Node):
    """An object above another whose fields show where it has none itself."""

    __slots__ = ("_above", "_below")

    def __init__(self, above: Node, below: Node) -> None:
        super().__init__(above.raw, above.path, above.report, above.variables)
        self._above, self._below = above, below

    @override
    def has(self, name: str) -> bool:
        return self._above.has(name) or self._below.has(name)

    @override
    def path_of(self, name: str) -> str:
        return self._below.path_of(name)

    @override
    def get(self, name: str) -> Value | None:
        value = self._above.get(name)
        return self._below.get(name) if value is None else value


def is_name(text: str) -> bool:
    """Say whether a string can name a variable that is called so."""
    return _NAME.fullmatch(text) is not None


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of these names that somebody who wrote `name` may have meant."""
    known = sorted(names)
    alike = [one for one in known if one.lower() == name.lower()]
    alike += difflib.get_close_matches(name[:_MOST_COMPARED], known, n=1)
    return alike[0] if alike else None


def _step(name: str) -> str:
    """Return a field's name as a step of a path: short, and without half characters."""
    name = name if len(name) <= _SHOWN_CHARACTERS else name[:_SHOWN_CHARACTERS] + "…"
    return name if name.isascii() else _SURROGATE.sub("\ufffd", name)


def _filled(raw: object, path: str, within: Value) -> object:
    """Put variables in a string's places; a string that is one place becomes the value itself."""
    if not isinstance(raw, str) or within.variables is None or "{{" not in raw:
        return raw
    if len(raw) > MAX_TEXT_CHARACTERS:
        return raw  # refused by its length wherever it is read
    as_written = Value(raw, path, within.report, within.variables)
    if as_written.unfilled() and len(within.report.unfilled) < MAX_PROBLEMS:
        within.report.unfilled.setdefault(path, as_written)
    whole = _VARIABLE.fullmatch(raw)
    if whole:
        return within.variables.get(whole[1], raw)
    parts: list[str] = []
    n_characters = 0
    for part in _pieces(raw, within.variables):
        n_characters += len(part)
        if n_characters > MAX_TEXT_CHARACTERS:
            within.report.problem(
                path,
                "TOO_LONG",
                "With its variables this is too long.",
                got=raw,
                allowed=f"{MAX_TEXT_CHARACTERS} characters",
            )
            return ""
        parts.append(part)
    return "".join(parts)


def _pieces(raw: str, variables: Mapping[str, object]) -> Iterator[str]:
    end = 0
    for place in _VARIABLE.finditer(raw):
        yield raw[end : place.start()]
        value = variables.get(place[1], place[0])
        yield value if isinstance(value, str) else shown(value)
        end = place.end()
    yield raw[end:]
