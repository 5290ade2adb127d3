"""The video family's handlers for previews: stored like tasks, but for a week, and free."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from telecine.api.access import Caller
from telecine.api.bodies import jsonbody
from telecine.api.compositions import documents
from telecine.api.family import Json
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.api.video import fields, handlers, wire, wording
from telecine.core import compositions
from telecine.core.compositions import Composition, CompositionKind
from telecine.core.jobs import Ending
from telecine.kit.errors import NotFoundError


async def create_preview(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/preview"""
    origin = links.origin_of(request, services)
    raw = await jsonbody.read(request, max_bytes=services.settings.max_composition_bytes)
    checked = await documents.check(services, caller.account.id, raw, origin=origin)
    made = await handlers.store(
        services, caller, handlers.storable(checked), kind=CompositionKind.PREVIEW
    )
    await run_in_threadpool(services.previews.warm)
    return Json(wording.preview_created(made, checked.warnings, origin=origin))


async def get_preview(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/preview/{tempId}"""
    found = await _preview(request, caller, services)
    return Json(wording.preview_reply(found, origin=links.origin_of(request, services)))


async def delete_preview(request: Request, caller: Caller, services: Services) -> Response:
    """DELETE /api/v1/preview/{tempId}"""
    found = await _preview(request, caller, services)
    ending = Ending(now=services.clock())
    await services.write(partial(compositions.delete, composition=found, ending=ending))
    return Json(wire.PreviewDeleted(temp_id=found.id))


async def convert_preview(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/preview/{tempId}/convert"""
    found = await _preview(request, caller, services)
    category, notes = await fields.convert_body(request)
    made = await _convert(services, found, category=category, notes=notes)
    origin = links.origin_of(request, services)
    return Json(wording.converted(made, temp_id=found.id, origin=origin))


async def render_preview(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/preview/{tempId}/render"""
    found = await _preview(request, caller, services)
    body = await fields.render_body(request, services)
    made = await _convert(
        services, found, category=body.category, notes=fields.notes(body.metadata)
    )
    try:
        begun = await handlers.begin_render(request, caller, services, made, body)
    except BaseException:
        # Refused: then there is no task either, as if nothing had been asked.
        ending = Ending(now=services.clock())
        with suppress(NotFoundError):  # the client was faster
            await services.write(partial(compositions.delete, composition=made, ending=ending))
        raise
    return await handlers.taken(request, caller, services, begun, temp_id=found.id)


async def _preview(request: Request, caller: Caller, services: Services) -> Composition:
    return await services.read(
        partial(
            compositions.get,
            composition_id=request.path_params["tempId"],
            account_id=caller.account.id,
            kind=CompositionKind.PREVIEW,
            now=services.clock(),
        )
    )


async def _convert(
    services: Services, preview: Composition, *, category: str | None, notes: str | None
) -> Composition:
    return await services.write(
        partial(
            compositions.convert,
            preview=preview,
            category=category,
            notes=notes,
            now=services.clock(),
        )
    )
