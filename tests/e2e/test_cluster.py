"""Several machines that share a database and a bucket, and one of them is cut off in mid-job.

Real processes, real networks between them, the settings as they are by default. What must hold is
asked of the database and the bucket.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from tests import encoders, samples
from tests.cluster import APIS, WORKERS, Cluster, cluster
from tests.receivers import Receiver

from telecine.db import Database
from telecine.db.tables import credit_balances, files, jobs, ledger_entries, workers
from telecine_client import Client

_PATIENCE_SECONDS = 180.0
#: What is promised, from the moment at which a machine cannot be reached any more.
_TAKEOVER_SECONDS = 60.0
#: How far an API may be from the database's clock; machines here are minutes from it.
_SLACK_SECONDS = 20.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="module")
def db(running: Cluster) -> Iterator[Database]:
    database = Database(running.database_url.replace("postgresql://", "postgresql+psycopg://"))
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(
        tmp_path_factory.mktemp("media") / "long.mp4", seconds=6, size=(640, 360)
    )


@pytest.fixture(scope="module")
def short_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("media") / "short.mp4", seconds=0.5)


def test_a_minute_of_requests_is_counted_by_all_apis_together(
    running: Cluster, db: Database
) -> None:
    """By one clock, too: theirs are 7 minutes apart, and a minute is a minute of the database's."""
    left: dict[int, list[int]] = {}
    for name in (*APIS, *APIS):
        before = _now(db)
        reply = _ask(running, name, "GET", "/api/v1/usage")
        reset = int(reply.headers["x-ratelimit-reset"])
        assert before - _SLACK_SECONDS < reset <= _now(db) + 60 + _SLACK_SECONDS
        left.setdefault(reset, []).append(int(reply.headers["x-ratelimit-remaining"]))
    for counts in left.values():  # of one minute, mostly
        assert counts == list(range(counts[0], counts[0] - len(counts), -1))


def test_a_preview_that_one_api_took_another_shows(running: Cluster) -> None:
    clip = {"type": "text", "text": "one of two", "start": 0, "duration": 1}
    meta = {"version": "2.0.0", "width": 160, "height": 90, "fps": 10}
    shown = {"meta": meta, "tracks": [{"clips": [clip]}]}
    taken = _ask(running, "api1", "POST", "/api/v1/preview", json=shown).json()
    playlist = _ask(running, "api2", "GET", f"/t/{taken['tempId']}/index.m3u8").text
    assert "#EXTM3U" in playlist
    assert len(_ask(running, "api2", "GET", f"/t/{taken['tempId']}/0.m4s").content) > 500


def test_what_one_api_took_another_gives_out(
    running: Cluster, short_video: Path, tmp_path: Path
) -> None:
    with (
        Client(running.urls["api1"], running.key) as first,
        Client(running.urls["api2"], running.key) as second,
    ):
        job = first.compress(short_video)
        second.wait(job.id, timeout_seconds=_PATIENCE_SECONDS)
        made = second.download(job.id, to=tmp_path / "made.mp4")
    assert made.stat().st_size > 1000


