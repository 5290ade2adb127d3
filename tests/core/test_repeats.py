"""Claims on the keys of requests: who has one, who has lost it, and what is kept."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.databases import postgres
from tests.fakes import FixedClock

from telecine.core import accounts, repeats
from telecine.core.accounts import Account
from telecine.core.repeats import LEASE, Claim, Known, Reply
from telecine.db import Database, Transaction
from telecine.db.migrate import migrate
from telecine.kit.errors import RepeatDiffersError, RepeatUnderWayError

DAY = timedelta(days=1)
REPLY = Reply(status=202, headers=(("content-type", "application/json"),), body=b'{"a":1}')


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('db') / 'test.db'}"
        return
    with postgres() as served:
        yield served.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[Database]:
    opened = Database(url)
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def account(database: Database, clock: FixedClock, tmp_path: Path) -> Account:
    with database.transaction() as tx:
        return accounts.create(tx, email=f"{tmp_path.name}@example.com", plan="pro", now=clock())


@pytest.fixture
def tx(database: Database, account: Account) -> Iterator[Transaction]:
    """Opened once the account is there: SQLite has one writer."""
    with database.transaction() as opened:
        yield opened


def claim(
    tx: Transaction, account: Account, clock: FixedClock, *, key: str = "k", route: str = "POST /x"
) -> Claim | Known:
    return repeats.claim(tx, account_id=account.id, key=key, route=route, now=clock(), ttl=DAY)


def claimed(tx: Transaction, account: Account, clock: FixedClock) -> Claim:
    found = claim(tx, account, clock)
    assert isinstance(found, Claim)
    return found


def known(tx: Transaction, account: Account, clock: FixedClock) -> Known:
    found = claim(tx, account, clock)
    assert isinstance(found, Known)
    return found


def test_of_two_one_has_the_key(tx: Transaction, account: Account, clock: FixedClock) -> None:
    claimed(tx, account, clock)
    with pytest.raises(RepeatUnderWayError):
        claim(tx, account, clock)
    assert isinstance(claim(tx, account, clock, key="another"), Claim)


def test_another_route_is_told_even_while_the_first_is_under_way(
    tx: Transaction, account: Account, clock: FixedClock
) -> None:
    claimed(tx, account, clock)
    with pytest.raises(RepeatDiffersError, match="POST /x before"):
        claim(tx, account, clock, route="POST /y")


def test_who_was_too_slow_makes_no_job_and_keeps_no_answer(
    tx: Transaction, account: Account, clock: FixedClock
) -> None:
    slow = claimed(tx, account, clock)
    clock.now += LEASE
    quick = claimed(tx, account, clock)
    with pytest.raises(RepeatUnderWayError):
        repeats.seal(tx, slow, job_id="j_slow")
    assert not repeats.renew(tx, slow, now=clock())
    assert not repeats.keep(tx, slow, REPLY, now=clock(), ttl=DAY)
    repeats.give_back(tx, slow, now=clock())
    repeats.seal(tx, quick, job_id="j_quick")
    assert repeats.keep(tx, quick, REPLY, now=clock(), ttl=DAY)
    assert known(tx, account, clock).job_id == "j_quick"


def test_what_was_answered_is_given_again(
    tx: Transaction, account: Account, clock: FixedClock
) -> None:
    repeats.keep(tx, claimed(tx, account, clock), REPLY, now=clock(), ttl=DAY)
    assert known(tx, account, clock).reply == REPLY
    clock.now += DAY
    claimed(tx, account, clock)


def test_what_was_given_back_is_free_unless_it_has_a_job(
    tx: Transaction, account: Account, clock: FixedClock
) -> None:
    repeats.give_back(tx, claimed(tx, account, clock), now=clock())
    again = claimed(tx, account, clock)
    repeats.seal(tx, again, job_id="j_1")
    repeats.give_back(tx, again, now=clock())
    assert known(tx, account, clock).job_id == "j_1"


def test_a_job_is_known_while_its_request_is_not_answered_yet(
    tx: Transaction, account: Account, clock: FixedClock
) -> None:
    repeats.seal(tx, claimed(tx, account, clock), job_id="j_1")
    found = known(tx, account, clock)
    assert (found.job_id, found.reply) == ("j_1", None)


def test_only_what_is_over_and_not_held_is_swept(
    tx: Transaction, account: Account, clock: FixedClock
) -> None:
    repeats.sweep(tx, now=clock() + 9 * DAY)  # what other tests have left
    held = claimed(tx, account, clock)
    clock.now += DAY
    repeats.renew(tx, held, now=clock())
    assert repeats.sweep(tx, now=clock()) == 0
    clock.now += LEASE
    assert repeats.sweep(tx, now=clock()) == 1


def test_large_answers_of_one_account_push_out_its_oldest(
    tx: Transaction, account: Account, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecine.core.repeats.model.MOST_KEPT_BYTES", 30_000)
    noise = random.Random(1)
    for number in range(5):
        found = claim(tx, account, clock, key=f"k{number}")
        assert isinstance(found, Claim)
        if number == 0:
            repeats.seal(tx, found, job_id="j_1")
        large = Reply(status=200, headers=(), body=noise.randbytes(10_000))
        repeats.keep(tx, found, large, now=clock(), ttl=DAY)
        clock.advance(seconds=1)
    kept = [isinstance(claim(tx, account, clock, key=f"k{n}"), Known) for n in range(5)]
    assert kept == [True, False, False, True, True]  # the first has a job
