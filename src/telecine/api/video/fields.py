"""Queries and JSON bodies -> what the core takes. Every refusal names the field as it was sent."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec
from msgspec import UnsetType
from starlette.requests import Request

from telecine.api.bodies import jsonbody
from telecine.api.compositions.documents import refusal
from telecine.api.fields import malformed
from telecine.api.fields.words import choice, label
from telecine.api.services import Services
from telecine.api.video.wire import ConvertBody, CreateBody, RenderBody
from telecine.core.assets import AssetKind
from telecine.core.compositions import RenderState
from telecine.kit.errors import InvalidRequestError
from telecine.media.timeline.reader import Problem

_MOST_PER_PAGE = 100
_LAST_PAGE = 1_000_000
_ORDER_BYTES = 64 * 1024
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
#: What only a composition has.
_COMPOSITION = frozenset({"meta", "tracks", "items", "fps", "assets"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page of how many; pages count from 1."""

    page: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """What POST /api/v1/video brings. `config` and `notes` are JSON as it was sent."""

    config: bytes
    notes: str | None
    title: str | None
    category: str | None


def paging(request: Request) -> Paging:
    """Read `page` and `limit`."""
    return Paging(
        page=_whole(request, "page", default=1, most=_LAST_PAGE),
        limit=_whole(request, "limit", default=20, most=_MOST_PER_PAGE),
    )


def state(request: Request) -> RenderState | None:
    """Read `status`, one of the four."""
    return choice(request, "status", RenderState)


def kind(request: Request) -> AssetKind | None:
    """Read `type`: image, video, audio or caption."""
    return choice(request, "type", AssetKind)


def category(request: Request) -> str | None:
    """Read `category`; `all` is the same as none."""
    value = request.query_params.get("category", "")
    return None if value in {"", "all"} else value


def is_dry_run(request: Request) -> bool:
    """Read `?dry_run=`."""
    return request.query_params.get("dry_run", "").lower() in {"true", "1", "yes"}


async def new_task(request: Request, services: Services) -> NewTask:
    """Read the body that creates a task. What is in `config` is looked at later."""
    raw = await jsonbody.read(request, max_bytes=services.settings.max_composition_bytes)
    config = _config(raw)
    body = jsonbody.decode(raw, CreateBody)
    return NewTask(
        config=config,
        notes=_notes(body.metadata),
        title=label(body.title, "title"),
        category=label(body.category, "category"),
    )


def _config(raw: bytes) -> bytes:
    """Return the composition as it was sent. That there is none, or no JSON, is a fault of it."""
    try:
        names = msgspec.json.decode(raw.strip() or b"{}", type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return b"null"  # no object: said of every body
    except malformed.ERRORS as error:
        raise refusal((malformed.fault(raw, error, subject="The body"),)) from error
    config = bytes(names.get("config", b"null"))
    if config != b"null":
        return config
    message = "'config' is required."
    if _COMPOSITION & names.keys():
        message = "'config' is required: put the composition into it."
    fault = Problem(
        path="config",
        code="REQUIRED",
        message=message,
        got="nothing",
        allowed='{"config": {the composition}}',
    )
    raise refusal((fault,))


async def convert_body(request: Request) -> tuple[str | None, str | None]:
    """Return category and notes."""
    body = jsonbody.decode(await jsonbody.read(request, max_bytes=_ORDER_BYTES), ConvertBody)
    return label(body.category, "category"), _notes(body.metadata)


async def render_body(request: Request, services: Services) -> RenderBody:
    """Read how a render is wanted; `webhook_url` is judged as far as it can be without asking."""
    body = jsonbody.decode(await jsonbody.read(request, max_bytes=_ORDER_BYTES), RenderBody)
    label(body.category, "category")
    if body.webhook_url:
        services.outbound.check_url(body.webhook_url, field="webhook_url")
    return body


def notes(value: msgspec.Raw | UnsetType) -> str | None:
    """Return `metadata` as it was sent."""
    return _notes(value)


def _notes(value: msgspec.Raw | UnsetType) -> str | None:
    if isinstance(value, UnsetType) or bytes(value) == b"null":
        return None
    text = bytes(value).decode("utf-8", "replace")
    if not text.startswith("{"):
        raise InvalidRequestError("'metadata' must be an object.", field="metadata")
    return text


def _whole(request: Request, name: str, *, default: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
        raise InvalidRequestError(f"'{name}' is a whole number from 1 to {most}.", field=name)
    return int(text)
