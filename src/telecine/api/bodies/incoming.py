"""Request body -> staged file: streamed, limited, written once.

What the rule is: nothing of a request that cannot be accepted is read (length, room), nothing
that arrives is held in memory beyond one batch, and no file stays behind unless the caller
adopts it. Text fields come back beside the file; what they mean is the family's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final, Protocol
from urllib.parse import parse_qsl

import multipart
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from telecine.api.bodies.formdata import (
    Form,
    Limits,
    ReceivedFile,
    ReceivedForm,
    how_to_send,
    sent_as_text,
    too_large,
)
from telecine.blobs.store import BlobStore
from telecine.kit.errors import InvalidRequestError, RequestTimeoutError, StorageFullError

DEFAULT_LIMITS = Limits()
_URL_ENCODED: Final = "application/x-www-form-urlencoded"
_MAX_BOUNDARY_BYTES = 200  # RFC 2046 says 70; some clients are more generous


class Lookup(Protocol):
    """Brings the file of a finished upload that a form names, as a staged one."""

    async def __call__(self, upload_id: str, *, field: str) -> ReceivedFile:
        """Raises the error, with the field, of an upload that is not there or not finished."""


async def receive(
    request: Request,
    *,
    store: BlobStore,
    max_file_bytes: int,
    file_field: str = "file",
    more_fields: tuple[str, ...] = (),
    list_field: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    lookup: Lookup | None = None,
) -> ReceivedForm:
    """Read a multipart form; its file goes to the store's staging folder.

        async with await incoming.receive(request, store=store, max_file_bytes=…) as form:
            store.adopt(form.require_file().path, key)

    `more_fields` take one file of so many bytes each, too. With a `list_field`, that field may come
    again and again, each time with a file; all files together have `max_file_bytes`. Where a form
    names an upload in a file's place, `lookup` brings its file; a form that has all its files so
    may come url-encoded, too.

    Authenticate and rate-limit before: this reads the body. Raises `FileTooLargeError` and
    `StorageFullError` before the first byte where the length is declared, else as soon as it
    shows; `InvalidRequestError` for everything that is wrong with the form, and
    `RequestTimeoutError` for a client that stops or trickles. After an error no file is left.
    """
    kind, boundary = _kind(request, (file_field, *more_fields))
    fields = (file_field, *more_fields)
    least_file_bytes(request, file_fields=fields, max_file_bytes=max_file_bytes, limits=limits)
    await require_room(store, declared_bytes(request) or 0, limits=limits)
    max_body_bytes = max_file_bytes * len(fields) + limits.framing_bytes
    form = Form(
        store,
        file_field=file_field,
        more_fields=more_fields,
        list_field=list_field,
        max_file_bytes=max_file_bytes,
        limits=limits,
    )
    try:
        if kind == _URL_ENCODED:
            await _read_url_encoded(request, form)
        else:
            await _read(request, form, boundary=boundary, max_body_bytes=max_body_bytes)
        received = await form.finish()
    except BaseException:
        await form.discard()
        raise
    return await _with_named(received, form, lookup)


async def _with_named(received: ReceivedForm, form: Form, lookup: Lookup | None) -> ReceivedForm:
    """Add the files of the uploads that a form names."""
    files = list(received.files)
    try:
        for each in form.named:
            if lookup is None:
                raise sent_as_text(each.field, each.upload_id)
            files.append(await lookup(each.upload_id, field=each.field))
            if files[-1].size_bytes > form.max_file_bytes:
                raise too_large((each.field,), form.max_file_bytes)
    except BaseException:
        await replace(received, files=tuple(files)).discard()
        raise
    return replace(received, files=tuple(files))


async def require_room(
    store: BlobStore, needed_bytes: int, *, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Raise `StorageFullError` where the disk has no room for so many bytes, twice.

    What comes out of the work may be as large as what went in.
    """
    if await run_in_threadpool(store.free_bytes) < limits.reserve_bytes + 2 * needed_bytes:
        raise StorageFullError


async def _read(request: Request, form: Form, *, boundary: bytes, max_body_bytes: int) -> None:
    limits, received_bytes = form.limits, 0
    try:
        with multipart.PushMultipartParser(
            boundary,
            max_header_size=limits.max_header_bytes,
            max_header_count=limits.max_headers_per_part,
            max_segment_count=limits.max_parts,
        ) as parser:
            async with aclosing(chunks(request, limits)) as body:
                async for chunk in body:
                    received_bytes += len(chunk)
                    if received_bytes > max_body_bytes:
                        raise too_large(form.file_fields, form.max_file_bytes)
                    for event in parser.parse(chunk):
                        await form.take(event)
                    if not form.begun and received_bytes > limits.framing_bytes:
                        raise InvalidRequestError(
                            "The multipart body does not begin with the boundary that its "
                            "Content-Type names."
                        )
    except multipart.MultipartError as error:
        raise _broken(error) from error


