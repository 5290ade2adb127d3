"""Documents in RenderingVideo's dialect, for the tests of its reader."""

from __future__ import annotations

from telecine.media.timeline.model import Clip, Timeline
from telecine.media.timeline.rv import parse_rv
from telecine.media.timeline.whole import Parsed


def document(*clips: object, **root: object) -> dict[str, object]:
    """Return a document of one track with these clips."""
    meta = {"version": "2.0.0", "width": 1280, "height": 720, "fps": 30}
    return {"meta": meta, "tracks": [{"clips": list(clips)}], **root}


def clip(kind: str, **fields: object) -> dict[str, object]:
    """Return a clip of two seconds."""
    return {"type": kind, "start": 0, "duration": 2, **fields}


def timeline(*clips: object, **root: object) -> Timeline:
    """Return the timeline of a document that must be right."""
    parsed = parse_rv(document(*clips, **root))
    assert parsed.problems == ()
    assert parsed.timeline is not None
    return parsed.timeline


def only(kind: str, **fields: object) -> Clip:
    """Return what the one clip of a document becomes."""
    (found,) = timeline(clip(kind, **fields)).tracks[0].clips
    return found


def faults(parsed: Parsed) -> list[tuple[str, str]]:
    """Return where and what, for each problem."""
    assert parsed.timeline is None
    return [(problem.path, problem.code) for problem in parsed.problems]


def notes(parsed: Parsed) -> list[tuple[str, str]]:
    """Return where and what, for each warning."""
    return [(warning.path, warning.code) for warning in parsed.warnings]
