"""What an account has used of its plan. Minutes of video count by the calendar month, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from telecine.api.access import Caller
from telecine.core import assets, credits, jobs
from telecine.core.credits import Balance
from telecine.db import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The balance, and what is used of what the plan has. `period_end` is the month's last day."""

    balance: Balance
    period_start: date
    period_end: date
    minutes_used: int
    minutes_limit: int
    storage_used_bytes: int
    storage_limit_bytes: int


def look(tx: Transaction, caller: Caller, *, now: datetime) -> Usage:
    """Add up what the caller has used."""
    start = _month_of(now).date()
    return Usage(
        balance=credits.balance(tx, caller.account.id),
        period_start=start,
        period_end=(start + timedelta(days=31)).replace(day=1) - timedelta(days=1),
        minutes_used=minutes_used(tx, caller, now=now),
        minutes_limit=caller.plan.minutes_per_month,
        storage_used_bytes=assets.used_bytes(tx, caller.account.id),
        storage_limit_bytes=caller.plan.storage_bytes,
    )


def minutes_used(tx: Transaction, caller: Caller, *, now: datetime) -> int:
    """Return the minutes of video that clips were made of in this month."""
    return jobs.total(
        tx, caller.account.id, operation="clips", fact="minutes", since=_month_of(now)
    )


def minutes_held(tx: Transaction, caller: Caller) -> int:
    """Return the minutes of video that may yet be counted: those that jobs under way hold for."""
    return jobs.total_under_way(tx, caller.account.id, operation="clips", param="minutes_held")


def _month_of(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
