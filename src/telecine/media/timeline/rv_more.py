"""What Telecine adds to the dialect, made of what the dialect has: animations and progress."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from telecine.media.timeline.easing import EASINGS, linear
from telecine.media.timeline.model import Animation
from telecine.media.timeline.reader import Node
from telecine.media.timeline.rv_style import read_placement
from telecine.media.timeline.scene import Scene

_BLUR_PX: Final = 20.0
_SHAKES: Final = 4
_SHAKE_PX: Final = 12.0
_PULSE_SCALE: Final = 1.08
_POP_SCALE: Final = 0.5
_RING_PX: Final = 120.0
_STYLES: Final = ("bar", "ring")

Json = dict[str, object]


def _wave(t: float) -> float:
    """There and back."""
    return math.sin(math.pi * t)


def _shaking(t: float) -> float:
    """To and fro, less and less."""
    return math.sin(2 * math.pi * _SHAKES * t) * (1.0 - t)


def _blur_in(base: Animation) -> tuple[Animation, ...]:
    return base, replace(base, kind="filter", filter="blur", start=_BLUR_PX, end=0.0)


def _pop_in(base: Animation) -> tuple[Animation, ...]:
    easing = EASINGS["easeOutBack"] if base.easing is linear else base.easing
    grown = replace(base, kind="scale", start=_POP_SCALE, end=1.0, easing=easing)
    return replace(base, duration_seconds=0.6 * base.duration_seconds), grown


def _pulse(base: Animation) -> tuple[Animation, ...]:
    return (replace(base, kind="scale", start=1.0, end=_PULSE_SCALE, easing=_wave),)


def _shake(base: Animation) -> tuple[Animation, ...]:
    return (replace(base, kind="move", start=(0.0, 0.0), end=(_SHAKE_PX, 0.0), easing=_shaking),)


#: Each is given a fade in with the document's times, and returns what stands for it.
MORE_ANIMATIONS: Final[dict[str, Callable[[Animation], tuple[Animation, ...]]]] = {
    "blurIn": _blur_in,
    "popIn": _pop_in,
    "pulse": _pulse,
    "shake": _shake,
}


def progress(node: Node, *, scene: Scene, duration: float) -> Json:
    """Return the clip that a progress clip is: a bar that grows, or a ring that closes.

    Without a place, a bar runs along the lower edge.
    """
    style = node.choice(
        "style" if isinstance(node.raw.get("style"), str) else "variant", "bar", _STYLES
    )
    thickness = node.number("thickness", 8.0, low=0.1, high=2000)
    paint = node.get("color") or "#ffffff"
    place = read_placement(node, scene=scene, box=(scene.width, scene.height))
    frames = [{"time": 0, "value": 0}, {"time": duration, "value": 1}]
    own = ("style", "transform", "color")
    kept = {name: value for name, value in node.raw.items() if name not in own}
    if style == "ring":
        radius = (place.width or _RING_PX) / 2
        return {
            **kept, "type": "path", "transform": node.get("transform"), "lineWidth": thickness,
            "data": ring(radius), "style": {"stroke": paint},
            "keyframes": [{"property": "drawEnd", "frames": frames}],
        }  # fmt: skip
    width = place.width or float(scene.width)
    left, y = place.x - place.anchor[0] * width, place.y
    if not node.has("transform"):
        left, y = -scene.width / 2, (scene.height - thickness) / 2
    return {
        **kept, "type": "rect", "style": {"fill": paint},
        "transform": {"x": left, "y": y, "anchor": "left", "width": width, "height": thickness},
        "keyframes": [{"property": "scale.x", "frames": frames}],
    }  # fmt: skip


def ring(radius: float) -> str:
    """Return a circle about (0, 0) as path data, clockwise from the top."""
    r = f"{radius:.3f}"
    return f"M0 -{r} A{r} {r} 0 0 1 0 {r} A{r} {r} 0 0 1 0 -{r}"
