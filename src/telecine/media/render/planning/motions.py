"""A clip's movement as a whole: its pose at any instant, and when that changes at all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, get_args

from telecine.media.render.planning import looks, presets, transitions
from telecine.media.render.planning.poses import Pose
from telecine.media.render.planning.presets import NEUTRAL
from telecine.media.render.planning.ramps import Interval, Ramp, ramps_of
from telecine.media.timeline.model import CLEARING_MODES, Clip, Filter, FilterKind

_FILTERS: Final[tuple[FilterKind, ...]] = get_args(FilterKind)
#: The curves that move a pose, and what of it.
_FIELDS: Final = {
    "x": "x", "y": "y", "scale.x": "scale_x", "scale.y": "scale_y", "rotation": "rotation",
    "skew.x": "skew_x", "skew.y": "skew_y", "opacity": "opacity",
}  # fmt: skip


class Motion:
    """The movement of one clip; seconds are the clip's own.

    `blurs_on_canvas`: a blur that stands still is left to the draws. They know where the canvas
    ends and let no ground in there; in the pixels a blur ends with the clip's box.
    """

    def __init__(
        self,
        clip: Clip,
        *,
        duration_seconds: float,
        canvas: tuple[int, int],
        blurs_on_canvas: bool = False,
    ) -> None:
        self._clip = clip
        self._duration = duration_seconds
        self._canvas = canvas
        self.ramps = ramps_of(clip.curves) | looks.typed(clip.animations)
        self._fields = [
            (_FIELDS[name], ramp) for name, ramp in self.ramps.items() if name in _FIELDS
        ]
        self._runs = presets.runs_of(clip.animations, duration_seconds=duration_seconds)
        #: The filters of the style that always stay as they are, and come before all others.
        self.standing_filters, self._filters = _split(
            clip.style.filters, self.ramps, keeps_blurs=not blurs_on_canvas
        )

    def pose_at(self, seconds: float) -> Pose:
        """Return what the clip is like then."""
        place, clip = self._clip.placement, self._clip
        pose = Pose(
            x=place.x, y=place.y, scale_x=place.scale[0], scale_y=place.scale[1],
            rotation=place.rotation, skew_x=place.skew[0], skew_y=place.skew[1],
            opacity=clip.style.opacity,
        )  # fmt: skip
        for name, ramp in self._fields:
            setattr(pose, name, ramp.number_at(seconds))
        for kind, value, moved in self._filters:
            found = value if moved is None else moved.number_at(seconds)
            if found != NEUTRAL[kind]:
                pose.filters.append(Filter(kind=kind, value=found))
        for run in self._runs:
            if run.counts_at(seconds):
                presets.apply(pose, run, seconds)
        coming, going = clip.transition_in, clip.transition_out
        if coming is not None and seconds < coming.duration_seconds:
            share = max(seconds, 0.0) / coming.duration_seconds
            transitions.enter(pose, coming, share, canvas=self._canvas)
        if going is not None:
            share = 1.0 - (self._duration - seconds) / going.duration_seconds
            if share > 0:
                transitions.leave(pose, going, min(share, 1.0), canvas=self._canvas)
        pose.opacity = min(max(pose.opacity, 0.0), 1.0)
        return pose

    def moving(self) -> Iterator[Interval]:
        """Yield when the pose changes; between these it stays exactly as it is."""
        for name, ramp in self.ramps.items():
            if name in _FIELDS or name in _FILTERS:
                yield from ramp.moving()
        for run in self._runs:
            yield from run.moving()
        if self._clip.transition_in is not None:
            yield 0.0, self._clip.transition_in.duration_seconds
        if self._clip.transition_out is not None:
            yield self._duration - self._clip.transition_out.duration_seconds, self._duration

    def largest_scale(self) -> float:
        """Return the largest factor that the clip is ever enlarged by, or a little more."""
        place, clip = self._clip.placement, self._clip
        sides = [
            ramp.reach(self._duration) if (ramp := self.ramps.get(name)) else abs(static)
            for name, static in zip(("scale.x", "scale.y"), place.scale, strict=True)
        ]
        skews = [
            math.radians(min(ramp.reach(self._duration) if ramp else abs(static), 80.0))
            for ramp, static in (
                (self.ramps.get("skew.x"), place.skew[0]), (self.ramps.get("skew.y"), place.skew[1]),
            )
        ]  # fmt: skip
        return (
            max(sides)
            / math.prod(math.cos(skew) for skew in skews)
            * presets.largest_scale(self._runs)
            * transitions.largest_scale(clip.transition_in)
            * transitions.largest_scale(clip.transition_out)
        )

    def moves_in_space(self) -> bool:
        """Say whether the clip ever leaves its place or changes its size or angle."""
        kinds = {run.animation.kind for run in self._runs} - {"fadeIn", "fadeOut", "filter"}
        ways = (self._clip.transition_in, self._clip.transition_out)
        moved = {way.kind for way in ways if way is not None}.difference(transitions.STILL)
        curves = {name for name in self.ramps if name in _FIELDS} - {"opacity"}
        return bool(kinds or moved or curves)

    def is_ever_seen(self) -> bool:
        """Say whether there can be an instant at which the clip is not transparent or flat."""
        opacity = self.ramps.get("opacity")
        reach = opacity.reach(self._duration) if opacity else self._clip.style.opacity
        return reach > 0 or self._clip.style.blend in CLEARING_MODES


def _split(
    filters: tuple[Filter, ...], ramps: dict[str, Ramp], *, keeps_blurs: bool
) -> tuple[tuple[Filter, ...], list[tuple[FilterKind, float, Ramp | None]]]:
    """Part a style's filters at the first that moves; what comes after it cannot stand before it."""
    left: dict[FilterKind, Ramp] = {kind: ramps[kind] for kind in _FILTERS if kind in ramps}
    chain: list[tuple[FilterKind, float, Ramp | None]] = [
        (each.kind, each.value, left.pop(each.kind, None)) for each in filters
    ]
    chain += [(kind, NEUTRAL[kind], ramp) for kind, ramp in left.items()]
    leaves = [ramp is not None or (kind == "blur" and not keeps_blurs) for kind, _, ramp in chain]
    first = leaves.index(True) if True in leaves else len(chain)
    standing = tuple(Filter(kind=kind, value=value) for kind, value, _ in chain[:first])
    return standing, chain[first:]
