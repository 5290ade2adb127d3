"""Keeping house, with the clock moved: what must go goes, what may be in use stays."""

from __future__ import annotations

import os
import threading
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from tests import samples, steps
from tests.conftest import Customer
from tests.fakes import FixedClock

from telecine.assembly import Telecine
from telecine.core import jobs
from telecine.core.jobs import Ending, Job
from telecine.engine import TicketPhase


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mp4", seconds=0.5)


@pytest.fixture
def job_id(anybody: httpx2.Client, video: Path) -> str:
    return steps.submit(anybody, video)


def row(telecine: Telecine, job_id: str) -> Job:
    with telecine.db.snapshot() as tx:
        return jobs.get(tx, job_id)


def put(path: Path, *, written_at: datetime) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"bytes")
    os.utime(path, (written_at.timestamp(), written_at.timestamp()))
    return path


# Files whose time is over


def test_an_output_lives_a_day_to_the_second(
    telecine: Telecine, job_id: str, clock: FixedClock
) -> None:
    steps.run(telecine, job_id)
    janitor = steps.janitor(telecine)
    assert janitor.delete_expired_files() == 1  # the input
    clock.advance(hours=24, seconds=-1)
    assert janitor.delete_expired_files() == 0
    assert len(steps.files_on_disk(telecine)) == 1
    clock.advance(seconds=1)
    assert janitor.delete_expired_files() == 1
    assert steps.files_on_disk(telecine) == []
    assert janitor.delete_expired_files() == 0


def test_the_input_of_a_job_that_waits_is_kept_however_long(
    telecine: Telecine, job_id: str, clock: FixedClock
) -> None:
    clock.advance(days=30)
    janitor = steps.janitor(telecine)
    janitor.delete_expired_files()
    janitor.sweep()
    assert len(steps.files_on_disk(telecine)) == 1
    steps.run(telecine, job_id)
    assert row(telecine, job_id).status == "succeeded"


def test_bytes_that_are_gone_already_are_no_trouble(
    telecine: Telecine, job_id: str, clock: FixedClock
) -> None:
    steps.run(telecine, job_id)
    clock.advance(days=2)
    for name in steps.files_on_disk(telecine):
        (telecine.settings.data_dir / name).unlink()
    assert steps.janitor(telecine).delete_expired_files() == 2


def test_one_file_that_cannot_be_deleted_holds_up_no_other(
    telecine: Telecine, job_id: str, clock: FixedClock
) -> None:
    steps.run(telecine, job_id)
    clock.advance(days=2)
    data = telecine.settings.data_dir
    stuck = data / next(name for name in steps.files_on_disk(telecine) if "inputs" in name)
    stuck.unlink()
    (stuck / "child").mkdir(parents=True)  # a folder is no file to delete
    janitor = steps.janitor(telecine)
    assert janitor.delete_expired_files() == 1
    assert steps.files_on_disk(telecine) == []
    (stuck / "child").rmdir()
    stuck.rmdir()
    assert janitor.delete_expired_files() == 1


# What nobody owns


def test_old_bytes_without_an_owner_go_and_young_ones_stay(
    telecine: Telecine, job_id: str, clock: FixedClock
) -> None:
    files = telecine.settings.data_dir / "files"
    old = put(files / "outputs" / "old", written_at=clock() - timedelta(hours=12, seconds=1))
    young = put(files / "outputs" / "young", written_at=clock() - timedelta(hours=11))
    (owned,) = (files / "inputs").iterdir()
    os.utime(owned, (0, 0))
    steps.janitor(telecine).sweep()
    assert (old.exists(), young.exists(), owned.exists()) == (False, True, True)


def test_staged_bytes_of_a_crash_go_and_an_upload_under_way_stays(
    telecine: Telecine, clock: FixedClock
) -> None:
    staging = telecine.settings.data_dir / "staging"
    old = put(staging / "st_old", written_at=clock() - timedelta(hours=13))
    young = put(staging / "st_young", written_at=clock() - timedelta(minutes=1))
    steps.janitor(telecine).sweep()
    assert (old.exists(), young.exists()) == (False, True)


def test_workspaces_of_a_dead_worker_go_at_once_and_those_of_a_living_one_stay(
    telecine: Telecine, clock: FixedClock
) -> None:
    work = telecine.settings.data_dir / "work"
    for worker_id in ("w-1", "w-dead", "w-alive"):
        put(work / worker_id / "j_1-1-1" / "out.mp4", written_at=clock())
    alive = telecine.posts().lock("w-alive")
    assert alive.take()
    steps.janitor(telecine).sweep()  # of w-1
    assert sorted(folder.name for folder in work.iterdir()) == ["w-1", "w-alive"]
    alive.release()
    steps.janitor(telecine).sweep()
    assert [folder.name for folder in work.iterdir()] == ["w-1"]
    steps.janitor(telecine).clear_own_workspaces()
    assert list(work.iterdir()) == []


