"""The verbs of projects. Editing: read a revision, make its content anew, and `revise`.

`revise` takes the change only where the revision is still the newest: of two that edit the same
one, the second is told so, and nothing is lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from telecine.core import accounts, jobs
from telecine.core.jobs import Ending, Job, JobStatus, Order
from telecine.core.projects import store
from telecine.core.projects.model import (
    Change,
    Content,
    Draft,
    Export,
    History,
    Page,
    Project,
    ProjectStatus,
    Sort,
    Standing,
    project_of,
    subject_of,
)
from telecine.db import Transaction
from telecine.engine import Queue
from telecine.kit.errors import (
    ConflictError,
    FileTooLargeError,
    ForbiddenError,
    NotFoundError,
    StaleError,
    StorageQuotaError,
)
from telecine.kit.ids import new_id

#: What the messages of one project may have together.
MOST_MESSAGE_BYTES: Final = 32 * 2**20
#: What the janitor removes in one transaction: others that write wait for it.
_REMOVED_BYTES: Final = 4 * 2**20
_REMOVED_MESSAGES: Final = 4
#: How long a link shows what is edited already.
_SHOWN_AFTER: Final = timedelta(minutes=10)
_UNFINISHED: Final = tuple(status for status in JobStatus if not status.is_final)
_NO_PROJECT: Final = "There is no such project."


def create(
    tx: Transaction,
    draft: Draft,
    *,
    account_id: str,
    change: Change,
    now: datetime,
    limit_bytes: int,
) -> Project:
    """Store a new project with its first revision. Raises `StorageQuotaError`."""
    share_id = new_id("p_", length=20)
    project_id = store.insert(tx, account_id=account_id, share_id=share_id, now=now)
    store.advance(tx, project_id, revision=0)
    store.add_revision(tx, project_id, 1, draft, change=change, at=now)
    made = _get(tx, project_id)
    _make_room(tx, made, limit_bytes=limit_bytes)
    return made


def get(tx: Transaction, project_id: int, *, account_id: str) -> Project:
    """Return a project. Raises `NotFoundError`; another account's is `ForbiddenError`."""
    found = _get(tx, project_id)
    if found.account_id != account_id:
        raise ForbiddenError("This project belongs to another account than the API key does.")
    return found


def of_link(tx: Transaction, share_id: str) -> Project:
    """Return what a shared link shows: its id is all that it takes. Raises `NotFoundError`."""
    found = store.by_share_id(tx, share_id)
    if found is None:
        raise NotFoundError("There is nothing under this link.")
    return found


def content(tx: Transaction, project: Project, *, revision: int | None = None) -> Content:
    """Return what a revision (the newest) holds. Raises `NotFoundError`."""
    number = project.revision if revision is None else revision
    found = store.content(tx, project.id, number)
    if found is None:
        raise _no_revision(number)
    return found


def renew_link(tx: Transaction, project: Project) -> Project:
    """Give a project another shared link: what the old one showed is not found any more."""
    store.set_share_id(tx, project.id, new_id("p_", length=20))
    return _get(tx, project.id)


def shared_digest(tx: Transaction, project: Project, *, revision: int, now: datetime) -> str:
    """Return the digest of a revision's composition for whoever has the link.

    Of an old revision there is nothing to see, but in a player that opened while it was the
    newest: for some minutes. Raises `NotFoundError`.
    """
    if revision == project.revision:
        return project.digest
    found = store.replaced(tx, project.id, revision)
    if found is None or found[1] <= now - _SHOWN_AFTER:
        raise _no_revision(revision)
    return found[0]


def list_page(
    tx: Transaction,
    *,
    account_id: str,
    search: str | None,
    status: ProjectStatus | None,
    sort: Sort,
    page: int,
    limit: int,
) -> Page:
    """Return a page of an account's projects, counted from 1."""
    found, total = store.page(
        tx,
        account_id=account_id,
        search=search,
        status=status,
        sort=sort,
        skip=(page - 1) * limit,
        most=limit,
    )
    return Page(projects=tuple(found), total=total)


def revise(
    tx: Transaction,
    project: Project,
    new: Draft | None,
    *,
    change: Change,
    now: datetime,
    most_kept: int,
    limit_bytes: int,
    status: ProjectStatus | None = None,
) -> Project:
    """Make the next revision (None: the content stays), and set the status if one is given.

    Raises `StaleError` where `project` is not as it was any more, and `ConflictError` where the
    status is to be set while a render is under way. Only `most_kept` revisions stay, and fewer
    where the projects of the account would have more than `limit_bytes`; where that does not
    help, `StorageQuotaError`.
    """
    if new is not None:
        number = project.revision + 1
        if not store.advance(tx, project.id, revision=project.revision):
            raise StaleError
        store.add_revision(tx, project.id, number, new, change=change, at=now)
        store.forget_revisions(tx, project.id, up_to=number - most_kept)
        _make_room(tx, _get(tx, project.id), limit_bytes=limit_bytes)
    if status is not None:
        store.set_status(tx, project.id, status)
        if _get(tx, project.id).status is ProjectStatus.RENDERING:
            raise _conflict(
                "The status cannot be set while the project is being rendered.",
                _under_way(tx, project),
            )
    return _get(tx, project.id)


def history(tx: Transaction, project: Project, *, page: int, limit: int) -> History:
    """Return a page of revisions, counted from 1, newest first."""
    found, total = store.history(tx, project.id, skip=(page - 1) * limit, most=limit)
    return History(revisions=tuple(found), total=total)


