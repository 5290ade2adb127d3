"""Deleting bytes at once, where the files' rows say already that their time is over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import structlog
from starlette.concurrency import run_in_threadpool

from telecine.api.services import Services
from telecine.core import files
from telecine.core.files import File
from telecine.kit.errors import StorageError

_log = structlog.get_logger(__name__)


async def dispose(services: Services, gone: Sequence[File]) -> bool:
    """Delete the files' bytes; False where some could not be, which the janitor tries again."""
    is_done = True
    for file in gone:
        try:
            await run_in_threadpool(services.blobs.delete, file.blob_key)
        except StorageError:
            _log.warning("file.not_deleted", file_id=file.id, key=file.blob_key)
            is_done = False
            continue
        await services.write(partial(files.mark_deleted, file=file, now=services.clock()))
    return is_done
