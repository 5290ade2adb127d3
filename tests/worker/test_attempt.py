"""One attempt at a job, called as the engine calls it: with a job's id and a ticket's number."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from sqlalchemy.exc import OperationalError
from tests import samples, steps
from tests.conftest import Customer
from tests.scripted import acting

from telecine.assembly import Telecine
from telecine.core import jobs
from telecine.core.jobs import Ending, Job
from telecine.db import Database, Transaction
from telecine.engine.queue import TicketPhase
from telecine.kit.errors import CancelledError, InternalError, StorageFullError
from telecine.operations.base import Context, Output, Result
from telecine.worker.attempt import Attempts

RESERVED = [("reserve", "available", -1), ("reserve", "held", 1)]
CHARGED = [*RESERVED, ("settle", "held", -1), ("settle", "earned", 1)]
REFUNDED = [*RESERVED, ("release", "held", -1), ("release", "available", 1)]
PATIENCE_SECONDS = 180


def write_output(context: Context) -> Result:
    path = context.workspace / "made.mp4"
    path.write_bytes(b"made")
    return Result(outputs=(Output(path=path, filename="made.mp4", media_type="video/mp4"),))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mp4", seconds=1)


@pytest.fixture
def job_id(anybody: httpx2.Client, video: Path) -> str:
    return steps.submit(anybody, video)


def row(telecine: Telecine, job_id: str) -> Job:
    with telecine.db.snapshot() as tx:
        return jobs.get(tx, job_id)


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_job_is_pending_then_processing_then_completed(
    anybody: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def act(context: Context) -> Result:
        context.report(0.5)
        begun.set()
        assert may_end.wait(PATIENCE_SECONDS)
        context.report(1.0)
        return write_output(context)

    told = [steps.status_of(anybody, job_id)]
    thread = in_thread(lambda: acting(telecine, act).run(job_id, 1))
    assert begun.wait(PATIENCE_SECONDS)
    told.append(steps.status_of(anybody, job_id))
    assert anybody.get(f"/api/v1/download/{job_id}").status_code == 409
    may_end.set()
    thread.join(PATIENCE_SECONDS)
    told.append(steps.status_of(anybody, job_id))
    assert [(each["status"], each["progress"]) for each in told] == [
        ("pending", 0),
        ("processing", 50),
        ("completed", 100),
    ]
    assert anybody.get(f"/api/v1/download/{job_id}").content == b"made"


def test_progress_is_below_100_until_the_file_is_there(
    anybody: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    seen: list[int] = []

    def act(context: Context) -> Result:
        context.report(1.0)
        seen.append(steps.status_of(anybody, job_id)["progress"])
        return write_output(context)

    acting(telecine, act).run(job_id, 1)
    assert seen == [99]


def test_a_real_encode_settles_the_hold_and_lets_the_input_go(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, job_id: str
) -> None:
    assert steps.movements(telecine, customer.account) == RESERVED
    steps.run(telecine, job_id)
    assert steps.status_of(anybody, job_id)["status"] == "completed"
    assert steps.movements(telecine, customer.account) == CHARGED
    assert len(steps.files_on_disk(telecine)) == 2
    steps.janitor(telecine).delete_expired_files()
    (output,) = steps.files_on_disk(telecine)
    assert output.startswith("files/outputs/")
    assert list((telecine.settings.data_dir / "work" / "w-1").iterdir()) == []


def test_a_job_that_fails_is_refunded_and_says_why(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, video: Path
) -> None:
    job_id = steps.submit(anybody, video, method="size", target_size_bytes="500")
    steps.run(telecine, job_id)
    told = steps.status_of(anybody, job_id)
    assert (told["status"], told["error_code"]) == ("failed", "invalid_request")
    assert "too small" in told["error"]
    assert told["credits_charged"] == 0
    assert "output" not in told
    assert steps.movements(telecine, customer.account) == REFUNDED
    assert anybody.get("/api/v1/usage").json()["credits_remaining"] == 100
    steps.janitor(telecine).delete_expired_files()
    assert steps.files_on_disk(telecine) == []


def test_a_file_that_breaks_the_encoder_fails_its_job_and_is_refunded(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, tmp_path: Path
) -> None:
    """The index and the first picture are sound, so the door takes it; the rest is noise."""
    sound = samples.make_video(
        tmp_path / "sound.mp4", seconds=2, extra_args=("-movflags", "+faststart", "-g", "30")
    )
    content = bytearray(sound.read_bytes())
    begin = content.index(b"mdat") + 20_000
    content[begin:] = bytes(len(content) - begin)
    (tmp_path / "damaged.mp4").write_bytes(content)
    job_id = steps.submit(anybody, tmp_path / "damaged.mp4")
    steps.run(telecine, job_id)
    told = steps.status_of(anybody, job_id)
    assert told["status"] == "failed"
    assert told["error_code"] in {"undecodable_media", "processing_failed"}
    assert str(tmp_path) not in told["error"]
    assert steps.movements(telecine, customer.account) == REFUNDED


def test_a_bug_of_ours_fails_the_job_without_telling_the_inside(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, job_id: str
) -> None:
    def act(context: Context) -> Result:
        raise RuntimeError("the secret inside")

    acting(telecine, act).run(job_id, 1)
    told = steps.status_of(anybody, job_id)
    assert (told["status"], told["error_code"]) == ("failed", "internal")
    assert "secret" not in told["error"]
    assert steps.movements(telecine, customer.account) == REFUNDED


def test_a_void_ticket_does_nothing(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, job_id: str
) -> None:
    steps.attempts(telecine).run(job_id, 2)
    assert steps.status_of(anybody, job_id)["status"] == "pending"
    steps.attempts(telecine).run("j_nobody", 1)
    assert steps.movements(telecine, customer.account) == RESERVED


def test_a_ticket_that_is_run_again_charges_nobody_twice(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, job_id: str
) -> None:
    steps.run(telecine, job_id)
    before = steps.status_of(anybody, job_id)
    steps.run(telecine, job_id)
    assert steps.status_of(anybody, job_id) == before
    assert steps.movements(telecine, customer.account) == CHARGED


def work_until_stopped(begun: threading.Event) -> Callable[[Context], Result]:
    def act(context: Context) -> Result:
        begun.set()
        pause = threading.Event()
        while not context.is_cancelled():
            pause.wait(0.02)
        raise CancelledError

    return act


def test_a_worker_that_stops_gives_the_job_back_and_another_ends_it(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, job_id: str
) -> None:
    stop, begun = threading.Event(), threading.Event()
    attempts = acting(telecine, work_until_stopped(begun), stop=stop)
    thread = in_thread(lambda: attempts.run(job_id, 1))
    assert begun.wait(PATIENCE_SECONDS)
    stop.set()
    thread.join(PATIENCE_SECONDS)
    left = row(telecine, job_id)
    assert (left.status, left.ticket, left.attempt) == ("queued", 2, 0)
    assert telecine.queue.states([(job_id, 2)])[job_id, 2].phase is TicketPhase.WAITING
    steps.attempts(telecine).run(job_id, 2)
    assert steps.status_of(anybody, job_id)["status"] == "completed"
    assert steps.movements(telecine, customer.account) == CHARGED


def test_what_fails_while_its_worker_stops_is_given_back(
    telecine: Telecine, customer: Customer, job_id: str
) -> None:
    """Its helpers are ended around it when it outlasts the grace; that is no fault of the job."""
    stop = threading.Event()

    def fail_at_the_end(_context: Context) -> Result:
        stop.set()
        raise InternalError("The media pool is closed.")

    acting(telecine, fail_at_the_end, stop=stop).run(job_id, 1)
    left = row(telecine, job_id)
    assert (left.status, left.ticket, left.attempt) == ("queued", 2, 0)
    steps.attempts(telecine).run(job_id, 2)
    assert steps.movements(telecine, customer.account) == CHARGED


def test_a_cancelled_job_stops_within_a_second_or_so(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, job_id: str
) -> None:
    begun = threading.Event()
    attempts = acting(telecine, work_until_stopped(begun))
    thread = in_thread(lambda: attempts.run(job_id, 1))
    assert begun.wait(PATIENCE_SECONDS)
    with telecine.db.transaction() as tx:
        assert jobs.cancel(tx, jobs.get(tx, job_id), ending=Ending(now=telecine.clock()))
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    told = steps.status_of(anybody, job_id)
    assert (told["status"], told["error"]) == ("failed", "cancelled")
    assert steps.movements(telecine, customer.account) == REFUNDED


def test_work_of_an_attempt_that_was_fenced_off_is_thrown_away(
    telecine: Telecine, customer: Customer, job_id: str
) -> None:
    def act(context: Context) -> Result:
        with telecine.db.transaction() as tx:
            jobs.requeue(tx, jobs.get(tx, job_id), queue=telecine.queue, is_counted=True)
        return write_output(context)

    acting(telecine, act).run(job_id, 1)
    assert row(telecine, job_id).status == "queued"
    assert steps.movements(telecine, customer.account) == RESERVED
    (only,) = steps.files_on_disk(telecine)
    assert only.startswith("files/inputs/")


class Murdered(BaseException):
    """As a kill is, it is caught by nobody."""


def test_what_a_worker_had_stored_before_it_died_is_gone_after_the_next_attempt(
    telecine: Telecine, customer: Customer, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = acting(telecine, write_output)
    with monkeypatch.context() as patch:
        patch.setattr(Attempts, "_succeed", _murdered)
        patch.setattr(Attempts, "_throw_away", lambda *_: None)
        with pytest.raises(Murdered):
            attempts.run(job_id, 1)
    assert len([name for name in steps.files_on_disk(telecine) if "outputs" in name]) == 1
    attempts.run(job_id, 1)
    assert row(telecine, job_id).status == "succeeded"
    assert len([name for name in steps.files_on_disk(telecine) if "outputs" in name]) == 1


def _murdered(*_: object) -> bool:
    raise Murdered


def test_a_job_under_which_three_workers_died_is_given_up(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, job_id: str
) -> None:
    for _ in range(3):  # each dies before it can end anything
        with telecine.db.transaction() as tx:
            ending = Ending(now=telecine.clock())
            jobs.start(tx, job_id, ticket=1, worker_id="w-1", most=3, ending=ending)
    steps.run(telecine, job_id)
    told = steps.status_of(anybody, job_id)
    assert (told["status"], told["error_code"]) == ("failed", "worker_lost")
    assert steps.movements(telecine, customer.account) == REFUNDED


class Unacknowledged:
    """A database whose connection breaks after the second commit, before it is told so."""

    def __init__(self, real: Database) -> None:
        self._real, self._commits = real, 0

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Transaction]:
        with self._real.transaction(durable=durable) as tx:
            yield tx
        self._commits += durable
        if self._commits == 2:
            raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_result_whose_commit_was_not_acknowledged_keeps_its_bytes(
    anybody: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    shaky = cast("Database", Unacknowledged(telecine.db))
    replace(acting(telecine, write_output), db=shaky).run(job_id, 1)
    assert steps.status_of(anybody, job_id)["status"] == "completed"
    assert anybody.get(f"/api/v1/download/{job_id}").content == b"made"


# A database that takes nothing down


@contextmanager
def refusing_writes(telecine: Telecine) -> Iterator[None]:
    """Have the database itself refuse every change of a job, as a full disk has it do."""
    with telecine.db.transaction() as tx:
        tx.exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE ON jobs "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    yield
    with telecine.db.transaction() as tx:
        tx.exec_driver_sql("DROP TRIGGER full")


def refuse(
    *, after: Callable[[Context], Result], on: contextlib.ExitStack, telecine: Telecine
) -> Callable[[Context], Result]:
    def act(context: Context) -> Result:
        try:
            return after(context)
        finally:
            on.enter_context(refusing_writes(telecine))

    return act


def break_down(context: Context) -> Result:
    raise RuntimeError


def run_out_of_room(context: Context) -> Result:
    raise StorageFullError


def make_two_of_which_one_is_gone(context: Context) -> Result:
    (made,) = write_output(context).outputs
    return Result(outputs=(made, replace(made, path=context.workspace / "nothing")))


@pytest.mark.parametrize(
    "work", [write_output, break_down, run_out_of_room, make_two_of_which_one_is_gone]
)
def test_an_attempt_whose_end_cannot_be_written_down_raises_nothing_and_leaves_the_job(
    telecine: Telecine, customer: Customer, job_id: str, work: Callable[[Context], Result]
) -> None:
    with contextlib.ExitStack() as full:
        attempts = acting(telecine, refuse(after=work, on=full, telecine=telecine))
        attempts.run(job_id, 1)
        assert attempts.running == set()
    left = row(telecine, job_id)
    assert (left.status, left.ticket, left.attempt) == ("running", 1, 1)
    assert steps.movements(telecine, customer.account) == RESERVED
    # Where the last commit may have taken effect unseen, its bytes stay; else they go.
    outputs = [name for name in steps.files_on_disk(telecine) if "inputs" not in name]
    assert len(outputs) == (work is write_output)


def test_an_attempt_that_cannot_even_begin_raises_nothing(
    telecine: Telecine, customer: Customer, job_id: str
) -> None:
    with refusing_writes(telecine):
        steps.run(telecine, job_id)
    assert row(telecine, job_id).status == "queued"
    steps.run(telecine, job_id)
    assert row(telecine, job_id).status == "succeeded"
    assert steps.movements(telecine, customer.account) == CHARGED
