"""Layers that move: the picture of a video or an animated image at any instant.

A video is decoded ahead of need by a thread of its own, which learns from the instants asked
for how the clip is played (rate, backwards) and converts only the frames that will be shown.
A wrong guess costs time, never a wrong picture.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av.error
import msgspec

from telecine.kit.errors import UndecodableMediaError
from telecine.media.render.decoding.animated import AnimatedImage
from telecine.media.render.decoding.facts import SourceFacts, probe_source
from telecine.media.render.decoding.frames import FrameConverter
from telecine.media.render.decoding.videofile import TimedFrame, VideoFile
from telecine.media.render.planes import FrameSource, Planes

__all__ = ["SourceFacts", "VideoSource", "open_source", "probe_source"]

#: Frames converted ahead; with those in use at most six of a video are held.
_AHEAD_FRAMES: Final = 4
#: Further ahead than this a new order is placed, and the decoder may seek.
_SKIP_SECONDS: Final = Fraction(3, 2)
#: A longer step back is a jump (a loop), not playing backwards.
_LONGEST_STEP_BACK_SECONDS: Final = Fraction(1)
#: Decoded frames held to play backwards: a group of pictures, or as much of it as fits.
_BACKWARDS_BYTES: Final = 96 * 2**20


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A converted frame, and when it is on screen."""

    start: Fraction
    end: Fraction | None
    planes: Planes

    def covers(self, seconds: Fraction) -> bool:
        """Say whether this is what is seen then."""
        return self.start <= seconds and (self.end is None or seconds < self.end)


class _Order(msgspec.Struct, kw_only=True, eq=False):
    """From where and which way to decode. `step` may be learnt later; None takes every frame.

    `reached` is the latest (backwards: the earliest) instant that needs no more waiting for.
    """

    start: Fraction
    is_backwards: bool
    step: Fraction | None
    reached: Fraction
    is_done: bool = False


def open_source(path: Path, *, size: tuple[int, int]) -> FrameSource:
    """Open a video, an animated GIF or an animated WebP, to be drawn at `size` px (as shown).

    Raises `UnsupportedMediaError` and `UndecodableMediaError`.
    """
    if AnimatedImage.is_one(path):
        return AnimatedImage(path, size=size)
    return VideoSource(path, size=size)


