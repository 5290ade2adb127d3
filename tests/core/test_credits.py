"""The ledger, driven at random against a model of what it should say."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from tests.databases import prepare
from tests.fakes import FixedClock
from typer.testing import CliRunner
from typing_extensions import override

from telecine.cli import app
from telecine.core import accounts, credits
from telecine.core.accounts import Account
from telecine.db import Database
from telecine.db.tables import credit_balances, ledger_entries
from telecine.kit.errors import InsufficientCreditsError

NOW = datetime(2026, 4, 12, tzinfo=UTC)


def test_a_hold_becomes_a_charge(db: Database, account: Account) -> None:
    with db.transaction() as tx:
        credits.reserve(tx, account.id, 30, job_id="j_1", now=NOW)
        assert credits.balance(tx, account.id) == credits.Balance(
            available=70, held=30, granted=100
        )
        credits.settle(tx, account.id, job_id="j_1", now=NOW)
        assert credits.balance(tx, account.id) == credits.Balance(available=70, held=0, granted=100)


def test_the_last_entries_are_told_newest_first(db: Database, account: Account) -> None:
    with db.transaction() as tx:
        credits.reserve(tx, account.id, 30, job_id="j_1", now=NOW)
        credits.settle(tx, account.id, job_id="j_1", now=NOW, charge=20)
        told = [
            (each.kind, each.book, each.amount, each.job_id)
            for each in credits.entries(tx, account.id, most=4)
        ]
    assert sorted(told[:2]) == [("settle", "available", 10, "j_1"), ("settle", "held", -30, "j_1")]
    assert sorted(told[2:]) == [
        *(("reserve", "available", -30, "j_1"), ("reserve", "held", 30, "j_1")),
    ]


def test_the_command_line_shows_what_an_account_has(tmp_path: Path) -> None:
    data = ("--email", "eve@example.com", "--data", str(tmp_path))
    CliRunner().invoke(app, ["keys", "create", "--credits", "42", *data], catch_exceptions=False)
    done = CliRunner().invoke(app, ["credits", "show", *data], catch_exceptions=False)
    assert "eve@example.com: 42 credits, 0 held for jobs, 42 granted" in done.output
    assert all(word in done.output for word in ("grant", "available", "+42", "keys create"))


def test_a_hold_is_given_back(db: Database, account: Account) -> None:
    with db.transaction() as tx:
        credits.reserve(tx, account.id, 30, job_id="j_1", now=NOW)
        credits.release(tx, account.id, job_id="j_1", now=NOW)
        assert credits.balance(tx, account.id).available == 100


def test_more_than_the_balance_is_refused_and_changes_nothing(
    db: Database, account: Account
) -> None:
    with pytest.raises(InsufficientCreditsError) as caught, db.transaction() as tx:
        credits.reserve(tx, account.id, 101, job_id="j_1", now=NOW)
    assert (caught.value.needed, caught.value.available) == (101, 100)
    with db.snapshot() as tx:
        assert credits.balance(tx, account.id).available == 100


def test_a_job_has_one_hold(db: Database, account: Account) -> None:
    with db.transaction() as tx:
        credits.reserve(tx, account.id, 1, job_id="j_1", now=NOW)
    with pytest.raises(sa.exc.IntegrityError), db.transaction() as tx:
        credits.reserve(tx, account.id, 1, job_id="j_1", now=NOW)


def test_settling_twice_charges_once(db: Database, account: Account) -> None:
    with db.transaction() as tx:
        credits.reserve(tx, account.id, 30, job_id="j_1", now=NOW)
        credits.settle(tx, account.id, job_id="j_1", now=NOW)
        credits.settle(tx, account.id, job_id="j_1", now=NOW)
        credits.release(tx, account.id, job_id="j_1", now=NOW)
        assert credits.balance(tx, account.id) == credits.Balance(available=70, held=0, granted=100)


@pytest.mark.parametrize(("charge", "left"), [(0, 100), (12, 88), (30, 70), (31, 70)])
def test_a_charge_is_never_more_than_the_hold_and_the_rest_goes_back(
    db: Database, account: Account, charge: int, left: int
) -> None:
    with db.transaction() as tx:
        credits.reserve(tx, account.id, 30, job_id="j_1", now=NOW)
        credits.settle(tx, account.id, job_id="j_1", now=NOW, charge=charge)
        credits.release(tx, account.id, job_id="j_1", now=NOW)
        now = credits.balance(tx, account.id)
    assert now == credits.Balance(available=left, held=0, granted=100)


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_entries SET amount = 0", "DELETE FROM ledger_entries"]
)
def test_the_ledger_cannot_be_rewritten(db: Database, account: Account, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), db.transaction() as tx:
        tx.execute(sa.text(statement))


def test_of_32_threads_that_want_10_credits_exactly_10_get_one(
    db: Database, account: Account
) -> None:
    with db.transaction() as tx:
        credits.reserve(tx, account.id, 90, job_id="j_rest", now=NOW)
    got: list[int] = []
    ready = Barrier(32)

    def take(number: int) -> None:
        ready.wait()
        try:
            with db.transaction() as tx:
                credits.reserve(tx, account.id, 1, job_id=f"j_{number}", now=NOW)
            got.append(number)
        except InsufficientCreditsError:
            pass

    threads = [Thread(target=take, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 10
    with db.snapshot() as tx:
        assert credits.balance(tx, account.id).available == 0


class Ledger(RuleBasedStateMachine):
    """Grants, holds, charges and refunds in any order, on two accounts."""

    jobs: Bundle[tuple[str, str]] = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.db = Database(f"sqlite:///{Path(self.folder.name) / 'l.db'}")
        prepare(self.db)
        clock = FixedClock()
        with self.db.transaction() as tx:
            self.accounts = [
                accounts.create(tx, email=f"{name}@example.com", plan="pro", now=clock()).id
                for name in ("a", "b")
            ]
        self.available = dict.fromkeys(self.accounts, 0)
        self.held: dict[str, int] = {}
        self.count = 0

    @override
    def teardown(self) -> None:
        self.db.dispose()
        self.folder.cleanup()

    @rule(who=st.integers(0, 1), amount=st.integers(1, 50))
    def grant(self, who: int, amount: int) -> None:
        account = self.accounts[who]
        with self.db.transaction() as tx:
            credits.grant(tx, account, amount, now=NOW)
        self.available[account] += amount

    @rule(target=jobs, who=st.integers(0, 1), amount=st.integers(0, 60))
    def reserve(self, who: int, amount: int) -> tuple[str, str]:
        account = self.accounts[who]
        self.count += 1
        job = f"j_{self.count}"
        try:
            with self.db.transaction() as tx:
                credits.reserve(tx, account, amount, job_id=job, now=NOW)
        except InsufficientCreditsError:
            assert amount > self.available[account]
        else:
            self.available[account] -= amount
            self.held[job] = amount
        return account, job

    @rule(which=jobs)
    def settle(self, which: tuple[str, str]) -> None:
        account, job = which
        with self.db.transaction() as tx:
            credits.settle(tx, account, job_id=job, now=NOW)
        self.held.pop(job, None)

    @rule(which=jobs, charge=st.integers(0, 60))
    def settle_some(self, which: tuple[str, str], charge: int) -> None:
        account, job = which
        with self.db.transaction() as tx:
            credits.settle(tx, account, job_id=job, now=NOW, charge=charge)
        held = self.held.pop(job, 0)
        self.available[account] += held - min(held, charge)

    @rule(which=jobs)
    def release(self, which: tuple[str, str]) -> None:
        account, job = which
        with self.db.transaction() as tx:
            credits.release(tx, account, job_id=job, now=NOW)
        self.available[account] += self.held.pop(job, 0)

    @invariant()
    def the_books_agree(self) -> None:
        with self.db.snapshot() as tx:
            total = tx.execute(sa.select(sa.func.sum(ledger_entries.c.amount))).scalar_one()
            assert (total or 0) == 0
            for account in self.accounts:
                assert credits.balance(tx, account).available == self.available[account]
            sums = tx.execute(
                sa.select(ledger_entries.c.book, sa.func.sum(ledger_entries.c.amount)).group_by(
                    ledger_entries.c.book
                )
            )
            books = {book: total for book, total in sums}  # noqa: C416 (dict() takes a Result for a mapping)
            balances = tx.execute(
                sa.select(
                    sa.func.sum(credit_balances.c.available), sa.func.sum(credit_balances.c.held)
                )
            ).one()
            assert tuple(value or 0 for value in balances) == (
                books.get("available", 0),
                books.get("held", 0),
            )
            assert books.get("held", 0) == sum(self.held.values())


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
