"""Clips of a talk: hear it, choose its best parts, show each on another canvas, with captions.

What a stage has made is kept as a step: a run that is begun again goes on where the last one
stood. How long the film may be was agreed on, and paid for, before it was known: a longer one
fails, and of a shorter one only its own minutes are charged. Only the chosen parts are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from telecine.kit.errors import MediaLimitError
from telecine.operations.base import Context, Result
from telecine.operations.clipping import films, stages
from telecine.operations.clipping.params import (
    ClipsParams,
    minutes_of,
    require_within,
)
from telecine.operations.pricing import credits_of
from telecine.settings import Prices


@dataclass(frozen=True, slots=True)
class _Clips:
    name: str = "clips"
    params_type: type[ClipsParams] = ClipsParams

    def price(self, params: ClipsParams, *, input_bytes: int, prices: Prices) -> int:
        """Each minute of film costs the same; those that may come are held for."""
        del input_bytes, prices
        return credits_of(params.minutes_held or 0, each=params.credits_per_minute)

    def run(self, params: ClipsParams, context: Context) -> Result:
        """Outputs and facts are told in `clipping.results`.

        Raises `MediaError` where the film cannot be used: without sound, without speech, damaged,
        longer than was held for; `InvalidRequestError` for segments behind its end.
        """
        # Not above: the API, and a worker before its first talk, do without what these compute with.
        from telecine.operations.clipping import choice, making, results  # noqa: PLC0415

        work = stages.Work.of(context)
        film = films.take(params, work)
        minutes = minutes_of(film.info.duration_seconds)
        _require_held(minutes, params)
        require_within(params.segments, duration_seconds=film.info.duration_seconds)
        bar = stages.Bar.of(
            context,
            film_seconds=film.info.duration_seconds,
            clip_seconds=params.clip_seconds(film.info.duration_seconds),
            quality=params.quality,
        )
        heard = choice.hear(film, params, work, bar)
        chosen = choice.choose(heard, film, params, work, bar)
        texts = choice.write(heard, chosen, work, bar)
        made = making.make_all(chosen, film, heard, params, work, bar)
        context.report(1.0)
        return results.gather(
            params,
            work,
            film=film,
            heard=heard,
            chosen=chosen,
            texts=texts,
            made=made,
            minutes=minutes,
            charge=credits_of(minutes, each=params.credits_per_minute),
        )


CLIPS = _Clips()


def _require_held(minutes: int, params: ClipsParams) -> None:
    if params.minutes_held is not None and minutes > params.minutes_held:
        raise MediaLimitError(
            f"The video has {minutes} minutes, but {params.minutes_held} were held for it when it "
            "was submitted. Nothing is charged. Upload it as a file: that is measured at once, and "
            "as much is held as it has minutes."
        )
