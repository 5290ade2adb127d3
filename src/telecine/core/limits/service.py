"""The verbs of limits."""

from __future__ import annotations

from datetime import datetime

from telecine.core.limits import model, store
from telecine.core.limits.model import Window
from telecine.db import Transaction


def count(tx: Transaction, subject: str, *, limit: int, now: datetime) -> Window:
    """Count one request of `subject` and return where it stands; the caller refuses.

    It does not raise, because the answer's headers tell the window in either case. The
    transaction need not be durable: a power cut may forget a minute of counting.
    """
    used = store.increment(tx, subject, window=model.window_of(now))
    return model.window(now=now, limit=limit, used=used)


def look(tx: Transaction, subject: str, *, limit: int, now: datetime) -> Window:
    """Return where `subject` stands without counting: for when nothing can be written."""
    used = store.used(tx, subject, window=model.window_of(now))
    return model.window(now=now, limit=limit, used=used)


def sweep(tx: Transaction, *, now: datetime) -> int:
    """Forget past windows; returns how many."""
    return store.delete_before(tx, model.window_of(now) - 1)
