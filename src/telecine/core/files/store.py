"""SQL of the files table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from telecine.core.files.model import File
from telecine.db import Transaction
from telecine.db.tables import files


def insert(tx: Transaction, file: File) -> None:
    tx.execute(
        files.insert().values(
            id=file.id,
            account_id=file.account_id,
            blob_key=file.blob_key,
            filename=file.filename,
            media_type=file.media_type,
            size_bytes=file.size_bytes,
            created_at=file.created_at,
            expires_at=file.expires_at,
        )
    )


def by_ids(tx: Transaction, file_ids: Sequence[str]) -> list[File]:
    rows = tx.execute(sa.select(files).where(files.c.id.in_(file_ids))).mappings()
    return [File(**row) for row in rows]


def expired(tx: Transaction, *, now: datetime, most: int) -> list[File]:
    query = (
        sa.select(files)
        .where(files.c.deleted_at.is_(None), files.c.expires_at <= now)
        .order_by(files.c.expires_at)
        .limit(most)
    )
    return [File(**row) for row in tx.execute(query).mappings()]


def set_expiry(tx: Transaction, file_ids: Sequence[str], *, at: datetime | None) -> None:
    tx.execute(files.update().where(files.c.id.in_(file_ids)).values(expires_at=at))


def set_deleted(tx: Transaction, file_id: str, *, at: datetime) -> None:
    tx.execute(files.update().where(files.c.id == file_id).values(deleted_at=at))


def existing_keys(tx: Transaction, blob_keys: Sequence[str]) -> set[str]:
    query = sa.select(files.c.blob_key).where(files.c.blob_key.in_(blob_keys))
    return set(tx.execute(query).scalars())
