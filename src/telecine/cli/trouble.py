"""What an operator is told where the database or the storage cannot be used: which, and why.

Clients read less of it (`kit/errors.py`). Nobody reads a password.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, ProgrammingError

from telecine.blobs import reason
from telecine.db import Database, file_of, is_away, is_damaged, is_out_of_room
from telecine.db.migrate import is_new
from telecine.kit.errors import StorageError
from telecine.settings import Settings, SettingsError

#: Who asks is not let in; there is no such database; what is there may not be touched.
_NOT_LET_IN = ("28", "3D", "42501")
_POSTGRES_PORT = 5432
_INSTEAD = "Put a backup in its place, or move it away to begin with an empty one"


@contextmanager
def told(settings: Settings) -> Iterator[None]:
    """Have what cannot be used in the block raise a `TelecineError` that names it, and the cause."""
    try:
        yield
    except StorageError as error:
        named = "TELECINE_STORAGE_URL: t" if settings.storage_url else "T"
        place = _place(settings.resolved_storage_url)
        raise StorageError(f"{named}he {place} cannot be used: {reason(error)}.") from error
    except DBAPIError as error:
        if (said := _of_database(error, settings)) is None:
            raise
        raise SettingsError(said) from error


def check_files(settings: Settings, db: Database) -> None:
    """Refuse a new database where the storage folder is in use: its files would soon be deleted.

    To be asked before `migrate`. Of a bucket it knows nothing. Raises `SettingsError`.
    """
    parts = urlsplit(settings.resolved_storage_url)
    folder = Path(unquote(parts.path))
    # In this order: another process may make the database meanwhile, and then a file.
    if parts.scheme == "file" and _holds_files(folder) and is_new(db):
        raise SettingsError(
            f"The database {db.place} is new or empty, but there are files of an earlier one in "
            f"{folder}. It knows none of them, and they would be deleted within a day. Put the "
            "backup of the database in its place, or move that folder away to begin anew."
        )


def _holds_files(folder: Path) -> bool:
    """Whether a blob lies anywhere in it; no key begins with a dot."""
    for _place, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        if any(not name.startswith(".") for name in names):
            return True
    return False


def _of_database(error: DBAPIError, settings: Settings) -> str | None:
    """Return what is wrong with the database, in a line; None where the mistake is ours."""
    if not _is_the_operators(error):
        return None
    # The driver's first line ends in the cause: "connection to server at … failed: FATAL:  …".
    said = str(error.orig).strip().partition("\n")[0]
    cause = said.rpartition(" failed: ")[2].removeprefix("FATAL:").strip().rstrip(".")
    file = file_of(settings.resolved_database_url)
    if file is not None and file.is_dir():
        cause = f"{file.name} is a folder. {_INSTEAD}"
    elif is_damaged(error):
        cause += f". {_INSTEAD}"
    if not settings.database_url:
        return (
            f"The database in the data folder {settings.data_dir} cannot be used: {cause}. "
            "--data or TELECINE_DATA names another folder."
        )
    if file is not None:
        return f"TELECINE_DATABASE_URL: the database {file} cannot be used: {cause}."
    url = sa.make_url(settings.resolved_database_url)
    host = url.host or url.query.get("host") or "the local socket"
    return (
        f"TELECINE_DATABASE_URL: the database {url.database} on {host}, port "
        f"{url.port or _POSTGRES_PORT}, cannot be used by {url.username}: {cause}."
    )


def _is_the_operators(error: DBAPIError) -> bool:
    if isinstance(error, ProgrammingError) and error.statement is None:
        return True  # nothing was asked yet: an option of the URL that the driver does not know
    state = str(getattr(error.orig, "sqlstate", ""))
    return is_away(error) or is_out_of_room(error) or state.startswith(_NOT_LET_IN)


def _place(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return f"folder {unquote(parts.path)}"
    options = dict(parse_qsl(parts.query))
    endpoint = urlsplit(options.get("endpoint", ""))
    server = f"{endpoint.scheme}://{endpoint.netloc.rpartition('@')[2]}"
    return f"bucket {parts.hostname} at {server if endpoint.netloc else 'Amazon S3'}"
