"""A timeline to a file: drawn here, mixed in a second thread, encoded in two more.

Whatever goes wrong in any of them ends all, leaves no file, and comes out here as one error.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final

import msgspec

from telecine.kit.errors import CancelledError, InvalidRequestError
from telecine.media.render.drawing.sprites import Find
from telecine.media.render.encoding.codecs import SAMPLE_RATE, EncodeSettings
from telecine.media.render.encoding.outfile import OutputFacts
from telecine.media.render.encoding.outputs import Output, open_output
from telecine.media.render.film import Film
from telecine.media.render.sound import mix
from telecine.media.timeline.model import Timeline

#: How far sound may be ahead of the pictures: what is ahead is kept, encoded.
_SOUND_AHEAD_SECONDS: Final = 2
#: How often progress is told and `is_cancelled` asked.
_TICK_SECONDS: Final = 0.25


class RenderProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the frames are drawn."""

    n_done: int
    n_frames: int


OnProgress = Callable[[RenderProgress], None]


def render(
    timeline: Timeline,
    *,
    find: Find,
    output: Path,
    settings: EncodeSettings = EncodeSettings(),
    frames: range | None = None,
    size: tuple[int, int] | None = None,
    has_sound: bool = True,
    on_progress: OnProgress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> OutputFacts:
    """Render `frames` (all) of a timeline at `size` (its own) to a file; its suffix says which kind.

    Raises `MediaError`s and `InvalidRequestError` with the JSON path, `CancelledError`, and
    what storing can fail of. No file is left then.
    """
    wanted = _wanted(timeline, frames)
    ticker = _Ticker(len(wanted), on_progress, is_cancelled)
    is_heard = has_sound and not mix.is_silent(timeline, find=find)
    width, height = size or (timeline.width, timeline.height)
    made = open_output(
        output,
        width=width,
        height=height,
        frame_rate=timeline.frame_rate,
        settings=settings,
        has_sound=is_heard,
    )
    try:
        if not (made.wants_pictures or is_heard):
            raise InvalidRequestError(
                "There is nothing to hear: no clip has a sound, or there is none in their files. "
                "Make a film of it, or add a sound.",
                field="tracks",
            )
        if made.wants_pictures:
            _draw(timeline, made, find=find, wanted=wanted, size=size, ticker=ticker)
        else:
            with _SoundFeed(timeline, made, find=find, wanted=wanted) as sound:
                sound.allow(None)
                while not sound.wait(_TICK_SECONDS):
                    ticker.look(0)
        facts = made.finish()
    except BaseException:
        made.abort()
        raise
    ticker.finish()
    return facts


def _wanted(timeline: Timeline, frames: range | None) -> range:
    if timeline.duration_frames <= 0:
        raise InvalidRequestError("There is nothing to render: no clip lasts.", field="tracks")
    if frames is None:
        return range(timeline.duration_frames)
    wanted = range(max(frames.start, 0), min(frames.stop, timeline.duration_frames))
    if not wanted:
        raise InvalidRequestError(
            f"The range lies outside of the {timeline.duration_frames} frames.", field="range"
        )
    return wanted


def _draw(
    timeline: Timeline,
    output: Output,
    *,
    find: Find,
    wanted: range,
    size: tuple[int, int] | None,
    ticker: _Ticker,
) -> None:
    with (
        Film(timeline, find=find, size=size) as film,
        _SoundFeed(timeline, output, find=find, wanted=wanted) as sound,
    ):
        for n_done, planes in enumerate(film.pictures(wanted)):
            sound.allow(n_done)
            output.submit(planes)
            ticker.look(n_done)
        sound.allow(None)
        sound.wait(None)


class _SoundFeed:
    """Mixes in a thread of its own and hands over, never far ahead of the pictures."""

    def __init__(self, timeline: Timeline, output: Output, *, find: Find, wanted: range) -> None:
        self._timeline = timeline
        self._output = output
        self._find = find
        self._wanted = wanted
        self._rate = Fraction(SAMPLE_RATE) / timeline.frame_rate
        self._changed = threading.Condition()
        self._allowed: int | None = 0
        self._error: BaseException | None = None
        self._is_over = False
        self._thread = threading.Thread(target=self._work, name="mix sound", daemon=True)
        if output.wants_sound:
            self._thread.start()

    def allow(self, n_done: int | None) -> None:
        """Say how many frames there are, None for all of them; raise what went wrong."""
        with self._changed:
            if self._error is not None:
                raise self._error
            if n_done is None:
                self._allowed = None
            else:
                self._allowed = int((n_done + 1) * self._rate) + _SOUND_AHEAD_SECONDS * SAMPLE_RATE
            self._changed.notify_all()

    def wait(self, timeout_seconds: float | None) -> bool:
        """Wait for the last block; False when it takes longer. Raises what went wrong."""
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()

    def __enter__(self) -> _SoundFeed:
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        n_samples = 0
        blocks = mix.mix(self._timeline, find=self._find, frames=self._wanted)
        try:
            for block in blocks:
                with self._changed:
                    self._changed.wait_for(lambda: self._may_follow(n_samples))  # noqa: B023
                    if self._is_over:
                        return
                n_samples += len(block)
                self._output.audio(block)
        except BaseException as error:  # noqa: BLE001 (raised where the pictures are drawn)
            with self._changed:
                self._error = error

    def _may_follow(self, n_samples: int) -> bool:
        return self._is_over or self._allowed is None or n_samples <= self._allowed


class _Ticker:
    """Tells progress and asks whether to stop, some times a second."""

    def __init__(
        self,
        n_frames: int,
        on_progress: OnProgress | None,
        is_cancelled: Callable[[], bool] | None,
    ) -> None:
        self._n_frames = n_frames
        self._on_progress = on_progress
        self._is_cancelled = is_cancelled
        self._next = 0.0

    def look(self, n_done: int) -> None:
        """Do both if it is time."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _TICK_SECONDS
        if self._is_cancelled is not None and self._is_cancelled():
            raise CancelledError
        self._tell(n_done)

    def finish(self) -> None:
        """Tell that all is done."""
        self._tell(self._n_frames)

    def _tell(self, n_done: int) -> None:
        if self._on_progress is not None:
            self._on_progress(RenderProgress(n_done=n_done, n_frames=self._n_frames))
