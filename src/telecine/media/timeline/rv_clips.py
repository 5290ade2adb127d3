"""The clips of RenderingVideo's dialect: what all types share, layouts, and templates."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from telecine.media.timeline.model import (
    Captions,
    Clip,
    Content,
    Curve,
    GainPoint,
    Image,
    Layout,
    PathLine,
    Placement,
    Sound,
    Video,
    Waveform,
)
from telecine.media.timeline.reader import Node, Value
from telecine.media.timeline.rv_captions import read_config
from telecine.media.timeline.rv_content import CLIP_TYPES, read_content
from telecine.media.timeline.rv_more import progress
from telecine.media.timeline.rv_motion import read_animations, read_curves, read_transition
from telecine.media.timeline.rv_shapes import NOT_DRAWN
from telecine.media.timeline.rv_style import read_placement, read_shadow, read_sides, read_style
from telecine.media.timeline.rv_view import fills_canvas, read_view
from telecine.media.timeline.rv_waveform import with_variant
from telecine.media.timeline.scene import (
    MAX_CLIPS,
    MAX_DURATION_SECONDS,
    Scene,
    exact,
    whole_frames,
)
from telecine.media.timeline.templates import expand

_MAX_DEPTH: Final = 8
#: What only a box has that is something by itself.
_GROUND: Final = ("fill", "color", "stroke", "strokeColor", "shadowColor")
#: Types that are made of further clips.
HOLDERS: Final = ("layout", "template", "progress")
_AUTO_SECONDS: Final = 5.0
_ROWS: Final[tuple[Literal["horizontal", "vertical"], ...]] = ("horizontal", "vertical")
_ALIGNS: Final[tuple[Literal["start", "center", "end", "stretch"], ...]] = (
    "start", "center", "end", "stretch",
)  # fmt: skip
_JUSTIFY: Final[
    tuple[Literal["start", "center", "end", "space-between", "space-around"], ...]
] = ("start", "center", "end", "space-between", "space-around")  # fmt: skip


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A clip, and what decides its place among the others."""

    clip: Clip
    z_index: float
    start_seconds: float
    track: int


class _Slot(msgspec.Struct, frozen=True, kw_only=True):
    """When a clip is seen, and what its percentages refer to."""

    start_frame: int
    end_frame: int
    box: tuple[float, float]
    depth: int = 0


def read_clip(node: Node, *, scene: Scene, track: int, end: float) -> list[Draft]:
    """Return the clip, or the clips of a template; none where it is hidden or unreadable.

    `end` is where the project ends, in seconds.
    """
    kind = _kind(node, scene)
    start = _start(node)
    if kind is None or node.flag("hidden"):
        return []
    if kind == "template":
        return _template(node, scene, track=track, end=end, start=start)
    if kind == "progress":
        duration = _duration(node, scene, sound=None, content=None, rest=end - start)
        made = progress(node, scene=scene, duration=duration)
        node = Node(made, node.path, node.report, node.variables)
        kind = str(made["type"])
    if kind == "waveform":
        node = with_variant(node)
    content, sound = read_content(kind, node, scene=scene) if kind != "layout" else (None, None)
    duration = _duration(node, scene, sound=sound, content=content, rest=end - start)
    f0 = whole_frames(exact(start), scene.frame_rate)
    f1 = whole_frames(exact(start) + exact(duration), scene.frame_rate)
    if f1 <= f0:
        scene.report.warn(
            node.path, "ZERO_LENGTH", "This is shorter than a frame: never seen.", got=duration,
            allowed=f"{float(1 / scene.frame_rate):.3g} s and more",
        )  # fmt: skip
    slot = _Slot(start_frame=f0, end_frame=f1, box=(scene.width, scene.height))
    clip = _clip(node, kind, content, sound, scene=scene, slot=slot)
    if clip.content is None and clip.sound is None:
        return []
    z_index = node.number("zIndex", 0.0, low=-1e9, high=1e9)
    return [Draft(clip=clip, z_index=z_index, start_seconds=start, track=track)]


def _template(node: Node, scene: Scene, *, track: int, end: float, start: float) -> list[Draft]:
    """Read the clips that a template becomes, under its own path."""
    duration = _duration(node, scene, sound=None, content=None, rest=end - start)
    template_id = scene.clip_id(node)
    clips = expand(
        node, scene=scene, start=start, duration=duration,
        z_index=node.number("zIndex", 0.0, low=-1e9, high=1e9),
    )  # fmt: skip
    found: list[Draft] = []
    for index, clip in enumerate(clips):
        made = Node({**clip, "id": f"{template_id}/{index}"}, node.path, scene.report, None)
        found += read_clip(made, scene=scene, track=track, end=end)
    return found


def _kind(node: Node, scene: Scene) -> str | None:
    scene.n_clips += 1
    if scene.n_clips > MAX_CLIPS:
        if scene.n_clips == MAX_CLIPS + 1:
            node.report.problem(
                node.path, "TOO_MANY", "Too many clips.", allowed=f"up to {MAX_CLIPS}"
            )
        return None
    value = node.required("type")
    return None if value is None else value.choice((*CLIP_TYPES, *HOLDERS), unsaid=NOT_DRAWN)


def _start(node: Node) -> float:
    value = node.required("start")
    number = None if value is None else value.number(low=0, high=MAX_DURATION_SECONDS)
    return number or 0.0


def _duration(
    node: Node, scene: Scene, *, sound: Sound | None, content: Content | None, rest: float
) -> float:
    """Read seconds, `"end"` (as long as the project), or `"auto"` (as long as the source)."""
    value = node.required("duration")
    if value is None:
        return 1.0
    if value.raw == "end":
        return max(rest, 0.0)
    if value.raw == "auto":
        return _natural_duration(value, scene, sound=sound, content=content)
    return value.number(low=0, high=MAX_DURATION_SECONDS, above=0) or 1.0


