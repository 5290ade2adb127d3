"""A composition in seconds as one in frames that is the same film.

A clip's fields may all stand on an item; what differs between the dialects is what counts where
nothing is said, so that is said. What is in front follows from `zIndex`, the rank of each clip.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from telecine.media.timeline.dialects import dialect, parse
from telecine.media.timeline.model import Timeline
from telecine.media.timeline.reader import finite
from telecine.media.timeline.scene import exact, whole_frames

#: What a clip has where it says nothing, and an item has not.
_USUAL: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"fontSize": 48, "align": "center"},
    "captions": {"wordsPerBatch": 4, "position": "bottom"},
    "subtitle": {"wordsPerBatch": 4, "position": "bottom"},
}
_PLACE: Final[Mapping[str, Any]] = {
    "x": 0,
    "y": 0,
    "anchor": "center",
    "width": None,
    "height": None,
}

Json = dict[str, Any]


def in_frames(document: Mapping[str, Any]) -> Json:
    """Return the composition in frames; one that is in frames already as it is.

    Raises `ValueError` for a composition with faults.
    """
    if dialect(document) == "remotion":
        return dict(document)
    timeline = parse(document).timeline
    if timeline is None:
        raise ValueError("only a composition without faults can be translated")
    ranks = _ranks(timeline)
    items: Json = {}
    tracks: list[Json] = []
    for number, track in enumerate(document["tracks"]):
        clips = [clip for clip in track.get("clips") or [] if isinstance(clip, Mapping)]
        ids = []
        for index, clip in enumerate(clips):
            item_id = _new_id(clip, f"clip-{number + 1}-{index + 1}", items)
            rank = ranks.get(f"tracks[{number}].clips[{index}]", 0)
            items[item_id] = _item(clip, timeline.frame_rate, rank)
            ids.append(item_id)
        kept = {name: value for name, value in track.items() if name != "clips"}
        tracks.append({"id": f"track-{number + 1}", **kept, "items": ids})
    meta = dict(document["meta"])
    root: Json = {
        "fps": meta.pop("fps", None) or 30,
        "compositionWidth": meta.pop("width"),
        "compositionHeight": meta.pop("height"),
    }
    meta.pop("version", None)
    if "background" in meta:
        root["backgroundColor"] = meta.pop("background")
    if meta:
        root["metadata"] = meta
    known = ("meta", "tracks", "video", "audio")
    rest = {name: value for name, value in document.items() if name not in known}
    return {**root, "assets": {}, **rest, "tracks": tracks, "items": items}


def _ranks(timeline: Timeline) -> dict[str, int]:
    """Return how far in front each clip is, by where it stands; all of a template's share one."""
    paths = {clip.id: clip.path for track in timeline.tracks for clip in track.clips}
    order = dict.fromkeys(paths[clip_id] for clip_id in timeline.paint_order)
    return {path: rank for rank, path in enumerate(order)}


def _new_id(clip: Mapping[str, Any], otherwise: str, items: Json) -> str:
    said = clip.get("id")
    name = said if isinstance(said, str) and said and said not in items else otherwise
    while name in items:
        name += "'"
    return name


def _item(clip: Mapping[str, Any], rate: Fraction, rank: int) -> Json:
    start, length = finite(clip.get("start")) or 0.0, clip.get("duration")
    seconds = finite(length)
    first = whole_frames(exact(start), rate)
    if seconds is not None:
        length = whole_frames(exact(start) + exact(seconds), rate) - first
    own = {
        name: value
        for name, value in clip.items()
        if name not in ("start", "duration", "zIndex", "transform") and value is not None
    }
    made = {
        **_USUAL.get(str(clip.get("type")), {}),
        **own,
        "from": first,
        "durationInFrames": length,
        "zIndex": rank,
    }
    transform = clip.get("transform")
    if isinstance(transform, Mapping):
        made["transform"] = {**_PLACE, **transform}
    elif clip.get("type") != "progress":  # which has a place of its own
        made["transform"] = dict(_PLACE)
    return made
