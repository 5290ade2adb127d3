"""A composition as an OpenTimelineIO timeline, for other editors.

Written against the schemas that the library `opentimelineio` 0.18 writes, not with it (decision
0014). What OTIO has no word for goes along as metadata under `telecine`: every item and track as
it was sent. `otio_reading` puts it together again, with what was changed on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import msgspec

from telecine.media.timeline.dialects import parse
from telecine.media.timeline.in_frames import in_frames
from telecine.media.timeline.model import Timeline
from telecine.media.timeline.reader import finite
from telecine.media.timeline.scene import MAX_DURATION_SECONDS, MAX_SRC_CHARACTERS

#: Under this key of any `metadata` lies what is ours.
OURS: Final = "telecine"
#: The field of an item that says where in its file it begins, in seconds.
STARTS: Final = {
    "video": "videoStartFromInSeconds", "audio": "audioStartFromInSeconds",
    "gif": "gifStartFromInSeconds", "captions": "captionStartInSeconds",
}  # fmt: skip
MAX_LABEL_CHARACTERS: Final = 1000
_MAX_NAME_CHARACTERS: Final = 60
#: Of what stands beside the film: markers, and items that are not read.
_MAX_FRAMES: Final = MAX_DURATION_SECONDS
_DISSOLVE: Final = "SMPTE_Dissolve"

Json = dict[str, Any]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """An item with the frames that it is on."""

    id: str
    item: Mapping[str, Any]
    start: int
    end: int


def write(document: Mapping[str, Any], *, name: str) -> Json:
    """Return an OTIO timeline; one in seconds is translated to frames first.

    Raises `ValueError` for a composition with faults.
    """
    timeline = parse(document).timeline
    if timeline is None:
        raise ValueError("only a composition without faults can be written")
    document = in_frames(document)
    timeline = parse(document).timeline or timeline
    rate = timeline.frame_rate
    items = document.get("items") or {}
    placed: set[str] = set()
    children: list[Json] = []
    for index, track in enumerate(document.get("tracks") or []):
        parts = list(_parts(track, items, timeline, placed))
        children[:0] = _tracks(track, index, parts, document, rate)
    kept = {
        key: value for key, value in document.items() if key not in ("tracks", "items") or not value
    }
    ours = {
        "fields": kept,
        "names": list(document),
        "order": list(items),
        "unplaced": {key: item for key, item in items.items() if key not in placed},
    }
    stack = _stack(children, _markers(document, rate))
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {OURS: ours},
        "name": label(name),
        "global_start_time": rational(0, rate),
        "tracks": stack,
    }


def _parts(
    track: Mapping[str, Any], items: Mapping[str, Any], timeline: Timeline, placed: set[str]
) -> Iterator[_Part]:
    """Yield the items of a track, each once."""
    clips = {clip.id: clip for each in timeline.tracks for clip in each.clips}
    for item_id in track.get("items") or []:
        item = items.get(item_id)
        if not isinstance(item, Mapping) or item_id in placed:
            continue
        placed.add(item_id)
        if item_id in clips:
            start, end = clips[item_id].start_frame, clips[item_id].end_frame
        else:  # hidden, or made of several
            start = _frames(item.get("from"), 0)
            end = start + _frames(item.get("durationInFrames"), 1)
        yield _Part(id=item_id, item=item, start=start, end=end)


def _frames(value: object, usual: int) -> int:
    number = finite(value)
    return int(number) if number is not None and 0 <= number <= _MAX_FRAMES else usual


def _tracks(
    track: Mapping[str, Any],
    index: int,
    parts: Sequence[_Part],
    document: Mapping[str, Any],
    rate: Fraction,
) -> list[Json]:
    """Return a track, and one more for whatever is on it at the same time, the lowest first."""
    lanes: list[list[_Part]] = [[]]
    for part in sorted(parts, key=lambda part: (part.start, part.end)):
        free = next((lane for lane in lanes if not lane or lane[-1].end <= part.start), None)
        if free is None:
            lanes.append([part])
        else:
            free.append(part)
    kind = "Audio" if parts and all(each.item["type"] == "audio" for each in parts) else "Video"
    fields = {key: [] if value and key == "items" else value for key, value in track.items()}
    name = label(track.get("name") or track.get("id"))
    ours = {
        "index": index, "fields": fields, "order": track.get("items"),
        "clips": [part.id for part in parts],
        "written": {"name": name, "hidden": bool(track.get("hidden"))},
    }  # fmt: skip
    found = []
    for number, lane in enumerate(lanes):
        metadata = {OURS: ours if number == 0 else {"index": index}}
        found.append({
            **_item("Track.1", name, metadata),
            "enabled": not track.get("hidden"),
            "children": _children(lane, document, rate),
            "kind": kind,
        })  # fmt: skip
    return found


def _children(lane: list[_Part], document: Mapping[str, Any], rate: Fraction) -> list[Json]:
    found: list[Json] = []
    now = 0
    for part in lane:
        if part.start > now:
            found.append({
                **_item("Gap.1", "", {}), "source_range": time_range(0, part.start - now, rate),
            })  # fmt: skip
        elif now and (dissolve := _dissolve(part, rate)):
            found.append(dissolve)
        found.append(_clip(part, document, rate))
        now = part.end
    return found


def _dissolve(part: _Part, rate: Fraction) -> Json | None:
    """Return the way from the item before, where it is a plain fade."""
    way = part.item.get("transition") or part.item.get("transitionIn")
    if not isinstance(way, Mapping) or way.get("type") != "fade":
        return None
    length = min(round((finite(way.get("duration")) or 0) * rate), part.end - part.start)
    return {
        "OTIO_SCHEMA": "Transition.1", "metadata": {OURS: {}}, "name": "fade",
        "in_offset": rational(0, rate), "out_offset": rational(length, rate),
        "transition_type": _DISSOLVE,
    }  # fmt: skip


def _clip(part: _Part, document: Mapping[str, Any], rate: Fraction) -> Json:
    item = part.item
    asset = asset_of(item, document)
    speed = finite(item.get("playbackRate"))
    trim = finite(item.get(STARTS.get(str(item.get("type")), ""))) or 0.0
    begin = trim * float(rate) if abs(trim) <= MAX_DURATION_SECONDS else 0.0
    name = _name(part.id, item, asset)
    written = {
        "start": part.start, "end": part.end, "trim": begin / float(rate), "speed": speed or 1.0,
        "url": url_of(item, asset), "name": name,
        "hidden": bool(item.get("hidden")),
    }  # fmt: skip
    ours = {"id": part.id, "item": item, "written": written}
    return {
        **_item("Clip.2", name, {OURS: ours}),
        "source_range": time_range(begin, part.end - part.start, rate),
        "effects": [] if speed in (None, 0, 1) else [_warp(float(speed or 1))],
        "markers": _markers(item, rate),
        "enabled": not item.get("hidden"),
        "media_references": {"DEFAULT_MEDIA": _media(item, asset, rate)},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _media(item: Mapping[str, Any], asset: Mapping[str, Any] | None, rate: Fraction) -> Json:
    url = url_of(item, asset)
    common: Json = {
        "metadata": {},
        "name": "",
        "available_range": None,
        "available_image_bounds": None,
    }
    if url is None:
        kind = str(item.get("type"))
        return {
            "OTIO_SCHEMA": "GeneratorReference.1", **common, "generator_kind": kind,
            "parameters": {},
        }  # fmt: skip
    seconds = finite(asset.get("durationInSeconds")) if asset else None
    if seconds is not None and 0 < seconds <= MAX_DURATION_SECONDS:
        common["available_range"] = time_range(0, seconds * float(rate), rate)
    if asset and asset.get("filename"):
        common["name"] = label(asset["filename"])
    return {"OTIO_SCHEMA": "ExternalReference.1", **common, "target_url": url}


def asset_of(item: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the asset that an item names, where the assets are one object by id."""
    assets, name = document.get("assets"), item.get("assetId")
    found = assets.get(name) if isinstance(assets, Mapping) and isinstance(name, str) else None
    return found if isinstance(found, Mapping) else None


