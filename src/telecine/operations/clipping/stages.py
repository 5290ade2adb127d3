"""Stages of a long run: what they have made is kept, and each has its share of the bar.

Shares are what the stages cost, as measured: a bar that is honest moves with the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from telecine.kit.errors import CancelledError, InternalError
from telecine.kit.outbound import Cache
from telecine.media.render.confined import Renderer
from telecine.media.senses import Senses
from telecine.media.speech.job import Quality
from telecine.operations import bars
from telecine.operations.bars import Report
from telecine.operations.base import Context

#: Seconds of work for a second of film (heard) and a second of clip (seen and drawn), on two cores.
_HEARD: Final[Mapping[Quality, float]] = {"fast": 0.11, "balanced": 0.13, "high": 0.2}
_DRAWN: Final[Mapping[Quality, float]] = {"fast": 1.0, "balanced": 1.2, "high": 2.0}
_CHOSEN_SECONDS: Final = 2.0
_ASKED_SECONDS: Final = 20.0
#: Fetching comes before anything is known of the film.
_FETCHED: Final = 0.1
_LAST: Final = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a run works with: its context, with what it needs at hand."""

    context: Context
    renderer: Renderer
    cache: Cache
    senses: Senses

    @classmethod
    def of(cls, context: Context) -> Work:
        """Raises `InternalError` where something is missing."""
        if context.renderer is None or context.cache is None or context.senses is None:
            raise InternalError("Clips need a renderer, senses, and a way to fetch sources.")
        return cls(
            context=context,
            renderer=context.renderer,
            cache=context.cache,
            senses=context.senses,
        )

    def go_on(self) -> None:
        """Raise `CancelledError` where somebody cancelled."""
        if self.context.is_cancelled():
            raise CancelledError


def costs(
    *, film_seconds: float, clip_seconds: float, quality: Quality, is_asked: bool = False
) -> Mapping[str, float]:
    """Return the seconds that each stage after fetching takes on two cores, in their order.

    `is_asked`: a language model is.
    """
    asked = _ASKED_SECONDS if is_asked else 0.0
    return {
        "transcript": 5 + film_seconds * _HEARD[quality],
        "choice": _CHOSEN_SECONDS + asked,
        "texts": _CHOSEN_SECONDS + asked,
        "clips": 5 + clip_seconds * _DRAWN[quality],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How far a run is: `parts` has what is told of each stage."""

    context: Context
    parts: Mapping[str, Report]

    @classmethod
    def of(
        cls, context: Context, *, film_seconds: float, clip_seconds: float, quality: Quality
    ) -> Bar:
        """Share the bar among the stages after fetching."""
        stages = costs(
            film_seconds=film_seconds,
            clip_seconds=clip_seconds,
            quality=quality,
            is_asked=context.language_model is not None,
        )
        shared = bars.parts(context.report, stages, begin=_FETCHED, end=_LAST)
        return cls(context=context, parts=shared)

    def begin(self, stage: str) -> Report:
        """Enter a stage; returns what is told the share of it that is done."""
        self.context.enter(stage)
        report = self.parts[stage]
        report(0.0)
        return report


def begin_fetching(context: Context) -> Report:
    """Enter the stage before all others."""
    context.enter("source")
    return bars.part(context.report, 0.0, _FETCHED)
