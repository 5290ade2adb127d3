"""SQL of the ledger and its balances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from telecine.core.credits.model import Balance, Book, Entry, EntryKind
from telecine.db import Transaction
from telecine.db.tables import credit_balances, ledger_entries


def append(
    tx: Transaction,
    account_id: str,
    *,
    kind: EntryKind,
    amounts: Mapping[Book, int],
    job_id: str | None,
    note: str | None,
    at: datetime,
) -> None:
    tx.execute(
        ledger_entries.insert(),
        [
            {
                "account_id": account_id,
                "kind": kind,
                "book": book,
                "amount": amount,
                "job_id": job_id,
                "note": note,
                "at": at,
            }
            for book, amount in amounts.items()
        ],
    )


def move_balance(tx: Transaction, account_id: str, *, available: int, held: int) -> bool:
    """Change the sums; False, and nothing changed, where one would fall below zero."""
    # The row is made first and updated after: SQLite tests CHECK on the row that an upsert
    # offers, before it looks for the conflict, so a debit as an upsert would always fail.
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    tx.execute(
        insert(credit_balances)
        .values(account_id=account_id, available=0, held=0)
        .on_conflict_do_nothing()
    )
    changed = tx.execute(
        credit_balances.update()
        .where(
            credit_balances.c.account_id == account_id,
            credit_balances.c.available + available >= 0,
            credit_balances.c.held + held >= 0,
        )
        .values(
            available=credit_balances.c.available + available,
            held=credit_balances.c.held + held,
        )
    )
    return changed.rowcount == 1


def balance(tx: Transaction, account_id: str) -> Balance:
    row = tx.execute(
        sa.select(credit_balances.c.available, credit_balances.c.held).where(
            credit_balances.c.account_id == account_id
        )
    ).one_or_none()
    granted = tx.execute(
        sa.select(sa.func.coalesce(sa.func.sum(ledger_entries.c.amount), 0)).where(
            ledger_entries.c.account_id == account_id,
            ledger_entries.c.kind == EntryKind.GRANT,
            ledger_entries.c.book == Book.AVAILABLE,
        )
    ).scalar_one()
    available, held = (0, 0) if row is None else (row.available, row.held)
    return Balance(available=available, held=held, granted=int(granted))


def entries(tx: Transaction, account_id: str, *, most: int) -> list[Entry]:
    columns = [ledger_entries.c[each.name] for each in fields(Entry)]
    query = (
        sa.select(*columns)
        .where(
            ledger_entries.c.account_id == account_id,
            ledger_entries.c.book.in_((Book.AVAILABLE, Book.HELD)),
        )
        .order_by(ledger_entries.c.id.desc())
        .limit(most)
    )
    rows = tx.execute(query).mappings()
    return [
        Entry(**{**row, "kind": EntryKind(row["kind"]), "book": Book(row["book"])}) for row in rows
    ]


def held_for_job(tx: Transaction, job_id: str) -> int:
    """What a job still holds: its reservation, less whatever closed it."""
    return int(
        tx.execute(
            sa.select(sa.func.coalesce(sa.func.sum(ledger_entries.c.amount), 0)).where(
                ledger_entries.c.job_id == job_id, ledger_entries.c.book == Book.HELD
            )
        ).scalar_one()
    )
