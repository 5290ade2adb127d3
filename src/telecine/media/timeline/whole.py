"""What is the same in a document of either dialect: its canvas, its assets, what becomes of it.

A reader opens the document, makes a `Scene`, reads tracks, and ends in `finished`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import islice
from typing import Final

import msgspec

from telecine.media.timeline import families
from telecine.media.timeline.model import Clip, FontFace, Source, Timeline, Track
from telecine.media.timeline.reader import Node, Problem, Report, Value, is_name, nearest
from telecine.media.timeline.scene import MAX_DURATION_SECONDS, MAX_SIDE, Scene, some, whole_frames

MIN_SIDE: Final = 16
MAX_FRAME_RATE: Final = 120
MAX_TRACKS: Final = 1000
_MAX_ASSETS: Final = 20_000
_MAX_VARIABLES: Final = 1000
_NAMES: Final = "up to 64 letters, digits, _, . and -"
_VALUES: Final = "a string, a number, true or false"
#: Names without a variable that are told of one string.
_MOST_NAMED: Final = 3
#: Among so many names a nearest one is looked for: looking is slow.
_MOST_NEAR: Final = 30
#: Rates that are written as decimals but mean a fraction of 1001.
_BROADCAST_RATES: Final = {
    "23.976": Fraction(24_000, 1001), "23.98": Fraction(24_000, 1001),
    "29.97": Fraction(30_000, 1001), "47.952": Fraction(48_000, 1001),
    "59.94": Fraction(60_000, 1001), "119.88": Fraction(120_000, 1001),
}  # fmt: skip


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a document: a timeline exactly when there are no problems.

    `sources` are the files that it names, each once, captions and fonts included.
    """

    timeline: Timeline | None
    problems: tuple[Problem, ...]
    sources: tuple[Source, ...] = ()
    warnings: tuple[Problem, ...] = ()


def opened(document: object, *, report: Report) -> Node:
    """Return the fields of a document, with its variables."""
    bare = Value(document, "", report, None).fields()
    return Node(bare.raw, "", report, _variables(bare))


def _variables(root: Node) -> Mapping[str, object]:
    value = root.get("variables")
    if value is None:
        return {}
    raw = value.fields().raw
    if len(raw) > _MAX_VARIABLES:
        value.problem("TOO_MANY", "Too many variables.", allowed=f"up to {_MAX_VARIABLES}")
        return {}
    found: dict[str, object] = {}
    for name, variable in raw.items():
        if not is_name(name):
            _warn_of_variable(value, name, "No string can name this variable.", _NAMES)
        elif isinstance(variable, str | int | float):
            found[name] = variable
        elif variable is not None:
            _warn_of_variable(value, name, "This cannot be put into a string.", _VALUES)
    return found


def _warn_of_variable(variables: Value, name: str, message: str, allowed: str) -> None:
    node = variables.fields()
    node.report.warn(node.path_of(name), "VARIABLE", message, got=node.raw[name], allowed=allowed)


def _warn_of_unfilled(report: Report) -> None:
    """Warn of every string that names a variable which is not there."""
    for path, text in report.unfilled.items():
        names = text.unfilled()[:_MOST_NAMED]
        known = list(islice(text.variables or {}, _MOST_NEAR))
        near = dict.fromkeys(found for name in names if (found := nearest(name, known)))
        report.warn(
            path, "VARIABLE", f"There is no variable {' or '.join(map(repr, names))}.",
            got=text.raw, allowed=some(near or dict.fromkeys(known), "names in `variables`"),
        )  # fmt: skip


def side(value: Value) -> int:
    """Read a side of the canvas; of an odd one the last row of pixels goes, for 4:2:0."""
    number = value.number(low=MIN_SIDE, high=MAX_SIDE)
    if number is None:
        return MIN_SIDE
    if number != int(number):
        value.problem("TYPE", "This must be a whole number.", allowed=f"{MIN_SIDE} to {MAX_SIDE}")
    elif number % 2:
        value.warn("ODD_SIZE", "The last row of pixels is cut off.", allowed="even numbers")
    return int(number) - int(number) % 2


