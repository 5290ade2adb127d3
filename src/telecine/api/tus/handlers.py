"""The handlers of resumable uploads: parse, one verb of the core, render."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Final

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telecine.api.access import Caller
from telecine.api.bodies import incoming
from telecine.api.family import Json
from telecine.api.fields.named import UPLOADS_PATH
from telecine.api.services import Services
from telecine.api.stored import disposal, finishing
from telecine.api.tus import fields, receiving, wire
from telecine.core import uploads
from telecine.core.uploads import Upload


async def create(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/uploads"""
    fields.require_version(request)
    new, checksum = fields.new_upload(request), fields.checksum(request)
    brings_bytes = fields.brings_bytes(request)
    if not brings_bytes and incoming.declared_bytes(request):
        fields.require_bytes(request)
    receiving.require_size(new.size_bytes or 0, caller.plan)
    await incoming.require_room(services.blobs, new.size_bytes or 0)
    begun = await services.write(
        partial(
            uploads.begin,
            new=new,
            account_id=caller.account.id,
            limit_bytes=caller.plan.storage_bytes,
            now=services.clock(),
            lasts=timedelta(seconds=services.settings.upload_ttl_seconds),
        )
    )
    if brings_bytes:
        try:
            begun = await receiving.receive(
                request, caller, services, begun, offset=0, checksum=checksum
            )
        except BaseException:
            # The client never learns what it is called.
            with anyio.CancelScope(shield=True):
                await _remove(services, begun)
            raise
    made = await finishing.finish(services, begun)
    origin = _origin(services)
    headers = {**wire.headers(made), "Location": wire.address(made, origin=origin)}
    return Json(wire.item(made, origin=origin), status_code=201, headers=headers)


async def look(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/uploads/{upload_id}"""
    found = await _standing(request, caller, services)
    item = wire.item(found, origin=_origin(services))
    return Json(item, headers=wire.more_headers(found))


async def head(request: Request, caller: Caller, services: Services) -> Response:
    """HEAD /api/v1/uploads/{upload_id}"""
    fields.require_version(request)
    found = await _standing(request, caller, services)
    return Response(status_code=200, headers=wire.more_headers(found))


async def list_uploads(_request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/uploads"""
    found = await services.read(
        partial(uploads.begun, account_id=caller.account.id, now=services.clock())
    )
    return Json(wire.items(found, origin=_origin(services)))


async def patch(request: Request, caller: Caller, services: Services) -> Response:
    """PATCH /api/v1/uploads/{upload_id}"""
    fields.require_version(request)
    fields.require_bytes(request)
    offset, checksum = fields.offset(request), fields.checksum(request)
    found = await _find(request, caller, services)
    size_bytes = fields.late_length(request)
    if size_bytes is not None:
        receiving.require_size(size_bytes, caller.plan)
        found = await services.write(
            partial(
                uploads.declare,
                upload=found,
                size_bytes=size_bytes,
                limit_bytes=caller.plan.storage_bytes,
                now=services.clock(),
            )
        )
    grown = await receiving.receive(
        request, caller, services, found, offset=offset, checksum=checksum
    )
    return Response(status_code=204, headers=wire.headers(await finishing.finish(services, grown)))


async def delete(request: Request, caller: Caller, services: Services) -> Response:
    """DELETE /api/v1/uploads/{upload_id}"""
    fields.require_version(request)
    found = await _find(request, caller, services)
    await services.writers.end(found.id)
    await _remove(services, found)
    return Response(status_code=204, headers={"Tus-Resumable": wire.VERSION})


async def override(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/uploads/{upload_id}"""
    handler = _OVERRIDES.get(request.headers.get("x-http-method-override", "").upper())
    if handler is None:
        raise HTTPException(405, headers={"Allow": "GET, HEAD, PATCH, DELETE"})
    return await handler(request, caller, services)


_Handler = Callable[[Request, Caller, Services], Awaitable[Response]]
_OVERRIDES: Final[Mapping[str, _Handler]] = {"PATCH": patch, "DELETE": delete, "HEAD": head}


def discovery(services: Services) -> list[Route]:
    """Return the routes that say, to anybody, what can be done here."""
    headers = {
        "Tus-Resumable": wire.VERSION,
        "Tus-Version": wire.VERSION,
        "Tus-Extension": wire.EXTENSIONS,
        "Tus-Checksum-Algorithm": fields.ALGORITHMS,
        "Tus-Max-Size": str(max(map(receiving.most_bytes, services.plans.plans.values()))),
    }

    async def options(_request: Request) -> Response:
        return Response(status_code=204, headers=headers)

    paths = (UPLOADS_PATH, f"{UPLOADS_PATH}/{{upload_id}}")
    return [Route(path, options, methods=["OPTIONS"]) for path in paths]


async def _standing(request: Request, caller: Caller, services: Services) -> Upload:
    """Find an upload as it stands, with all that has come until now."""
    await services.writers.keep((await _find(request, caller, services)).id)
    return await finishing.finish(services, await _find(request, caller, services))


async def _find(request: Request, caller: Caller, services: Services) -> Upload:
    return await services.read(
        partial(
            uploads.get,
            upload_id=request.path_params["upload_id"],
            account_id=caller.account.id,
            now=services.clock(),
        )
    )


async def _remove(services: Services, upload: Upload) -> None:
    gone, keys = await services.write(partial(uploads.remove, upload=upload, now=services.clock()))
    await disposal.forget(services, keys)
    await disposal.dispose(services, gone)


def _origin(services: Services) -> str:
    return services.settings.public_url.rstrip("/")
