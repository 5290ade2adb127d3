"""The verbs of a job's life. Each one is a whole story: state, money, files, webhook.

A verb that ends an attempt returns False where the attempt no longer holds the job (it was
cancelled, or given to another worker): then nothing has happened, and the caller throws its
work away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from telecine.core import accounts, credits, files, repeats, webhooks
from telecine.core.files import File
from telecine.core.jobs import store
from telecine.core.jobs.model import (
    Ending,
    Job,
    JobDetails,
    JobPage,
    JobStatus,
    NewFile,
    Order,
)
from telecine.db import Transaction
from telecine.kit.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    TelecineError,
    WorkerLostError,
)

if TYPE_CHECKING:  # commands about accounts do not wait for the engine's import
    from telecine.engine import Queue

_INPUT, _BORROWED, _OUTPUT = "input", "borrowed", "output"


def submit(tx: Transaction, order: Order, *, queue: Queue, now: datetime) -> Job:
    """Take an order: its files, the hold of its price and its place in the queue, or nothing.

    Raises `InsufficientCreditsError`, and `RepeatUnderWayError` where its claim is lost.
    """
    _begin(tx, order, status=JobStatus.QUEUED, now=now)
    _keep(tx, order.job_id, order.account_id, _INPUT, order.inputs, now=now, expires_at=None)
    store.link(tx, order.job_id, _BORROWED, order.borrowed)
    queue.enqueue(tx, lane=order.lane, job_id=order.job_id, ticket=1)
    return get(tx, order.job_id)


def submit_alone(tx: Transaction, order: Order, *, queue: Queue, now: datetime) -> Job:
    """Take an order where its family lets an account have one job at a time.

    Raises what `submit` does, and `ConflictError` that names the job under way.
    """
    accounts.lock(tx, order.account_id)
    require_none(tx, order.account_id, family=order.family)
    return submit(tx, order, queue=queue, now=now)


def submit_once(tx: Transaction, order: Order, *, queue: Queue, now: datetime) -> Job:
    """Take an order unless a job of the same subject is under way: `ConflictError` names that.

    Raises what `submit` does.
    """
    accounts.lock(tx, order.account_id)
    require_new(tx, order.subject_id)
    return submit(tx, order, queue=queue, now=now)


def require_new(tx: Transaction, subject_id: str | None) -> None:
    """Raise `ConflictError` where a job of that subject has not ended; None is always new."""
    subjects = [] if subject_id is None else [subject_id]
    active = (job for job in of_subjects(tx, subjects) if not job.status.is_final)
    if (first := next(active, None)) is not None:
        raise ConflictError(
            f"The same is being processed already, by {first.id}. Ask for that job, or cancel it.",
            job_id=first.id,
        )


def require_none(tx: Transaction, account_id: str, *, family: str) -> None:
    """Raise `ConflictError` where a job that one family submitted has not ended."""
    statuses = [status for status in JobStatus if not status.is_final]
    found = store.page(tx, account_id, families=(family,), statuses=statuses, before=None, most=1)
    if found:
        raise ConflictError(
            f"You already have an active job, {found[0].id}. Wait until it has ended, or cancel it "
            "while it is pending."
        )


def record(
    tx: Transaction,
    order: Order,
    *,
    facts: Mapping[str, Any],
    outputs: Sequence[NewFile] = (),
    expires_at: datetime | None = None,
    now: datetime,
) -> Job:
    """Write down work that was done while the client waited, and charge for it.

    `outputs` are kept until `expires_at`. Raises what `submit` does; then there is no job, and the
    client gets no result.
    """
    _begin(tx, order, status=JobStatus.RUNNING, now=now)
    job, ending = get(tx, order.job_id), Ending(now=now)
    succeed(tx, job, facts=facts, outputs=outputs, ending=ending, expires_at=expires_at)
    return get(tx, order.job_id)


def get(
    tx: Transaction, job_id: str, *, account_id: str | None = None, family: str | None = None
) -> Job:
    """Return a job, of that account and that family where they are given.

    Another account's is `NotFoundError`, as if it did not exist; another family's is, too.
    """
    job = store.by_id(tx, job_id)
    if job is None or account_id not in (None, job.account_id) or family not in (None, job.family):
        raise NotFoundError("Job not found" if family is None else "Job not found in this API")
    return job


def of_ids(tx: Transaction, job_ids: Collection[str]) -> dict[str, Job]:
    """Return those of the jobs that there are, by id."""
    return {job.id: job for job in store.of_ids(tx, job_ids)} if job_ids else {}


def details(tx: Transaction, job: Job) -> JobDetails:
    """Return a job with its files, deleted ones included."""
    return JobDetails(
        job=job,
        inputs=(*_files(tx, job, _INPUT), *_files(tx, job, _BORROWED)),
        outputs=_files(tx, job, _OUTPUT),
    )


def with_files(
    tx: Transaction, job_id: str, *, account_id: str, family: str | None = None
) -> JobDetails:
    """Return a job of an account with its files. Raises what `get` does."""
    return details(tx, get(tx, job_id, account_id=account_id, family=family))


def start(
    tx: Transaction, job_id: str, *, ticket: int, worker_id: str, most: int, ending: Ending
) -> Job | None:
    """Begin an attempt; None where this ticket no longer runs the job.

    A job that was begun `most` times without coming to an end is failed here: something in
    it kills workers.
    """
    job = store.by_id(tx, job_id)
    if job is None or job.ticket != ticket or job.status.is_final:
        return None
    if job.attempt >= most:
        fail(tx, job, WorkerLostError(), ending=ending)
        return None
    values = {
        "status": JobStatus.RUNNING,
        "attempt": job.attempt + 1,
        "worker_id": worker_id,
        "started_at": ending.now,
    }
    if not store.update(tx, job, values, statuses=(JobStatus.QUEUED, JobStatus.RUNNING)):
        return None
    return get(tx, job_id)


def report(tx: Transaction, job: Job, fraction: float, *, stage: str | None = None) -> bool:
    """Note progress, 0 to below 1, and the stage that this is of, if it has any.

    False where the attempt no longer holds the job.
    """
    return store.raise_progress(tx, job, fraction, stage=stage)


def is_mine(tx: Transaction, job: Job) -> bool:
    """Say whether the attempt that `job` was started as still holds it."""
    now = store.by_id(tx, job.id)
    return (
        now is not None
        and now.status is JobStatus.RUNNING
        and (now.ticket, now.attempt) == (job.ticket, job.attempt)
    )


def succeed(
    tx: Transaction,
    job: Job,
    *,
    facts: Mapping[str, Any],
    outputs: Sequence[NewFile],
    ending: Ending,
    expires_at: datetime | None = None,
    charge: int | None = None,
) -> bool:
    """End an attempt well: outputs kept until `expires_at`, the hold becomes a charge.

    `charge` is what it cost where that is less than was held; the rest goes back.
    """
    price = job.price if charge is None else min(charge, job.price)
    values = {"facts": dict(facts), "progress": 1.0, "expires_at": expires_at, "price": price}
    if not _end(tx, job, JobStatus.SUCCEEDED, values, now=ending.now):
        return False
    credits.settle(tx, job.account_id, job_id=job.id, now=ending.now, charge=price)
    _keep(tx, job.id, job.account_id, _OUTPUT, outputs, now=ending.now, expires_at=expires_at)
    _tell(tx, job.id, "job.completed", ending)
    return True


def fail(tx: Transaction, job: Job, error: TelecineError, *, ending: Ending) -> bool:
    """End an attempt badly: everything held is given back."""
    values = {"error_code": error.code, "error_message": error.message}
    if not _end(tx, job, JobStatus.FAILED, values, now=ending.now):
        return False
    credits.release(tx, job.account_id, job_id=job.id, now=ending.now)
    _tell(tx, job.id, "job.failed", ending)
    return True


def cancel(tx: Transaction, job: Job, *, ending: Ending) -> bool:
    """Stop a job that has not ended; a running attempt notices within a second."""
    values = {"error_code": "cancelled", "error_message": "cancelled"}
    if not _end(tx, job, JobStatus.CANCELLED, values, now=ending.now):
        return False
    credits.release(tx, job.account_id, job_id=job.id, now=ending.now)
    return True


def cancel_waiting(tx: Transaction, job: Job, *, ending: Ending) -> None:
    """Cancel a job that no worker has taken up. Raises `ConflictError` for any other."""
    if job.status is not JobStatus.QUEUED or not cancel(tx, job, ending=ending):
        raise ConflictError(
            "Only a pending job can be cancelled; a worker has taken this one up, or it has ended."
        )


def requeue(tx: Transaction, job: Job, *, queue: Queue, is_counted: bool) -> bool:
    """Give a job back to the queue under a new ticket, which fences the old attempt off.

    `is_counted` is False where the attempt was ended by us (a worker that is stopping), so
    that restarts never use up a job's attempts.
    """
    attempt = job.attempt if is_counted else max(0, job.attempt - 1)
    values = {
        "status": JobStatus.QUEUED,
        "ticket": job.ticket + 1,
        "attempt": attempt,
        "worker_id": None,
    }
    statuses = (JobStatus.QUEUED, JobStatus.RUNNING)
    if not store.update(tx, job, values, statuses=statuses):
        return False
    queue.enqueue(tx, lane=job.lane, job_id=job.id, ticket=job.ticket + 1)
    return True


def active(tx: Transaction, *, most: int = 1000) -> list[Job]:
    """Return jobs that have not ended: those under way, then those that wait; oldest first."""
    return store.active(tx, most=most)


def count_active(tx: Transaction, account_id: str, *, family: str) -> int:
    """Return how many jobs of an account have not ended, of those that one family submitted."""
    return store.count_active(tx, account_id, family=family)


def last_done(
    tx: Transaction, account_id: str, *, operation: str, since: datetime, most: int
) -> list[Job]:
    """Return an account's jobs of a kind that went well, newest first."""
    return store.last_done(tx, account_id, operation=operation, since=since, most=most)


