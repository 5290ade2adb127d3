"""The verbs of compositions. Rendering one is a job of which it is the subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from telecine.core import jobs
from telecine.core.compositions import store
from telecine.core.compositions.model import (
    PREVIEW_TTL,
    STATES,
    Composition,
    CompositionKind,
    NewComposition,
    Page,
    Rendering,
    RenderState,
    Task,
)
from telecine.core.files import File
from telecine.core.jobs import Ending, Job, Order
from telecine.db import Transaction
from telecine.engine import Queue
from telecine.kit.errors import ConflictError, ExpiredError, NotFoundError
from telecine.kit.ids import new_id

_NOT_FOUND = {
    CompositionKind.TASK: "Task not found",
    CompositionKind.PREVIEW: "Temp preview not found",
}


def create(
    tx: Transaction, new: NewComposition, *, account_id: str, kind: CompositionKind, now: datetime
) -> Composition:
    """Store a composition. A preview's id is long: whoever knows it may look."""
    is_task = kind is CompositionKind.TASK
    composition = Composition(
        **{**asdict(new), "frame_rate": new.frame_rate},
        id=new_id("", length=12) if is_task else new_id("temp_", length=16),
        account_id=account_id,
        kind=kind,
        serial=new_id("vt_", length=12),
        created_at=now,
        expires_at=None if is_task else now + PREVIEW_TTL,
    )
    store.insert(tx, composition)
    return composition


def get(
    tx: Transaction, composition_id: str, *, account_id: str, kind: CompositionKind, now: datetime
) -> Composition:
    """Return a composition of that kind. Another account's, or one that is over, is
    `NotFoundError`.
    """
    found = store.by_id(tx, composition_id)
    if found is None or found.account_id != account_id or found.kind is not kind:
        raise NotFoundError(_NOT_FOUND[kind])
    if found.is_over(now):
        raise NotFoundError(
            f"{_NOT_FOUND[kind]}: it has expired, {PREVIEW_TTL.days} days after it was created"
        )
    return found


def of_link(tx: Transaction, composition_id: str, *, kind: CompositionKind, now: datetime) -> Task:
    """Return what a shared link shows: its id is all that it takes.

    Raises `NotFoundError`, and `ExpiredError` for a preview that was not swept away yet.
    """
    found = store.by_id(tx, composition_id)
    if found is None or found.kind is not kind:
        raise NotFoundError("There is nothing under this link.")
    if found.is_over(now):
        raise ExpiredError(
            f"This preview has expired: its link worked for {PREVIEW_TTL.days} days."
        )
    return _task(tx, found, latest_render(tx, found))


def task(tx: Transaction, task_id: str, *, account_id: str, now: datetime) -> Task:
    """Return a task with its latest render."""
    found = get(tx, task_id, account_id=account_id, kind=CompositionKind.TASK, now=now)
    return _task(tx, found, _latest(tx, [found]).get(found.id))


def list_page(
    tx: Transaction,
    *,
    account_id: str,
    state: RenderState | None,
    category: str | None,
    page: int,
    limit: int,
) -> Page:
    """Return a page of tasks, counted from 1, newest first."""
    statuses = None
    if state is not None:
        statuses = [status for status, shown in STATES.items() if shown is state]
    found, total = store.page(
        tx,
        account_id=account_id,
        statuses=[None] if state is RenderState.CREATED else statuses,
        category=category,
        skip=(page - 1) * limit,
        most=limit,
    )
    latest = _latest(tx, found)
    return Page(tasks=tuple(_task(tx, each, latest.get(each.id)) for each in found), total=total)


def latest_render(tx: Transaction, composition: Composition) -> Job | None:
    """Return the newest render job, if there was one."""
    return _latest(tx, [composition]).get(composition.id)


def of_render(tx: Transaction, *, job_id: str, account_id: str, now: datetime) -> Task:
    """Return a task with one of its renders, perhaps not the latest. Raises `NotFoundError`."""
    job = jobs.get(tx, job_id, account_id=account_id)
    kind = CompositionKind.TASK
    found = get(tx, job.subject_id or "", account_id=account_id, kind=kind, now=now)
    return _task(tx, found, job)


def begin_render(
    tx: Transaction,
    composition: Composition,
    order: Order,
    *,
    queue: Queue,
    now: datetime,
    again: bool = False,
) -> Rendering:
    """Submit a render, unless a good one is there already (`again`: then, too).

    Raises `ConflictError` while one is under way, `InsufficientCreditsError`, and
    `NotFoundError` where the composition was deleted meanwhile.
    """
    if store.by_id(tx, composition.id, is_locked=True) is None:
        raise NotFoundError(_NOT_FOUND[composition.kind])
    present = _task(tx, composition, latest_render(tx, composition))
    if present.state is RenderState.RENDERING:
        raise ConflictError("Task is already rendering")
    is_good = present.output is not None and not present.output.is_gone(now)
    if is_good and not again:
        return Rendering(task=present, is_new=False)
    job = jobs.submit(tx, order, queue=queue, now=now)
    return Rendering(task=_task(tx, composition, job), is_new=True)


def convert(
    tx: Transaction,
    preview: Composition,
    *,
    category: str | None,
    notes: str | None,
    now: datetime,
) -> Composition:
    """Make a task of a preview, which stays as it is."""
    new = NewComposition(
        document=preview.document,
        digest=preview.digest,
        width=preview.width,
        height=preview.height,
        frame_rate=preview.frame_rate,
        duration_frames=preview.duration_frames,
        title=preview.title,
        category=category,
        notes=notes or preview.notes,
    )
    return create(tx, new, account_id=preview.account_id, kind=CompositionKind.TASK, now=now)


def delete(tx: Transaction, composition: Composition, *, ending: Ending) -> list[File]:
    """Delete a composition and its renders, cancelling one under way.

    Returns the files whose bytes may go now; the janitor deletes what nobody else does. Raises
    `NotFoundError` where another was faster.
    """
    if not store.delete(tx, composition.id):
        raise NotFoundError(_NOT_FOUND[composition.kind])
    renders = jobs.of_subjects(tx, [composition.id])
    return [file for job in renders for file in jobs.erase(tx, job, ending=ending)]


def sweep(tx: Transaction, *, now: datetime) -> int:
    """Delete previews whose time is over; returns how many."""
    return store.delete_over(tx, now=now)


def _latest(tx: Transaction, compositions: Sequence[Composition]) -> dict[str, Job]:
    renders = jobs.of_subjects(tx, [each.id for each in compositions])
    return {job.subject_id: job for job in renders if job.subject_id is not None}


def _task(tx: Transaction, composition: Composition, job: Job | None) -> Task:
    outputs = jobs.details(tx, job).outputs if job is not None else ()
    return Task(composition=composition, job=job, output=outputs[0] if outputs else None)
