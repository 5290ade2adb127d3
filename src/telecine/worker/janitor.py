"""Keeping house: lost jobs, expired files, orphaned bytes, abandoned workspaces.

Every worker runs one; each chore is safe to do twice, and at the same time elsewhere.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from telecine.blobs import BlobStore
from telecine.core import files, jobs, limits
from telecine.core.jobs import Job
from telecine.db import Database
from telecine.engine import Queue, TicketPhase
from telecine.kit.clock import Clock
from telecine.kit.errors import StorageError

_log = structlog.get_logger(__name__)

#: Younger bytes without an owner may belong to an upload or an attempt that is under way.
_ORPHAN_AGE = timedelta(hours=12)
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Janitor:
    """The chores, and what they need."""

    db: Database
    blobs: BlobStore
    queue: Queue
    clock: Clock
    work_dir: Path
    worker_timeout: timedelta

    def requeue_lost_jobs(self) -> int:
        """Queue anew the jobs whose ticket will never end them; returns how many.

        That is a ticket claimed by a worker that is no longer heard of, or one that has
        ended while its job has not (the database went away under the attempt).
        """
        with self.db.snapshot() as tx:
            waiting = jobs.active(tx)
            alive = jobs.live_workers(tx, since=self.clock() - self.worker_timeout)
        states = self.queue.states([(job.id, job.ticket) for job in waiting])
        lost = 0
        for job in waiting:
            state = states[job.id, job.ticket]
            is_dead = state.phase is TicketPhase.CLAIMED and state.worker_id not in alive
            if is_dead or state.phase in {TicketPhase.ENDED, TicketPhase.ABSENT}:
                lost += self._requeue(job, worker_id=state.worker_id)
        return lost

    def delete_expired_files(self) -> int:
        """Delete the bytes of files whose time is over; returns how many.

        What cannot be deleted is tried again in the next round, and holds up no other file.
        """
        with self.db.snapshot() as tx:
            over = files.expired(tx, now=self.clock())
        deleted = 0
        for file in over:
            try:
                self.blobs.delete(file.blob_key)
            except StorageError:
                _log.warning("file.not_deleted", file_id=file.id, key=file.blob_key)
                continue
            with self.db.transaction() as tx:
                files.mark_deleted(tx, file, now=self.clock())
            deleted += 1
        return deleted

    def sweep(self) -> None:
        """Delete what nobody owns and what nobody will finish."""
        before = self.clock() - _ORPHAN_AGE
        self.blobs.sweep_staging(before=before)
        for batch in _batches(
            [blob.key for blob in self.blobs.list_keys() if blob.modified_at < before]
        ):
            with self.db.snapshot() as tx:
                owned = files.keys_of(tx, batch)
            for key in set(batch) - owned:
                _log.info("blob.orphaned", key=key)
                self.blobs.delete(key)
        self._sweep_workspaces(before)
        with self.db.transaction(durable=False) as tx:
            limits.sweep(tx, now=self.clock())

    def _requeue(self, job: Job, *, worker_id: str | None) -> bool:
        with self.db.transaction() as tx:
            is_requeued = jobs.requeue(tx, job, queue=self.queue, is_counted=True)
        if is_requeued:
            _log.warning("job.lost", job_id=job.id, worker_id=worker_id, attempt=job.attempt)
        return is_requeued

    def _sweep_workspaces(self, before: datetime) -> None:
        if not self.work_dir.is_dir():
            return
        for folder in self.work_dir.iterdir():
            with contextlib.suppress(FileNotFoundError):  # its attempt may end just now
                if datetime.fromtimestamp(folder.stat().st_mtime, UTC) < before:
                    shutil.rmtree(folder, ignore_errors=True)


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
