"""The life of a job.

    queued ──start──> running ──┬─> succeeded   hold settled
      ^ │                │      ├─> failed      hold released
      │ └─────cancel─────┼──────┴─> cancelled   hold released
      └──────requeue─────┘   (worker lost, or stopping)

Every arrow is one transaction that also moves the money and writes the webhook. Only the
attempt that holds the job's present ticket and attempt number may draw one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from telecine.core.files import File
from telecine.core.repeats import Claim
from telecine.kit.ids import new_id


class JobStatus(StrEnum):
    """Where a job stands. Families project it to their own words in `wire.py`."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """True once nothing can happen to the job any more."""
        return self not in {JobStatus.QUEUED, JobStatus.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A blob that is stored but not yet recorded as anybody's file."""

    blob_key: str
    filename: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants done: enough to make a job. `price` is in credits.

    `inputs` become the job's own, and go when it ends; `borrowed` are ids of files that stay.
    `subject_id` is what the job is of, `subject_revision` which state of it where it has several,
    `origin` the address under which the client reached us, `claim` what a request holds that may
    be repeated: only who still holds it makes a job.
    """

    job_id: str
    account_id: str
    family: str
    operation: str
    lane: str
    params: Mapping[str, Any]
    price: int
    inputs: tuple[NewFile, ...]
    webhook_url: str | None = None
    request_id: str | None = None
    borrowed: tuple[str, ...] = ()
    subject_id: str | None = None
    subject_revision: int | None = None
    origin: str | None = None
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One submitted run of an operation. `progress` is the fraction done, 0 to 1.

    `price` is what is held for it; once it succeeded, what was charged. `stage` is what it is
    at, or was at last, in the operation's word, where that has stages.
    """

    id: str
    account_id: str
    family: str
    operation: str
    lane: str
    params: Mapping[str, Any]
    status: JobStatus
    price: int
    progress: float
    stage: str | None
    facts: Mapping[str, Any]
    error_code: str | None
    error_message: str | None
    webhook_url: str | None
    ticket: int
    attempt: int
    worker_id: str | None
    request_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    subject_id: str | None
    subject_revision: int | None
    origin: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetails:
    """A job with its files: what a status reply or a webhook body is made of.

    `inputs` are its own first, then the borrowed ones.
    """

    job: Job
    inputs: tuple[File, ...]
    outputs: tuple[File, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """Some jobs, newest first, and the cursor of those that follow; None: there are none."""

    jobs: tuple[Job, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """The process that holds a worker id, and when it was heard of last."""

    id: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime


#: Writes the body of a family's webhook for a finished job: (details, event, instant).
EventBody = Callable[[JobDetails, str, datetime], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the end of a job needs besides the job: the instant, and how families tell it."""

    now: datetime
    bodies: Mapping[str, EventBody] = field(default_factory=dict)


def new_job_id(prefix: str, *, length: int = 12) -> str:
    """Return an id in a family's style: its prefix and, mostly, 12 characters."""
    return new_id(prefix, length=length)
