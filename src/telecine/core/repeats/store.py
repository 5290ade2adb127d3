"""SQL of the repeats table. Whatever changes a row of a claim names its token."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from telecine.core.repeats.model import Claim, Reply, Row, unpacked
from telecine.db import Transaction
from telecine.db.tables import repeats


def insert(
    tx: Transaction, claim: Claim, *, route: str, held_until: datetime, expires_at: datetime
) -> bool:
    """Add a row; False where the key has one."""
    statement = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    values = {"account_id": claim.account_id, "key": claim.key, "token": claim.token}
    added = tx.execute(
        statement(repeats)
        .values(**values, route=route, held_until=held_until, expires_at=expires_at, body_bytes=0)
        .on_conflict_do_nothing()
        .returning(repeats.c.key)
    )
    return added.scalar_one_or_none() is not None


def find(tx: Transaction, account_id: str, key: str) -> Row | None:
    query = sa.select(repeats).where(repeats.c.account_id == account_id, repeats.c.key == key)
    found = tx.execute(query).mappings().one_or_none()
    if found is None:
        return None
    reply = None
    if found["status"] is not None:
        headers = tuple((name, value) for name, value in found["headers"])
        reply = Reply(status=found["status"], headers=headers, body=unpacked(found["body"]))
    return Row(
        account_id=found["account_id"],
        key=found["key"],
        token=found["token"],
        route=found["route"],
        fingerprint=found["fingerprint"],
        job_id=found["job_id"],
        reply=reply,
        held_until=found["held_until"],
        expires_at=found["expires_at"],
    )


def take_over(
    tx: Transaction,
    row: Row,
    claim: Claim,
    *,
    route: str,
    held_until: datetime,
    expires_at: datetime,
) -> bool:
    """Begin anew under another token; False where somebody else has done so."""
    nothing = dict.fromkeys(("fingerprint", "job_id", "status", "headers", "body"), sa.null())
    values: dict[str, Any] = {**nothing, "body_bytes": 0, "token": claim.token, "route": route}
    former = Claim(account_id=row.account_id, key=row.key, token=row.token)
    return _update(tx, former, {**values, "held_until": held_until, "expires_at": expires_at})


def set_job(tx: Transaction, claim: Claim, job_id: str) -> bool:
    return _update(tx, claim, {"job_id": job_id, "fingerprint": claim.fingerprint})


def set_reply(
    tx: Transaction, claim: Claim, reply: Reply, *, body: bytes, now: datetime, expires_at: datetime
) -> bool:
    values = {
        "fingerprint": claim.fingerprint,
        "status": reply.status,
        "headers": [list(header) for header in reply.headers],
        "body": body,
        "body_bytes": len(body),
        "held_until": now,
        "expires_at": expires_at,
    }
    return _update(tx, claim, values)


def set_held_until(tx: Transaction, claim: Claim, instant: datetime) -> bool:
    return _update(tx, claim, {"held_until": instant})


def delete_free(tx: Transaction, claim: Claim) -> bool:
    """Delete the row of a claim that nothing came of."""
    came_of_nothing = (repeats.c.job_id.is_(None), repeats.c.status.is_(None))
    return tx.execute(repeats.delete().where(*_of(claim), *came_of_nothing)).rowcount == 1


def delete_over(tx: Transaction, *, now: datetime) -> int:
    is_over = (repeats.c.expires_at <= now, repeats.c.held_until <= now)
    return tx.execute(repeats.delete().where(*is_over)).rowcount


def trim(tx: Transaction, account_id: str, *, most_bytes: int) -> None:
    """Delete the oldest rows of an account until their bodies have no more than so many bytes.

    Those of jobs stay: without them a job could be made twice.
    """
    of_no_job = (repeats.c.account_id == account_id, repeats.c.job_id.is_(None))
    kept = (
        sa.select(
            repeats.c.key,
            sa.func.sum(repeats.c.body_bytes)
            .over(order_by=(repeats.c.expires_at.desc(), repeats.c.key))
            .label("so_far"),
        )
        .where(*of_no_job)
        .subquery()
    )
    too_much = sa.select(kept.c.key).where(kept.c.so_far > most_bytes)
    tx.execute(
        repeats.delete().where(*of_no_job, repeats.c.body_bytes > 0, repeats.c.key.in_(too_much))
    )


def _update(tx: Transaction, claim: Claim, values: dict[str, Any]) -> bool:
    return tx.execute(repeats.update().where(*_of(claim)).values(**values)).rowcount == 1


def _of(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        repeats.c.account_id == claim.account_id,
        repeats.c.key == claim.key,
        repeats.c.token == claim.token,
    )
