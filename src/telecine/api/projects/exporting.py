"""The projects family's handlers for renders. A render is of the revision that was the newest."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from telecine.api.access import Caller
from telecine.api.answers import awaiting
from telecine.api.compositions import documents, rendering
from telecine.api.compositions.rendering import Cut, Wish
from telecine.api.family import Json
from telecine.api.fields.remarks import Remark
from telecine.api.orders import intake
from telecine.api.projects import editing, fields, wire, wording
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.core import projects
from telecine.core.jobs import Ending, Job, JobDetails, Order
from telecine.core.projects import Project
from telecine.db import Transaction
from telecine.kit.errors import InvalidRequestError
from telecine.media.timeline.heard import heard_clips
from telecine.media.timeline.model import Timeline

FAMILY: Final = "projects"
_RENDER_PREFIX: Final = "rt_"
#: Rates that are meant where a decimal is this close to them.
_BROADCAST: Final = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120))
_CLOSE: Final = Fraction(1, 100)


async def render(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/video-project/{id}/render"""
    body, unread = await fields.body(request, caller, services, wire.ExportBody)
    if body.webhook_url:
        services.outbound.check_url(body.webhook_url, field="webhook_url")
    off = await intake.remarks_on_receiver(services, caller, body.webhook_url)
    project = await editing.found(request, caller, services)
    editing.require_match(request, project)
    content = await services.read(partial(projects.content, project=project))
    origin = links.origin_of(request, services)
    checked = await documents.check(
        *(services, caller.account.id, content.composition.encode("utf-8")),
        origin=origin,
        usual="remotion",
    )

    def verb(tx: Transaction, order: Order) -> Job:
        return projects.begin_render(
            tx,
            project,
            order,
            queue=services.queue,
            most_active=caller.plan.active_renders,
            now=services.clock(),
        )

    job = await rendering.begin(
        services,
        caller,
        checked,
        Wish(
            family=FAMILY,
            id_prefix=_RENDER_PREFIX,
            subject_id=projects.subject_of(project.id),
            revision=project.revision,
            filename=f"project-{project.id}",
            n_workers=body.num_workers,
            webhook_url=body.webhook_url or None,
            cut=_cut(body, checked.timeline),
        ),
        verb=verb,
        origin=origin,
        request_id=request.state.request_id,
    )
    return await _taken(request, caller, services, job, warnings=(*unread, *off))


async def tell(request: Request, caller: Caller, services: Services, job: Job) -> Response:
    """Answer for a render once more, as the request was answered that began it."""
    return await _taken(request, caller, services, job)


async def list_exports(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/video-project/{id}/exports"""
    fields.check_owner(request, caller)
    project = await editing.found(request, caller, services)
    found = await _exports(services, project)
    newest = found[0].job if found else None
    if newest and await awaiting.may_have_ended(request, caller, services, newest):
        found = await _exports(services, project)
    return Json(wording.export_list(found, origin=links.origin_of(request, services)))


async def _exports(services: Services, project: Project) -> list[projects.Export]:
    return await services.read(partial(projects.exports, project=project, now=services.clock()))


async def cancel(request: Request, caller: Caller, services: Services) -> Response:
    """DELETE /api/video-project/{id}/exports/{render_id}"""
    await fields.body(request, caller, services, wire.Owned)
    project = await editing.found(request, caller, services)
    render_id = request.path_params["render_id"]
    ending = Ending(now=services.clock())

    def verb(tx: Transaction) -> list[projects.Export]:
        projects.cancel_export(tx, project, render_id, ending=ending)
        return projects.exports(tx, project, now=ending.now)

    found = await services.write(verb)
    return Json(wording.export_list(found, origin=links.origin_of(request, services)))


async def _taken(
    request: Request,
    caller: Caller,
    services: Services,
    job: Job,
    *,
    warnings: tuple[Remark, ...] = (),
) -> Response:
    """Answer for a render that was begun, and has perhaps ended while the client waited."""
    ended = await awaiting.ended(request, caller, services, job)
    details = ended or JobDetails(job=job, inputs=(), outputs=())
    origin = links.origin_of(request, services)
    return Json(wording.begun(details, warnings=warnings, origin=origin))


def _cut(body: wire.ExportBody, line: Timeline) -> Cut:
    if body.format == "mp3" and next(heard_clips(line), None) is None:
        raise InvalidRequestError(
            "'format': an mp3 is sound alone, and no item of the project is heard. Add a sound, or "
            "export it as a film.",
            field="format",
        )
    return Cut(
        format=body.format,
        size=_size(body, line),
        frame_rate=_rate(body),
        frames=_frames(body, line),
    )


def _size(body: wire.ExportBody, line: Timeline) -> tuple[int, int] | None:
    """Return the size of the film, even and of the composition's shape; one side is enough."""
    if body.width is None and body.height is None:
        return None
    shape = Fraction(line.width, line.height)
    width = body.width if body.width is not None else _even((body.height or 0) * shape)
    height = body.height if body.height is not None else _even(width / shape)
    if abs(width - height * shape) > 2 * max(Fraction(1), shape):
        raise InvalidRequestError(
            f"'width' and 'height' must have the shape of the composition, {line.width} to "
            f"{line.height}; give one of them alone.",
            field="width",
        )
    return max(2, width - width % 2), max(2, height - height % 2)


def _rate(body: wire.ExportBody) -> Fraction | None:
    if body.fps is None:
        return None
    exact = Fraction(repr(body.fps))
    return next((rate for rate in _BROADCAST if abs(rate - exact) < _CLOSE), exact)


def _frames(body: wire.ExportBody, line: Timeline) -> range | None:
    if body.range is None:
        return None
    start, length = body.range.from_, body.range.duration_in_frames
    end = line.duration_frames
    if isinstance(length, int):
        end = min(end, start + length)
    if start >= end:
        raise InvalidRequestError(
            f"'range' lies behind the last of the {line.duration_frames} frames.", field="range"
        )
    return range(start, end)


def _even(value: Fraction) -> int:
    return max(2, 2 * round(value / 2))
