"""Bringing the database to this version's schema. Safe to call from several processes."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from telecine.db.engine import Database, Transaction

# Any constant will do, as long as every Telecine process asks for the same one.
_ADVISORY_LOCK = 7_305_114


def config() -> Config:
    """Return Alembic's configuration for our migrations; the caller attaches a connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return settings


def migrate(database: Database) -> None:
    """Apply what is missing, in one transaction that holds a lock against other starters."""
    with database.transaction() as connection:
        start_alone(connection)
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def start_alone(tx: Transaction) -> None:
    """Have what is done once at a first start wait for other starters, until this one commits."""
    if tx.dialect.name == "postgresql":  # SQLite has one writer anyway
        tx.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
