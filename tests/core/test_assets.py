"""The library: what is in it, page by page, and how much room it takes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fakes import FixedClock

from telecine.core import accounts, assets, files
from telecine.core.accounts import Account
from telecine.core.assets import Asset, AssetKind, Figures, NewAsset
from telecine.core.files import File
from telecine.db import Database
from telecine.kit.errors import NotFoundError, StorageQuotaError

LIMIT_BYTES = 1000


def _new(name: str, kind: AssetKind = AssetKind.IMAGE, *, size_bytes: int = 100) -> NewAsset:
    return NewAsset(
        blob_key=f"assets/{name}",
        filename=name,
        media_type=f"{kind}/x",
        size_bytes=size_bytes,
        kind=kind,
        width=None if kind is AssetKind.AUDIO else 320,
        height=None if kind is AssetKind.AUDIO else 240,
        duration_seconds=None if kind is AssetKind.IMAGE else 2.0,
    )


def _add(db: Database, account: Account, clock: FixedClock, *new: NewAsset) -> list[Asset]:
    clock.advance(seconds=1)
    with db.transaction() as tx:
        return assets.add(tx, new, account_id=account.id, limit_bytes=LIMIT_BYTES, now=clock())


@pytest.fixture
def picture(db: Database, account: Account, clock: FixedClock) -> Asset:
    (made,) = _add(db, account, clock, _new("a.png"))
    return made


def test_an_asset_is_read_back_with_its_file(
    db: Database, account: Account, picture: Asset
) -> None:
    with db.snapshot() as tx:
        assert assets.get(tx, picture.id, account_id=account.id) == picture
    assert picture.id.startswith("asset_")
    assert picture.file.filename == "a.png"


def test_another_account_sees_nothing_of_it(
    db: Database, picture: Asset, clock: FixedClock
) -> None:
    with db.transaction() as tx:
        other = accounts.create(tx, email="bob@example.com", plan="pro", now=clock())
    with db.snapshot() as tx:
        with pytest.raises(NotFoundError):
            assets.get(tx, picture.id, account_id=other.id)
        assert assets.find(tx, [picture.id], account_id=other.id) == {}
        listed = assets.list_page(tx, account_id=other.id, kind=None, page=1, limit=10)
        assert listed.total == 0


def test_assets_are_found_by_their_own_id_and_by_their_files(
    db: Database, account: Account, picture: Asset
) -> None:
    with db.snapshot() as tx:
        names = [picture.id, picture.file.id, "asset_unknown"]
        found = assets.find(tx, names, account_id=account.id)
    assert found == {picture.id: picture, picture.file.id: picture}


def test_pages_show_the_newest_first_and_count_all(
    db: Database, account: Account, clock: FixedClock
) -> None:
    for number in range(3):
        _add(db, account, clock, _new(f"{number}.png"))
    _add(db, account, clock, _new("s.mp3", AssetKind.AUDIO))
    with db.snapshot() as tx:
        second = assets.list_page(tx, account_id=account.id, kind=AssetKind.IMAGE, page=2, limit=2)
        everything = assets.list_page(tx, account_id=account.id, kind=None, page=1, limit=9)
    assert ([each.file.filename for each in second.assets], second.total) == (["0.png"], 3)
    assert everything.assets[0].file.filename == "s.mp3"


def test_what_does_not_fit_is_refused_as_a_whole(
    db: Database, account: Account, picture: Asset, clock: FixedClock
) -> None:
    small, large = _new("b.png", size_bytes=1), _new("c.png", size_bytes=900)
    with pytest.raises(StorageQuotaError) as refused:
        _add(db, account, clock, small, large)
    assert (refused.value.used_bytes, refused.value.needed_bytes) == (100, 901)
    with db.snapshot() as tx:
        assert assets.used_bytes(tx, account.id) == picture.file.size_bytes


def test_deleting_makes_room_and_lets_the_bytes_go(
    db: Database, account: Account, picture: Asset, clock: FixedClock
) -> None:
    with db.transaction() as tx:
        (gone,) = assets.delete(tx, picture.id, account_id=account.id, now=clock())
    assert gone.blob_key == picture.file.blob_key
    with db.snapshot() as tx:
        assert assets.used_bytes(tx, account.id) == 0
        assert [file.id for file in files.expired(tx, now=clock())] == [picture.file.id]


FILM = Figures(kind=AssetKind.VIDEO, width=320, height=240, duration_seconds=2.0)


def _made(db: Database, account: Account, clock: FixedClock, *, size_bytes: int = 300) -> File:
    """A file as a job leaves it: it has a time."""
    with db.transaction() as tx:
        return files.add(
            tx,
            account_id=account.id,
            blob_key="outputs/film",
            filename="film.mp4",
            media_type="video/mp4",
            size_bytes=size_bytes,
            now=clock(),
            expires_at=clock() + timedelta(days=30),
        )


def test_a_file_that_is_taken_into_the_library_stays(
    db: Database, account: Account, clock: FixedClock
) -> None:
    file = _made(db, account, clock)
    with db.transaction() as tx:
        asset = assets.adopt(tx, file, FILM, limit_bytes=LIMIT_BYTES, now=clock())
        again = assets.adopt(tx, file, FILM, limit_bytes=LIMIT_BYTES, now=clock())
    assert (again, asset.file.id, asset.file.expires_at) == (asset, file.id, None)
    clock.advance(days=31)
    with db.snapshot() as tx:
        assert files.expired(tx, now=clock()) == []
        assert assets.used_bytes(tx, account.id) == 300
        assert assets.get(tx, asset.id, account_id=account.id) == asset


def test_a_file_that_does_not_fit_into_the_library_keeps_its_time(
    db: Database, account: Account, clock: FixedClock
) -> None:
    file = _made(db, account, clock, size_bytes=LIMIT_BYTES + 1)
    with pytest.raises(StorageQuotaError), db.transaction() as tx:
        assets.adopt(tx, file, FILM, limit_bytes=LIMIT_BYTES, now=clock())
    with db.snapshot() as tx:
        assert files.get(tx, file.id).expires_at == file.expires_at
