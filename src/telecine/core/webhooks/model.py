"""When a delivery is tried, when it is given up, and when a receiver is left alone.

The schedule is Standard Webhooks 1.0's: ten tries over 75 hours. The body is made once, in
the transaction of the event, and sent unchanged each time, so that id and signatures agree.

A receiver is an address that an account gave. It is switched off once it says that it is gone
(410), or has taken nothing for days; and on again by the first delivery that it takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

#: Waiting time before try 1, 2, 3, ...
SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
#: A courier that dies with a delivery in hand leaves it claimed for so long.
LEASE = timedelta(seconds=90)
#: The longest that a receiver may ask to be left in peace.
MOST_PATIENCE = timedelta(hours=24)
#: A receiver that has taken nothing for so long is switched off when a delivery is given up.
FAILING_FOR = timedelta(days=5)
#: What `POST .../test` sends: one try, and no failure of it is held against the receiver.
TEST_EVENT: Final = "webhook.test"

#: Deliveries under way at a time in one worker, of them to one host, and of one account: a slow
#: receiver must not hold up the others.
PARALLEL: Final = 16
PER_HOST: Final = 4
PER_ACCOUNT: Final = 12
_GONE = 410


class DeliveryState(StrEnum):
    """Where a delivery stands. Withheld: not tried, its receiver is switched off."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    WITHHELD = "withheld"


class Reason(StrEnum):
    """Why a receiver is switched off: it answered 410, or took nothing for days."""

    GONE = "gone"
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one address. `attempt` counts the tries begun.

    `tries_before` of them are of earlier runs through the schedule: it was replayed since.
    A test is of no job: its `job_id` is empty.
    """

    id: str
    account_id: str
    job_id: str
    event: str
    url: str
    host: str
    body: bytes
    state: DeliveryState
    attempt: int
    tries_before: int
    created_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """How one try went: a status, or the code of the error that prevented one.

    `response_head` is how the answer begins; where there is none, why, in words for clients.
    `note` is what else is known of it, for whoever runs the server.
    """

    attempt: int
    at: datetime
    status_code: int | None
    error_code: str | None
    elapsed_ms: int
    response_head: str | None = None
    note: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_accepted(self) -> bool:
        """Any 2xx. A redirect is a refusal: it is not followed."""
        return self.status_code is not None and 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """An address of an account, and how it does.

    `failing_since` is the first failure since it last took something, `tried_at` the last try.
    """

    id: str
    account_id: str
    url: str
    created_at: datetime
    tried_at: datetime | None = None
    accepted_at: datetime | None = None
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_because: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows from a try. `has_disabled`: it was the one that switched the receiver off."""

    state: DeliveryState
    due_at: datetime
    receiver: Receiver
    has_disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery that may be tried now, or is being tried."""

    id: str
    account_id: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """Some deliveries, newest first, and the cursor of those that follow; None: there are none."""

    deliveries: tuple[Delivery, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverPage:
    """Some receivers, newest first, and the cursor of those that follow; None: there are none."""

    receivers: tuple[Receiver, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deliveries of an account; None: whatever it is. `until` itself is not among them."""

    states: Sequence[DeliveryState] | None = None
    event: str | None = None
    job_id: str | None = None
    url: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def after(delivery: Delivery, receiver: Receiver, outcome: Try) -> Verdict:
    """Judge a try that is over."""
    if outcome.is_accepted:
        well = replace(
            receiver,
            tried_at=outcome.at,
            accepted_at=outcome.at,
            failing_since=None,
            disabled_at=None,
            disabled_because=None,
        )
        return Verdict(
            state=DeliveryState.DELIVERED, due_at=outcome.at, receiver=well, has_disabled=False
        )
    wait = _wait(delivery, receiver, outcome)
    worse = _worse(delivery, receiver, outcome, is_given_up=wait is None)
    return Verdict(
        state=DeliveryState.FAILED if wait is None else DeliveryState.PENDING,
        due_at=outcome.at + (wait or timedelta(0)),
        receiver=worse,
        has_disabled=receiver.disabled_at is None and worse.disabled_at is not None,
    )


def _wait(delivery: Delivery, receiver: Receiver, outcome: Try) -> timedelta | None:
    """Return how long after a failure the next try is; None where there is none."""
    is_only_one = delivery.event == TEST_EVENT or receiver.disabled_at is not None
    n_tries = delivery.attempt - delivery.tries_before
    if is_only_one or outcome.status_code == _GONE or n_tries >= len(SCHEDULE):
        return None
    return max(SCHEDULE[n_tries], min(outcome.retry_after or timedelta(0), MOST_PATIENCE))


def _worse(delivery: Delivery, receiver: Receiver, outcome: Try, *, is_given_up: bool) -> Receiver:
    tried = replace(receiver, tried_at=outcome.at)
    if receiver.disabled_at is not None:
        return tried
    if delivery.event == TEST_EVENT and outcome.status_code != _GONE:
        return tried
    since = receiver.failing_since or outcome.at
    failing = replace(tried, failing_since=since)
    if outcome.status_code == _GONE:
        return replace(failing, disabled_at=outcome.at, disabled_because=Reason.GONE)
    # Only when one is given up: what failed once in spring, and again today, may be well enough.
    if is_given_up and outcome.at - since >= FAILING_FOR:
        return replace(failing, disabled_at=outcome.at, disabled_because=Reason.FAILING)
    return failing


def full(under_way: Collection[Due]) -> tuple[set[str], set[str]]:
    """Return the hosts that may not be sent more for now, and the accounts."""
    hosts = Counter(each.host for each in under_way)
    accounts = Counter(each.account_id for each in under_way)
    return (
        {host for host, n in hosts.items() if n >= PER_HOST},
        {account for account, n in accounts.items() if n >= PER_ACCOUNT},
    )


def choose(waiting: Iterable[Due], *, under_way: Collection[Due]) -> list[Due]:
    """Return which of those that wait, longest first, may be tried beside those under way."""
    hosts = Counter(each.host for each in under_way)
    accounts = Counter(each.account_id for each in under_way)
    chosen: list[Due] = []
    for each in waiting:
        if len(under_way) + len(chosen) >= PARALLEL:
            break
        if hosts[each.host] < PER_HOST and accounts[each.account_id] < PER_ACCOUNT:
            hosts[each.host] += 1
            accounts[each.account_id] += 1
            chosen.append(each)
    return chosen
