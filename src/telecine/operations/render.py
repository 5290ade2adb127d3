"""Render a composition: fetch what it names elsewhere, draw and encode it, look at the result.

The first input is the document; the others are the files that `files` names. How long the film
may be was said, and paid for, before its remote sources were known: a longer one fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from telecine.kit.errors import (
    InternalError,
    InvalidRequestError,
    MediaError,
    ProcessingError,
    TelecineError,
)
from telecine.media.describing import describe
from telecine.media.pool import Pool
from telecine.media.probe import probe
from telecine.media.render.confined import Order
from telecine.media.render.job import Facts
from telecine.media.timeline.dialects import parse
from telecine.operations import bars, sources
from telecine.operations.base import Context, Output, Result
from telecine.operations.pricing import film_credits, tier_of
from telecine.settings import Prices

#: Shares of the bar: fetching what is remote, and after rendering the look at the file.
_FETCHED = 0.1
_RENDERED = 0.99


#: Kinds of files, each its own suffix: films, a moving picture, a still, sound alone.
RenderFormat = Literal["mp4", "webm", "gif", "png", "mp3"]
_MEDIA_TYPES: Mapping[RenderFormat, str] = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "gif": "image/gif",
    "png": "image/png",
    "mp3": "audio/mpeg",
}

#: Those that are read back frame by frame; pictures and sound are what they are.
_FILMS = frozenset({"mp4", "webm"})


class RenderParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is rendered. `frame_rate` is a fraction as text; `duration_frames` is what was priced.

    `files` says which input a `src` of the document is, `remote` lists those to be fetched; all
    of these together may have `max_source_bytes`. The size is that of the document unless
    `is_resized`, the rate unless `is_retimed`. `frames` are start and end, at that rate. `effort`
    is what was estimated: see `media.timeline.effort`.
    """

    width: int
    height: int
    frame_rate: str
    duration_frames: int
    filename: str
    files: dict[str, int]
    remote: tuple[str, ...] = ()
    max_source_bytes: int = 2 * 2**30
    format: RenderFormat = "mp4"
    is_resized: bool = False
    is_retimed: bool = False
    frames: tuple[int, int] | None = None
    codec: Literal["h264", "h265"] = "h264"
    preset: str = "veryfast"
    crf: float | None = None
    effort: float = 0.0
    n_workers: Annotated[int, Meta(ge=1, le=64)] = 1
    encoder_threads: int = 0

    @property
    def duration_seconds(self) -> Fraction:
        """How long the film is."""
        return self.duration_frames / Fraction(self.frame_rate)


@dataclass(frozen=True, slots=True)
class _Render:
    name: str = "render"
    params_type: type[RenderParams] = RenderParams

    def price(self, params: RenderParams, *, input_bytes: int, prices: Prices) -> int:
        """Seconds by the price of the size, rounded up, at least one credit; sound is the least."""
        del input_bytes
        is_seen = params.format != "mp3"
        width, height = (params.width, params.height) if is_seen else (0, 0)
        tier = tier_of(prices, width=width, height=height)
        return film_credits(params.duration_seconds, each=tier.credits_per_second)

    def run(self, params: RenderParams, context: Context) -> Result:
        """Raises what is wrong with the document or a source, with its place as `field`."""
        if context.renderer is None or context.cache is None:
            raise InternalError("Rendering needs a renderer and a way to fetch sources.")
        folder = context.workspace / "render"
        folder.mkdir()
        files = {src: context.inputs[index].path for src, index in params.files.items()}
        document = _document(context.inputs[0].path)
        with _placed(document):
            fetched = sources.fetch(
                context.cache,
                params.remote,
                folder=context.workspace / "sources",
                room=sources.Room(max_bytes=params.max_source_bytes),
                report=bars.part(context.report, 0.0, _FETCHED),
                is_cancelled=context.is_cancelled,
            )
        order = Order(
            document=document,
            files={**files, **fetched},
            workspace=folder,
            output=folder / f"film.{params.format}",
            size=(params.width, params.height) if params.is_resized else None,
            frame_rate=params.frame_rate if params.is_retimed else None,
            frames=None if params.frames is None else range(*params.frames),
            codec=params.codec,
            preset=params.preset,
            crf=params.crf,
            encoder_threads=params.encoder_threads,
            n_workers=params.n_workers,
        )
        drawn = bars.part(context.report, _FETCHED, _RENDERED)
        with _placed(document):
            facts = context.renderer.render(
                order, on_progress=bars.by_frames(drawn), is_cancelled=context.is_cancelled
            )
        _require_good(order.output, facts, params=params, context=context)
        context.report(1.0)
        media_type = _MEDIA_TYPES[params.format]
        return Result(
            outputs=(Output(path=order.output, filename=params.filename, media_type=media_type),),
            facts={**told(facts), "workers_used": params.n_workers},
        )


