"""Which instant of its source a moving layer shows on each frame: trim, rate, loops, holds.

All of it is exact. What is played backwards shows the same instants as forwards, from the
last to the first; what holds at its end holds the last instant that was shown.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

import msgspec

from telecine.media.render.planning.spans import Clock, Span
from telecine.media.timeline.model import Image, Video
from telecine.media.timeline.scene import exact


class Playback(msgspec.Struct, frozen=True, kw_only=True):
    """How a source is played. `length` is how much of it there is to play; None: no end is known.

    `step` is how far the source moves on from one frame to the next, in seconds.
    """

    start: Fraction
    length: Fraction | None
    step: Fraction
    is_reversed: bool
    after_end: Literal["hold", "loop", "blank"]
    n_frames: int

    def seconds_at(self, frame: int) -> Fraction | None:
        """Return the instant that a frame shows, `frame` counted from the clip's start."""
        passed = frame * self.step
        if self.length is not None and passed >= self.length:
            if self.after_end == "blank" or self.length <= 0:
                return None if self.after_end == "blank" else self.start
            passed = self._last() if self.after_end == "hold" else passed % self.length
        if self.is_reversed:
            passed = max(self._last() - passed, Fraction(0))
        return self.start + passed

    def moving(self) -> list[Span]:
        """Return the frames on which the picture is not simply the one before."""
        if self.length is None or self.after_end == "loop":
            return [(0, self.n_frames)]
        over = math.ceil(self.length / self.step) if self.length > 0 else 0
        return [(0, min(over + 1, self.n_frames))]

    def _last(self) -> Fraction:
        """Return how far into the trim the last frame is that shows it."""
        length = self.n_frames * self.step if self.length is None else self.length
        return (math.ceil(length / self.step) - 1) * self.step


def playback(content: Video | Image, *, duration: Fraction | None, clock: Clock) -> Playback:
    """Return how a video or an animated image is played; `duration` is the source's."""
    step = exact(content.rate) / clock.frame_rate
    if isinstance(content, Image):
        is_timed = duration is not None and duration > 0
        return Playback(
            start=_within(exact(content.start_seconds), duration if is_timed else None),
            length=None,
            step=step,
            is_reversed=False,
            after_end="loop",
            n_frames=clock.n_frames,
        )
    start = exact(content.trim_start_seconds)
    ends = [duration] if duration is not None else []
    if content.trim_end_seconds is not None:
        ends.append(exact(content.trim_end_seconds))
    return Playback(
        start=start,
        length=min(ends) - start if ends else None,
        step=step,
        is_reversed=content.is_reversed,
        after_end=content.after_end,
        n_frames=clock.n_frames,
    )


def _within(seconds: Fraction, duration: Fraction | None) -> Fraction:
    return seconds if duration is None else seconds % duration
