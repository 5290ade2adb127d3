"""What the ledger is, and the movements there are.

Every movement is two entries or more that add up to zero, each in a book:

    grant    issued -n      available +n     an account gets credits
    reserve  available -n   held +n          a job is accepted
    settle   held -n        earned +m        it succeeded: the hold becomes a charge
                            available +(n-m) less was used up than was held: the rest goes back
    release  held -n        available +n     it failed or was cancelled: all is given back

Entries are never changed. `credit_balances` repeats the sums of the books `available` and
`held`, so that the database itself can refuse to go below zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EntryKind(StrEnum):
    """Why credits moved."""

    GRANT = "grant"
    RESERVE = "reserve"
    SETTLE = "settle"
    RELEASE = "release"


class Book(StrEnum):
    """Where credits are. `issued` is negative: what all the others came from."""

    ISSUED = "issued"
    AVAILABLE = "available"
    HELD = "held"
    EARNED = "earned"


#: The books of each movement: from, to. A settle may give a part back, see `settled`.
MOVEMENTS = {
    EntryKind.GRANT: (Book.ISSUED, Book.AVAILABLE),
    EntryKind.RESERVE: (Book.AVAILABLE, Book.HELD),
    EntryKind.SETTLE: (Book.HELD, Book.EARNED),
    EntryKind.RELEASE: (Book.HELD, Book.AVAILABLE),
}


def settled(held: int, *, charge: int | None) -> Mapping[Book, int]:
    """Return the entries that close a hold with a charge; None charges all of it.

    Never more than was held: that much was agreed on.
    """
    charge = held if charge is None else min(charge, held)
    entries = {Book.HELD: -held, Book.EARNED: charge, Book.AVAILABLE: held - charge}
    return {book: amount for book, amount in entries.items() if amount}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a movement did to one book of an account."""

    kind: EntryKind
    book: Book
    amount: int
    job_id: str | None
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Credits of one account. `available` excludes what running jobs hold."""

    available: int
    held: int
    granted: int
