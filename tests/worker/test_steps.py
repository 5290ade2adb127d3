"""What an attempt keeps for the next one, tells of its stages, and charges."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from tests import samples, steps
from tests.conftest import Customer
from tests.fakes import FixedClock
from tests.scripted import acting

from telecine.assembly import Telecine
from telecine.core import jobs
from telecine.core.jobs import Ending, Job
from telecine.kit.errors import CancelledError, ProcessingError
from telecine.operations.base import Context, Output, Result


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mp4", seconds=0.5)


@pytest.fixture
def job_id(anybody: httpx2.Client, video: Path) -> str:
    return steps.submit(anybody, video)


def row(telecine: Telecine, job_id: str) -> Job:
    with telecine.db.snapshot() as tx:
        return jobs.get(tx, job_id)


def kept(telecine: Telecine) -> list[str]:
    """The steps on the disk."""
    return [name for name in steps.files_on_disk(telecine) if name.startswith("files/steps/")]


def make_once(context: Context) -> Path:
    """A stage: its result is made by the first attempt that comes to it."""
    assert context.steps is not None
    found = context.steps.find("made.mp4")
    if found is not None:
        return found
    path = context.workspace / "made.mp4"
    path.write_bytes(os.urandom(16))
    return context.steps.keep("made.mp4", path)


def hand_over(context: Context) -> Result:
    made = Output(path=make_once(context), filename="made.mp4", media_type="video/mp4")
    return Result(outputs=(made,))


def be_stopped(context: Context) -> Result:
    make_once(context)
    raise CancelledError


def test_an_attempt_goes_on_where_the_last_one_stood(
    anybody: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    stop = threading.Event()
    stop.set()
    acting(telecine, be_stopped, stop=stop).run(job_id, 1)
    (step,) = kept(telecine)
    content = (telecine.settings.data_dir / step).read_bytes()
    assert row(telecine, job_id).status == "queued"
    acting(telecine, hand_over).run(job_id, 2)
    assert anybody.get(f"/api/v1/download/{job_id}").content == content
    assert kept(telecine) == []


def test_steps_go_with_a_failure(telecine: Telecine, job_id: str) -> None:
    def act(context: Context) -> Result:
        make_once(context)
        raise ProcessingError

    acting(telecine, act).run(job_id, 1)
    assert row(telecine, job_id).status == "failed"
    assert kept(telecine) == []


def cancel(telecine: Telecine, job_id: str) -> None:
    with telecine.db.transaction() as tx:
        jobs.cancel(tx, jobs.get(tx, job_id), ending=Ending(now=telecine.clock()))


def test_steps_go_with_a_job_that_is_cancelled_under_way(telecine: Telecine, job_id: str) -> None:
    def act(context: Context) -> Result:
        make_once(context)
        cancel(telecine, job_id)
        raise CancelledError

    acting(telecine, act).run(job_id, 1)
    assert row(telecine, job_id).status == "cancelled"
    assert kept(telecine) == []


def test_the_janitor_clears_what_a_job_left_that_was_cancelled_while_it_waited(
    telecine: Telecine, job_id: str, clock: FixedClock
) -> None:
    stop = threading.Event()
    stop.set()
    acting(telecine, be_stopped, stop=stop).run(job_id, 1)
    clock.advance(days=2)  # however long a job waits, its steps are no orphans
    steps.janitor(telecine).sweep()
    assert len(kept(telecine)) == 1
    cancel(telecine, job_id)
    steps.janitor(telecine).sweep()
    assert kept(telecine) == []


def test_an_attempt_that_was_fenced_off_changes_nothing_and_leaves_nothing(
    anybody: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    def lose_then_go_on(context: Context) -> Result:
        make_once(context)
        with telecine.db.transaction() as tx:
            jobs.requeue(tx, jobs.get(tx, job_id), queue=telecine.queue, is_counted=True)
        acting(telecine, hand_over).run(job_id, 2)
        return hand_over(context)

    acting(telecine, lose_then_go_on).run(job_id, 1)
    assert row(telecine, job_id).status == "succeeded"
    assert len(anybody.get(f"/api/v1/download/{job_id}").content) == 16
    assert kept(telecine) == []


def test_an_input_can_be_an_output(
    anybody: httpx2.Client, telecine: Telecine, job_id: str, video: Path
) -> None:
    def act(context: Context) -> Result:
        path = context.inputs[0].path
        return Result(outputs=(Output(path=path, filename="v.mp4", media_type="video/mp4"),))

    acting(telecine, act).run(job_id, 1)
    steps.janitor(telecine).delete_expired_files()  # the input's time is over
    assert anybody.get(f"/api/v1/download/{job_id}").content == video.read_bytes()


def test_less_than_was_held_is_charged_and_the_rest_goes_back(
    telecine: Telecine, customer: Customer, job_id: str
) -> None:
    def act(context: Context) -> Result:
        return replace(hand_over(context), charge=0)

    acting(telecine, act).run(job_id, 1)
    assert row(telecine, job_id).price == 0
    assert steps.movements(telecine, customer.account) == [
        ("reserve", "available", -1),
        ("reserve", "held", 1),
        ("settle", "held", -1),
        ("settle", "available", 1),
    ]


def test_a_job_says_its_stage_as_soon_as_it_begins(telecine: Telecine, job_id: str) -> None:
    told: list[str | None] = []

    def act(context: Context) -> Result:
        for stage in ("hearing", "choosing"):
            context.enter(stage)
            told.append(row(telecine, job_id).stage)
        return hand_over(context)

    assert row(telecine, job_id).stage is None
    acting(telecine, act).run(job_id, 1)
    assert told == ["hearing", "choosing"]


def test_an_operation_may_have_a_time_of_its_own_for_outputs(
    telecine: Telecine, job_id: str
) -> None:
    days = timedelta(days=30)
    replace(acting(telecine, hand_over), output_ttls={"compress": days}).run(job_id, 1)
    assert row(telecine, job_id).expires_at == telecine.clock() + days
