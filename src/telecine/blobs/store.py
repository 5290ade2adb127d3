"""Keeps finished bytes under a key: in a folder, or in an S3 bucket, chosen by URL.

A blob is written once. It grows as a private file in the staging folder and gets its key by
`adopt`, which is a rename in a folder and an upload for a bucket; so a key never names half a
file, and what a crash leaves behind lies in the staging folder, where `sweep_staging` finds it.

All verbs block: call them from a worker or a thread. A store may not be carried over a `fork`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, S3Store
from typing_extensions import override  # typing has it from Python 3.12 on

from telecine.blobs import bucket
from telecine.kit import disk, ids
from telecine.kit.errors import NotFoundError, StorageError, StorageFullError
from telecine.kit.folders import make_private
from telecine.settings import SettingsError

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_MAX_KEY_CHARS = 512
#: Used inside a folder store when the given staging folder is on another file system. No key
#: begins with a dot, so it is never listed.
_INNER_STAGING = ".staging"
_COPY_BLOCK_BYTES = 1024 * 1024
_SENT_BYTES = 64 * 1024 * 1024
_UNWRITABLE = frozenset({errno.EROFS, errno.EIO})


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobInfo:
    """One stored blob, as a listing shows it."""

    key: str
    size_bytes: int
    modified_at: datetime


def open_store(url: str, *, staging: Path) -> BlobStore:
    """Open the store that `url` names; the staging folder is created (0700).

    - `file:///folder` (made if absent)
    - `s3://bucket/prefix?endpoint=http://…&region=…`; credentials come from the usual AWS_*
      variables or the machine's role, never from the URL, which is logged.
    - `memory://`, gone with the process: for tests.

    Nothing is asked of a bucket yet; `check()` does that. Raises `SettingsError` for a URL that
    cannot be meant, `StorageError` for a folder that cannot be made.
    """
    parts = urlsplit(url)
    with storage_errors():
        make_private(staging)
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise SettingsError(
                f"TELECINE_STORAGE_URL: {url} is no folder: that is written file:///absolute/folder"
            )
        return FolderStore(Path(unquote(parts.path)), staging=staging)
    if parts.scheme == "memory":
        return BlobStore(MemoryStore(), staging=staging)
    if parts.scheme == "s3":
        backend, place = bucket.open_bucket(url)
        return BlobStore(backend, staging=staging, place=place)
    raise SettingsError(f"TELECINE_STORAGE_URL: {url} must begin with file:/// or s3://")


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the file system's and the bucket's errors into `StorageError`, "no room" told apart.

    The sentence a client reads names no path or host; the cause is chained for the log.
    """
    try:
        yield
    except OSError as error:
        raise (storage_error(error) or StorageError()) from error
    except BaseError as error:
        raise StorageError from error


def storage_error(error: OSError) -> StorageError | None:
    """Return what an error of the file system is told as; None where it may be of something else."""
    if disk.is_full(error):
        return StorageFullError()
    return StorageError() if error.errno in _UNWRITABLE else None


