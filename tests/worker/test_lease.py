"""A worker that hears nothing from the database stops before anybody else may begin."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from tests import samples, steps
from tests.conftest import Customer
from tests.scripted import acting

from telecine.assembly import Telecine
from telecine.core import jobs
from telecine.kit.errors import CancelledError
from telecine.operations.base import Context, Output, Result
from telecine.worker import lease as lease_module
from telecine.worker import loop
from telecine.worker.lease import Lease

RESERVED = [("reserve", "available", -1), ("reserve", "held", 1)]


class Steady:
    """A steady clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Steady:
    made = Steady()
    monkeypatch.setattr(lease_module, "steady_seconds", made)
    return made


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mp4", seconds=0.5)


@pytest.fixture
def job_id(anybody: httpx2.Client, video: Path) -> str:
    return steps.submit(anybody, video)


def write_output(context: Context) -> Result:
    path = context.workspace / "made.mp4"
    path.write_bytes(b"made")
    return Result(outputs=(Output(path=path, filename="made.mp4", media_type="video/mp4"),))


def test_a_lease_ends_before_others_may_take_over(steady: Steady) -> None:
    lease = Lease(30)
    steady.seconds += 19.9
    assert lease.is_held()
    steady.seconds += 0.2
    assert not lease.is_held()
    # Attempts have so long to stop, and the whole is less than the time-out.
    assert 20 + lease.grace_seconds < 30


def test_a_lease_runs_from_when_the_beat_was_sent(steady: Steady) -> None:
    lease = Lease(30)
    sent = steady.seconds
    steady.seconds += 15
    lease.renew(sent)  # the answer took 15 s, and the database may have counted from the first
    steady.seconds += 5.1
    assert not lease.is_held()
    lease.renew(steady.seconds)
    assert lease.is_held()
    lease.renew(sent)  # of an older beat
    assert lease.is_held()


def test_several_beats_fit_into_a_lease() -> None:
    assert Lease(30).beat_every_seconds == 5
    assert Lease(6).beat_every_seconds == 1


def test_an_attempt_is_told_when_the_lease_is_over_and_leaves_the_job_alone(
    telecine: Telecine, customer: Customer, job_id: str, steady: Steady
) -> None:
    heard = []

    def act(context: Context) -> Result:
        context.report(0.1)
        heard.append(context.is_cancelled())
        steady.seconds += 21
        context.report(0.9)  # says nothing, and asks the database nothing
        heard.append(context.is_cancelled())
        raise CancelledError

    attempts = acting(telecine, act)
    attempts.run(job_id, 1)
    assert heard == [False, True]
    with telecine.db.snapshot() as tx:
        job = jobs.get(tx, job_id)
    assert (job.status, job.ticket, job.progress) == ("running", 1, 0.1)
    assert steps.movements(telecine, customer.account) == RESERVED
    assert not attempts.at_work


def test_what_is_finished_after_the_lease_is_not_stored(
    telecine: Telecine, customer: Customer, job_id: str, steady: Steady
) -> None:
    def act(context: Context) -> Result:
        steady.seconds += 21
        return write_output(context)

    before = steps.files_on_disk(telecine)
    acting(telecine, act).run(job_id, 1)
    assert steps.files_on_disk(telecine) == before
    assert steps.movements(telecine, customer.account) == RESERVED


def test_what_is_finished_after_the_job_was_given_away_is_not_stored(
    telecine: Telecine, job_id: str
) -> None:
    def act(context: Context) -> Result:
        with telecine.db.transaction() as tx:
            jobs.requeue(tx, jobs.get(tx, job_id), queue=telecine.queue, is_counted=True)
        stored.append(steps.files_on_disk(telecine))
        return write_output(context)

    stored: list[list[str]] = []
    acting(telecine, act).run(job_id, 1)
    assert steps.files_on_disk(telecine) == stored[0]


def test_an_attempt_that_slept_deletes_nothing_of_the_one_that_came_after_it(
    telecine: Telecine, job_id: str
) -> None:
    """It was begun, and given away before it could clear what earlier ones had left."""

    def give_away(telecine: Telecine) -> None:
        with telecine.db.transaction() as tx:
            jobs.requeue(tx, jobs.get(tx, job_id), queue=telecine.queue, is_counted=True)

    give_away(telecine)
    late = acting(telecine, write_output)
    begun = late._start(job_id, 2)
    assert begun is not None
    give_away(telecine)
    acting(telecine, write_output).run(job_id, 3)
    made = [name for name in steps.files_on_disk(telecine) if "outputs/" in name]
    late._attempt(begun)
    assert [name for name in steps.files_on_disk(telecine) if "outputs/" in name] == made
    assert len(made) == 1


def test_a_later_attempt_clears_what_earlier_ones_had_stored(
    telecine: Telecine, job_id: str
) -> None:
    attempts = replace(acting(telecine, write_output), most_attempts=99)
    for ticket in range(1, 12):  # more than one digit
        with telecine.db.transaction() as tx:
            job = jobs.get(tx, job_id)
            left = telecine.blobs.stage()
            telecine.blobs.adopt(left, f"outputs/{job_id}/{ticket:06}-{job.attempt:03}-left")
            jobs.requeue(tx, job, queue=telecine.queue, is_counted=True)
    attempts.run(job_id, 12)
    assert len([name for name in steps.files_on_disk(telecine) if "outputs/" in name]) == 1


class _EndedError(Exception):
    pass


def _end(status: int) -> None:
    raise _EndedError(status)


def test_a_process_whose_attempt_does_not_stop_with_the_lease_ends_itself(
    telecine: Telecine, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the kernel ends its encoders with it."""
    monkeypatch.setattr(loop, "_GUARD_EVERY_SECONDS", 0.001)
    monkeypatch.setattr(os, "_exit", _end)
    worker = telecine.worker("w-1", stop=threading.Event())
    worker = replace(worker, lease=Lease(0.06))
    worker.attempts.at_work.add(("job", 1))
    steady.seconds += 1
    with pytest.raises(_EndedError, match="75"):
        worker._guard_lease(threading.Event())


def test_a_worker_without_work_outlives_its_lease(
    telecine: Telecine, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_GUARD_EVERY_SECONDS", 0.001)
    monkeypatch.setattr(os, "_exit", _end)
    stop = threading.Event()
    worker = replace(telecine.worker("w-1", stop=stop), lease=Lease(0.06))
    steady.seconds += 1
    threading.Timer(0.2, stop.set).start()
    worker._guard_lease(stop)
