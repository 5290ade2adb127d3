"""Accounts, keys, credits and settings, straight on the database of this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from rich.console import Console
from rich.table import Table

from telecine import settings as settings_module
from telecine.cli import prerequisites, trouble
from telecine.cli.tables import console
from telecine.core import accounts, credits, jobs, keys, webhooks
from telecine.core.accounts import Account
from telecine.core.jobs import Ending
from telecine.core.keys import KeyStyle
from telecine.core.webhooks import DeliveryState, Try, Wanted
from telecine.db import Database, Transaction, file_of
from telecine.db.clock import clock_of, read
from telecine.db.migrate import migrate
from telecine.kit.clock import Clock
from telecine.kit.errors import ConflictError, InvalidRequestError, NotFoundError
from telecine.settings import PlanBook, Settings, load_plans


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """What these commands need of a Telecine: no store, no processes."""

    db: Database
    plans: PlanBook
    clock: Clock


_out = console()
_err = Console(stderr=True, highlight=False)


def create_key(
    settings: Settings, *, email: str, plan: str, amount: int | None, style: str
) -> None:
    """Print a new key on stdout; everything else goes to stderr."""
    if style not in list(KeyStyle):
        raise InvalidRequestError(f"--style is one of {', '.join(KeyStyle)}.")
    with _opened(settings, is_first=True) as telecine, telecine.db.transaction() as tx:
        now = telecine.clock()
        account = accounts.find_by_email(tx, email)
        if account is None:
            if plan not in telecine.plans.plans:
                raise InvalidRequestError(f"--plan is one of {', '.join(telecine.plans.plans)}.")
            account = accounts.create(tx, email=email, plan=plan, now=now)
            amount = telecine.plans.plans[plan].included_credits if amount is None else amount
        if amount:
            credits.grant(tx, account.id, amount, now=now, note="keys create")
        _, secret = keys.issue(tx, account, style=KeyStyle(style), now=now)
        balance = credits.balance(tx, account.id)
        place = telecine.db.place
    _err.print(f"{account.email}: plan {account.plan}, {balance.available} credits; in {place}")
    sys.stdout.write(secret + "\n")


def list_keys(settings: Settings) -> None:
    """Print all keys as a table that fits 80 columns: each key on two lines."""
    table = Table("id, key", "account, plan", "state, last use", show_lines=True)
    table.columns[0].no_wrap = True  # it is there to be copied into `keys revoke`
    table.columns[1].overflow = "fold"
    table.columns[2].no_wrap = True
    with _opened(settings) as telecine, telecine.db.snapshot() as tx:
        for key in keys.list_keys(tx):
            account = accounts.get(tx, key.account_id)
            used = key.last_used_at.strftime("%Y-%m-%d %H:%M") if key.last_used_at else "never"
            state = "active" if key.revoked_at is None else "revoked"
            table.add_row(
                f"{key.id}\n{key.hint}",
                f"{account.email}\n{account.plan}",
                f"{state}, of {key.created_at:%Y-%m-%d}\nused {used}",
            )
    _out.print(table)


def revoke_key(settings: Settings, key_id: str) -> None:
    """Switch a key off."""
    with _opened(settings) as telecine, telecine.db.transaction() as tx:
        key = keys.revoke(tx, key_id, now=telecine.clock())
    _out.print(f"revoked {key.hint}")


def grant(settings: Settings, *, email: str, amount: int) -> None:
    """Give an account credits."""
    with _opened(settings) as telecine, telecine.db.transaction() as tx:
        account = _account(tx, email)
        credits.grant(tx, account.id, amount, now=telecine.clock(), note="credits grant")
        balance = credits.balance(tx, account.id)
    _out.print(f"{account.email}: {balance.available} credits")


def show_credits(settings: Settings, *, email: str, limit: int) -> None:
    """Print a balance, and what it came to be by, as a table that fits 80 columns."""
    table = Table("at", "what", "book", "credits", "job or note")
    table.columns[3].justify = "right"
    with _opened(settings) as telecine, telecine.db.snapshot() as tx:
        account = _account(tx, email)
        balance = credits.balance(tx, account.id)
        for each in credits.entries(tx, account.id, most=limit):
            at, why = f"{each.at:%Y-%m-%d %H:%M}", each.job_id or each.note or ""
            table.add_row(at, each.kind, each.book, f"{each.amount:+}", why)
    _out.print(
        f"{account.email}: {balance.available} credits, {balance.held} held for jobs, "
        f"{balance.granted} granted"
    )
    _out.print(table)


def list_workers(settings: Settings, *, host: str | None) -> bool:
    """Print all workers; True where one is alive, of the host if that is given."""
    table = Table("worker", "state", "since", "at work on")
    is_any_alive = False
    with _opened(settings) as telecine, telecine.db.snapshot() as tx:
        now = read(tx, telecine.clock)
        at_work = {job.worker_id: f"{job.operation} {job.id}" for job in jobs.active(tx)}
        for worker in jobs.all_workers(tx):
            silent = now - worker.heartbeat_at
            is_alive = silent.total_seconds() <= settings.worker_timeout_seconds
            is_any_alive |= is_alive and worker.id.startswith(f"{host}-" if host else "")
            state = "alive" if is_alive else f"silent for {str(silent).partition('.')[0]}"
            since = f"{worker.started_at:%Y-%m-%d %H:%M}"
            table.add_row(worker.id, state, since, at_work.get(worker.id, ""))
    _out.print(table)
    return is_any_alive


def cancel_job(settings: Settings, job_id: str) -> None:
    """Stop a job that has not ended; its worker notices within a second."""
    with _opened(settings) as telecine, telecine.db.transaction() as tx:
        job = jobs.get(tx, job_id)
        if not jobs.cancel(tx, job, ending=Ending(now=telecine.clock())):
            raise ConflictError(f"{job.id} has ended already: {job.status}.")
    _out.print(f"cancelled {job.id}")


def show_webhook_secret(settings: Settings, *, email: str) -> None:
    """Print the secret of an account's webhooks on stdout."""
    with _opened(settings) as telecine, telecine.db.snapshot() as tx:
        sys.stdout.write(_account(tx, email).webhook_secret + "\n")


