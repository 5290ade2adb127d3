"""SQL of projects. What a project shows is its newest revision; its status is looked up, too."""

from __future__ import annotations

import hashlib
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
    Project,
    ProjectStatus,
    RevisionEntry,
    Sort,
    name_key,
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
            created_at=now,
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def advance(tx: Transaction, project_id: int, *, revision: int) -> bool:
    """Make the next revision the present one; False where `revision` is not it any more."""
    statement = projects.update().where(
        projects.c.id == project_id, projects.c.revision == revision
    )
    return tx.execute(statement.values(revision=revision + 1)).rowcount == 1


def add_revision(
    tx: Transaction, project_id: int, number: int, content: Content, *, change: Change, at: datetime
) -> None:
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
            composition=_keep(tx, project_id, content.composition),
            settings=_keep(tx, project_id, content.settings),
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
    tx.execute(
        project_documents.delete().where(
            project_documents.c.project_id == project_id,
            *(project_documents.c.digest.not_in(digests) for digests in used),
        )
    )


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
            composition.c.text.label("composition"),
            settings.c.text.label("settings"),
        )
        .join_from(project_revisions, composition, _is_of(composition, revisions.composition))
        .join(settings, _is_of(settings, revisions.settings))
        .where(revisions.project_id == project_id, revisions.number == number)
    )
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else Content(**row)


def digest(tx: Transaction, project_id: int, number: int) -> str | None:
    revisions = project_revisions.c
    query = sa.select(revisions.composition).where(
        revisions.project_id == project_id, revisions.number == number
    )
    return tx.execute(query).scalar_one_or_none()


def history(
    tx: Transaction, project_id: int, *, skip: int, most: int
) -> tuple[list[RevisionEntry], int]:
    revisions = project_revisions.c
    query = (
        sa.select(
            *(revisions.number, revisions.change, revisions.at, revisions.name),
            sa.func.length(project_documents.c.text).label("size"),
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
    wanted: list[sa.ColumnElement[bool]] = [projects.c.account_id == account_id]
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
    statement = projects.update().where(projects.c.id == project_id)
    return tx.execute(statement.values(set_status=status)).rowcount == 1


def add_message(
    tx: Transaction, project_id: int, text: str, *, size_bytes: int
) -> tuple[int, int] | None:
    """Return how many messages there are now, and their bytes; None: no such project."""
    counted = projects.update().where(projects.c.id == project_id)
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


def delete(tx: Transaction, project_id: int) -> None:
    for table in (project_messages, project_revisions, project_documents):
        tx.execute(table.delete().where(table.c.project_id == project_id))
    tx.execute(projects.delete().where(projects.c.id == project_id))


def _keep(tx: Transaction, project_id: int, text: str) -> str:
    """Store a document unless it is there; returns its digest."""
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    insert_into = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    tx.execute(
        insert_into(project_documents)
        .values(project_id=project_id, digest=digest, text=text)
        .on_conflict_do_nothing()
    )
    return digest


def _is_of(documents: sa.FromClause, digest: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        documents.c.project_id == project_revisions.c.project_id, documents.c.digest == digest
    )


def _one(tx: Transaction, condition: sa.ColumnElement[bool]) -> Project | None:
    row = tx.execute(_shown().where(condition)).mappings().one_or_none()
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
