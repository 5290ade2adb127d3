"""When a delivery is tried, and when it is given up.

The schedule is Standard Webhooks 1.0's: ten tries over 75 hours. The body is made once, in
the transaction of the event, and sent unchanged each time, so that id and signatures agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

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
_GONE = 410


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one address. `attempt` counts the tries begun."""

    id: str
    account_id: str
    job_id: str
    event: str
    url: str
    body: bytes
    state: DeliveryState
    attempt: int
    created_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """How one try went: a status, or the code of the error that prevented one.

    `response_head` is how the answer begins; where there is none, why.
    """

    at: datetime
    status_code: int | None
    error_code: str | None
    elapsed_ms: int
    response_head: str | None = None
    retry_after_seconds: int | None = None

    @property
    def is_accepted(self) -> bool:
        """Any 2xx. A redirect is a refusal: it is not followed."""
        return self.status_code is not None and 200 <= self.status_code < 300


def after(delivery: Delivery, outcome: Try) -> tuple[DeliveryState, datetime]:
    """Return the state and the next due instant once a try is over."""
    if outcome.is_accepted:
        return DeliveryState.DELIVERED, outcome.at
    if outcome.status_code == _GONE or delivery.attempt >= len(SCHEDULE):
        return DeliveryState.FAILED, outcome.at
    wait = SCHEDULE[delivery.attempt]
    if outcome.retry_after_seconds is not None:
        wait = max(wait, timedelta(seconds=min(outcome.retry_after_seconds, 24 * 3600)))
    return DeliveryState.PENDING, outcome.at + wait
