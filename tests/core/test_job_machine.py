"""The life of a job, driven at random against a model of what it should be, on both databases.

Attempts that were fenced off are kept and tried again: whatever they say, nothing moves.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from tests.databases import postgres, prepare
from tests.fakes import FixedClock
from typing_extensions import override

from telecine.core import accounts, credits, files, jobs, webhooks
from telecine.core.jobs import Ending, Job, JobDetails, JobStatus, NewFile, Order
from telecine.db import Database
from telecine.db.tables import ledger_entries
from telecine.engine import Queue, TicketPhase
from telecine.kit.errors import (
    ConflictError,
    InsufficientCreditsError,
    NotFoundError,
    ProcessingError,
)

GRANTED = 100
MOST_ATTEMPTS = 3
#: Examples and steps of each; a step on Postgres costs more.
EXTENT = {"sqlite": (25, 25), "postgres": (8, 25)}
_NUMBERS = itertools.count()


@dataclass(slots=True)
class Model:
    """What is known of one job without asking."""

    price: int
    has_hook: bool
    subject: str | None
    status: JobStatus = JobStatus.QUEUED
    ticket: int = 1
    attempt: int = 0
    progress: float = 0.0
    charged: int = 0
    n_outputs: int = 0

    @property
    def is_active(self) -> bool:
        return not self.status.is_final

    def is_held_by(self, attempt: Job) -> bool:
        return self.is_active and (attempt.ticket, attempt.attempt) == (self.ticket, self.attempt)


class JobLife(RuleBasedStateMachine):
    """Jobs of one account, from all sides at once."""

    ids: Bundle[str] = Bundle("ids")
    attempts: Bundle[Job] = Bundle("attempts")

    def __init__(self, db: Database, queue: Queue) -> None:
        super().__init__()
        self.db, self.queue, self.clock = db, queue, FixedClock()
        self.models: dict[str, Model] = {}
        with db.transaction() as tx:
            email = f"ann-{next(_NUMBERS)}@example.com"
            self.account = accounts.create(tx, email=email, plan="pro", now=self.clock()).id
            credits.grant(tx, self.account, GRANTED, now=self.clock())

    @property
    def ending(self) -> Ending:
        self.clock.advance(seconds=1)
        return Ending(now=self.clock(), bodies={"compress": _body})

    @property
    def available(self) -> int:
        held = sum(model.price for model in self.models.values() if model.is_active)
        return GRANTED - held - sum(model.charged for model in self.models.values())

    def seen(self, job_id: str) -> Job:
        with self.db.snapshot() as tx:
            return jobs.get(tx, job_id)

    @rule(
        target=ids,
        price=st.integers(0, 60),
        has_hook=st.booleans(),
        subject=st.sampled_from([None, "film", "talk"]),
    )
    def submit(self, price: int, has_hook: bool, subject: str | None) -> str | MultipleResults[str]:
        order = self.order(price, has_hook=has_hook, subject=subject)
        named = order.subject_id
        is_under_way = named is not None and any(
            model.is_active and model.subject == named for model in self.models.values()
        )
        try:
            with self.db.transaction() as tx:
                jobs.submit_once(tx, order, queue=self.queue, now=self.clock())
        except ConflictError:
            assert is_under_way
            return multiple()
        except InsufficientCreditsError:
            assert price > self.available
            return multiple()
        assert not is_under_way
        self.models[order.job_id] = Model(price=price, has_hook=has_hook, subject=named)
        return order.job_id

    @rule(target=ids, price=st.integers(0, 60))
    def record(self, price: int) -> str | MultipleResults[str]:
        order = replace(self.order(price, has_hook=False, subject=None), inputs=())
        try:
            with self.db.transaction() as tx:
                jobs.record(tx, order, facts={}, now=self.clock())
        except InsufficientCreditsError:
            assert price > self.available
            return multiple()
        self.models[order.job_id] = Model(
            price=price,
            has_hook=False,
            subject=None,
            status=JobStatus.SUCCEEDED,
            progress=1.0,
            charged=price,
        )
        return order.job_id

    @rule(target=attempts, job_id=ids, ticket_before=st.sampled_from([0, 0, 0, 1]))
    def start(self, job_id: str, ticket_before: int) -> Job | MultipleResults[Job]:
        model = self.models.get(job_id)
        ticket = (model.ticket if model else 1) - ticket_before
        with self.db.transaction() as tx:
            begun = jobs.start(
                tx, job_id, ticket=ticket, worker_id="w-1", most=MOST_ATTEMPTS, ending=self.ending
            )
        if model is None or not model.is_active or ticket != model.ticket:
            assert begun is None
            return multiple()
        if model.attempt >= MOST_ATTEMPTS:
            assert begun is None
            assert self.seen(job_id).error_code == "worker_lost"
            model.status = JobStatus.FAILED
            return multiple()
        model.status, model.attempt = JobStatus.RUNNING, model.attempt + 1
        assert begun is not None
        return begun

    @rule(attempt=attempts, fraction=st.floats(0, 0.99))
    def report(self, attempt: Job, fraction: float) -> None:
        with self.db.transaction() as tx:
            is_held = jobs.report(tx, attempt, fraction)
        model = self.models.get(attempt.id)
        assert is_held == (model is not None and model.is_held_by(attempt))
        if model is not None and is_held:
            model.progress = max(model.progress, fraction)

    @rule(
        attempt=attempts,
        n_outputs=st.integers(0, 2),
        charge=st.none() | st.integers(0, 70),
    )
    def succeed(self, attempt: Job, n_outputs: int, charge: int | None) -> None:
        outputs = [_new_file("outputs") for _ in range(n_outputs)]
        with self.db.transaction() as tx:
            is_done = jobs.succeed(
                tx, attempt, facts={"n": 1}, outputs=outputs, ending=self.ending, charge=charge
            )
            assert is_done or not files.keys_of(tx, [each.blob_key for each in outputs])
        model = self.moved(attempt, is_done, JobStatus.SUCCEEDED)
        if model is not None:
            model.charged = model.price if charge is None else min(charge, model.price)
            model.progress, model.n_outputs = 1.0, n_outputs

    @rule(attempt=attempts)
    def fail(self, attempt: Job) -> None:
        with self.db.transaction() as tx:
            is_done = jobs.fail(tx, attempt, ProcessingError("It broke."), ending=self.ending)
        self.moved(attempt, is_done, JobStatus.FAILED)

    @rule(attempt=attempts, is_counted=st.booleans())
    def requeue(self, attempt: Job, is_counted: bool) -> None:
        with self.db.transaction() as tx:
            is_done = jobs.requeue(tx, attempt, queue=self.queue, is_counted=is_counted)
        model = self.moved(attempt, is_done, JobStatus.QUEUED)
        if model is not None:
            model.ticket += 1
            model.attempt -= 0 if is_counted else 1

    @rule(job_id=ids, is_counted=st.booleans())
    def lose(self, job_id: str, is_counted: bool) -> None:
        """A janitor gives a job back, whoever has it, also one that nobody has begun."""
        if job_id not in self.models:
            return
        seen = self.seen(job_id)
        with self.db.transaction() as tx:
            is_done = jobs.requeue(tx, seen, queue=self.queue, is_counted=is_counted)
        model = self.moved(seen, is_done, JobStatus.QUEUED)
        if model is not None:
            model.ticket += 1
            model.attempt -= 0 if is_counted else min(1, model.attempt)

    @rule(job_id=ids, is_waiting=st.booleans())
    def cancel(self, job_id: str, is_waiting: bool) -> None:
        if job_id not in self.models:
            return
        seen = self.seen(job_id)
        if is_waiting and seen.status is not JobStatus.QUEUED:
            with pytest.raises(ConflictError), self.db.transaction() as tx:
                jobs.cancel_waiting(tx, seen, ending=self.ending)
            return
        with self.db.transaction() as tx:
            is_done = jobs.cancel(tx, seen, ending=self.ending)
        self.moved(seen, is_done, JobStatus.CANCELLED)

    @rule(attempt=attempts)
    def cancel_as_it_was(self, attempt: Job) -> None:
        """By whoever has read the job a while ago."""
        with self.db.transaction() as tx:
            is_done = jobs.cancel(tx, attempt, ending=self.ending)
        self.moved(attempt, is_done, JobStatus.CANCELLED)

    @rule(job_id=ids)
    def strip(self, job_id: str) -> None:
        model = self.models.get(job_id)
        if model is None or model.status is not JobStatus.SUCCEEDED:
            return
        with self.db.transaction() as tx:
            gone = jobs.strip(tx, self.seen(job_id), facts={}, kept=(), now=self.ending.now)
        assert len(gone) == model.n_outputs

    @rule(job_id=consumes(ids))
    def erase(self, job_id: str) -> None:
        if job_id not in self.models:
            return
        model = self.models.pop(job_id)
        with self.db.transaction() as tx:
            gone = jobs.erase(tx, self.seen(job_id), ending=self.ending)
            assert all(file.expires_at == self.clock() for file in gone)
        with self.db.snapshot() as tx, pytest.raises(NotFoundError):
            jobs.get(tx, job_id)
        # What it has cost stays paid.
        self.models[f"erased {job_id}"] = replace(
            model, status=JobStatus.CANCELLED if model.is_active else model.status
        )

    def moved(self, attempt: Job, is_done: bool, to: JobStatus) -> Model | None:
        """Hold that it moved where it should have; returns what did."""
        model = self.models.get(attempt.id)
        assert is_done == (model is not None and model.is_held_by(attempt))
        if model is None or not is_done:
            return None
        model.status = to
        return model

    @invariant()
    def the_rows_agree(self) -> None:
        with self.db.snapshot() as tx:
            for job_id, model in self.known():
                job = jobs.get(tx, job_id)
                assert (job.status, job.ticket, job.attempt) == (
                    model.status,
                    model.ticket,
                    model.attempt,
                )
                assert job.progress == pytest.approx(model.progress)
                if model.status is JobStatus.SUCCEEDED:
                    assert job.price == model.charged
                assert (job.finished_at is None) == model.is_active
                details = jobs.details(tx, job)
                assert len(details.outputs) == model.n_outputs
                for file in details.inputs:
                    assert (file.expires_at is None) == model.is_active
                is_told = model.has_hook and model.status in {
                    JobStatus.SUCCEEDED,
                    JobStatus.FAILED,
                }
                assert len(webhooks.deliveries_of(tx, job_id)) == int(is_told)

    @invariant()
    def the_books_agree(self) -> None:
        with self.db.snapshot() as tx:
            assert credits.balance(tx, self.account).available == self.available
            query = sa.select(ledger_entries).where(ledger_entries.c.account_id == self.account)
            entries = tx.execute(query).all()
        assert sum(entry.amount for entry in entries) == 0
        for job_id, model in self.known():
            held = [entry for entry in entries if (entry.job_id, entry.book) == (job_id, "held")]
            assert sum(entry.amount for entry in held) == (model.price if model.is_active else 0)
            assert len(held) == (0 if not model.price else 1 if model.is_active else 2)

    @override
    def teardown(self) -> None:
        """No job that is under way is without its ticket."""
        tickets = [(job_id, model.ticket) for job_id, model in self.known() if model.is_active]
        states = self.queue.states(tickets)
        assert {state.phase for state in states.values()} <= {TicketPhase.WAITING}

    def known(self) -> Iterator[tuple[str, Model]]:
        for job_id, model in self.models.items():
            if not job_id.startswith("erased "):
                yield job_id, model

    def order(self, price: int, *, has_hook: bool, subject: str | None) -> Order:
        number = next(_NUMBERS)
        return Order(
            job_id=f"j_{number}",
            account_id=self.account,
            family="compress",
            operation="compress",
            lane="media",
            params={"codec": "h264"},
            price=price,
            inputs=(_new_file("inputs"),),
            webhook_url="https://example.com/hook" if has_hook else None,
            subject_id=None if subject is None else f"{self.account}-{subject}",
        )


def _new_file(folder: str) -> NewFile:
    return NewFile(
        blob_key=f"{folder}/{next(_NUMBERS)}",
        filename="a.mp4",
        media_type="video/mp4",
        size_bytes=1000,
    )


def _body(details: JobDetails, event: str, at: object) -> bytes:
    return f"{event} {details.job.id}".encode()


@pytest.fixture(scope="module", params=EXTENT)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def stores(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, Queue]]:
    """Where jobs and their tickets are kept."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('jobs') / 'jobs.db'}"
        if database == "postgres":
            made = stack.enter_context(postgres())
            url = made.replace("postgresql://", "postgresql+psycopg://")
        db = Database(url)
        stack.callback(db.dispose)
        prepare(db)
        queue = Queue(url)
        stack.callback(queue.close)
        yield db, queue


