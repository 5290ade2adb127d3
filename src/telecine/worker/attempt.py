"""One attempt at a job: fetch the inputs, run the operation, keep the outputs, settle.

The attempt owns a private folder that goes when it ends, however it ends. What it made
becomes the job's only in the transaction that also moves the money; an attempt that was
fenced off meanwhile finds that out there, and throws its work away.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from telecine.blobs import BlobStore
from telecine.blobs.store import storage_error, storage_errors
from telecine.core import jobs
from telecine.core.jobs import Ending, EventBody, Job, NewFile
from telecine.db import Database
from telecine.engine import Queue
from telecine.kit.clock import Clock
from telecine.kit.errors import (
    CancelledError,
    ExpiredError,
    InternalError,
    NotFoundError,
    StorageError,
    TelecineError,
)
from telecine.kit.ids import new_id
from telecine.kit.outbound import Cache, Chat
from telecine.media.ffmpeg import FFmpeg
from telecine.media.pool import Pool
from telecine.media.render.confined import Renderer
from telecine.media.senses import Senses
from telecine.operations.base import Context, Input, Output, Result
from telecine.operations.registry import Entry
from telecine.worker import steps
from telecine.worker.lease import Lease
from telecine.worker.steps import BlobSteps

_log = structlog.get_logger(__name__)

#: Progress is written, and cancellation looked up, this often at most.
_LOOK_EVERY_SECONDS = 0.5

_GONE = "What was sent for this job is not stored any more. Send it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What every attempt of this worker is given. `run` is the engine's handler.

    `running` has the tickets that are being run at this moment: the janitor of the same worker
    asks there whether a ticket of its own is still in anybody's hands. `at_work` has those of them
    whose encoders may run, or whose outputs are being stored: what must stop with the `lease`.
    """

    worker_id: str
    db: Database
    blobs: BlobStore
    queue: Queue
    clock: Clock
    ffmpeg: FFmpeg
    pool: Pool
    renderer: Renderer
    cache: Cache
    senses: Senses
    language_model: Chat | None
    operations: Mapping[str, Entry]
    bodies: Mapping[str, EventBody]
    work_dir: Path
    most_attempts: int
    output_ttl: timedelta
    is_stopping: threading.Event
    lease: Lease
    #: Of operations whose outputs live for another time than `output_ttl`.
    output_ttls: Mapping[str, timedelta] = field(default_factory=dict)
    running: set[tuple[str, int]] = field(default_factory=set)
    at_work: set[tuple[str, int]] = field(default_factory=set)

    def run(self, job_id: str, ticket: int) -> None:
        """Run a ticket to its end. Raises nothing that a job or the database could cause."""
        self.running.add((job_id, ticket))
        try:
            job = self._start(job_id, ticket)
            if job is None:
                _log.info("ticket.void", job_id=job_id, ticket=ticket)
                return
            with structlog.contextvars.bound_contextvars(
                job_id=job.id, attempt=job.attempt, request_id=job.request_id
            ):
                self._attempt(job)
        except SQLAlchemyError:
            # The database went away under us, or its disk is full, and there is no verdict. The
            # engine may not be able to write down that the ticket has ended either. The janitor
            # sees both, a ticket that has ended and one that is claimed and runs nowhere, and
            # queues the job anew once it can.
            _log.exception("job.interrupted", job_id=job_id, ticket=ticket)
        finally:
            self.running.discard((job_id, ticket))

    def _start(self, job_id: str, ticket: int) -> Job | None:
        with self.db.transaction() as tx:
            return jobs.start(
                tx,
                job_id,
                ticket=ticket,
                worker_id=self.worker_id,
                most=self.most_attempts,
                ending=self._ending(),
            )

    def _attempt(self, job: Job) -> None:
        started = time.monotonic()
        workspace = self.work_dir / f"{job.id}-{job.ticket}-{job.attempt}"
        kept: list[NewFile] = []
        is_settled = False
        _log.info("job.started", operation=job.operation)
        try:
            is_settled = self._settle(job, workspace, kept)
        finally:
            shutil.rmtree(workspace, ignore_errors=True)
            if not is_settled:
                self._throw_away(kept)
            self._forget_steps(job)
        _log.info("job.ended", seconds=round(time.monotonic() - started, 3), kept=is_settled)

    def _settle(self, job: Job, workspace: Path, kept: list[NewFile]) -> bool:
        """Do the work and end the job one way or another; True where the outputs are the job's.

        `kept` is filled with what was stored. Raises `SQLAlchemyError` where the end could not
        be written down.
        """
        try:
            with storage_errors():
                workspace.mkdir(mode=0o700, parents=True)
            if job.ticket > 1 or job.attempt > 1:
                self._clear_outputs(job)
            result = self._make(job, workspace, kept)
            return self._succeed(job, result, kept)
        except SQLAlchemyError:
            raise
        except CancelledError:
            return self._give_back(job)
        except TelecineError as error:
            return self._fail(job, error)
        except OSError as error:
            _log.exception("job.broke")
            return self._fail(job, storage_error(error) or InternalError())
        except Exception:  # noqa: BLE001 (the loop must live on; the job fails and is told)
            _log.exception("job.broke")
            return self._fail(job, InternalError())

    def _make(self, job: Job, workspace: Path, kept: list[NewFile]) -> Result:
        """Do the work and store what it made, for as long as the job is ours."""
        stored: dict[Path, str] = {}
        watch = _Watch(
            job=job,
            db=self.db,
            is_stopping=self.is_stopping.is_set,
            is_leased=self.lease.is_held,
        )
        self.at_work.add((job.id, job.ticket))
        try:
            result = self._work(job, workspace, stored, watch)
            for output in result.outputs:
                watch.require_held()
                kept.append(self._keep(job, output, stored))
        finally:
            self.at_work.discard((job.id, job.ticket))
        return result

    def _throw_away(self, kept: list[NewFile]) -> None:
        for file in kept:
            try:
                self.blobs.delete(file.blob_key)
            except StorageError:  # the janitor finds it again
                _log.warning("file.not_deleted", key=file.blob_key)

    def _forget_steps(self, job: Job) -> None:
        """Delete what was kept between attempts once the job has ended, however it has."""
        if not self.operations[job.operation].has_steps:
            return
        try:
            with self.db.snapshot() as tx:
                is_over = not jobs.still_active(tx, [job.id])
            if is_over:
                steps.delete(self.blobs, job.id)
        except (SQLAlchemyError, StorageError):  # the janitor finds them again
            _log.warning("steps.not_deleted", job_id=job.id)

    def _work(self, job: Job, workspace: Path, stored: dict[Path, str], watch: _Watch) -> Result:
        """Run the operation; `stored` is told which of the paths that it gets are blobs."""
        entry = self.operations[job.operation]
        with self.db.snapshot() as tx:
            files = jobs.details(tx, job).inputs
        inputs = []
        for file in files:
            try:
                path = self.blobs.open_local(file.blob_key, workspace=workspace)
            except NotFoundError as error:  # the database was restored from a backup
                raise ExpiredError(_GONE) from error
            stored[path] = file.blob_key
            inputs.append(Input(path=path, filename=file.filename, size_bytes=file.size_bytes))
        params = msgspec.convert(job.params, entry.operation.params_type)
        return entry.operation.run(
            params,
            Context(
                inputs=tuple(inputs),
                workspace=workspace,
                ffmpeg=self.ffmpeg,
                pool=self.pool,
                report=watch.report,
                is_cancelled=watch.is_cancelled,
                enter=watch.enter,
                steps=BlobSteps(
                    blobs=self.blobs, job_id=job.id, workspace=workspace, stored=stored
                ),
                renderer=self.renderer,
                cache=self.cache,
                senses=self.senses,
                language_model=self.language_model,
            ),
        )

    def _clear_outputs(self, job: Job) -> None:
        """Delete what earlier attempts had stored already, and what they may store yet is theirs.

        Not all that lies there: we may be fenced off ourselves by now, and a later one at work.
        """
        ours = _key_of(job)
        for blob in self.blobs.list_keys(_outputs_of(job)):
            if blob.key < ours:
                self.blobs.delete(blob.key)

    def _keep(self, job: Job, output: Output, stored: Mapping[Path, str]) -> NewFile:
        """Store an output; an input or a step that is one is copied where it lies."""
        size_bytes = output.path.stat().st_size
        key = f"{_key_of(job)}-{new_id('', length=24)}"
        if (blob := stored.get(output.path)) is not None:
            self.blobs.copy(blob, key)
        else:
            self.blobs.adopt(output.path, key)
        return NewFile(
            blob_key=key,
            filename=output.filename,
            media_type=output.media_type,
            size_bytes=size_bytes,
        )

    def _succeed(self, job: Job, result: Result, kept: list[NewFile]) -> bool:
        ending = self._ending()
        ttl = self.output_ttls.get(job.operation, self.output_ttl)
        try:
            with self.db.transaction() as tx:
                return jobs.succeed(
                    tx,
                    job,
                    facts=result.facts,
                    outputs=kept,
                    ending=ending,
                    expires_at=ending.now + ttl,
                    charge=result.charge,
                )
        except SQLAlchemyError:
            # The commit may have taken effect unseen, and then the job needs these bytes: they
            # stay, and if nobody owns them the janitor finds that out.
            kept.clear()
            raise

    def _fail(self, job: Job, error: TelecineError) -> bool:
        _log.warning("job.failed", code=error.code, message=error.message)
        if self.is_stopping.is_set():  # it may have failed because all around it is ended
            return self._give_back(job)
        with self.db.transaction() as tx:
            jobs.fail(tx, job, error, ending=self._ending())
        return False

    def _give_back(self, job: Job) -> bool:
        """Put the job back where we stop; where it was cancelled or is another's, do nothing."""
        if self.is_stopping.is_set():
            with self.db.transaction() as tx:
                jobs.requeue(tx, job, queue=self.queue, is_counted=False)
        return False

    def _ending(self) -> Ending:
        return Ending(now=self.clock(), bodies=self.bodies)


