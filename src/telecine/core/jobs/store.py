"""SQL of jobs, their files, and the workers that run them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from telecine.core.jobs.model import Job, JobStatus, Order, WorkerRow
from telecine.db import Transaction
from telecine.db.tables import job_files, jobs, workers

_ACTIVE = (JobStatus.QUEUED, JobStatus.RUNNING)


def insert(tx: Transaction, order: Order, *, status: JobStatus, now: datetime) -> None:
    tx.execute(
        jobs.insert().values(
            id=order.job_id,
            account_id=order.account_id,
            family=order.family,
            operation=order.operation,
            lane=order.lane,
            params=dict(order.params),
            status=status,
            price=order.price,
            progress=0.0,
            facts={},
            webhook_url=order.webhook_url,
            ticket=1,
            attempt=0,
            request_id=order.request_id,
            subject_id=order.subject_id,
            subject_revision=order.subject_revision,
            origin=order.origin,
            created_at=now,
        )
    )


def by_id(tx: Transaction, job_id: str) -> Job | None:
    row = tx.execute(sa.select(jobs).where(jobs.c.id == job_id)).mappings().one_or_none()
    return None if row is None else _job(row)


def of_ids(tx: Transaction, job_ids: Collection[str]) -> list[Job]:
    query = sa.select(jobs).where(jobs.c.id.in_(job_ids))
    return [_job(row) for row in tx.execute(query).mappings()]


def active(tx: Transaction, *, most: int) -> list[Job]:
    is_waiting = sa.case((jobs.c.status == JobStatus.RUNNING, 0), else_=1)
    query = (
        sa.select(jobs)
        .where(jobs.c.status.in_(_ACTIVE))
        .order_by(is_waiting, jobs.c.created_at)
        .limit(most)
    )
    return [_job(row) for row in tx.execute(query).mappings()]


def count_active(tx: Transaction, account_id: str, *, family: str) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(jobs)
        .where(
            jobs.c.account_id == account_id,
            jobs.c.family == family,
            jobs.c.status.in_(_ACTIVE),
        )
    )
    return tx.execute(query).scalar_one()


def last_done(
    tx: Transaction, account_id: str, *, operation: str, since: datetime, most: int
) -> list[Job]:
    query = (
        sa.select(jobs)
        .where(
            jobs.c.account_id == account_id,
            jobs.c.created_at >= since,
            jobs.c.operation == operation,
            jobs.c.status == JobStatus.SUCCEEDED,
        )
        .order_by(jobs.c.created_at.desc())
        .limit(most)
    )
    return [_job(row) for row in tx.execute(query).mappings()]


def total(tx: Transaction, account_id: str, *, operation: str, fact: str, since: datetime) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(jobs.c.facts[fact].as_integer()), 0)).where(
        jobs.c.account_id == account_id,
        jobs.c.operation == operation,
        jobs.c.status == JobStatus.SUCCEEDED,
        jobs.c.finished_at >= since,
    )
    return int(tx.execute(query).scalar_one())


def total_under_way(tx: Transaction, account_id: str, *, operation: str, param: str) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(jobs.c.params[param].as_integer()), 0)).where(
        jobs.c.account_id == account_id,
        jobs.c.operation == operation,
        jobs.c.status.in_(_ACTIVE),
    )
    return int(tx.execute(query).scalar_one())


def still_active(tx: Transaction, job_ids: Sequence[str]) -> set[str]:
    query = sa.select(jobs.c.id).where(jobs.c.id.in_(job_ids), jobs.c.status.in_(_ACTIVE))
    return set(tx.execute(query).scalars())


def of_subjects(tx: Transaction, subject_ids: Sequence[str]) -> list[Job]:
    query = (
        sa.select(jobs)
        .where(jobs.c.subject_id.in_(subject_ids))
        .order_by(jobs.c.created_at, jobs.c.id)
    )
    return [_job(row) for row in tx.execute(query).mappings()]


def page(
    tx: Transaction,
    account_id: str,
    *,
    families: Sequence[str] | None,
    statuses: Sequence[JobStatus] | None,
    before: Job | None,
    most: int,
) -> list[Job]:
    query = sa.select(jobs).where(jobs.c.account_id == account_id)
    if families is not None:
        query = query.where(jobs.c.family.in_(families))
    if statuses is not None:
        query = query.where(jobs.c.status.in_(statuses))
    if before is not None:
        at = jobs.c.created_at
        is_older = sa.and_(at == before.created_at, jobs.c.id < before.id)
        query = query.where(sa.or_(at < before.created_at, is_older))
    query = query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(most)
    return [_job(row) for row in tx.execute(query).mappings()]


def of_output(tx: Transaction, file_id: str, *, role: str) -> Job | None:
    query = (
        sa.select(jobs)
        .join(job_files, job_files.c.job_id == jobs.c.id)
        .where(job_files.c.file_id == file_id, job_files.c.role == role)
    )
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _job(row)


def delete(tx: Transaction, job_id: str) -> None:
    tx.execute(job_files.delete().where(job_files.c.job_id == job_id))
    tx.execute(jobs.delete().where(jobs.c.id == job_id))


def update(
    tx: Transaction,
    job: Job,
    values: Mapping[str, Any],
    *,
    statuses: Sequence[JobStatus],
) -> bool:
    """Change a job that is still in one of `statuses`, under the ticket and attempt given."""
    statement = jobs.update().where(
        jobs.c.id == job.id,
        jobs.c.ticket == job.ticket,
        jobs.c.attempt == job.attempt,
        jobs.c.status.in_(statuses),
    )
    return tx.execute(statement.values(**values)).rowcount == 1


def raise_progress(tx: Transaction, job: Job, fraction: float, *, stage: str | None) -> bool:
    """Never backwards: a second attempt starts anew, but the client has seen the first one."""
    higher = sa.case((jobs.c.progress < fraction, fraction), else_=jobs.c.progress)
    values = {"progress": higher, "stage": stage}
    return update(tx, job, values, statuses=(JobStatus.RUNNING,))


def link(tx: Transaction, job_id: str, role: str, file_ids: Sequence[str]) -> None:
    if file_ids:
        tx.execute(
            job_files.insert(),
            [
                {"job_id": job_id, "role": role, "position": position, "file_id": file_id}
                for position, file_id in enumerate(file_ids)
            ],
        )


def linked(tx: Transaction, job_id: str, role: str) -> list[str]:
    query = (
        sa.select(job_files.c.file_id)
        .where(job_files.c.job_id == job_id, job_files.c.role == role)
        .order_by(job_files.c.position)
    )
    return list(tx.execute(query).scalars())


def count_by_status(tx: Transaction) -> dict[tuple[str, JobStatus], int]:
    query = sa.select(jobs.c.operation, jobs.c.status, sa.func.count()).group_by(
        jobs.c.operation, jobs.c.status
    )
    return {(name, JobStatus(status)): n for name, status, n in tx.execute(query)}


def enrol(tx: Transaction, worker_id: str, *, pid: int, now: datetime) -> None:
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    holder = {"pid": pid, "started_at": now, "heartbeat_at": now}
    tx.execute(
        insert(workers)
        .values(id=worker_id, **holder)
        .on_conflict_do_update(index_elements=[workers.c.id], set_=holder)
    )


def beat(tx: Transaction, worker_id: str, *, pid: int, started_at: datetime, now: datetime) -> bool:
    statement = workers.update().where(*_held_by(worker_id, pid, started_at))
    return tx.execute(statement.values(heartbeat_at=now)).rowcount == 1


def leave(tx: Transaction, worker_id: str, *, pid: int, started_at: datetime) -> None:
    tx.execute(workers.delete().where(*_held_by(worker_id, pid, started_at)))


def worker(tx: Transaction, worker_id: str) -> WorkerRow | None:
    query = sa.select(workers).where(workers.c.id == worker_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else WorkerRow(**row)


def all_workers(tx: Transaction) -> list[WorkerRow]:
    rows = tx.execute(sa.select(workers).order_by(workers.c.id)).mappings()
    return [WorkerRow(**row) for row in rows]


def workers_since(tx: Transaction, instant: datetime) -> set[str]:
    query = sa.select(workers.c.id).where(workers.c.heartbeat_at >= instant)
    return set(tx.execute(query).scalars())


def _held_by(worker_id: str, pid: int, started_at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (workers.c.id == worker_id, workers.c.pid == pid, workers.c.started_at == started_at)


def _job(row: sa.RowMapping) -> Job:
    return Job(**{**row, "status": JobStatus(row["status"])})
