"""The verbs of uploads. Bytes are stored before a verb is called, and deleted after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from telecine.core import accounts, assets, files
from telecine.core.files import File
from telecine.core.uploads import store
from telecine.core.uploads.model import MOST_PIECES, NewUpload, Piece, Upload
from telecine.db import Transaction
from telecine.kit.errors import (
    ConflictError,
    ExpiredError,
    InvalidRequestError,
    NotFoundError,
    StorageQuotaError,
)
from telecine.kit.ids import new_id

_PREFIX: Final = "up_"
#: Of one account, at a time: an upload without a length takes no room yet.
_MOST_OPEN: Final = 1_000


def begin(
    tx: Transaction,
    new: NewUpload,
    *,
    account_id: str,
    limit_bytes: int,
    now: datetime,
    lasts: timedelta,
) -> Upload:
    """Make an upload that waits for its first byte.

    Its length is room that the account has used up from now on, beside its library: raises
    `StorageQuotaError` where there is less.
    """
    accounts.lock(tx, account_id)
    if store.count(tx, account_id, now=now) >= _MOST_OPEN:
        raise ConflictError(
            f"There are {_MOST_OPEN} uploads already. Delete some, or wait until they expire."
        )
    _require_room(tx, account_id, new.size_bytes or 0, limit_bytes=limit_bytes, now=now)
    upload = Upload(
        id=new_id(_PREFIX),
        account_id=account_id,
        size_bytes=new.size_bytes,
        received_bytes=0,
        filename=new.filename,
        media_type=new.media_type,
        metadata=new.metadata,
        writer=None,
        file_id=None,
        created_at=now,
        expires_at=now + lasts,
    )
    store.insert(tx, upload)
    return upload


def get(tx: Transaction, upload_id: str, *, account_id: str, now: datetime) -> Upload:
    """Return an upload. Another account's is `NotFoundError`, one whose time is over
    `ExpiredError`.
    """
    found = store.by_id(tx, upload_id)
    if found is None or found.account_id != account_id:
        raise NotFoundError("There is no such upload.")
    if found.is_over(now):
        raise ExpiredError("This upload has expired. Send the file again.")
    return found


def begun(tx: Transaction, account_id: str, *, now: datetime) -> list[Upload]:
    """Return an account's uploads that have not expired, newest first."""
    return store.of_account(tx, account_id, now=now)


def declare(
    tx: Transaction, upload: Upload, *, size_bytes: int, limit_bytes: int, now: datetime
) -> Upload:
    """Say how long an upload is that began without. Raises `StorageQuotaError`."""
    accounts.lock(tx, upload.account_id)
    present = get(tx, upload.id, account_id=upload.account_id, now=now)
    if present.size_bytes is not None:
        if present.size_bytes == size_bytes:
            return present
        raise InvalidRequestError("The length of this upload is known, and another.")
    if size_bytes < present.received_bytes:
        raise InvalidRequestError("More bytes have come already than the upload shall have.")
    more = size_bytes - present.received_bytes
    _require_room(tx, upload.account_id, more, limit_bytes=limit_bytes, now=now)
    store.set_size(tx, upload.id, size_bytes)
    return replace(present, size_bytes=size_bytes)


def take(tx: Transaction, upload: Upload, *, offset: int, writer: str, now: datetime) -> Upload:
    """Go on with an upload at `offset`: whoever brought bytes until now is not heard any more.

    Raises `ConflictError` for another offset than the one it stands at.
    """
    if not store.set_writer(tx, upload.id, writer, at_bytes=offset):
        present = get(tx, upload.id, account_id=upload.account_id, now=now)
        raise ConflictError(
            f"The upload stands at byte {present.received_bytes}, not {offset}. "
            "Ask for its offset with HEAD, and go on there."
        )
    return get(tx, upload.id, account_id=upload.account_id, now=now)


