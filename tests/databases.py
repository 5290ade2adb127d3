"""Databases of the tests' own: a Postgres in a temporary folder, and a SQLite that is ready at once.

The SQLite is migrated once a process and copied: what a migration does is asked elsewhere.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from telecine import engine
from telecine.db import Database
from telecine.db.migrate import migrate

#: Where Debian keeps the programs that it does not put on the PATH.
_DEBIAN = Path("/usr/lib/postgresql")
LOOPBACK = "127.0.0.1"
#: Nothing here must survive a power cut.
_OPTIONS = "-c fsync=off -c full_page_writes=off -c max_connections=100 -c unix_socket_directories="


def prepare(database: Database) -> None:
    """Give a database that nobody has opened yet our tables and the engine's, as a start does."""
    path = sa.make_url(database.url).database
    if database.url.startswith("sqlite") and path and Path(path).stat().st_size == 0:
        Path(path).write_bytes(_prepared())
    else:
        migrate(database)
        engine.migrate(database.url)


@cache
def _prepared() -> bytes:
    with tempfile.TemporaryDirectory(prefix="telecine-sqlite-") as folder:
        path = Path(folder) / "new.db"
        made = Database(f"sqlite:///{path}")
        migrate(made)
        engine.migrate(made.url)
        made.dispose()
        assert not path.with_name("new.db-wal").exists()
        return path.read_bytes()


@contextmanager
def postgres(address: str = LOOPBACK) -> Iterator[str]:
    """Give the URL of an empty database for as long as the block lasts."""
    with cluster(address) as made:
        yield made.url


@contextmanager
def cluster(address: str = LOOPBACK) -> Iterator[Cluster]:
    """Give a running cluster with an empty database; it is gone after the block.

    At another address than loopback it is open to the networks that this machine is in.
    """
    with tempfile.TemporaryDirectory(prefix="telecine-postgres-") as folder:
        made = Cluster(folder=Path(folder), address=address, port=_free_port())
        made.make()
        made.start()
        try:
            yield made
        finally:
            made.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A Postgres that can be started again, also after it was killed."""

    folder: Path
    address: str
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://telecine@{self.address}:{self.port}/postgres"

    def make(self) -> None:
        made = (
            "--auth=trust",
            "--username=telecine",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        )
        self._run("initdb", *made)
        if self.address != LOOPBACK:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet trust\n")

    def start(self) -> None:
        """Start it, and wait until connections are taken."""
        options = f"{_OPTIONS} -c listen_addresses={self.address} -c port={self.port}"
        self._run("pg_ctl", f"--log={self.folder / 'log'}", f"--options={options}", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "--mode=immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        _run(program, f"--pgdata={self._data}", *arguments, **_owner(str(self.folder)))

    @property
    def _data(self) -> Path:
        return self.folder / "data"


def _owner(folder: str) -> dict[str, Any]:
    """Postgres refuses to run as root: then its own user has the folder."""
    if os.getuid() != 0:
        return {}
    user = next(name for name in ("postgres", "nobody") if _is_there(name))
    shutil.chown(folder, user)
    return {"user": user, "extra_groups": []}


def _is_there(user: str) -> bool:
    return any(each.pw_name == user for each in pwd.getpwall())


def path() -> str:
    """Return a PATH on which the programs of Postgres are, those of one version first."""
    found = max(map(str, _DEBIAN.glob("*/bin")), default="")
    return os.pathsep.join(filter(None, (found, os.environ["PATH"])))


def _run(program: str, *arguments: str, **owner: Any) -> None:
    found = shutil.which(program) or max(map(str, _DEBIAN.glob(f"*/bin/{program}")), default=None)
    assert found, f"The tests need Postgres: there is no {program} here (Debian: postgresql)."
    # Its output goes to a file: a pipe would stay open for as long as the server runs.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [found, *arguments], cwd="/", stdout=said, stderr=said, check=False, **owner
        )
        said.seek(0)
        assert done.returncode == 0, said.read().decode()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
