"""What a stored composition is, and how its latest render gives its state.

A task has no state of its own: where it stands is where its latest render job stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from telecine.core.files import File
from telecine.core.jobs import Job, JobStatus

PREVIEW_TTL: Final = timedelta(days=7)


class CompositionKind(StrEnum):
    """A task stays until it is deleted; a preview's time is `PREVIEW_TTL`."""

    TASK = "task"
    PREVIEW = "preview"


class RenderState(StrEnum):
    """Where a task stands."""

    CREATED = "created"
    RENDERING = "rendering"
    COMPLETED = "completed"
    FAILED = "failed"


#: The states of the latest job that make a task's state; no job is `created`.
STATES: Final[Mapping[JobStatus, RenderState]] = {
    JobStatus.QUEUED: RenderState.RENDERING,
    JobStatus.RUNNING: RenderState.RENDERING,
    JobStatus.SUCCEEDED: RenderState.COMPLETED,
    JobStatus.FAILED: RenderState.FAILED,
    JobStatus.CANCELLED: RenderState.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComposition:
    """A checked document, to be stored. `document` and `notes` are JSON text as it was sent."""

    document: str
    digest: str
    width: int
    height: int
    frame_rate: Fraction
    duration_frames: int
    title: str | None = None
    category: str | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A stored composition. `serial` is the second id that tasks are known by."""

    id: str
    account_id: str
    kind: CompositionKind
    serial: str
    document: str
    digest: str
    width: int
    height: int
    frame_rate: Fraction
    duration_frames: int
    title: str | None
    category: str | None
    notes: str | None
    created_at: datetime
    expires_at: datetime | None

    @property
    def duration_seconds(self) -> float:
        """As long as the last clip is there."""
        return float(self.duration_frames / self.frame_rate)

    def is_over(self, now: datetime) -> bool:
        """True for a preview whose time is over."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A composition with its latest render, if there was one, and the file that came of it."""

    composition: Composition
    job: Job | None
    output: File | None

    @property
    def state(self) -> RenderState:
        """Where it stands."""
        return RenderState.CREATED if self.job is None else STATES[self.job.status]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """The answer to a wish to render. `is_new` False: it had been rendered, nothing was charged."""

    task: Task
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some tasks, newest first, and how many there are on all pages."""

    tasks: tuple[Task, ...]
    total: int
