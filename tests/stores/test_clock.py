"""Time as the database tells it, and databases that fall silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests import steps
from tests.databases import postgres
from tests.fakes import FixedClock

from telecine.db import Database
from telecine.db import clock as clock_module
from telecine.db.clock import DatabaseClock, clock_of, read
from telecine.db.engine import patient
from telecine.kit.clock import system_clock


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    with postgres() as url:
        database = Database(url.replace("postgresql://", "postgresql+psycopg://"))
        yield database
        database.dispose()


class Steady:
    """A steady clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Steady:
    made = Steady()
    monkeypatch.setattr(clock_module, "steady_seconds", made)
    return made


def told_by(database: Database) -> datetime:
    with database.snapshot() as tx:
        at: datetime = tx.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        return at


def test_the_time_is_the_servers(server: Database, steady: Steady) -> None:
    before = told_by(server)
    now = clock_of(server)()
    assert before <= now <= told_by(server)
    assert now.tzinfo is not None


def test_it_goes_on_with_the_steady_clock_and_asks_nothing(
    server: Database, steady: Steady
) -> None:
    clock = DatabaseClock(server)
    first = clock()
    steady.seconds += 7
    assert clock() == first + timedelta(seconds=7)


def test_an_old_reading_is_told_while_another_is_fetched(server: Database, steady: Steady) -> None:
    clock = DatabaseClock(server)
    clock()
    steady.seconds += 3600  # so long nobody asked, and this machine's crystal is a bad one
    assert clock() > told_by(server) + timedelta(minutes=30)
    steps.until(lambda: clock() < told_by(server) + timedelta(minutes=30))


def test_a_transaction_can_be_asked_for_the_very_instant(server: Database) -> None:
    clock = clock_of(server)
    before = told_by(server)
    with server.transaction() as tx:
        first, second = read(tx, clock), read(tx, clock)
    assert before < first < second < told_by(server)  # not when the transaction began


def test_sqlite_has_the_machines_time_and_a_test_its_own(db: Database) -> None:
    assert clock_of(db) is system_clock
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    with db.snapshot() as tx:
        assert read(tx, clock) == clock.now


def test_a_silent_server_is_given_up_within_seconds() -> None:
    url = sa.make_url(patient("postgresql+psycopg://me:a%2Fb@db.example.com/telecine"))
    assert (url.password, url.host, url.database) == ("a/b", "db.example.com", "telecine")
    # Twice as long, to find a connection dead and fail to make another, is less than a lease.
    assert int(str(url.query["tcp_user_timeout"])) <= 8000
    assert int(str(url.query["connect_timeout"])) <= 5


def test_what_the_operator_says_of_it_counts() -> None:
    url = patient("postgresql+psycopg://db/telecine?connect_timeout=30&sslmode=require")
    query = sa.make_url(url).query
    assert (query["connect_timeout"], query["sslmode"]) == ("30", "require")
    assert patient("sqlite:////tmp/telecine.db") == "sqlite:////tmp/telecine.db"


def test_what_a_vanished_machine_had_locked_is_free_before_its_jobs_are_given_away(
    server: Database,
) -> None:
    with server.snapshot() as tx:
        limit = tx.execute(sa.text("SHOW idle_in_transaction_session_timeout")).scalar_one()
    assert limit == "20s"
