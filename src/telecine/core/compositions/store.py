"""SQL of stored compositions. The state of a task is looked up at its latest job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from telecine.core.compositions.model import Composition, CompositionKind
from telecine.core.jobs import JobStatus
from telecine.db import Transaction
from telecine.db.tables import compositions, jobs


def insert(tx: Transaction, composition: Composition) -> None:
    values: dict[str, Any] = {
        column.name: getattr(composition, column.name) for column in compositions.c
    }
    tx.execute(compositions.insert().values({**values, "frame_rate": str(composition.frame_rate)}))


def by_id(tx: Transaction, composition_id: str, *, is_locked: bool = False) -> Composition | None:
    """`is_locked`: others that ask so wait until this transaction ends."""
    query = sa.select(compositions).where(compositions.c.id == composition_id)
    row = tx.execute(query.with_for_update() if is_locked else query).mappings().one_or_none()
    return None if row is None else _composition(row)


def page(
    tx: Transaction,
    *,
    account_id: str,
    statuses: Sequence[JobStatus | None] | None,
    category: str | None,
    skip: int,
    most: int,
) -> tuple[list[Composition], int]:
    """Tasks whose latest job has one of `statuses`; None among them: that have no job."""
    wanted = [
        compositions.c.account_id == account_id,
        compositions.c.kind == CompositionKind.TASK,
    ]
    if category is not None:
        wanted.append(compositions.c.category == category)
    if statuses is not None:
        latest = _latest_status()
        named = [status for status in statuses if status is not None]
        wanted.append(
            sa.or_(latest.in_(named), latest.is_(None) if None in statuses else sa.false())
        )
    count = sa.select(sa.func.count()).select_from(compositions).where(*wanted)
    query = (
        sa.select(compositions)
        .where(*wanted)
        .order_by(compositions.c.created_at.desc(), compositions.c.id.desc())
        .offset(skip)
        .limit(most)
    )
    found = [_composition(row) for row in tx.execute(query).mappings()]
    return found, tx.execute(count).scalar_one()


def delete(tx: Transaction, composition_id: str) -> bool:
    gone = tx.execute(compositions.delete().where(compositions.c.id == composition_id))
    return gone.rowcount > 0


def delete_over(tx: Transaction, *, now: datetime) -> int:
    return tx.execute(compositions.delete().where(compositions.c.expires_at <= now)).rowcount


def _latest_status() -> sa.ScalarSelect[str]:
    return (
        sa.select(jobs.c.status)
        .where(jobs.c.subject_id == compositions.c.id)
        .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _composition(row: sa.RowMapping) -> Composition:
    return Composition(
        **{
            **row,
            "kind": CompositionKind(row["kind"]),
            "frame_rate": Fraction(row["frame_rate"]),
        }
    )
