"""What clips are to be made of: an address, a file of the library, or a file that came along.

It is looked at before anything is promised: here at once, on the web for a few seconds at most.
What could not be looked at in time is taken, and looked at by the worker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import unquote, urlsplit

from starlette.concurrency import run_in_threadpool

from telecine import shelves
from telecine.api.access import Caller
from telecine.api.bodies.formdata import ReceivedFile
from telecine.api.bodies.spooling import delete
from telecine.api.clips.wire import ProcessBody
from telecine.api.fields import named
from telecine.api.services import Services, looking
from telecine.api.stored import finishing, links
from telecine.core import assets, files
from telecine.core.assets import AssetKind
from telecine.core.files import File
from telecine.db import Transaction
from telecine.kit.errors import (
    InvalidRequestError,
    MediaError,
    NotFoundError,
    OutboundError,
    UnsupportedMediaError,
)
from telecine.media.probe import MediaInfo, probe

_MOST_NAME: Final = 200
_SILENT: Final = (
    "The video has no sound: there is nobody to be heard in it. Choose parts yourself: 'segments'."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a video is, and how long it runs; None: that is not known yet.

    One of `url`, `upload` and `stored` is there. `identity` is the same for the same source, and
    None where that cannot be said. What `is_in_library` stays there. What `is_silent` was seen to
    have no sound.
    """

    identity: str | None
    url: str | None = None
    upload: ReceivedFile | None = None
    stored: File | None = None
    duration_seconds: float | None = None
    is_in_library: bool = False
    is_silent: bool = False

    @property
    def filename(self) -> str:
        """What its owner calls it, or the last part of its address."""
        if self.upload is not None:
            return self.upload.filename
        if self.stored is not None:
            return self.stored.filename
        return unquote(urlsplit(self.url or "").path.rpartition("/")[2])[:_MOST_NAME] or "video"


async def find(
    services: Services,
    caller: Caller,
    wanted: ProcessBody,
    *,
    upload: ReceivedFile | None = None,
    origin: str,
) -> Source:
    """Return the one source of a request, looked at. Raises `InvalidRequestError` for none or
    several, and `MediaError` with the field for what no clip can be made of.
    """
    given = [
        name
        for name, value in (
            ("file", upload),
            ("file_id", wanted.file_id),
            ("video_url", wanted.video_url),
        )
        if value
    ]
    if len(given) != 1:
        said = " and ".join(f"'{name}'" for name in given)
        raise InvalidRequestError(
            f"Send one source, not {said} together."
            if given
            else "'video_url' is missing: the address of a video. 'file_id' or a form's 'file' "
            "take its place.",
            field=given[-1] if given else "video_url",
        )
    (field,) = given
    found: Source | None = None
    try:
        if upload is not None:
            found = await _uploaded(services, upload)
        elif upload_id := named.upload_named(wanted.file_id or wanted.video_url or ""):
            found = await _named(services, caller, upload_id, field=field)
        elif wanted.file_id:
            found = await _stored(services, caller, wanted.file_id)
        else:
            found = await _linked(services, caller, wanted.video_url or "", origin=origin)
        if found.is_silent and not wanted.segments:
            raise UnsupportedMediaError(_SILENT)
    except (MediaError, OutboundError, NotFoundError) as error:
        error.field = error.field or field
        if found is not None and found.upload is not None:
            await delete(found.upload.path)
        raise
    return found


async def _uploaded(services: Services, upload: ReceivedFile) -> Source:
    info = await run_in_threadpool(
        partial(probe, services.pool, upload.path, limits=shelves.media_limits(services.settings))
    )
    return _looked_at(Source(identity=None, upload=upload), info)


async def _named(services: Services, caller: Caller, upload_id: str, *, field: str) -> Source:
    """Take a finished upload: the job gets bytes of its own, which outlast it."""
    upload = await finishing.staged(services, caller.account.id, upload_id, field=field)
    try:
        return replace(await _uploaded(services, upload), identity=upload_id)
    except BaseException:
        await delete(upload.path)
        raise


async def _stored(services: Services, caller: Caller, name: str) -> Source:
    """Find a file by the id that the library, or a link, has for it."""
    account_id = caller.account.id

    def look(tx: Transaction) -> Source:
        asset = assets.find(tx, [name], account_id=account_id).get(name)
        if asset is None:
            file = files.get(tx, name)
            if file.account_id != account_id or file.is_gone(services.clock()):
                raise NotFoundError
            return Source(identity=file.id, stored=file)
        if asset.kind is not AssetKind.VIDEO:
            raise UnsupportedMediaError(f"This file is of another kind: {asset.kind}, not video.")
        return Source(
            identity=asset.file.id,
            stored=asset.file,
            duration_seconds=asset.duration_seconds,
            is_in_library=True,
        )

    try:
        found = await services.read(look)
        if found.is_in_library:
            return found
        return await run_in_threadpool(_measured, services, found)
    except NotFoundError:
        raise NotFoundError("There is no such file in your library.") from None


def _measured(services: Services, found: Source) -> Source:
    """Look at what a job made: nobody wrote down how long it runs."""
    file = found.stored
    assert file is not None
    if services.blobs.local_path(file.blob_key) is None and file.size_bytes > looking.MOST_BYTES:
        return found  # too long to fetch from a bucket while somebody waits
    with TemporaryDirectory(dir=services.blobs.staging) as folder:
        path = services.blobs.open_local(file.blob_key, workspace=Path(folder))
        info = probe(services.pool, path, limits=shelves.media_limits(services.settings))
    return _looked_at(found, info)


async def _linked(services: Services, caller: Caller, url: str, *, origin: str) -> Source:
    if (own := links.file_of(url, origin=origin)) is not None:
        return await _stored(services, caller, own)
    services.outbound.check_url(url, field="video_url")
    info = await services.looker.film(
        caller.account.id, url, limits=shelves.media_limits(services.settings)
    )
    found = Source(identity=url, url=url)
    return found if info is None else _looked_at(found, info)


def _looked_at(source: Source, info: MediaInfo) -> Source:
    return replace(source, duration_seconds=info.duration_seconds, is_silent=not info.audio)
