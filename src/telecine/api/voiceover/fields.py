"""Forms, queries and files of the voiceover family -> what is wanted. Refusals name the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast, get_args

import structlog
from starlette.requests import Request

from telecine.api.fields import formfields, words
from telecine.api.voiceover.wire import Aspect, WireStatus
from telecine.api.voiceover.wording import STATUSES
from telecine.core.jobs import JobStatus
from telecine.kit.errors import InvalidRequestError, MediaError, ProcessingError
from telecine.kit.outbound import Outbound
from telecine.media.pool import Pool
from telecine.media.seeing import caption_styles
from telecine.media.speech import languages
from telecine.media.talking.talking import Talking
from telecine.media.voiceover import intake
from telecine.media.voiceover.arranging import Mode
from telecine.media.voiceover.canvas import canvas_size
from telecine.operations.pricing import tier_of
from telecine.operations.voiceover import VoiceoverParams
from telecine.settings import Prices, Settings

_MOST_PER_PAGE: Final = 100
_PER_PAGE: Final = 20

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How many jobs, in which states, behind which one."""

    limit: int
    cursor: str | None
    statuses: tuple[JobStatus, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the text fields of a form ask for; the size still wants the image."""

    mode: Mode
    captions: bool
    caption_style: str
    language: str
    aspect: Aspect | None
    width: int | None
    height: int | None


def webhook_url(fields: Mapping[str, str], outbound: Outbound) -> str | None:
    """Return the address to tell, judged as far as it can be without asking the network."""
    url = formfields.text(fields, "webhookUrl")
    if url is None:
        return None
    if not url.lower().startswith("https://"):
        raise formfields.refusal("webhookUrl", "must start with https://", url)
    outbound.check_url(url, field="webhookUrl")
    return url


def wish(fields: Mapping[str, str], settings: Settings) -> Wish:
    """Read what a video should be like. All fields are optional."""
    aspect = formfields.text(fields, "aspect")
    if aspect is not None:
        formfields.choice(fields, "aspect", get_args(Aspect), default="")
    styled = formfields.text(fields, "caption_style") is not None
    captioned = formfields.text(fields, "captions") is not None
    style = formfields.choice(
        fields, "caption_style", tuple(caption_styles.STYLES), default=caption_styles.DEFAULT
    )
    language = languages.normal(
        formfields.text(fields, "language") or "", whisper_model=settings.whisper_model
    )
    return Wish(
        mode=cast("Mode", formfields.choice(fields, "mode", get_args(Mode), default="auto")),
        # A style alone asks for them, as it does on the command line.
        captions=formfields.flag(fields, "captions") if captioned else styled,
        caption_style=style,
        language="" if language == languages.AUTO else language,
        aspect=cast("Aspect | None", aspect),
        width=formfields.positive(fields, "width"),
        height=formfields.positive(fields, "height"),
    )


def measured(
    wished: Wish,
    *,
    image: Path,
    audio: Path,
    pool: Pool,
    settings: Settings,
    prices: Prices,
    talking: Talking | None = None,
    n_workers: int = 1,
) -> tuple[VoiceoverParams, tuple[str, str]]:
    """Look at both files; blocks. Returns what is made, and the files' media types.

    A portrait that is to talk is looked at by `talking`; without it, the job does.

    Raises `MediaError`s with the field, `InvalidRequestError` for a size that cannot be.
    """
    limits = intake.Limits(
        max_pixels=settings.max_pixels, max_seconds=settings.max_duration_seconds
    )
    with _named("image"):
        picture = intake.measure_picture(pool, image, limits=limits)
    with _named("audio"):
        sound = intake.measure_sound(pool, audio, limits=limits)
    width, height = canvas_size(
        (picture.width, picture.height),
        aspect=wished.aspect,
        width=wished.width,
        height=wished.height,
    )
    if wished.mode == "talking" and talking is not None:
        _require_portrait(image, talking)
    params = VoiceoverParams(
        seconds=sound.seconds,
        width=width,
        height=height,
        mode=wished.mode,
        captions=wished.captions,
        caption_style=wished.caption_style,
        language=wished.language,
        n_workers=n_workers,
        encoder_threads=settings.encoder_threads,
        credits_per_second=tier_of(prices, width=width, height=height).credits_per_second,
    )
    return params, (intake.media_type(picture), intake.media_type(sound))


def _require_portrait(image: Path, talking: Talking) -> None:
    with TemporaryDirectory(prefix="telecine-") as folder:
        try:
            talking.require_portrait(image, workspace=Path(folder))
        except ProcessingError as error:  # not the picture's fault; the job looks again
            _log.warning("voiceover.portrait_not_seen", reason=error.message)


@contextmanager
def _named(field: str) -> Iterator[None]:
    """Have what is wrong with a file name its field."""
    try:
        yield
    except MediaError as error:
        error.field = error.field or field
        raise


def paging(request: Request) -> Paging:
    """Read the query of a list. A limit out of bounds is moved inside."""
    word = request.query_params.get("status") or None
    if word is not None and word.upper() not in STATUSES:
        raise InvalidRequestError(
            f"'status' must be one of {', '.join(STATUSES)}; {formfields.quoted(word)} is not.",
            field="status",
        )
    return Paging(
        limit=words.clamped(request, "limit", default=_PER_PAGE, most=_MOST_PER_PAGE),
        cursor=request.query_params.get("cursor") or None,
        statuses=None if word is None else (STATUSES[cast("WireStatus", word.upper())],),
    )
