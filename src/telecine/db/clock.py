"""One clock for all machines: the database's.

Instants that different machines wrote are compared with each other (heartbeats, leases, expiry,
minutes of rate limits), and clocks of machines differ by as much as their keepers let them. So
where the database is a server, "now" is its time, read once in a while and carried on by this
machine's steady clock, which nobody sets. Times of local files are the machine's: whoever compares
with those takes `system_clock`.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from telecine.db.engine import Database, Transaction
from telecine.kit.clock import Clock, steady_seconds, system_clock

_log = structlog.get_logger(__name__)

#: How old a reading may be. Crystals run apart by a millisecond in that time.
_FRESH_SECONDS: Final = 20.0
#: Not `now()`, which is when the transaction began.
_NOW: Final = sa.text("SELECT clock_timestamp()")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    at: datetime
    steady: float


class DatabaseClock:
    """Tells the database's time; the first call asks for it, and raises `SQLAlchemyError`.

    Later ones never wait: an old reading is still told while a new one is fetched by a thread.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reading: _Reading | None = None
        self._is_asking = threading.Lock()

    def __call__(self) -> datetime:
        reading = self._reading
        if reading is None:
            return self._ask()
        elapsed = steady_seconds() - reading.steady
        if elapsed > _FRESH_SECONDS and self._is_asking.acquire(blocking=False):
            threading.Thread(target=self._refresh, name="clock", daemon=True).start()
        return reading.at + timedelta(seconds=elapsed)

    def read(self, tx: Transaction) -> datetime:
        """Ask the database itself, in a transaction of the caller's."""
        began = steady_seconds()
        at: datetime = tx.execute(_NOW).scalar_one()
        # The answer was true somewhere between: half the way is the best guess.
        self._reading = _Reading(at=at, steady=(began + steady_seconds()) / 2)
        return at

    def _ask(self) -> datetime:
        with self._database.snapshot() as tx:
            return self.read(tx)

    def _refresh(self) -> None:
        try:
            self._ask()
        except SQLAlchemyError as error:  # the steady clock goes on; the next call asks again
            _log.warning("clock.not_read", error=str(error))
            time.sleep(1)
        finally:
            self._is_asking.release()


def clock_of(database: Database) -> Clock:
    """Return the clock of a database; SQLite is on this machine, and has this machine's."""
    is_server = database.engine.dialect.name == "postgresql"
    return DatabaseClock(database) if is_server else system_clock


def read(tx: Transaction, clock: Clock) -> datetime:
    """Return the time without a guess: as the database tells it, where `clock` is its own."""
    return clock.read(tx) if isinstance(clock, DatabaseClock) else clock()