RENDER = _Render()


def _document(path: Path) -> Mapping[str, Any]:
    document = msgspec.json.decode(path.read_bytes())
    if not isinstance(document, dict):
        raise InternalError("A stored composition is no object.")
    return document


@contextmanager
def _placed(document: Mapping[str, Any]) -> Iterator[None]:
    """Have a failure's sentence name its place: it is all that a job keeps of an error."""
    try:
        yield
    except TelecineError as error:
        if error.field is None:
            raise
        by_src = {source.src: source.path for source in parse(document).sources}
        place = by_src.get(error.field, error.field)
        if place not in error.message:
            error.message = f"{error.message.removesuffix('.')} ({place})."
        raise


def _require_good(path: Path, facts: Facts, *, params: RenderParams, context: Context) -> None:
    """Probe what was written, and compare it with what was promised."""
    if facts.n_frames > params.duration_frames:
        raise InvalidRequestError(
            f"With its sources at hand the film has {facts.n_frames} frames, but "
            f"{params.duration_frames} were paid for. Upload what `duration: auto` asks for "
            "before the task is created, or say the duration.",
            field="duration",
        )
    if params.format in _FILMS:
        require_read_back(path, facts, pool=context.pool)
    else:
        _require_other_read_back(path, facts, params=params, pool=context.pool)


def _require_other_read_back(path: Path, facts: Facts, *, params: RenderParams, pool: Pool) -> None:
    """Describe a picture or a sound that was written, and compare it with what was told of it."""
    try:
        found = describe(
            pool,
            path,
            target=path.with_suffix(".rewritten"),
            max_pixels=max(1, facts.width * facts.height),
        )
    except MediaError as error:
        raise ProcessingError("The file that was written cannot be read back.") from error
    if params.format == "mp3":
        is_good = found.kind == "audio"
    else:
        is_good = (found.width, found.height) == (facts.width, facts.height)
    if not is_good or found.media_type != _MEDIA_TYPES[params.format]:
        raise ProcessingError("The file that was written is not what was asked for.")


def told(facts: Facts) -> dict[str, int | float]:
    """Return what a job says of what was drawn."""
    return {
        "width": facts.width,
        "height": facts.height,
        "frames": facts.n_frames,
        "duration_seconds": round(float(facts.duration_seconds), 3),
        "size_bytes": facts.size_bytes,
    }


def require_read_back(path: Path, facts: Facts, *, pool: Pool) -> None:
    """Probe a film that was written, and compare it with what was told of it."""
    try:
        video = probe(pool, path).video
    except MediaError as error:
        raise ProcessingError("The film that was written cannot be read back.") from error
    # A WebM does not say how many frames it has.
    n_frames = facts.n_frames if video.frame_count is None else video.frame_count
    written = (video.width, video.height, n_frames)
    if written != (facts.width, facts.height, facts.n_frames):
        raise ProcessingError("The film that was written is not what was asked for.")
