"""The verbs of webhooks."""

from __future__ import annotations

from datetime import datetime

from telecine.core.webhooks import model, store
from telecine.core.webhooks.model import LEASE, Delivery, DeliveryState, Try
from telecine.db import Transaction
from telecine.kit.ids import new_id


def enqueue(
    tx: Transaction,
    *,
    account_id: str,
    job_id: str,
    event: str,
    url: str,
    body: bytes,
    now: datetime,
) -> Delivery:
    """Promise to tell: belongs in the transaction of what is told."""
    delivery = Delivery(
        id=new_id("msg_"),
        account_id=account_id,
        job_id=job_id,
        event=event,
        url=url,
        body=body,
        state=DeliveryState.PENDING,
        attempt=0,
        created_at=now,
        due_at=now,
    )
    store.insert(tx, delivery)
    return delivery


def is_any_due(tx: Transaction, *, now: datetime) -> bool:
    """Say whether there is anything to claim; reading alone, so it may be asked often."""
    return store.is_any_due(tx, now=now)


def claim(tx: Transaction, *, now: datetime, most: int) -> list[Delivery]:
    """Take deliveries that are due, for one try each."""
    return store.claim(tx, now=now, until=now + LEASE, most=most)


def record(tx: Transaction, delivery: Delivery, outcome: Try) -> DeliveryState:
    """Write down how a try went, and when the next one is."""
    state, due_at = model.after(delivery, outcome)
    store.insert_try(tx, delivery, outcome)
    store.set_state(tx, delivery, state=state, due_at=due_at)
    return state


def deliveries_of(tx: Transaction, job_id: str) -> list[Delivery]:
    """Return a job's deliveries, oldest first."""
    return store.of_job(tx, job_id)
