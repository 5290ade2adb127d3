"""A database of an older version is brought up to this one; of a newer one it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from telecine import engine
from telecine.core import accounts, credits, files, jobs, webhooks
from telecine.core.jobs import Ending, JobStatus
from telecine.core.webhooks import Wanted
from telecine.db import Database, Transaction
from telecine.db.migrate import config, migrate, revisions
from telecine.engine import Queue, TicketPhase
from telecine.kit.errors import ConflictError

#: Before there was a log of webhooks, and before uploads could be resumed and requests repeated.
_OLD = "0006"
_AT = datetime(2026, 4, 12, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database in which there is nothing."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'new.db'}"
    else:
        there = sa.make_url(request.getfixturevalue("server"))
        name = f"new_{abs(hash(request.node.name))}"
        admin = sa.create_engine(there, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = there.set(database=name).render_as_string(hide_password=False)
    database = Database(url)
    yield database
    database.dispose()


def _upgrade(tx: Transaction, revision: str) -> None:
    settings = config()
    settings.attributes["connection"] = tx
    command.upgrade(settings, revision)


def _revision(database: Database) -> str:
    with database.snapshot() as tx:
        return str(tx.execute(sa.text("SELECT version_num FROM telecine_schema")).scalar_one())


def _fill(tx: Transaction) -> None:
    """Write what the old version would have: an ended job with its webhook, and one that waits."""
    old = sa.MetaData()
    old.reflect(tx)

    def put(table: str, *rows: dict[str, Any]) -> None:
        tx.execute(old.tables[table].insert(), list(rows))

    account = {"account_id": "a_1"}
    put("accounts", _account())
    put("credit_balances", {**account, "available": 92, "held": 3})
    put(
        "ledger_entries",
        *(
            {**account, "kind": kind, "book": book, "amount": amount, "job_id": job_id, "at": _AT}
            for kind, book, amount, job_id in _LEDGER
        ),
    )
    put("files", *(_file(job_id) for job_id in ("j_ended", "j_waits")))
    put("jobs", _job("j_ended", "succeeded", price=5), _job("j_waits", "queued", price=3))
    put("job_files", *(_link(job_id) for job_id in ("j_ended", "j_waits")))
    put("deliveries", _delivery())


_LEDGER = (
    ("grant", "issued", -100, None),
    ("grant", "available", 100, None),
    ("reserve", "available", -5, "j_ended"),
    ("reserve", "held", 5, "j_ended"),
    ("settle", "held", -5, "j_ended"),
    ("settle", "earned", 5, "j_ended"),
    ("reserve", "available", -3, "j_waits"),
    ("reserve", "held", 3, "j_waits"),
)


def _account() -> dict[str, Any]:
    return {
        "id": "a_1",
        "email": "ann@example.com",
        "plan": "pro",
        "webhook_secret": "whsec_x",
        "created_at": _AT,
    }


def _file(job_id: str) -> dict[str, Any]:
    return {
        "id": f"file_{job_id}",
        "account_id": "a_1",
        "blob_key": f"inputs/{job_id}",
        "filename": "a.mp4",
        "media_type": "video/mp4",
        "size_bytes": 1000,
        "created_at": _AT,
    }


def _job(job_id: str, status: str, *, price: int) -> dict[str, Any]:
    has_ended = status == "succeeded"
    return {
        "id": job_id,
        "account_id": "a_1",
        "family": "compress",
        "operation": "compress",
        "lane": "media",
        "params": {"codec": "h264"},
        "status": status,
        "price": price,
        "progress": float(has_ended),
        "facts": {},
        "webhook_url": "https://example.com/hook",
        "ticket": 1,
        "attempt": int(has_ended),
        "created_at": _AT,
        "finished_at": _AT if has_ended else None,
    }


def _link(job_id: str) -> dict[str, Any]:
    return {"job_id": job_id, "role": "input", "position": 0, "file_id": f"file_{job_id}"}


def _delivery() -> dict[str, Any]:
    return {
        "id": "msg_1",
        "account_id": "a_1",
        "job_id": "j_ended",
        "event": "job.completed",
        "url": "https://example.com/hook",
        "body": b"{}",
        "state": "pending",
        "attempt": 0,
        "created_at": _AT,
        "due_at": _AT,
    }


def test_what_an_older_version_has_left_goes_on(new: Database) -> None:
    with new.transaction() as tx:
        _upgrade(tx, _OLD)
        _fill(tx)
    engine.migrate(new.url)
    queue = Queue(new.url)
    with new.transaction() as tx:
        queue.enqueue(tx, lane="media", job_id="j_waits", ticket=1)
    migrate(new)
    assert _revision(new) == revisions()[-1]
    assert queue.states([("j_waits", 1)])["j_waits", 1].phase is TicketPhase.WAITING
    queue.close()
    with new.transaction() as tx:
        account = accounts.find_by_email(tx, "ann@example.com")
        assert account is not None
        assert jobs.get(tx, "j_ended").status is JobStatus.SUCCEEDED
        waiting = jobs.get(tx, "j_waits")
        assert [each.id for each in jobs.active(tx)] == [waiting.id]
        assert files.keys_of(tx, ["inputs/j_waits", "inputs/nobody"]) == {"inputs/j_waits"}
        told = webhooks.page(tx, account.id, wanted=Wanted(states=None), cursor=None, most=9)
        assert [each.id for each in told.deliveries] == ["msg_1"]
        assert jobs.cancel(tx, waiting, ending=Ending(now=_AT))
        balance = credits.balance(tx, account.id)
        assert (balance.available, balance.held) == (95, 0)
        shown = credits.entries(tx, account.id, most=99)
        assert sum(each.amount for each in shown) == balance.available


def test_an_upgrade_that_breaks_off_has_changed_nothing(new: Database) -> None:
    with new.transaction() as tx:
        _upgrade(tx, _OLD)
    with pytest.raises(KeyboardInterrupt):
        _break_off(new)
    assert _revision(new) == _OLD
    with new.snapshot() as tx:
        assert not sa.inspect(tx).has_table("webhook_receivers")
    migrate(new)
    assert _revision(new) == revisions()[-1]


def _break_off(database: Database) -> None:
    with database.transaction() as tx:
        _upgrade(tx, "head")
        raise KeyboardInterrupt


def test_the_database_of_a_newer_version_is_refused_and_left_alone(new: Database) -> None:
    migrate(new)
    with new.transaction() as tx:
        tx.execute(sa.text("UPDATE telecine_schema SET version_num = '9999'"))
    with pytest.raises(ConflictError, match=r"of a newer Telecine: it has revision 9999.*backup"):
        migrate(new)
    assert _revision(new) == "9999"


def test_the_files_of_migrations_are_named_by_their_revisions() -> None:
    scripts = ScriptDirectory.from_config(config())
    in_order = [each.revision for each in scripts.walk_revisions()]
    assert revisions() == in_order[::-1]
