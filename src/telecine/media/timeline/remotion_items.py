"""An item of the Remotion-style dialect as a clip of the other: seconds, and px from the centre.

Values that the document gave stay `Value`s, or keep their names, so that a fault is reported
where it was written. Without a place of its own an item fills the canvas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from telecine.media.timeline.reader import Node, Value, finite
from telecine.media.timeline.scene import MAX_DURATION_SECONDS, MAX_PX, Scene

Json = dict[str, object]

#: Items that fill the canvas where they do not say how large they are.
_FILLING: Final = frozenset({"image", "video", "gif", "solid", "rect", "layout"})
_CROPPED: Final = frozenset({"image", "video", "gif"})
_USUAL: Final[Mapping[str, Json]] = {
    "text": {"fontSize": 80, "align": "left"},
    "captions": {"pageDurationInMilliseconds": 1200},
}
_CORNERS: Final = ("left", "top", "width", "height")
_TURNS: Final = ("rotation", "scale", "skew")
_ANCHORS: Final[Mapping[tuple[bool, bool], str]] = {
    (False, False): "center", (True, False): "left", (False, True): "top", (True, True): "top-left",
}  # fmt: skip


def made_clip(item: Node, *, item_id: str, scene: Scene) -> Node:
    """Return the fields of the clip that an item is."""
    kind = item.raw.get("type")
    kind = kind if isinstance(kind, str) else ""
    own = {name: value for name, value in item.raw.items() if value is not None}
    usual = _USUAL.get(kind, {})
    if kind == "captions":
        usual = _usual_captions(item, own)
    place, transform = _place(item, kind, scene), own.get("transform")
    made: Json = {
        **usual, **own, **_when(item, scene), "id": item_id,
        "transform": {**place, **transform} if isinstance(transform, Mapping) else transform or place,
    }  # fmt: skip
    if kind == "progress" and not transform and not any(name in own for name in _CORNERS):
        del made["transform"]  # a bar has a place of its own
    if made.get("transition") == {}:  # as editors write none
        del made["transition"]
    if isinstance(own.get("keyframes"), list):
        made["keyframes"] = _keyframes(own["keyframes"], place, scene)
    return Node(made, item.path, item.report, item.variables)


def frames(value: Value, *, scene: Scene, low: int) -> int | None:
    """Read a number of frames; a part of one is a problem."""
    number = value.number(low=low, high=float(MAX_DURATION_SECONDS * scene.frame_rate))
    if number is not None and number != int(number):
        value.problem("TYPE", "Frames are whole.", allowed="a whole number")
        return None
    return None if number is None else int(number)


def plain_frames(raw: object) -> int | None:
    """Return a number of frames as it stands in a document, None for anything else."""
    number = finite(raw)
    return int(number) if number is not None and 0 <= number < 1e9 else None


def _when(item: Node, scene: Scene) -> Json:
    """Return start and duration in seconds; `"end"` and `"auto"` stay."""
    start, length = item.required("from"), item.required("durationInFrames")
    first = None if start is None else frames(start, scene=scene, low=0)
    when: Json = {"start": float((first or 0) / scene.frame_rate)}
    if length is not None and length.raw in ("end", "auto"):
        return {**when, "duration": length}
    number = None if length is None else frames(length, scene=scene, low=1)
    return {**when, "duration": float((number or 1) / scene.frame_rate)}


def _place(item: Node, kind: str, scene: Scene) -> Json:
    """Return `transform` for `left`, `top`, `width`, `height` and the turns."""
    left, top = (item.maybe(name, low=-MAX_PX, high=MAX_PX) for name in _CORNERS[:2])
    width, height = (item.maybe(name, low=0, high=MAX_PX) for name in _CORNERS[2:])
    turns: Json = {name: value for name in _TURNS if (value := item.get(name)) is not None}
    if kind in _FILLING:
        width = scene.width if width is None else width
        height = scene.height if height is None else height
    elif kind == "text" and width is None:
        width = max(scene.width - (left or 0.0), 1.0)
    elif kind == "captions" and (left, top, width, height) != (None,) * 4:
        width = max(scene.width - (left or 0.0), 1.0) if width is None else width
        height = max(scene.height - (top or 0.0), 1.0) if height is None else height
    if kind in _CROPPED and width is not None and height is not None:
        left, width = _cropped(item, left, width, ("cropLeft", "cropRight"))
        top, height = _cropped(item, top, height, ("cropTop", "cropBottom"))
    size = item.maybe("size", low=0, high=MAX_PX) if kind in ("circle", "polygon") else None
    x, is_left = _axis(left, size if width is None else width, scene.width)
    y, is_top = _axis(top, size if height is None else height, scene.height)
    sides: Json = {"width": width, "height": height}
    return {"x": x, "y": y, "anchor": _ANCHORS[is_left, is_top], **sides, **turns}


def _cropped(
    item: Node, start: float | None, length: float, names: tuple[str, str]
) -> tuple[float, float]:
    """Return what is left of a box: here it is that of the whole picture, and the crop hides."""
    near, far = (item.number(name, 0.0, low=0, high=1) for name in names)
    return (start or 0.0) + near * length, max(1.0 - near - far, 0.0) * length


def _axis(start: float | None, length: float | None, canvas: float) -> tuple[float, bool]:
    """Return px from the canvas centre, and whether it is the near edge that lies there."""
    if length is not None:
        return (start or 0.0) + (length - canvas) / 2, False
    return (0.0, False) if start is None else (start - canvas / 2, True)


def _usual_captions(item: Node, own: Json) -> Json:
    """Pages by time, and in the middle of a box of its own, unless the item says otherwise."""
    said = item.over("style").over("config")
    usual = {} if said.has("wordsPerBatch") else dict(_USUAL["captions"])
    if "height" in own:
        usual["position"] = "center"
    return usual


def _keyframes(raw: object, place: Json, scene: Scene) -> object:
    """Return keyframes with `left` and `top` as `x` and `y`."""
    if not isinstance(raw, list):
        return raw
    shifts = {}
    for name, axis, side, canvas in (
        ("left", "x", "width", scene.width), ("top", "y", "height", scene.height),
    ):  # fmt: skip
        length = place[side]
        shifts[name] = (axis, ((length if isinstance(length, float | int) else 0.0) - canvas) / 2)
    return [_moved(keyframe, shifts) for keyframe in raw]


def _moved(keyframe: object, shifts: Mapping[str, tuple[str, float]]) -> object:
    name = keyframe.get("property") if isinstance(keyframe, Mapping) else None
    if not isinstance(keyframe, Mapping) or not isinstance(name, str) or name not in shifts:
        return keyframe
    axis, shift = shifts[name]
    points = keyframe.get("frames")
    if isinstance(points, list):
        points = [_shifted(point, shift) for point in points]
    return {**keyframe, "property": axis, "frames": points}


def _shifted(point: object, shift: float) -> object:
    number = finite(point.get("value")) if isinstance(point, Mapping) else None
    if not isinstance(point, Mapping) or number is None:
        return point
    return {**point, "value": number + shift}
