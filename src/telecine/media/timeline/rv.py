"""RenderingVideo's dialect of video JSON (`config` 2.0.0) to a timeline.

Whatever is sent, `parse_rv` returns: a timeline, or all that is wrong with the document. What
the dialect leaves open (and what was decided) stands beside the code that decides it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from telecine.media.timeline.model import Clip, FontFace, Source, Timeline, Track
from telecine.media.timeline.reader import Node, Problem, Report, Value, finite
from telecine.media.timeline.rv_clips import Draft, read_clip
from telecine.media.timeline.rv_unknown import warn_of_unknown
from telecine.media.timeline.rv_waveform import followed
from telecine.media.timeline.scene import (
    BLACK,
    MAX_CLIPS,
    MAX_DURATION_SECONDS,
    MAX_SIDE,
    Lookup,
    Scene,
    paint,
    whole_frames,
)

MIN_SIDE: Final = 16
MAX_FRAME_RATE: Final = 120
_MAX_TRACKS: Final = 1000
_MAX_ASSETS: Final = 20_000
_MAX_VARIABLES: Final = 1000
#: Rates that are written as decimals but mean a fraction of 1001.
_BROADCAST_RATES: Final = {
    "23.976": Fraction(24_000, 1001), "23.98": Fraction(24_000, 1001),
    "29.97": Fraction(30_000, 1001), "47.952": Fraction(48_000, 1001),
    "59.94": Fraction(60_000, 1001), "119.88": Fraction(120_000, 1001),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What became of a document: a timeline exactly when there are no problems.

    `sources` are the files that it names, each once, captions and fonts included.
    """

    timeline: Timeline | None
    problems: tuple[Problem, ...]
    sources: tuple[Source, ...] = ()
    warnings: tuple[Problem, ...] = ()


def parse_rv(document: object, *, lookup: Lookup | None = None) -> Parsed:
    """Translate a document, or say what is wrong with it; never raises.

    Without a `lookup` nothing outside of the document is asked for: captions by reference stay
    empty, `duration: "auto"` counts as five seconds, each with a warning.
    """
    report = Report()
    bare = Value(document, "", report, {}).fields()
    root = Node(bare.raw, "", report, _variables(bare))
    meta = root.required("meta")
    scene = _scene(meta.fields() if meta else Node({}, "meta", report, {}), report, lookup)
    scene.assets = _assets(root)
    background = None if meta is None else paint(meta.fields().get("background"))
    tracks, drafts = _tracks(root, scene)
    timeline = Timeline(
        width=scene.width,
        height=scene.height,
        frame_rate=scene.frame_rate,
        duration_frames=max((draft.clip.end_frame for draft in drafts), default=0),
        background=background or BLACK,
        tracks=tracks,
        paint_order=_paint_order(drafts, report),
        fonts=tuple(_fonts(scene)),
        seed=int(root.number("seed", 0, low=0, high=2**53)),
    )
    _check_whole(timeline, scene)
    warn_of_unknown(root)
    problems = _closing(report)
    return Parsed(
        timeline=None if problems else timeline,
        problems=problems,
        sources=tuple(scene.sources.values()),
        warnings=tuple(report.warnings),
    )


def _variables(root: Node) -> Mapping[str, object]:
    value = root.get("variables")
    if value is None:
        return {}
    raw = value.fields().raw
    if len(raw) > _MAX_VARIABLES:
        value.problem("TOO_MANY", "Too many variables.", allowed=f"up to {_MAX_VARIABLES}")
        return {}
    return {
        name: variable for name, variable in raw.items() if isinstance(variable, str | int | float)
    }


def _check_version(meta: Node) -> None:
    value = meta.get("version")
    text = None if value is None else value.text(max_characters=64)
    if value is not None and text is not None and text.split(".")[0] != "2":
        value.warn("VERSION", "This is read as version 2 of the schema.", allowed="2.0.0")


def _scene(meta: Node, report: Report, lookup: Lookup | None) -> Scene:
    _check_version(meta)
    width, height = (
        _side(value) if (value := meta.required(name)) else MIN_SIDE for name in ("width", "height")
    )
    for name, side in (("width", width), ("height", height)):
        if side % 2:
            report.warn(
                f"meta.{name}", "ODD_SIZE", "The last row of pixels is cut off.", got=side,
                allowed="even numbers",
            )  # fmt: skip
    return Scene(
        width=width - width % 2,
        height=height - height % 2,
        frame_rate=_frame_rate(meta.get("fps")),
        report=report,
        lookup=lookup,
    )