def frame_rate(value: Value | None) -> Fraction:
    """Read `fps`: 30 where it is absent, as the SDK's types allow."""
    number = None if value is None else value.number(low=0, high=MAX_FRAME_RATE, above=0)
    if number is None:
        return Fraction(30)
    known = _BROADCAST_RATES.get(f"{number:.6g}")
    return known or max(Fraction(number).limit_denominator(1001), Fraction(1, 1001))


def assets(root: Node) -> dict[str, Value]:
    """Read both forms: lists by kind, whose entries have ids, or one object by id."""
    found: dict[str, Value] = {}
    value = root.get("assets")
    if value is None:
        return found
    fields = value.fields()
    for name in fields.raw:
        entry = fields.get(name)
        if entry is None:
            continue
        if isinstance(entry.raw, Mapping):
            found[name] = entry
            continue
        for item in entry.items(high=_MAX_ASSETS):
            asset_id = item.fields().required("id")
            text = None if asset_id is None else asset_id.text(max_characters=256)
            if text is not None:
                found[text] = item
    return found


def fonts(scene: Scene) -> Iterator[FontFace]:
    """Read the fonts among the assets."""
    for asset in scene.assets.values():
        if asset.path.startswith("assets.fonts[") or asset.fields().raw.get("type") == "font":
            yield from font_faces([asset], scene=scene)


def font_faces(values: Iterable[Value], *, scene: Scene) -> Iterator[FontFace]:
    """Read font files."""
    for value in values:
        font = value.fields()
        source = scene.source(font.first("src", "remoteUrl") or font.required("src"))
        family = font.required("family")
        name = None if family is None else family.text(max_characters=200)
        weight = int(font.number("weight", 400, low=1, high=1000))
        style = font.choice("style", "normal", ("normal", "italic"))
        if source and name:
            yield FontFace(family=name, weight=weight, is_italic=style == "italic", source=source)


def track(node: Node, clips: Iterable[Clip]) -> Track:
    """Return a track of these clips; what is hidden has no opacity, what is muted no gain."""
    opacity = node.number("opacity", 1.0, low=0, high=1)
    gain = node.number("volume", 1.0, low=0, high=4)
    return Track(
        id=node.text("id", node.path, max_characters=256),
        clips=tuple(clips),
        opacity=0.0 if node.flag("hidden") else opacity,
        gain=0.0 if node.flag("muted") else gain,
    )


def finished(timeline: Timeline, *, scene: Scene) -> Parsed:
    """Look at the whole once more, and say what became of the document."""
    _check(timeline, scene)
    report = scene.report
    problems = closing(report)
    return Parsed(
        timeline=None if problems else timeline,
        problems=problems,
        sources=tuple(scene.sources.values()),
        warnings=tuple(report.warnings),
    )


def _check(timeline: Timeline, scene: Scene) -> None:
    report = scene.report
    limit = whole_frames(Fraction(MAX_DURATION_SECONDS), scene.frame_rate)
    if timeline.duration_frames > limit:
        report.problem("tracks", "TOO_LONG", "The video is too long.", allowed="up to 6 hours")
    if timeline.duration_frames == 0 and not report.problems:
        report.warn("tracks", "EMPTY", "There is nothing to see or hear.", got=0, allowed="clips")
    _warn_of_unfilled(report)
    families.warn_of_unknown(report, own=[font.family for font in timeline.fonts])
    for track in timeline.tracks:
        for clip in track.clips:
            _check_ducking(clip, scene)


def _check_ducking(clip: Clip, scene: Scene) -> None:
    ducking = clip.sound.ducking if clip.sound else None
    for target in ducking.targets if ducking else ():
        if target not in scene.ids:
            path = f"{clip.path}.ducking.targets"
            scene.report.warn(
                path, "REFERENCE", "No clip has this id.", got=target, allowed="ids of clips"
            )


def closing(report: Report) -> tuple[Problem, ...]:
    left_out = report.n_problems - len(report.problems)
    if left_out <= 0:
        return tuple(report.problems)
    more = Problem(
        path="", code="MORE", message=f"{left_out} more problems are not listed.",
        got=str(report.n_problems), allowed="0",
    )  # fmt: skip
    return (*report.problems, more)
