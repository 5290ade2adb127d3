"""SQL of uploads and their pieces. A row goes when the upload is deleted, or has expired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from telecine.core.uploads.model import Piece, Upload
from telecine.db import Transaction
from telecine.db.tables import upload_pieces, uploads


def insert(tx: Transaction, upload: Upload) -> None:
    tx.execute(
        uploads.insert().values(
            id=upload.id,
            account_id=upload.account_id,
            size_bytes=upload.size_bytes,
            received_bytes=upload.received_bytes,
            filename=upload.filename,
            media_type=upload.media_type,
            metadata=upload.metadata,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
        )
    )


def by_id(tx: Transaction, upload_id: str) -> Upload | None:
    row = tx.execute(sa.select(uploads).where(uploads.c.id == upload_id)).mappings().first()
    return None if row is None else Upload(**row)


def of_account(tx: Transaction, account_id: str, *, now: datetime) -> list[Upload]:
    query = (
        sa.select(uploads)
        .where(uploads.c.account_id == account_id, uploads.c.expires_at > now)
        .order_by(uploads.c.created_at.desc(), uploads.c.id.desc())
    )
    return [Upload(**row) for row in tx.execute(query).mappings()]


def count(tx: Transaction, account_id: str, *, now: datetime) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(uploads)
        .where(uploads.c.account_id == account_id, uploads.c.expires_at > now)
    )
    return int(tx.execute(query).scalar_one())


def reserved_bytes(tx: Transaction, account_id: str, *, now: datetime) -> int:
    """What uploads have, or will have where they said so."""
    each = sa.func.coalesce(uploads.c.size_bytes, uploads.c.received_bytes)
    query = sa.select(sa.func.coalesce(sa.func.sum(each), 0)).where(
        uploads.c.account_id == account_id, uploads.c.expires_at > now
    )
    return int(tx.execute(query).scalar_one())


def set_size(tx: Transaction, upload_id: str, size_bytes: int) -> None:
    tx.execute(uploads.update().where(uploads.c.id == upload_id).values(size_bytes=size_bytes))


def set_writer(tx: Transaction, upload_id: str, writer: str, *, at_bytes: int) -> bool:
    """Put down who brings bytes; False where the upload does not stand there."""
    done = tx.execute(
        uploads.update()
        .where(uploads.c.id == upload_id, uploads.c.received_bytes == at_bytes)
        .values(writer=writer)
    )
    return done.rowcount == 1


def grow(tx: Transaction, upload: Upload, *, by_bytes: int) -> bool:
    """Count more bytes; False where somebody else brings them by now."""
    done = tx.execute(
        uploads.update()
        .where(
            uploads.c.id == upload.id,
            uploads.c.writer == upload.writer,
            uploads.c.received_bytes == upload.received_bytes,
        )
        .values(received_bytes=upload.received_bytes + by_bytes)
    )
    return done.rowcount == 1


def insert_piece(tx: Transaction, upload_id: str, piece: Piece) -> None:
    tx.execute(
        upload_pieces.insert().values(
            upload_id=upload_id,
            start=piece.start,
            size_bytes=piece.size_bytes,
            blob_key=piece.blob_key,
        )
    )


def pieces(tx: Transaction, upload_id: str) -> list[Piece]:
    query = (
        sa.select(upload_pieces.c.start, upload_pieces.c.size_bytes, upload_pieces.c.blob_key)
        .where(upload_pieces.c.upload_id == upload_id)
        .order_by(upload_pieces.c.start)
    )
    return [Piece(**row) for row in tx.execute(query).mappings()]


def count_pieces(tx: Transaction, upload_id: str) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(upload_pieces)
        .where(upload_pieces.c.upload_id == upload_id)
    )
    return int(tx.execute(query).scalar_one())


def end_writing(tx: Transaction, upload_id: str) -> bool:
    """Let nobody bring more; False where the upload is a file already, or gone."""
    done = tx.execute(
        uploads.update()
        .where(uploads.c.id == upload_id, uploads.c.file_id.is_(None))
        .values(writer=None)
    )
    return done.rowcount == 1


def set_file(tx: Transaction, upload_id: str, file_id: str) -> None:
    tx.execute(uploads.update().where(uploads.c.id == upload_id).values(file_id=file_id))


def delete_pieces(tx: Transaction, upload_id: str) -> None:
    tx.execute(upload_pieces.delete().where(upload_pieces.c.upload_id == upload_id))


def delete(tx: Transaction, upload_id: str) -> None:
    tx.execute(uploads.delete().where(uploads.c.id == upload_id))


def expired(tx: Transaction, *, now: datetime, most: int) -> list[Upload]:
    query = (
        sa.select(uploads)
        .where(uploads.c.expires_at <= now)
        .order_by(uploads.c.expires_at)
        .limit(most)
    )
    return [Upload(**row) for row in tx.execute(query).mappings()]


def existing_keys(tx: Transaction, blob_keys: Sequence[str]) -> set[str]:
    query = sa.select(upload_pieces.c.blob_key).where(upload_pieces.c.blob_key.in_(blob_keys))
    return set(tx.execute(query).scalars())
