"""From an upload's pieces to one file, and from there to a staged file, as if it had just come.

A file is made when the last byte has come. Where that was broken off (no room, a crash), whoever
asks for the upload next does it; two at the same time make it twice, and one of them is thrown away.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool

from telecine.api.bodies.formdata import ReceivedFile
from telecine.api.bodies.incoming import DEFAULT_LIMITS
from telecine.api.bodies.spooling import STAGED_SUFFIX
from telecine.api.services import Services
from telecine.api.stored import disposal
from telecine.core import uploads
from telecine.core.uploads import Upload
from telecine.db import Transaction
from telecine.kit.errors import (
    ConflictError,
    ExpiredError,
    NotFoundError,
    StorageError,
    StorageFullError,
)
from telecine.kit.ids import new_id

#: Left free on the disk while pieces are put together.
_RESERVE_BYTES: Final = DEFAULT_LIMITS.reserve_bytes


def new_key() -> str:
    """Return a key for bytes of an upload."""
    return f"uploads/{new_id('', length=24)}"


async def finish(services: Services, upload: Upload) -> Upload:
    """Make a file of an upload whose bytes are all there; any other comes back as it is.

    Raises `StorageFullError` where there is no room to put it together; then it is tried again
    when it is asked for.
    """
    if upload.file_id is not None or not upload.is_whole:
        return upload
    pieces = await services.read(partial(uploads.pieces, upload=upload))
    keys = [piece.blob_key for piece in pieces]
    whole = keys[0] if len(keys) == 1 else new_key()
    joined = [] if len(keys) == 1 else [whole]
    try:
        if joined:
            await run_in_threadpool(_join, services, keys, whole, upload.received_bytes)
        finished = await services.write(
            partial(uploads.finish, upload=upload, blob_key=whole, now=services.clock())
        )
    except NotFoundError:
        finished = None  # the pieces are gone: somebody else has put them together
    if finished is None:
        await disposal.forget(services, joined)
        return await services.read(partial(_again, services, upload))
    await disposal.forget(services, [key for key in keys if key != whole])
    return finished


async def staged(
    services: Services, account_id: str, upload_id: str, *, field: str
) -> ReceivedFile:
    """Return a finished upload of the account as a staged file. Raises the errors of a missing one
    with the field that names it, and `ConflictError` where bytes are missing.
    """
    try:
        found = await finish(
            services,
            await services.read(
                partial(
                    uploads.get, upload_id=upload_id, account_id=account_id, now=services.clock()
                )
            ),
        )
        require_finished(found)
        file = await services.read(partial(uploads.file_of, upload=found))
        path = await run_in_threadpool(services.blobs.restage, file.blob_key, STAGED_SUFFIX)
    except (ConflictError, ExpiredError, NotFoundError) as error:
        error.field = error.field or field
        raise
    return ReceivedFile(
        field=field,
        path=path,
        filename=file.filename,
        content_type=file.media_type,
        size_bytes=file.size_bytes,
    )


def require_finished(upload: Upload) -> None:
    """Raise `ConflictError` for an upload that is no file yet."""
    if upload.file_id is None:
        of = "an unknown number of" if upload.size_bytes is None else str(upload.size_bytes)
        raise ConflictError(
            f"The upload is not finished: {upload.received_bytes} of {of} bytes are here."
        )


def _join(services: Services, keys: list[str], whole: str, size_bytes: int) -> None:
    if services.blobs.free_bytes() < size_bytes + _RESERVE_BYTES:
        raise StorageFullError
    services.blobs.join(keys, whole)
    if services.blobs.size(whole) != size_bytes:
        raise StorageError


def _again(services: Services, upload: Upload, tx: Transaction) -> Upload:
    return uploads.get(tx, upload.id, account_id=upload.account_id, now=services.clock())
