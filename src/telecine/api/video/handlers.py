"""The video family's handlers for tasks, their renders and credits: parse, one verb, render."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from telecine.api.access import Caller
from telecine.api.answers import awaiting
from telecine.api.compositions import documents, rendering
from telecine.api.compositions.documents import Checked
from telecine.api.compositions.rendering import Wish
from telecine.api.family import Json
from telecine.api.services import Services
from telecine.api.stored import disposal, links
from telecine.api.video import fields, wire, wording
from telecine.api.video.wire import RenderBody
from telecine.core import compositions, credits
from telecine.core.compositions import (
    Composition,
    CompositionKind,
    NewComposition,
    Rendering,
    Task,
)
from telecine.core.jobs import Ending, Job, Order
from telecine.db import Transaction

FAMILY = "video"
_RENDER_PREFIX = "rt_"


async def create(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/video"""
    origin = links.origin_of(request, services)
    new = await fields.new_task(request, services)
    checked = await documents.check(services, caller.account.id, new.config, origin=origin)
    if fields.is_dry_run(request):
        return await _estimate(services, caller, checked)
    made = await store(
        services,
        caller,
        storable(checked, title=new.title, category=new.category, notes=new.notes),
        kind=CompositionKind.TASK,
    )
    quality = rendering.quality_of(services, width=made.width, height=made.height)
    return Json(wording.created(made, checked.warnings, quality=quality, origin=origin))