def test_past_minutes_are_forgotten(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    anybody.get("/api/v1/usage")
    clock.advance(minutes=3)
    steps.janitor(telecine).sweep()
    with telecine.db.snapshot() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM rate_windows").scalar_one() == 0


# Jobs that nobody will end


def claim_as(telecine: Telecine, job_id: str, worker_id: str) -> None:
    """Leave the ticket and the job as a worker does that dies while it runs it."""
    with telecine.db.transaction() as tx:
        tx.exec_driver_sql(
            "UPDATE workflow_status SET status = 'PENDING', executor_id = ? "
            "WHERE workflow_uuid = ?",
            (worker_id, f"{job_id}.1"),
        )
        jobs.enrol(tx, worker_id, pid=1, now=telecine.clock())
        ending = Ending(now=telecine.clock())
        jobs.start(tx, job_id, ticket=1, worker_id=worker_id, most=3, ending=ending)


def test_the_job_of_a_worker_that_is_silent_is_queued_anew(
    telecine: Telecine, customer: Customer, job_id: str, clock: FixedClock
) -> None:
    claim_as(telecine, job_id, "w-dead")
    janitor = steps.janitor(telecine)
    clock.advance(seconds=30)
    assert janitor.requeue_lost_jobs() == 0
    clock.advance(seconds=1)
    assert janitor.requeue_lost_jobs() == 1
    now = row(telecine, job_id)
    assert (now.status, now.ticket, now.attempt) == ("queued", 2, 1)
    assert telecine.queue.states([(job_id, 2)])[job_id, 2].phase is TicketPhase.WAITING
    assert janitor.requeue_lost_jobs() == 0
    steps.attempts(telecine).run(job_id, 2)
    assert row(telecine, job_id).status == "succeeded"
    assert [kind for kind, _, _ in steps.movements(telecine, customer.account)] == [
        "reserve",
        "reserve",
        "settle",
        "settle",
    ]


def test_the_job_of_a_worker_that_is_heard_of_is_left_to_it(
    telecine: Telecine, job_id: str, clock: FixedClock
) -> None:
    claim_as(telecine, job_id, "w-slow")
    clock.advance(hours=5)
    with telecine.db.transaction() as tx:
        jobs.enrol(tx, "w-slow", pid=1, now=clock())
    assert steps.janitor(telecine).requeue_lost_jobs() == 0


def test_a_ticket_of_its_own_that_runs_nowhere_is_lost_when_seen_twice(
    telecine: Telecine, job_id: str
) -> None:
    """What is left where neither the job's end nor the ticket's could be written down."""
    claim_as(telecine, job_id, "w-1")
    janitor = steps.janitor(telecine)  # of w-1, which is alive and beats
    assert janitor.requeue_lost_jobs() == 0
    assert janitor.requeue_lost_jobs() == 1
    assert row(telecine, job_id).ticket == 2
    steps.attempts(telecine).run(job_id, 2)
    assert row(telecine, job_id).status == "succeeded"


def test_a_ticket_that_runs_here_is_not_lost_though_no_heartbeat_could_be_written(
    telecine: Telecine, job_id: str, clock: FixedClock
) -> None:
    worker = telecine.worker("w-1", stop=threading.Event())
    claim_as(telecine, job_id, "w-1")
    worker.attempts.running.add((job_id, 1))
    clock.advance(hours=1)
    for _ in range(3):
        assert worker.janitor.requeue_lost_jobs() == 0
    worker.attempts.running.clear()
    assert [worker.janitor.requeue_lost_jobs() for _ in range(3)] == [0, 1, 0]


def test_a_job_whose_ticket_vanished_gets_another(telecine: Telecine, job_id: str) -> None:
    telecine.queue.forget([(job_id, 1)])
    assert steps.janitor(telecine).requeue_lost_jobs() == 1
    assert row(telecine, job_id).ticket == 2


def test_a_job_that_waits_its_turn_is_not_lost(
    telecine: Telecine, job_id: str, clock: FixedClock
) -> None:
    clock.advance(days=3)
    assert steps.janitor(telecine).requeue_lost_jobs() == 0
    assert row(telecine, job_id).ticket == 1