def test_the_job_of_a_machine_that_is_cut_off_ends_on_another_once(
    running: Cluster, db: Database, long_video: Path, short_video: Path
) -> None:
    receiver = Receiver(address=running.machines["client"].address)
    with Client(running.urls["api1"], running.key) as client:
        job_ids = [
            client.compress(long_video, codec="h265", webhook_url=receiver.url).id for _ in range(2)
        ]
        held = encoders.hold(lambda: _encoders(running, *WORKERS), number=2)
        cut_off, other = job_ids
        victim = str(_row(db, cut_off).worker_id)
        running.machines[victim].cut()
        began = time.monotonic()
        encoders.let_go(held)

        _wait(lambda: _row(db, cut_off).ticket == 2, what="a second ticket")
        # Before anybody else can have begun, nothing of it runs on the machine that was cut off.
        assert not _encoders(running, victim)
        assert time.monotonic() - began < _TAKEOVER_SECONDS

        for each in job_ids:
            client.wait(each, timeout_seconds=_PATIENCE_SECONDS)
    moved, left_alone = _row(db, cut_off), _row(db, other)
    assert (moved.status, moved.ticket, moved.attempt) == ("succeeded", 2, 2)
    assert moved.worker_id != victim
    # Clocks that are wrong by minutes have cost nobody a job.
    assert (left_alone.ticket, left_alone.attempt) == (1, 1)

    running.machines[victim].mend()
    mended = _heartbeat(db, victim)
    _wait(lambda: _heartbeat(db, victim) > mended, what="a heartbeat of the machine that is back")
    running.stop(*(name for name in WORKERS if name != victim))
    with Client(running.urls["api2"], running.key) as client:
        last = client.compress(short_video)
        client.wait(last.id, timeout_seconds=_PATIENCE_SECONDS)
    assert _row(db, last.id).worker_id == victim
    assert running.processes[victim].poll() is None
    _wait(lambda: len(receiver.received) == 2, what="both webhooks")
    receiver.close()
    assert len(receiver.received) == 2
    assert not list((running.data[victim] / "work").glob("*/*"))
    _assert_the_books_agree(running, db)


def _assert_the_books_agree(running: Cluster, db: Database) -> None:
    """Every job was paid for once, and the bucket has what somebody owns and nothing else."""
    with db.snapshot() as tx:
        rows = tx.execute(sa.select(jobs.c.id, jobs.c.status, jobs.c.price)).all()
        assert {row.status for row in rows} == {"succeeded"}
        assert tx.execute(sa.select(sa.func.sum(ledger_entries.c.amount))).scalar_one() == 0
        for row in rows:
            kinds = tx.execute(
                sa.select(ledger_entries.c.kind).where(
                    ledger_entries.c.job_id == row.id, ledger_entries.c.book == "held"
                )
            ).scalars()
            assert sorted(kinds) == ["reserve", "settle"]
        balance = tx.execute(sa.select(credit_balances)).one()
        assert (balance.available, balance.held) == (1_000_000 - sum(r.price for r in rows), 0)
    # Inputs go in the janitor's next round.
    try:
        _wait(lambda: running.stored() == _owned(db) == _outputs(db), what="a clean bucket")
    except AssertionError as error:
        error.add_note(f"stored {running.stored()}, owned {_owned(db)}\n{running.logs()}")
        raise
    assert len(_outputs(db)) == len(rows)


def _owned(db: Database) -> set[str]:
    with db.snapshot() as tx:
        return set(
            tx.execute(sa.select(files.c.blob_key).where(files.c.deleted_at.is_(None))).scalars()
        )


def _outputs(db: Database) -> set[str]:
    return {key for key in _owned(db) if key.startswith("outputs/")}


def _now(db: Database) -> float:
    with db.snapshot() as tx:
        at: datetime = tx.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        return at.timestamp()


def _ask(running: Cluster, name: str, method: str, path: str, **body: Any) -> httpx2.Response:
    reply = httpx2.request(
        method,
        running.urls[name] + path,
        headers={"Authorization": f"Bearer {running.key}"},
        timeout=_PATIENCE_SECONDS,
        **body,
    )
    return reply.raise_for_status()


def _row(db: Database, job_id: str) -> sa.Row[tuple[object, ...]]:
    with db.snapshot() as tx:
        return tx.execute(sa.select(jobs).where(jobs.c.id == job_id)).one()


def _heartbeat(db: Database, worker_id: str) -> datetime:
    with db.snapshot() as tx:
        query = sa.select(workers.c.heartbeat_at).where(workers.c.id == worker_id)
        beat: datetime = tx.execute(query).scalar_one()
        return beat


def _encoders(running: Cluster, *names: str) -> list[int]:
    return [pid for name in names for pid in encoders.at_work(running.data[name])]


def _wait(condition: Callable[[], object], *, what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.1)
