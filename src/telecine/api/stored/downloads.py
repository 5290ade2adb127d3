"""Blob -> response: attachment, one range, validators. The bytes never run or show in a browser
page: they came from strangers, and the door shares its origin with the dashboard.

Whether the client may have the blob, and whether its time is over, was decided before.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override  # typing has it from Python 3.12 on

from telecine.blobs.store import BlobStore
from telecine.core.files import File
from telecine.kit.errors import RangeError

#: One range only: players and resuming clients ask for one, and a list of ranges is answered
#: with the whole file, which RFC 9110 allows.
_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    start: int
    length: int
    partial: bool


async def send_blob(
    request: Request,
    *,
    store: BlobStore,
    key: str,
    filename: str,
    media_type: str,
    size_bytes: int,
    etag: str,
) -> Response:
    """Answer a GET or HEAD with the blob, or with the range that was asked for.

    `etag` is without quotes and must change with the bytes. The answer is 200, 206 or 304.
    Raises `RangeError` for a range outside the blob, and `NotFoundError` or `StorageError`, all
    before the first byte goes out.
    """
    tag = f'"{etag}"'
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": content_disposition(filename),
        "content-security-policy": "sandbox; default-src 'none'",
        "etag": tag,
        "x-content-type-options": "nosniff",
    }
    if names_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    span = _wanted_span(request, size_bytes=size_bytes, tag=tag)
    if span is None:
        raise RangeError(size_bytes=size_bytes)
    status = 200
    if span.partial:
        status = 206
        headers["content-range"] = f"bytes {span.start}-{span.start + span.length - 1}/{size_bytes}"
    headers["content-length"] = str(span.length)
    if request.method == "HEAD":
        await run_in_threadpool(store.size, key)  # raises where GET would
        return Response(status_code=status, headers=headers, media_type=media_type)
    blocks = store.stream(key, start=span.start, length=span.length)
    first = await run_in_threadpool(next, blocks, b"")
    return _BlobResponse(first, blocks, status_code=status, headers=headers, media_type=media_type)


async def send_file(request: Request, file: File, *, store: BlobStore) -> Response:
    """Answer with a stored file, as `send_blob` does."""
    return await send_blob(
        request,
        store=store,
        key=file.blob_key,
        filename=file.filename,
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        etag=file.id,
    )


async def send_whole(
    store: BlobStore, key: str, *, size_bytes: int, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Answer with all of a blob, whatever was asked for. Raises as `send_blob` does."""
    blocks = store.stream(key, length=size_bytes)
    first = await run_in_threadpool(next, blocks, b"")
    told = {**headers, "content-length": str(size_bytes)}
    return _BlobResponse(first, blocks, status_code=200, headers=told, media_type=media_type)


class _BlobResponse(StreamingResponse):
    """Sends the blocks, and closes their file whether or not the client stays to the end."""

    def __init__(
        self,
        first: bytes,
        blocks: Generator[bytes, None, None],
        *,
        status_code: int,
        headers: Mapping[str, str],
        media_type: str,
    ) -> None:
        self._blocks = blocks
        content = iterate_in_threadpool(itertools.chain([first], blocks))
        super().__init__(content, status_code, headers, media_type)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # A thread may still be reading when the server itself is being stopped.
            with contextlib.suppress(ValueError):
                self._blocks.close()


def content_disposition(filename: str) -> str:
    """Return an attachment header: plain ASCII for old clients, RFC 5987 for the true name."""
    plain = "".join(
        c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in filename
    )
    header = f'attachment; filename="{plain}"'
    if plain != filename:
        header += f"; filename*=UTF-8''{quote(filename, safe='')}"
    return header


def _wanted_span(request: Request, *, size_bytes: int, tag: str) -> _Span | None:
    """Return the bytes to send; None when a well-formed range lies outside the blob.

    What is not understood (another unit, several ranges, an old validator) means all of it.
    """
    everything = _Span(start=0, length=size_bytes, partial=False)
    condition = request.headers.get("if-range")
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or (condition is not None and condition.strip() != tag):
        return everything
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last or size_bytes - 1), size_bytes - 1)
        if last and int(last) < start:
            return everything
    elif last:
        start, end = max(size_bytes - int(last), 0), size_bytes - 1
    else:
        return everything
    if start > end:
        return None
    return _Span(start=start, length=end - start + 1, partial=True)


def names_tag(header: str, tag: str) -> bool:
    """Whether If-None-Match names the tag; a weak spelling of it counts too (RFC 9110)."""
    named = [name.strip().removeprefix("W/") for name in header.split(",")]
    return tag in named or named == ["*"]
