"""The verbs of the ledger. Each belongs in the transaction of the state change it pays for."""

from __future__ import annotations

from datetime import datetime

from telecine.core.credits import store
from telecine.core.credits.model import MOVEMENTS, Balance, Book, EntryKind
from telecine.db import Transaction
from telecine.kit.errors import InsufficientCreditsError, InvalidRequestError

_MOST_GRANTED = 10**12


def grant(
    tx: Transaction, account_id: str, amount: int, *, now: datetime, note: str | None = None
) -> None:
    """Give credits to an account: 1 to 10^12, so that no sum leaves a 64-bit column."""
    if not 1 <= amount <= _MOST_GRANTED:
        raise InvalidRequestError(
            f"A grant is from 1 to {_MOST_GRANTED} credits; {amount} is not.", field="credits"
        )
    _move(tx, account_id, EntryKind.GRANT, amount, job_id=None, note=note, now=now)


def reserve(tx: Transaction, account_id: str, amount: int, *, job_id: str, now: datetime) -> None:
    """Hold a job's price. Raises `InsufficientCreditsError`. A free job holds nothing."""
    if amount > 0:
        _move(tx, account_id, EntryKind.RESERVE, amount, job_id=job_id, note=None, now=now)


def settle(tx: Transaction, account_id: str, *, job_id: str, now: datetime) -> None:
    """Turn a job's hold into a charge."""
    _close(tx, account_id, EntryKind.SETTLE, job_id=job_id, now=now)


def release(tx: Transaction, account_id: str, *, job_id: str, now: datetime) -> None:
    """Give a job's hold back."""
    _close(tx, account_id, EntryKind.RELEASE, job_id=job_id, now=now)


def balance(tx: Transaction, account_id: str) -> Balance:
    """Return an account's credits; zeros where there was never a grant."""
    return store.balance(tx, account_id)


def _close(
    tx: Transaction, account_id: str, kind: EntryKind, *, job_id: str, now: datetime
) -> None:
    held = store.held_for_job(tx, job_id)
    if held > 0:
        _move(tx, account_id, kind, held, job_id=job_id, note=None, now=now)


def _move(
    tx: Transaction,
    account_id: str,
    kind: EntryKind,
    amount: int,
    *,
    job_id: str | None,
    note: str | None,
    now: datetime,
) -> None:
    source, target = MOVEMENTS[kind]
    amounts = {source: -amount, target: amount}
    moved = store.move_balance(
        tx,
        account_id,
        available=amounts.get(Book.AVAILABLE, 0),
        held=amounts.get(Book.HELD, 0),
    )
    if not moved:
        available = store.balance(tx, account_id).available
        raise InsufficientCreditsError(needed=amount, available=available)
    store.append(tx, account_id, kind=kind, amounts=amounts, job_id=job_id, note=note, at=now)