class VideoSource:
    """The pictures of a video file, at `size` px (width, height, as shown).

    One thread asks, one works. Close it: the thread lives until then.
    """

    def __init__(self, path: Path, *, size: tuple[int, int]) -> None:
        self._file = VideoFile(path, size=size)
        self._converter = FrameConverter(size, codec=self._file.codec)
        self._changed = threading.Condition()
        self._ready: deque[_Shown] = deque()
        self._current: _Shown | None = None
        self._order: _Order | None = None
        self._last_asked: Fraction | None = None
        self._last_step: Fraction | None = None
        self._takes_every_frame = False
        self._failure: BaseException | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name=f"decode {path.name}", daemon=True)
        self._thread.start()

    def frame_at(self, seconds: Fraction) -> Planes:
        """Return what is on screen `seconds` into the file; the same object for the same frame.

        Before the start it is the first frame, after the end the last. Raises
        `UndecodableMediaError`.
        """
        with self._changed:
            at = max(seconds, Fraction(0)) + self._file.tolerance
            self._learn(at)
            if self._current is None or not self._current.covers(at):
                self._current = None  # its memory is not needed while the next is awaited
                self._current = self._await(at)
            return self._current.planes

    def close(self) -> None:
        """Stop the thread and close the file."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()
        self._file.close()
        self._ready.clear()
        self._current = None

    # The side that asks; holds the lock.

    def _learn(self, at: Fraction) -> None:
        """Work out from two equal steps how the clip is played."""
        step = None if self._last_asked is None else at - self._last_asked
        order = self._order
        if order is not None and not order.is_backwards and not self._takes_every_frame:
            order.step = step if step is not None and step > 0 and step == self._last_step else None
        self._last_asked, self._last_step = at, step

    def _await(self, at: Fraction) -> _Shown:
        if self._order is None or not self._is_on_the_way(self._order, at):
            self._place_order(at)
        while True:
            if self._failure is not None:
                raise self._failure
            while self._ready and self._is_past(self._ready[0], at):
                self._ready.popleft()
                self._changed.notify_all()
            if self._ready and self._ready[0].covers(at):
                shown = self._ready.popleft()
                self._changed.notify_all()
                return shown
            order = self._order
            if self._ready or (order is not None and order.is_done):
                # The frame was left out: these are not the even steps that it looked like.
                self._takes_every_frame = True
                self._place_order(at)
            self._changed.wait()

    def _is_past(self, shown: _Shown, at: Fraction) -> bool:
        if self._order is not None and self._order.is_backwards:
            return shown.start > at
        return shown.end is not None and shown.end <= at

    def _is_on_the_way(self, order: _Order, at: Fraction) -> bool:
        if order.is_backwards:
            return order.reached - _SKIP_SECONDS <= at <= order.start
        lower = self._ready[0].start if self._ready else order.reached
        return lower <= at <= order.reached + _SKIP_SECONDS

    def _place_order(self, at: Fraction) -> None:
        step = self._last_step
        is_backwards = step is not None and -_LONGEST_STEP_BACK_SECONDS <= step < 0
        self._ready.clear()
        self._order = _Order(start=at, is_backwards=is_backwards, step=None, reached=at)
        self._changed.notify_all()

    # The side that works; takes the lock only to hand over.

    def _work(self) -> None:
        done: _Order | None = None
        try:
            while (order := self._next_order(done)) is not None:
                self._fill(order)
                done = order
        except av.error.FFmpegError as error:
            self._fail(UndecodableMediaError(f"The video cannot be decoded: {error.strerror}."))
        except BaseException as error:  # noqa: BLE001 (raised where the frame is asked for)
            self._fail(error)

    def _fail(self, failure: BaseException) -> None:
        with self._changed:
            self._failure = failure
            self._changed.notify_all()

    def _next_order(self, done: _Order | None) -> _Order | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._order is not done)
            return None if self._is_closed else self._order

    def _fill(self, order: _Order) -> None:
        frames = self._backwards(order) if order.is_backwards else self._forwards(order)
        for timed in frames:
            if not self._is_wanted(order, timed):
                if not self._note(order, timed):
                    return
                continue
            planes = self._converter.planes(timed.frame)
            shown = _Shown(start=timed.start, end=timed.end, planes=planes)
            if not self._hand_over(order, shown):
                return
        with self._changed:
            order.is_done = True
            self._changed.notify_all()

    def _forwards(self, order: _Order) -> Iterator[TimedFrame]:
        for timed in self._file.frames_from(order.start, before=False):
            if timed.end is None or timed.end > order.start:
                yield timed

    def _backwards(self, order: _Order) -> Iterator[TimedFrame]:
        """Decode a group of pictures forwards, hand it out backwards, and so on."""
        before: Fraction | None = None
        at = order.start
        while before is None or before > 0:
            window: deque[TimedFrame] = deque()
            for timed in self._file.frames_from(at):
                if timed.start > order.start or (before is not None and timed.start >= before):
                    break
                window.append(timed)
                if len(window) > _frames_that_fit(timed):
                    window.popleft()
            if not window:
                return
            yield from reversed(window)
            before = window[0].start
            at = before - self._file.tolerance

    def _is_wanted(self, order: _Order, timed: TimedFrame) -> bool:
        """Say whether an instant that will be asked for falls within a frame's time."""
        step, anchor = order.step, self._last_asked
        if step is None or anchor is None or timed.end is None or timed.start <= anchor:
            return True
        next_asked = anchor + step * -(-(timed.start - anchor) // step)
        return next_asked < timed.end

    def _note(self, order: _Order, timed: TimedFrame) -> bool:
        with self._changed:
            order.reached = timed.start
            return self._order is order and not self._is_closed

    def _hand_over(self, order: _Order, shown: _Shown) -> bool:
        """Wait for room and add a frame; False when it is not wanted any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    len(self._ready) < _AHEAD_FRAMES or self._order is not order or self._is_closed
                )
            )
            if self._order is not order or self._is_closed:
                return False
            self._ready.append(shown)
            order.reached = shown.start
            self._changed.notify_all()
            return True


def _frames_that_fit(timed: TimedFrame) -> int:
    n_bytes = sum(plane.buffer_size for plane in timed.frame.planes)
    return max(2, _BACKWARDS_BYTES // max(1, n_bytes))
