"""What many tests do the same way: send a file, run its job, look at the books and the disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from tests import databases

from telecine import settings as settings_module
from telecine.assembly import Telecine, assemble
from telecine.core.accounts import Account
from telecine.db.tables import jobs, ledger_entries
from telecine.kit.clock import Clock
from telecine.worker.attempt import Attempts
from telecine.worker.janitor import Janitor


@contextmanager
def opened(data: Path, *, clock: Clock, **settings: object) -> Iterator[Telecine]:
    """A whole Telecine in `data`, with other settings than the fixture's."""
    made = assemble(settings_module.load({}, data=str(data), **settings), clock=clock)
    databases.prepare(made.db)
    yield made
    made.close()


def send(
    client: httpx2.Client,
    path: Path,
    *,
    to: str = "/api/v1/compress",
    filename: str | None = None,
    **fields: str,
) -> httpx2.Response:
    """POST a file as a browser's form does."""
    with path.open("rb") as file:
        return client.post(to, files={"file": (filename or path.name, file)}, data=fields)


def submit(client: httpx2.Client, path: Path, **fields: str) -> str:
    """Have a compression accepted; returns the job's id."""
    answer = send(client, path, **fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def status_of(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    """What the status door says of a job."""
    answer = client.get(f"/api/v1/status/{job_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def attempts(telecine: Telecine, *, stop: threading.Event | None = None) -> Attempts:
    """What a worker hands its tickets to."""
    return telecine.worker("w-1", stop=stop or threading.Event()).attempts


def janitor(telecine: Telecine) -> Janitor:
    """The chores of a worker."""
    return telecine.worker("w-1", stop=threading.Event()).janitor


def run(telecine: Telecine, job_id: str) -> None:
    """Run a job's first ticket to its end, here, with the real ffmpeg."""
    attempts(telecine).run(job_id, 1)


def movements(telecine: Telecine, account: Account) -> list[tuple[str, str, int]]:
    """An account's ledger as (kind, book, amount), in the order of writing, without grants."""
    query = (
        sa.select(ledger_entries.c.kind, ledger_entries.c.book, ledger_entries.c.amount)
        .where(ledger_entries.c.account_id == account.id, ledger_entries.c.kind != "grant")
        .order_by(ledger_entries.c.id)
    )
    with telecine.db.snapshot() as tx:
        return [(kind, book, amount) for kind, book, amount in tx.execute(query)]


def files_on_disk(telecine: Telecine) -> list[str]:
    """Every file of stored, staged or half-made media; names are relative to the data folder."""
    data = telecine.settings.data_dir
    return sorted(
        str(path.relative_to(data))
        for folder in ("files", "staging", "work")
        for path in (data / folder).rglob("*")
        if path.is_file()
    )


def assert_untouched(telecine: Telecine, account: Account) -> None:
    """Nothing was charged or held, no job was made, and no byte stayed."""
    assert movements(telecine, account) == []
    assert files_on_disk(telecine) == []
    with telecine.db.snapshot() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(jobs)).scalar_one() == 0


def until(is_so: Callable[[], bool], *, timeout_seconds: float = 180) -> None:
    """Wait for something that another thread or process brings about."""
    deadline = time.monotonic() + timeout_seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
