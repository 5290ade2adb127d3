"""Who waits for jobs in this process: the database is asked once for all of them.

Workers are other processes, perhaps on other machines, so nobody calls when a job gets on. While
anybody looks there is one query a round for the jobs, and one for the keys that were used: a
revoked key ends what it had opened.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import structlog

from telecine.core import jobs, keys
from telecine.core.jobs import Job, JobStatus
from telecine.db import Transaction

_Round = tuple[dict[str, Job], set[str]]
#: Runs a query in a transaction for reading: `Services.read`.
Read = Callable[[Callable[[Transaction], _Round]], Awaitable[_Round]]

_log = structlog.get_logger(__name__)

#: Progress is written as often.
_ROUND_SECONDS: Final = 0.5
_DELETED: Final[Mapping[str, Any]] = {
    "status": JobStatus.CANCELLED,
    "error_code": "cancelled",
    "error_message": "deleted",
}


class View:
    """One client's look at a job. `job` is how it stood in the last round.

    `is_over` once there is nothing more to see: the job has ended, the key was revoked, or this
    process is about to stop. A job that was deleted counts as cancelled.
    """

    def __init__(self, job: Job, *, key_id: str) -> None:
        self.job = job
        self.key_id = key_id
        self.is_revoked = False
        self.is_closing = False
        self._changed = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more that this client may see."""
        return self.job.status.is_final or self.is_revoked or self.is_closing

    async def change(self, *, within_seconds: float) -> bool:
        """Wait for something new; False where nothing was in that time."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    def wake(self) -> None:
        """Have whoever waits look again."""
        self._changed.set()

    def show(self, job: Job | None) -> None:
        """Take what a round has found."""
        found = replace(self.job, **_DELETED) if job is None else job
        if _seen(found) != _seen(self.job):
            self.job = found
            self.wake()


class Lookout:
    """All views of this process; no round is made while there are none."""

    def __init__(self) -> None:
        self._views: dict[View, str] = {}  # and whose they are
        self._rounds: asyncio.Task[None] | None = None
        self._is_closing = False

    def count(self, account_id: str | None = None) -> int:
        """Return how many views there are, or how many an account has."""
        if account_id is None:
            return len(self._views)
        return sum(owner == account_id for owner in self._views.values())

    @contextlib.contextmanager
    def view(self, job: Job, *, key_id: str, read: Read) -> Iterator[View]:
        """Look at a job for as long as the block takes."""
        view = View(job, key_id=key_id)
        view.is_closing = self._is_closing
        self._views[view] = job.account_id
        if self._rounds is None:
            self._rounds = asyncio.create_task(self._look(read))
        try:
            yield view
        finally:
            del self._views[view]
            if not self._views and self._rounds is not None:
                self._rounds.cancel()
                self._rounds = None

    def close(self) -> None:
        """End every view, and those to come: this process is about to stop."""
        self._is_closing = True
        for view in self._views:
            view.is_closing = True
            view.wake()

    async def _look(self, read: Read) -> None:
        while True:
            await asyncio.sleep(_ROUND_SECONDS)
            try:
                found, revoked = await read(self._ask)
            except Exception:  # noqa: BLE001 (an endless round outlives a database that is away)
                _log.exception("lookout.broke")
                continue
            for view in tuple(self._views):
                view.show(found.get(view.job.id))
                if view.key_id in revoked:
                    view.is_revoked = True
                    view.wake()

    def _ask(self, tx: Transaction) -> _Round:
        views = tuple(self._views)
        job_ids = {view.job.id for view in views}
        return jobs.of_ids(tx, job_ids), keys.revoked(tx, {view.key_id for view in views})


def _seen(job: Job) -> tuple[object, ...]:
    return job.status, job.attempt, job.progress, job.stage
