"""The pages that `previewUrl` and `viewerUrl` name, for tasks and for previews."""

from __future__ import annotations

import shlex

from starlette.requests import Request
from starlette.responses import Response

from telecine.api.answers import pages
from telecine.api.family import Json
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.api.video import viewing
from telecine.api.video.viewing import Viewed
from telecine.core.compositions import CompositionKind

_UNTITLED = "Untitled video"
_KEY = f"-H 'Authorization: Bearer {pages.KEY}'"


async def task_player(request: Request, services: Services) -> Response:
    """GET /v/{taskId}"""
    return await _clean(request, services, kind=CompositionKind.TASK)


async def preview_player(request: Request, services: Services) -> Response:
    """GET /t/{tempId}"""
    return await _clean(request, services, kind=CompositionKind.PREVIEW)


async def task_viewer(request: Request, services: Services) -> Response:
    """GET /watch/{taskId}"""
    origin = links.origin_of(request, services)
    viewed = await viewing.describe(
        services, request.path_params["taskId"], kind=CompositionKind.TASK, origin=origin
    )
    beside = pages.Viewing(
        requests=_task_requests(viewed, origin=origin),
        work=_work(viewed),
        work_path=f"v/{viewed.id}/status.json",
    )
    return pages.viewer(
        _film(viewed, "v"), beside, origin=origin, path=request.url.path.lstrip("/")
    )


async def preview_viewer(request: Request, services: Services) -> Response:
    """GET /preview/{tempId}"""
    origin = links.origin_of(request, services)
    viewed = await viewing.describe(
        services, request.path_params["tempId"], kind=CompositionKind.PREVIEW, origin=origin
    )
    assert viewed.expires_at is not None
    beside = pages.Viewing(
        requests=_preview_requests(viewed, origin=origin),
        note=f"A preview: this link works until {viewed.expires_at:%-d %B %Y, %H:%M} UTC.",
    )
    return pages.viewer(
        _film(viewed, "t"), beside, origin=origin, path=request.url.path.lstrip("/")
    )


async def task_status(request: Request, services: Services) -> Response:
    """GET /v/{taskId}/status.json"""
    found = await viewing.shown(services, request.path_params["taskId"], kind=CompositionKind.TASK)
    origin = links.origin_of(request, services)
    return Json(
        _work(viewing.view(found, now=services.clock(), origin=origin)),
        headers={"Cache-Control": "no-store"},
    )


async def _clean(request: Request, services: Services, *, kind: CompositionKind) -> Response:
    origin = links.origin_of(request, services)
    (composition_id,) = request.path_params.values()
    viewed = await viewing.describe(services, composition_id, kind=kind, origin=origin)
    film = _film(viewed, "v" if kind is CompositionKind.TASK else "t")
    return pages.clean(film, origin=origin, path=request.url.path.lstrip("/"))


def _film(viewed: Viewed, folder: str) -> pages.Film:
    return pages.Film(
        title=viewed.title or _UNTITLED,
        width=viewed.width,
        height=viewed.height,
        duration_seconds=viewed.duration_seconds,
        frame_rate=viewed.frame_rate,
        media=f"{folder}/{viewed.id}",
        has_captions=viewed.has_captions,
        faults=viewed.faults,
    )


def _work(viewed: Viewed) -> pages.Work:
    return pages.Work(
        status=viewed.status,
        progress=int(viewed.progress * 100),
        error=viewed.failure,
        download_url=viewed.download_url,
        size=None if viewed.size_bytes is None else pages.megabytes(viewed.size_bytes),
    )


def _task_requests(viewed: Viewed, *, origin: str) -> tuple[pages.Request, ...]:
    task = f"{origin}/api/v1/video/{viewed.id}"
    return (
        pages.Request(title="Render it", command=_curl(f"-X POST {shlex.quote(task + '/render')}")),
        pages.Request(title="Ask how far it is", command=_curl(shlex.quote(task))),
        _download(viewed.download_url, name=viewed.id),
    )


def _preview_requests(viewed: Viewed, *, origin: str) -> tuple[pages.Request, ...]:
    render = shlex.quote(f"{origin}/api/v1/preview/{viewed.id}/render")
    task = shlex.quote(f"{origin}/api/v1/video/TASK_ID")
    return (
        pages.Request(title="Make a task of it and render it", command=_curl(f"-X POST {render}")),
        pages.Request(
            title="Ask how far it is: TASK_ID is taskId of the answer", command=_curl(task)
        ),
        _download(None, name=viewed.id),
    )


def _curl(words: str) -> str:
    return f"curl {words} \\\n  {_KEY}"


def _download(url: str | None, *, name: str) -> pages.Request:
    return pages.Request(
        title="Download the file" if url else "Download the file: videoUrl of the answer",
        command=f"curl -o {shlex.quote(name + '.mp4')} {shlex.quote(url) if url else pages.DOWNLOAD_URL}",
    )