def _outputs_of(job: Job) -> str:
    return f"outputs/{job.id}"


def _key_of(job: Job) -> str:
    """Return what the keys of this attempt's outputs begin with; later ones sort behind."""
    return f"{_outputs_of(job)}/{job.ticket:06}-{job.attempt:03}"


class _Watch:
    """Carries progress to the job's row and looks there whether the job is still ours.

    Without a lease it does not look: it is not known, and has to be taken for lost.
    """

    def __init__(
        self,
        *,
        job: Job,
        db: Database,
        is_stopping: Callable[[], bool],
        is_leased: Callable[[], bool],
    ) -> None:
        self._job = job
        self._db = db
        self._is_stopping = is_stopping
        self._is_leased = is_leased
        self._fraction = 0.0
        self._stage: str | None = None
        self._is_lost = False
        self._next_look = 0.0

    def report(self, fraction: float) -> None:
        # Below 1 until the file can be downloaded; never backwards, whatever a second pass says.
        self._fraction = max(self._fraction, min(fraction, 0.99))
        self._look()

    def enter(self, stage: str) -> None:
        self._stage = stage
        self._next_look = 0.0
        self._look()

    def is_cancelled(self) -> bool:
        self._look()
        return self._is_lost or self._is_stopping()

    def require_held(self) -> None:
        """Raise `CancelledError` where the job is not ours any more, as of now."""
        if self._is_known_lost():
            raise CancelledError
        with self._db.snapshot() as tx:
            if not jobs.is_mine(tx, self._job):
                raise CancelledError

    def _is_known_lost(self) -> bool:
        if not self._is_lost and not self._is_leased():
            _log.warning("job.cut_off")
            self._is_lost = True
        return self._is_lost

    def _look(self) -> None:
        now = time.monotonic()
        if self._is_known_lost() or now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY_SECONDS
        with self._db.transaction(durable=False) as tx:
            self._is_lost = not jobs.report(tx, self._job, self._fraction, stage=self._stage)
