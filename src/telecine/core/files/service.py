"""The verbs of files. The bytes are another shelf's: here is who owns them and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from telecine.core.files import store
from telecine.core.files.model import File
from telecine.db import Transaction
from telecine.kit.errors import NotFoundError
from telecine.kit.ids import new_id


def add(
    tx: Transaction,
    *,
    account_id: str,
    blob_key: str,
    filename: str,
    media_type: str,
    size_bytes: int,
    now: datetime,
    expires_at: datetime | None = None,
) -> File:
    """Record a blob that is already stored. Without `expires_at` it stays."""
    file = File(
        id=new_id("file_"),
        account_id=account_id,
        blob_key=blob_key,
        filename=filename,
        media_type=media_type,
        size_bytes=size_bytes,
        created_at=now,
        expires_at=expires_at,
        deleted_at=None,
    )
    store.insert(tx, file)
    return file


def get(tx: Transaction, file_id: str) -> File:
    """Return a file, or raise `NotFoundError`."""
    found = store.by_ids(tx, [file_id])
    if not found:
        raise NotFoundError("There is no such file.")
    return found[0]


def expire(tx: Transaction, file_ids: Sequence[str], *, at: datetime) -> None:
    """Let files end at an instant; the janitor then deletes their bytes."""
    if file_ids:
        store.set_expiry(tx, file_ids, at=at)


def keep(tx: Transaction, file_ids: Sequence[str]) -> None:
    """Let files stay that had a time: until `expire` gives them another end."""
    if file_ids:
        store.set_expiry(tx, file_ids, at=None)


def expired(tx: Transaction, *, now: datetime, most: int = 100) -> list[File]:
    """Return files whose time is over and whose bytes are still there, longest over first."""
    return store.expired(tx, now=now, most=most)


def mark_deleted(tx: Transaction, file: File, *, now: datetime) -> None:
    """Note that a file's bytes are deleted."""
    store.set_deleted(tx, file.id, at=now)


def keys_of(tx: Transaction, blob_keys: Sequence[str]) -> set[str]:
    """Return those of `blob_keys` that belong to a file; the others are orphans."""
    return store.existing_keys(tx, blob_keys)
