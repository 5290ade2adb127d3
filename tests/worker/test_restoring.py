"""A backup is put back: the database is older than the files, and nothing is paid for twice."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests import samples, steps
from tests.conftest import Customer
from tests.fakes import FixedClock
from tests.faults import invariants

from telecine.api.app import create_app
from telecine.assembly import Telecine, assemble


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mp4", seconds=0.5)


def _copy(source: Path, target: Path) -> None:
    """What `sqlite3 SOURCE ".backup TARGET"` does."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _restore(telecine: Telecine, backup: Path) -> None:
    """As the page says: nothing runs, and the log of the other database is gone."""
    telecine.close()
    database = telecine.settings.data_dir / "telecine.db"
    for name in ("telecine.db", "telecine.db-wal", "telecine.db-shm"):
        database.with_name(name).unlink(missing_ok=True)
    backup.rename(database)


def _age(telecine: Telecine, clock: FixedClock) -> None:
    """Half a day goes by for whatever is stored."""
    then = clock().timestamp() - 13 * 3600
    for name in steps.files_on_disk(telecine):
        os.utime(telecine.settings.data_dir / name, (then, then))


def test_a_database_that_is_older_than_its_files_ends_every_job_once(
    telecine: Telecine, customer: Customer, video: Path, clock: FixedClock, tmp_path: Path
) -> None:
    with TestClient(create_app(telecine.services()), headers=customer.headers) as client:
        ended = steps.submit(client, video)
        waits = steps.submit(client, video)
        _copy(telecine.settings.data_dir / "telecine.db", tmp_path / "backup.db")
        steps.run(telecine, ended)
        steps.janitor(telecine).delete_expired_files()  # its input
        younger = steps.submit(client, video)
        steps.run(telecine, younger)
    _restore(telecine, tmp_path / "backup.db")

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
    with restored.db.snapshot() as tx:
        assert tx.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"
    restored.close()
