"""What a run of clips is asked for, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from telecine.kit.errors import InvalidRequestError
from telecine.media.highlights.model import Wishes
from telecine.media.probe import MediaLimits
from telecine.media.seeing import caption_styles
from telecine.media.speech.job import Quality

Aspect = Literal["9:16", "1:1", "16:9"]

_MINUTE_SECONDS = 60
#: What players show as the end is rounded.
_LENIENT_SECONDS = 0.5


class ClipsParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is made. `source_url` is fetched; where it is None, the first input is the film.

    `segments` are starts and ends in seconds: with them nothing is chosen. `language` is a code or
    `auto`. The door fills in the rest: for so many minutes of film credits are held, at that
    price (None: nobody pays, and the film may be as long as the limits allow); `keeps_film` makes the film an output, too, where it stays nowhere else;
    `source_seconds` is how long it was measured to be, if it was.
    """

    source_url: str | None = None
    filename: str = "video.mp4"
    quality: Quality = "balanced"
    language: str = "auto"
    aspect: Aspect = "9:16"
    captions: bool = True
    caption_style: str = caption_styles.DEFAULT
    min_seconds: float = 15.0
    max_seconds: float = 90.0
    max_clips: Annotated[int, Meta(ge=1, le=99)] = 10
    segments: tuple[tuple[float, float], ...] = ()
    source_seconds: float | None = None
    minutes_held: Annotated[int, Meta(ge=1)] | None = None
    credits_per_minute: Annotated[float, Meta(ge=0)] = 1.0
    max_source_bytes: int = 2 * 2**30
    limits: MediaLimits = MediaLimits()
    keeps_film: bool = True
    encoder_threads: int = 0

    @property
    def wishes(self) -> Wishes:
        """How long clips may be, and how many. Raises `InvalidRequestError`."""
        return Wishes(
            min_seconds=self.min_seconds, max_seconds=self.max_seconds, max_clips=self.max_clips
        )

    def clip_seconds(self, film_seconds: float) -> float:
        """Return how many seconds of clips will come, as far as it can be said before."""
        if self.segments:
            return sum(end - start for start, end in self.segments)
        middle = (self.min_seconds + self.max_seconds) / 2
        return min(self.max_clips * middle, film_seconds / 2)


def require_within(segments: Sequence[tuple[float, float]], *, duration_seconds: float) -> None:
    """Raise `InvalidRequestError` for a segment behind the end of the film."""
    for at, (_, end) in enumerate(segments):
        if end > duration_seconds + _LENIENT_SECONDS:
            raise InvalidRequestError(
                f"'segments[{at}]' ends at {end:g} s, but the video has {duration_seconds:.1f} s.",
                field=f"segments[{at}]",
            )


def minutes_of(duration_seconds: float) -> int:
    """Return the minutes that a film counts for: each that has begun, at least one."""
    return max(1, math.ceil(round(duration_seconds, 3) / _MINUTE_SECONDS))
