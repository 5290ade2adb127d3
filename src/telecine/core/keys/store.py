"""SQL of the api_keys table."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from telecine.core.keys.model import ApiKey
from telecine.db import Transaction
from telecine.db.tables import api_keys

_COLUMNS = [
    api_keys.c.id,
    api_keys.c.account_id,
    api_keys.c.hint,
    api_keys.c.created_at,
    api_keys.c.last_used_at,
    api_keys.c.revoked_at,
]


def insert(tx: Transaction, key: ApiKey, *, digest: str) -> None:
    tx.execute(
        api_keys.insert().values(
            id=key.id,
            account_id=key.account_id,
            digest=digest,
            hint=key.hint,
            created_at=key.created_at,
        )
    )


def by_digest(tx: Transaction, digest: str) -> ApiKey | None:
    return _one(tx, api_keys.c.digest == digest)


def by_id(tx: Transaction, key_id: str) -> ApiKey | None:
    return _one(tx, api_keys.c.id == key_id)


def of_account(tx: Transaction, account_id: str | None) -> list[ApiKey]:
    query = sa.select(*_COLUMNS).order_by(api_keys.c.created_at)
    if account_id is not None:
        query = query.where(api_keys.c.account_id == account_id)
    return [ApiKey(**row) for row in tx.execute(query).mappings()]


def revoked(tx: Transaction, key_ids: Collection[str]) -> set[str]:
    is_off = (api_keys.c.id.in_(key_ids), api_keys.c.revoked_at.is_not(None))
    return set(tx.execute(sa.select(api_keys.c.id).where(*is_off)).scalars())


def set_used(tx: Transaction, key_id: str, *, at: datetime) -> None:
    tx.execute(api_keys.update().where(api_keys.c.id == key_id).values(last_used_at=at))


def set_revoked(tx: Transaction, key_id: str, *, at: datetime) -> None:
    tx.execute(
        api_keys.update()
        .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def _one(tx: Transaction, condition: sa.ColumnElement[bool]) -> ApiKey | None:
    row = tx.execute(sa.select(*_COLUMNS).where(condition)).mappings().one_or_none()
    return None if row is None else ApiKey(**row)
