"""Deleting bytes at once: of files whose rows say that their time is over, and of no file at all.

What cannot be deleted now, the janitor finds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

import structlog
from starlette.concurrency import run_in_threadpool

from telecine.api.services import Services
from telecine.core import files
from telecine.core.files import File
from telecine.kit.errors import StorageError, TelecineError

_log = structlog.get_logger(__name__)


async def dispose(services: Services, gone: Iterable[File]) -> bool:
    """Delete the files' bytes; False where some could not be."""
    is_done = True
    for file in gone:
        if await _is_deleted(services, file.blob_key):
            await services.write(partial(files.mark_deleted, file=file, now=services.clock()))
        else:
            is_done = False
    return is_done


async def forget(services: Services, keys: Iterable[str]) -> None:
    """Delete bytes that nobody owns."""
    for key in keys:
        await _is_deleted(services, key)


@asynccontextmanager
async def forgotten_if_refused(services: Services, keys: Iterable[str]) -> AsyncIterator[None]:
    """Delete the bytes that the block stores where it is refused.

    Only then is it certain that nobody owns them: after any other error its commit may have taken
    effect all the same.
    """
    try:
        yield
    except TelecineError:
        await forget(services, keys)
        raise


async def _is_deleted(services: Services, key: str) -> bool:
    try:
        await run_in_threadpool(services.blobs.delete, key)
    except StorageError:
        _log.warning("file.not_deleted", key=key)
        return False
    return True
