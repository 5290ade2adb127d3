"""The outbox: when a delivery is tried, by whom, and when its receiver is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fakes import FixedClock

from telecine.core import accounts, webhooks
from telecine.core.accounts import Account
from telecine.core.webhooks import Delivery, DeliveryState, Due, Receiver, Try, Wanted
from telecine.core.webhooks.model import (
    FAILING_FOR,
    LEASE,
    PARALLEL,
    PER_ACCOUNT,
    PER_HOST,
    SCHEDULE,
    Reason,
    choose,
)
from telecine.db import Database
from telecine.kit.errors import InvalidRequestError, NotFoundError

URL = "https://example.com/hook"


@pytest.fixture
def delivery(db: Database, account: Account, clock: FixedClock) -> Delivery:
    return _enqueue(db, clock, account)


def _enqueue(db: Database, clock: FixedClock, account: Account, url: str = URL) -> Delivery:
    with db.transaction() as tx:
        return webhooks.enqueue(
            tx,
            account_id=account.id,
            job_id="j_1",
            event="job.completed",
            url=url,
            body=b"{}",
            now=clock(),
        )


def _claim(db: Database, clock: FixedClock) -> list[Delivery]:
    with db.transaction() as tx:
        return webhooks.claim(tx, webhooks.due(tx, now=clock()), now=clock())


def _record(
    db: Database,
    clock: FixedClock,
    claimed: Delivery,
    status: int | None,
    *,
    retry_after: timedelta | None = None,
) -> DeliveryState:
    outcome = Try(
        attempt=claimed.attempt,
        at=clock(),
        status_code=status,
        error_code=None,
        elapsed_ms=1,
        retry_after=retry_after,
    )
    with db.transaction() as tx:
        return webhooks.record(tx, claimed, outcome).state


def _try(db: Database, clock: FixedClock, status: int) -> DeliveryState:
    """Try the one delivery that is due."""
    (claimed,) = _claim(db, clock)
    return _record(db, clock, claimed, status)


def _give_up(db: Database, clock: FixedClock) -> None:
    """Try the one delivery that waits until it is given up."""
    for wait in (*SCHEDULE[1:], timedelta(0)):
        _try(db, clock, 500)
        clock.advance(seconds=wait.total_seconds())


def _receiver(db: Database, account: Account) -> Receiver:
    with db.snapshot() as tx:
        found = webhooks.find_receiver(tx, account.id, URL)
    assert found is not None
    return found


def _now(db: Database, delivery: Delivery) -> Delivery:
    with db.snapshot() as tx:
        return webhooks.get(tx, delivery.id, account_id=delivery.account_id)


def _replay(db: Database, clock: FixedClock, delivery: Delivery) -> Delivery:
    with db.transaction() as tx:
        return webhooks.replay(tx, delivery.id, account_id=delivery.account_id, now=clock())


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


def test_retry_after_is_honoured_up_to_a_day(
    db: Database, delivery: Delivery, clock: FixedClock
) -> None:
    claimed = _claim(db, clock)[0]
    _record(db, clock, claimed, 429, retry_after=timedelta(seconds=600))
    clock.advance(seconds=599)
    assert _claim(db, clock) == []
    clock.advance(seconds=1)
    _record(db, clock, _claim(db, clock)[0], 503, retry_after=timedelta(days=30))
    clock.advance(days=1)
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
        return webhooks.due(tx, now=clock()) != []


# Who is sent how much at a time


def _due(host: str, account_id: str = "a") -> Due:
    return Due(id=f"{host} {account_id}", account_id=account_id, host=host)


def test_one_host_gets_a_part_of_a_couriers_hands() -> None:
    waiting = [_due("slow")] * 50 + [_due("other", "b")]
    assert choose(waiting, under_way=()) == [_due("slow")] * PER_HOST + [_due("other", "b")]
    assert choose(waiting, under_way=[_due("slow")] * PER_HOST) == [_due("other", "b")]


def test_one_account_gets_a_part_of_a_couriers_hands() -> None:
    hosts = [_due(f"h{number}") for number in range(50)]
    chosen = choose([*hosts, _due("other", "b")], under_way=())
    assert chosen == [*hosts[:PER_ACCOUNT], _due("other", "b")]


def test_a_courier_has_so_many_hands() -> None:
    waiting = [_due(f"h{number}", f"a{number}") for number in range(50)]
    assert choose(waiting, under_way=()) == waiting[:PARALLEL]
    assert choose(waiting, under_way=waiting[10:20]) == waiting[: PARALLEL - 10]


def test_however_much_waits_for_a_host_that_is_full_others_are_found(
    db: Database, account: Account, clock: FixedClock
) -> None:
    for _ in range(PER_HOST + 1):
        _enqueue(db, clock, account, "https://slow.example/hook")
    clock.advance(seconds=1)
    last = _enqueue(db, clock, account)
    under_way = [_due("slow.example", account.id)] * PER_HOST
    with db.snapshot() as tx:
        (found,) = webhooks.due(tx, now=clock(), under_way=under_way)
    assert found.id == last.id


def test_of_two_couriers_one_gets_a_delivery(
    db: Database, delivery: Delivery, clock: FixedClock
) -> None:
    with db.snapshot() as tx:
        both_saw = webhooks.due(tx, now=clock())
    claims = []
    for _ in range(2):
        with db.transaction() as tx:
            claims.append(webhooks.claim(tx, both_saw, now=clock()))
    assert [len(each) for each in claims] == [1, 0]


# Receivers


def test_a_receiver_that_is_gone_is_switched_off_and_what_waits_is_withheld(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    claimed = _claim(db, clock)[0]
    waiting = _enqueue(db, clock, account)
    elsewhere = _enqueue(db, clock, account, "https://example.com/other")
    _record(db, clock, claimed, 410)
    receiver = _receiver(db, account)
    assert (receiver.disabled_at, receiver.disabled_because) == (clock(), Reason.GONE)
    assert _now(db, waiting).state is DeliveryState.WITHHELD
    assert _enqueue(db, clock, account).state is DeliveryState.WITHHELD
    assert [each.id for each in _claim(db, clock)] == [elsewhere.id]


def test_another_accounts_receiver_of_the_same_address_is_its_own(
    db: Database, delivery: Delivery, clock: FixedClock
) -> None:
    with db.transaction() as tx:
        other = accounts.create(tx, email="bob@example.com", plan="pro", now=clock())
    _try(db, clock, 410)
    assert _enqueue(db, clock, other).state is DeliveryState.PENDING


def test_a_receiver_that_takes_nothing_for_days_is_switched_off_when_one_is_given_up(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    began = clock()
    _give_up(db, clock)
    assert clock() - began < FAILING_FOR
    assert _receiver(db, account).disabled_at is None
    assert _receiver(db, account).failing_since == began
    _enqueue(db, clock, account)
    _give_up(db, clock)
    assert _receiver(db, account).disabled_because is Reason.FAILING
    assert _enqueue(db, clock, account).state is DeliveryState.WITHHELD


def test_one_failure_long_after_another_switches_nothing_off(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    _give_up(db, clock)
    clock.advance(days=90)
    _enqueue(db, clock, account)
    assert _try(db, clock, 500) is DeliveryState.PENDING
    assert _receiver(db, account).disabled_at is None


def test_what_is_taken_in_between_counts(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    _give_up(db, clock)
    _enqueue(db, clock, account)
    assert _try(db, clock, 200) is DeliveryState.DELIVERED
    assert _receiver(db, account).failing_since is None
    _enqueue(db, clock, account)
    _give_up(db, clock)
    assert _receiver(db, account).disabled_at is None


def test_a_failure_that_comes_in_late_does_not_wake_what_was_withheld(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    second = _enqueue(db, clock, account)
    claimed = {each.id: each for each in _claim(db, clock)}
    _record(db, clock, claimed[delivery.id], 410)
    assert _record(db, clock, claimed[second.id], 500) is DeliveryState.FAILED


# Again


def test_a_replay_begins_the_schedule_anew_with_the_same_bytes(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    _give_up(db, clock)
    assert _now(db, delivery).state is DeliveryState.FAILED
    again = _replay(db, clock, delivery)
    assert (again.id, again.body, again.state) == (
        delivery.id,
        delivery.body,
        DeliveryState.PENDING,
    )
    assert _try(db, clock, 500) is DeliveryState.PENDING
    clock.advance(seconds=5)
    assert _try(db, clock, 200) is DeliveryState.DELIVERED
    with db.snapshot() as tx:
        numbers = [each.attempt for each in webhooks.tries(tx, [delivery.id])[delivery.id]]
    assert numbers == list(range(1, 13))


def test_of_one_that_waits_a_replay_makes_the_next_try_come_now(
    db: Database, delivery: Delivery, clock: FixedClock
) -> None:
    for _ in range(3):
        _try(db, clock, 500)
        clock.advance(hours=1)
    _try(db, clock, 500)
    _replay(db, clock, delivery)
    _try(db, clock, 500)
    assert _now(db, delivery).due_at == clock() + SCHEDULE[5]


def test_what_a_receiver_takes_switches_it_on_again(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    _try(db, clock, 410)
    withheld = _enqueue(db, clock, account)
    _replay(db, clock, withheld)
    assert _try(db, clock, 500) is DeliveryState.FAILED  # one try alone
    _replay(db, clock, withheld)
    assert _try(db, clock, 200) is DeliveryState.DELIVERED
    receiver = _receiver(db, account)
    assert (receiver.disabled_at, receiver.disabled_because, receiver.failing_since) == (None,) * 3
    assert _enqueue(db, clock, account).state is DeliveryState.PENDING


def test_a_test_is_tried_once_and_holds_nothing_against_its_receiver(
    db: Database, account: Account, clock: FixedClock
) -> None:
    with db.transaction() as tx:
        webhooks.enqueue_test(tx, account_id=account.id, url=URL, body=b"{}", now=clock())
    assert _try(db, clock, 500) is DeliveryState.FAILED
    assert _receiver(db, account).failing_since is None


def test_a_test_goes_to_a_receiver_that_is_switched_off(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    _try(db, clock, 410)
    with db.transaction() as tx:
        webhooks.enqueue_test(tx, account_id=account.id, url=URL, body=b"{}", now=clock())
    assert _try(db, clock, 204) is DeliveryState.DELIVERED
    assert _receiver(db, account).disabled_at is None


def test_what_was_not_taken_is_replayed_together_oldest_first(
    db: Database, account: Account, clock: FixedClock
) -> None:
    made = []
    for status in (410, None, None, None):
        made.append(_enqueue(db, clock, account))
        if status:
            _try(db, clock, status)
        clock.advance(hours=1)
    wanted = Wanted(since=made[1].created_at, until=made[3].created_at)
    counts = []
    for _ in range(3):
        with db.transaction() as tx:
            counts.append(webhooks.replay_lost(tx, account.id, wanted=wanted, most=1, now=clock()))
    assert counts == [1, 1, 0]
    assert {each.id for each in _claim(db, clock)} == {made[1].id, made[2].id}


def test_nobody_replays_what_is_not_his(
    db: Database, delivery: Delivery, clock: FixedClock
) -> None:
    with db.transaction() as tx:
        other = accounts.create(tx, email="bob@example.com", plan="pro", now=clock())
        with pytest.raises(NotFoundError):
            webhooks.replay(tx, delivery.id, account_id=other.id, now=clock())
        with pytest.raises(NotFoundError):
            webhooks.get(tx, delivery.id, account_id=other.id)
        with pytest.raises(InvalidRequestError):
            webhooks.page(tx, other.id, wanted=Wanted(), cursor=delivery.id, most=9)
        assert webhooks.replay_lost(tx, other.id, wanted=Wanted(), most=9, now=clock()) == 0


# What is forgotten


def test_deliveries_that_ended_are_forgotten_after_a_while_and_those_that_wait_are_not(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    _try(db, clock, 200)
    waiting = _enqueue(db, clock, account)
    clock.advance(days=1)
    with db.transaction() as tx:
        assert webhooks.sweep(tx, before=clock(), most=1)
        assert not webhooks.sweep(tx, before=clock(), most=1)
        with pytest.raises(NotFoundError):
            webhooks.get(tx, delivery.id, account_id=account.id)
        assert webhooks.tries(tx, [delivery.id]) == {}
    assert [each.id for each in _claim(db, clock)] == [waiting.id]


def test_a_receiver_that_is_switched_off_gets_another_chance_when_it_is_forgotten(
    db: Database, account: Account, delivery: Delivery, clock: FixedClock
) -> None:
    _try(db, clock, 410)
    clock.advance(days=1)
    _enqueue(db, clock, account)
    with db.transaction() as tx:
        webhooks.sweep(tx, before=clock())
    assert _enqueue(db, clock, account).state is DeliveryState.PENDING
