"""kill -9 at any moment: no accepted job is lost, none is charged twice, no encoder stays.

A real server on SQLite, real encodes. What must hold is asked afterwards, of the database.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests import encoders, samples

from telecine.cli.local_server import LocalServer, local_server, stop
from telecine.db import Database
from telecine.db.tables import credit_balances, deliveries, files, jobs, ledger_entries
from telecine_client import Client

_PATIENCE_SECONDS = 180.0


@pytest.fixture(scope="module")
def slow_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video whose H.265 encode takes some seconds."""
    return samples.make_video(
        tmp_path_factory.mktemp("media") / "slow.mp4", seconds=6, size=(640, 360)
    )


def _processes(needle: str) -> list[int]:
    """Ids of processes whose command line holds `needle`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = os.fsdecode((entry / "cmdline").read_bytes().replace(b"\0", b" "))
            except OSError:
                continue
            if needle in command and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


def _children(data: Path, kind: str) -> list[int]:
    return _processes(f"telecine {kind} --data {data}")


def _hold(data: Path) -> list[int]:
    """Wait for an encoder of this server, and hold it at its work."""
    return encoders.hold(lambda: encoders.at_work(data))


def _wait(condition: Callable[[], object], *, what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.1)


def _kill(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[LocalServer]:
    with local_server(data) as running:
        yield running


def _assert_the_books_agree(data: Path, *, expected_jobs: int) -> None:
    database = Database(f"sqlite:///{data / 'telecine.db'}")
    with database.snapshot() as tx:
        rows = tx.execute(sa.select(jobs.c.id, jobs.c.status, jobs.c.price)).all()
        assert len(rows) == expected_jobs
        assert {row.status for row in rows} == {"succeeded"}
        assert tx.execute(sa.select(sa.func.sum(ledger_entries.c.amount))).scalar_one() == 0
        for row in rows:
            kinds = (
                tx.execute(
                    sa.select(ledger_entries.c.kind).where(
                        ledger_entries.c.job_id == row.id, ledger_entries.c.book == "held"
                    )
                )
                .scalars()
                .all()
            )
            assert sorted(kinds) == ["reserve", "settle"]
        balance = tx.execute(sa.select(credit_balances)).one()
        assert (balance.available, balance.held) == (1_000_000 - sum(r.price for r in rows), 0)
        assert tx.execute(sa.select(sa.func.count()).select_from(deliveries)).scalar_one() == 0
        kept = tx.execute(sa.select(files.c.blob_key).where(files.c.deleted_at.is_(None))).scalars()
        owned = set(kept)
    database.dispose()
    stored = {
        str(path.relative_to(data / "files"))
        for path in (data / "files").rglob("*")
        if path.is_file()
    }
    assert {key for key in stored if key.startswith("outputs/")} <= owned
    assert len([key for key in owned if key.startswith("outputs/")]) == expected_jobs


def test_a_killed_worker_takes_its_encoder_along_and_its_job_is_finished(
    server: LocalServer, data: Path, slow_video: Path, tmp_path: Path
) -> None:
    with Client(server.url, server.key) as client:
        job = client.compress(slow_video, codec="h265")
        held = _hold(data)
        _kill(_children(data, "worker"))
        _wait(lambda: not set(held) & set(encoders.at_work(data)), what="the end of the encoder")
        client.wait(job.id, timeout_seconds=_PATIENCE_SECONDS)
        made = client.download(job.id, to=tmp_path / "made.mp4")
    assert made.stat().st_size > 1000
    _assert_the_books_agree(data, expected_jobs=1)


def test_a_killed_api_process_comes_back_on_the_same_port(
    server: LocalServer, data: Path, slow_video: Path
) -> None:
    with Client(server.url, server.key) as client:
        job = client.compress(slow_video, codec="h265")
        _kill(_children(data, "api"))
        # The supervisor holds the socket: the next request waits for the new process.
        client.wait(job.id, timeout_seconds=_PATIENCE_SECONDS)
    _assert_the_books_agree(data, expected_jobs=1)


def test_everything_killed_at_once_is_finished_by_the_next_start(
    data: Path, slow_video: Path
) -> None:
    with local_server(data) as first, Client(first.url, first.key) as client:
        submitted = [client.compress(slow_video, codec="h265").id for _ in range(2)]
        _hold(data)
        _kill([first.process.pid, *_children(data, "worker"), *_children(data, "api")])
        first.process.wait()
        _wait(lambda: not encoders.at_work(data), what="the end of all encoders")
    with local_server(data, key=first.key) as second, Client(second.url, first.key) as client:
        for job_id in submitted:
            client.wait(job_id, timeout_seconds=_PATIENCE_SECONDS)
    _assert_the_books_agree(data, expected_jobs=2)


def test_a_killed_supervisor_leaves_no_process_behind(
    server: LocalServer, data: Path, slow_video: Path
) -> None:
    with Client(server.url, server.key) as client:
        client.compress(slow_video, codec="h265")
    _hold(data)
    os.kill(server.process.pid, signal.SIGKILL)
    _wait(
        lambda: not (_children(data, "api") + _children(data, "worker") + encoders.at_work(data)),
        what="the end of all children",
    )


def test_a_stopped_server_gives_its_job_back_without_counting_an_attempt(
    data: Path, slow_video: Path
) -> None:
    with local_server(data) as first, Client(first.url, first.key) as client:
        job = client.compress(slow_video, codec="h265")
        _hold(data)
        stop(first.process)
    assert not encoders.at_work(data)
    database = Database(f"sqlite:///{data / 'telecine.db'}")
    with database.snapshot() as tx:
        row = tx.execute(sa.select(jobs.c.status, jobs.c.attempt)).one()
    database.dispose()
    assert (row.status, row.attempt) == ("queued", 0)
    assert not list((data / "work").iterdir())
    with local_server(data, key=first.key) as second, Client(second.url, first.key) as client:
        client.wait(job.id, timeout_seconds=_PATIENCE_SECONDS)
    _assert_the_books_agree(data, expected_jobs=1)


def _refuse_updates(data: Path, *, of: Sequence[str]) -> None:
    """Have the database refuse changes of these tables, as it does when its disk is full."""
    with contextlib.closing(sqlite3.connect(data / "telecine.db", timeout=180)) as database:
        for table in of:
            database.execute(
                f"CREATE TRIGGER full_{table} BEFORE UPDATE ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )


def _take_updates(data: Path, *, of: Sequence[str]) -> None:
    with contextlib.closing(sqlite3.connect(data / "telecine.db", timeout=180)) as database:
        for table in of:
            database.execute(f"DROP TRIGGER full_{table}")


def test_a_job_that_no_verdict_could_be_written_of_is_run_again_by_the_same_worker(
    server: LocalServer, data: Path, slow_video: Path
) -> None:
    """The worker lives on, and its ticket stays claimed: nobody else would ever end the job."""
    tables = ("jobs", "workflow_status")
    with Client(server.url, server.key) as client:
        job = client.compress(slow_video, codec="h265")
        held = _hold(data)
        workers = _children(data, "worker")
        _refuse_updates(data, of=tables)
        encoders.let_go(held)
        _wait(lambda: not encoders.at_work(data), what="the end of the attempt")
        assert client.status(job.id).status == "processing"
        time.sleep(2)  # what the engine still wants to write is refused too
        _take_updates(data, of=tables)
        client.wait(job.id, timeout_seconds=_PATIENCE_SECONDS)
        assert _children(data, "worker") == workers
    _assert_the_books_agree(data, expected_jobs=1)


def _answer_of(*command: str) -> tuple[int, str]:
    """Exit status and stderr of a Telecine command that ends by itself."""
    ended = subprocess.run(
        [sys.executable, "-m", "telecine", *command], capture_output=True, text=True, timeout=180
    )
    return ended.returncode, " ".join(ended.stderr.split())


def test_a_second_holder_of_a_folder_or_a_worker_id_is_refused_in_one_line(
    server: LocalServer, data: Path, slow_video: Path
) -> None:
    with Client(server.url, server.key) as client:
        job = client.compress(slow_video, codec="h265")
        held = _hold(data)
        status, said = _answer_of("serve", "--data", str(data), "--port", "0")
        assert status == 1
        assert said.startswith(f"`telecine serve` runs in {data} already (process ")
        assert str(server.process.pid) in said
        (command,) = (
            Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in _children(data, "worker")
        )
        worker_id = command.split("\0")[command.split("\0").index("--id") + 1]
        status, said = _answer_of("worker", "--data", str(data), "--id", worker_id)
        assert (status, said.count("Traceback")) == (1, 0)
        assert f"The worker id {worker_id} is in use on this machine." in said
        encoders.let_go(held)
        client.wait(job.id, timeout_seconds=_PATIENCE_SECONDS)
    _assert_the_books_agree(data, expected_jobs=1)
    database = Database(f"sqlite:///{data / 'telecine.db'}")
    with database.snapshot() as tx:
        # Neither of the two took the running job for one of its own lost ones.
        assert tx.execute(sa.select(jobs.c.ticket, jobs.c.attempt)).one() == (1, 1)
    database.dispose()


def _half_uploaded(url: str, key: str) -> socket.socket:
    """A connection on which 3 MB of a file of 30 MB have been sent."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    head = (
        f"POST /api/v1/compress HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Length: 30000000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
    )
    connection.sendall(head.encode() + bytes(3_000_000))
    return connection


