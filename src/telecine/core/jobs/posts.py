"""The verbs of worker ids: which process holds one, and when it was heard of last."""

from __future__ import annotations

from datetime import datetime

from telecine.core.jobs import store
from telecine.core.jobs.model import WorkerRow
from telecine.db import Transaction


def enrol(tx: Transaction, worker_id: str, *, pid: int, now: datetime) -> None:
    """Write down that this process holds a worker id from now on, whoever held it before."""
    store.enrol(tx, worker_id, pid=pid, now=now)


def beat(tx: Transaction, worker_id: str, *, pid: int, started_at: datetime, now: datetime) -> bool:
    """Say that a worker lives; False where its id is another process's by now."""
    return store.beat(tx, worker_id, pid=pid, started_at=started_at, now=now)


def leave(tx: Transaction, worker_id: str, *, pid: int, started_at: datetime) -> None:
    """Write down that a worker has stopped; not where its id is another process's by now."""
    store.leave(tx, worker_id, pid=pid, started_at=started_at)


def worker(tx: Transaction, worker_id: str) -> WorkerRow | None:
    """Return who holds a worker id, or held it last without giving it up."""
    return store.worker(tx, worker_id)


def all_workers(tx: Transaction) -> list[WorkerRow]:
    """Return who holds a worker id, or held it last without giving it up, by id."""
    return store.all_workers(tx)


def live_workers(tx: Transaction, *, since: datetime) -> set[str]:
    """Return the workers that were heard of since an instant."""
    return store.workers_since(tx, since)