def page(
    tx: Transaction,
    account_id: str,
    *,
    families: Sequence[str] | None = None,
    statuses: Sequence[JobStatus] | None = None,
    cursor: str | None = None,
    most: int,
) -> JobPage:
    """Return jobs of an account, newest first; `cursor` is what the page before named as next.

    It is the id of that page's last job, and worth nothing to other accounts. Raises
    `InvalidRequestError` where the account has no such job.
    """
    before = None
    if cursor is not None:
        # Postgres cannot be asked for text with a NUL in it.
        before = store.by_id(tx, cursor.replace("\0", " "))
        if before is None or before.account_id != account_id:
            raise InvalidRequestError(
                "'cursor' must be what the page before named as next; leave it out for the first.",
                field="cursor",
            )
    found = store.page(
        tx, account_id, families=families, statuses=statuses, before=before, most=most + 1
    )
    next_cursor = found[most - 1].id if len(found) > most else None
    return JobPage(jobs=tuple(found[:most]), next_cursor=next_cursor)


def of_output(tx: Transaction, file_id: str) -> Job:
    """Return the job that made a file, or raise `NotFoundError`."""
    job = store.of_output(tx, file_id, role=_OUTPUT)
    if job is None:
        raise NotFoundError("Job not found")
    return job


def total(tx: Transaction, account_id: str, *, operation: str, fact: str, since: datetime) -> int:
    """Return the sum of a fact over an account's jobs of a kind that went well since then."""
    return store.total(tx, account_id, operation=operation, fact=fact, since=since)


