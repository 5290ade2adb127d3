"""POSTs that a client sends again under the same Idempotency-Key: done once, answered alike.

What is kept is what changed something: the answers below 300. A refusal changed nothing, so its
key is free again. Where the server died before the answer was kept, but after a job was made, the
client is told of that job: `tell` words it as the first request would have been answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final
from urllib.parse import urlencode

import anyio
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from telecine.api.access import Caller
from telecine.api.bodies import incoming
from telecine.api.bodies.fingerprint import Fingerprint, Repeatable
from telecine.api.services import Services
from telecine.core import jobs, repeats
from telecine.core.jobs import Job
from telecine.core.repeats import LEASE, Claim, Known, Reply
from telecine.kit.errors import ConflictError, InvalidRequestError, RepeatDiffersError

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"

Handler = Callable[[Request, Caller, Services], Awaitable[Response]]
#: Words the answer to a POST that made a job: (request, caller, services, job).
Tell = Callable[[Request, Caller, Services, Job], Awaitable[Response]]

_log = structlog.get_logger(__name__)

_MOST_CHARACTERS: Final = 255
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
#: The draft of the IETF has a string as HTTP's structured fields do; most clients send it bare.
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_RENEWED_EVERY_SECONDS: Final = LEASE.total_seconds() / 4
#: A form that was accepted had fewer.
_MOST_PARTS: Final = 64
_KEYS_IN_QUERY: Final = "api_key"


def prepared(request: Request) -> Request:
    """Return a request that has a key with a fingerprint, which is made as its body is read."""
    if HEADER not in request.headers:
        return request
    fingerprint = Fingerprint(request.headers.get("content-type", ""))

    async def receive() -> Message:
        message = await request.receive()
        if message["type"] == "http.request":
            fingerprint.feed(message.get("body", b""))
            if not message.get("more_body", False):
                fingerprint.end()
        return message

    request.state.fingerprint = fingerprint
    return Request(request.scope, receive)


async def once(
    request: Request, caller: Caller, services: Services, *, handler: Handler, tell: Tell | None
) -> Response:
    """Have a request handled; a prepared one, where it was not before: it is given its answer.

    Raises `RepeatUnderWayError` before the body is read, `RepeatDiffersError` as soon as that
    shows, and what the handler does.
    """
    fingerprint: Fingerprint | None = getattr(request.state, "fingerprint", None)
    if fingerprint is None:
        return await handler(request, caller, services)
    found = await services.write(
        partial(
            repeats.claim,
            account_id=caller.account.id,
            key=_key_of(request),
            route=_route_of(request),
            now=services.clock(),
            ttl=_ttl(services),
        ),
        durable=False,
    )
    if isinstance(found, Known):
        return await _again(request, caller, services, found, tell=tell)
    repeatable = Repeatable(claim=found, fingerprint=fingerprint)
    is_kept = False
    try:
        async with _renewed(services, found):
            response = await handler(request, replace(caller, repeatable=repeatable), services)
            is_kept = await _keep(services, repeatable.sealed(), response)
    finally:
        if not is_kept:
            await _give_back(services, found)
    return response


async def _again(
    request: Request, caller: Caller, services: Services, known: Known, *, tell: Tell | None
) -> Response:
    """Give an answer once more, to a body that holds the same."""
    await _require_same(request, caller, known.claim)
    if known.reply is not None:
        response = Response(known.reply.body, known.reply.status, dict(known.reply.headers))
    else:
        job = await services.read(partial(jobs.get, job_id=known.job_id or ""))
        if tell is None:
            raise ConflictError("The request was taken, and made this job.", job_id=job.id)
        response = await tell(request, caller, services, job)
        await _keep(services, known.claim, response)
    response.headers[REPLAYED] = "true"
    return response


async def _require_same(request: Request, caller: Caller, claim: Claim) -> None:
    """Read the body, keep nothing of it, and compare."""
    if claim.fingerprint is None:
        return
    fingerprint: Fingerprint = request.state.fingerprint
    # A form may have two files.
    most_bytes = 2 * caller.plan.max_file_bytes + incoming.DEFAULT_LIMITS.framing_bytes
    n_bytes = 0
    async with contextlib.aclosing(incoming.chunks(request, incoming.DEFAULT_LIMITS)) as pieces:
        async for piece in pieces:
            n_bytes += len(piece)
            if n_bytes > most_bytes or fingerprint.n_parts > _MOST_PARTS:
                raise RepeatDiffersError
    if fingerprint.digest() != claim.fingerprint:
        raise RepeatDiffersError


async def _keep(services: Services, claim: Claim, response: Response) -> bool:
    """Keep an answer that is whole; what is streamed is told of its job anew."""
    body = getattr(response, "body", None)
    if response.status_code >= 300 or not isinstance(body, bytes):
        return False
    headers = tuple(
        (name, value) for name, value in response.headers.items() if name != "content-length"
    )
    reply = Reply(status=response.status_code, headers=headers, body=body)
    kept = partial(repeats.keep, claim=claim, reply=reply, now=services.clock(), ttl=_ttl(services))
    return await services.write(kept)


async def _give_back(services: Services, claim: Claim) -> None:
    # Shielded: a server that stops cancels the request, and its key must not stay taken.
    with anyio.CancelScope(shield=True):
        try:
            verb = partial(repeats.give_back, claim=claim, now=services.clock())
            await services.write(verb, durable=False)
        except Exception:  # noqa: BLE001 (what the request has come to is told; the lease runs out)
            _log.exception("repeat.not_given_back")


@contextlib.asynccontextmanager
async def _renewed(services: Services, claim: Claim) -> AsyncIterator[None]:
    """Keep a claim for as long as the block takes: a large body may take an hour."""
    renewing = asyncio.create_task(_renew(services, claim))
    try:
        yield
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing


async def _renew(services: Services, claim: Claim) -> None:
    is_ours = True
    while is_ours:
        await asyncio.sleep(_RENEWED_EVERY_SECONDS)
        try:
            verb = partial(repeats.renew, claim=claim, now=services.clock())
            is_ours = await services.write(verb, durable=False)
        except Exception:  # noqa: BLE001 (an endless round outlives a database that is away)
            _log.exception("repeat.not_renewed")


def _key_of(request: Request) -> str:
    sent = request.headers.getlist(HEADER)
    key = sent[0].strip()
    if match := _QUOTED.fullmatch(key):
        key = re.sub(r"\\(.)", r"\1", match[1])
    elif key.startswith('"') or key.endswith('"'):
        key = ""  # half of a quotation: no two clients mean the same by it
    if len(sent) > 1 or len(key) > _MOST_CHARACTERS or not _VISIBLE.fullmatch(key):
        raise InvalidRequestError(
            f"'{HEADER}' must be one word of 1 to {_MOST_CHARACTERS} visible ASCII characters; a "
            "random UUID is a good one.",
            field=HEADER,
        )
    return key


def _route_of(request: Request) -> str:
    """Return the method, the path and the query, whichever key that has and in whatever order."""
    query = sorted(
        (name, value)
        for name, value in request.query_params.multi_items()
        if name != _KEYS_IN_QUERY
    )
    route = f"{request.method} {request.url.path}"
    return f"{route}?{urlencode(query)}" if query else route


def _ttl(services: Services) -> timedelta:
    return timedelta(seconds=services.settings.repeat_ttl_seconds)
