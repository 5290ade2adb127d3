"""The tables as the code knows them, and as the migrations make them."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from telecine.db import Database
from telecine.db.tables import metadata

#: Where Alembic keeps how far it has come.
OWN = {"telecine_schema"}


def is_ours(_item: Any, name: str | None, kind: str, _is_there: bool, _other: Any) -> bool:
    return kind != "table" or name not in OWN


def test_the_migrations_make_the_tables_that_the_code_knows(db: Database) -> None:
    options: dict[str, Any] = {"compare_type": True, "include_object": is_ours}
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
