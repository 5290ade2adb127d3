"""Shelf: the database. SQLite in the data folder, or Postgres; one schema for both."""

from telecine.db.engine import (
    Database,
    Transaction,
    file_of,
    is_away,
    is_damaged,
    is_out_of_room,
)

__all__ = ["Database", "Transaction", "file_of", "is_away", "is_damaged", "is_out_of_room"]