def list_deliveries(settings: Settings, *, email: str, state: str | None, limit: int) -> None:
    """Print deliveries as a table that fits 80 columns."""
    if state is not None and state not in list(DeliveryState):
        raise InvalidRequestError(f"--state is one of {', '.join(DeliveryState)}.")
    states = None if state is None else (DeliveryState(state),)
    table = Table("id, event", "state", "last try, address", show_lines=True)
    table.columns[0].no_wrap = True  # it is there to be copied into `webhooks replay`
    table.columns[2].overflow = "fold"
    with _opened(settings) as telecine, telecine.db.snapshot() as tx:
        account = _account(tx, email)
        page = webhooks.page(tx, account.id, wanted=Wanted(states=states), cursor=None, most=limit)
        tries = webhooks.tries(tx, [each.id for each in page.deliveries])
        for each in page.deliveries:
            last = tries.get(each.id, ())
            table.add_row(
                f"{each.id}\n{each.event}",
                f"{each.state}\n{each.created_at:%m-%d %H:%M}",
                f"{_told(last[-1]) if last else 'not tried yet'}\n{each.url}",
            )
    _out.print(table)


def replay_delivery(settings: Settings, delivery_id: str) -> None:
    """Send a delivery again: a worker does it at once."""
    with _opened(settings) as telecine, telecine.db.transaction() as tx:
        delivery = webhooks.replay(tx, delivery_id, now=telecine.clock())
    _out.print(f"{delivery.id} is sent again")


def _told(outcome: Try) -> str:
    answer = outcome.note if outcome.status_code is None else f"status {outcome.status_code}"
    return f"{outcome.attempt}: {answer}"


def show_settings() -> None:
    """Print every setting."""
    table = Table("variable", "default", "what it does")
    table.columns[0].no_wrap = True
    for row in setting_rows():
        table.add_row(*row)
    _out.print(table)


def setting_rows() -> list[tuple[str, str, str]]:
    """Return (variable, default, help) of every setting, in the order of the file."""
    described = msgspec.inspect.type_info(settings_module.Settings)
    assert isinstance(described, msgspec.inspect.StructType)
    rows = []
    for field in described.fields:
        extra = (
            field.type.extra_json_schema
            if isinstance(field.type, msgspec.inspect.Metadata)
            else None
        )
        text = str((extra or {}).get("description", ""))
        rows.append((f"TELECINE_{field.name.upper()}", str(field.default), text))
    return rows


def _account(tx: Transaction, email: str) -> Account:
    account = accounts.find_by_email(tx, email)
    if account is None:
        raise NotFoundError(f"There is no account for {email}.")
    return account


@contextmanager
def _opened(settings: Settings, *, is_first: bool = False) -> Iterator[_Books]:
    """Open the database; only where `is_first`, one that does not exist is made."""
    if not settings.database_url and (is_first or settings.data_dir.exists()):
        prerequisites.check_data(settings)
    file = file_of(settings.resolved_database_url)
    if not is_first and file is not None and not file.exists():
        place, another = (
            (file, "TELECINE_DATABASE_URL names another")
            if settings.database_url
            else (settings.data_dir, "--data names another folder")
        )
        raise NotFoundError(
            f"There is no Telecine in {place} yet. `telecine serve` makes one; {another}."
        )
    db = Database(settings.resolved_database_url)
    try:
        with trouble.told(settings):
            trouble.check_files(settings, db)
            migrate(db)
            yield _Books(db=db, plans=load_plans(settings), clock=clock_of(db))
    finally:
        db.dispose()
