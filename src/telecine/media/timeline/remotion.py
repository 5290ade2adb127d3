"""The Remotion-style dialect of video JSON to a timeline: frames, tracks of ids, items, assets.

Items become clips of the other dialect (`remotion_items`) and are read by the same readers, so
what either can do, both can. Different are the root, the order of what is in front, and that
tracks name their items. As `parse_rv`, this returns, whatever is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

import msgspec

from telecine.media.timeline import whole
from telecine.media.timeline.model import Clip, Timeline, Track
from telecine.media.timeline.reader import Node, Report
from telecine.media.timeline.remotion_items import frames, made_clip, plain_frames
from telecine.media.timeline.rv_clips import read_clip
from telecine.media.timeline.rv_unknown import Known, listed, parts_of_clip, warn_of_unknown
from telecine.media.timeline.rv_waveform import followed
from telecine.media.timeline.scene import BLACK, MAX_CLIPS, Lookup, Scene, paint, some
from telecine.media.timeline.whole import MAX_TRACKS, Parsed

_WIDTH: Final = 1920
_HEIGHT: Final = 1080
_MAX_FONTS: Final = 1000


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A clip, and what is in front of what: a higher `order` is."""

    clip: Clip
    order: tuple[float, int, int, float]


def parse_remotion(document: object, *, lookup: Lookup | None = None) -> Parsed:
    """Translate a document, or say what is wrong with it; never raises.

    `lookup` is as in `parse_rv`.
    """
    report = Report()
    root = whole.opened(document, report=report)
    scene = Scene(
        width=_side(root, "compositionWidth", _WIDTH),
        height=_side(root, "compositionHeight", _HEIGHT),
        frame_rate=whole.frame_rate(root.get("fps")),
        report=report,
        lookup=lookup,
        media_field="assetId",
        media_allowed="the id of an asset",
    )
    scene.assets = whole.assets(root)
    tracks, placed = _tracks(root, scene)
    fonts = (
        *whole.fonts(scene),
        *whole.font_faces(root.items("fonts", high=_MAX_FONTS), scene=scene),
    )
    timeline = Timeline(
        width=scene.width,
        height=scene.height,
        frame_rate=scene.frame_rate,
        duration_frames=_duration(root, placed, scene),
        background=paint(root.first("backgroundColor", "background")) or BLACK,
        tracks=tracks,
        paint_order=tuple(
            each.clip.id
            for each in sorted(placed, key=lambda each: each.order)
            if each.clip.content is not None
        ),
        fonts=fonts,
        seed=int(root.number("seed", 0, low=0, high=2**53)),
    )
    warn_of_unknown(report, _objects(root))
    return whole.finished(timeline, scene=scene)


def _side(root: Node, name: str, usual: int) -> int:
    value = root.get(name)
    return usual if value is None else whole.side(value)


def _duration(root: Node, placed: list[_Placed], scene: Scene) -> int:
    """Return `durationInFrames`, else where the last item ends."""
    value = root.get("durationInFrames")
    given = None if value is None else frames(value, scene=scene, low=1)
    return given or max((each.clip.end_frame for each in placed), default=0)


def _tracks(root: Node, scene: Scene) -> tuple[tuple[Track, ...], list[_Placed]]:
    """Read what the tracks hold; the first track is in front."""
    items = root.node("items")
    if len(items.raw) > MAX_CLIPS:
        scene.report.problem(
            "items", "TOO_MANY", "Too many items.", allowed=f"up to {MAX_CLIPS}",
            got=len(items.raw),
        )  # fmt: skip
        return (), []
    end_seconds = _project_end(items, scene)
    tracks: list[Track] = []
    placed: list[_Placed] = []
    seen: set[str] = set()
    for index, value in enumerate(root.items("tracks", high=MAX_TRACKS)):
        node = value.fields()
        found: list[_Placed] = []
        for place, item_id in enumerate(_ids(node, items, seen)):
            item = items.get(item_id)
            if item is None:
                continue
            clip = made_clip(item.fields(), item_id=item_id, scene=scene)
            z_index = item.fields().number("zIndex", 0.0, low=-1e9, high=1e9)
            found += (
                _Placed(clip=draft.clip, order=(z_index, -index, place, draft.z_index))
                for draft in read_clip(clip, scene=scene, track=index, end=end_seconds)
            )
        tracks.append(whole.track(node, (each.clip for each in found)))
        _warn_of_overlap(node, found)
        placed += found
    for item_id in [name for name in items.raw if name not in seen]:
        scene.report.warn(
            items.path_of(item_id), "UNUSED", "No track holds this item: never seen nor heard.",
            got=item_id, allowed="an item in the `items` of a track",
        )  # fmt: skip
    return followed(tuple(tracks), scene=scene), placed


def _ids(track: Node, items: Node, seen: set[str]) -> Iterator[str]:
    """Yield the ids of a track's items; a second mention of an item is left out."""
    for value in track.items("items", high=MAX_CLIPS):
        item_id = value.text(max_characters=256)
        if item_id is None:
            continue
        if item_id in items.raw and not items.has(item_id):
            seen.add(item_id)
            value.problem("REFERENCE", "This item is null.", allowed="an item that is an object")
        elif not items.has(item_id):
            value.problem("REFERENCE", "No item has this id.", allowed=some(items.raw, "no items"))
        elif item_id in seen:
            value.warn(
                "TWICE", "This item stands on a track already, and is drawn there.",
                allowed="each item once",
            )  # fmt: skip
        else:
            seen.add(item_id)
            yield item_id


def _warn_of_overlap(track: Node, placed: list[_Placed]) -> None:
    """Warn of the first two things that are seen at once on one track."""
    shown = [each.clip for each in placed if each.clip.content is not None]
    shown.sort(key=lambda clip: clip.start_frame)
    for one, other in pairwise(shown):
        if other.start_frame < one.end_frame and one.path != other.path:
            track.report.warn(
                track.path_of("items"), "ITEM_OVERLAP",
                "Items of one track are seen at once; the later in the list is in front.",
                got=f"{one.path}, {other.path}", allowed="items that follow one another",
            )  # fmt: skip
            return


def _project_end(items: Node, scene: Scene) -> float:
    """Return where the last item of a plain duration ends: what `"end"` means, in seconds."""
    ends = [0]
    for item in items.raw.values():
        if isinstance(item, Mapping):
            start, length = (plain_frames(item.get(name)) for name in ("from", "durationInFrames"))
            ends.append((start or 0) + length if length is not None else 0)
    return float(max(ends) / scene.frame_rate)


def _objects(root: Node) -> Iterator[Known]:
    """Yield what is looked at for fields that nobody reads, with its path and sort."""
    yield "", "composition", root.raw
    for path, track in listed(root.raw, "tracks", ""):
        yield path, "track of items", track
    items = root.raw.get("items")
    if isinstance(items, Mapping) and len(items) <= MAX_CLIPS:
        within = Node(items, "items", root.report, None)
        for name, item in items.items():
            if isinstance(item, Mapping):
                yield from parts_of_clip(within.path_of(name), item, sort="item")
