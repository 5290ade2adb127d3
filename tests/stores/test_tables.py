"""The tables as the code knows them, and as the migrations make them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from telecine.core import projects
from telecine.db import Database
from telecine.db.migrate import config, migrate
from telecine.db.tables import metadata

#: Where Alembic keeps how far it has come.
OWN = {"telecine_schema"}


def is_ours(_item: Any, name: str | None, kind: str, _is_there: bool, _other: Any) -> bool:
    return kind != "table" or name not in OWN


def test_the_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'ours.db'}")  # without the engine's tables
    migrate(database)
    options: dict[str, Any] = {"compare_type": True, "include_object": is_ours}
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    database.dispose()


def test_what_projects_held_is_packed_when_they_are_migrated(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    settings = config()
    with database.transaction() as tx:
        settings.attributes["connection"] = tx
        command.upgrade(settings, "0003")
        for statement in _OLD:
            tx.execute(sa.text(statement))
    migrate(database)
    with database.snapshot() as tx:
        project = projects.get(tx, 7, account_id="a")
        assert projects.content(tx, project).composition == '{"é": 1}'
        assert [each.size for each in projects.history(tx, project, page=1, limit=9).revisions] == [
            8
        ]
        (row,) = tx.execute(sa.text("SELECT document_bytes FROM projects"))
        (packed,) = tx.execute(sa.text("SELECT sum(packed_bytes) FROM project_documents"))
        assert row[0] == packed[0] > 0
    database.dispose()


_OLD = (
    "INSERT INTO accounts VALUES ('a', 'ann@example.com', 'free', 's', '2026-04-12 12:00:00')",
    "INSERT INTO projects VALUES (7, 'a', 'p_x', 1, NULL, 0, 0, '2026-04-12 12:00:00')",
    "INSERT INTO project_documents VALUES (7, 'd1', '{\"é\": 1}')",
    "INSERT INTO project_documents VALUES (7, 'd2', '{}')",
    "INSERT INTO project_revisions VALUES (7, 1, 'create', '2026-04-12 12:00:00', 'N', 'n', 't', "
    "NULL, false, 'd1', 'd2')",
)
