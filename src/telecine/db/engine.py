"""Opening the database and its transactions.

SQLite writers take the write lock at once (BEGIN IMMEDIATE): a transaction that reads first
and upgrades later fails with SQLITE_BUSY whatever the time-out. WAL lets readers go on
meanwhile. What holds money or promises is synced to the disk at commit (`durable`); what can
be lost in a power cut (request counters, progress, heartbeats) is not, and is far cheaper.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event

from telecine.kit.folders import make_private
from telecine.settings import SettingsError

#: A connection with a transaction open: what every store is given. Stores never commit.
Transaction = sa.Connection

_BUSY_TIMEOUT_MS = 30_000
# Of a full disk SQLite says "full", and of a quota that a write failed; where files grow late,
# the sync or the shared memory finds it out.
_SQLITE_NO_ROOM: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    }
)
_POSTGRES_DISK_FULL: Final = "53100"
#: What SQLite's readers have anyway.
_ONE_INSTANT: Final = "REPEATABLE READ"
# A machine that is cut off is found out in seconds, not in the quarter of an hour that TCP takes:
# a worker must know before others take its jobs. What the URL says itself counts.
_POSTGRES_PATIENCE: Final = {
    "connect_timeout": "5",
    "tcp_user_timeout": "8000",
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "2",
}
# And the other way round: the rows that a vanished machine had locked are free again before its
# jobs are given away.
_POSTGRES_PREPARE: Final = "SET idle_in_transaction_session_timeout = '20s'"
# What is no database any more, or was none.
_SQLITE_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# What may be otherwise in a while: the file is locked, or lies on a disk that takes or gives
# nothing at this moment, or a backup will be put in its place. The low byte of SQLite's codes.
_SQLITE_AWAY: Final = _SQLITE_DAMAGED | {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
#: No connection; no more of them, or of memory; stopping, starting; only to be read.
_POSTGRES_AWAY: Final = ("08", "53", "57P", "25006")
_DRIVERS: Final = frozenset({"sqlite", "postgresql+psycopg"})
_FORMS: Final = (
    "Postgres is postgresql://user:password@host:5432/name (in a password, @ is written %40 and "
    "% is %25); SQLite is sqlite:////folder/telecine.db. Left empty, it is SQLite in the data folder."
)


class Database:
    """A pool of connections to one database; safe to share between threads.

    Nothing is asked of it yet. Raises `SettingsError` for a URL that cannot be meant.
    """

    def __init__(self, url: str) -> None:
        _check(url)
        self.url = patient(url)
        self.engine = _create_engine(self.url)
        level = {} if self.engine.dialect.name == "sqlite" else {"isolation_level": _ONE_INSTANT}
        self._reading = self.engine.execution_options(telecine_readonly=True, **level)

    @property
    def place(self) -> str:
        """Where it is, for people: the file, or host, port and name; never a password."""
        url = self.engine.url
        if url.host is None:
            return url.database or ""
        return f"{url.host}:{url.port or 5432}/{url.database}"

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Transaction]:
        """Open a read-write transaction: committed at the end, rolled back on any error.

        With `durable=False` a commit survives a crash of Telecine but perhaps not of the
        machine.
        """
        with self.engine.connect() as connection:
            if not durable:
                connection = connection.execution_options(telecine_durable=False)
            with connection.begin():
                if not durable and connection.dialect.name == "postgresql":
                    connection.execute(sa.text("SET LOCAL synchronous_commit TO OFF"))
                yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Open a transaction for reading alone: takes no write lock.

        All that is read in it is of one instant, however many questions it asks.
        """
        with self._reading.connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()


def file_of(url: str) -> Path | None:
    """Return the file that a URL names, be it there or not; None where it names a server.

    Raises `SettingsError` for a URL that cannot be meant.
    """
    _check(url)
    parsed = sa.make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def is_out_of_room(error: sa.exc.DBAPIError) -> bool:
    """Whether a write failed because the database's disk is full."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code in _SQLITE_NO_ROOM or getattr(error.orig, "sqlstate", "") == _POSTGRES_DISK_FULL


def is_damaged(error: sa.exc.DBAPIError) -> bool:
    """Whether the file of the database is none, or not a whole one."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_DAMAGED


def is_away(error: sa.exc.DBAPIError) -> bool:
    """Whether it is the database that cannot be asked at this moment, not we who ask wrongly.

    What was to be committed may be, or not.
    """
    if (code := getattr(error.orig, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in _SQLITE_AWAY
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # the server was not reached, or said no more
        return isinstance(error, sa.exc.OperationalError)
    return str(state).startswith(_POSTGRES_AWAY)


def _check(url: str) -> None:
    """Refuse what no connection can be made of, in words; the URL, with its password, is not told."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:  # the latter: a port that is no number
        raise SettingsError(
            f"TELECINE_DATABASE_URL: this is no database's URL. {_FORMS}"
        ) from error
    scheme = parsed.drivername
    if scheme not in _DRIVERS:
        trouble = f"Telecine keeps nothing in {scheme}."
    elif not parsed.database or parsed.database == ":memory:":
        trouble = "it names no database."
    elif parsed.host and "@" in parsed.host:
        trouble = "there is an @ too many in it."
    else:
        return
    raise SettingsError(f"TELECINE_DATABASE_URL: {trouble} {_FORMS}")


def _create_engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = _create_postgres(parsed)
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    if parsed.database:
        _make_database(Path(parsed.database))
    engine = sa.create_engine(parsed, pool_size=10, max_overflow=30)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _create_postgres(url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
    except ImportError as error:
        raise SettingsError(
            f"TELECINE_DATABASE_URL: the driver for Postgres cannot be loaded ({error}). "
            "`./telecine setup` installs it."
        ) from error


def _make_database(path: Path) -> None:
    """Make the file before SQLite does: its log and index get the mode that it has."""
    make_private(path.parent)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def patient(url: str) -> str:
    """Return the URL of a database with how long its server may be silent."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "postgresql":
        return url
    said = parsed.update_query_dict({**_POSTGRES_PATIENCE, **parsed.query})
    return said.render_as_string(hide_password=False)


def _prepare_postgres(connection: Any, _record: object) -> None:
    connection.execute(_POSTGRES_PREPARE)
    connection.commit()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's own transaction control begins only before the first write; ours begins in
    # `_begin_sqlite`.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    durable = options.get("telecine_durable", True)
    connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    readonly = options.get("telecine_readonly", False)
    connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")
