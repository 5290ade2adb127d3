"""SQL of deliveries, their tries, and receivers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from telecine.core.webhooks.model import (
    TEST_EVENT,
    Delivery,
    DeliveryState,
    Due,
    Reason,
    Receiver,
    Try,
    Wanted,
)
from telecine.db import Transaction
from telecine.db.tables import deliveries, delivery_attempts, webhook_receivers


def insert(tx: Transaction, delivery: Delivery) -> None:
    values = {column.name: getattr(delivery, column.name) for column in deliveries.c}
    tx.execute(deliveries.insert().values(values))


def due(
    tx: Transaction,
    *,
    now: datetime,
    not_hosts: Collection[str],
    not_accounts: Collection[str],
    most: int,
) -> list[Due]:
    query = (
        sa.select(deliveries.c.id, deliveries.c.account_id, deliveries.c.host)
        .where(deliveries.c.state == DeliveryState.PENDING, deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at)
        .limit(most)
    )
    if not_hosts:
        query = query.where(deliveries.c.host.not_in(not_hosts))
    if not_accounts:
        query = query.where(deliveries.c.account_id.not_in(not_accounts))
    return [Due(**row) for row in tx.execute(query).mappings()]


def claim(
    tx: Transaction, delivery_ids: Sequence[str], *, now: datetime, until: datetime
) -> list[Delivery]:
    """Take due deliveries: counts a try and hides them from other couriers until `until`."""
    still_due = (
        sa.select(deliveries.c.id)
        .where(
            deliveries.c.id.in_(delivery_ids),
            deliveries.c.state == DeliveryState.PENDING,
            deliveries.c.due_at <= now,
        )
        .with_for_update(skip_locked=True)  # SQLite has one writer, and drops this clause
    )
    rows = tx.execute(
        deliveries.update()
        .where(deliveries.c.id.in_(still_due))
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
    values = {
        column.name: getattr(outcome, column.name)
        for column in delivery_attempts.c
        if column is not delivery_attempts.c.delivery_id
    }
    tx.execute(delivery_attempts.insert().values(delivery_id=delivery.id, **values))


def by_id(tx: Transaction, delivery_id: str) -> Delivery | None:
    query = sa.select(deliveries).where(deliveries.c.id == delivery_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _delivery(row)


def of_job(tx: Transaction, job_id: str) -> list[Delivery]:
    query = (
        sa.select(deliveries).where(deliveries.c.job_id == job_id).order_by(deliveries.c.created_at)
    )
    return [_delivery(row) for row in tx.execute(query).mappings()]


def page(
    tx: Transaction, account_id: str, *, wanted: Wanted, before: Delivery | None, most: int
) -> list[Delivery]:
    query = sa.select(deliveries).where(*_wanted(account_id, wanted))
    if before is not None:
        query = query.where(_is_older(deliveries, before))
    query = query.order_by(deliveries.c.created_at.desc(), deliveries.c.id.desc()).limit(most)
    return [_delivery(row) for row in tx.execute(query).mappings()]


def oldest(
    tx: Transaction,
    account_id: str,
    *,
    wanted: Wanted,
    states: Sequence[DeliveryState],
    most: int,
) -> list[str]:
    query = (
        sa.select(deliveries.c.id)
        .where(
            *_wanted(account_id, wanted),
            deliveries.c.state.in_(states),
            deliveries.c.event != TEST_EVENT,
        )
        .order_by(deliveries.c.created_at, deliveries.c.id)
        .limit(most)
    )
    return list(tx.execute(query).scalars())


def replay(tx: Transaction, delivery_ids: Sequence[str], *, now: datetime) -> int:
    """Make deliveries due; those that have ended begin the schedule anew."""
    has_ended = deliveries.c.state != DeliveryState.PENDING
    tries_before = sa.case((has_ended, deliveries.c.attempt), else_=deliveries.c.tries_before)
    return tx.execute(
        deliveries.update()
        .where(deliveries.c.id.in_(delivery_ids))
        .values(state=DeliveryState.PENDING, due_at=now, tries_before=tries_before)
    ).rowcount


def tries(tx: Transaction, delivery_ids: Sequence[str]) -> dict[str, list[Try]]:
    query = (
        sa.select(delivery_attempts)
        .where(delivery_attempts.c.delivery_id.in_(delivery_ids))
        .order_by(delivery_attempts.c.delivery_id, delivery_attempts.c.attempt)
    )
    found: dict[str, list[Try]] = {}
    for row in tx.execute(query).mappings():
        values = dict(row)
        found.setdefault(values.pop("delivery_id"), []).append(Try(**values))
    return found


def receiver(
    tx: Transaction, account_id: str, url: str, *, is_locked: bool = False
) -> Receiver | None:
    """`is_locked`: others that ask so wait until this transaction ends."""
    query = sa.select(webhook_receivers).where(
        webhook_receivers.c.account_id == account_id, webhook_receivers.c.digest == _digest(url)
    )
    row = tx.execute(query.with_for_update() if is_locked else query).mappings().one_or_none()
    return None if row is None else _receiver(row)


def receiver_by_id(tx: Transaction, receiver_id: str) -> Receiver | None:
    query = sa.select(webhook_receivers).where(webhook_receivers.c.id == receiver_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _receiver(row)


def insert_receiver(tx: Transaction, new: Receiver) -> None:
    """Two that end jobs may come at once: the second finds the first's."""
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    table = webhook_receivers
    tx.execute(
        insert(table)
        .values(id=new.id, digest=_digest(new.url), **_fields(new))
        .on_conflict_do_nothing(index_elements=[table.c.account_id, table.c.digest])
    )