async def list_tasks(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/video"""
    paging = fields.paging(request)
    found = await services.read(
        partial(
            compositions.list_page,
            account_id=caller.account.id,
            state=fields.state(request),
            category=fields.category(request),
            page=paging.page,
            limit=paging.limit,
        )
    )
    origin, now = links.origin_of(request, services), services.clock()
    items = tuple(
        wording.task_item(
            each, quality=_quality(services, each.composition), origin=origin, now=now
        )
        for each in found.tasks
    )
    pagination = wire.Pagination(page=paging.page, limit=paging.limit, total=found.total)
    return Json(wire.TaskList(tasks=items, pagination=pagination))


async def get(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/video/{taskId}"""
    found = await _task(request, caller, services)
    if found.job is not None and await awaiting.may_have_ended(
        request, caller, services, found.job
    ):
        found = await _task(request, caller, services)
    return Json(
        wording.task_reply(
            found,
            quality=_quality(services, found.composition),
            origin=links.origin_of(request, services),
            now=services.clock(),
        )
    )


async def delete(request: Request, caller: Caller, services: Services) -> Response:
    """DELETE /api/v1/video/{taskId}"""
    found = (await _task(request, caller, services)).composition
    ending = Ending(now=services.clock())
    gone = await services.write(partial(compositions.delete, composition=found, ending=ending))
    is_done = await disposal.dispose(services, gone)
    return Json(
        wire.TaskDeleted(task_id=found.id, video_task_id=found.serial, remote_deleted=is_done)
    )


async def render(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/video/{taskId}/render"""
    found = (await _task(request, caller, services)).composition
    body = await fields.render_body(request, services)
    if fields.is_dry_run(request):
        checked = await _recheck(request, caller, services, found)
        return await _estimate(services, caller, checked, n_workers=body.num_workers)
    begun = await begin_render(request, caller, services, found, body)
    return await taken(request, caller, services, begun)


async def balance(_request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/credits"""
    return Json(wire.CreditsReply(credits=await _available(services, caller)))


async def begin_render(
    request: Request,
    caller: Caller,
    services: Services,
    composition: Composition,
    body: RenderBody,
) -> Rendering:
    """Start a render of a task, unless it has a good one."""
    checked = await _recheck(request, caller, services, composition)
    origin = links.origin_of(request, services)

    def verb(tx: Transaction, order: Order) -> Rendering:
        return compositions.begin_render(
            tx,
            composition,
            order,
            queue=services.queue,
            now=services.clock(),
            again=body.force,
        )

    return await rendering.begin(
        services,
        caller,
        checked,
        Wish(
            family=FAMILY,
            id_prefix=_RENDER_PREFIX,
            subject_id=composition.id,
            filename=composition.id,
            n_workers=body.num_workers,
            webhook_url=body.webhook_url or None,
        ),
        verb=verb,
        is_taken=lambda made: made.is_new,
        origin=origin,
        request_id=request.state.request_id,
    )


async def taken(
    request: Request,
    caller: Caller,
    services: Services,
    begun: Rendering,
    *,
    temp_id: str | None = None,
) -> Response:
    """Answer for a render that was begun, and has perhaps ended while the client waited.

    `temp_id` names the preview that the task was made of.
    """
    job = begun.task.job
    if job is not None and await awaiting.may_have_ended(request, caller, services, job):
        begun = replace(begun, task=await _of_render(services, caller, job))
    return Json(
        wording.render_reply(
            begun.task,
            is_new=begun.is_new,
            quality=_quality(services, begun.task.composition),
            origin=links.origin_of(request, services),
            available=await _available(services, caller),
            temp_id=temp_id,
        )
    )


async def tell(request: Request, caller: Caller, services: Services, job: Job) -> Response:
    """Answer for a render once more, as the request was answered that began it."""
    task = await _of_render(services, caller, job)
    begun = Rendering(task=task, is_new=True)
    return await taken(request, caller, services, begun, temp_id=request.path_params.get("tempId"))


def storable(
    checked: Checked,
    *,
    title: str | None = None,
    category: str | None = None,
    notes: str | None = None,
) -> NewComposition:
    """Return what is stored of a checked document. Raises `InvalidDocumentError` of an empty one."""
    rendering.require_frames(checked.timeline)
    return NewComposition(
        document=checked.text,
        digest=checked.digest,
        width=checked.timeline.width,
        height=checked.timeline.height,
        frame_rate=checked.timeline.frame_rate,
        duration_frames=checked.timeline.duration_frames,
        title=title,
        category=category,
        notes=notes,
    )


async def store(
    services: Services, caller: Caller, new: NewComposition, *, kind: CompositionKind
) -> Composition:
    """Store a composition for the caller."""
    return await services.write(
        partial(
            compositions.create,
            new=new,
            account_id=caller.account.id,
            kind=kind,
            now=services.clock(),
        )
    )


async def _task(request: Request, caller: Caller, services: Services) -> Task:
    return await services.read(
        partial(
            compositions.task,
            task_id=request.path_params["taskId"],
            account_id=caller.account.id,
            now=services.clock(),
        )
    )


async def _of_render(services: Services, caller: Caller, job: Job) -> Task:
    """Return a task with one of its renders, perhaps not the latest."""
    return await services.read(
        partial(
            compositions.of_render,
            job_id=job.id,
            account_id=caller.account.id,
            now=services.clock(),
        )
    )


async def _recheck(
    request: Request, caller: Caller, services: Services, composition: Composition
) -> Checked:
    """Check a stored document anew: what it names may have been deleted since."""
    origin = links.origin_of(request, services)
    return await documents.check(
        services, caller.account.id, composition.document.encode("utf-8"), origin=origin
    )


async def _estimate(
    services: Services, caller: Caller, checked: Checked, *, n_workers: int = 1
) -> Response:
    line = checked.timeline
    return Json(
        wording.estimate(
            await rendering.quote(services, caller, checked, n_workers=n_workers),
            checked.warnings,
            width=line.width,
            height=line.height,
            available=await _available(services, caller),
        )
    )


async def _available(services: Services, caller: Caller) -> int:
    found = await services.read(partial(credits.balance, account_id=caller.account.id))
    return found.available


def _quality(services: Services, composition: Composition) -> str:
    return rendering.quality_of(services, width=composition.width, height=composition.height)
