"""A job as Server-Sent Events: how it stands now, then whatever changes, then its end.

Nothing is written down for it: an event is the state of the job, and its id names that state. A
client that comes back with the id that it saw last is told what differs, by any process.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from typing_extensions import override  # typing has it from Python 3.12 on

from telecine.api.access import Caller
from telecine.api.services import Services
from telecine.core.jobs import Job
from telecine.kit.errors import BusyError, RateLimitedError

#: Words a job as JSON, in one line: as its own address does.
Word = Callable[[Job], Awaitable[bytes]]

_HEADERS: Final = {
    # Proxies that collect an answer before they pass it on are asked not to.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
_MEDIA_TYPE: Final = "text/event-stream"
_HEARTBEAT_SECONDS: Final = 15.0
_RETRY_MILLISECONDS: Final = 2000
_BUSY_SECONDS: Final = 10
_ID: Final = re.compile(r"([a-z]+)-(\d{1,9})-(\d{1,3})-([\w.]*)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What of a job is told when it changes; as a text, the id of an event."""

    status: str
    attempt: int
    percent: int
    stage: str

    @override
    def __str__(self) -> str:
        return f"{self.status}-{self.attempt}-{self.percent}-{self.stage}"


async def stream(
    request: Request, caller: Caller, services: Services, job: Job, *, word: Word
) -> Response:
    """Answer with the events of a job.

    A client that has seen the end is told 204, which ends the tries of an EventSource. Raises
    `RateLimitedError` where the account follows too many jobs, `BusyError` where all do together.
    """
    last = _last_seen(request)
    if job.status.is_final and last == _standing(job):
        return Response(status_code=204)
    if request.method == "HEAD":
        return Response(headers=_HEADERS, media_type=_MEDIA_TYPE)
    _require_room(caller, services)
    events = _events(caller, services, job, last, word=word)
    return StreamingResponse(events, headers=_HEADERS, media_type=_MEDIA_TYPE)


async def _events(
    caller: Caller, services: Services, job: Job, last: _Standing | None, *, word: Word
) -> AsyncIterator[bytes]:
    yield f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
    with services.lookout.view(job, key_id=caller.key.id, read=services.read) as view:
        while not view.is_revoked:
            now, is_final = _standing(view.job), view.job.status.is_final
            if now != last:
                told = await word(view.job)
                for name in _names(last, now, is_final=is_final):
                    yield b"event: %b\nid: %b\ndata: %b\n\n" % (name, str(now).encode(), told)
                last = now
            if view.is_over:
                return
            if not await view.change(within_seconds=_HEARTBEAT_SECONDS):
                yield b": still here\n\n"


def _names(last: _Standing | None, now: _Standing, *, is_final: bool) -> Iterator[bytes]:
    """Yield what has happened between two standings."""
    if is_final:
        yield b"end"
        return
    if last is None or (last.status, last.attempt) != (now.status, now.attempt):
        yield b"state"
    if last is not None and last.stage != now.stage:
        yield b"stage"
    if last is not None and last.percent != now.percent:
        yield b"progress"


def _standing(job: Job) -> _Standing:
    return _Standing(
        status=job.status.value,
        attempt=job.attempt,
        percent=int(job.progress * 100),
        stage=job.stage or "",
    )


def _last_seen(request: Request) -> _Standing | None:
    match = _ID.fullmatch(request.headers.get("last-event-id", ""))
    if match is None:
        return None
    status, attempt, percent, stage = match.groups()
    return _Standing(status=status, attempt=int(attempt), percent=int(percent), stage=stage)


def _require_room(caller: Caller, services: Services) -> None:
    settings, lookout = services.settings, services.lookout
    if lookout.count(caller.account.id) >= settings.streams_per_account:
        raise RateLimitedError(
            f"This account follows {settings.streams_per_account} jobs already. End some of these "
            "streams, or ask for the jobs now and then.",
            retry_after_seconds=_BUSY_SECONDS,
        )
    if lookout.count() >= settings.streams:
        raise BusyError(
            "As many jobs are followed here as can be. Ask for the job now and then.",
            retry_after_seconds=_BUSY_SECONDS,
        )
