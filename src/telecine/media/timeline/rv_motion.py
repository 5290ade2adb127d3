"""Movement in RenderingVideo's dialect: keyframes, animations, transitions.

Pairs become two curves (`position` is `x` and `y`, `scale` is `scale.x` and `scale.y`), so that
every curve but a colour's is one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, get_args

from telecine.media.timeline.easing import linear
from telecine.media.timeline.model import (
    Animation,
    AnimationKind,
    Colour,
    Curve,
    CurvePoint,
    Direction,
    FilterKind,
    Transition,
    TransitionKind,
)
from telecine.media.timeline.reader import Node, Value, finite
from telecine.media.timeline.rv_more import MORE_ANIMATIONS
from telecine.media.timeline.scene import (
    MAX_DURATION_SECONDS,
    MAX_PX,
    Scene,
    colour,
    easing,
    length,
    offset,
    percent,
)

_DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)
_FILTERS: Final[tuple[FilterKind, ...]] = get_args(FilterKind)
_ANIMATIONS: Final[tuple[AnimationKind, ...]] = get_args(AnimationKind)
_TRANSITIONS: Final[tuple[TransitionKind, ...]] = get_args(TransitionKind)
_PAIRS: Final = {
    "position": ("x", "y"),
    "scale": ("scale.x", "scale.y"),
    "skew": ("skew.x", "skew.y"),
}
_SHARES: Final = ("opacity", "drawStart", "drawEnd", "grayscale", "sepia", "invert")
_CROPS: Final = ("cropLeft", "cropTop", "cropRight", "cropBottom")
#: What may be keyframed, and the range of its values.
RANGES: Final[dict[str, tuple[float, float]]] = {
    **dict.fromkeys(("x", "y"), (-MAX_PX, MAX_PX)),
    **dict.fromkeys(("width", "height"), (0.0, MAX_PX)),
    **dict.fromkeys(("scale.x", "scale.y"), (-1000.0, 1000.0)),
    **dict.fromkeys(("rotation", "hue"), (-1e6, 1e6)),
    **dict.fromkeys(("skew.x", "skew.y"), (-89.0, 89.0)),
    **dict.fromkeys((*_SHARES, *_CROPS), (0.0, 1.0)),
    **dict.fromkeys(("strokeWidth", "borderRadius", "blur"), (0.0, 2000.0)),
    **dict.fromkeys(("brightness", "contrast", "saturate"), (0.0, 100.0)),
    "fontSize": (1.0, 2000.0),
    "letterSpacing": (-500.0, 2000.0),
    "volume": (0.0, 4.0),
    "pan": (-1.0, 1.0),
}
_COLOURS: Final = frozenset({"fill", "stroke"})
_ALIASES: Final = {"position.x": "x", "position.y": "y", "color": "fill"}
_MAX_POINTS: Final = 10_000
_USUAL_SECONDS: Final = 0.5
#: FFmpeg's names for ways from one clip to the next, and the nearest of ours.
_NEAREST: Final[dict[str, tuple[TransitionKind, Direction | None]]] = {
    **dict.fromkeys(("crossfade", "dissolve", "fadefast", "fadeslow"), ("fade", None)),
    **dict.fromkeys(("fadeblack", "fadewhite", "fadegrays", "distance"), ("fade", None)),
    **dict.fromkeys(("circleopen", "circleclose", "circlecrop", "rectcrop"), ("iris", None)),
    **dict.fromkeys(("hblur", "pixelize"), ("blur", None)),
    **dict.fromkeys(("zoomin", "squeezeh", "squeezev"), ("zoom", None)),
    **dict.fromkeys(("radial",), ("spin", None)),
    **dict.fromkeys(("horzopen", "horzclose", "hlslice", "hlwind"), ("wipe", "left")),
    **dict.fromkeys(("hrslice", "hrwind", "wipetl", "wipebl"), ("wipe", "right")),
    **dict.fromkeys(("vertopen", "vertclose", "vuslice", "vuwind"), ("wipe", "up")),
    **dict.fromkeys(("vdslice", "vdwind", "wipetr", "wipebr"), ("wipe", "down")),
    **dict.fromkeys(("diagtl", "diagbl"), ("wipe", "left")),
    **dict.fromkeys(("diagtr", "diagbr"), ("wipe", "right")),
    **{f"wipe{way}": ("wipe", way) for way in _DIRECTIONS},
    **{f"smooth{way}": ("wipe", way) for way in _DIRECTIONS},
    **{f"reveal{way}": ("wipe", way) for way in _DIRECTIONS},
    **{f"slide{way}": ("push", way) for way in _DIRECTIONS},
    **{f"cover{way}": ("slide", way) for way in _DIRECTIONS},
}


def read_curves(node: Node, *, scene: Scene, box: tuple[float, float]) -> tuple[Curve, ...]:
    """Return a clip's keyframes.

    `box` is what percentages of `width` and `height` refer to, in px.
    """
    curves: dict[str, Curve] = {}
    for item in node.items("keyframes", high=64):
        for curve in _curves(item.fields(), scene, box):
            curves[curve.property] = curve
    return tuple(curves.values())


def _curves(node: Node, scene: Scene, box: tuple[float, float]) -> list[Curve]:
    value = node.required("property")
    name = None if value is None else value.text(max_characters=64)
    frames = [item.fields() for item in node.items("frames", high=_MAX_POINTS)]
    if value is None or name is None:
        return []
    name = name.removeprefix("transform.").removeprefix("style.")
    name = _ALIASES.get(name, name)
    if name not in _PAIRS and name not in RANGES and name not in _COLOURS:
        known = ", ".join([*_PAIRS, *RANGES, *sorted(_COLOURS)])
        value.warn("PROPERTY", "This cannot be keyframed.", allowed=known)
        return []
    if not frames:
        node.report.problem(
            f"{node.path}.frames", "REQUIRED", "Keyframes need frames.",
            allowed="[{time, value, easing}, …]",
        )  # fmt: skip
        return []
    names = _PAIRS.get(name, (name,))
    points: list[list[CurvePoint]] = [[] for _ in names]
    for frame in frames:
        when, curve = _time(frame, scene), easing(frame)
        for found, point in zip(points, _values(frame, names, scene, box), strict=False):
            found.append(CurvePoint(time_seconds=when, value=point, easing=curve))
    return [
        Curve(property=one, points=tuple(sorted(found, key=lambda point: point.time_seconds)))
        for one, found in zip(names, points, strict=True)
        if found
    ]


def _time(frame: Node, scene: Scene) -> float:
    number = frame.maybe("frame", low=-1e7, high=1e7)
    if number is not None:
        return float(Fraction(number) / scene.frame_rate)
    value = frame.required("time")
    low, high = -MAX_DURATION_SECONDS, MAX_DURATION_SECONDS
    return (None if value is None else value.number(low=low, high=high)) or 0.0


def _values(
    frame: Node, names: Sequence[str], scene: Scene, box: tuple[float, float]
) -> list[float | Colour]:
    value = frame.required("value")
    if value is None:
        return []
    if names[0] in _COLOURS:
        found = colour(value)
        return [] if found is None else [found]
    parts = [value] * len(names) if len(names) == 1 else _pair(value, names)
    numbers = [_number(part, name, scene, box) for part, name in zip(parts, names, strict=False)]
    found_numbers: list[float | Colour] = [number for number in numbers if number is not None]
    return found_numbers if len(found_numbers) == len(names) else []


def _pair(value: Value, names: Sequence[str]) -> list[Value]:
    """Return both parts of [1, 2], {x: 1, y: 2}, or a scale's single number."""
    if finite(value.raw) is not None and names[0] == "scale.x":
        return [value, value]
    if isinstance(value.raw, dict):
        fields = value.fields()
        parts = [fields.required("x"), fields.required("y")]
        return [part for part in parts if part is not None]
    return value.items(low=2, high=2)