async def _read_url_encoded(request: Request, form: Form) -> None:
    """Take a form without bytes of files: what names no upload is told how files are sent."""
    body = bytearray()
    async with aclosing(chunks(request, form.limits)) as pieces:
        async for piece in pieces:
            body += piece
            if len(body) > form.limits.framing_bytes:
                raise _no_form(_URL_ENCODED, form.file_fields)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=form.limits.max_parts,
        )
    except ValueError:
        raise _no_form(_URL_ENCODED, form.file_fields) from None
    for name, text in pairs:
        form.add(name, text)
    if not form.named:
        raise _no_form(_URL_ENCODED, form.file_fields)


async def chunks(request: Request, limits: Limits = DEFAULT_LIMITS) -> AsyncGenerator[bytes, None]:
    """Yield the body as it comes; refuse a client that stops, trickles or goes away."""
    now = asyncio.get_running_loop().time
    waited_seconds, window_bytes = 0.0, 0
    async with aclosing(request.stream()) as stream:
        while True:
            asked_at = now()
            try:
                async with asyncio.timeout(limits.idle_seconds):
                    chunk = await anext(stream)
            except TimeoutError:
                raise RequestTimeoutError(
                    f"The request stood still for {limits.idle_seconds:g} seconds. Send it again."
                ) from None
            except ClientDisconnect:
                raise InvalidRequestError(
                    "The connection closed before the request ended."
                ) from None
            if not chunk:
                return
            yield chunk
            waited_seconds += now() - asked_at
            window_bytes += len(chunk)
            if waited_seconds >= limits.rate_window_seconds:
                if window_bytes < limits.min_bytes_per_second * waited_seconds:
                    raise RequestTimeoutError(
                        f"The request is slower than {limits.min_bytes_per_second} bytes a second."
                    )
                waited_seconds, window_bytes = 0.0, 0


def _kind(request: Request, file_fields: Sequence[str]) -> tuple[str, bytes]:
    """Return what kind of form a body is, and the boundary of one that has parts."""
    kind, options = multipart.parse_options_header(request.headers.get("content-type", ""))
    if kind == _URL_ENCODED:
        return kind, b""
    if kind != "multipart/form-data":
        raise _no_form(kind, file_fields)
    boundary = str(options.get("boundary", "")).encode("latin-1", "replace")
    if not 0 < len(boundary) <= _MAX_BOUNDARY_BYTES:
        raise InvalidRequestError(
            "The Content-Type multipart/form-data names no usable boundary. Let your HTTP "
            "library write this header itself."
        )
    return kind, boundary


def _no_form(kind: str, file_fields: Sequence[str]) -> InvalidRequestError:
    sent = f" This came as {kind[:64]}." if kind else ""
    return InvalidRequestError(f"{how_to_send(*file_fields)}.{sent}", field=file_fields[0])


def declared_bytes(request: Request) -> int | None:
    """Return the length that a request says its body has."""
    declared = request.headers.get("content-length")
    if declared is None:
        return None
    if not (declared.isascii() and declared.isdecimal() and len(declared) <= 19):
        raise InvalidRequestError("The Content-Length is not a number.")
    return int(declared)


def least_file_bytes(
    request: Request,
    *,
    file_fields: tuple[str, ...],
    max_file_bytes: int,
    limits: Limits = DEFAULT_LIMITS,
) -> int:
    """Return how long the files in a form are at least: mostly, they are all of the body.

    Raises `FileTooLargeError` for more than `max_file_bytes` in each field.
    """
    least = max(0, (declared_bytes(request) or 0) - limits.framing_bytes)
    if least > max_file_bytes * len(file_fields):
        raise too_large(file_fields, max_file_bytes)
    return least


def _broken(error: multipart.MultipartError) -> InvalidRequestError:
    if isinstance(error, multipart.ParserLimitReached):
        return InvalidRequestError(f"The multipart form is over a limit: {error}.")
    return InvalidRequestError(f"The multipart body is broken: {error.args[0]}.")
