"""Stored compositions: tasks and previews, and the renders that give a task its state."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from tests.fakes import FixedClock

from telecine.core import accounts, compositions, credits, files, jobs
from telecine.core.accounts import Account
from telecine.core.compositions import (
    Composition,
    CompositionKind,
    NewComposition,
    Rendering,
    RenderState,
)
from telecine.core.jobs import Ending, NewFile, Order
from telecine.db import Database
from telecine.engine import Queue
from telecine.kit.errors import ConflictError, ExpiredError, NotFoundError, ProcessingError

NEW = NewComposition(
    document='{"meta": {}}',
    digest="d",
    width=160,
    height=90,
    frame_rate=Fraction(30000, 1001),
    duration_frames=300,
    category="ads",
    notes='{"a": 1}',
)


@pytest.fixture
def queue(db: Database) -> Iterator[Queue]:
    made = Queue(db.url)
    yield made
    made.close()


def _create(
    db: Database, account: Account, clock: FixedClock, kind: CompositionKind = CompositionKind.TASK
) -> Composition:
    clock.advance(seconds=1)
    with db.transaction() as tx:
        return compositions.create(tx, NEW, account_id=account.id, kind=kind, now=clock())


@pytest.fixture
def task(db: Database, account: Account, clock: FixedClock) -> Composition:
    return _create(db, account, clock)


@pytest.fixture
def preview(db: Database, account: Account, clock: FixedClock) -> Composition:
    return _create(db, account, clock, CompositionKind.PREVIEW)


def _render(
    db: Database, task: Composition, queue: Queue, clock: FixedClock, *, again: bool = False
) -> Rendering:
    clock.advance(seconds=1)
    job_id = jobs.new_job_id("rt_")
    order = Order(
        job_id=job_id,
        account_id=task.account_id,
        family="video",
        operation="render",
        lane="media",
        params={},
        price=7,
        inputs=(
            NewFile(blob_key=f"inputs/{job_id}", filename="c", media_type="text/x", size_bytes=2),
        ),
        subject_id=task.id,
    )
    with db.transaction() as tx:
        return compositions.begin_render(tx, task, order, queue=queue, now=clock(), again=again)


def _end(db: Database, rendering: Rendering, clock: FixedClock, *, well: bool = True) -> None:
    assert rendering.task.job is not None
    ending = Ending(now=clock())
    output = NewFile(
        blob_key=f"outputs/{rendering.task.job.id}",
        filename="f.mp4",
        media_type="video/mp4",
        size_bytes=9,
    )
    with db.transaction() as tx:
        started = jobs.start(
            tx, rendering.task.job.id, ticket=1, worker_id="w", most=3, ending=ending
        )
        assert started is not None
        if well:
            jobs.succeed(tx, started, facts={}, outputs=[output], ending=ending)
        else:
            jobs.fail(tx, started, ProcessingError("broken"), ending=ending)


def _state(db: Database, task: Composition, clock: FixedClock) -> RenderState:
    with db.snapshot() as tx:
        return compositions.task(tx, task.id, account_id=task.account_id, now=clock()).state


def _listed(db: Database, account: Account, state: RenderState | None) -> list[str]:
    with db.snapshot() as tx:
        page = compositions.list_page(
            tx, account_id=account.id, state=state, category=None, page=1, limit=10
        )
    assert page.total == len(page.tasks)
    return [each.composition.id for each in page.tasks]


def test_a_task_is_read_back_as_it_was_stored(
    db: Database, account: Account, task: Composition, clock: FixedClock
) -> None:
    with db.snapshot() as tx:
        found = compositions.task(tx, task.id, account_id=account.id, now=clock())
    assert found.composition == task
    assert len(task.id) == 12
    assert task.serial.startswith("vt_")
    assert (found.state, found.job, found.output) == (RenderState.CREATED, None, None)
    assert task.duration_seconds == pytest.approx(10.01)


def test_another_account_sees_nothing_of_it(
    db: Database, task: Composition, clock: FixedClock
) -> None:
    with db.transaction() as tx:
        other = accounts.create(tx, email="bob@example.com", plan="pro", now=clock())
    with db.snapshot() as tx, pytest.raises(NotFoundError):
        compositions.task(tx, task.id, account_id=other.id, now=clock())


def test_a_preview_is_no_task_and_is_over_after_a_week(
    db: Database, account: Account, preview: Composition, clock: FixedClock
) -> None:
    def found() -> Composition:
        with db.snapshot() as tx:
            return compositions.get(
                tx,
                preview.id,
                account_id=account.id,
                kind=CompositionKind.PREVIEW,
                now=clock(),
            )

    assert preview.id.startswith("temp_")
    assert found() == preview
    with db.snapshot() as tx, pytest.raises(NotFoundError):
        compositions.task(tx, preview.id, account_id=account.id, now=clock())
    assert _listed(db, account, None) == []
    clock.advance(days=7)
    with pytest.raises(NotFoundError):
        found()
    with db.transaction() as tx:
        assert compositions.sweep(tx, now=clock()) == 1
        assert compositions.sweep(tx, now=clock()) == 0


def test_the_latest_render_gives_the_state(
    db: Database, account: Account, task: Composition, queue: Queue, clock: FixedClock
) -> None:
    idle = _create(db, account, clock)
    first = _render(db, task, queue, clock)
    assert first.is_new
    assert _state(db, task, clock) is RenderState.RENDERING
    assert _listed(db, account, RenderState.RENDERING) == [task.id]
    _end(db, first, clock, well=False)
    assert _state(db, task, clock) is RenderState.FAILED
    _end(db, _render(db, task, queue, clock), clock)
    assert _state(db, task, clock) is RenderState.COMPLETED
    assert _listed(db, account, RenderState.COMPLETED) == [task.id]
    assert _listed(db, account, RenderState.CREATED) == [idle.id]
    assert _listed(db, account, None) == [idle.id, task.id]
    assert _listed(db, account, RenderState.FAILED) == []


def test_a_render_under_way_is_not_begun_again(
    db: Database, task: Composition, queue: Queue, clock: FixedClock
) -> None:
    _render(db, task, queue, clock)
    with pytest.raises(ConflictError):
        _render(db, task, queue, clock)


def test_a_finished_render_is_given_again_and_charged_once(
    db: Database, account: Account, task: Composition, queue: Queue, clock: FixedClock
) -> None:
    first = _render(db, task, queue, clock)
    _end(db, first, clock)
    second = _render(db, task, queue, clock)
    assert first.task.job is not None
    assert second.task.job is not None
    assert (second.is_new, second.task.job.id) == (False, first.task.job.id)
    with db.snapshot() as tx:
        assert credits.balance(tx, account.id).available == 93
    assert _render(db, task, queue, clock, again=True).is_new


def test_a_film_that_has_expired_is_rendered_anew(
    db: Database, task: Composition, queue: Queue, clock: FixedClock
) -> None:
    first = _render(db, task, queue, clock)
    _end(db, first, clock)
    with db.transaction() as tx:
        output = compositions.task(tx, task.id, account_id=task.account_id, now=clock()).output
        assert output is not None
        files.expire(tx, [output.id], at=clock())
    assert _render(db, task, queue, clock).is_new


def test_deleting_cancels_the_render_gives_back_the_hold_and_lets_the_files_go(
    db: Database, account: Account, task: Composition, queue: Queue, clock: FixedClock
) -> None:
    done = _render(db, task, queue, clock)
    _end(db, done, clock)
    running = _render(db, task, queue, clock, again=True)
    assert running.task.job is not None
    with db.transaction() as tx:
        gone = compositions.delete(tx, task, ending=Ending(now=clock()))
    assert done.task.job is not None
    assert {file.blob_key for file in gone} == {
        f"inputs/{done.task.job.id}",
        f"outputs/{done.task.job.id}",
        f"inputs/{running.task.job.id}",
    }
    with db.snapshot() as tx:
        assert credits.balance(tx, account.id).held == 0
        with pytest.raises(NotFoundError):
            jobs.get(tx, running.task.job.id)
        with pytest.raises(NotFoundError):
            compositions.task(tx, task.id, account_id=account.id, now=clock())
    with pytest.raises(NotFoundError):
        _render(db, task, queue, clock)


def test_a_preview_becomes_a_task_and_stays(
    db: Database, account: Account, preview: Composition, clock: FixedClock
) -> None:
    with db.transaction() as tx:
        made = compositions.convert(tx, preview, category="api", notes=None, now=clock())
    assert (made.kind, made.category, made.notes) == (CompositionKind.TASK, "api", NEW.notes)
    assert (made.document, made.digest) == (preview.document, preview.digest)
    with db.snapshot() as tx:
        shown = compositions.of_link(tx, preview.id, kind=CompositionKind.PREVIEW, now=clock())
        assert (shown.composition, shown.job) == (preview, None)


def test_a_link_opens_one_kind_and_tells_what_is_over_from_what_never_was(
    db: Database, preview: Composition, clock: FixedClock
) -> None:
    with db.snapshot() as tx, pytest.raises(NotFoundError):
        compositions.of_link(tx, preview.id, kind=CompositionKind.TASK, now=clock())
    clock.advance(days=8)
    with db.snapshot() as tx, pytest.raises(ExpiredError):
        compositions.of_link(tx, preview.id, kind=CompositionKind.PREVIEW, now=clock())


def test_of_two_who_delete_one_is_told_that_nothing_is_there(
    db: Database, clock: FixedClock, task: Composition
) -> None:
    with db.transaction() as tx:
        compositions.delete(tx, task, ending=Ending(now=clock()))
    with db.transaction() as tx, pytest.raises(NotFoundError):
        compositions.delete(tx, task, ending=Ending(now=clock()))
