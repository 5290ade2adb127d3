"""What is said in a film, which parts of it become clips, and the texts of the whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from telecine.kit.errors import InvalidRequestError, UnsupportedMediaError
from telecine.media.highlights import cutting, reranking, rewriting, talk
from telecine.media.highlights.model import Candidate, Texts
from telecine.media.speech.transcript import Transcript
from telecine.operations.clipping.films import Film
from telecine.operations.clipping.params import ClipsParams
from telecine.operations.clipping.stages import Bar, Work

#: Shorter ones have no picture worth a clip.
_LEAST_SECONDS: Final = 1.0


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that become clips, the best first, or in the order in which they were asked for.

    `engine` is who chose: `local`, the name of a language model, or `you`; `note` says why a
    model that was asked has no say.
    """

    clips: tuple[Candidate, ...]
    engine: str
    note: str = ""


def hear(film: Film, params: ClipsParams, work: Work, bar: Bar) -> Transcript:
    """Return what is said; no words where nobody speaks, if parts were chosen by hand.

    Raises `UnsupportedMediaError` without speech, and what `Speech.transcribe` raises.
    """
    report = bar.begin("transcript")

    silent = Transcript(
        language="", words=(), sentences=(), duration_seconds=film.info.duration_seconds
    )

    def make() -> Transcript:
        if not film.info.audio:
            return silent
        folder = work.context.workspace / "speech"
        folder.mkdir()
        speech = work.senses.speech(is_cancelled=work.context.is_cancelled)
        try:
            return speech.transcribe(
                film.path,
                workspace=folder,
                language=params.language,
                quality=params.quality,
                on_progress=report,
                is_cancelled=work.context.is_cancelled,
            )
        except UnsupportedMediaError:
            if not params.segments:
                raise
            return silent

    return work.context.once("transcript.json", Transcript, make)


def choose(heard: Transcript, film: Film, params: ClipsParams, work: Work, bar: Bar) -> Chosen:
    """Raises `UnsupportedMediaError` where nothing is fit for a clip."""
    bar.begin("choice")
    work.go_on()

    def make() -> Chosen:
        if params.segments:
            return Chosen(clips=_by_hand(heard, film, params.segments), engine="you")
        ranking = reranking.rank(
            _talk(heard),
            model=work.context.language_model,
            language=heard.language,
            wishes=params.wishes,
        )
        clips = tuple(_within(film, ranking.candidates))
        if not clips:
            raise UnsupportedMediaError(
                "No part of this video is fit for a clip. Choose parts yourself: 'segments'."
            )
        return Chosen(clips=clips, engine=ranking.engine, note=ranking.note)

    return work.context.once("choice.json", Chosen, make)


def write(heard: Transcript, chosen: Chosen, work: Work, bar: Bar) -> Texts:
    """Return the three texts."""
    bar.begin("texts")
    work.go_on()
    return work.context.once(
        "texts.json",
        Texts,
        lambda: rewriting.write(
            _talk(heard),
            chosen.clips,
            model=work.context.language_model,
            language=heard.language,
        ),
    )


def _talk(heard: Transcript) -> talk.Talk:
    return talk.prepare(heard, loudness=heard.loudness)


def _by_hand(
    heard: Transcript, film: Film, segments: Sequence[tuple[float, float]]
) -> tuple[Candidate, ...]:
    inside = []
    for number, (start, end) in enumerate(segments):
        end = min(end, film.seen_seconds)
        if not (math.isfinite(start) and end - start >= _LEAST_SECONDS):
            raise InvalidRequestError(
                f"'segments[{number}]' has less than a second of picture; the video ends at "
                f"{film.seen_seconds:.1f} s.",
                field=f"segments[{number}]",
            )
        inside.append((start, end))
    return cutting.cut(_talk(heard), words=heard.words, segments=inside)


def _within(film: Film, candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """Yield candidates that have a picture; sound may be heard for longer."""
    for candidate in candidates:
        end = min(candidate.end_seconds, film.seen_seconds)
        if end - candidate.start_seconds >= _LEAST_SECONDS:
            yield replace(candidate, end_seconds=end)
