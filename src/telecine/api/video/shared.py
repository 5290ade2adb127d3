"""What is opened without a key: stored files by their link, and the document of a shared task."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from telecine.api import downloads
from telecine.api.services import Services
from telecine.core import compositions, files
from telecine.core.compositions import CompositionKind
from telecine.kit.errors import NotFoundError


async def storage(request: Request, services: Services) -> Response:
    """GET /storage/{fileId}/{name}"""
    file = await services.read(partial(files.get, file_id=request.path_params["fileId"]))
    if file.is_gone(services.clock()):
        raise NotFoundError("There is no such file.")
    return await downloads.send_blob(
        request,
        store=services.blobs,
        key=file.blob_key,
        filename=file.filename,
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        etag=file.id,
    )


async def document(request: Request, services: Services) -> Response:
    """GET /v/{taskId}.json"""
    found = await services.read(
        partial(
            compositions.of_link,
            composition_id=request.path_params["taskId"],
            kind=CompositionKind.TASK,
            now=services.clock(),
        )
    )
    return Response(found.composition.document, media_type="application/json")