def say(tx: Transaction, project: Project, text: str, *, limit_bytes: int) -> int:
    """Append a message, JSON, to the chat; returns how many there are now.

    Raises `FileTooLargeError` where the chat is full, `StorageQuotaError` as `revise`.
    """
    counted = store.add_message(tx, project.id, text, size_bytes=len(text.encode("utf-8")))
    if counted is None:
        raise NotFoundError(_NO_PROJECT)
    n_messages, size_bytes = counted
    if size_bytes > MOST_MESSAGE_BYTES:
        raise FileTooLargeError(
            f"The chat of a project may have {MOST_MESSAGE_BYTES} bytes. Duplicate the project to "
            "begin a new one.",
            field="message",
        )
    _make_room(tx, project, limit_bytes=limit_bytes)
    return n_messages


def messages(tx: Transaction, project: Project) -> list[str]:
    """Return the chat, oldest first: JSON as it was given to `say`."""
    return store.messages(tx, project.id)


def begin_render(
    tx: Transaction,
    project: Project,
    order: Order,
    *,
    queue: Queue,
    most_active: int,
    now: datetime,
) -> Job:
    """Submit a render of the project: the order names the revision.

    Raises `ConflictError` while one of it is under way, or `most_active` of the account's, and
    `InsufficientCreditsError`.
    """
    accounts.lock(tx, order.account_id)
    if not store.set_status(tx, project.id, None):
        raise NotFoundError(_NO_PROJECT)
    active = _under_way(tx, project)
    if active is not None:
        raise _conflict(
            f"The project is being rendered already, by {active.id}. Wait until that has ended, or "
            f"stop it: {_stopping(active)}.",
            active,
        )
    others = jobs.page(
        tx, order.account_id, families=(order.family,), statuses=_UNFINISHED, most=most_active
    ).jobs
    if len(others) >= most_active:
        raise _conflict(
            f"{len(others)} of your renders are under way, as many as your plan allows. Wait until "
            f"one has ended, or stop the last: {_stopping(others[0])}.",
            others[0],
        )
    return jobs.submit(tx, order, queue=queue, now=now)


def standing(tx: Transaction, project: Project, *, now: datetime) -> Standing:
    """Return the latest render, and the last that came to a good end and can still be had."""
    renders = list(reversed(_renders(tx, project)))
    done = (_export(tx, job, now) for job in renders if job.status is JobStatus.SUCCEEDED)
    return Standing(
        latest=renders[0] if renders else None,
        film=next((each for each in done if each.output is not None), None),
    )


def exports(tx: Transaction, project: Project, *, now: datetime) -> list[Export]:
    """Return all renders of a project, newest first."""
    return [_export(tx, job, now) for job in reversed(_renders(tx, project))]


def cancel_export(tx: Transaction, project: Project, render_id: str, *, ending: Ending) -> None:
    """Stop a render that has not ended; one that has ended stays. Raises `NotFoundError`."""
    job = next((job for job in _renders(tx, project) if job.id == render_id), None)
    if job is None:
        raise NotFoundError("The project has no such render.", field="render_id")
    jobs.cancel(tx, job, ending=ending)


def delete(tx: Transaction, project: Project, *, ending: Ending) -> None:
    """Delete a project for good, cancelling a render under way. Finished films stay their time.

    What it holds is removed by `remove_deleted`.
    """
    for job in _renders(tx, project):
        jobs.cancel(tx, job, ending=ending)
    store.mark_deleted(tx, project.id)


def remove_deleted(tx: Transaction) -> bool:
    """Remove a little of what deleted projects hold; False where nothing was left to remove.

    A little, since whoever writes waits for the transaction: call it again.
    """
    project_id = store.a_deleted_one(tx)
    if project_id is None:
        return False
    if not (
        store.remove_documents(tx, project_id, most_bytes=_REMOVED_BYTES)
        or store.remove_messages(tx, project_id, most=_REMOVED_MESSAGES)
    ):
        store.remove(tx, project_id)
    return True


def _make_room(tx: Transaction, project: Project, *, limit_bytes: int) -> None:
    """Forget old revisions of a project until the account's are within their limit."""
    used = store.used_bytes(tx, project.account_id)
    surplus = used - limit_bytes
    if surplus <= 0:
        return
    for number, n_bytes in store.last_uses(tx, project.id):
        if number >= project.revision:
            break
        surplus -= n_bytes
        if surplus <= 0:
            store.forget_revisions(tx, project.id, up_to=number)
            return
    raise StorageQuotaError(
        "The plan's room for projects is used up: their compositions, earlier revisions and chats. "
        "Delete a project, or take a larger plan.",
        used_bytes=used,
        limit_bytes=limit_bytes,
        needed_bytes=surplus,
    )


def _under_way(tx: Transaction, project: Project) -> Job | None:
    return next((job for job in _renders(tx, project) if not job.status.is_final), None)


def _conflict(message: str, job: Job | None) -> ConflictError:
    if job is None:
        return ConflictError(message)
    return ConflictError(message, job_id=job.id, subject_id=job.subject_id)


def _stopping(job: Job) -> str:
    project_id = project_of(job.subject_id or "")
    return f"DELETE /api/video-project/{project_id}/exports/{job.id}"


def _renders(tx: Transaction, project: Project) -> list[Job]:
    return jobs.of_subjects(tx, [subject_of(project.id)])


def _get(tx: Transaction, project_id: int) -> Project:
    found = store.by_id(tx, project_id)
    if found is None:
        raise NotFoundError(_NO_PROJECT)
    return found


def _export(tx: Transaction, job: Job, now: datetime) -> Export:
    made = next(iter(jobs.details(tx, job).outputs), None)
    return Export(job=job, output=None if made is None or made.is_gone(now) else made, made=made)


def _no_revision(number: int) -> NotFoundError:
    return NotFoundError(
        f"The project has no revision {number}, or not any more.", field="revision"
    )