def _natural_duration(
    value: Value, scene: Scene, *, sound: Sound | None, content: Content | None
) -> float:
    played = content.sound if isinstance(content, Waveform) else sound or content
    if isinstance(content, Captions) and content.words:
        return max(word.end_seconds for word in content.words)
    source = getattr(played, "source", None)
    start = getattr(played, "trim_start_seconds", 0.0)
    end = getattr(played, "trim_end_seconds", None)
    if end is None and source is not None and scene.lookup is not None:
        end = scene.lookup.duration_seconds(source)
    if end is None:
        value.warn(
            "DURATION", f"How long this runs is unknown: {_AUTO_SECONDS:g} s.", allowed="seconds"
        )
        return _AUTO_SECONDS
    rate = getattr(played, "rate", 1.0)
    return float(min(max((end - start) / rate, 0.0), MAX_DURATION_SECONDS))


def _clip(
    node: Node,
    kind: str,
    content: Content | None,
    sound: Sound | None,
    *,
    scene: Scene,
    slot: _Slot,
) -> Clip:
    clip_id = scene.clip_id(node)
    seconds = float(Fraction(slot.end_frame - slot.start_frame) / scene.frame_rate)
    placement = read_placement(node, scene=scene, box=slot.box)
    curves = read_curves(node, scene=scene, box=slot.box)
    is_boxed = isinstance(content, Image | Video) and not (
        slot.depth == 0 and fills_canvas(placement, scene)
    )
    rest = Placement(width=placement.width, height=placement.height) if is_boxed else placement
    view = read_view(node, scene=scene, placement=rest, duration_seconds=seconds)
    if not is_boxed:  # the clip as a whole, unless keyframes say otherwise
        keyframed = {curve.property for curve in curves}
        curves += tuple(curve for curve in view if curve.property not in keyframed)
    style = read_style(node, has_outline=not isinstance(content, PathLine))
    if kind == "layout":
        content = _layout(node, placement, scene=scene, slot=slot)
    if isinstance(content, Captions):
        style = replace(style, stroke=None, shadow=read_shadow(read_config(node)))
    return Clip(
        id=clip_id,
        path=node.path,
        start_frame=slot.start_frame,
        end_frame=max(slot.end_frame, slot.start_frame),
        content=content,
        sound=sound if node.flag("muted") else _with_volume(sound, curves),
        placement=placement,
        style=style,
        curves=tuple(curve for curve in curves if curve.property != "volume"),
        view=view if is_boxed else (),
        animations=read_animations(node, scene=scene),
        transition_in=read_transition(node, "transition", "transitionIn"),
        transition_out=read_transition(node, "transitionOut"),
    )


def _with_volume(sound: Sound | None, curves: tuple[Curve, ...]) -> Sound | None:
    """Return the sound with its volume's keyframes as an envelope; they replace the volume."""
    points = next((curve.points for curve in curves if curve.property == "volume"), ())
    if sound is None or not points:
        return sound
    envelope = tuple(
        GainPoint(time_seconds=point.time_seconds, gain=point.value, easing=point.easing)
        for point in points
        if isinstance(point.value, float)
    )
    return replace(sound, gain=1.0, envelope=envelope)


def _layout(node: Node, placement: Placement, *, scene: Scene, slot: _Slot) -> Layout:
    _warn_of_ground(node.over("style"))
    sides = read_sides(node.get("padding"))
    width = slot.box[0] if placement.width is None else placement.width
    height = slot.box[1] if placement.height is None else placement.height
    inside = (max(width - sides[1] - sides[3], 1.0), max(height - sides[0] - sides[2], 1.0))
    within = replace(slot, box=inside, depth=slot.depth + 1)
    children = [_child(item.fields(), scene, within) for item in _children(node, slot.depth)]
    return Layout(
        children=tuple(child for child in children if child),
        direction=node.choice("direction", "vertical", _ROWS),
        gap=node.number("gap", 0.0, low=0, high=10_000),
        padding=sides,
        align=node.choice("alignItems", "start", _ALIGNS),
        justify=node.choice("justifyContent", "start", _JUSTIFY),
        is_clipped=node.flag("clip"),
    )


def _warn_of_ground(look: Node) -> None:
    for name in _GROUND:
        value = look.get(name)
        if value is not None:
            value.warn(
                "NOT_DRAWN", "A layout is seen by its children alone.", allowed="a rect behind it"
            )


def _children(node: Node, depth: int) -> list[Value]:
    value = node.required("children")
    if value is None:
        return []
    if depth >= _MAX_DEPTH:
        value.problem("TOO_DEEP", "Layouts are nested too deep.", allowed=f"{_MAX_DEPTH} levels")
        return []
    return value.items(high=MAX_CLIPS)


def _child(node: Node, scene: Scene, slot: _Slot) -> Clip | None:
    """Read a clip in a layout: it is seen as long as the layout is, whatever its own times say."""
    kind = _kind(node, scene)
    if kind is None or node.flag("hidden"):
        return None
    if kind in ("subtitle", "captions", "audio", "template", "progress"):
        node.report.problem(
            f"{node.path}.type", "CHOICE", "A layout cannot hold this.", got=kind,
            allowed="plain clips and layouts",
        )  # fmt: skip
        return None
    if kind == "waveform":
        node = with_variant(node)
    content, sound = read_content(kind, node, scene=scene) if kind != "layout" else (None, None)
    return _clip(node, kind, content, sound, scene=scene, slot=slot)
