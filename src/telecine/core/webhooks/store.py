"""SQL of deliveries and their tries."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from telecine.core.webhooks.model import Delivery, DeliveryState, Try
from telecine.db import Transaction
from telecine.db.tables import deliveries, delivery_attempts


def insert(tx: Transaction, delivery: Delivery) -> None:
    tx.execute(
        deliveries.insert().values(
            id=delivery.id,
            account_id=delivery.account_id,
            job_id=delivery.job_id,
            event=delivery.event,
            url=delivery.url,
            body=delivery.body,
            state=delivery.state,
            attempt=delivery.attempt,
            created_at=delivery.created_at,
            due_at=delivery.due_at,
        )
    )


def is_any_due(tx: Transaction, *, now: datetime) -> bool:
    query = sa.select(deliveries.c.id).where(
        deliveries.c.state == DeliveryState.PENDING, deliveries.c.due_at <= now
    )
    return tx.execute(query.limit(1)).first() is not None


def claim(tx: Transaction, *, now: datetime, until: datetime, most: int) -> list[Delivery]:
    """Take due deliveries: counts a try and hides them from other couriers until `until`."""
    due = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.state == DeliveryState.PENDING, deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)  # SQLite has one writer, and drops this clause
    )
    rows = tx.execute(
        deliveries.update()
        .where(deliveries.c.id.in_(due))
        .values(attempt=deliveries.c.attempt + 1, due_at=until)
        .returning(deliveries)
    ).mappings()
    return [_delivery(row) for row in rows]


def set_state(
    tx: Transaction, delivery: Delivery, *, state: DeliveryState, due_at: datetime
) -> None:
    tx.execute(
        deliveries.update()
        .where(deliveries.c.id == delivery.id, deliveries.c.attempt == delivery.attempt)
        .values(state=state, due_at=due_at)
    )


def insert_try(tx: Transaction, delivery: Delivery, outcome: Try) -> None:
    tx.execute(
        delivery_attempts.insert().values(
            delivery_id=delivery.id,
            attempt=delivery.attempt,
            at=outcome.at,
            status_code=outcome.status_code,
            error_code=outcome.error_code,
            elapsed_ms=outcome.elapsed_ms,
            response_head=outcome.response_head,
        )
    )


def of_job(tx: Transaction, job_id: str) -> list[Delivery]:
    query = (
        sa.select(deliveries).where(deliveries.c.job_id == job_id).order_by(deliveries.c.created_at)
    )
    return [_delivery(row) for row in tx.execute(query).mappings()]


def _delivery(row: sa.RowMapping) -> Delivery:
    return Delivery(**{**row, "state": DeliveryState(row["state"])})
