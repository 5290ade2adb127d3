"""Compositions in the Remotion-style dialect, for the tests of its reader."""

from __future__ import annotations

from telecine.media.timeline.model import Clip, Timeline
from telecine.media.timeline.remotion import parse_remotion

ASSETS: dict[str, object] = {
    "picture": {"id": "picture", "type": "image", "remoteUrl": "https://example.com/a.png"},
    "film": {"id": "film", "type": "video", "remoteUrl": "https://example.com/a.mp4",
             "durationInSeconds": 5},
    "moving": {"id": "moving", "type": "gif", "remoteUrl": "https://example.com/a.gif"},
    "tune": {"id": "tune", "type": "audio", "remoteUrl": "https://example.com/a.mp3"},
    "said": {"id": "said", "type": "caption", "captions": [
        {"text": "Hello", "startMs": 0, "endMs": 400, "timestampMs": None, "confidence": None},
        {"text": " world", "startMs": 400, "endMs": 900, "timestampMs": 400, "confidence": 0.9},
    ]},
}  # fmt: skip


def item(kind: str, **fields: object) -> dict[str, object]:
    """Return an item of two seconds."""
    return {"type": kind, "from": 0, "durationInFrames": 60, **fields}


def composition(*items: object, **root: object) -> dict[str, object]:
    """Return a composition of 1280 x 720 with one track of these items, called a, b, c, …"""
    named = {chr(ord("a") + index): each for index, each in enumerate(items)}
    return {
        "fps": 30, "compositionWidth": 1280, "compositionHeight": 720,
        "tracks": [{"id": "track", "items": list(named), "hidden": False, "muted": False}],
        "items": named, "assets": ASSETS, **root,
    }  # fmt: skip


def timeline(*items: object, **root: object) -> Timeline:
    """Return the timeline of a composition that must be right."""
    parsed = parse_remotion(composition(*items, **root))
    assert parsed.problems == ()
    assert parsed.timeline is not None
    return parsed.timeline


def only(kind: str, **fields: object) -> Clip:
    """Return what the one item of a composition becomes."""
    (found,) = timeline(item(kind, **fields)).tracks[0].clips
    return found
