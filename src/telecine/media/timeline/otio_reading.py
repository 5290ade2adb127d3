"""An OpenTimelineIO file to a composition in frames: whatever is sent, this returns.

Of a file that `otio.write` wrote, every item is as it was, but for what another editor changed:
times, speeds, files, names, order, what is switched off. Of any other file, clips become items.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from telecine.media.timeline import whole
from telecine.media.timeline.otio import (
    MAX_LABEL_CHARACTERS,
    OURS,
    STARTS,
    label,
    markers_of,
    url_of,
)
from telecine.media.timeline.otio_times import When, reference, seconds, span
from telecine.media.timeline.reader import Node, Problem, Report, Value, finite
from telecine.media.timeline.scene import (
    MAX_CLIPS,
    MAX_SRC_CHARACTERS,
    whole_frames,
)

_MAX_TRACKS: Final = 1000
_MAX_NAME: Final = MAX_LABEL_CHARACTERS
_PICTURES: Final = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".avif",
    ".svg",
    ".heic",
    ".bmp",
    ".tif",
    ".tiff",
)
_SOUNDS: Final = (".mp3", ".wav", ".m4a", ".aac", ".flac", ".ogg", ".opus", ".aif", ".aiff")
_CLIPS: Final = ("Clip.1", "Clip.2", "Clip.3")

Json = dict[str, Any]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: a composition exactly when there are no problems."""

    composition: Json | None
    name: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


class _Made(msgspec.Struct, kw_only=True):
    """The composition being made. `was` are the root's fields as they were written."""

    rate: Fraction
    report: Report
    was: Mapping[str, Any]
    items: Json = msgspec.field(default_factory=dict)
    assets: Json = msgspec.field(default_factory=dict)
    n_clips: int = 0

    def new_id(self, kind: str) -> str:
        """Return an id that no item and no asset has."""
        number = len(self.items) + 1
        while f"{kind}-{number}" in self.items or f"{kind}-{number}" in self.assets:
            number += 1
        return f"{kind}-{number}"


def read(document: object) -> Imported:
    """Translate a file's JSON, or say what is wrong with it."""
    report = Report()
    root = Value(document, "", report, None).fields()
    _require_schema(root, "Timeline.1")
    name = root.text("name", "", max_characters=_MAX_NAME)
    ours = _ours(root)
    was = _mapping(ours.get("fields"))
    stack = root.required("tracks", allowed="a Stack")
    node = stack.fields() if stack else Node({}, "tracks", report, None)
    tracks = [value.fields() for value in node.items("children", high=_MAX_TRACKS)]
    made = _Made(rate=_rate(root, tracks, was, report), report=report, was=was)
    made.assets = dict(_mapping(was.get("assets")))
    read_tracks = _tracks(tracks, made)
    markers = _markers(node, was, made)
    composition = _composition(ours, made, read_tracks, markers)
    problems = whole.closing(report)
    return Imported(
        composition=None if problems else composition,
        name=name,
        problems=problems,
        warnings=tuple(report.warnings),
    )


def _composition(ours: Mapping[str, Any], made: _Made, tracks: list[Json], markers: object) -> Json:
    """Put the root together in the order that it had."""
    unplaced = _mapping(ours.get("unplaced"))
    items = {
        **{key: value for key, value in unplaced.items() if key not in made.items},
        **made.items,
    }
    order = [key for key in _strings(ours.get("order")) if key in items]
    fields: Json = {
        "fps": _plain(made.rate), "compositionWidth": 1920, "compositionHeight": 1080,
        "assets": {}, "tracks": [], "items": {}, **made.was,
    }  # fmt: skip
    names = _strings(ours.get("names"))
    if names:
        fields = {key: value for key, value in fields.items() if key in names}
    if tracks:
        fields["tracks"] = tracks
    if items:
        fields["items"] = {key: items[key] for key in [*order, *items]}
    if made.assets:
        fields["assets"] = made.assets
    if markers is not None:
        fields["markers"] = markers
    ordered = [key for key in names if key in fields]
    return {key: fields[key] for key in [*dict.fromkeys([*ordered, *fields])]}


def _require_schema(node: Node, *allowed: str) -> bool:
    value = node.required("OTIO_SCHEMA", allowed=", ".join(allowed))
    if value is not None and value.raw not in allowed:
        value.problem(
            "SCHEMA", "This part of OpenTimelineIO is not read here.", allowed=", ".join(allowed)
        )
        return False
    return value is not None


