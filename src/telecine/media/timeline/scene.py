"""What every part of a document reader must know of the document as a whole.

Readers turn fields into model values; they share this one record and the few fields that mean
the same everywhere: lengths, colours, sources, easings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, Protocol

import msgspec

from telecine.media.timeline.colours import parse_colour
from telecine.media.timeline.easing import Easing, easing_named, linear, wrong_parameter
from telecine.media.timeline.model import Colour, Gradient, GradientStop, Paint, Source, Word
from telecine.media.timeline.reader import Node, Report, Value

MAX_DURATION_SECONDS: Final = 6 * 3600
MAX_CLIPS: Final = 20_000
MAX_SIDE: Final = 7680
#: Farther out nothing is ever seen; it bounds what the arithmetic must stand.
MAX_PX: Final = 100_000.0
MAX_SRC_CHARACTERS: Final = 4096
WHITE: Final = Colour(red=1, green=1, blue=1)
BLACK: Final = Colour(red=0, green=0, blue=0)

_PERCENT: Final = re.compile(r"([+-]?\d{1,6}(?:\.\d{1,9})?)\s*%")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+._-]+):")
_GRADIENTS: Final[tuple[Literal["linear", "radial", "conic"], ...]] = ("linear", "radial", "conic")
_EASINGS: Final = "linear, hold, easeIn|Out|InOut + Sine|Quad|Cubic|Quart|Back|Elastic|Bounce"
_SCHEMES: Final = frozenset({"http", "https", "file_id", "upload"})


class Lookup(Protocol):
    """What a document refers to but does not say. Absent where documents are only checked."""

    def duration_seconds(self, source: Source) -> float | None:
        """Return how long a source runs; None where it has no end of its own."""
        ...

    def words(self, source: Source) -> object:
        """Return the JSON of a caption file; None where it cannot be had."""
        ...


class Scene(msgspec.Struct):
    """One document being read: its canvas and assets, and the clips counted so far."""

    width: int
    height: int
    frame_rate: Fraction
    report: Report
    assets: Mapping[str, Value] = msgspec.field(default_factory=dict)
    lookup: Lookup | None = None
    #: Every file that the document names, by what it calls it.
    sources: dict[str, Source] = msgspec.field(default_factory=dict)
    #: Clips that show the sound of another, by their path, and its id.
    followed: dict[str, str] = msgspec.field(default_factory=dict)
    #: The field that usually names a clip's file, and what may stand there.
    media_field: str = "src"
    media_allowed: str = "https:, http:, file_id:, {$ref}"
    #: Lists of words that were read, by their identity, with the list itself.
    words: dict[int, tuple[object, tuple[Word, ...]]] = msgspec.field(default_factory=dict)
    n_clips: int = 0
    n_words: int = 0
    n_word_letters: int = 0
    ids: set[str] = msgspec.field(default_factory=set)

    def asset(self, reference: Value) -> Node | None:
        """Return the asset that a `{"$ref": id}` names; a dangling one is a problem."""
        node = reference.fields()
        name = node.required("$ref")
        found = None if name is None else name.text(max_characters=256)
        if name is None or found is None:
            return None
        if found not in self.assets:
            name.problem(
                "REFERENCE", "No asset has this id.", allowed=some(self.assets, "no assets")
            )
            return None
        return self.assets[found].fields()

    def source(self, value: Value | None) -> Source | None:
        """Return a media file, named by a URL or path, or by `{"$ref": id}`."""
        if value is None:
            return None
        src: Value | None = value
        if isinstance(value.raw, Mapping):
            asset = self.asset(value)
            src = None if asset is None else asset.first("src", "remoteUrl")
            if asset is not None and src is None:
                value.problem(
                    "REFERENCE", "This asset has no `src`.", allowed="an asset with `src`"
                )
        text = None if src is None else src.text(max_characters=MAX_SRC_CHARACTERS)
        if src is None or text is None:
            return None
        scheme = _SCHEME.match(text)
        if not text.strip() or "\0" in text or (scheme and scheme[1].lower() not in _SCHEMES):
            src.problem("SOURCE", "This is no media address.", allowed="https:, http:, file_id:")
            return None
        found = Source(src=text, path=src.path)
        self.sources.setdefault(text, found)
        return found

    def media(self, node: Node) -> Source | None:
        """Return a clip's media file: `src`, or `assetId`, an asset's id as a plain string."""
        named = None if node.has("src") else node.get("assetId")
        if named is None:
            src = node.get("src") or node.required(self.media_field, allowed=self.media_allowed)
            return self.source(src)
        reference = Value({"$ref": named}, named.path, self.report, None)
        return self.source(reference)

    def clip_id(self, node: Node) -> str:
        """Return the clip's id, or its path where it has none; a second of a name is renamed."""
        value = node.get("id")
        name = (None if value is None else value.text(max_characters=256)) or node.path
        if value is not None and name in self.ids:
            value.warn("DUPLICATE_ID", "Another clip has this id.", allowed="ids that differ")
            name = node.path
        while name in self.ids:
            name += "'"
        self.ids.add(name)
        return name