class BlobStore:
    """A bucket. `FolderStore` below replaces what a folder does better."""

    #: Bytes of one element of `stream`; a bucket is asked once for each, so that no single
    #: request lives as long as a slow client needs for its whole download.
    block_bytes = 4 * 1024 * 1024

    def __init__(
        self,
        backend: LocalStore | MemoryStore | S3Store,
        *,
        staging: Path,
        place: bucket.Place | None = None,
    ) -> None:
        self._backend = backend
        self._place = place
        self.staging = staging

    def stage(self, suffix: str = "") -> Path:
        """Create an empty private file (0600) that `adopt` can later take without a copy."""
        path = self.staging / f"{ids.new_id('st_')}{suffix}"
        with storage_errors():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return path

    def adopt(self, path: Path, key: str) -> None:
        """Keep a finished local file under `key`; the local file is gone afterwards.

        When it returns, the bytes survive a power cut. A blob that has the key is replaced.
        """
        _check_key(key)
        with storage_errors():
            size_bytes = path.stat().st_size
            obstore.put(self._backend, key, path, chunk_size=8 * 1024 * 1024, max_concurrency=4)
            if obstore.head(self._backend, key)["size"] != size_bytes:
                raise StorageError
            path.unlink()

    def copy(self, key: str, to: str) -> None:
        """Have the same bytes under another key, too. Raises `NotFoundError`."""
        _check_key(to)
        with _absent_is_not_found(), storage_errors():
            obstore.copy(self._backend, _check_key(key), to)

    def join(self, keys: Sequence[str], to: str) -> None:
        """Have the bytes of blobs under another key, one blob's after the other's.

        They are put together in the staging folder. Raises `NotFoundError`; the blobs stay.
        """
        staged = self.stage()
        try:
            with storage_errors(), staged.open("wb") as file:
                for key in keys:
                    self._append(key, file)
            self.adopt(staged, to)
        finally:
            staged.unlink(missing_ok=True)

    def restage(self, key: str, suffix: str = "") -> Path:
        """Return a staged file with a blob's bytes, to be read and adopted, but not written to.

        Raises `NotFoundError`.
        """
        path = self.stage(suffix)
        try:
            with storage_errors(), path.open("wb") as file:
                self._append(key, file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def _append(self, key: str, file: BinaryIO) -> None:
        file.writelines(self.stream(key, length=self.size(key)))

    def open_local(self, key: str, *, workspace: Path) -> Path:
        """Return a local path to read the blob from; it must not be written to.

        From a bucket it is fetched into `workspace`; a folder gives its own file. Raises
        `NotFoundError`.
        """
        path = workspace / _check_key(key).replace("/", "_")
        partial = path.with_name(path.name + ".part")
        size_bytes = self.size(key)
        with storage_errors(), partial.open("wb") as file:
            for block in self.stream(key, length=size_bytes):
                file.write(block)
        with storage_errors():
            partial.rename(path)
        return path

    def size(self, key: str) -> int:
        """Return the blob's size in bytes. Raises `NotFoundError`."""
        with _absent_is_not_found(), storage_errors():
            return obstore.head(self._backend, _check_key(key))["size"]

    def delete(self, key: str) -> None:
        """Delete the blob; that it is absent already is fine."""
        with storage_errors(), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._backend, _check_key(key))

    def stream(self, key: str, *, start: int = 0, length: int) -> Generator[bytes, None, None]:
        """Yield exactly `length` bytes from offset `start`, in blocks of `block_bytes`.

        Raises `NotFoundError` before the first block, `StorageError` when the blob is shorter.
        """
        _check_key(key)
        end = start + length
        for offset in range(start, end, self.block_bytes):
            wanted = min(self.block_bytes, end - offset)
            with _absent_is_not_found(), storage_errors():
                block = obstore.get_range(self._backend, key, start=offset, length=wanted)
            if len(block) != wanted:
                raise StorageError
            yield block.to_bytes()

    def local_path(self, key: str) -> Path | None:
        """Return the blob's own file, or None where it has none (a bucket)."""
        _check_key(key)
        return None

    def list_keys(self, prefix: str = "") -> Iterator[BlobInfo]:
        """Yield every blob whose key begins with the whole path segments of `prefix`."""
        with storage_errors():
            for batch in obstore.list(self._backend, prefix or None, chunk_size=1000):
                for entry in batch:
                    if not entry["path"].startswith("."):
                        yield BlobInfo(
                            key=entry["path"],
                            size_bytes=entry["size"],
                            modified_at=entry["last_modified"],
                        )

    def sweep_staging(self, *, before: datetime, suffix: str = "") -> int:
        """Delete staged files of that suffix last written before that instant; return how many.

        A living upload may leave its file alone for long (a slow client fills a batch in a
        quarter of an hour, a bucket takes its bytes for longer): half a day is safe, and so is
        any time where it is known that nobody is left who staged them.
        """
        swept = 0
        with storage_errors():
            for path in self.staging.glob(f"st_*{suffix}"):
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < before.timestamp():
                        path.unlink()
                        swept += 1
        return swept

    def abort_unfinished(self, *, before: datetime) -> int:
        """Let go of parts that were sent before that instant to become a file; return how many.

        What may still be sent must be younger. Raises `StorageError`.
        """
        with storage_errors():
            return 0 if self._place is None else bucket.abort(self._place, before=before)

    def free_bytes(self) -> int:
        """Return the room left where files are staged."""
        with storage_errors():
            return shutil.disk_usage(self.staging).free

    def check(self) -> None:
        """Write, read back and delete one small blob. Raises `StorageError`."""
        key, content = ids.new_id("check_"), b"telecine"
        staged = self.stage()
        try:
            with storage_errors():
                staged.write_bytes(content)
            self.adopt(staged, key)
        finally:
            staged.unlink(missing_ok=True)
        try:
            if b"".join(self.stream(key, length=len(content))) != content:
                raise StorageError
        finally:
            self.delete(key)


