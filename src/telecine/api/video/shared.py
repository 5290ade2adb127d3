"""What is opened without a key: stored files by their link, the document of a shared task, and
the films of tasks and previews.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from telecine.api.compositions import previewing
from telecine.api.services import Services
from telecine.api.stored import downloads, links
from telecine.api.video import viewing
from telecine.core import files
from telecine.core.compositions import CompositionKind
from telecine.kit.errors import NotFoundError


async def storage(request: Request, services: Services) -> Response:
    """GET /storage/{fileId}/{name}"""
    file = await services.read(partial(files.get, file_id=request.path_params["fileId"]))
    if file.is_gone(services.clock()):
        raise NotFoundError("There is no such file.")
    return await downloads.send_file(request, file, store=services.blobs)


async def document(request: Request, services: Services) -> Response:
    """GET /v/{taskId}.json"""
    found = await viewing.shown(services, request.path_params["taskId"], kind=CompositionKind.TASK)
    return Response(found.composition.document, media_type="application/json")


async def task_film(request: Request, services: Services) -> Response:
    """GET /v/{taskId}/{name}"""
    return await _film(request, services, request.path_params["taskId"], CompositionKind.TASK)


async def preview_film(request: Request, services: Services) -> Response:
    """GET /t/{tempId}/{name}"""
    return await _film(request, services, request.path_params["tempId"], CompositionKind.PREVIEW)


async def _film(
    request: Request, services: Services, composition_id: str, kind: CompositionKind
) -> Response:
    found = (await viewing.shown(services, composition_id, kind=kind)).composition
    origin = links.origin_of(request, services)
    return await previewing.serve(
        request,
        services,
        account_id=found.account_id,
        digest=found.digest,
        check=partial(viewing.check, services, found, origin=origin),
    )
