"""A film in segments, a poster and captions -> responses, each made when it is asked for.

Whose film it is, and that whoever asks may see it, was decided before; no family is known here.
The bytes are our own renderer's, and players may lie on any page.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from telecine.api.access import plan_of
from telecine.api.compositions.documents import Checked, read
from telecine.api.family import Family
from telecine.api.services import Services
from telecine.api.stored import downloads
from telecine.core import accounts
from telecine.kit.errors import (
    BusyError,
    FileTooLargeError,
    MediaError,
    NotFoundError,
    OutboundError,
    TelecineError,
)
from telecine.media.render.playlist import (
    CAPTIONS_NAME,
    HEAD_NAME,
    PLAYLIST_NAME,
    POSTER_NAME,
    segment_number,
)
from telecine.media.render.session import Brought, Source
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.reader import Problem
from telecine.operations import sources

_MEDIA_TYPES: Final = {
    PLAYLIST_NAME: "application/vnd.apple.mpegurl",
    HEAD_NAME: "video/mp4",
    POSTER_NAME: "image/png",
    CAPTIONS_NAME: "text/vtt; charset=utf-8",
}
_SEGMENT_TYPE: Final = "video/iso.segment"
#: A document never changes; what it names on the web might.
_KEPT: Final = "private, max-age=3600"
#: Asked for first: it says whether there is still something to see.
_ASKED_AGAIN: Final = "private, no-cache"
#: What logs and figures say of a client that left, by custom; there is no such status.
_HUNG_UP: Final = 499
#: Somebody sits before the player and waits.
_FETCH_SECONDS: Final = 120.0
#: How long a request waits for its turn before it is told to come again, and how often it looks
#: where there is no room in the line either. Its film keeps its place in line meanwhile.
_PATIENCE_SECONDS: Final = 4.0
_PAUSE_SECONDS: Final = 0.1
#: Of a film that cannot be shown: the request is fine, what it names is not.
_UNPROCESSABLE: Final = (
    *("invalid_request", "invalid_document", "media_error", "unsupported_media"),
    *("undecodable_media", "media_limit", "file_too_large"),
    *("processing_timeout", "processing_limit"),
)

#: Checks a document when it must be opened.
Check = Callable[[], Awaitable[Checked]]


def watched(family: Family) -> Family:
    """Return the family as those see it who only watch: a film with faults is 422."""
    return replace(family, errors={**family.errors, **dict.fromkeys(_UNPROCESSABLE, 422)})


def key_of(account_id: str, digest: str) -> str:
    """Return what a film is kept under. The ids of files in a document never change theirs."""
    return hashlib.sha256(f"{account_id} {digest}".encode()).hexdigest()


async def serve(
    request: Request, services: Services, *, account_id: str, digest: str, check: Check
) -> Response:
    """Answer a GET of one part of a film; `name` of the path says which.

    Raises what `check` raises, `NotFoundError` for a part that is not there, `BusyError`, and
    what rendering raises.
    """
    name: str = request.path_params["name"]
    if name not in _MEDIA_TYPES and segment_number(name) is None:
        raise NotFoundError("There is nothing of this name.")
    key = key_of(account_id, digest)
    made: Future[bytes] | None = None
    if name != PLAYLIST_NAME:
        made = await run_in_threadpool(services.previews.find, key, name)
    leaving = asyncio.ensure_future(_hung_up(request))
    try:
        if made is None:
            source = await _source(services, await check(), account_id=account_id, key=key)
            made = await _asked(partial(services.previews.ask, source, name), leaving)
        is_in_line = partial(services.previews.is_in_line, key)
        content = await _awaited(made, leaving, is_in_line=is_in_line)
        if content is None:
            raise services.previews.busy()
    except ClientDisconnect:
        return Response(status_code=_HUNG_UP)  # nobody reads it
    except TelecineError as error:
        _tell_place(error)
        raise
    finally:
        leaving.cancel()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "cache-control": _ASKED_AGAIN if name == PLAYLIST_NAME else _KEPT,
        "content-security-policy": "sandbox; default-src 'none'",
        "etag": tag,
    }
    if downloads.names_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=_MEDIA_TYPES.get(name, _SEGMENT_TYPE))


async def _source(services: Services, checked: Checked, *, account_id: str, key: str) -> Source:
    account = await services.read(partial(accounts.get, account_id=account_id))
    room = sources.Room(
        max_bytes=plan_of(services, account).max_file_bytes, max_seconds=_FETCH_SECONDS
    )

    def bring(folder: Path, is_cancelled: Callable[[], bool]) -> Brought:
        stored = {
            src: services.blobs.open_local(file.blob_key, workspace=folder)
            for src, file in checked.files.items()
        }
        try:
            fetched = sources.fetch(
                services.cache,
                checked.remote,
                folder=folder / "web",
                room=room,
                is_cancelled=is_cancelled,
            )
        except TelecineError as error:
            by_src = {each.src: each.path for each in parse(read(checked.text.encode())).sources}
            error.field = by_src.get(error.field or "", error.field)
            raise
        return Brought(files={**stored, **fetched}, version=_version(fetched))

    is_fixed = not checked.remote
    return Source(key=key, document=checked.text, is_fixed=is_fixed, bring=bring)


def _tell_place(error: TelecineError) -> None:
    """List a fault that came up when the film was opened as those are that were found before."""
    if error.field is not None and not error.problems:
        is_file = isinstance(error, MediaError | OutboundError | FileTooLargeError)
        fault = Problem(
            path=error.field,
            code="SOURCE" if is_file else error.code.upper(),
            message=error.message,
            got="",
            allowed="",
        )
        error.problems = (msgspec.structs.asdict(fault),)


def _version(fetched: Mapping[str, Path]) -> str:
    """Return what is another when an address holds something else: the cache gives the same file
    for the same bytes.
    """
    facts = [(src, path.stat()) for src, path in sorted(fetched.items())]
    return str([(src, each.st_ino, each.st_size, each.st_mtime_ns) for src, each in facts])


async def _asked(ask: Callable[[], Future[bytes]], leaving: asyncio.Future[None]) -> Future[bytes]:
    """Ask, for some time again and again where others are before us: a page may show many films.

    Raises `BusyError` in the end, and `ClientDisconnect`.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + _PATIENCE_SECONDS
    while True:
        try:
            return await run_in_threadpool(ask)
        except BusyError:
            if clock() >= until:
                raise
        await asyncio.wait((leaving,), timeout=_PAUSE_SECONDS)
        if leaving.done():
            raise ClientDisconnect


async def _awaited(
    made: Future[bytes], leaving: asyncio.Future[None], *, is_in_line: Callable[[], bool]
) -> bytes | None:
    """Wait for it; None where its film still waits for its turn after some time. When the client
    hangs up before, it is not wished any more: `ClientDisconnect`.
    """
    waiting: asyncio.Future[bytes] = asyncio.wrap_future(made)
    try:
        while not waiting.done():
            await asyncio.wait(
                (waiting, leaving),
                return_when=asyncio.FIRST_COMPLETED,
                timeout=_PATIENCE_SECONDS,
            )
            if leaving.done() and not waiting.done():
                raise ClientDisconnect
            if not waiting.done() and await run_in_threadpool(is_in_line):
                return None
        return waiting.result()
    finally:
        waiting.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
