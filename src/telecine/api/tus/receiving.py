"""Bytes of one request -> pieces of an upload, each stored before it is counted.

A piece is what came until 16 MiB were there, the request ended, its connection broke, or somebody
asked how far the upload is. So a killed server costs a client 16 MiB at most, and a broken
connection nothing. With a checksum there is one piece: all of the request, or nothing.
"""

from __future__ import annotations

import hmac
from contextlib import aclosing
from functools import partial
from typing import Final

import anyio
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from telecine.api.access import Caller
from telecine.api.bodies import incoming
from telecine.api.bodies.spooling import Hasher, Spool
from telecine.api.services import Services
from telecine.api.stored import disposal, finishing
from telecine.api.tus.fields import Checksum
from telecine.core import uploads as core
from telecine.core.uploads import Piece, Upload
from telecine.kit.errors import (
    ChecksumError,
    ConflictError,
    FileTooLargeError,
    InvalidRequestError,
    RequestTimeoutError,
)
from telecine.kit.ids import new_id
from telecine.settings import Plan

_log = structlog.get_logger(__name__)

PIECE_BYTES: Final = 16 * 2**20


def most_bytes(plan: Plan) -> int:
    """Return how long an upload may be: as long as the largest file that any door takes."""
    return max(plan.max_file_bytes, plan.max_image_bytes, plan.max_voiceover_bytes)


def require_size(size_bytes: int, plan: Plan) -> None:
    """Raise `FileTooLargeError` for what no door would take."""
    if size_bytes > most_bytes(plan):
        raise FileTooLargeError(
            f"A file may have at most {most_bytes(plan)} bytes "
            f"({most_bytes(plan) / 2**20:.6g} MiB).",
            field="Upload-Length",
        )


async def receive(
    request: Request,
    caller: Caller,
    services: Services,
    upload: Upload,
    *,
    offset: int,
    checksum: Checksum | None,
) -> Upload:
    """Take the bytes of a request, from `offset` on; returns the upload as it stands then.

    What can be refused is refused before the first byte: another offset (`ConflictError`), more
    bytes than the upload has (`FileTooLargeError`), no room (`StorageFullError`). Whoever else
    brings bytes of the same upload is not heard from then on.
    """
    most = most_bytes(caller.plan) if upload.size_bytes is None else upload.size_bytes
    declared = incoming.declared_bytes(request) or 0
    if offset + declared > most:
        raise _too_long(most)
    await incoming.require_room(services.blobs, declared)
    await services.writers.end(upload.id)
    taken = await services.write(
        partial(core.take, upload=upload, offset=offset, writer=new_id(""), now=services.clock())
    )
    receiver = _Receiver(
        services, taken, limit_bytes=caller.plan.storage_bytes, most=most, checksum=checksum
    )
    with services.writers.put(upload.id, receiver):
        try:
            await _read(request, receiver)
            await receiver.end()
        finally:
            await receiver.leave()
    return receiver.upload


async def _read(request: Request, receiver: _Receiver) -> None:
    try:
        async with aclosing(incoming.chunks(request)) as body:
            async for chunk in body:
                await receiver.take(chunk)
    except (InvalidRequestError, RequestTimeoutError) as error:
        # It stood still, or broke off: nothing is wrong with the request. Clients try again after
        # a conflict, and ask for the offset first.
        raise ConflictError(f"{error.message} Ask for the offset with HEAD, and go on.") from error


class _Receiver:
    """One request's bytes on their way: a `Writer`."""

    def __init__(
        self,
        services: Services,
        upload: Upload,
        *,
        limit_bytes: int,
        most: int,
        checksum: Checksum | None,
    ) -> None:
        self.upload = upload
        self._services = services
        self._limit_bytes = limit_bytes
        self._most = most
        self._checksum = checksum
        self._hasher: Hasher | None = None if checksum is None else checksum.hasher()
        self._spool: Spool | None = None
        self._is_over = False
        # Others ask us to keep what we have while we wait for more.
        self._lock = anyio.Lock()

    async def take(self, chunk: bytes) -> None:
        """Take more bytes. Raises `ConflictError` once another request has followed."""
        async with self._lock:
            if self._is_over:
                raise ConflictError("Another request goes on with this upload.")
            here = 0 if self._spool is None else self._spool.size_bytes
            if self.upload.received_bytes + here + len(chunk) > self._most:
                raise _too_long(self._most)
            if self._spool is None:
                self._spool = await self._begin()
            await self._spool.write(chunk)
            if self._checksum is None and self._spool.size_bytes >= PIECE_BYTES:
                await self._store()

    async def end(self) -> None:
        """Note that all of it has come. Raises `ChecksumError` for other bytes than were meant."""
        async with self._lock:
            if self._spool is not None:
                await self._spool.close()
            if self._checksum is not None and self._hasher is not None:
                if not hmac.compare_digest(self._hasher.digest(), self._checksum.digest):
                    raise ChecksumError
                self._checksum = None
            await self._store()
            self._is_over = True

    async def keep(self) -> None:
        """Store what has come, where it need not be compared with a checksum first."""
        async with self._lock:
            if self._checksum is None and not self._is_over:
                await self._try_to_store()

    async def give_way(self) -> None:
        """Store what has come, and take no more."""
        await self.keep()
        self._is_over = True

    async def leave(self) -> None:
        """Store what can be stored, and leave nothing behind."""
        # Shielded: a server that stops, or a client that went away, cancels the request.
        with anyio.CancelScope(shield=True):
            await self.give_way()
            async with self._lock:
                if self._spool is not None:
                    await self._spool.discard()

    async def _begin(self) -> Spool:
        return await run_in_threadpool(
            Spool,
            self._services.blobs,
            reserve_bytes=incoming.DEFAULT_LIMITS.reserve_bytes,
            hasher=self._hasher,
        )

    async def _try_to_store(self) -> None:
        try:
            await self._store()
        except Exception:  # noqa: BLE001 (whoever asked is told of what is stored; we go no further)
            self._is_over = True
            _log.warning("upload.not_kept", upload_id=self.upload.id, exc_info=True)

    async def _store(self) -> None:
        """Make a piece of what has come."""
        spool, self._spool = self._spool, None
        if spool is None:
            return
        try:
            await spool.close()
            if spool.size_bytes:
                await self._append(spool)
        finally:
            await spool.discard()

    async def _append(self, spool: Spool) -> None:
        services, key = self._services, finishing.new_key()
        piece = Piece(start=self.upload.received_bytes, size_bytes=spool.size_bytes, blob_key=key)
        await run_in_threadpool(services.blobs.adopt, spool.path, key)
        async with disposal.forgotten_if_refused(services, [key]):
            self.upload = await services.write(
                partial(
                    core.append,
                    upload=self.upload,
                    piece=piece,
                    limit_bytes=self._limit_bytes,
                    now=services.clock(),
                )
            )


def _too_long(most: int) -> FileTooLargeError:
    return FileTooLargeError(f"There are more bytes than the upload has: {most}.")
