"""What the ledger is, and the movements there are.

Every movement is two entries or more that add up to zero, each in a book:

    grant    issued -n      available +n     an account gets credits
    reserve  available -n   held +n          a job is accepted
    settle   held -n        earned +n        it succeeded: the hold becomes a charge
    release  held -n        available +n     it failed or was cancelled: all is given back

Entries are never changed. `credit_balances` repeats the sums of the books `available` and
`held`, so that the database itself can refuse to go below zero.
"""

from __future__ import annotations

from dataclasses import dataclass
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


#: The two books of each movement: from, to.
MOVEMENTS = {
    EntryKind.GRANT: (Book.ISSUED, Book.AVAILABLE),
    EntryKind.RESERVE: (Book.AVAILABLE, Book.HELD),
    EntryKind.SETTLE: (Book.HELD, Book.EARNED),
    EntryKind.RELEASE: (Book.HELD, Book.AVAILABLE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Credits of one account. `available` excludes what running jobs hold."""

    available: int
    held: int
    granted: int
