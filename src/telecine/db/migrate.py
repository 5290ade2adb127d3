"""Bringing the database to this version's schema. Safe to call from several processes.

A database that is there already, which is nearly every start of every process, does not wait for
Alembic: its import takes longer than all else that such a start asks of the database.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from telecine.db.engine import Database, Transaction
from telecine.kit.errors import ConflictError

if TYPE_CHECKING:
    from alembic.config import Config

# Any constant will do, as long as every Telecine process asks for the same one.
_ADVISORY_LOCK: Final = 7_305_114
_MIGRATIONS: Final = Path(__file__).with_name("migrations")
#: One row: the revision that the database has. `migrations/env.py` tells Alembic so.
_REVISIONS: Final = "telecine_schema"


def config() -> Config:
    """Return Alembic's configuration for our migrations; the caller attaches a connection."""
    from alembic.config import Config  # noqa: PLC0415 (see above)

    settings = Config()
    settings.set_main_option("script_location", str(_MIGRATIONS))
    return settings


def migrate(database: Database) -> None:
    """Apply what is missing, in one transaction that holds a lock against other starters.

    Raises `ConflictError` where the database is of a newer Telecine: going on would write rows that
    it does not understand.
    """
    known = revisions()
    with database.transaction() as connection:
        start_alone(connection)
        found = _revision(connection)
        if found == known[-1]:
            return
        if found is not None and found not in known:
            raise ConflictError(
                f"The database is of a newer Telecine: it has revision {found}, and this version "
                f"knows those up to {known[-1]}. Start the newer version again, or go on from a "
                "backup of before the upgrade."
            )
        from alembic import command  # noqa: PLC0415 (see above)

        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def is_new(database: Database) -> bool:
    """Whether nothing was ever kept in it: `migrate` has not seen it."""
    with database.snapshot() as tx:
        return _revision(tx) is None


def revisions() -> list[str]:
    """Return all revisions that this version knows, the oldest first: files begin with theirs."""
    return sorted(path.name.partition("_")[0] for path in _MIGRATIONS.glob("versions/*_*.py"))


def _revision(tx: Transaction) -> str | None:
    if not sa.inspect(tx).has_table(_REVISIONS):
        return None
    found: str | None = tx.execute(sa.text(f"SELECT version_num FROM {_REVISIONS}")).scalar()  # noqa: S608
    return found


def start_alone(tx: Transaction) -> None:
    """Have what is done once at a first start wait for other starters, until this one commits."""
    if tx.dialect.name == "postgresql":  # SQLite has one writer anyway
        tx.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