def append(
    tx: Transaction,
    upload: Upload,
    piece: Piece,
    *,
    limit_bytes: int,
    now: datetime,
) -> Upload:
    """Take a stored piece. Raises `ConflictError` where another one goes on with the upload, and
    `StorageQuotaError` where it has no length and grows out of the account's room.
    """
    if upload.size_bytes is None:
        accounts.lock(tx, upload.account_id)
        _require_room(tx, upload.account_id, piece.size_bytes, limit_bytes=limit_bytes, now=now)
    grown = store.grow(tx, upload, by_bytes=piece.size_bytes)
    if not grown:
        get(tx, upload.id, account_id=upload.account_id, now=now)
        raise ConflictError(
            "Another request goes on with this upload. Ask for its offset with HEAD."
        )
    if store.count_pieces(tx, upload.id) >= MOST_PIECES:
        raise ConflictError(
            f"This upload came in {MOST_PIECES} pieces. Begin another, with larger ones."
        )
    store.insert_piece(tx, upload.id, piece)
    return replace(upload, received_bytes=upload.received_bytes + piece.size_bytes)


def pieces(tx: Transaction, upload: Upload) -> list[Piece]:
    """Return what an upload consists of, in order."""
    return store.pieces(tx, upload.id)


def finish(tx: Transaction, upload: Upload, *, blob_key: str, now: datetime) -> Upload | None:
    """Make a file of a whole upload whose bytes were put together under `blob_key`.

    It lasts as long as the upload would. None where that was done already: the bytes may go.
    """
    assert upload.is_whole
    if not store.end_writing(tx, upload.id):
        return None
    file = files.add(
        tx,
        account_id=upload.account_id,
        blob_key=blob_key,
        filename=upload.filename,
        media_type=upload.media_type,
        size_bytes=upload.received_bytes,
        now=now,
        expires_at=upload.expires_at,
    )
    store.set_file(tx, upload.id, file.id)
    store.delete_pieces(tx, upload.id)
    return replace(upload, file_id=file.id, writer=None)


def file_of(tx: Transaction, upload: Upload) -> File:
    """Return the file that an upload has become."""
    assert upload.file_id is not None
    return files.get(tx, upload.file_id)


def find_file(tx: Transaction, upload_id: str, *, account_id: str, now: datetime) -> File | None:
    """Return the file of a finished upload; None where there is no such upload, or no file yet."""
    try:
        upload = get(tx, upload_id, account_id=account_id, now=now)
    except (NotFoundError, ExpiredError):
        return None
    return None if upload.file_id is None else file_of(tx, upload)


def remove(tx: Transaction, upload: Upload, *, now: datetime) -> tuple[list[File], list[str]]:
    """Delete an upload; returns the file, and the keys of blobs, whose bytes may go now."""
    keys = [piece.blob_key for piece in store.pieces(tx, upload.id)]
    gone = []
    if (present := store.by_id(tx, upload.id)) is not None and present.file_id is not None:
        files.expire(tx, [present.file_id], at=now)
        gone.append(files.get(tx, present.file_id))
    store.delete_pieces(tx, upload.id)
    store.delete(tx, upload.id)
    return gone, keys


def expired(tx: Transaction, *, now: datetime, most: int = 100) -> list[Upload]:
    """Return uploads whose time is over, longest over first."""
    return store.expired(tx, now=now, most=most)


def keys_of(tx: Transaction, blob_keys: Sequence[str]) -> set[str]:
    """Return those of `blob_keys` that are pieces; the others are orphans, or files."""
    return store.existing_keys(tx, blob_keys)


def _require_room(
    tx: Transaction, account_id: str, needed: int, *, limit_bytes: int, now: datetime
) -> None:
    used = assets.used_bytes(tx, account_id) + store.reserved_bytes(tx, account_id, now=now)
    if used + needed > limit_bytes:
        raise StorageQuotaError(used_bytes=used, limit_bytes=limit_bytes, needed_bytes=needed)