class FolderStore(BlobStore):
    """A folder: a blob's key is its path. Adopting is a rename, reading is the file itself."""

    block_bytes = 512 * 1024

    def __init__(self, folder: Path, *, staging: Path) -> None:
        with storage_errors():
            make_private(folder)
            if folder.stat().st_dev != staging.stat().st_dev:
                staging = folder / _INNER_STAGING
                staging.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        super().__init__(LocalStore(folder), staging=staging)

    @override
    def adopt(self, path: Path, key: str) -> None:
        target = self._folder / _check_key(key)
        with storage_errors():
            path = self._on_our_file_system(path)
            _sync(path)
            made_folders = self._rename(path, target)
            for folder in made_folders:
                _sync(folder)

    def _on_our_file_system(self, path: Path) -> Path:
        """A workspace may lie elsewhere (a RAM disk): then the file is copied into staging."""
        if path.stat().st_dev == self.staging.stat().st_dev:
            return path
        staged = self.stage()
        try:
            with path.open("rb") as source, staged.open("wb") as copy:
                shutil.copyfileobj(source, copy, _COPY_BLOCK_BYTES)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        path.unlink()
        return staged

    def _rename(self, path: Path, target: Path) -> list[Path]:
        """Move the file; return the folders whose listing changed, deepest first."""
        for _attempt in range(5):
            changed = [target.parent]
            while not changed[-1].exists():
                changed.append(changed[-1].parent)
            make_private(target.parent)
            try:
                path.rename(target)
            except FileNotFoundError:
                # `delete` removes folders that became empty, perhaps this one, just now.
                if not path.exists():
                    raise
            else:
                return changed
        raise StorageError

    @override
    def copy(self, key: str, to: str) -> None:
        staged = self.restage(key)
        try:
            self.adopt(staged, to)
        finally:
            staged.unlink(missing_ok=True)

    @override
    def _append(self, key: str, file: BinaryIO) -> None:
        path = self._folder / _check_key(key)
        with _absent_is_not_found(), storage_errors(), path.open("rb") as blob:
            # Within the kernel: a file of gigabytes is put together in a second.
            while os.sendfile(file.fileno(), blob.fileno(), None, _SENT_BYTES):
                pass

    @override
    def restage(self, key: str, suffix: str = "") -> Path:
        path, blob = self.stage(suffix), self._folder / _check_key(key)
        path.unlink()
        with _absent_is_not_found(), storage_errors():
            os.utime(blob)  # both names are as old as this: too young to be swept
            disk.link(blob, path)
        return path

    @override
    def open_local(self, key: str, *, workspace: Path) -> Path:
        path = self._folder / _check_key(key)
        if not path.is_file():
            raise NotFoundError
        return path

    @override
    def delete(self, key: str) -> None:
        path = self._folder / _check_key(key)
        with storage_errors():
            path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self._folder:
                return
            try:
                folder.rmdir()
            except OSError:
                return  # not empty, or already gone

    @override
    def stream(self, key: str, *, start: int = 0, length: int) -> Generator[bytes, None, None]:
        # One open file for the whole stream: a download that has begun outlives a delete.
        path, left = self._folder / _check_key(key), length
        with _absent_is_not_found(), storage_errors(), path.open("rb", buffering=0) as file:
            file.seek(start)
            while left > 0:
                block = file.read(min(self.block_bytes, left))
                if not block:
                    raise StorageError
                left -= len(block)
                yield block

    @override
    def local_path(self, key: str) -> Path | None:
        return self._folder / _check_key(key)


@contextlib.contextmanager
def _absent_is_not_found() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise NotFoundError from error
        raise


def _check_key(key: str) -> str:
    """Return the key. A key is made by us, so a bad one is our bug; still, it never escapes."""
    if len(key) > _MAX_KEY_CHARS or not _KEY.fullmatch(key):
        raise StorageError(f"not a storage key: {key[:80]!r}")
    return key


def _sync(path: Path) -> None:
    """Force a file's bytes, or a folder's list of names, onto the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
