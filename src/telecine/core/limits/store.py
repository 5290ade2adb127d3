"""SQL of the rate_windows table."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from telecine.db import Transaction
from telecine.db.tables import rate_windows


def increment(tx: Transaction, subject: str, *, window: int) -> int:
    """Add one and return the new count."""
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(rate_windows)
        .values(subject=subject, window=window, count=1)
        .on_conflict_do_update(
            index_elements=[rate_windows.c.subject, rate_windows.c.window],
            set_={"count": rate_windows.c.count + 1},
        )
        .returning(rate_windows.c.count)
    )
    return int(tx.execute(statement).scalar_one())


def used(tx: Transaction, subject: str, *, window: int) -> int:
    found = sa.select(rate_windows.c.count).where(
        rate_windows.c.subject == subject, rate_windows.c.window == window
    )
    return int(tx.execute(found).scalar_one_or_none() or 0)


def delete_before(tx: Transaction, window: int) -> int:
    return tx.execute(sa.delete(rate_windows).where(rate_windows.c.window < window)).rowcount
