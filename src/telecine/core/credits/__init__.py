"""The ledger: the only way in which money moves."""

from telecine.core.credits.model import Balance, EntryKind
from telecine.core.credits.service import balance, grant, release, reserve, settle

__all__ = ["Balance", "EntryKind", "balance", "grant", "release", "reserve", "settle"]