def test_what_a_killed_api_process_had_half_received_is_gone_when_it_is_back(
    server: LocalServer, data: Path
) -> None:
    with _half_uploaded(server.url, server.key):
        _wait(lambda: list((data / "staging").iterdir()), what="a staged file")
        (left,) = (data / "staging").iterdir()
        _kill(_children(data, "api"))
        _wait(lambda: not left.exists(), what="the end of the staged file")
    with _half_uploaded(server.url, server.key):
        _wait(lambda: list((data / "staging").iterdir()), what="a staged file of the new process")


def test_what_a_killed_worker_had_half_made_is_gone_when_it_is_back(
    server: LocalServer, data: Path, slow_video: Path
) -> None:
    with Client(server.url, server.key) as client:
        job = client.compress(slow_video, codec="h265")
        _hold(data)
        (left,) = (data / "work").glob("*/*")
        _kill(_children(data, "worker"))
        _wait(lambda: not left.exists(), what="the end of the workspace")
        client.wait(job.id, timeout_seconds=_PATIENCE_SECONDS)
    _wait(lambda: not list((data / "work").glob("*/*")), what="the end of the second workspace")


def test_twelve_kills_at_random_moments_lose_nothing(data: Path, slow_video: Path) -> None:
    # A killed attempt counts, so the limit is raised: here nothing but our kills goes wrong.
    moments = random.Random(20261121)
    with (
        local_server(data, workers=2, environment={"TELECINE_JOB_ATTEMPTS": "20"}) as server,
        Client(server.url, server.key, tries=20) as client,
    ):
        submitted = [client.compress(slow_video, codec="h264").id for _ in range(4)]
        for _ in range(12):
            time.sleep(moments.uniform(0.2, 1.5))
            victims = _children(data, "worker") + _children(data, "api") + encoders.at_work(data)
            if victims:
                _kill([moments.choice(victims)])
        outcomes = [client.wait(job_id, timeout_seconds=_PATIENCE_SECONDS) for job_id in submitted]
    assert all(job.status == "completed" for job in outcomes)
    _assert_the_books_agree(data, expected_jobs=4)


def test_workers_have_ids_that_survive_a_restart(server: LocalServer, data: Path) -> None:
    def ids() -> set[str]:
        commands = [
            os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
            for pid in _children(data, "worker")
        ]
        return {match.group(1) for c in commands if (match := re.search(r"--id (\S+)", c))}

    _wait(ids, what="a worker")  # it begins after the server has said where it listens
    before, processes = ids(), _children(data, "worker")
    _kill(processes)
    _wait(lambda: set(_children(data, "worker")) - set(processes), what="a new worker")
    assert ids() == before