def total_under_way(tx: Transaction, account_id: str, *, operation: str, param: str) -> int:
    """Return the sum of a param over an account's jobs of a kind that have not ended."""
    return store.total_under_way(tx, account_id, operation=operation, param=param)


def still_active(tx: Transaction, job_ids: Sequence[str]) -> set[str]:
    """Return those of the ids whose job has not ended."""
    return store.still_active(tx, job_ids) if job_ids else set()


def of_subjects(tx: Transaction, subject_ids: Sequence[str]) -> list[Job]:
    """Return the jobs of some stored things, oldest first."""
    return store.of_subjects(tx, subject_ids) if subject_ids else []


def erase(tx: Transaction, job: Job, *, ending: Ending) -> list[File]:
    """Forget a job, cancelling it first if need be; returns the files that go with it.

    Their time is over from now on: the janitor deletes their bytes, if nobody does before.
    """
    cancel(tx, job, ending=ending)
    own = [*store.linked(tx, job.id, _INPUT), *store.linked(tx, job.id, _OUTPUT)]
    files.expire(tx, own, at=ending.now)
    gone = [files.get(tx, file_id) for file_id in own]
    store.delete(tx, job.id)
    return gone


def strip(
    tx: Transaction, job: Job, *, facts: Mapping[str, Any], kept: Collection[str], now: datetime
) -> list[File]:
    """Let go of what a job that went well has made; returns the files that go with it.

    The job stays, since it was paid for and counts, with the `facts` that are still true of it.
    Files whose ids are in `kept` are somebody else's by now.
    """
    values = {"facts": dict(facts), "expires_at": now}
    store.update(tx, job, values, statuses=(JobStatus.SUCCEEDED,))
    own = [file_id for file_id in store.linked(tx, job.id, _OUTPUT) if file_id not in kept]
    files.expire(tx, own, at=now)
    return [files.get(tx, file_id) for file_id in own]


