"""The business on both databases: SQLite, and a Postgres of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.databases import postgres, prepare

from telecine.db import Database
from telecine.db.tables import metadata


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A Postgres with our tables and the engine's."""
    with postgres() as url:
        database = Database(url.replace("postgresql://", "postgresql+psycopg://"))
        prepare(database)
        database.dispose()
        yield database.url


@pytest.fixture(params=["sqlite", "postgres"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """All tables, empty, on either database."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'test.db'}")
        prepare(database)
    else:
        database = Database(request.getfixturevalue("server"))
        names = ", ".join(table.name for table in metadata.sorted_tables)
        with database.transaction() as tx:
            # The ledger refuses to lose a row, but not all of them.
            tx.execute(sa.text(f"TRUNCATE {names}, dbos.workflow_status RESTART IDENTITY CASCADE"))
    yield database
    database.dispose()