def test_no_order_of_events_breaks_a_job(database: str, stores: tuple[Database, Queue]) -> None:
    examples, steps = EXTENT[database]

    class OnTheseStores(JobLife):
        def __init__(self) -> None:
            super().__init__(*stores)

    run_state_machine_as_test(
        OnTheseStores,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_what_is_read_together_is_of_one_instant(stores: tuple[Database, Queue]) -> None:
    life = JobLife(*stores)
    db, queue = stores
    order = life.order(1, has_hook=False, subject=None)
    with db.transaction() as tx:
        jobs.submit(tx, order, queue=queue, now=life.clock())
    with db.transaction() as tx:
        begun = jobs.start(
            tx, order.job_id, ticket=1, worker_id="w-1", most=MOST_ATTEMPTS, ending=life.ending
        )
    assert begun is not None
    with db.snapshot() as tx:
        seen = jobs.get(tx, order.job_id)
        with db.transaction() as other:
            outputs = [_new_file("outputs")]
            assert jobs.succeed(other, begun, facts={}, outputs=outputs, ending=life.ending)
        assert jobs.details(tx, seen).outputs == ()
    with db.snapshot() as tx:
        assert len(jobs.details(tx, seen).outputs) == 1


def test_jobs_that_are_taken_one_at_a_time_and_others_do_not_wait_for_each_other_for_ever(
    database: str, stores: tuple[Database, Queue]
) -> None:
    """One locks the account and then the balance, the other the balance and then looks for it."""
    life = JobLife(*stores)
    db, queue = stores
    has_locked, has_reserved = threading.Event(), threading.Event()

    def submit_alone() -> None:
        with db.transaction() as tx:
            accounts.lock(tx, life.account)
            has_locked.set()
            # On SQLite the other one has not begun: there is one writer.
            assert database == "sqlite" or has_reserved.wait(180)
            jobs.submit(
                tx, life.order(1, has_hook=False, subject=None), queue=queue, now=life.clock()
            )

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(submit_alone)
        assert has_locked.wait(180)
        order = life.order(1, has_hook=False, subject=None)
        with db.transaction() as tx:
            jobs.submit(tx, order, queue=queue, now=life.clock())
            has_reserved.set()
        other.result()
    with db.snapshot() as tx:
        assert credits.balance(tx, life.account).available == GRANTED - 2
