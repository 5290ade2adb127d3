"""SQL of projects. What a project shows is its newest revision; its status is looked up, too."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from telecine.core.jobs import JobStatus
from telecine.core.projects.model import (
    SUBJECT_PREFIX,
    Change,
    Content,
    Document,
    Draft,
    Project,
    ProjectStatus,
    RevisionEntry,
    Sort,
    name_key,
    unpacked,
)
from telecine.db import Transaction
from telecine.db.tables import (
    jobs,
    project_documents,
    project_messages,
    project_revisions,
    projects,
)

_ESCAPE = "\\"
#: Rows of one statement, whatever their size.
_MOST_AT_ONCE = 500
_ORDERS: dict[Sort, tuple[sa.UnaryExpression[Any], ...]] = {
    Sort.LATEST: (project_revisions.c.at.desc(), projects.c.id.desc()),
    Sort.OLDEST: (project_revisions.c.at.asc(), projects.c.id.asc()),
    Sort.NAME_UP: (project_revisions.c.name_key.asc(), projects.c.id.asc()),
    Sort.NAME_DOWN: (project_revisions.c.name_key.desc(), projects.c.id.desc()),
}


def insert(tx: Transaction, *, account_id: str, share_id: str, now: datetime) -> int:
    """Return the new project's id; it has no revision yet."""
    made = tx.execute(
        projects.insert().values(
            account_id=account_id,
            share_id=share_id,
            revision=0,
            n_messages=0,
            message_bytes=0,
            document_bytes=0,
            is_deleted=False,
            created_at=now,
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def advance(tx: Transaction, project_id: int, *, revision: int) -> bool:
    """Make the next revision the present one; False where `revision` is not it any more."""
    statement = projects.update().where(_is_there(project_id), projects.c.revision == revision)
    return tx.execute(statement.values(revision=revision + 1)).rowcount == 1


def add_revision(
    tx: Transaction, project_id: int, number: int, draft: Draft, *, change: Change, at: datetime
) -> None:
    content = draft.content
    tx.execute(
        project_revisions.insert().values(
            project_id=project_id,
            number=number,
            change=change,
            at=at,
            name=content.name,
            name_key=name_key(content.name),
            template_id=content.template_id,
            thumbnail_url=content.thumbnail_url,
            is_thumbnail_locked=content.is_thumbnail_locked,
            composition=_keep(tx, project_id, draft.composition),
            settings=_keep(tx, project_id, draft.settings),
        )
    )


def forget_revisions(tx: Transaction, project_id: int, *, up_to: int) -> None:
    """Delete old revisions, and the documents that no other one uses."""
    old = project_revisions.delete().where(
        project_revisions.c.project_id == project_id, project_revisions.c.number <= up_to
    )
    if tx.execute(old).rowcount == 0:
        return
    used = [
        sa.select(column).where(project_revisions.c.project_id == project_id)
        for column in (project_revisions.c.composition, project_revisions.c.settings)
    ]
    unused = project_documents.delete().where(
        project_documents.c.project_id == project_id,
        *(project_documents.c.digest.not_in(digests) for digests in used),
    )
    freed = tx.execute(unused.returning(project_documents.c.packed_bytes)).scalars()
    _count_bytes(tx, project_id, -sum(freed))


def used_bytes(tx: Transaction, account_id: str) -> int:
    """Return what the revisions and chats of an account take, of deleted projects too."""
    taken = sa.func.sum(projects.c.document_bytes + projects.c.message_bytes)
    query = sa.select(sa.func.coalesce(taken, 0)).where(projects.c.account_id == account_id)
    return int(tx.execute(query).scalar_one())


def last_uses(tx: Transaction, project_id: int) -> list[tuple[int, int]]:
    """Return of each document the last revision that uses it, and its bytes; oldest first."""
    uses = sa.union_all(
        *(
            sa.select(project_revisions.c.number, column.label("digest")).where(
                project_revisions.c.project_id == project_id
            )
            for column in (project_revisions.c.composition, project_revisions.c.settings)
        )
    ).subquery()
    last = sa.func.max(uses.c.number)
    query = (
        sa.select(last, project_documents.c.packed_bytes)
        .join_from(project_documents, uses, uses.c.digest == project_documents.c.digest)
        .where(project_documents.c.project_id == project_id)
        .group_by(project_documents.c.digest, project_documents.c.packed_bytes)
        .order_by(last)
    )
    return [(row[0], row[1]) for row in tx.execute(query)]


def by_id(tx: Transaction, project_id: int) -> Project | None:
    return _one(tx, projects.c.id == project_id)


def by_share_id(tx: Transaction, share_id: str) -> Project | None:
    return _one(tx, projects.c.share_id == share_id)


def content(tx: Transaction, project_id: int, number: int) -> Content | None:
    composition, settings = project_documents.alias(), project_documents.alias()
    revisions = project_revisions.c
    query = (
        sa.select(
            *(revisions.name, revisions.template_id, revisions.thumbnail_url),
            revisions.is_thumbnail_locked,
            composition.c.packed.label("composition"),
            settings.c.packed.label("settings"),
        )
        .join_from(project_revisions, composition, _is_of(composition, revisions.composition))
        .join(settings, _is_of(settings, revisions.settings))
        .where(revisions.project_id == project_id, revisions.number == number)
    )
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        return None
    texts = {name: unpacked(row[name]) for name in ("composition", "settings")}
    return Content(**{**row, **texts})


def replaced(tx: Transaction, project_id: int, number: int) -> tuple[str, datetime] | None:
    """Return the digest of an old revision's composition, and when the next one was made."""
    old, following = project_revisions, project_revisions.alias()
    is_next = sa.and_(
        following.c.project_id == old.c.project_id, following.c.number == old.c.number + 1
    )
    query = (
        sa.select(old.c.composition, following.c.at)
        .join_from(old, following, is_next)
        .where(old.c.project_id == project_id, old.c.number == number)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def set_share_id(tx: Transaction, project_id: int, share_id: str) -> None:
    tx.execute(projects.update().where(_is_there(project_id)).values(share_id=share_id))


def history(
    tx: Transaction, project_id: int, *, skip: int, most: int
) -> tuple[list[RevisionEntry], int]:
    revisions = project_revisions.c
    query = (
        sa.select(
            *(revisions.number, revisions.change, revisions.at, revisions.name),
            project_documents.c.n_characters.label("size"),
        )
        .join_from(
            project_revisions,
            project_documents,
            _is_of(project_documents, revisions.composition),
        )
        .where(revisions.project_id == project_id)
        .order_by(revisions.number.desc())
        .offset(skip)
        .limit(most)
    )
    count = sa.select(sa.func.count()).where(revisions.project_id == project_id)
    found = [
        RevisionEntry(**{**row, "change": Change(row["change"])})
        for row in tx.execute(query).mappings()
    ]
    return found, tx.execute(count).scalar_one()


def page(
    tx: Transaction,
    *,
    account_id: str,
    search: str | None,
    status: ProjectStatus | None,
    sort: Sort,
    skip: int,
    most: int,
) -> tuple[list[Project], int]:
    wanted: list[sa.ColumnElement[bool]] = [
        projects.c.account_id == account_id,
        projects.c.is_deleted.is_(False),
    ]
    if search is not None:
        key = project_revisions.c.name_key
        wanted.append(key.contains(name_key(search), autoescape=True, escape=_ESCAPE))
    if status is not None:
        wanted.append(_status() == status)
    count = _joined(sa.func.count()).where(*wanted)
    query = _shown().where(*wanted).order_by(*_ORDERS[sort]).offset(skip).limit(most)
    found = [_project(row) for row in tx.execute(query).mappings()]
    return found, tx.execute(count).scalar_one()


def set_status(tx: Transaction, project_id: int, status: ProjectStatus | None) -> bool:
    """False where there is no such project. Others that ask so wait until this one has ended."""
    statement = projects.update().where(_is_there(project_id))
    return tx.execute(statement.values(set_status=status)).rowcount == 1


def add_message(
    tx: Transaction, project_id: int, text: str, *, size_bytes: int
) -> tuple[int, int] | None:
    """Return how many messages there are now, and their bytes; None: no such project."""
    counted = projects.update().where(_is_there(project_id))
    row = tx.execute(
        counted.values(
            n_messages=projects.c.n_messages + 1,
            message_bytes=projects.c.message_bytes + size_bytes,
        ).returning(projects.c.n_messages, projects.c.message_bytes)
    ).one_or_none()
    if row is None:
        return None
    tx.execute(project_messages.insert().values(project_id=project_id, number=row[0], text=text))
    return row[0], row[1]


def messages(tx: Transaction, project_id: int) -> list[str]:
    query = (
        sa.select(project_messages.c.text)
        .where(project_messages.c.project_id == project_id)
        .order_by(project_messages.c.number)
    )
    return list(tx.execute(query).scalars())


def mark_deleted(tx: Transaction, project_id: int) -> None:
    tx.execute(projects.update().where(_is_there(project_id)).values(is_deleted=True))


def a_deleted_one(tx: Transaction) -> int | None:
    """Return a project that is deleted, of which something is still there."""
    query = sa.select(projects.c.id).where(projects.c.is_deleted.is_(True)).limit(1)
    return tx.execute(query).scalar_one_or_none()


def remove_documents(tx: Transaction, project_id: int, *, most_bytes: int) -> bool:
    """Remove at least one document, and others up to `most_bytes`; False: there is none."""
    documents = project_documents.c
    sizes = sa.select(documents.digest, documents.packed_bytes).where(
        documents.project_id == project_id
    )
    digests: list[str] = []
    n_bytes = 0
    for digest, packed_bytes in tx.execute(sizes.limit(_MOST_AT_ONCE)):
        if digests and n_bytes + packed_bytes > most_bytes:
            break
        digests.append(digest)
        n_bytes += packed_bytes
    some = project_documents.delete().where(
        documents.project_id == project_id, documents.digest.in_(digests)
    )
    tx.execute(some)
    _count_bytes(tx, project_id, -n_bytes)
    return bool(digests)


def remove_messages(tx: Transaction, project_id: int, *, most: int) -> bool:
    """Remove the first messages; False: there is none."""
    messages = project_messages.c
    first = sa.select(messages.number).where(messages.project_id == project_id)
    numbers = tx.execute(first.order_by(messages.number).limit(most)).scalars().all()
    some = project_messages.delete().where(
        messages.project_id == project_id, messages.number.in_(numbers)
    )
    tx.execute(some)
    return bool(numbers)


def remove(tx: Transaction, project_id: int) -> None:
    """Remove a project that has neither documents nor messages any more."""
    tx.execute(project_revisions.delete().where(project_revisions.c.project_id == project_id))
    tx.execute(projects.delete().where(projects.c.id == project_id))


def _keep(tx: Transaction, project_id: int, document: Document) -> str:
    """Store a document unless it is there; returns its digest."""
    insert_into = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    n_bytes = len(document.packed)
    stored = tx.execute(
        insert_into(project_documents)
        .values(
            project_id=project_id,
            digest=document.digest,
            n_characters=document.n_characters,
            packed_bytes=n_bytes,
            packed=document.packed,
        )
        .on_conflict_do_nothing()
        .returning(project_documents.c.digest)
    )
    if stored.first() is not None:
        _count_bytes(tx, project_id, n_bytes)
    return document.digest


def _count_bytes(tx: Transaction, project_id: int, more: int) -> None:
    statement = projects.update().where(projects.c.id == project_id)
    tx.execute(statement.values(document_bytes=projects.c.document_bytes + more))


def _is_there(project_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(projects.c.id == project_id, projects.c.is_deleted.is_(False))


def _is_of(documents: sa.FromClause, digest: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        documents.c.project_id == project_revisions.c.project_id, documents.c.digest == digest
    )


def _one(tx: Transaction, condition: sa.ColumnElement[bool]) -> Project | None:
    row = (
        tx.execute(_shown().where(condition, projects.c.is_deleted.is_(False)))
        .mappings()
        .one_or_none()
    )
    return None if row is None else _project(row)


def _shown() -> sa.Select[Any]:
    at_first_hand = {field.name for field in fields(Project)} - {"status", "edited_at", "digest"}
    columns = [
        table.c[name]
        for table in (projects, project_revisions)
        for name in table.c.keys()  # noqa: SIM118 (columns are iterated otherwise)
        if name in at_first_hand
    ]
    return _joined(
        *columns,
        _status().label("status"),
        project_revisions.c.at.label("edited_at"),
        project_revisions.c.composition.label("digest"),
    )


def _joined(*columns: Any) -> sa.Select[Any]:
    return sa.select(*columns).join_from(
        projects,
        project_revisions,
        sa.and_(
            project_revisions.c.project_id == projects.c.id,
            project_revisions.c.number == projects.c.revision,
        ),
    )


def _status() -> sa.Case[str]:
    subject = sa.literal(SUBJECT_PREFIX) + sa.cast(projects.c.id, sa.Text)
    latest = (
        sa.select(jobs.c.status)
        .where(jobs.c.subject_id == subject)
        .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.case(
        (latest.in_((JobStatus.QUEUED, JobStatus.RUNNING)), ProjectStatus.RENDERING.value),
        (projects.c.set_status.is_not(None), projects.c.set_status),
        (latest == JobStatus.SUCCEEDED, ProjectStatus.COMPLETED.value),
        (latest.is_not(None), ProjectStatus.FAILED.value),
        else_=ProjectStatus.DRAFT.value,
    )


def _project(row: sa.RowMapping) -> Project:
    return Project(**{**row, "status": ProjectStatus(row["status"])})
