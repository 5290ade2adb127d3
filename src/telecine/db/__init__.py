"""Shelf: the database. SQLite in the data folder, or Postgres; one schema for both."""

from telecine.db.engine import Database, Transaction

__all__ = ["Database", "Transaction"]
