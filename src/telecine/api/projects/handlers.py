"""The projects family's handlers: parse, one verb of the core, render."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from msgspec import UnsetType
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from telecine import templates
from telecine.api.access import Caller
from telecine.api.answers import awaiting
from telecine.api.family import Json
from telecine.api.fields.remarks import Remark
from telecine.api.fields.words import choice
from telecine.api.projects import editing, fields, picturing, wire, wording
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.core import projects
from telecine.core.jobs import Ending
from telecine.core.projects import (
    Change,
    Content,
    Project,
    ProjectStatus,
    Sort,
)
from telecine.db import Transaction


async def create(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/video-project"""
    body, unread = await fields.body(request, caller, services, wire.ProjectBody)
    template_id = fields.template(body.template_id)
    composition = fields.composition(body, template_id=template_id)
    content = Content(
        name=fields.name(body.name),
        template_id=template_id,
        composition=composition,
        settings=fields.json_object(body.settings, "settings", default="{}"),
    )
    return await made(
        *(request, caller, services, content),
        change=Change.CREATE,
        warnings=unread,
    )


async def list_projects(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/video-project"""
    fields.check_owner(request, caller)
    paging = fields.paging(request)
    found = await services.read(
        partial(
            projects.list_page,
            account_id=caller.account.id,
            search=fields.search(request),
            status=choice(request, "status", ProjectStatus),
            sort=choice(request, "sort", Sort) or Sort.LATEST,
            page=paging.page,
            limit=paging.limit,
        )
    )
    origin = links.origin_of(request, services)
    return Json(wording.project_list(found, page=paging.page, limit=paging.limit, origin=origin))


async def get(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/video-project/{id}"""
    fields.check_owner(request, caller)
    project = await editing.found(request, caller, services)
    shown = await editing.shown(services, caller, project)
    job = shown.standing.latest
    if job is not None and await awaiting.may_have_ended(request, caller, services, job):
        project = await editing.found(request, caller, services)
        shown = await editing.shown(services, caller, project)
    chat = await services.read(partial(projects.messages, project=project))
    warnings = await _warnings(shown)
    return Json(
        wording.full_record(shown, chat, warnings, origin=links.origin_of(request, services)),
        headers=wording.etag(project.revision),
    )


async def update(request: Request, caller: Caller, services: Services) -> Response:
    """PUT /api/video-project/{id}"""
    body, unread = await fields.body(request, caller, services, wire.ProjectUpdate)
    edited = await editing.edit(
        request,
        caller,
        services,
        fields.updated(body),
        change=Change.UPDATE,
        status=None if isinstance(body.status, UnsetType) else ProjectStatus(body.status),
    )
    not_taken = () if isinstance(body.composition, UnsetType) else (_NOT_TAKEN,)
    return await _told(request, services, caller, edited, (*unread, *not_taken))


async def patch(request: Request, caller: Caller, services: Services) -> Response:
    """PATCH /api/video-project/{id}/composition"""
    body, unread = await fields.body(request, caller, services, wire.CompositionPatch)
    make = fields.patched(body, max_bytes=services.settings.max_composition_bytes)
    edited = await editing.edit(request, caller, services, make, change=Change(body.operation))
    return await _told(request, services, caller, edited, unread)


async def duplicate(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/video-project/{id}/duplicate"""
    body, unread = await fields.body(request, caller, services, wire.ProjectCopy)
    project = await editing.found(request, caller, services)
    content = await services.read(partial(projects.content, project=project))
    name = fields.name(body.name) if body.name is not None else fields.copied(content.name)
    new = replace(content, name=name)
    return await made(*(request, caller, services, new), change=Change.DUPLICATE, warnings=unread)


async def chat(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/video-project/{id}/chat"""
    body, unread = await fields.body(request, caller, services, wire.ChatBody)
    text = fields.message(body, services)
    project = await editing.found(request, caller, services)
    n_messages = await services.write(
        partial(projects.say, project=project, text=text, limit_bytes=caller.plan.storage_bytes)
    )
    return Json(wording.said(project, text, n_messages=n_messages, warnings=unread))


async def renew_link(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/video-project/{id}/link"""
    _, unread = await fields.body(request, caller, services, wire.Owned)
    project = await editing.found(request, caller, services)
    renewed = await services.write(partial(projects.renew_link, project=project))
    return await _told(request, services, caller, renewed, unread)


async def delete(request: Request, caller: Caller, services: Services) -> Response:
    """DELETE /api/video-project/{id}"""
    await fields.body(request, caller, services, wire.Owned)
    project = await editing.found(request, caller, services)
    editing.require_match(request, project)
    ending = Ending(now=services.clock())
    await services.write(partial(projects.delete, project=project, ending=ending))
    return Json(wire.DeletedReply(data=wire.Deleted(id=project.id)))


async def list_revisions(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/video-project/{id}/revisions"""
    fields.check_owner(request, caller)
    paging = fields.paging(request)
    project = await editing.found(request, caller, services)
    history = await services.read(
        partial(projects.history, project=project, page=paging.page, limit=paging.limit)
    )
    return Json(
        wording.revision_list(
            history, latest=project.revision, page=paging.page, limit=paging.limit
        )
    )


async def get_revision(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/video-project/{id}/revisions/{revision}"""
    fields.check_owner(request, caller)
    project = await editing.found(request, caller, services)
    number = fields.revision(request)
    content = await services.read(partial(projects.content, project=project, revision=number))
    origin = links.origin_of(request, services)
    return Json(
        wording.revision(project, content, number=number, origin=origin),
        headers=wording.etag(number),
    )


async def restore(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/video-project/{id}/revisions/{revision}/restore"""
    _, unread = await fields.body(request, caller, services, wire.Owned)
    project = await editing.found(request, caller, services)
    number = fields.revision(request)
    old = await services.read(partial(projects.content, project=project, revision=number))
    edited = await editing.edit(request, caller, services, lambda _: old, change=Change.RESTORE)
    return await _told(request, services, caller, edited, unread)


async def list_templates(_request: Request, _caller: Caller, _services: Services) -> Response:
    """GET /api/video-template"""
    return Json(wording.template_list(templates.known().values()))


async def made(
    request: Request,
    caller: Caller,
    services: Services,
    content: Content,
    *,
    change: Change,
    warnings: tuple[Remark, ...] = (),
) -> Response:
    """Store a new project and reply with it."""

    if change.recomposes:
        content = await picturing.pictured(request, caller, services, content)
    draft = await run_in_threadpool(projects.drafted, content)

    def verb(tx: Transaction) -> Project:
        return projects.create(
            tx,
            draft,
            account_id=caller.account.id,
            change=change,
            now=services.clock(),
            limit_bytes=caller.plan.storage_bytes,
        )

    project = await services.write(verb)
    return await _told(request, services, caller, project, warnings, status_code=201)


async def _told(
    request: Request,
    services: Services,
    caller: Caller,
    project: Project,
    warnings: tuple[Remark, ...] = (),
    *,
    status_code: int = 200,
) -> Response:
    shown = await editing.shown(services, caller, project)
    warnings = (*warnings, *await _warnings(shown))
    return Json(
        wording.record(shown, warnings, origin=links.origin_of(request, services)),
        status_code=status_code,
        headers=wording.etag(project.revision),
    )


async def _warnings(shown: wording.Shown) -> tuple[Remark, ...]:
    """Return what is wrong with a project as it stands, however it is asked for."""
    linted = await editing.lint(shown.content.composition, digest=shown.project.digest)
    return (*_of_template(shown.project.template_id), *linted)


def _of_template(template_id: str) -> tuple[Remark, ...]:
    if templates.get(template_id) is not None:
        return ()
    return (
        Remark(
            path="templateId",
            code="UNKNOWN_TEMPLATE",
            message=f"There is no such template; {templates.DEFAULT_ID} is used.",
            got=template_id,
            allowed=", ".join(templates.known()),
        ),
    )


_NOT_TAKEN = Remark(
    path="composition",
    code="NOT_TAKEN",
    message="The composition is not changed here. PATCH …/composition changes it.",
    got="a composition",
    allowed="name, status, thumbnail_url, settings, templateId, thumbnailLocked",
)
