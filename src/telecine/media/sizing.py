"""Finds the bitrate that makes a file just fit a number of bytes.

Pure: the caller encodes and tells what came out. Sound and container are budgeted first; the
video gets the rest, and what an encode really weighed corrects the next try. Two-pass encoders
land within a few percent at once, so that one or two tries are the rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from telecine.media.encode import AudioPlan, plan_audio
from telecine.media.probe import MediaInfo

#: A result from this share of the target up to all of it is what was asked for.
LEAST_SHARE: Final = 0.95
#: The middle of the window, a little to the safe side.
_AIM: Final = 0.98
_MAX_TRIES: Final = 5
_MAX_AUDIO_SHARE: Final = 0.2
_LEAST_VIDEO_BITS: Final = 2_000
#: No encoder can use more than this for one pixel.
_MOST_BITS_PER_PIXEL: Final = 24

#: What MP4 needs beside the media: fixed, for a video frame, for an audio packet.
_CONTAINER_BYTES: Final = 2_000
_FRAME_BYTES: Final = 16
_AUDIO_PACKET_BYTES: Final = 5
_SAMPLES_PER_PACKET: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One encode and the bytes that came out."""

    bits_per_second: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search for a size. `fixed_bytes` are sound and container: they do not follow the rate."""

    target_bytes: int
    fixed_bytes: int
    duration_seconds: float
    most_bits_per_second: int
    audio: tuple[AudioPlan, ...]
    tries: tuple[Try, ...] = ()

    def after(self, one: Try) -> Search:
        """Return the search with another try behind it."""
        return replace(self, tries=(*self.tries, one))

    @property
    def best(self) -> Try | None:
        """The largest that fits, or None."""
        fitting = [one for one in self.tries if one.size_bytes <= self.target_bytes]
        return max(fitting, key=lambda one: one.size_bytes, default=None)

    def next_rate(self) -> int | None:
        """Return the video bits a second to try next; None when it is found or hopeless."""
        if not self.tries:
            return self._clamp(self._aim_bytes * 8 / self.duration_seconds)
        last = self.tries[-1]
        if len(self.tries) >= _MAX_TRIES or self._is_found(last) or self._is_stuck():
            return None
        rate = self._clamp(self._between() or self._corrected(last))
        return None if any(rate == one.bits_per_second for one in self.tries) else rate

    @property
    def _aim_bytes(self) -> float:
        return max(1.0, self.target_bytes * _AIM - self.fixed_bytes)

    def _is_found(self, one: Try) -> bool:
        return self.target_bytes * LEAST_SHARE <= one.size_bytes <= self.target_bytes

    def _is_stuck(self) -> bool:
        """Whether the size has stopped following the rate: best quality, or worst, is reached."""
        if len(self.tries) < 2:
            return False
        before, last = self.tries[-2:]
        moved = abs(math.log(last.size_bytes / before.size_bytes))
        asked = abs(math.log(last.bits_per_second / before.bits_per_second))
        return asked > 0.2 and moved < asked * 0.05

    def _between(self) -> float | None:
        """Return the rate between the nearest too small and too large one, by a straight line."""
        small = [one for one in self.tries if one.size_bytes <= self.target_bytes]
        large = [one for one in self.tries if one.size_bytes > self.target_bytes]
        if not small or not large:
            return None
        low = max(small, key=lambda one: one.bits_per_second)
        high = min(large, key=lambda one: one.bits_per_second)
        if high.bits_per_second <= low.bits_per_second:
            return None
        aim = self.target_bytes * _AIM
        share = (aim - low.size_bytes) / (high.size_bytes - low.size_bytes)
        share = min(0.9, max(0.1, share))
        return low.bits_per_second + share * (high.bits_per_second - low.bits_per_second)

    def _corrected(self, last: Try) -> float:
        factor = self._aim_bytes / max(1, last.size_bytes - self.fixed_bytes)
        return last.bits_per_second * min(8.0, max(0.1, factor))

    def _clamp(self, rate: float) -> int:
        return int(min(self.most_bits_per_second, max(_LEAST_VIDEO_BITS, rate)))


def start(info: MediaInfo, *, target_bytes: int, pixels: int) -> Search | None:
    """Begin a search, sound included; None when not even sound and container fit.

    `pixels` are those of an output frame.
    """
    seconds = info.duration_seconds
    share = target_bytes * 8 / seconds * _MAX_AUDIO_SHARE
    audio = plan_audio(info, most_bits_per_second=share)
    fixed = _fixed_bytes(info, audio)
    if fixed + _LEAST_VIDEO_BITS / 8 * seconds > target_bytes:
        return None
    return Search(
        target_bytes=target_bytes,
        fixed_bytes=fixed,
        duration_seconds=seconds,
        most_bits_per_second=int(pixels * info.video.frame_rate * _MOST_BITS_PER_PIXEL),
        audio=audio,
    )


def _fixed_bytes(info: MediaInfo, audio: Sequence[AudioPlan]) -> int:
    seconds = info.duration_seconds
    frames = info.video.frame_count or seconds * info.video.frame_rate
    total = _CONTAINER_BYTES + float(frames) * _FRAME_BYTES
    for plan in audio:
        packets = seconds * plan.sample_rate / _SAMPLES_PER_PACKET
        total += plan.bits_per_second / 8 * seconds + packets * _AUDIO_PACKET_BYTES
    return int(total)