def _number(value: Value, name: str, scene: Scene, box: tuple[float, float]) -> float | None:
    if name in ("x", "y"):
        return offset(value, whole=scene.width if name == "x" else scene.height)
    if name in ("width", "height"):
        return length(value, whole=box[0] if name == "width" else box[1])
    low, high = RANGES[name]
    return value.number(low=low, high=high)


def read_animations(node: Node, *, scene: Scene) -> tuple[Animation, ...]:
    """Return a clip's preset movements, and its plain fades in and out."""
    found: list[Animation] = []
    for item in node.items("animations", high=64):
        found += _animations(item.fields(), scene)
    fades: tuple[AnimationKind, ...] = ("fadeIn", "fadeOut")
    for kind in fades:
        seconds = node.number(f"{kind}DurationInSeconds", 0.0, low=0, high=MAX_DURATION_SECONDS)
        if seconds > 0:
            found.append(Animation(kind=kind, duration_seconds=seconds, easing=linear))
    if any(run.kind == "typewriter" for run in found) and node.raw.get("type") != "text":
        node.report.warn(
            node.path_of("animations"), "NOT_DRAWN", "Only text is typed.", got="typewriter",
            allowed="a text clip",
        )  # fmt: skip
    return tuple(found)


def _animations(node: Node, scene: Scene) -> tuple[Animation, ...]:
    """Read one animation; those that are Telecine's own become several."""
    value = node.required("type")
    name = None if value is None else value.choice((*_ANIMATIONS, *MORE_ANIMATIONS))
    more = MORE_ANIMATIONS.get(name or "")
    known = next((kind for kind in _ANIMATIONS if kind == name), "fadeIn" if name else None)
    read = _animation(node, known, scene)
    if read is None:
        return ()
    return more(read) if more else (read,)


