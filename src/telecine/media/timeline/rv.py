"""RenderingVideo's dialect of video JSON (`config` 2.0.0) to a timeline.

Whatever is sent, `parse_rv` returns: a timeline, or all that is wrong with the document. What
the dialect leaves open (and what was decided) stands beside the code that decides it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, pairwise

from telecine.media.timeline import whole
from telecine.media.timeline.model import Timeline, Track
from telecine.media.timeline.reader import Node, Report, finite
from telecine.media.timeline.rv_clips import Draft, read_clip
from telecine.media.timeline.rv_unknown import Known, listed, parts_of_clip, warn_of_unknown
from telecine.media.timeline.rv_waveform import followed
from telecine.media.timeline.scene import (
    BLACK,
    MAX_CLIPS,
    MAX_DURATION_SECONDS,
    Lookup,
    Scene,
    paint,
)
from telecine.media.timeline.whole import MAX_TRACKS, MIN_SIDE, Parsed


def parse_rv(document: object, *, lookup: Lookup | None = None) -> Parsed:
    """Translate a document, or say what is wrong with it; never raises.

    Without a `lookup` nothing outside of the document is asked for: captions by reference stay
    empty, `duration: "auto"` counts as five seconds, each with a warning.
    """
    report = Report()
    root = whole.opened(document, report=report)
    meta = root.required("meta")
    scene = _scene(meta.fields() if meta else Node({}, "meta", report, None), report, lookup)
    scene.assets = whole.assets(root)
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
        fonts=tuple(whole.fonts(scene)),
        seed=int(root.number("seed", 0, low=0, high=2**53)),
    )
    warn_of_unknown(report, _objects(root))
    return whole.finished(timeline, scene=scene)


def _check_version(meta: Node) -> None:
    value = meta.get("version")
    text = None if value is None else value.text(max_characters=64)
    if value is not None and text is not None and text.split(".")[0] != "2":
        value.warn("VERSION", "This is read as version 2 of the schema.", allowed="2.0.0")


def _scene(meta: Node, report: Report, lookup: Lookup | None) -> Scene:
    _check_version(meta)
    width, height = (
        whole.side(value) if (value := meta.required(name)) else MIN_SIDE
        for name in ("width", "height")
    )
    return Scene(
        width=width,
        height=height,
        frame_rate=whole.frame_rate(meta.get("fps")),
        report=report,
        lookup=lookup,
    )


def _tracks(root: Node, scene: Scene) -> tuple[tuple[Track, ...], list[Draft]]:
    value = root.required("tracks")
    items = [] if value is None else value.items(low=1, high=MAX_TRACKS)
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
        tracks.append(whole.track(node, (draft.clip for draft in found)))
        drafts += found
    return followed(tuple(tracks), scene=scene), drafts


def _project_end(tracks: list[Node]) -> float:
    """Return where the last clip of a plain duration ends: what `duration: "end"` means."""
    ends = [0.0]
    for track in tracks:
        clips = track.raw.get("clips")
        for clip in islice(clips, MAX_CLIPS) if isinstance(clips, list) else ():
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


def _objects(root: Node) -> Iterator[Known]:
    """Yield what is looked at for fields that nobody reads, with its path and sort."""
    meta = root.raw.get("meta")
    if isinstance(meta, Mapping):
        yield "meta", "meta", meta
    for path, track in listed(root.raw, "tracks", ""):
        yield path, "track of clips", track
        for place, clip in listed(track, "clips", path):
            yield from parts_of_clip(place, clip)