def _rate(root: Node, tracks: list[Node], was: Mapping[str, Any], report: Report) -> Fraction:
    """Return the frame rate: as it was written, else the first that the file names, else 30."""
    if finite(was.get("fps")) is not None:
        return whole.frame_rate(Value(was["fps"], "metadata.telecine.fields.fps", report, None))
    if was:
        return Fraction(30)
    start = root.node("global_start_time")
    if start.has("rate"):
        return whole.frame_rate(start.get("rate"))
    for track in tracks:
        for child in track.items("children", high=MAX_CLIPS):
            rate = child.fields().node("source_range").node("duration").get("rate")
            if rate is not None:
                return whole.frame_rate(rate)
    return Fraction(30)


def _plain(rate: Fraction) -> int | float:
    return int(rate) if rate.denominator == 1 else round(float(rate), 3)


def _tracks(nodes: list[Node], made: _Made) -> list[Json]:
    """Read tracks, front to back; those that were one are one again."""
    found: list[tuple[Json, Mapping[str, Any], list[str]]] = []
    known: dict[int, int] = {}
    for node in reversed(nodes):
        if not _require_schema(node, "Track.1"):
            continue
        ours = _ours(node)
        index = ours.get("index")
        ids = _children(node, made, is_audio=node.raw.get("kind") == "Audio")
        fields = _fields_of_track(node, ours, number=len(found) + 1)
        if type(index) is int and index in known:
            first, said, all_ids = found[known[index]]
            # One of the tracks that were one says what it was; the others hold what overlaps.
            is_told = "order" in ours and "order" not in said
            found[known[index]] = (*((fields, ours) if is_told else (first, said)), all_ids + ids)
            continue
        if type(index) is int:
            known[index] = len(found)
        found.append((fields, ours, ids))
    return [_track(fields, ours, ids) for fields, ours, ids in found]


def _fields_of_track(node: Node, ours: Mapping[str, Any], *, number: int) -> Json:
    name = node.text("name", "", max_characters=_MAX_NAME)
    written = _mapping(ours.get("written"))
    if "index" in ours:
        fields = dict(_mapping(ours.get("fields")))
        if "fields" in ours and name != written.get("name"):
            fields["name"] = name
    else:
        fields = {"id": f"track-{number}", **({"name": name} if name else {})}
    is_hidden = not node.flag("enabled", default=True)
    if is_hidden != bool(written.get("hidden")):
        fields["hidden"] = is_hidden
    return fields


def _track(fields: Json, ours: Mapping[str, Any], ids: list[str]) -> Json:
    """Put the ids back in the order that they had; a clip that is gone is gone."""
    written = set(_strings(ours.get("clips")))
    order = [each for each in _strings(ours.get("order")) if each in ids or each not in written]
    found = [*order, *(each for each in ids if each not in order)]
    return {**fields, "items": found} if found or "index" not in ours else fields


def _children(track: Node, made: _Made, *, is_audio: bool) -> list[str]:
    """Read what is on a track; return the ids of its items."""
    now = Fraction(0)
    fade: Fraction | None = None
    ids: list[str] = []
    for value in track.items("children", high=MAX_CLIPS):
        child = value.fields()
        schema = child.raw.get("OTIO_SCHEMA")
        if schema == "Transition.1":
            fade = seconds(child.node("in_offset")) + seconds(child.node("out_offset"))
            continue
        if not _require_schema(child, "Gap.1", *_CLIPS, "Transition.1"):
            continue
        start, length = span(child)
        if schema != "Gap.1":
            made.n_clips += 1
            if made.n_clips > MAX_CLIPS:
                child.report.problem(
                    child.path, "TOO_MANY", "Too many clips.", allowed=f"up to {MAX_CLIPS}"
                )
                return ids
            when = When(start=now, end=now + length, trim=start, fade=fade)
            ids.append(_clip(child, when, made, is_audio=is_audio))
        now, fade = now + length, None
    return ids


def _clip(clip: Node, when: When, made: _Made, *, is_audio: bool) -> str:
    """Read a clip into an item; return its id."""
    ours = _ours(clip)
    item, item_id = ours.get("item"), ours.get("id")
    if isinstance(item, Mapping) and isinstance(item_id, str):
        item_id = item_id[:256]
        if item_id in made.items:  # copied in another editor
            item_id = made.new_id(str(item.get("type"))[:20])
        found: Json = dict(item)
    else:
        found = _new_item(clip, when, is_audio=is_audio)
        item_id = made.new_id(found["type"])
    made.items[item_id] = found
    written = _mapping(ours.get("written"))
    _place(found, when, made.rate, written)
    _cut(found, clip, when, made.rate, written)
    _media(found, clip, made, written)
    name = clip.text("name", "", max_characters=_MAX_NAME)
    if name and name != written.get("name"):
        found["name"] = name
    is_hidden = not clip.flag("enabled", default=True)
    if is_hidden != bool(written.get("hidden")):
        found["hidden"] = is_hidden
    markers = _markers(clip, found, made)
    if markers is not None:
        found["markers"] = markers
    return item_id


