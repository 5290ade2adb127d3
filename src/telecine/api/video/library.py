"""The video family's handlers for uploaded files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from telecine.api.access import Caller
from telecine.api.bodies import incoming
from telecine.api.bodies.formdata import ReceivedFile
from telecine.api.bodies.spooling import STAGED_SUFFIX
from telecine.api.family import Json
from telecine.api.orders import forms
from telecine.api.services import Services
from telecine.api.stored import disposal, links
from telecine.api.video import fields, wire, wording
from telecine.core import assets
from telecine.core.assets import AssetKind, NewAsset, Thumbnail
from telecine.db import Transaction
from telecine.kit.errors import (
    MediaError,
    MissingFileError,
    ProcessingError,
    StorageQuotaError,
)
from telecine.kit.ids import new_id
from telecine.media.describing import Description, describe, thumbnail


async def upload(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/upload"""
    max_file_bytes = caller.plan.max_file_bytes
    least = incoming.least_file_bytes(request, file_fields=("file",), max_file_bytes=max_file_bytes)
    await _check_room(services, caller, least)
    async with await forms.receive(
        request,
        caller,
        services,
        max_file_bytes=max_file_bytes,
        list_field="files",
    ) as form:
        if not form.files:
            raise MissingFileError("No files provided: send them in 'file' or 'files'.")
        await _check_room(services, caller, sum(file.size_bytes for file in form.files))
        added = await _keep(services, caller, form.files)
    return Json(wording.uploaded(added, origin=links.origin_of(request, services)))


async def list_files(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/files"""
    paging, kind = fields.paging(request), fields.kind(request)
    account_id = caller.account.id

    def look(tx: Transaction) -> tuple[assets.Page, int]:
        page = assets.list_page(
            tx, account_id=account_id, kind=kind, page=paging.page, limit=paging.limit
        )
        return page, assets.used_bytes(tx, account_id)

    found, used_bytes = await services.read(look)
    origin = links.origin_of(request, services)
    return Json(
        wire.FileList(
            files=tuple(wording.asset_item(each, origin=origin) for each in found.assets),
            pagination=wire.Pagination(page=paging.page, limit=paging.limit, total=found.total),
            used_bytes=used_bytes,
            limit_bytes=caller.plan.storage_bytes,
        )
    )


async def delete_file(request: Request, caller: Caller, services: Services) -> Response:
    """DELETE /api/v1/files/{fileId}"""
    asset_id = request.path_params["fileId"]
    gone = await services.write(
        partial(
            assets.delete,
            asset_id=asset_id,
            account_id=caller.account.id,
            now=services.clock(),
        )
    )
    await disposal.dispose(services, gone)
    return Json(wire.FileDeleted(file_id=asset_id))


async def _check_room(services: Services, caller: Caller, needed: int) -> None:
    """Refuse early what does not fit; the transaction decides again."""
    used = await services.read(partial(assets.used_bytes, account_id=caller.account.id))
    limit = caller.plan.storage_bytes
    if used + needed > limit:
        raise StorageQuotaError(used_bytes=used, limit_bytes=limit, needed_bytes=needed)


async def _keep(
    services: Services, caller: Caller, received: tuple[ReceivedFile, ...]
) -> list[assets.Asset]:
    """Look at all files, store all, and take all into the library: or none."""
    staged: list[Path] = []
    try:
        described = [
            await run_in_threadpool(_describe, services, file, staged) for file in received
        ]
        places = {new.blob_key: path for path, _, new in described}
        places |= {new.thumbnail.blob_key: small for _, small, new in described if new.thumbnail}
        async with disposal.forgotten_if_refused(services, places):
            for key, path in places.items():
                await run_in_threadpool(services.blobs.adopt, path, key)
            return await services.write(
                partial(
                    assets.add,
                    new_assets=[new for _, _, new in described],
                    account_id=caller.account.id,
                    limit_bytes=caller.plan.storage_bytes,
                    now=services.clock(),
                )
            )
    finally:
        for path in staged:
            await run_in_threadpool(path.unlink, missing_ok=True)


def _describe(
    services: Services, file: ReceivedFile, staged: list[Path]
) -> tuple[Path, Path, NewAsset]:
    """Say what a file is, where the bytes are that will be kept of it, and its small picture."""
    rewritten, small = (services.blobs.stage(STAGED_SUFFIX) for _ in range(2))
    staged += [rewritten, small]
    try:
        found = describe(
            services.pool, file.path, target=rewritten, max_pixels=services.settings.max_pixels
        )
    except MediaError as error:
        # All files or none: say which one it was.
        raise type(error)(f"{file.filename}: {error.message}", field=file.field) from error
    path = rewritten if found.is_rewritten else file.path
    return (
        path,
        small,
        NewAsset(
            blob_key=f"assets/{new_id('', length=24)}",
            filename=file.filename,
            media_type=found.media_type,
            size_bytes=path.stat().st_size,
            kind=AssetKind(found.kind),
            width=found.width,
            height=found.height,
            duration_seconds=found.duration_seconds,
            thumbnail=_thumbnail(services, file, found, small),
        ),
    )


def _thumbnail(
    services: Services, file: ReceivedFile, found: Description, small: Path
) -> Thumbnail | None:
    """Draw the small picture; sounds, captions and drawings have none, nor what cannot be drawn."""
    if found.kind not in {"image", "video"} or found.is_rewritten:
        return None
    try:
        thumbnail(services.pool, file.path, kind=found.kind, target=small)
    except (MediaError, ProcessingError):
        return None
    return Thumbnail(blob_key=f"assets/{new_id('', length=24)}", size_bytes=small.stat().st_size)
