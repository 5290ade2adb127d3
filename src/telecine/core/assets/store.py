"""SQL of the library. A row is there as long as the asset; its file row stays behind."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from telecine.core.assets.model import Asset, AssetKind
from telecine.core.files import File
from telecine.db import Transaction
from telecine.db.tables import assets, files


def insert(tx: Transaction, asset: Asset) -> None:
    tx.execute(
        assets.insert().values(
            id=asset.id,
            account_id=asset.account_id,
            file_id=asset.file.id,
            kind=asset.kind,
            width=asset.width,
            height=asset.height,
            duration_seconds=asset.duration_seconds,
            thumbnail_id=asset.thumbnail_id,
            created_at=asset.created_at,
        )
    )


def used_bytes(tx: Transaction, account_id: str) -> int:
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(files.c.size_bytes), 0))
        .join_from(assets, files, assets.c.file_id == files.c.id)
        .where(assets.c.account_id == account_id)
    )
    return int(tx.execute(query).scalar_one())


def by_ids(tx: Transaction, asset_ids: Sequence[str], *, account_id: str) -> list[Asset]:
    return _read(tx, assets.c.account_id == account_id, assets.c.id.in_(asset_ids))


def by_file_ids(tx: Transaction, file_ids: Sequence[str], *, account_id: str) -> list[Asset]:
    return _read(tx, assets.c.account_id == account_id, assets.c.file_id.in_(file_ids))


def page(
    tx: Transaction, *, account_id: str, kind: AssetKind | None, skip: int, most: int
) -> tuple[list[Asset], int]:
    wanted = [assets.c.account_id == account_id]
    if kind is not None:
        wanted.append(assets.c.kind == kind)
    total = tx.execute(sa.select(sa.func.count()).select_from(assets).where(*wanted)).scalar_one()
    return _read(tx, *wanted, skip=skip, most=most), total


def delete(tx: Transaction, asset_id: str) -> None:
    tx.execute(assets.delete().where(assets.c.id == asset_id))


def _read(
    tx: Transaction, *wanted: sa.ColumnElement[bool], skip: int = 0, most: int | None = None
) -> list[Asset]:
    query = (
        sa.select(assets, *(column.label(f"of_{column.name}") for column in files.c))
        .join_from(assets, files, assets.c.file_id == files.c.id)
        .where(*wanted)
        .order_by(assets.c.created_at.desc(), assets.c.id.desc())
        .offset(skip)
        .limit(most)
    )
    return [_asset(row) for row in tx.execute(query).mappings()]


def _asset(row: sa.RowMapping) -> Asset:
    return Asset(
        id=row["id"],
        account_id=row["account_id"],
        file=File(**{column.name: row[f"of_{column.name}"] for column in files.c}),
        kind=AssetKind(row["kind"]),
        width=row["width"],
        height=row["height"],
        duration_seconds=row["duration_seconds"],
        thumbnail_id=row["thumbnail_id"],
        created_at=row["created_at"],
    )
