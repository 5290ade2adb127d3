"""The verbs of the ledger. Each belongs in the transaction of the state change it pays for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from telecine.core.credits import store
from telecine.core.credits.model import MOVEMENTS, Balance, Book, Entry, EntryKind, settled
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
    amounts = _from_to(EntryKind.GRANT, amount)
    _move(tx, account_id, EntryKind.GRANT, amounts, job_id=None, note=note, now=now)


def reserve(tx: Transaction, account_id: str, amount: int, *, job_id: str, now: datetime) -> None:
    """Hold a job's price. Raises `InsufficientCreditsError`. A free job holds nothing."""
    if amount > 0:
        amounts = _from_to(EntryKind.RESERVE, amount)
        _move(tx, account_id, EntryKind.RESERVE, amounts, job_id=job_id, note=None, now=now)


def settle(
    tx: Transaction, account_id: str, *, job_id: str, now: datetime, charge: int | None = None
) -> None:
    """Turn a job's hold into a charge: all of it, or `charge`, and then the rest goes back."""
    if held := store.held_for_job(tx, job_id):
        amounts = settled(held, charge=charge)
        _move(tx, account_id, EntryKind.SETTLE, amounts, job_id=job_id, note=None, now=now)


def release(tx: Transaction, account_id: str, *, job_id: str, now: datetime) -> None:
    """Give a job's hold back."""
    if held := store.held_for_job(tx, job_id):
        amounts = _from_to(EntryKind.RELEASE, held)
        _move(tx, account_id, EntryKind.RELEASE, amounts, job_id=job_id, note=None, now=now)


def balance(tx: Transaction, account_id: str) -> Balance:
    """Return an account's credits; zeros where there was never a grant."""
    return store.balance(tx, account_id)


def entries(tx: Transaction, account_id: str, *, most: int) -> list[Entry]:
    """Return the last `most` entries that changed an account's balance, newest first."""
    return store.entries(tx, account_id, most=most)


def _from_to(kind: EntryKind, amount: int) -> Mapping[Book, int]:
    source, target = MOVEMENTS[kind]
    return {source: -amount, target: amount}


def _move(
    tx: Transaction,
    account_id: str,
    kind: EntryKind,
    amounts: Mapping[Book, int],
    *,
    job_id: str | None,
    note: str | None,
    now: datetime,
) -> None:
    moved = store.move_balance(
        tx,
        account_id,
        available=amounts.get(Book.AVAILABLE, 0),
        held=amounts.get(Book.HELD, 0),
    )
    if not moved:
        available = store.balance(tx, account_id).available
        raise InsufficientCreditsError(needed=-amounts[Book.AVAILABLE], available=available)
    store.append(tx, account_id, kind=kind, amounts=amounts, job_id=job_id, note=note, at=now)