def _side(value: Value) -> int:
    number = value.number(low=MIN_SIDE, high=MAX_SIDE)
    if number is not None and number != int(number):
        value.problem("TYPE", "This must be a whole number.", allowed=f"{MIN_SIDE} to {MAX_SIDE}")
    return int(number or MIN_SIDE)


def _frame_rate(value: Value | None) -> Fraction:
    """Read `fps`: 30 where it is absent, as the SDK's types allow."""
    number = None if value is None else value.number(low=0, high=MAX_FRAME_RATE, above=0)
    if number is None:
        return Fraction(30)
    known = _BROADCAST_RATES.get(f"{number:.6g}")
    return known or max(Fraction(number).limit_denominator(1001), Fraction(1, 1001))


def _assets(root: Node) -> dict[str, Value]:
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


def _fonts(scene: Scene) -> Iterator[FontFace]:
    for asset in scene.assets.values():
        if asset.path.startswith("assets.fonts[") or asset.fields().raw.get("type") == "font":
            font = asset.fields()
            source = scene.source(font.required("src"))
            family = font.required("family")
            name = None if family is None else family.text(max_characters=200)
            weight = int(font.number("weight", 400, low=1, high=1000))
            style = font.choice("style", "normal", ("normal", "italic"))
            if source and name:
                yield FontFace(
                    family=name, weight=weight, is_italic=style == "italic", source=source
                )


def _tracks(root: Node, scene: Scene) -> tuple[tuple[Track, ...], list[Draft]]:
    value = root.required("tracks")
    items = [] if value is None else value.items(low=1, high=_MAX_TRACKS)
    nodes = [item.fields() for item in items]
    end_seconds = _project_end(nodes)
    tracks: list[Track] = []
    drafts: list[Draft] = []
    for index, node in enumerate(nodes):
        found = [
            draft
            for item in node.items("clips", high=MAX_CLIPS)
            for draft in read_clip(item.fields(), scene=scene, track=index, end=end_seconds)
        ]
        opacity = node.number("opacity", 1.0, low=0, high=1)
        gain = node.number("volume", 1.0, low=0, high=4)
        tracks.append(
            Track(
                id=node.text("id", node.path, max_characters=256),
                clips=tuple(draft.clip for draft in found),
                opacity=0.0 if node.flag("hidden") else opacity,
                gain=0.0 if node.flag("muted") else gain,
            )
        )
        drafts += found
    return followed(tuple(tracks), scene=scene), drafts


def _project_end(tracks: list[Node]) -> float:
    """Return where the last clip of a plain duration ends: what `duration: "end"` means."""
    ends = [0.0]
    for track in tracks:
        clips = track.raw.get("clips")
        for clip in clips if isinstance(clips, list) else ():
            if isinstance(clip, Mapping):
                start, duration = finite(clip.get("start")), finite(clip.get("duration"))
                ends.append((start or 0.0) + duration if duration is not None else 0.0)
    return min(max(ends), float(MAX_DURATION_SECONDS))


def _paint_order(drafts: list[Draft], report: Report) -> tuple[str, ...]:
    """Order clips as the dialect's documents do: by zIndex, then start; ties as they stand."""
    seen = [draft for draft in drafts if draft.clip.content is not None]
    ordered = sorted(seen, key=lambda draft: (draft.z_index, draft.start_seconds))
    for below, above in pairwise(ordered):
        if below.track > above.track and below.z_index == above.z_index and _overlap(below, above):
            report.warn(
                above.clip.path, "LAYER_ORDER",
                "A clip of a later track is drawn below this one, because it starts earlier. "
                "Set zIndex to say which is above.", got=below.clip.path, allowed="zIndex",
            )  # fmt: skip
            break
    return tuple(draft.clip.id for draft in ordered)


def _overlap(one: Draft, other: Draft) -> bool:
    start = max(one.clip.start_frame, other.clip.start_frame)
    return start < min(one.clip.end_frame, other.clip.end_frame)


def _check_whole(timeline: Timeline, scene: Scene) -> None:
    report = scene.report
    limit = whole_frames(Fraction(MAX_DURATION_SECONDS), scene.frame_rate)
    if timeline.duration_frames > limit:
        report.problem("tracks", "TOO_LONG", "The video is too long.", allowed="up to 6 hours")
    if timeline.duration_frames == 0:
        report.warn("tracks", "EMPTY", "There is nothing to see or hear.", got=0, allowed="clips")
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


def _closing(report: Report) -> tuple[Problem, ...]:
    left_out = report.n_problems - len(report.problems)
    if left_out <= 0:
        return tuple(report.problems)
    more = Problem(
        path="", code="MORE", message=f"{left_out} more problems are not listed.",
        got=str(report.n_problems), allowed="0",
    )  # fmt: skip
    return (*report.problems, more)
