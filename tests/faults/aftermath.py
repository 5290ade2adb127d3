"""Telecine without its processes, opened on what a campaign has left: to look, and to keep house.

What would take hours is done at once, with a clock that is moved: webhooks whose courier was
killed are tried again, and what is nobody's is swept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from telecine import settings as settings_module
from telecine.assembly import Telecine, assemble
from telecine.db.tables import deliveries, jobs
from telecine.kit.clock import system_clock
from telecine.worker.loop import Worker

#: Longer than a courier's claim, and than a first try takes to be tried again.
_A_WHILE: Final = timedelta(minutes=10)
#: Nothing that is under way takes so long; outputs live longer.
_HALF_A_DAY: Final = timedelta(hours=13)
_MOST_TRIES: Final = 5


class Aftermath:
    """See `opened`."""

    def __init__(self, data: Path, environment: Mapping[str, str]) -> None:
        self._later = timedelta()
        settings = settings_module.load(environment, data=str(data))
        self.telecine: Telecine = assemble(settings, clock=self._now)

    def is_settled(self) -> bool:
        """Say whether every job has ended; not while the database cannot be asked."""
        return self._has(jobs.c.finished_at.is_(None)) is False

    def has_begun(self, *, since: datetime) -> bool:
        """Say whether an attempt has begun since then. Rows of the dead go on saying `running`."""
        return self._has(jobs.c.started_at >= since) is True

    def status_told_by(self, delivery_id: str) -> str | None:
        """Return the status of the job that a webhook is about; None where nobody can say."""
        query = (
            sa.select(jobs.c.status)
            .join(deliveries, deliveries.c.job_id == jobs.c.id)
            .where(deliveries.c.id == delivery_id)
        )
        try:
            with self.telecine.db.snapshot() as tx:
                return str(tx.execute(query).scalar_one())
        except DBAPIError:
            return None

    def deliver(self) -> None:
        """Try again what has not been delivered, until all is or it was tried often enough."""
        courier = self._worker().courier
        with ThreadPoolExecutor(4) as threads:
            for _ in range(_MOST_TRIES):
                self._later += _A_WHILE
                while courier.deliver_due(threads):
                    pass

    def keep_house(self) -> None:
        """Do what a janitor does in half a day."""
        self._later += _HALF_A_DAY
        janitor = self._worker().janitor
        while janitor.delete_expired_files():
            pass
        janitor.sweep()

    def _has(self, which: sa.ColumnElement[bool]) -> bool | None:
        """Say whether there is such a job; None where the database cannot be asked."""
        try:
            with self.telecine.db.snapshot() as tx:
                return tx.execute(sa.select(jobs.c.id).where(which).limit(1)).first() is not None
        except DBAPIError:
            return None

    def _worker(self) -> Worker:
        return self.telecine.worker("aftermath", stop=threading.Event())

    def _now(self) -> datetime:
        return system_clock() + self._later


@contextmanager
def opened(data: Path, environment: Mapping[str, str]) -> Iterator[Aftermath]:
    """Open what lies in a data folder."""
    made = Aftermath(data, environment)
    yield made
    made.telecine.close()
