"""What an API family is, and how its routes answer.

Three families share the prefix `/api/v1`, so what a failure looks like and how a key is read
belong to the route, not to a mount. Every route does the same four things: who asks, may
they ask (plan, rate), the handler, and errors in the family's own shape.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, get_args

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from telecine.api.access import admit, count_address
from telecine.api.answers import awaiting, pages, repeating
from telecine.api.answers.ratelimit import rate_headers, refuse_excess
from telecine.api.answers.repeating import Handler, Tell
from telecine.api.services import Services
from telecine.core.jobs import EventBody
from telecine.core.limits import Window
from telecine.db import is_away
from telecine.kit.errors import (
    BusyError,
    ForbiddenError,
    InternalError,
    NotFoundError,
    RangeError,
    RequestTimeoutError,
    TelecineError,
)
from telecine.settings import Plan

_log = structlog.get_logger(__name__)

#: A database that was killed is back within seconds.
_AWAY_SECONDS = 5

#: What a response holds, or one of what it may hold.
Body = type[msgspec.Struct] | UnionType
OpenHandler = Callable[[Request, Services], Awaitable[Response]]
#: Builds a family's error body: (error, status, request id).
ErrorBody = Callable[[TelecineError, int, str], Mapping[str, Any]]


class Json(Response):
    """A JSON response of a msgspec struct, or of plain values."""

    media_type = "application/json"

    @override
    def render(self, content: Any) -> bytes:
        """Encode; fields that are UNSET stay out."""
        return msgspec.json.encode(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One public dialect. `name` is stored in job rows; `errors` maps each code to a status."""

    name: str
    title: str
    errors: Mapping[str, int]
    error_body: ErrorBody
    #: Writes its webhooks; None: no job comes through it.
    event_body: EventBody | None = None
    #: Plans need not name it.
    is_in_every_plan: bool = False
    accepts_query_key: bool = False
    #: Requests are counted by the client's address as well, before anybody asks for a key.
    is_counted_by_address: bool = False
    accepts_body_key: bool = False
    #: How the reference shows a failure; None: as the compress family does.
    failure_body: type[msgspec.Struct] | None = None
    #: Where in the body of a failure the name of the field at fault stands.
    field_at: str = "field"

    def failure(self, error: TelecineError, *, request_id: str) -> Response:
        """Return the response that tells an error in this family's shape."""
        status = self.errors[error.code]
        headers = {}
        retry_after = getattr(error, "retry_after_seconds", None)
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        if isinstance(error, RequestTimeoutError):
            headers["Connection"] = "close"  # what still comes is the rest of that request
        if isinstance(error, RangeError):
            headers["Content-Range"] = f"bytes */{error.size_bytes}"
        return Json(self.error_body(error, status, request_id), status_code=status, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response of an endpoint, as the reference describes it; no media type: no body."""

    description: str
    body: Body | None = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()

    @property
    def bodies(self) -> tuple[type[msgspec.Struct], ...]:
        """What the body may be; nothing where it is no JSON of ours."""
        return () if self.body is None else get_args(self.body) or (self.body,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A body that is neither a form nor a struct of ours, as the reference describes it."""

    description: str
    media_type: str = "application/json"
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One URL of a family: how it is served, and what the reference says of it."""

    family: Family
    method: str
    path: str
    handler: Handler
    summary: str
    #: Makes jobs: this answers for one of them once more, where the answer to the client was lost.
    tell: Tell | None = None
    #: Tells of a job, and may be asked to wait until that has ended.
    waits: bool = False
    form: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    plain: Plain | None = None
    query: type[msgspec.Struct] | None = None
    #: Headers that change what it does, with what they do; and those that must be there.
    headers: Mapping[str, str] = field(default_factory=dict)
    needed_headers: Mapping[str, str] = field(default_factory=dict)
    example: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[int, Answer] = field(default_factory=dict)
    #: What the reference says of a status, where the sentences of `raising` do not do.
    failures: Mapping[int, str] = field(default_factory=dict)
    #: Takes `?api_key=`, whatever the family does; and any plan.
    accepts_query_key: bool = False
    is_in_every_plan: bool = False
    #: Brings new work: where addresses are counted, these are counted by themselves, too.
    is_submission: bool = False
    #: What the reference files it under; the family's title where it says nothing.
    title: str = ""
    #: The handler's; another where one handler serves several URLs.
    name: str = ""

    def is_open_to(self, plan: Plan) -> bool:
        """Whether a plan has access."""
        is_in_every_plan = self.is_in_every_plan or self.family.is_in_every_plan
        return is_in_every_plan or self.family.name in plan.families

    @property
    def is_repeatable(self) -> bool:
        """Whether an Idempotency-Key is heeded."""
        return self.method == "POST"

    @property
    def heeds_wait(self) -> bool:
        """Whether `Prefer: wait` is heeded."""
        return self.waits or self.tell is not None

    @property
    def operation_id(self) -> str:
        """Stable name for generated clients: `compress_status`."""
        return f"{self.family.name}_{self.name or self.handler.__name__}"

    def route(self, services: Services) -> Route:
        """Return the route that serves this endpoint."""

        async def serve(request: Request) -> Response:
            return await _serve(self, request, services)

        return Route(self.path, serve, methods=[self.method], name=self.operation_id)


def below(
    family: Family,
    root: str,
    method: str,
    path: str,
    handler: Handler,
    summary: str,
    answer: Body | None = None,
    *,
    status: int = 200,
    said: str = "Done.",
    tells: tuple[str, ...] = (),
    more: Mapping[int, Answer] | None = None,
    **others: Any,
) -> Endpoint:
    """Return an endpoint below `root`, which answers JSON.

    `tells` are headers of that answer, `more` are answers beside it.
    """
    told = Answer(description=said, body=answer, headers=tells)
    return Endpoint(
        family=family,
        method=method,
        path=f"{root}/{path}".rstrip("/"),
        handler=handler,
        summary=summary,
        answers={status: told, **(more or {})},
        **others,
    )


def ended(body: type[msgspec.Struct]) -> dict[int, Answer]:
    """Return what a POST that makes a job answers beside its 202."""
    return {200: Answer(description="With `Prefer: wait`: the job has ended.", body=body)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEndpoint:
    """A URL that takes no key: what it opens is named by an id that nobody can guess.

    A page says to people what it says to programs otherwise.
    """

    family: Family
    path: str
    handler: OpenHandler
    is_page: bool = False

    def route(self, services: Services) -> Route:
        """Return the route that serves this URL."""

        async def serve(request: Request) -> Response:
            try:
                _require_names(request)
                try:
                    return await self.handler(request, services)
                except DBAPIError as error:
                    raise _unforeseen(error, where=self.path) from error
            except TelecineError as error:
                if self.is_page:
                    return pages.missing(error.message, status=self.family.errors[error.code])
                return self.family.failure(error, request_id=request.state.request_id)

        return Route(self.path, serve, methods=["GET"], name=self.path)


async def _serve(endpoint: Endpoint, request: Request, services: Services) -> Response:
    family = endpoint.family
    request_id: str = request.state.request_id
    windows: list[Window] = []
    if endpoint.is_repeatable:
        request = repeating.prepared(request)
    try:
        if family.is_counted_by_address:
            windows += await count_address(
                request, services, family=family.name, is_submission=endpoint.is_submission
            )
            for window in windows:
                refuse_excess(window)
        caller = await admit(
            request,
            services,
            accepts_query_key=family.accepts_query_key or endpoint.accepts_query_key,
            accepts_body_key=family.accepts_body_key,
        )
        windows.append(caller.window)
        refuse_excess(caller.window)
        if not endpoint.is_open_to(caller.plan):
            raise ForbiddenError(
                f"The {caller.plan.label} plan has no access to this API. It needs another plan."
            )
        _require_names(request)
        response = await repeating.once(
            request, caller, services, handler=endpoint.handler, tell=endpoint.tell
        )
        response.headers.update(awaiting.applied(request))
    except TelecineError as error:
        response = family.failure(error, request_id=request_id)
    except ClientDisconnect:
        response = Response(status_code=400)
    except HTTPException:
        raise
    except Exception as error:  # noqa: BLE001 (a bug of ours still gets the family's answer)
        told = _unforeseen(error, where=endpoint.operation_id)
        response = family.failure(told, request_id=request_id)
    if windows:
        response.headers.update(rate_headers(min(windows, key=lambda each: each.remaining)))
    return response


def _unforeseen(error: Exception, *, where: str) -> TelecineError:
    """Say what a client can do: come back, where the database is away; else it is a bug of ours."""
    if isinstance(error, DBAPIError) and is_away(error):
        _log.error("database.away", route=where, error=str(error.orig))
        return BusyError(
            "The server's database does not answer at this moment. Try again in some seconds.",
            retry_after_seconds=_AWAY_SECONDS,
        )
    _log.error("request.broke", route=where, exc_info=error)
    return InternalError()


def _require_names(request: Request) -> None:
    """Raise `NotFoundError` for a path with a NUL in it: nothing is called so.

    Not every database can even be asked for it.
    """
    if any("\0" in str(value) for value in request.path_params.values()):
        raise NotFoundError("There is nothing of this name.")