def set_receiver(tx: Transaction, changed: Receiver) -> None:
    tx.execute(
        webhook_receivers.update()
        .where(webhook_receivers.c.id == changed.id)
        .values(**_fields(changed))
    )


def receivers(
    tx: Transaction,
    account_id: str,
    *,
    is_disabled: bool | None,
    before: Receiver | None,
    most: int,
) -> list[Receiver]:
    table = webhook_receivers
    query = sa.select(table).where(table.c.account_id == account_id)
    if is_disabled is not None:
        query = query.where(table.c.disabled_at.is_not(None) == is_disabled)
    if before is not None:
        query = query.where(_is_older(table, before))
    query = query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(most)
    return [_receiver(row) for row in tx.execute(query).mappings()]


def withhold(tx: Transaction, disabled: Receiver) -> None:
    """Stop what waits for a receiver."""
    tx.execute(
        deliveries.update()
        .where(
            deliveries.c.account_id == disabled.account_id,
            deliveries.c.url == disabled.url,
            deliveries.c.state == DeliveryState.PENDING,
        )
        .values(state=DeliveryState.WITHHELD)
    )


def delete_deliveries(tx: Transaction, *, before: datetime, most: int) -> int:
    query = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.state != DeliveryState.PENDING, deliveries.c.due_at < before)
        .limit(most)
    )
    over = list(tx.execute(query).scalars())
    if over:
        tx.execute(delivery_attempts.delete().where(delivery_attempts.c.delivery_id.in_(over)))
        tx.execute(deliveries.delete().where(deliveries.c.id.in_(over)))
    return len(over)


def delete_receivers(tx: Transaction, *, before: datetime) -> None:
    last = sa.func.coalesce(webhook_receivers.c.tried_at, webhook_receivers.c.created_at)
    tx.execute(webhook_receivers.delete().where(last < before))


def backlog(tx: Transaction) -> tuple[int, datetime | None]:
    query = sa.select(sa.func.count(), sa.func.min(deliveries.c.due_at)).where(
        deliveries.c.state == DeliveryState.PENDING
    )
    count, first = tx.execute(query).one()
    return int(count), first


def _wanted(account_id: str, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found = [deliveries.c.account_id == account_id]
    for column, value in (
        (deliveries.c.event, wanted.event),
        (deliveries.c.job_id, wanted.job_id),
        (deliveries.c.url, wanted.url),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.states is not None:
        found.append(deliveries.c.state.in_(wanted.states))
    if wanted.since is not None:
        found.append(deliveries.c.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(deliveries.c.created_at < wanted.until)
    return found


def _is_older(table: sa.Table, than: Delivery | Receiver) -> sa.ColumnElement[bool]:
    at = table.c.created_at
    is_tie = sa.and_(at == than.created_at, table.c.id < than.id)
    return sa.or_(at < than.created_at, is_tie)


def _digest(url: str) -> str:
    # An address may be longer than what an index of Postgres holds.
    return hashlib.sha256(url.encode("utf-8")).hexdigest()


def _fields(receiver: Receiver) -> dict[str, Any]:
    return {
        column.name: getattr(receiver, column.name)
        for column in webhook_receivers.c
        if column.name not in {"id", "digest"}
    }


def _delivery(row: sa.RowMapping) -> Delivery:
    return Delivery(**{**row, "state": DeliveryState(row["state"])})


def _receiver(row: sa.RowMapping) -> Receiver:
    because = row["disabled_because"]
    values = {**row, "disabled_because": None if because is None else Reason(because)}
    del values["digest"]
    return Receiver(**values)
