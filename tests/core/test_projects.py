"""How much a project may take, and how it goes: packed, within a limit, a little at a time."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from tests.fakes import FixedClock

from telecine.core import projects
from telecine.core.accounts import Account
from telecine.core.jobs import Ending
from telecine.core.projects import Change, Content, Project
from telecine.db import Database, Transaction
from telecine.db.tables import metadata, project_documents
from telecine.kit.errors import NotFoundError, StaleError, StorageQuotaError

LIMIT = 100_000


def noise(n_characters: int, *, seed: int) -> str:
    """JSON that no packing makes much smaller: half of its size."""
    return f'{{"k":"{random.Random(seed).randbytes(n_characters // 2).hex()}"}}'


def content(composition: str) -> Content:
    return Content(name="One", template_id="system_default", composition=composition)


def make(db: Database, account: Account, composition: str) -> Project:
    with db.transaction() as tx:
        return projects.create(
            tx,
            projects.drafted(content(composition)),
            account_id=account.id,
            change=Change.CREATE,
            now=FixedClock()(),
            limit_bytes=LIMIT,
        )


def revise(db: Database, project: Project, composition: str, *, most_kept: int = 99) -> Project:
    with db.transaction() as tx:
        return projects.revise(
            *(tx, project, projects.drafted(content(composition))),
            change=Change.MERGE,
            now=FixedClock()(),
            most_kept=most_kept,
            limit_bytes=LIMIT,
        )


def delete(db: Database, project: Project) -> None:
    with db.transaction() as tx:
        projects.delete(tx, project, ending=Ending(now=FixedClock()()))


def kept(tx: Transaction, project: Project) -> list[int]:
    history = projects.history(tx, project, page=1, limit=50)
    return [each.number for each in history.revisions]


def stored_bytes(tx: Transaction) -> int:
    return int(tx.execute(sa.select(sa.func.sum(project_documents.c.packed_bytes))).scalar_one())


def test_a_composition_is_stored_packed_and_comes_back_as_it_was(
    db: Database, account: Account
) -> None:
    text = '{"items": {' + ", ".join(f'"é{n}": {{"type": "text"}}' for n in range(5000)) + "}}"
    project = make(db, account, text)
    with db.snapshot() as tx:
        assert projects.content(tx, project).composition == text
        assert stored_bytes(tx) < len(text) / 5
        (entry,) = projects.history(tx, project, page=1, limit=9).revisions
    assert entry.size == len(text)


def test_the_oldest_revisions_make_room_for_the_newest(db: Database, account: Account) -> None:
    project = make(db, account, noise(50_000, seed=0))
    for seed in range(1, 8):
        project = revise(db, project, noise(50_000, seed=seed))
    with db.snapshot() as tx:
        assert kept(tx, project) == [8, 7, 6]
        assert projects.content(tx, project).composition == noise(50_000, seed=7)
        assert stored_bytes(tx) <= LIMIT


def test_what_newer_revisions_share_with_old_ones_stays(db: Database, account: Account) -> None:
    shared = noise(50_000, seed=0)
    project = make(db, account, shared)
    project = revise(db, project, noise(50_000, seed=1))
    project = revise(db, project, shared)
    for seed in range(2, 4):
        project = revise(db, project, noise(50_000, seed=seed))
    with db.snapshot() as tx:
        assert kept(tx, project) == [5, 4, 3]
        assert projects.content(tx, project, revision=3).composition == shared


def test_an_account_that_has_no_room_left_is_told_so(db: Database, account: Account) -> None:
    first = make(db, account, noise(140_000, seed=0))
    second = make(db, account, "{}")
    with pytest.raises(StorageQuotaError, match="room for projects"):
        make(db, account, noise(80_000, seed=1))
    with pytest.raises(StorageQuotaError):
        revise(db, second, noise(80_000, seed=1))
    with pytest.raises(StorageQuotaError), db.transaction() as tx:
        projects.say(tx, second, noise(80_000, seed=1), limit_bytes=LIMIT)
    delete(db, first)
    with db.transaction() as tx:
        while projects.remove_deleted(tx):
            pass
    assert revise(db, second, noise(80_000, seed=1)).revision == 2


def test_revisions_beyond_the_number_give_their_room_back(db: Database, account: Account) -> None:
    project = make(db, account, noise(50_000, seed=0))
    for seed in range(1, 20):
        project = revise(db, project, noise(50_000, seed=seed), most_kept=1)
    other = make(db, account, noise(100_000, seed=99))
    with db.snapshot() as tx:
        assert kept(tx, other) == [1]


def test_a_deleted_project_is_gone_at_once_and_removed_in_short_transactions(
    db: Database, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecine.core.projects.service._REMOVED_BYTES", 1000)
    project = make(db, account, "{}")
    for seed in range(3):
        project = revise(db, project, noise(2000, seed=seed))
    with db.transaction() as tx:
        projects.say(tx, project, "{}", limit_bytes=LIMIT)
    delete(db, project)
    with db.transaction() as tx:
        with pytest.raises(NotFoundError):
            projects.get(tx, project.id, account_id=account.id)
        with pytest.raises(NotFoundError):
            projects.of_link(tx, project.share_id)
        with pytest.raises(NotFoundError):
            projects.say(tx, project, "{}", limit_bytes=LIMIT)
    with pytest.raises(StaleError):
        revise(db, project, "{}")
    rounds = 0
    is_more = True
    while is_more:
        with db.transaction() as tx:
            is_more = projects.remove_deleted(tx)
        rounds += is_more
    assert rounds >= 5
    with db.snapshot() as tx:
        for name, table in metadata.tables.items():
            if name.startswith("project"):
                left = tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                assert (name, left) == (name, 0)