def _new_item(clip: Node, when: When, *, is_audio: bool) -> Json:
    """Return an item for a clip that was not ours: what it is, is told by its file."""
    url = reference(clip).get("target_url")
    address = None if url is None else url.text(max_characters=MAX_SRC_CHARACTERS)
    if address is None:
        return {"type": "audio" if is_audio else "solid", "color": "#000000"}
    ending = PurePosixPath(_path_of(address)).suffix.lower()
    kind = "video"
    if is_audio or ending in _SOUNDS:
        kind = "audio"
    elif ending == ".gif":
        kind = "gif"
    elif ending in _PICTURES:
        kind = "image"
    item: Json = {"type": kind}
    if when.fade:
        item["transition"] = {"type": "fade", "duration": round(float(when.fade), 6)}
    return item


def _path_of(address: str) -> str:
    """Return the path of an address, or the address itself where it is none."""
    try:
        return unquote(urlsplit(address).path) or address
    except ValueError:
        return address


def _place(item: Json, when: When, rate: Fraction, written: Mapping[str, Any]) -> None:
    """Set the frames, where they are others than was written."""
    first, last = (whole_frames(at, rate) for at in (when.start, when.end))
    was = [finite(written.get(name)) for name in ("start", "end")]
    if first != was[0]:
        item["from"] = first
    if was[0] is None or was[1] is None or last - first != was[1] - was[0]:
        item["durationInFrames"] = last - first


def _cut(item: Json, clip: Node, when: When, rate: Fraction, written: Mapping[str, Any]) -> None:
    """Set where in its file it begins, and how fast it runs."""
    name = STARTS.get(str(item.get("type")))
    was = Fraction(finite(written.get("trim")) or 0.0)
    if name and abs(was - when.trim) > 1 / (2 * rate):
        item[name] = round(float(when.trim), 6)
    speed = 1.0
    for value in clip.items("effects", high=100):
        effect = value.fields()
        if effect.raw.get("OTIO_SCHEMA") == "LinearTimeWarp.1":
            speed *= effect.number("time_scalar", 1.0, low=-1000, high=1000)
        else:
            effect.report.warn(
                effect.path, "EFFECT", "This effect is not read.",
                got=effect.raw.get("effect_name") or "", allowed="LinearTimeWarp",
            )  # fmt: skip
    if abs(speed - (finite(written.get("speed")) or 1.0)) > 1e-9:
        item["playbackRate"] = abs(speed)
        if speed < 0:
            item["reverse"] = True


def _media(item: Json, clip: Node, made: _Made, written: Mapping[str, Any]) -> None:
    """Give the item a new asset where the file is another."""
    value = reference(clip).get("target_url")
    url = None if value is None else value.text(max_characters=MAX_SRC_CHARACTERS)
    if url is None or url == written.get("url"):
        return
    for asset_id, asset in made.assets.items():
        if isinstance(asset, Mapping) and url_of({}, asset) == url:
            item["assetId"] = asset_id
            break
    else:
        item["assetId"] = made.new_id("asset")
        kind = "caption" if item.get("type") == "captions" else item.get("type")
        made.assets[item["assetId"]] = {
            "id": item["assetId"], "type": kind, "remoteUrl": url,
            "filename": _path_of(url).rsplit("/", 1)[-1],
        }  # fmt: skip
    item.pop("src", None)


def _markers(owner: Node, was: Mapping[str, Any], made: _Made) -> list[Json] | None:
    """Return the markers of a clip or of the whole; None where they are what they were."""
    found: list[Json] = []
    for value in owner.items("markers", high=MAX_CLIPS):
        marker = value.fields()
        if not _require_schema(marker, "Marker.1", "Marker.2"):
            continue
        time = marker.node("marked_range")
        first, length = (
            whole_frames(seconds(time.node(name)), made.rate) for name in ("start_time", "duration")
        )
        said = dict(_ours(marker))
        if finite(said.get("frame")) != first:
            said["frame"] = first
        if (finite(said.get("durationInFrames")) or 0) != length:
            said["durationInFrames"] = length
        for name, usual in (("name", ""), ("color", "RED"), ("comment", "")):
            text = marker.text(name, usual, max_characters=_MAX_NAME)
            if text != (label(said.get(name)) or usual):
                said[name] = text
        found.append(said)
    return None if found == markers_of(was) else found


def _ours(node: Node) -> Mapping[str, Any]:
    return _mapping(_mapping(node.raw.get("metadata")).get(OURS))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