def _animation(node: Node, kind: AnimationKind | None, scene: Scene) -> Animation | None:
    duration = _duration(node)
    repeats = _repeats(node.get("loop"))
    start, end = (_target(node.get(name), kind, scene) for name in ("from", "to"))
    changed = node.choice("filter", "blur", _FILTERS) if node.has("filter") else None
    if kind == "filter" and changed is None:
        node.report.problem(
            f"{node.path}.filter", "REQUIRED", "Say which filter.", allowed=", ".join(_FILTERS)
        )
    delay = node.maybe("delay", low=-MAX_DURATION_SECONDS, high=MAX_DURATION_SECONDS)
    direction = node.choice("direction", "left", _DIRECTIONS)
    distance = node.number("distance", 200.0, low=-MAX_PX, high=MAX_PX)
    curve = easing(node)
    if kind is None:
        return None
    return Animation(
        kind=kind, duration_seconds=duration, easing=curve, delay_seconds=delay, repeats=repeats,
        start=start, end=end, direction=direction, distance=distance, filter=changed,
    )  # fmt: skip


def _duration(node: Node) -> float:
    value = node.required("duration")
    number = None if value is None else value.number(low=0, high=MAX_DURATION_SECONDS, above=0)
    return number or 1.0


def _repeats(value: Value | None) -> int | None:
    if value is None or value.raw is False:
        return 1
    if value.raw is True:
        return None
    return max(int(value.number(low=0, high=1e6) or 1), 1)


def _target(
    value: Value | None, kind: AnimationKind | None, scene: Scene
) -> float | tuple[float, float] | None:
    """Return where an animation starts or ends: a number, [a, b] or {x, y}."""
    if value is None:
        return None
    if kind == "move":
        if isinstance(value.raw, dict):
            fields = value.fields()
            return (_way(fields.get("x"), scene.width), _way(fields.get("y"), scene.height))
        pair = value.numbers(2, low=-MAX_PX, high=MAX_PX)
        return (pair[0], pair[1]) if pair else None
    if isinstance(value.raw, list):
        pair = value.numbers(2, low=-MAX_PX, high=MAX_PX)
        return (pair[0], pair[1]) if pair else None
    return value.number(low=-1e6, high=1e6)


def _way(value: Value | None, whole: float) -> float:
    """Return how far a movement goes: px, or `"p%"` of the canvas, for it adds to a place."""
    share = None if value is None else percent(value)
    if share is not None:
        return min(max(share * whole, -MAX_PX), MAX_PX)
    return (None if value is None else value.number(low=-MAX_PX, high=MAX_PX)) or 0.0


def read_transition(node: Node, *names: str) -> Transition | None:
    """Return the transition in the first of these fields that is there.

    A plain name takes its length from `transitionDurationInSeconds`.
    """
    value = node.first(*names)
    if value is None or value.raw is False or value.raw == "none":
        return None
    if isinstance(value.raw, str):
        seconds = node.number(
            "transitionDurationInSeconds", _USUAL_SECONDS, low=0, high=MAX_DURATION_SECONDS
        )
        plain = {"type": value, "duration": seconds or _USUAL_SECONDS}
        fields = Node(plain, value.path, value.report, None)
    else:
        fields = value.fields()
    kind_value = fields.required("type")
    duration = _duration(fields)
    curve = easing(fields)
    direction = fields.choice("direction", "left", _DIRECTIONS) if fields.has("direction") else None
    blur = fields.maybe("blur", low=0, high=500)
    intensity = fields.maybe("intensity", low=0, high=100)
    rotation = fields.maybe("rotation", low=-36_000, high=36_000)
    scale = fields.maybe("scale", low=0, high=100)
    kind, way = _transition_kind(kind_value)
    if kind is None:
        return None
    return Transition(
        kind=kind, duration_seconds=duration, easing=curve, direction=direction or way or "left",
        blur=blur, intensity=intensity, rotation=rotation, scale=scale,
    )  # fmt: skip


def _transition_kind(value: Value | None) -> tuple[TransitionKind | None, Direction | None]:
    if value is None:
        return None, None
    if isinstance(value.raw, str) and value.raw in _NEAREST:
        kind, way = _NEAREST[value.raw]
        if value.raw not in ("crossfade", "dissolve"):
            known = ", ".join(_TRANSITIONS)
            value.warn("NEAREST", f"Drawn as {kind}, the nearest transition.", allowed=known)
        return kind, way
    return value.choice(_TRANSITIONS), None
