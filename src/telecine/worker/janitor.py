"""Keeping house: lost jobs, expired files, orphaned bytes, abandoned workspaces.

Every worker runs one; each chore is safe to do twice, and at the same time elsewhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

from telecine.blobs import BlobStore
from telecine.core import compositions, files, jobs, limits, projects, repeats, uploads, webhooks
from telecine.core.jobs import Job
from telecine.db import Database
from telecine.db.clock import read
from telecine.engine import Queue, TicketPhase, TicketState
from telecine.kit.clock import Clock
from telecine.kit.errors import StorageError
from telecine.worker import steps
from telecine.worker.post import Posts

_log = structlog.get_logger(__name__)

#: Younger bytes without an owner may belong to an upload or an attempt that is under way.
_ORPHAN_AGE = timedelta(hours=12)
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Janitor:
    """The chores, and what they need. `running` are the tickets that this worker runs now."""

    worker_id: str
    running: Collection[tuple[str, int]]
    db: Database
    blobs: BlobStore
    queue: Queue
    clock: Clock
    work_dir: Path
    posts: Posts
    worker_timeout: timedelta
    webhooks_kept: timedelta
    #: Tickets of this worker that ran nowhere when they were looked at last.
    _strays: set[tuple[str, int]] = field(default_factory=set)

    def requeue_lost_jobs(self) -> int:
        """Queue anew the jobs whose ticket will never end them; returns how many.

        That is a ticket claimed by a worker that is no longer heard of; one that has ended
        while its job has not; and one that this worker has claimed but does not run (the
        database refused to take down how the attempt ended, or that it did).
        """
        with self.db.snapshot() as tx:
            waiting = jobs.active(tx)
            alive = jobs.live_workers(tx, since=read(tx, self.clock) - self.worker_timeout)
        states = self.queue.states([(job.id, job.ticket) for job in waiting])
        strays = {ticket for ticket, state in states.items() if self._is_stray(ticket, state)}
        # Twice in a row: between a claim and its run, and a run and its end, there are moments.
        lost_here = strays & self._strays
        self._strays.clear()
        self._strays.update(strays)
        lost = 0
        for job in waiting:
            ticket = (job.id, job.ticket)
            if ticket in lost_here or self._is_dead(states[ticket], alive):
                lost += self._requeue(job, worker_id=states[ticket].worker_id)
        return lost

    def _is_stray(self, ticket: tuple[str, int], state: TicketState) -> bool:
        return (
            state.phase is TicketPhase.CLAIMED
            and state.worker_id == self.worker_id
            and ticket not in self.running
        )

    def _is_dead(self, state: TicketState, alive: Collection[str]) -> bool:
        if state.phase is TicketPhase.CLAIMED:
            # Of itself a worker knows better than its heartbeat, which a full disk holds up too.
            return state.worker_id != self.worker_id and state.worker_id not in alive
        return state.phase in {TicketPhase.ENDED, TicketPhase.ABSENT}

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

    def delete_expired_uploads(self) -> int:
        """Delete uploads whose time is over, the pieces of unfinished ones too; returns how many.

        What they became are files, and expire as those do.
        """
        with self.db.snapshot() as tx:
            over = uploads.expired(tx, now=self.clock())
        for upload in over:
            with self.db.transaction() as tx:
                _, keys = uploads.remove(tx, upload, now=self.clock())
            for key in keys:
                try:
                    self.blobs.delete(key)
                except StorageError:  # nobody owns it now: the sweep finds it
                    _log.warning("upload.not_deleted", key=key)
        return len(over)

    def remove_deleted_projects(self) -> None:
        """Remove what deleted projects hold, in transactions that are short."""
        is_more = True
        while is_more:
            with self.db.transaction(durable=False) as tx:
                is_more = projects.remove_deleted(tx)

    def sweep(self) -> None:
        """Delete what nobody owns and what nobody will finish."""
        before = self.clock() - _ORPHAN_AGE
        self.blobs.sweep_staging(before=before)
        self._sweep_steps()
        old = [blob.key for blob in self.blobs.list_keys() if blob.modified_at < before]
        for batch in _batches([key for key in old if steps.job_of(key) is None]):
            with self.db.snapshot() as tx:
                owned = files.keys_of(tx, batch) | uploads.keys_of(tx, batch)
            for key in set(batch) - owned:
                _log.info("blob.orphaned", key=key)
                self.blobs.delete(key)
        self._sweep_workspaces()
        with self.db.transaction(durable=False) as tx:
            limits.sweep(tx, now=self.clock())
            repeats.sweep(tx, now=self.clock())
            compositions.sweep(tx, now=self.clock())
        self._sweep_webhooks()
        self._abort_unfinished()

    def _sweep_webhooks(self) -> None:
        """Forget old deliveries, in transactions that are short."""
        is_more = True
        while is_more:
            with self.db.transaction(durable=False) as tx:
                is_more = webhooks.sweep(tx, before=self.clock() - self.webhooks_kept)

    def _abort_unfinished(self) -> None:
        try:
            aborted = self.blobs.abort_unfinished(before=self.clock() - _ORPHAN_AGE)
        except StorageError:  # the key may lack the right; the bucket may have a rule of its own
            _log.warning("uploads.not_aborted", exc_info=True)
        else:
            if aborted:
                _log.info("uploads.aborted", files=aborted)

    def _sweep_steps(self) -> None:
        """Delete the steps of jobs that have ended while nobody was at work at them."""
        found = {steps.job_of(blob.key) for blob in self.blobs.list_keys(steps.ROOT)}
        for batch in _batches([job_id for job_id in found if job_id is not None]):
            with self.db.snapshot() as tx:
                active = jobs.still_active(tx, batch)
            for job_id in set(batch) - active:
                steps.delete(self.blobs, job_id)

    def _requeue(self, job: Job, *, worker_id: str | None) -> bool:
        with self.db.transaction() as tx:
            is_requeued = jobs.requeue(tx, job, queue=self.queue, is_counted=True)
        if is_requeued:
            _log.warning("job.lost", job_id=job.id, worker_id=worker_id, attempt=job.attempt)
        return is_requeued

    def clear_own_workspaces(self) -> None:
        """Delete what an earlier process under this worker's id left; only between attempts."""
        shutil.rmtree(self.work_dir / self.worker_id, ignore_errors=True)

    def _sweep_workspaces(self) -> None:
        """Delete the workspaces of workers that are dead: of whose id nobody holds the lock."""
        if not self.work_dir.is_dir():
            return
        for folder in self.work_dir.iterdir():
            lock = self.posts.lock(folder.name)
            if folder.name != self.worker_id and lock.take():
                shutil.rmtree(folder, ignore_errors=True)
                lock.release()


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
