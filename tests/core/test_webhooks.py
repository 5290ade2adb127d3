"""The outbox: when a delivery is tried, and by whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fakes import FixedClock

from telecine.core import webhooks
from telecine.core.accounts import Account
from telecine.core.webhooks import Delivery, Try
from telecine.core.webhooks.model import LEASE, SCHEDULE, DeliveryState
from telecine.db import Database


@pytest.fixture
def delivery(db: Database, account: Account, clock: FixedClock) -> Delivery:
    with db.transaction() as tx:
        return webhooks.enqueue(
            tx,
            account_id=account.id,
            job_id="j_1",
            event="job.completed",
            url="https://example.com/hook",
            body=b"{}",
            now=clock(),
        )


def _claim(db: Database, clock: FixedClock) -> list[Delivery]:
    with db.transaction() as tx:
        return webhooks.claim(tx, now=clock(), most=10)


def _record(
    db: Database, clock: FixedClock, claimed: Delivery, status: int | None
) -> DeliveryState:
    outcome = Try(at=clock(), status_code=status, error_code=None, elapsed_ms=1)
    with db.transaction() as tx:
        return webhooks.record(tx, claimed, outcome)


def test_a_delivery_is_claimed_once(db: Database, delivery: Delivery, clock: FixedClock) -> None:
    assert [claimed.id for claimed in _claim(db, clock)] == [delivery.id]
    assert _claim(db, clock) == []


def test_a_courier_that_died_leaves_it_to_the_next(
    db: Database, delivery: Delivery, clock: FixedClock
) -> None:
    _claim(db, clock)
    clock.advance(seconds=LEASE.total_seconds() + 1)
    assert [claimed.attempt for claimed in _claim(db, clock)] == [2]


def test_an_accepted_delivery_is_not_sent_again(
    db: Database, delivery: Delivery, clock: FixedClock
) -> None:
    assert _record(db, clock, _claim(db, clock)[0], 204) is DeliveryState.DELIVERED
    clock.advance(days=30)
    assert _claim(db, clock) == []


def test_failures_follow_the_schedule_and_end_after_ten_tries(
    db: Database, delivery: Delivery, clock: FixedClock
) -> None:
    for wait in SCHEDULE[1:]:
        assert _record(db, clock, _claim(db, clock)[0], 500) is DeliveryState.PENDING
        clock.advance(seconds=wait.total_seconds() - 1)
        assert not _is_due(db, clock)
        clock.advance(seconds=1)
        assert _is_due(db, clock)
    assert _record(db, clock, _claim(db, clock)[0], 500) is DeliveryState.FAILED
    clock.advance(days=30)
    assert _claim(db, clock) == []


def test_410_ends_it_at_once(db: Database, delivery: Delivery, clock: FixedClock) -> None:
    assert _record(db, clock, _claim(db, clock)[0], 410) is DeliveryState.FAILED


def test_a_redirect_is_no_success(db: Database, delivery: Delivery, clock: FixedClock) -> None:
    assert _record(db, clock, _claim(db, clock)[0], 302) is DeliveryState.PENDING


def test_retry_after_is_honoured(db: Database, delivery: Delivery, clock: FixedClock) -> None:
    claimed = _claim(db, clock)[0]
    outcome = Try(
        at=clock(), status_code=429, error_code=None, elapsed_ms=1, retry_after_seconds=600
    )
    with db.transaction() as tx:
        webhooks.record(tx, claimed, outcome)
    clock.advance(seconds=599)
    assert _claim(db, clock) == []
    clock.advance(seconds=1)
    assert len(_claim(db, clock)) == 1


def test_due_tells_what_claim_would_find(
    db: Database, delivery: Delivery, clock: FixedClock
) -> None:
    assert _is_due(db, clock)
    _claim(db, clock)
    assert not _is_due(db, clock)
    clock.advance(seconds=(LEASE + timedelta(seconds=1)).total_seconds())
    assert _is_due(db, clock)


def _is_due(db: Database, clock: FixedClock) -> bool:
    with db.snapshot() as tx:
        return webhooks.is_any_due(tx, now=clock())