def some(names: Mapping[str, object], none: str) -> str:
    """Return the first few of these names, `none` where there are no names."""
    listed = [name[:40] for name, _ in zip(names, range(8), strict=False)]
    return ", ".join(listed) + (", …" if len(names) > len(listed) else "") or none


def whole_frames(seconds: Fraction, frame_rate: Fraction) -> int:
    """Return the frame boundary nearest to an instant, the later one where it is halfway."""
    return (seconds * frame_rate + Fraction(1, 2)).__floor__()


def exact(number: float) -> Fraction:
    """Return the decimal that a JSON number was written as: 0.35 is 35/100, not a bit less."""
    return Fraction(*Decimal(repr(number)).as_integer_ratio())


def percent(value: Value) -> float | None:
    """Return the share that `"p%"` says; None for anything else."""
    match = _PERCENT.fullmatch(value.raw.strip()) if isinstance(value.raw, str) else None
    return float(match[1]) / 100 if match else None


def offset(value: Value | None, *, whole: float) -> float | None:
    """Return px from the centre: a number, or `"p%"` of the way across `whole`."""
    if value is None:
        return None
    share = percent(value)
    if share is None:
        return value.number(low=-MAX_PX, high=MAX_PX)
    return min(max((share - 0.5) * whole, -MAX_PX), MAX_PX)


def length(value: Value | None, *, whole: float) -> float | None:
    """Return px: a number over 0, or `"p%"` of `whole`."""
    if value is None:
        return None
    share = percent(value)
    if share is None:
        return value.number(low=0, high=MAX_PX)
    if not 0 <= share * whole <= MAX_PX:
        value.problem("RANGE", "This share is out of range.", allowed="0% and more")
        return None
    return share * whole


def colour(value: Value | None) -> Colour | None:
    """Return a CSS colour."""
    text = None if value is None else value.text()
    if value is None or text is None:
        return None
    found = parse_colour(text)
    if found is None:
        value.problem("COLOUR", "This is no colour.", allowed="#rrggbb, rgb(), hsl(), CSS names")
    return found


def paint(value: Value | None) -> Paint | None:
    """Return a colour or a gradient."""
    if value is None or not isinstance(value.raw, Mapping):
        return colour(value)
    node = value.fields()
    kind = node.choice("type", "linear", _GRADIENTS)
    stops = [_stop(item.fields()) for item in node.items("stops", high=64)]
    found = sorted((stop for stop in stops if stop), key=lambda stop: stop.offset)
    if not found:
        value.problem("REQUIRED", "A gradient needs stops.", allowed="stops: [{offset, color}]")
        return None
    angle = node.number("angle", 0.0, low=-36_000, high=36_000)
    return Gradient(kind=kind, stops=tuple(found), angle=angle)


def _stop(node: Node) -> GradientStop | None:
    found = colour(node.required("color"))
    place = node.number("offset", 0.0, low=0, high=1)
    return None if found is None else GradientStop(offset=place, colour=found)


def easing(node: Node, *, default: Easing = linear) -> Easing:
    """Return the curve that the field `easing` names."""
    value = node.get("easing")
    text = None if value is None else value.text(max_characters=128)
    if value is None or text is None:
        return default
    found = easing_named(text)
    if found is None:
        message, allowed = wrong_parameter(text) or ("No easing has this name.", _EASINGS)
        value.problem("EASING", message, allowed=allowed)
    return found or default
