"""What must hold once every job has ended, asked of the database and the storage themselves.

Each check yields sentences; none: all is well. They are asked after the server has been stopped
in good order, and `of_storage` after half a day's housekeeping, which is done here at once.
"""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import sqlalchemy as sa
from tests import samples
from tests.faults.clients import Accepted

from telecine.assembly import Telecine
from telecine.db import Transaction
from telecine.db.tables import (
    credit_balances,
    deliveries,
    files,
    job_files,
    jobs,
    ledger_entries,
)

_CLOSING = {"succeeded": "settle", "failed": "release", "cancelled": "release"}
_TEXTS = frozenset({"application/json", "application/x-subrip", "text/vtt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the database says, read in one transaction."""

    jobs: dict[str, Any]
    entries: tuple[Any, ...]
    balances: tuple[Any, ...]
    deliveries: tuple[Any, ...]
    files: dict[str, Any]
    #: (job id, role) -> file ids
    links: dict[tuple[str, str], list[str]]


def read(telecine: Telecine) -> Books:
    with telecine.db.snapshot() as tx:
        links: dict[tuple[str, str], list[str]] = {}
        for row in _rows(tx, job_files):
            links.setdefault((row.job_id, row.role), []).append(row.file_id)
        return Books(
            jobs={row.id: row for row in _rows(tx, jobs)},
            entries=_rows(tx, ledger_entries),
            balances=_rows(tx, credit_balances),
            deliveries=_rows(tx, deliveries),
            files={row.id: row for row in _rows(tx, files)},
            links=links,
        )


def of_jobs(books: Books, accepted: Sequence[Accepted]) -> Iterator[str]:
    """Nothing that was promised is lost; everything has ended; failures say why."""
    for promised in accepted:
        if promised.job_id not in books.jobs:
            yield f"{promised.family} job {promised.job_id} was accepted, and is lost"
    for row in books.jobs.values():
        if row.status not in _CLOSING:
            yield f"job {row.id} is {row.status} for ever"
        elif row.finished_at is None:
            yield f"job {row.id} is {row.status}, but never ended"
        elif row.status == "failed" and not (row.error_code and row.error_message):
            yield f"job {row.id} failed without a reason"


def of_ledger(books: Books) -> Iterator[str]:
    """The entries add up to nothing, every hold was closed once, and no balance is negative."""
    if total := sum(entry.amount for entry in books.entries):
        yield f"the ledger adds up to {total}"
    if unknown := {entry.job_id for entry in books.entries if entry.job_id} - books.jobs.keys():
        yield f"the ledger has jobs that nobody knows: {unknown}"
    for row in books.jobs.values():
        yield from _of_money(row, [each for each in books.entries if each.job_id == row.id])
    for balance in books.balances:
        for book in ("available", "held"):
            amount = sum(
                entry.amount
                for entry in books.entries
                if (entry.account_id, entry.book) == (balance.account_id, book)
            )
            if amount != getattr(balance, book) or amount < 0:
                yield f"balance {book}: {getattr(balance, book)}, by the ledger {amount}"
        if balance.held:
            yield f"{balance.held} credits are held for nothing"


def _of_money(row: Any, entries: Sequence[Any]) -> Iterator[str]:
    """One hold and one end of it, by the status of the job; what is free is not written down."""
    held = Counter(entry.kind for entry in entries if entry.book == "held")
    wanted = Counter({"reserve": 1, _CLOSING.get(row.status, "nothing"): 1})
    if held != wanted and (held or row.price):
        yield f"job {row.id}, {row.status}, has {dict(held)} in the ledger"
    sums = {
        book: sum(entry.amount for entry in entries if entry.book == book)
        for book in ("held", "earned")
    }
    if sums["held"]:
        yield f"job {row.id} has ended, and holds {sums['held']}"
    if sums["earned"] != (row.price if row.status == "succeeded" else 0):
        yield f"job {row.id}, {row.status}, was charged {sums['earned']} of {row.price}"


def of_outputs(books: Books, telecine: Telecine, scratch: Path) -> Iterator[str]:
    """Whatever is called completed has files, and they can be decoded to their last frame."""
    for row in books.jobs.values():
        outputs = [books.files[each] for each in books.links.get((row.id, "output"), ())]
        if row.status != "succeeded":
            if outputs:
                yield f"job {row.id}, {row.status}, has outputs"
            continue
        # A picture that was converted while the client waited was given to it, and not kept.
        if not outputs and (row.operation != "convert" or (row.id, "input") in books.links):
            yield f"job {row.id} succeeded without a file"
        for file in outputs:
            yield from _of_output(row.id, file, telecine, scratch)


def _of_output(job_id: str, file: Any, telecine: Telecine, scratch: Path) -> Iterator[str]:
    name = f"{file.filename} of job {job_id}"
    try:
        path = telecine.blobs.open_local(file.blob_key, workspace=scratch)
    except Exception as error:  # noqa: BLE001 (whatever it is, the file cannot be had)
        yield f"{name} cannot be read: {error!r}"
        return
    if path.stat().st_size != file.size_bytes:
        yield f"{name} has {path.stat().st_size} bytes of {file.size_bytes}"
    try:
        if file.media_type not in _TEXTS:
            with av.open(str(path)) as opened:
                assert opened.streams
            samples.run_ffmpeg("-xerror", "-i", path, "-f", "null", "-")
        elif file.media_type == "application/json":
            json.loads(path.read_bytes())
        else:
            path.read_text("utf-8")
    except Exception as error:  # noqa: BLE001
        yield f"{name} cannot be decoded: {error}"


def of_webhooks(books: Books, heard: Collection[str]) -> Iterator[str]:
    """Each end that somebody wanted to hear of was told, and as one."""
    told = Counter(delivery.job_id for delivery in books.deliveries)
    for row in books.jobs.values():
        wanted = int(bool(row.webhook_url) and row.status in {"succeeded", "failed"})
        if told[row.id] != wanted:
            yield f"job {row.id}, {row.status}, was to be told {wanted} times, not {told[row.id]}"
    for delivery in books.deliveries:
        if delivery.id not in heard or delivery.state != "delivered":
            yield f"the end of job {delivery.job_id} was not heard: {delivery.state}"


def of_storage(books: Books, telecine: Telecine) -> Iterator[str]:
    """No byte is nobody's, and no file is without its bytes."""
    owned = {file.blob_key: file for file in books.files.values() if file.deleted_at is None}
    stored = {blob.key: blob for blob in telecine.blobs.list_keys()}
    for key in stored.keys() - owned.keys():
        yield f"nobody's: {key}"
    for key in owned.keys() - stored.keys():
        yield f"without its bytes: {key}"
    data = telecine.settings.data_dir
    for folder in ("staging", "work", "previews"):
        for path in (data / folder).rglob("*"):
            if path.is_file():
                yield f"left behind: {path.relative_to(data)}"
    for path in (data / "cache").rglob(".*"):
        yield f"left behind: {path.relative_to(data)}"
    for path in (data / "locks").iterdir():
        with path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield f"still locked: {path.name}"


def _rows(tx: Transaction, table: sa.Table) -> tuple[Any, ...]:
    return tuple(tx.execute(sa.select(table)).all())
