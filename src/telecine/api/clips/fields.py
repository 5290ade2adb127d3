"""Bodies, forms and queries of the clips family -> what is wanted. Refusals name the field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, get_args

import msgspec
from starlette.requests import Request

from telecine.api.bodies import jsonbody
from telecine.api.clips.wire import Aspect, ProcessBody, ProcessForm, Quality, Segment
from telecine.api.fields import formfields, malformed, words
from telecine.api.fields.remarks import Remark
from telecine.api.services import Services
from telecine.kit.errors import InvalidRequestError
from telecine.media.highlights.model import Wishes
from telecine.media.seeing.caption_styles import STYLES
from telecine.media.speech import languages

_MOST_BODY_BYTES: Final = 256 * 2**10
_MOST_PER_PAGE: Final = 100
_PER_PAGE: Final = 20
_LEAST_SEGMENT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How many jobs of which kind, behind which one."""

    limit: int
    cursor: str | None
    is_all: bool


def is_form(request: Request) -> bool:
    """Say whether a request brings its video with it."""
    kind = request.headers.get("content-type", "").lower()
    return kind.startswith(("multipart/", "application/x-www-form-urlencoded"))


async def body(request: Request) -> tuple[ProcessBody, tuple[Remark, ...]]:
    """Read a JSON body, and what in it nobody reads."""
    raw = await jsonbody.read(request, max_bytes=_MOST_BODY_BYTES)
    return jsonbody.decode(raw, ProcessBody), jsonbody.unread(raw, ProcessBody)


def form(fields: Mapping[str, str]) -> tuple[ProcessBody, tuple[Remark, ...]]:
    """Read the text fields of a form, and what among them nobody reads."""
    values: dict[str, Any] = {
        "quality": formfields.choice(fields, "quality", get_args(Quality), default="balanced"),
        "aspect": formfields.choice(fields, "aspect", get_args(Aspect), default="9:16"),
        "captions": formfields.text(fields, "captions") is None
        or formfields.flag(fields, "captions"),
        "min_duration": formfields.number(fields, "min_duration"),
        "max_duration": formfields.number(fields, "max_duration"),
        "max_clips": formfields.integer(fields, "max_clips"),
    }
    for name in ("video_url", "file_id", "caption_style", "language", "webhook_url"):
        if (text := formfields.text(fields, name)) is not None:
            values[name] = text
    if (text := formfields.text(fields, "segments")) is not None:
        values["segments"] = _segments(text)
    # Through JSON, so that bounds are those of the body, and said in the same words.
    return jsonbody.decode(msgspec.json.encode(values), ProcessBody), tuple(_unread(fields))


def require_good(wanted: ProcessBody, services: Services) -> ProcessBody:
    """Return what is wanted in the words that are kept. Raises `InvalidRequestError`."""
    if wanted.caption_style not in STYLES:
        raise formfields.refusal(
            "caption_style", f"must be one of {', '.join(STYLES)}", wanted.caption_style
        )
    wishes(wanted)
    _require_segments(wanted.segments)
    if wanted.webhook_url:
        services.outbound.check_url(wanted.webhook_url, field="webhook_url")
    language = languages.normal(wanted.language, whisper_model=services.settings.whisper_model)
    return msgspec.structs.replace(wanted, language=language)


def wishes(wanted: ProcessBody) -> Wishes:
    """Return how long clips may be, and how many. Raises `InvalidRequestError`."""
    return Wishes.of(
        min_seconds=wanted.min_duration,
        max_seconds=wanted.max_duration,
        max_clips=wanted.max_clips,
    )


def paging(request: Request) -> Paging:
    """Read the query of a list. A limit out of bounds is moved inside."""
    kind = request.query_params.get("kind", "clips")
    if kind not in {"clips", "all"}:
        raise formfields.refusal("kind", "must be clips or all", kind)
    return Paging(
        limit=words.clamped(request, "limit", default=_PER_PAGE, most=_MOST_PER_PAGE),
        cursor=request.query_params.get("cursor") or None,
        is_all=kind == "all",
    )


def _require_segments(segments: tuple[Segment, ...]) -> None:
    for at, segment in enumerate(segments):
        if segment.end - segment.start < _LEAST_SEGMENT_SECONDS:
            raise InvalidRequestError(
                f"'segments[{at}]' must end at least {_LEAST_SEGMENT_SECONDS:g} s after it starts; "
                f"{segment.start:g} to {segment.end:g} does not.",
                field=f"segments[{at}]",
            )
    in_order = sorted(range(len(segments)), key=lambda at: segments[at].start)
    for before, after in pairwise(in_order):
        if segments[after].start < segments[before].end:
            raise InvalidRequestError(
                f"'segments[{after}]' must not overlap 'segments[{before}]'.",
                field=f"segments[{after}]",
            )


def _segments(text: str) -> object:
    try:
        return msgspec.json.decode(text.encode("utf-8"))
    except malformed.ERRORS as error:
        raise formfields.refusal(
            "segments", 'must be JSON, as [{"start":12.5,"end":61}]', text
        ) from error


def _unread(fields: Mapping[str, str]) -> Iterable[Remark]:
    known = ProcessForm.__struct_encode_fields__
    for name, value in fields.items():
        if name not in {*known, "video_url", "file_id"}:
            yield Remark(
                path=name[:60],
                code="UNKNOWN_FIELD",
                message="Nothing reads this field.",
                got=value[:60],
                allowed=", ".join(known),
            )
