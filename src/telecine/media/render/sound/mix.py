"""All that a timeline lets hear, as one stream of 48 kHz stereo, for any length in little memory.

A clip at frame f starts at sample round(f * 48000 / frame rate). Files are open only while
their clip sounds. Errors of a file name the JSON path of its source.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from telecine.kit.errors import MediaError, MediaLimitError
from telecine.media.render.decoding.facts import probe_source
from telecine.media.render.sound import levels
from telecine.media.render.sound.levels import SAMPLE_RATE, Knots, Stretch, ValuePoint
from telecine.media.render.sound.limiter import Limiter
from telecine.media.render.sound.soundfile import Samples, SoundFile
from telecine.media.render.sound.voice import Part, Voice
from telecine.media.timeline.heard import heard_clips
from telecine.media.timeline.model import Clip, Sound, Source, Timeline, Video

Find = Callable[[Source], Path]

_BLOCK_SAMPLES: Final = 9600
#: More files than this open at once would exceed what a process may have.
_MAX_VOICES: Final = 256
#: Before a range that is rendered alone, so that the limiter is where it would be.
_RUN_UP_SAMPLES: Final = SAMPLE_RATE // 2


def mix(
    timeline: Timeline, *, find: Find, frames: range | None = None
) -> Generator[Samples, None, None]:
    """Yield the sound of `frames` (all), samples in rows, in pieces of any size.

    Together they are exactly as many as `sample_at` says. Never above -1 dBTP. Raises
    `MediaError`s for what cannot be decoded or is too much at once. Close it, or use it up.
    """
    wanted = frames if frames is not None else range(timeline.duration_frames)
    start, end = (sample_at(timeline, frame) for frame in (wanted.start, wanted.stop))
    first = max(start - _RUN_UP_SAMPLES, 0)
    limiter = Limiter()
    past = start - first
    for block in _limited(_summed(timeline, find, Stretch(first, end)), limiter):
        if past < len(block):
            yield block[past:]
        past = max(past - len(block), 0)


def is_silent(timeline: Timeline, *, find: Find) -> bool:
    """Say whether nothing at all can be heard: no clip with a sound, or none in their files.

    Opens every file that is heard, so that one that cannot be is named before work begins.
    """
    seen: set[str] = set()
    is_heard = False
    for _, sound, _ in heard_clips(timeline):
        if sound.source.src in seen:
            continue
        seen.add(sound.source.src)
        with _named(sound.source):
            file = SoundFile(find(sound.source))
            is_heard |= file.channels > 0
            file.close()
    return not is_heard


def sample_at(timeline: Timeline, frame: int) -> int:
    """Return the sample at which a frame begins."""
    return round(frame * SAMPLE_RATE / timeline.frame_rate)


def _limited(blocks: Iterator[Samples], limiter: Limiter) -> Iterator[Samples]:
    for block in blocks:
        yield limiter.feed(block)
    yield limiter.flush()


def _summed(timeline: Timeline, find: Find, stretch: Stretch) -> Iterator[Samples]:
    """Yield the sum of all voices over a stretch of the timeline."""
    cast = _Cast(timeline, find, stretch.start)
    try:
        for start in range(stretch.start, stretch.end, _BLOCK_SAMPLES):
            block = np.zeros((min(_BLOCK_SAMPLES, stretch.end - start), 2), np.float32)
            cast.add_to(block, start)
            yield block
    finally:
        cast.close()


class _Cast:
    """The voices of a timeline, each on stage only while it sounds."""

    def __init__(self, timeline: Timeline, find: Find, start: int) -> None:
        self._timeline = timeline
        self._find = find
        self._start = start
        heard = [
            (self._stretch(clip), clip, sound, gain) for clip, sound, gain in heard_clips(timeline)
        ]
        self._waiting = sorted(
            (item for item in heard if start < item[0].end and item[0].start < item[0].end),
            key=lambda item: -item[0].start,
        )
        self._playing: list[tuple[Stretch, Source, Voice]] = []
        self._clips: dict[str, list[tuple[Stretch, Sound]]] = {}
        for stretch, clip, sound, _ in heard:
            self._clips.setdefault(clip.id, []).append((stretch, sound))
        self._ends: dict[str, Fraction | None] = {}

    def add_to(self, block: Samples, start: int) -> None:
        """Add what is heard from `start` on to a block."""
        end = start + len(block)
        while self._waiting and self._waiting[-1][0].start < end:
            self._enter(*self._waiting.pop())
        for stretch, source, voice in self._playing:
            first, last = max(stretch.start, start), min(stretch.end, end)
            with _named(source):
                samples = voice.next(last - first)
            if samples is not None:
                block[first - start : last - start] += samples
        for stretch, _, voice in self._playing:
            if stretch.end <= end:
                voice.close()
        self._playing = [item for item in self._playing if item[0].end > end]

    def close(self) -> None:
        """Let go of all files."""
        for _, _, voice in self._playing:
            voice.close()
        self._playing.clear()

    def _stretch(self, clip: Clip) -> Stretch:
        start, end = (
            sample_at(self._timeline, frame) for frame in (clip.start_frame, clip.end_frame)
        )
        return Stretch(start, end)

    def _enter(self, stretch: Stretch, clip: Clip, sound: Sound, gain: float) -> None:
        if len(self._playing) >= _MAX_VOICES:
            raise MediaLimitError(
                f"More than {_MAX_VOICES} sounds are heard at once.",
                field=sound.source.path,
            )
        with _named(sound.source):
            path = self._find(sound.source)
            part = self._part(stretch, clip, sound, gain=gain, path=path)
            skip = max(self._start - stretch.start, 0)
            self._playing.append((stretch, sound.source, Voice(path, part, skip=skip)))

    def _part(self, stretch: Stretch, clip: Clip, sound: Sound, *, gain: float, path: Path) -> Part:
        content = clip.content
        is_looped, loop_seconds = sound.is_looped, None
        if isinstance(content, Video) and content.source.src == sound.source.src:
            is_looped = is_looped or content.after_end == "loop"
            if is_looped:  # as long as its pictures, or the two would drift apart
                loop_seconds = probe_source(path).duration_seconds
        return Part(
            sound=sound,
            stretch=stretch,
            gain=gain,
            pan=_pan(clip),
            ducking=self._ducking(clip, sound, stretch),
            is_looped=is_looped,
            loop_seconds=loop_seconds,
        )

    def _ducking(self, clip: Clip, sound: Sound, own: Stretch) -> Knots | None:
        if sound.ducking is None:
            return None
        release = sound.ducking.release_seconds * SAMPLE_RATE
        heard = [
            self._heard_stretch(stretch, other)
            for target in set(sound.ducking.targets) - {clip.id}
            for stretch, other in self._clips.get(target, ())
            if stretch.start < own.end and stretch.end + release > own.start
        ]
        return levels.ducked(sound.ducking, heard=[item for item in heard if item])

    def _heard_stretch(self, stretch: Stretch, sound: Sound) -> Stretch | None:
        """Return when something is heard of a clip: not after the end of its file."""
        if sound.is_looped:
            return stretch
        end = self._end_of(sound.source)
        ends = [end for end in (end, sound.trim_end_seconds) if end is not None]
        if not ends:
            return stretch
        seconds = (float(min(ends)) - sound.trim_start_seconds) / sound.rate
        heard = Stretch(
            stretch.start, min(stretch.end, stretch.start + round(seconds * SAMPLE_RATE))
        )
        return heard if heard.start < heard.end else None

    def _end_of(self, source: Source) -> Fraction | None:
        """Return where the sound of a file ends, as the file says; 0 where there is none."""
        if source.src not in self._ends:
            with _named(source):
                file = SoundFile(self._find(source))
                self._ends[source.src] = file.duration_seconds if file.channels else Fraction(0)
                file.close()
        return self._ends[source.src]


def _pan(clip: Clip) -> tuple[ValuePoint, ...]:
    return tuple(
        ValuePoint(point.time_seconds, point.value, point.easing)
        for curve in clip.curves
        if curve.property == "pan"
        for point in curve.points
        if isinstance(point.value, float)
    )


@contextmanager
def _named(source: Source) -> Iterator[None]:
    """Name the JSON path of a source in what is wrong with its file."""
    try:
        yield
    except MediaError as error:
        error.field = source.path
        raise