def count_by_status(tx: Transaction) -> dict[tuple[str, JobStatus], int]:
    """Return how many jobs there are, by operation and status."""
    return store.count_by_status(tx)


def _begin(tx: Transaction, order: Order, *, status: JobStatus, now: datetime) -> None:
    """Write a job down with the hold of its price, and under the claim of its request."""
    if order.claim is not None:
        repeats.seal(tx, order.claim, job_id=order.job_id)
    credits.reserve(tx, order.account_id, order.price, job_id=order.job_id, now=now)
    store.insert(tx, order, status=status, now=now)


def _end(
    tx: Transaction, job: Job, status: JobStatus, values: Mapping[str, Any], *, now: datetime
) -> bool:
    """Move to a final status and let the inputs go; False where the job is another's now."""
    changed = store.update(
        tx,
        job,
        {**values, "status": status, "finished_at": now},
        statuses=(JobStatus.QUEUED, JobStatus.RUNNING),
    )
    if changed:
        files.expire(tx, store.linked(tx, job.id, _INPUT), at=now)
    return changed


def _keep(
    tx: Transaction,
    job_id: str,
    account_id: str,
    role: str,
    new_files: Sequence[NewFile],
    *,
    now: datetime,
    expires_at: datetime | None,
) -> None:
    kept = [
        files.add(
            tx,
            account_id=account_id,
            blob_key=new.blob_key,
            filename=new.filename,
            media_type=new.media_type,
            size_bytes=new.size_bytes,
            now=now,
            expires_at=expires_at,
        )
        for new in new_files
    ]
    store.link(tx, job_id, role, [file.id for file in kept])


def _files(tx: Transaction, job: Job, role: str) -> tuple[File, ...]:
    return tuple(files.get(tx, file_id) for file_id in store.linked(tx, job.id, role))


def _tell(tx: Transaction, job_id: str, event: str, ending: Ending) -> None:
    job = get(tx, job_id)
    body = ending.bodies.get(job.family)
    if job.webhook_url is None or body is None:
        return
    webhooks.enqueue(
        tx,
        account_id=job.account_id,
        job_id=job.id,
        event=event,
        url=job.webhook_url,
        body=body(details(tx, job), event, ending.now),
        now=ending.now,
    )
