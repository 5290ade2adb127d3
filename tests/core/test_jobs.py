"""The life of a job: each arrow of the state machine, with its money, files and webhook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.fakes import FixedClock

from telecine.core import accounts, credits, files, jobs, webhooks
from telecine.core.accounts import Account
from telecine.core.jobs import Ending, Job, JobDetails, JobStatus, NewFile, Order
from telecine.db import Database
from telecine.engine import Queue
from telecine.engine.queue import TicketPhase
from telecine.kit.errors import (
    ConflictError,
    InsufficientCreditsError,
    InvalidRequestError,
    NotFoundError,
    ProcessingError,
)


@pytest.fixture
def queue(db: Database) -> Iterator[Queue]:
    made = Queue(db.url)
    yield made
    made.close()


def _order(account: Account, *, job_id: str = "j_1", price: int = 5) -> Order:
    return Order(
        job_id=job_id,
        account_id=account.id,
        family="compress",
        operation="compress",
        lane="media",
        params={"codec": "h264"},
        price=price,
        inputs=(
            NewFile(
                blob_key=f"inputs/{job_id}",
                filename="a.mp4",
                media_type="video/mp4",
                size_bytes=1000,
            ),
        ),
        webhook_url="https://example.com/hook",
        request_id="req_1",
    )


def _body(details: JobDetails, event: str, at: datetime) -> bytes:
    return f"{event} {details.job.id} {details.job.status}".encode()


@pytest.fixture
def ending(clock: FixedClock) -> Ending:
    return Ending(now=clock(), bodies={"compress": _body})


@pytest.fixture
def queued(db: Database, account: Account, queue: Queue, clock: FixedClock) -> Job:
    with db.transaction() as tx:
        return jobs.submit(tx, _order(account), queue=queue, now=clock())


def _start(db: Database, job: Job, ending: Ending, *, ticket: int = 1, most: int = 3) -> Job | None:
    with db.transaction() as tx:
        return jobs.start(tx, job.id, ticket=ticket, worker_id="w-1", most=most, ending=ending)


@pytest.fixture
def running(db: Database, queued: Job, ending: Ending) -> Job:
    started = _start(db, queued, ending)
    assert started is not None
    return started


def _available(db: Database, account: Account) -> int:
    with db.snapshot() as tx:
        return credits.balance(tx, account.id).available


def _now(db: Database, job: Job) -> Job:
    with db.snapshot() as tx:
        return jobs.get(tx, job.id)


def test_submitting_holds_the_price_and_queues_a_ticket(
    db: Database, account: Account, queue: Queue, queued: Job
) -> None:
    assert queued.status is JobStatus.QUEUED
    assert _available(db, account) == 95
    assert queue.states([("j_1", 1)])["j_1", 1].phase is TicketPhase.WAITING


def test_what_cannot_be_paid_leaves_nothing(
    db: Database, account: Account, queue: Queue, clock: FixedClock
) -> None:
    with pytest.raises(InsufficientCreditsError), db.transaction() as tx:
        jobs.submit(tx, _order(account, price=101), queue=queue, now=clock())
    with db.snapshot() as tx, pytest.raises(NotFoundError):
        jobs.get(tx, "j_1")
    with db.snapshot() as tx:
        assert files.keys_of(tx, ["inputs/j_1"]) == set()
    assert queue.states([("j_1", 1)])["j_1", 1].phase is TicketPhase.ABSENT


def test_a_transaction_that_fails_later_leaves_nothing_queued(
    db: Database, account: Account, queue: Queue, clock: FixedClock
) -> None:
    with db.engine.connect() as connection, connection.begin() as doomed:
        jobs.submit(connection, _order(account), queue=queue, now=clock())
        doomed.rollback()
    assert queue.states([("j_1", 1)])["j_1", 1].phase is TicketPhase.ABSENT
    assert _available(db, account) == 100


def test_another_account_sees_no_job(db: Database, queued: Job) -> None:
    with db.snapshot() as tx, pytest.raises(NotFoundError, match="Job not found"):
        jobs.get(tx, queued.id, account_id="acc_other")


def test_success_charges_keeps_outputs_lets_inputs_go_and_tells(
    db: Database, account: Account, running: Job, ending: Ending
) -> None:
    until = ending.now + timedelta(hours=24)
    made = NewFile(blob_key="outputs/1", filename="b.mp4", media_type="video/mp4", size_bytes=10)
    with db.transaction() as tx:
        assert jobs.succeed(
            tx, running, facts={"x": 1}, outputs=[made], ending=ending, expires_at=until
        )
    with db.snapshot() as tx:
        details = jobs.details(tx, jobs.get(tx, running.id))
        told = webhooks.deliveries_of(tx, running.id)
        balance = credits.balance(tx, account.id)
    assert (details.job.status, details.job.progress) == (JobStatus.SUCCEEDED, 1.0)
    assert details.inputs[0].is_gone(ending.now)
    assert not details.outputs[0].is_gone(ending.now)
    assert details.outputs[0].is_gone(until)
    assert [delivery.body for delivery in told] == [b"job.completed j_1 succeeded"]
    assert (balance.available, balance.held) == (95, 0)


@pytest.mark.parametrize(("charge", "price", "left"), [(2, 2, 98), (0, 0, 100), (7, 5, 95)])
def test_what_was_not_used_up_is_not_charged(
    db: Database, account: Account, running: Job, ending: Ending, charge: int, price: int, left: int
) -> None:
    with db.transaction() as tx:
        assert jobs.succeed(tx, running, facts={}, outputs=(), ending=ending, charge=charge)
    assert _now(db, running).price == price
    assert _available(db, account) == left
    with db.snapshot() as tx:
        assert credits.balance(tx, account.id).held == 0


def test_facts_add_up_by_operation_and_time_over_what_went_well(
    db: Database, account: Account, queue: Queue, clock: FixedClock
) -> None:
    def run(job_id: str, facts: dict[str, int] | None) -> None:
        now = clock()
        with db.transaction() as tx:
            jobs.submit(tx, _order(account, job_id=job_id), queue=queue, now=now)
            end = Ending(now=now)
            job = jobs.start(tx, job_id, ticket=1, worker_id="w", most=3, ending=end)
            assert job is not None
            if facts is None:
                jobs.fail(tx, job, ProcessingError(), ending=end)
            else:
                jobs.succeed(tx, job, facts=facts, outputs=(), ending=end)

    run("j_before", {"minutes": 100})
    clock.advance(days=1)
    since = clock()
    run("j_one", {"minutes": 3})
    run("j_two", {"minutes": 4})
    run("j_failed", None)
    run("j_without", {"frames": 9})
    with db.snapshot() as tx:

        def total(operation: str) -> int:
            return jobs.total(tx, account.id, operation=operation, fact="minutes", since=since)

        assert total("compress") == 7
        assert total("render") == 0


def test_params_add_up_over_what_is_under_way(
    db: Database, account: Account, queue: Queue, clock: FixedClock, ending: Ending
) -> None:
    with db.transaction() as tx:
        for number, minutes in enumerate((3, 4)):
            order = replace(_order(account, job_id=f"j_{number}"), params={"minutes_held": minutes})
            jobs.submit(tx, order, queue=queue, now=clock())

    def total() -> int:
        with db.snapshot() as tx:
            return jobs.total_under_way(tx, account.id, operation="compress", param="minutes_held")

    assert total() == 7
    with db.transaction() as tx:
        jobs.cancel(tx, jobs.get(tx, "j_0"), ending=ending)
    assert total() == 4


def test_failure_gives_everything_back_and_tells(
    db: Database, account: Account, running: Job, ending: Ending
) -> None:
    with db.transaction() as tx:
        assert jobs.fail(tx, running, ProcessingError("FFmpeg exited with code 1"), ending=ending)
    job = _now(db, running)
    assert (job.status, job.error_message) == (JobStatus.FAILED, "FFmpeg exited with code 1")
    assert _available(db, account) == 100
    with db.snapshot() as tx:
        assert [d.event for d in webhooks.deliveries_of(tx, job.id)] == ["job.failed"]


def test_a_job_ends_once(db: Database, account: Account, running: Job, ending: Ending) -> None:
    with db.transaction() as tx:
        assert jobs.succeed(tx, running, facts={}, outputs=(), ending=ending)
    with db.transaction() as tx:
        assert not jobs.fail(tx, running, ProcessingError(), ending=ending)
        assert not jobs.cancel(tx, running, ending=ending)
        assert not jobs.succeed(tx, running, facts={}, outputs=(), ending=ending)
    assert _now(db, running).status is JobStatus.SUCCEEDED
    assert _available(db, account) == 95


def test_an_attempt_that_was_replaced_changes_nothing(
    db: Database, account: Account, queue: Queue, running: Job, ending: Ending
) -> None:
    with db.transaction() as tx:
        assert jobs.requeue(tx, running, queue=queue, is_counted=True)
    second = _start(db, running, ending, ticket=2)
    assert second is not None
    assert second.attempt == 2
    with db.transaction() as tx:
        assert not jobs.report(tx, running, 0.9)
        assert not jobs.succeed(tx, running, facts={}, outputs=(), ending=ending)
        assert not jobs.fail(tx, running, ProcessingError(), ending=ending)
        assert jobs.report(tx, second, 0.1)
        assert jobs.succeed(tx, second, facts={}, outputs=(), ending=ending)
    assert _available(db, account) == 95


def test_progress_never_goes_back_even_in_a_second_attempt(
    db: Database, queue: Queue, running: Job, ending: Ending
) -> None:
    with db.transaction() as tx:
        jobs.report(tx, running, 0.6)
        jobs.requeue(tx, running, queue=queue, is_counted=True)
    second = _start(db, running, ending, ticket=2)
    assert second is not None
    with db.transaction() as tx:
        jobs.report(tx, second, 0.1)
    assert _now(db, running).progress == 0.6


def test_an_old_ticket_starts_nothing(
    db: Database, queue: Queue, running: Job, ending: Ending
) -> None:
    with db.transaction() as tx:
        jobs.requeue(tx, running, queue=queue, is_counted=True)
    assert _start(db, running, ending, ticket=1) is None
    assert queue.states([("j_1", 2)])["j_1", 2].phase is TicketPhase.WAITING


def test_requeueing_twice_makes_one_new_ticket(db: Database, queue: Queue, running: Job) -> None:
    with db.transaction() as tx:
        assert jobs.requeue(tx, running, queue=queue, is_counted=True)
    with db.transaction() as tx:
        assert not jobs.requeue(tx, running, queue=queue, is_counted=True)
    assert _now(db, running).ticket == 2


def test_a_job_that_kills_its_workers_fails_after_three_attempts(
    db: Database, account: Account, queued: Job, ending: Ending
) -> None:
    for _ in range(3):
        assert _start(db, queued, ending) is not None
    assert _start(db, queued, ending) is None
    job = _now(db, queued)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "worker_lost")
    assert _available(db, account) == 100


def test_a_worker_that_stops_does_not_use_up_an_attempt(
    db: Database, queue: Queue, running: Job
) -> None:
    with db.transaction() as tx:
        jobs.requeue(tx, running, queue=queue, is_counted=False)
    assert _now(db, running).attempt == 0


def test_cancelling_gives_back_and_stops_the_attempt(
    db: Database, account: Account, running: Job, ending: Ending
) -> None:
    with db.transaction() as tx:
        assert jobs.cancel(tx, running, ending=ending)
    with db.transaction() as tx:
        assert not jobs.report(tx, running, 0.5)
    assert _now(db, running).status is JobStatus.CANCELLED
    assert _available(db, account) == 100


def test_work_done_while_the_client_waits_is_charged_once_and_recorded(
    db: Database, account: Account, clock: FixedClock
) -> None:
    order = Order(
        job_id="j_2",
        account_id=account.id,
        family="compress",
        operation="convert",
        lane="quick",
        params={},
        price=1,
        inputs=(),
    )
    with db.transaction() as tx:
        job = jobs.record(tx, order, facts={"size_bytes": 10}, now=clock())
    assert job.status is JobStatus.SUCCEEDED
    with db.snapshot() as tx:
        balance = credits.balance(tx, account.id)
    assert (balance.available, balance.held) == (99, 0)


# Lists, and families that take one job at a time


def _many(db: Database, queue: Queue, account: Account, clock: FixedClock) -> list[str]:
    """Five jobs, the last two in one instant; newest first."""
    names = ["j_1", "j_2", "j_3", "j_4", "j_5"]
    for name in names:
        with db.transaction() as tx:
            jobs.submit(tx, _order(account, job_id=name), queue=queue, now=clock())
        if name != "j_4":
            clock.advance(seconds=1)
    return names[::-1]


def test_pages_have_every_job_once_though_some_are_of_one_instant(
    db: Database, queue: Queue, account: Account, clock: FixedClock
) -> None:
    newest_first = _many(db, queue, account, clock)
    seen: list[str] = []
    cursor: str | None = None
    with db.snapshot() as tx:
        for _ in range(5):
            found = jobs.page(tx, account.id, cursor=cursor, most=1)
            seen += [job.id for job in found.jobs]
            cursor = found.next_cursor
    assert (seen, cursor) == (newest_first, None)


def test_a_page_may_be_of_some_families_and_statuses(
    db: Database, queue: Queue, account: Account, clock: FixedClock
) -> None:
    newest_first = _many(db, queue, account, clock)
    with db.snapshot() as tx:
        mine = jobs.page(tx, account.id, families=["compress"], most=3)
        assert [job.id for job in mine.jobs] == newest_first[:3]
        assert jobs.page(tx, account.id, families=["clips"], most=3).jobs == ()
        assert jobs.page(tx, account.id, statuses=[JobStatus.RUNNING], most=3).jobs == ()
        assert jobs.page(tx, "acc_other", most=3).jobs == ()


def test_a_cursor_of_another_account_is_refused_as_one_that_is_made_up(
    db: Database, queue: Queue, account: Account, clock: FixedClock
) -> None:
    _many(db, queue, account, clock)
    with db.transaction() as tx:
        other = accounts.create(tx, email="other@example.com", plan="pro", now=clock())
        for cursor in ("j_1", "j_none"):
            with pytest.raises(InvalidRequestError) as caught:
                jobs.page(tx, other.id, cursor=cursor, most=3)
            assert caught.value.field == "cursor"


def test_one_at_a_time_means_until_the_one_has_ended(
    db: Database, queue: Queue, account: Account, clock: FixedClock, ending: Ending
) -> None:
    with db.transaction() as tx:
        first = jobs.submit_alone(tx, _order(account), queue=queue, now=clock())
    with db.transaction() as tx, pytest.raises(ConflictError, match="j_1"):
        jobs.submit_alone(tx, _order(account, job_id="j_2"), queue=queue, now=clock())
    with db.transaction() as tx:
        jobs.cancel(tx, first, ending=ending)
        jobs.submit_alone(tx, _order(account, job_id="j_2"), queue=queue, now=clock())


def test_a_file_leads_to_the_job_that_made_it_and_to_no_other(
    db: Database, queue: Queue, account: Account, clock: FixedClock, ending: Ending
) -> None:
    made = NewFile(blob_key="outputs/j_1/0", filename="b.mp4", media_type="video/mp4", size_bytes=1)
    with db.transaction() as tx:
        jobs.submit(tx, _order(account), queue=queue, now=clock())
        job = jobs.start(tx, "j_1", ticket=1, worker_id="w-1", most=3, ending=ending)
        assert job is not None
        jobs.succeed(tx, job, facts={}, outputs=[made], ending=ending)
        details = jobs.details(tx, jobs.get(tx, "j_1"))
        assert jobs.of_output(tx, details.outputs[0].id).id == "j_1"
        with pytest.raises(NotFoundError):
            jobs.of_output(tx, details.inputs[0].id)
