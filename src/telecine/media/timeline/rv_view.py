"""Ken Burns in RenderingVideo's dialect: a picture that is seen nearer, or elsewhere, as time goes.

Ours. A picture that fills the canvas is enlarged as a clip is, by curves like those of keyframes;
one in a box of its own moves inside that box, and its neighbours are left in peace.
"""

from __future__ import annotations

from msgspec.structs import replace

from telecine.media.timeline.easing import linear
from telecine.media.timeline.model import Curve, CurvePoint, Placement
from telecine.media.timeline.reader import Node, finite
from telecine.media.timeline.scene import Scene, easing, offset


def fills_canvas(placement: Placement, scene: Scene) -> bool:
    """Say whether a picture there has no neighbours: as large as the canvas, or of its own size."""
    sides = (placement.width, placement.height)
    if sides == (None, None):
        return True
    is_large = (sides[0] or 0.0) >= scene.width and (sides[1] or 0.0) >= scene.height
    return is_large and replace(placement, width=None, height=None) == Placement()


def read_view(
    node: Node, *, scene: Scene, placement: Placement, duration_seconds: float
) -> tuple[Curve, ...]:
    """Return how a picture moves from its first view to its last.

    `placement` is where it is at rest: the clip's, or the plain one for a picture in a box.
    """
    ways: dict[str, tuple[float, float]] = {}
    if node.has("kenBurns"):
        burns = node.node("kenBurns")
        rest = _at_rest(placement)
        first, last = _view(burns, "from", scene), _view(burns, "to", scene)
        ways = {
            name: (first.get(name, still), last.get(name, still))
            for name, still in rest.items()
            if name in first or name in last
        }
    elif node.has("kenBurnsEffect"):
        ways = _preset(node, scene, placement)
    curve = easing(node.node("kenBurns"))
    return tuple(
        Curve(
            property=name,
            points=(
                CurvePoint(time_seconds=0.0, value=first, easing=linear),
                CurvePoint(time_seconds=duration_seconds, value=last, easing=curve),
            ),
        )
        for name, (first, last) in ways.items()
    )


def _at_rest(placement: Placement) -> dict[str, float]:
    across, down = placement.scale
    return {"scale.x": across, "scale.y": down, "x": placement.x, "y": placement.y}


def _view(burns: Node, name: str, scene: Scene) -> dict[str, float]:
    value = burns.get(name)
    if value is None:
        return {}
    if finite(value.raw) is not None:
        number = value.number(low=0.01, high=100) or 1.0
        return {"scale.x": number, "scale.y": number}
    view = value.fields()
    scale = view.maybe("scale", low=0.01, high=100)
    found = {
        "scale.x": scale,
        "scale.y": scale,
        "x": offset(view.get("x"), whole=scene.width),
        "y": offset(view.get("y"), whole=scene.height),
    }
    return {name: number for name, number in found.items() if number is not None}


def _preset(node: Node, scene: Scene, placement: Placement) -> dict[str, tuple[float, float]]:
    allowed = ("none", "zoom-in", "zoom-out", "pan-left", "pan-right", "pan-up", "pan-down")
    effect = node.choice("kenBurnsEffect", "none", allowed)
    more = node.number("kenBurnsIntensity", 0.2, low=0, high=2)
    if effect == "none":
        return {}
    still = _at_rest(placement)
    wide, tall = still["scale.x"], still["scale.y"]
    near = (wide * (1 + more), tall * (1 + more))
    if effect == "zoom-in":
        return {"scale.x": (wide, near[0]), "scale.y": (tall, near[1])}
    if effect == "zoom-out":
        return {"scale.x": (near[0], wide), "scale.y": (near[1], tall)}
    if effect in ("pan-left", "pan-right"):
        axis, side = "x", (placement.width or scene.width) * abs(wide)
    else:
        axis, side = "y", (placement.height or scene.height) * abs(tall)
    reach = more / 2 * side  # as far as the enlarged picture still covers its place
    sign = -1 if effect in ("pan-left", "pan-up") else 1
    return {
        "scale.x": (near[0], near[0]),
        "scale.y": (near[1], near[1]),
        axis: (still[axis] - sign * reach, still[axis] + sign * reach),
    }
