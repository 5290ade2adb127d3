"""What stands in the frames of a plan: a clip for its time, or one that gives way to the next."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from msgspec.structs import replace
from typing_extensions import override

from telecine.media.render.display import Draw
from telecine.media.render.measure import Box
from telecine.media.render.planning import transitions
from telecine.media.render.planning.nodes import Node, Outer
from telecine.media.render.planning.poses import Pose
from telecine.media.render.planning.transitions import Cover
from telecine.media.timeline.model import Transition

#: Sorts items from the back to the front.
Order = tuple[int, int]


class Item:
    """A node on the timeline's `frames`. What stays as it is, is worked out once.

    `wiped_in`: the frames on which its wipes count in a box on the canvas, and that.
    """

    def __init__(
        self,
        node: Node,
        *,
        order: Order,
        frames: range,
        opacity: float,
        wiped_in: tuple[range, Box] | None = None,
    ) -> None:
        self.node = node
        self.order = order
        self.frames = frames
        self._outer = Outer(opacity=opacity)
        self._wiped_in = wiped_in
        #: From which frame on it moves or stands: starts, and whether it moves.
        self._starts, self._moves = [frames.start], [False]
        for first, end in self._moving():
            self._add(first, is_moving=True)
            self._add(end, is_moving=False)
        self._standing: dict[int, tuple[Draw, ...]] = {}
        self._last: tuple[Draw, ...] = ()

    def draws(self, n: int) -> tuple[tuple[Draw, ...], range]:
        """Return what is drawn, and the frames on which that is known to be the same."""
        piece = bisect_right(self._starts, n) - 1
        if self._moves[piece]:
            return self._kept(self._draws(n)), range(n, n + 1)
        starts = self._starts
        end = starts[piece + 1] if piece + 1 < len(starts) else self.frames.stop
        found = self._standing.get(piece)
        found = self._kept(self._draws(n) if found is None else found)
        self._standing[piece] = found
        return found, range(starts[piece], end)

    def _kept(self, draws: tuple[Draw, ...]) -> tuple[Draw, ...]:
        """Return equal draws as the object that they were before."""
        if draws != self._last:
            self._last = draws
        return self._last

    def _add(self, frame: int, *, is_moving: bool) -> None:
        if frame <= self._starts[-1]:
            self._moves[-1] = is_moving
        elif frame < self.frames.stop and is_moving != self._moves[-1]:
            self._starts.append(frame)
            self._moves.append(is_moving)

    def _moving(self) -> list[tuple[int, int]]:
        start = self.node.clip.start_frame
        return [(start + first, start + end) for first, end in self.node.moving()]

    def _draws(self, n: int) -> tuple[Draw, ...]:
        return tuple(self.node.draws(n - self.node.clip.start_frame, self._outer_at(n)))

    def _outer_at(self, n: int) -> Outer:
        if self._wiped_in is None or n not in self._wiped_in[0]:
            return self._outer
        return replace(self._outer, wiped_in=self._wiped_in[1])


class Leaving(Item):
    """A clip while the next one of its track comes; past its end it holds its last frame."""

    def __init__(
        self,
        node: Node,
        *,
        order: Order,
        frames: range,
        opacity: float,
        transition: Transition,
        canvas: tuple[int, int],
        cover: Cover,
        wiped_in: tuple[range, Box] | None = None,
    ) -> None:
        self._transition = transition
        self._canvas = canvas
        self._cover = cover
        super().__init__(node, order=order, frames=frames, opacity=opacity, wiped_in=wiped_in)
        self._outer = replace(self._outer, is_fixed=transition.kind in transitions.STILL)

    @override
    def _moving(self) -> list[tuple[int, int]]:
        return [(self.frames.start, self.frames.stop)]

    @override
    def _draws(self, n: int) -> tuple[Draw, ...]:
        clip = self.node.clip
        seconds = self.node.clock.seconds(n - self.frames.start)
        share = min(seconds / self._transition.duration_seconds, 1.0)
        frame = min(n, clip.end_frame - 1) - clip.start_frame
        return tuple(self.node.draws(frame, self._outer_at(n), self._change(share)))

    def _change(self, share: float) -> Callable[[Pose], None]:
        def change(pose: Pose) -> None:
            transitions.give_way(
                pose, self._transition, share, canvas=self._canvas, cover=self._cover
            )

        return change
