"""SQL of the accounts table."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from telecine.core.accounts.model import Account
from telecine.db import Transaction
from telecine.db.tables import accounts


def insert(tx: Transaction, account: Account) -> None:
    tx.execute(
        accounts.insert().values(
            id=account.id,
            email=account.email,
            plan=account.plan,
            webhook_secret=account.webhook_secret,
            created_at=account.created_at,
        )
    )


def by_id(tx: Transaction, account_id: str) -> Account | None:
    return _one(tx, accounts.c.id == account_id)


def by_email(tx: Transaction, email: str) -> Account | None:
    return _one(tx, accounts.c.email == email)


def lock(tx: Transaction, account_id: str) -> None:
    # SQLite has one writer anyway. The key stays free: each entry of the ledger looks whether the
    # account is there, with the balance locked already, and would wait for us who want that next.
    query = sa.select(accounts.c.id).where(accounts.c.id == account_id)
    tx.execute(query.with_for_update(key_share=True))


def set_webhook_secret(
    tx: Transaction, account_id: str, *, secret: str, former_until: datetime
) -> None:
    tx.execute(
        accounts.update()
        .where(accounts.c.id == account_id)
        .values(
            webhook_secret=secret,
            former_webhook_secret=accounts.c.webhook_secret,
            former_webhook_secret_until=former_until,
        )
    )


def count(tx: Transaction) -> int:
    return tx.execute(sa.select(sa.func.count()).select_from(accounts)).scalar_one()


def _one(tx: Transaction, condition: sa.ColumnElement[bool]) -> Account | None:
    row = tx.execute(sa.select(accounts).where(condition)).mappings().one_or_none()
    return None if row is None else Account(**row)