def url_of(item: Mapping[str, Any], asset: Mapping[str, Any] | None) -> str | None:
    """Return the file that an item shows or plays."""
    asset = asset or {}
    urls = (item.get("src"), asset.get("src"), asset.get("remoteUrl"))
    url = next((url for url in urls if isinstance(url, str)), None)
    return url if url and len(url) <= MAX_SRC_CHARACTERS and _is_text(url) else None


def _is_text(text: str) -> bool:
    return text.encode("utf-8", "ignore").decode() == text


def label(text: object, *, limit: int = MAX_LABEL_CHARACTERS) -> str:
    """Return what other programs show: no half characters, and not too long."""
    return text.encode("utf-8", "replace").decode()[:limit] if isinstance(text, str) else ""


def _name(item_id: str, item: Mapping[str, Any], asset: Mapping[str, Any] | None) -> str:
    """Return what people read on a clip: its name, its text, its file, else its id."""
    names = (item.get("name"), item.get("text"), (asset or {}).get("filename"), item_id)
    name = next((name for name in names if isinstance(name, str) and name.strip()), item_id)
    return label(" ".join(name.split()), limit=_MAX_NAME_CHARACTERS)


def _markers(owner: Mapping[str, Any], rate: Fraction) -> list[Json]:
    """Write `markers` of a composition or an item: `frame`, `durationInFrames`, `name`, `color`."""
    return [
        {
            "OTIO_SCHEMA": "Marker.2", "metadata": {OURS: marker},
            "name": label(marker.get("name")), "color": label(marker.get("color")) or "RED",
            "marked_range": time_range(
                marker["frame"], finite(marker.get("durationInFrames")) or 0, rate
            ),
            "comment": label(marker.get("comment")),
        }
        for marker in markers_of(owner)
    ]  # fmt: skip


def markers_of(owner: Mapping[str, Any]) -> list[Json]:
    """Return the markers of a composition or an item that can be written: on whole frames."""
    markers = owner.get("markers")
    return [
        marker
        for marker in (markers if isinstance(markers, list) else ())
        if isinstance(marker, dict)
        and _is_whole(marker.get("frame"))
        and _is_whole(marker.get("durationInFrames") or 0)
    ]


def _is_whole(value: object) -> bool:
    number = finite(value)
    return number is not None and number == int(number) and abs(number) <= _MAX_FRAMES


def _warp(speed: float) -> Json:
    return {
        "OTIO_SCHEMA": "LinearTimeWarp.1", "metadata": {}, "name": "",
        "effect_name": "LinearTimeWarp", "time_scalar": speed,
    }  # fmt: skip


def _stack(children: list[Json], markers: list[Json]) -> Json:
    return {**_item("Stack.1", "tracks", {}), "markers": markers, "children": children}


def _item(schema: str, name: str, metadata: Json) -> Json:
    return {
        "OTIO_SCHEMA": schema, "metadata": metadata, "name": name, "source_range": None,
        "effects": [], "markers": [], "enabled": True,
    }  # fmt: skip


def rational(value: float, rate: Fraction | int) -> Json:
    """Return a time."""
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(value)}


def time_range(start: float, duration: float, rate: Fraction | int) -> Json:
    """Return a start and a duration."""
    return {
        "OTIO_SCHEMA": "TimeRange.1", "duration": rational(duration, rate),
        "start_time": rational(start, rate),
    }  # fmt: skip
