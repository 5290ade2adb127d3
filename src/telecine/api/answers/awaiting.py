"""`Prefer: wait=N`: an answer that waits for the job, for N seconds at most (RFC 7240).

A preference, so nothing of it is an error. Who goes away waits no longer; a process that stops
answers with what is known.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from starlette.requests import Request

from telecine.api.access import Caller
from telecine.api.services import Services
from telecine.api.services.lookout import View
from telecine.core import jobs
from telecine.core.jobs import Job, JobDetails
from telecine.db import Transaction

HEADER: Final = "Prefer"
APPLIED: Final = "Preference-Applied"

#: One of the preferences, with its parameters behind it.
_WAIT: Final = re.compile(r'\s*wait\s*=\s*"?(\d+)"?\s*(?:;.*)?', re.IGNORECASE | re.ASCII)
_MOST_DIGITS: Final = 12


async def may_have_ended(request: Request, caller: Caller, services: Services, job: Job) -> bool:
    """Wait for a job as long as the client would like to; False where nobody has waited.

    True: the job is to be read again, whether it has ended or not.
    """
    seconds = min(_wished_seconds(request), services.settings.wait_seconds)
    if seconds == 0 or not _has_room(services, caller):
        return False
    request.state.preference_applied = f"wait={seconds}"
    if job.status.is_final:
        return False
    loop = asyncio.get_running_loop()
    gives_up_at = loop.time() + seconds
    with services.lookout.view(job, key_id=caller.key.id, read=services.read) as view:
        async with _until_left(request, view) as has_left:
            while not (view.is_over or has_left.is_set()):
                if not await view.change(within_seconds=max(0, gives_up_at - loop.time())):
                    break
    return True


async def details(
    request: Request, caller: Caller, services: Services, job_id: str, *, family: str | None = None
) -> JobDetails:
    """Return a job with its files, after it has ended where the client waits for that.

    Raises `NotFoundError`.
    """
    find = partial(jobs.with_files, job_id=job_id, account_id=caller.account.id, family=family)
    found = await services.read(find)
    if await may_have_ended(request, caller, services, found.job):
        found = await services.read(find)
    return found


async def ended(
    request: Request, caller: Caller, services: Services, job: Job
) -> JobDetails | None:
    """Wait for a job that a request has made, as long as the client would like to.

    None where it has not ended, or nobody has waited.
    """
    if not await may_have_ended(request, caller, services, job):
        return None

    def look(tx: Transaction) -> JobDetails:
        return jobs.details(tx, jobs.get(tx, job.id))

    found = await services.read(look)
    return found if found.job.status.is_final else None


def applied(request: Request) -> dict[str, str]:
    """Return the header that says which preference was heeded, if one was."""
    said = getattr(request.state, "preference_applied", None)
    return {} if said is None else {APPLIED: said}


def _wished_seconds(request: Request) -> int:
    for line in request.headers.getlist(HEADER):
        for each in line.split(","):
            if match := _WAIT.fullmatch(each):
                # Any number counts, as long as it likes; what the server allows is far below these.
                return int(match[1].lstrip("0")[:_MOST_DIGITS] or 0)
    return 0


def _has_room(services: Services, caller: Caller) -> bool:
    mine = services.lookout.count(caller.account.id)
    settings = services.settings
    return mine < settings.streams_per_account and services.lookout.count() < settings.streams


@contextlib.asynccontextmanager
async def _until_left(request: Request, view: View) -> AsyncIterator[asyncio.Event]:
    """Give what is set, and wake the view, when the client goes away."""
    has_left = asyncio.Event()

    async def listen() -> None:
        # The body was read, so what comes next is the end of the connection.
        while (await request.receive())["type"] != "http.disconnect":
            pass
        has_left.set()
        view.wake()

    listening = asyncio.create_task(listen())
    try:
        yield has_left
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
