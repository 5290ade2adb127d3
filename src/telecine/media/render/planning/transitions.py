"""How clips come, go, and give way to the next: the nine transitions.

`direction` is where things move: a clip that slides in to the left comes from the right, the
edge of a wipe to the left starts at the right. Times end where the clip is simply there.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final, Literal

from msgspec.structs import replace

from telecine.media.render.display import OPPOSITE, Mask
from telecine.media.render.planning.poses import Pose
from telecine.media.render.planning.ramps import overshoot
from telecine.media.timeline.model import Clip, Direction, Filter, Transition

VECTORS: Final[dict[Direction, tuple[float, float]]] = {
    "left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0),
}  # fmt: skip
#: Those that move nothing: what stands stays on its whole pixels.
STILL: Final = ("fade", "wipe", "iris", "blur", "lightSweep")
#: What of a clip the next one hides: all, all unless that is a picture with holes, or a part.
Cover = Literal["all", "perhaps", "part"]

#: A power that lets a clip go at the very end: too late for the ground to be seen.
_LATE: Final = 8
#: How far a clip that is pushed reaches below the one that pushes it: a chroma sample, at least.
_LAP_PX: Final = 2.0
BLUR_PX: Final = 24.0
ZOOM_SCALE: Final = 0.5
SPIN_DEGREES: Final = 180.0
SPIN_SCALE: Final = 0.5


def fitted(clip: Clip, *, frame_rate: Fraction) -> Clip:
    """Return a clip whose transitions are no longer than it is.

    It has come by its last frame: that is what is held while the next one comes.
    """
    n_frames = clip.end_frame - clip.start_frame
    coming = _shortened(clip.transition_in, (n_frames - 1) / frame_rate)
    going = _shortened(clip.transition_out, n_frames / frame_rate)
    if coming is clip.transition_in and going is clip.transition_out:
        return clip
    return replace(clip, transition_in=coming, transition_out=going)


def _shortened(transition: Transition | None, most_seconds: Fraction) -> Transition | None:
    if transition is None or transition.duration_seconds <= most_seconds:
        return transition
    return replace(transition, duration_seconds=float(most_seconds)) if most_seconds > 0 else None


def enter(pose: Pose, transition: Transition, share: float, *, canvas: tuple[int, int]) -> None:
    """Change the pose of a clip that comes, from 0 (not there yet) to 1 (as it is)."""
    _appear(pose, transition, transition.easing(share), turn=-1.0, canvas=canvas)
    if transition.kind == "lightSweep":
        _sweep(pose, transition, share)


def leave(pose: Pose, transition: Transition, share: float, *, canvas: tuple[int, int]) -> None:
    """Change the pose of a clip that goes, from 0 (as it is) to 1 (gone)."""
    _appear(pose, transition, 1.0 - transition.easing(share), turn=1.0, canvas=canvas)
    if transition.kind == "lightSweep":
        _sweep(pose, transition, share)


def give_way(
    pose: Pose,
    transition: Transition,
    share: float,
    *,
    canvas: tuple[int, int],
    cover: Cover,
) -> None:
    """Change the pose of a clip to which the next one comes; `cover` is what that hides of it.

    What will be hidden may stay as it is: if both were half transparent, the ground would show.
    """
    eased = transition.easing(share)
    if transition.kind == "push" and cover != "part":
        _pushed(pose, transition, eased, canvas=canvas)
        return
    if transition.kind in ("push", "spin") or (transition.kind == "wipe" and cover != "all"):
        leave(pose, transition, share, canvas=canvas)
        return
    if transition.kind == "zoom":
        factor = 2.0 - _zoomed(transition, 1.0 - eased)
        pose.scale_x, pose.scale_y = pose.scale_x * factor, pose.scale_y * factor
    elif transition.kind == "blur":
        _blur(pose, transition, eased)
    if cover != "all":
        # A light lets things come in the first half: what was there must not outlast that.
        gone = _clamped(2.0 * eased if transition.kind == "lightSweep" else eased)
        pose.opacity *= 1.0 - (gone if cover == "part" else gone**_LATE)


def largest_scale(transition: Transition | None) -> float:
    """Return how much larger than itself a transition ever shows a clip that comes or goes."""
    if transition is None or transition.kind not in ("zoom", "spin"):
        return 1.0
    return max(1.0, _zoomed(transition, 0.0), _zoomed(transition, overshoot(transition.easing)))


def largest_scale_giving_way(transition: Transition) -> float:
    """Return the same for the clip before."""
    if transition.kind != "zoom":
        return 1.0
    farthest = overshoot(transition.easing)
    return max(1.0, *(2.0 - _zoomed(transition, there) for there in (0.0, 1.0 - farthest)))


def _appear(
    pose: Pose, transition: Transition, there: float, *, turn: float, canvas: tuple[int, int]
) -> None:
    """Show a clip as far as it is there, 0 to 1. `turn` is -1 before its time and 1 after."""
    away = 1.0 - there
    match transition.kind:
        case "slide" | "push":
            across, down = VECTORS[transition.direction]
            pose.x += turn * away * across * canvas[0]
            pose.y += turn * away * down * canvas[1]
        case "wipe" | "iris":
            direction = transition.direction if turn < 0 else OPPOSITE[transition.direction]
            pose.masks.append(
                Mask(
                    kind="wipe" if transition.kind == "wipe" else "iris",
                    share=_clamped(there),
                    direction=direction,
                    softness=transition.blur or 0.0,
                    is_going=turn > 0,
                )
            )
        case "zoom" | "spin":
            factor = _zoomed(transition, there)
            pose.scale_x, pose.scale_y = pose.scale_x * factor, pose.scale_y * factor
            pose.opacity *= _clamped(there)
            if transition.kind == "spin":
                degrees = SPIN_DEGREES if transition.rotation is None else transition.rotation
                pose.rotation += turn * away * degrees
        case "blur":
            _blur(pose, transition, away)
            pose.opacity *= _clamped(there)
        case "lightSweep":
            pose.opacity *= _clamped(2.0 * there)
        case "fade":
            pose.opacity *= _clamped(there)


def _pushed(pose: Pose, transition: Transition, eased: float, *, canvas: tuple[int, int]) -> None:
    """Move a clip away, its edge a little below the next one's: both end between pixels, and
    the ground would show through two half edges."""
    across, down = VECTORS[transition.direction]
    side = canvas[0] if across else canvas[1]
    moved = math.copysign(max(abs(eased) * side - _LAP_PX, 0.0), eased)
    pose.x += moved * across
    pose.y += moved * down


def _zoomed(transition: Transition, there: float) -> float:
    usual = ZOOM_SCALE if transition.kind == "zoom" else SPIN_SCALE
    start = usual if transition.scale is None else transition.scale
    return max(0.0, start + (1.0 - start) * there)


def _blur(pose: Pose, transition: Transition, away: float) -> None:
    widest = BLUR_PX if transition.blur is None else transition.blur
    strength = 1.0 if transition.intensity is None else transition.intensity
    value = widest * strength * away
    if value > 0:
        pose.filters.append(Filter(kind="blur", value=value))


def _sweep(pose: Pose, transition: Transition, share: float) -> None:
    pose.sweep = _clamped(share)
    pose.sweep_strength = 1.0 if transition.intensity is None else transition.intensity


def _clamped(share: float) -> float:
    return min(max(share, 0.0), 1.0)
