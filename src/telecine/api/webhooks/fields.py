"""Queries and bodies of the webhooks API -> what is wanted. Refusals name the field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from msgspec import UNSET, UnsetType
from starlette.requests import Request

from telecine.api.fields import formfields, words
from telecine.api.webhooks import wire
from telecine.core.webhooks import DeliveryState, Wanted
from telecine.kit.errors import InvalidRequestError

_PER_PAGE: Final = 20
_MOST_PER_PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How many of a list, behind which one."""

    limit: int
    cursor: str | None


class _Receivers(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


def paging(request: Request) -> Paging:
    """Read where a page begins. A limit out of bounds is moved inside."""
    limit = formfields.integer(request.query_params, "limit")
    return Paging(
        limit=_PER_PAGE if limit is None else min(max(limit, 1), _MOST_PER_PAGE),
        cursor=_text(request, "cursor"),
    )


def deliveries(request: Request) -> Wanted:
    """Read which deliveries are wanted."""
    state = words.choice(request, "state", DeliveryState)
    return Wanted(
        states=None if state is None else (state,),
        event=_text(request, "event"),
        job_id=_text(request, "job_id"),
        url=_text(request, "url"),
        since=_instant(_text(request, "since"), "since"),
        until=_instant(_text(request, "until"), "until"),
    )


def is_disabled(request: Request) -> bool | None:
    """Read which receivers are wanted; None: all."""
    state = words.choice(request, "state", _Receivers)
    return None if state is None else state is _Receivers.DISABLED


def replayed(body: wire.WebhookReplayBody) -> Wanted:
    """Read which deliveries are to be sent again."""
    return Wanted(
        states=tuple(DeliveryState(each) for each in body.states),
        url=_plain(body.url, "url"),
        since=_instant(body.since, "since"),
        until=_instant(body.until, "until"),
    )


def _text(request: Request, name: str) -> str | None:
    return _plain(request.query_params.get(name) or UNSET, name)


def _plain(value: str | UnsetType, name: str) -> str | None:
    """Return what is asked for; Postgres cannot be asked for everything."""
    if value is UNSET:
        return None
    if "\0" in value or not value.isprintable():
        raise formfields.refusal(name, "must be printable text", value)
    return value


def _instant(value: str | UnsetType | None, name: str) -> datetime | None:
    if value is None or value is UNSET:
        return None
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidRequestError(
        f"'{name}' must be an instant with its time zone, such as 2026-04-12T12:00:00Z; "
        f"{formfields.quoted(value)} is not.",
        field=name,
    )
