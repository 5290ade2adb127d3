"""The verbs of the library. The bytes are stored before, and deleted after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from telecine.core import accounts, files
from telecine.core.assets import store
from telecine.core.assets.model import Asset, AssetKind, Figures, NewAsset, Page
from telecine.core.files import File
from telecine.db import Transaction
from telecine.kit.errors import NotFoundError, StorageQuotaError
from telecine.kit.ids import new_id

_PREFIX = "asset_"
THUMBNAIL_NAME = "thumbnail.webp"


def add(
    tx: Transaction,
    new_assets: Sequence[NewAsset],
    *,
    account_id: str,
    limit_bytes: int,
    now: datetime,
) -> list[Asset]:
    """Take stored blobs into the library, all or none. Raises `StorageQuotaError`."""
    accounts.lock(tx, account_id)
    needed = sum(new.size_bytes for new in new_assets)
    _require_room(tx, account_id, needed, limit_bytes=limit_bytes)
    return [_add_one(tx, new, account_id=account_id, now=now) for new in new_assets]


def adopt(tx: Transaction, file: File, found: Figures, *, limit_bytes: int, now: datetime) -> Asset:
    """Take a file that is stored already into its account's library, where it stays.

    One that is there comes back as it is. Raises `StorageQuotaError`.
    """
    accounts.lock(tx, file.account_id)
    known = store.by_file_ids(tx, [file.id], account_id=file.account_id)
    if known:
        return known[0]
    _require_room(tx, file.account_id, file.size_bytes, limit_bytes=limit_bytes)
    files.keep(tx, [file.id])
    asset = Asset(
        id=new_id(_PREFIX, length=16),
        account_id=file.account_id,
        file=files.get(tx, file.id),
        kind=found.kind,
        width=found.width,
        height=found.height,
        duration_seconds=found.duration_seconds,
        thumbnail_id=None,
        created_at=now,
    )
    store.insert(tx, asset)
    return asset


def get(tx: Transaction, asset_id: str, *, account_id: str) -> Asset:
    """Return an asset. Another account's is `NotFoundError`, as if it did not exist."""
    found = store.by_ids(tx, [asset_id], account_id=account_id)
    if not found:
        raise NotFoundError("File not found")
    return found[0]


def find(tx: Transaction, names: Sequence[str], *, account_id: str) -> Mapping[str, Asset]:
    """Return the assets that have these ids, or whose files have; unknown ones are left out."""
    if not names:
        return {}
    by_id = {each.id: each for each in store.by_ids(tx, names, account_id=account_id)}
    by_file = {each.file.id: each for each in store.by_file_ids(tx, names, account_id=account_id)}
    return {**by_id, **by_file}


def list_page(
    tx: Transaction, *, account_id: str, kind: AssetKind | None, page: int, limit: int
) -> Page:
    """Return a page, counted from 1, newest first."""
    found, total = store.page(
        tx, account_id=account_id, kind=kind, skip=(page - 1) * limit, most=limit
    )
    return Page(assets=tuple(found), total=total)


def used_bytes(tx: Transaction, account_id: str) -> int:
    """Return what counts against an account's quota."""
    return store.used_bytes(tx, account_id)


def delete(tx: Transaction, asset_id: str, *, account_id: str, now: datetime) -> list[File]:
    """Take an asset out of the library; returns the files whose bytes may go now.

    The janitor deletes what nobody else does. A render that waits for it will fail, and say so.
    """
    asset = get(tx, asset_id, account_id=account_id)
    file_ids = [asset.file.id, *([asset.thumbnail_id] if asset.thumbnail_id else [])]
    store.delete(tx, asset.id)
    files.expire(tx, file_ids, at=now)
    return [files.get(tx, file_id) for file_id in file_ids]


def _require_room(tx: Transaction, account_id: str, needed: int, *, limit_bytes: int) -> None:
    used = store.used_bytes(tx, account_id)
    if used + needed > limit_bytes:
        raise StorageQuotaError(used_bytes=used, limit_bytes=limit_bytes, needed_bytes=needed)


def _add_one(tx: Transaction, new: NewAsset, *, account_id: str, now: datetime) -> Asset:
    file = files.add(
        tx,
        account_id=account_id,
        blob_key=new.blob_key,
        filename=new.filename,
        media_type=new.media_type,
        size_bytes=new.size_bytes,
        now=now,
    )
    asset = Asset(
        id=new_id(_PREFIX, length=16),
        account_id=account_id,
        file=file,
        kind=new.kind,
        width=new.width,
        height=new.height,
        duration_seconds=new.duration_seconds,
        thumbnail_id=_add_thumbnail(tx, new, account_id=account_id, now=now),
        created_at=now,
    )
    store.insert(tx, asset)
    return asset


def _add_thumbnail(tx: Transaction, new: NewAsset, *, account_id: str, now: datetime) -> str | None:
    """Record the small picture; it does not count against the quota."""
    if new.thumbnail is None:
        return None
    return files.add(
        tx,
        account_id=account_id,
        blob_key=new.thumbnail.blob_key,
        filename=THUMBNAIL_NAME,
        media_type="image/webp",
        size_bytes=new.thumbnail.size_bytes,
        now=now,
    ).id
