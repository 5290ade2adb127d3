"""A worker's id is a post: one process holds it at a time.

Two processes under one id would each take the other's running jobs for their own lost ones. On
one machine a lock in the data folder decides, which a dead process no longer holds. Between
machines, or data folders, it is the heartbeat in the database: whoever wants an id that is
still warm watches it for longer than a beat, and leaves it alone if it moves.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from telecine.core import jobs
from telecine.core.jobs import WorkerRow
from telecine.db import Database
from telecine.db.clock import read
from telecine.kit.clock import Clock
from telecine.kit.errors import ConflictError, InvalidRequestError
from telecine.kit.lock import FileLock

#: Longer than two beats: an id whose heartbeat stands still for so long has no holder.
_WATCH_SECONDS = 12.0
_LOOK_EVERY_SECONDS = 0.25
#: An id names a lock file, a folder and a row.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An id, held by this process since `started_at`."""

    worker_id: str
    db: Database
    clock: Clock
    lock: FileLock
    started_at: datetime

    def beat(self) -> bool:
        """Say that the holder lives; False where another process holds the id by now."""
        with self.db.transaction(durable=False) as tx:
            return jobs.beat(
                tx,
                self.worker_id,
                pid=os.getpid(),
                started_at=self.started_at,
                now=read(tx, self.clock),
            )

    def leave(self) -> None:
        """Give the id up, so that others need not wait for the heartbeat to grow cold."""
        with self.db.transaction() as tx:
            jobs.leave(tx, self.worker_id, pid=os.getpid(), started_at=self.started_at)
        self.lock.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """Where posts are taken. `locks_dir` is in the data folder, shared by one machine."""

    db: Database
    clock: Clock
    locks_dir: Path
    worker_timeout: timedelta

    def take(self, worker_ids: Iterable[str], *, patience_seconds: float) -> Post:
        """Take the first of these ids that nobody holds.

        `patience_seconds` is how long to wait, for each, for a process of this machine to let
        go. Raises `ConflictError` where all are held, `InvalidRequestError` for an impossible id.
        """
        reasons = []
        for worker_id in worker_ids:
            post = self._try(worker_id, patience_seconds=patience_seconds)
            if isinstance(post, Post):
                return post
            reasons.append(post)
        raise ConflictError(reasons[0] + " Give this worker an id of its own: --id NAME.")

    def lock(self, worker_id: str) -> FileLock:
        """Return the lock of an id, not taken."""
        return FileLock(self.locks_dir / f"worker-{worker_id}.lock")

    def _try(self, worker_id: str, *, patience_seconds: float) -> Post | str:
        """Return the post, or a sentence that says who has it."""
        if not _ID.fullmatch(worker_id):
            raise InvalidRequestError(
                "must be 1 to 100 letters, digits, dots, dashes or underscores.", field="--id"
            )
        lock = self.lock(worker_id)
        deadline = time.monotonic() + patience_seconds
        while not lock.take():
            if time.monotonic() >= deadline:
                return f"The worker id {worker_id} is in use on this machine."
            time.sleep(_LOOK_EVERY_SECONDS)
        if self._is_held_elsewhere(worker_id, lock):
            lock.release()
            return f"The worker id {worker_id} is in use on another machine."
        with self.db.transaction() as tx:
            started_at = read(tx, self.clock)
            jobs.enrol(tx, worker_id, pid=os.getpid(), now=started_at)
        lock.write_note(_signature(os.getpid(), started_at))
        return Post(
            worker_id=worker_id, db=self.db, clock=self.clock, lock=lock, started_at=started_at
        )

    def _is_held_elsewhere(self, worker_id: str, lock: FileLock) -> bool:
        first = self._row(worker_id)
        if first is None or first.heartbeat_at < self.clock() - self.worker_timeout:
            return False
        if lock.read_note() == _signature(first.pid, first.started_at):
            return False  # the row of this lock's last holder, who is dead
        deadline = time.monotonic() + _WATCH_SECONDS
        while time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_SECONDS)
            row = self._row(worker_id)
            if row is None:
                return False
            if row.heartbeat_at != first.heartbeat_at:
                return True
        return False

    def _row(self, worker_id: str) -> WorkerRow | None:
        with self.db.snapshot() as tx:
            return jobs.worker(tx, worker_id)


def _signature(pid: int, started_at: datetime) -> str:
    """Name one process among all that ever held an id."""
    return f"{pid} {started_at.isoformat()}"
