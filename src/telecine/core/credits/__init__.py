"""The ledger: the only way in which money moves."""

from telecine.core.credits.model import Balance, Entry, EntryKind
from telecine.core.credits.service import balance, entries, grant, release, reserve, settle

__all__ = [
    "Balance",
    "Entry",
    "EntryKind",
    "balance",
    "entries",
    "grant",
    "release",
    "reserve",
    "settle",
]
