"""What an operator is told where the database or the storage cannot be used: which, and why.

Clients read less of it (`kit/errors.py`). Nobody reads a password.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from telecine.assembly import Telecine
from telecine.blobs import reason
from telecine.db import is_away, is_out_of_room
from telecine.kit.errors import StorageError
from telecine.settings import Settings

#: Who asks is not let in; there is no such database; what is there may not be touched.
_NOT_LET_IN = ("28", "3D", "42501")
_POSTGRES_PORT = 5432


def of_database(error: Exception, settings: Settings) -> str | None:
    """Return what is wrong with the database, in a line; None where something else is."""
    if not isinstance(error, DBAPIError) or not _is_the_operators(error):
        return None
    # The driver's first line ends in the cause: "connection to server at … failed: FATAL:  …".
    said = str(error.orig).strip().partition("\n")[0]
    cause = said.rpartition(" failed: ")[2].removeprefix("FATAL:").strip().rstrip(".")
    if not settings.database_url:
        return (
            f"The database in the data folder cannot be used: {cause}. "
            "--data or TELECINE_DATA names the folder."
        )
    url = sa.make_url(settings.resolved_database_url)
    if url.get_backend_name() == "sqlite":
        return f"TELECINE_DATABASE_URL: the database {url.database} cannot be used: {cause}."
    host = url.host or url.query.get("host") or "the local socket"
    return (
        f"TELECINE_DATABASE_URL: the database {url.database} on {host}, port "
        f"{url.port or _POSTGRES_PORT}, cannot be used by {url.username}: {cause}."
    )


def _is_the_operators(error: DBAPIError) -> bool:
    state = str(getattr(error.orig, "sqlstate", ""))
    return is_away(error) or is_out_of_room(error) or state.startswith(_NOT_LET_IN)


def check_storage(telecine: Telecine) -> None:
    """Try the storage. Raises `StorageError` that names the setting, the place and the cause."""
    try:
        telecine.blobs.check()
    except StorageError as error:
        place = _place(telecine.settings.resolved_storage_url)
        raise StorageError(
            f"TELECINE_STORAGE_URL: {place} cannot be used: {reason(error)}."
        ) from error


def _place(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "s3":
        return url
    options = dict(parse_qsl(parts.query))
    endpoint = urlsplit(options.get("endpoint", ""))
    server = f"{endpoint.scheme}://{endpoint.netloc.rpartition('@')[2]}"
    return f"the bucket {parts.hostname} at {server if endpoint.netloc else 'Amazon S3'}"
