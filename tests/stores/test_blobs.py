"""The same suite runs on a folder and on a real S3 server; what only one of them has is below."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telecine.blobs import store as blobs
from telecine.kit.errors import NotFoundError, StorageError, StorageFullError
from telecine.settings import SettingsError


def _keep(store: blobs.BlobStore, key: str, content: bytes) -> None:
    path = store.stage()
    path.write_bytes(content)
    store.adopt(path, key)


def _read(store: blobs.BlobStore, key: str) -> bytes:
    return b"".join(store.stream(key, length=store.size(key)))


def test_an_adopted_file_is_read_back_whole(store: blobs.BlobStore) -> None:
    content = os.urandom(300_000)
    _keep(store, "in/ab12.mp4", content)
    assert store.size("in/ab12.mp4") == len(content)
    assert _read(store, "in/ab12.mp4") == content


def test_adopting_leaves_nothing_in_the_staging_folder(store: blobs.BlobStore) -> None:
    _keep(store, "a", b"1")
    assert list(store.staging.iterdir()) == []


def test_a_blob_larger_than_one_part_and_one_block_arrives_whole(store: blobs.BlobStore) -> None:
    content = os.urandom(64 * 1024) * 16 * 17  # 17 MiB: three 8 MiB parts, five 4 MiB blocks
    _keep(store, "large", content)
    assert _read(store, "large") == content


def test_a_copy_lives_on_without_what_it_was_copied_from(store: blobs.BlobStore) -> None:
    _keep(store, "in/one", b"bytes")
    store.copy("in/one", "out/two")
    store.delete("in/one")
    assert _read(store, "out/two") == b"bytes"
    assert list(store.staging.iterdir()) == []


def test_what_is_not_there_cannot_be_copied(store: blobs.BlobStore) -> None:
    with pytest.raises(NotFoundError):
        store.copy("nothing", "out/two")
    assert list(store.list_keys()) == []
    assert list(store.staging.iterdir()) == []


def test_blobs_are_joined_in_order_and_stay(store: blobs.BlobStore) -> None:
    parts = [os.urandom(size) for size in (9_000_000, 0, 1, 300_000)]
    for number, content in enumerate(parts):
        _keep(store, f"p/{number}", content)
    store.join([f"p/{number}" for number in range(4)], "whole")
    assert _read(store, "whole") == b"".join(parts)
    assert _read(store, "p/3") == parts[3]
    store.join([], "empty")
    assert store.size("empty") == 0
    with pytest.raises(NotFoundError):
        store.join(["p/0", "nowhere"], "half")
    assert {each.key for each in store.list_keys()} == {
        *(f"p/{number}" for number in range(4)),
        *("whole", "empty"),
    }
    assert list(store.staging.iterdir()) == []


def test_a_blob_is_staged_again_and_outlived_by_what_is_adopted(store: blobs.BlobStore) -> None:
    content = os.urandom(100_000)
    _keep(store, "first", content)
    staged = store.restage("first", ".request")
    assert staged.suffix == ".request"
    assert staged.read_bytes() == content
    assert store.sweep_staging(before=datetime.now(tz=UTC) - timedelta(hours=1)) == 0
    store.adopt(staged, "second")
    store.delete("first")
    assert _read(store, "second") == content
    with pytest.raises(NotFoundError):
        store.restage("first")
    assert list(store.staging.iterdir()) == []


def test_a_range_is_streamed_exactly(store: blobs.BlobStore) -> None:
    _keep(store, "r", bytes(range(256)) * 10)
    assert b"".join(store.stream("r", start=250, length=12)) == bytes([*range(250, 256), *range(6)])
    assert b"".join(store.stream("r", start=0, length=0)) == b""


def test_a_range_beyond_the_end_is_a_storage_error(store: blobs.BlobStore) -> None:
    _keep(store, "r", b"0123456789")
    with pytest.raises(StorageError):
        list(store.stream("r", start=5, length=10))


def test_a_second_adopt_replaces_the_blob(store: blobs.BlobStore) -> None:
    _keep(store, "out/x.mp4", b"first try")
    _keep(store, "out/x.mp4", b"second")
    assert _read(store, "out/x.mp4") == b"second"


def test_an_empty_file_can_be_kept(store: blobs.BlobStore) -> None:
    _keep(store, "empty", b"")
    assert store.size("empty") == 0
    assert _read(store, "empty") == b""


def test_open_local_gives_a_file_with_the_bytes(store: blobs.BlobStore, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    _keep(store, "in/v.mp4", b"moving pictures")
    assert store.open_local("in/v.mp4", workspace=workspace).read_bytes() == b"moving pictures"


def test_an_absent_key_is_not_found(store: blobs.BlobStore, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        store.size("gone")
    with pytest.raises(NotFoundError):
        store.open_local("gone", workspace=tmp_path)
    with pytest.raises(NotFoundError):
        next(store.stream("gone", length=5))


def test_a_deleted_blob_is_gone_and_deleting_it_again_is_fine(store: blobs.BlobStore) -> None:
    _keep(store, "in/a/b.mp4", b"x")
    store.delete("in/a/b.mp4")
    store.delete("in/a/b.mp4")
    store.delete("never/there")
    with pytest.raises(NotFoundError):
        store.size("in/a/b.mp4")


def test_listing_knows_prefixes_by_whole_segments_and_tells_size_and_age(
    store: blobs.BlobStore,
) -> None:
    for key in ("in/a", "in/sub/b", "inner/c"):
        _keep(store, key, b"12345")
    listed = {info.key: info for info in store.list_keys("in")}
    assert set(listed) == {"in/a", "in/sub/b"}
    assert listed["in/a"].size_bytes == 5
    age = datetime.now(tz=UTC) - listed["in/a"].modified_at
    assert timedelta(seconds=-2) < age < timedelta(minutes=1)
    assert {info.key for info in store.list_keys()} == {"in/a", "in/sub/b", "inner/c"}
    assert list(store.list_keys("nothing/here")) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "a/",
        ".hidden",
        "a/.b",
        "a\\b",
        "a b",
        "a\n",
        "ü",
    ],
)
def test_a_key_that_could_escape_is_refused_by_every_verb(
    store: blobs.BlobStore, key: str, tmp_path: Path
) -> None:
    staged = store.stage()
    with pytest.raises(StorageError):
        store.adopt(staged, key)
    assert staged.exists()
    for verb in (store.size, store.delete, store.local_path):
        with pytest.raises(StorageError):
            verb(key)
    with pytest.raises(StorageError):
        list(store.stream(key, length=1))
    with pytest.raises(StorageError):
        store.open_local(key, workspace=tmp_path)


def test_a_staged_file_is_private_and_keeps_its_suffix(store: blobs.BlobStore) -> None:
    path = store.stage(".mp4")
    assert path.suffix == ".mp4"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.staging.stat().st_mode) == 0o700


def test_sweeping_deletes_what_a_crash_left_and_spares_the_living(store: blobs.BlobStore) -> None:
    orphan, living = store.stage(), store.stage()
    os.utime(orphan, (1_000_000_000, 1_000_000_000))
    assert store.sweep_staging(before=datetime.now(tz=UTC) - timedelta(hours=1)) == 1
    assert not orphan.exists()
    assert living.exists()


def test_check_passes_and_leaves_nothing(store: blobs.BlobStore) -> None:
    store.check()
    assert list(store.list_keys()) == []
    assert list(store.staging.iterdir()) == []


def test_free_bytes_is_what_the_file_system_says(store: blobs.BlobStore) -> None:
    facts = os.statvfs(store.staging)
    assert abs(store.free_bytes() - facts.f_bavail * facts.f_frsize) < 2**30


def test_no_room_on_the_device_is_told_apart() -> None:
    with (
        pytest.raises(StorageFullError),
        blobs.storage_errors(),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")


@pytest.mark.usefixtures("credentials")
def test_an_unreachable_bucket_is_a_storage_error_without_its_address(tmp_path: Path) -> None:
    # Port 9 (discard) refuses on loopback; refused connections are tried again, then given up.
    url = "s3://telecine-test?endpoint=http://127.0.0.1:9&region=us-east-1"
    store = blobs.open_store(url, staging=tmp_path / "staging")
    with pytest.raises(StorageError) as caught:
        store.size("x")
    assert "127.0.0.1" not in caught.value.message


def test_a_folder_blob_is_moved_not_copied(tmp_path: Path) -> None:
    store = blobs.open_store((tmp_path / "files").as_uri(), staging=tmp_path / "staging")
    staged = store.stage()
    inode = staged.stat().st_ino
    store.adopt(staged, "in/x")
    kept = store.local_path("in/x")
    assert kept is not None
    assert kept.stat().st_ino == inode
    assert store.open_local("in/x", workspace=tmp_path / "unused") == kept


def test_deleting_the_last_blob_of_a_folder_removes_the_folder_but_not_the_store(
    tmp_path: Path,
) -> None:
    store = blobs.open_store((tmp_path / "files").as_uri(), staging=tmp_path / "staging")
    _keep(store, "a/b/c", b"1")
    _keep(store, "a/d", b"1")
    store.delete("a/b/c")
    assert sorted(path.name for path in (tmp_path / "files" / "a").iterdir()) == ["d"]
    store.delete("a/d")
    assert list((tmp_path / "files").iterdir()) == []


def test_a_folder_download_that_has_begun_outlives_a_delete(tmp_path: Path) -> None:
    store = blobs.open_store((tmp_path / "files").as_uri(), staging=tmp_path / "staging")
    content = os.urandom(1_500_000)
    _keep(store, "x", content)
    stream = store.stream("x", length=len(content))
    first = next(stream)
    store.delete("x")
    assert first + b"".join(stream) == content


def test_a_file_from_another_file_system_is_adopted_too(tmp_path: Path) -> None:
    store = blobs.open_store((tmp_path / "files").as_uri(), staging=tmp_path / "staging")
    foreign = Path("/dev/shm") / f"telecine-test-{os.getpid()}"
    foreign.write_bytes(b"from a RAM disk")
    store.adopt(foreign, "x")
    assert _read(store, "x") == b"from a RAM disk"
    assert not foreign.exists()
    assert list(store.staging.iterdir()) == []


def test_staging_moves_beside_the_blobs_when_it_lies_on_another_file_system(tmp_path: Path) -> None:
    staging = Path("/dev/shm") / f"telecine-staging-{os.getpid()}"
    try:
        store = blobs.open_store((tmp_path / "files").as_uri(), staging=staging)
        _keep(store, "x", b"1")
        assert store.staging.stat().st_dev == (tmp_path / "files").stat().st_dev
        assert [info.key for info in store.list_keys()] == ["x"]
    finally:
        staging.rmdir()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "files",
        "ftp://host/x",
        "file://host/x",
        "file:relative",
        "s3://",
        "s3://bucket?colour=red",
        "s3://key:secret@bucket",
    ],
)
def test_a_storage_url_that_cannot_be_meant_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        blobs.open_store(url, staging=tmp_path / "staging")


def test_the_memory_store_keeps_and_forgets(tmp_path: Path) -> None:
    store = blobs.open_store("memory://", staging=tmp_path / "staging")
    _keep(store, "a/b", b"12")
    assert _read(store, "a/b") == b"12"
    store.delete("a/b")
    assert list(store.list_keys()) == []
