"""A backup is put back: the database is older than the files, and nothing is paid for twice."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests import databases, samples, steps
from tests.conftest import customer_of
from tests.fakes import FixedClock
from tests.faults import invariants

from telecine.api.app import create_app
from telecine.assembly import Telecine, assemble
from telecine.media.pool import Pool

_DEPLOY: Final = Path(__file__).resolve().parents[2] / "docs/howto/deploy.md"
#: Owns its database, and no more.
_ROLE: Final = "app"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mp4", seconds=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InFile:
    """A SQLite database, which is copied while it is in use."""

    telecine: Telecine
    copy: Path

    def back_up(self) -> None:
        """What `sqlite3 SOURCE ".backup TARGET"` does."""
        source = self.telecine.settings.data_dir / "telecine.db"
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(self.copy)) as new:
            old.backup(new)

    def restore(self) -> None:
        """As the page says: nothing runs, and the log of the other database is gone."""
        database = self.telecine.settings.data_dir / "telecine.db"
        for name in ("telecine.db", "telecine.db-wal", "telecine.db-shm"):
            database.with_name(name).unlink(missing_ok=True)
        self.copy.rename(database)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InPostgres:
    """A Postgres database of a role that may make none; the page's commands are run."""

    telecine: Telecine
    admin: str
    folder: Path

    def back_up(self) -> None:
        self._follow(next(each for each in self._blocks() if "pg_dump" in each))

    def restore(self) -> None:
        self._follow(next(each for each in self._blocks() if "pg_restore" in each))

    def _blocks(self) -> list[str]:
        page = _DEPLOY.read_text("utf-8")
        return re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    def _follow(self, block: str) -> None:
        for said, here in (
            ("postgresql://postgres@db.example.com/postgres", self.admin),
            ("--owner=telecine", f"--owner={_ROLE}"),
            ("/backup/", f"{self.folder}/"),
        ):
            block = block.replace(said, here)
        url = self.telecine.settings.database_url
        environment = {"PATH": databases.path(), "TELECINE_DATABASE_URL": url}
        done = subprocess.run(
            ["sh", "-eux", "-c", block],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def in_file(telecine: Telecine, tmp_path: Path) -> _InFile:
    return _InFile(telecine=telecine, copy=tmp_path / "backup.db")


@pytest.fixture
def in_postgres(tmp_path: Path, clock: FixedClock, shared_pool: Pool) -> Iterator[_InPostgres]:
    with databases.postgres() as admin:
        server = sa.create_engine(admin, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE ROLE {_ROLE} LOGIN"))
            connection.execute(sa.text(f"CREATE DATABASE telecine OWNER {_ROLE}"))
        server.dispose()
        its = sa.make_url(admin).set(username=_ROLE, database="telecine")
        url = its.render_as_string(hide_password=False)
        with steps.opened(tmp_path / "data", clock=clock, database_url=url) as made:
            yield _InPostgres(
                telecine=replace(made, pool=shared_pool), admin=admin, folder=tmp_path
            )


@pytest.fixture(params=["in_file", "in_postgres"])
def kept(request: pytest.FixtureRequest) -> _InFile | _InPostgres:
    found: _InFile | _InPostgres = request.getfixturevalue(request.param)
    return found


def _age(telecine: Telecine, clock: FixedClock) -> None:
    """Half a day goes by for whatever is stored."""
    then = clock().timestamp() - 13 * 3600
    for name in steps.files_on_disk(telecine):
        os.utime(telecine.settings.data_dir / name, (then, then))


def test_a_database_that_is_older_than_its_files_ends_every_job_once(
    kept: _InFile | _InPostgres, video: Path, clock: FixedClock
) -> None:
    telecine = kept.telecine
    customer = customer_of(telecine)
    with TestClient(create_app(telecine.services()), headers=customer.headers) as client:
        ended = steps.submit(client, video)
        waits = steps.submit(client, video)
        kept.back_up()
        steps.run(telecine, ended)
        steps.janitor(telecine).delete_expired_files()  # its input
        younger = steps.submit(client, video)
        steps.run(telecine, younger)
    telecine.close()
    kept.restore()

    restored = assemble(telecine.settings, clock=clock)
    with TestClient(create_app(restored.services()), headers=customer.headers) as client:
        assert client.get(f"/api/v1/status/{younger}").status_code == 404
        for job_id in (ended, waits):
            assert steps.status_of(client, job_id)["status"] == "pending"
            steps.run(restored, job_id)
        again = steps.status_of(client, ended)
        assert (again["status"], again["error_code"]) == ("failed", "expired")
        assert again["error"] == "What was sent for this job is not stored any more. Send it again."
        assert again["credits_charged"] == 0
        assert steps.status_of(client, waits)["status"] == "completed"
        assert client.get(f"/api/v1/download/{waits}").status_code == 200
    _age(restored, clock)
    janitor = steps.janitor(restored)
    janitor.delete_expired_files()
    janitor.sweep()
    books = invariants.read(restored)
    assert list(invariants.of_ledger(books)) == []
    assert list(invariants.of_jobs(books, [])) == []
    owned = {each.blob_key for each in books.files.values() if each.deleted_at is None}
    assert {blob.key for blob in restored.blobs.list_keys()} == owned
    assert len(owned) == 1
    if restored.db.url.startswith("sqlite"):
        with restored.db.snapshot() as tx:
            assert tx.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"
    restored.close()
