"""The clips family's handlers: parse, one verb of the core, render."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from telecine.api.access import Caller
from telecine.api.answers import awaiting, following
from telecine.api.bodies.formdata import ReceivedFile
from telecine.api.bodies.spooling import delete
from telecine.api.clips import fields, naming, opening, sources, submitting, wire, wording
from telecine.api.clips.wire import ProcessBody
from telecine.api.family import Json
from telecine.api.fields.remarks import Remark
from telecine.api.orders import estimating, forms, intake
from telecine.api.services import Services
from telecine.api.stored import disposal, links
from telecine.core import accounts, assets, jobs
from telecine.core.files import File
from telecine.core.jobs import Ending, Job, JobDetails, JobStatus
from telecine.db import Transaction
from telecine.kit.errors import ConflictError, ExpiredError, NotFoundError
from telecine.operations.clipping.params import require_within

_NO_CLIP: Final = "There is no such clip."
#: What is still true of a job whose clips are deleted.
_LASTING_FACTS: Final = ("source", "minutes")


async def process(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/process"""
    if not fields.is_form(request):
        wanted, warnings = await fields.body(request)
        return await _begin(request, caller, services, wanted, warnings)
    async with await forms.receive(
        request,
        caller,
        services,
        max_file_bytes=caller.plan.max_file_bytes,
        least_price=partial(submitting.least_price, services),
    ) as form:
        wanted, warnings = fields.form(form.fields)
        return await _begin(request, caller, services, wanted, warnings, upload=form.file)


async def tell(
    request: Request,
    caller: Caller,
    services: Services,
    job: Job,
    *,
    warnings: tuple[Remark, ...] = (),
) -> Response:
    """Answer for a job, now and once more: 202, or how it ended where the client waited for that."""
    origin = links.origin_of(request, services)
    ended = await awaiting.ended(request, caller, services, job)
    if ended is not None:
        return Json(wording.job_reply(ended, origin=origin, now=services.clock()))
    seconds = await estimating.clips_seconds(services, job)
    told = wording.accepted(job, warnings, estimated_seconds=seconds, origin=origin)
    return Json(told, status_code=202)


async def get_job(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/jobs/{job_id}"""
    job_id = request.path_params["job_id"]
    details = await awaiting.details(request, caller, services, job_id)
    return Json(_reply(request, services, details))


async def follow_job(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/jobs/{job_id}/events"""

    async def word(job: Job) -> bytes:
        details = JobDetails(job=job, inputs=(), outputs=())
        if job.status.is_final:
            details = await services.read(partial(jobs.details, job=job))
        return msgspec.json.encode(_reply(request, services, details))

    job = await _job(request, caller, services)
    return await following.stream(request, caller, services, job, word=word)


async def delete_job(request: Request, caller: Caller, services: Services) -> Response:
    """DELETE /api/v1/jobs/{job_id}"""
    ending = Ending(now=services.clock())
    account_id = caller.account.id
    found = await _job(request, caller, services)
    if found.family != submitting.FAMILY:
        return await cancel_job(request, caller, services)

    def verb(tx: Transaction) -> list[File]:
        accounts.lock(tx, account_id)  # no film is taken into the library meanwhile
        if jobs.cancel(tx, jobs.get(tx, found.id), ending=ending):
            return []
        details = jobs.details(tx, jobs.get(tx, found.id))
        if details.job.status is not JobStatus.SUCCEEDED:
            raise ConflictError(
                "The job has ended already, and has no files: there is nothing to stop or delete."
            )
        made = [file.id for file in details.outputs]
        adopted = assets.find(tx, made, account_id=account_id).values()
        return jobs.strip(
            tx,
            details.job,
            facts={name: details.job.facts[name] for name in _LASTING_FACTS},
            kept={asset.file.id for asset in adopted},
            now=ending.now,
        )

    await disposal.dispose(services, await services.write(verb))
    return await get_job(request, caller, services)


async def cancel_job(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/jobs/{job_id}/cancel"""
    ending = Ending(now=services.clock())

    def verb(tx: Transaction) -> JobDetails:
        accounts.lock(tx, caller.account.id)
        job_id = request.path_params["job_id"]
        jobs.cancel(tx, jobs.get(tx, job_id, account_id=caller.account.id), ending=ending)
        job = jobs.get(tx, job_id)
        if job.status is not JobStatus.CANCELLED:
            raise ConflictError("The job has ended already: there is nothing to stop.")
        return jobs.details(tx, job)

    return Json(_reply(request, services, await services.write(verb)))


async def list_jobs(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/jobs"""
    paging = fields.paging(request)
    page = await services.read(
        partial(
            jobs.page,
            account_id=caller.account.id,
            families=None if paging.is_all else (submitting.FAMILY,),
            cursor=paging.cursor,
            most=paging.limit,
        )
    )
    return Json(wording.job_list(page))


async def get_clip(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/clips/{clip_id}"""
    details, facts = await _clip(request, caller, services)
    origin, now = links.origin_of(request, services), services.clock()
    told = wording.clip_reply(details, facts, origin=origin, now=now)
    if told.download_url is None:
        raise ExpiredError("The clip's time is over, and it is deleted. Process the video again.")
    return Json(told)


async def open_project(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/clips/{clip_id}/project"""
    details, facts = await _clip(request, caller, services)
    opened = await opening.open_clip(services, caller, details, facts)
    origin = links.origin_of(request, services)
    clip_id = request.path_params["clip_id"]
    return Json(wording.opened(opened, clip_id=clip_id, origin=origin), status_code=201)


async def list_styles(request: Request, _caller: Caller, services: Services) -> Response:
    """GET /api/v1/caption-styles"""
    return Json(wording.style_list(origin=links.origin_of(request, services)))


async def _begin(
    request: Request,
    caller: Caller,
    services: Services,
    sent: ProcessBody,
    warnings: tuple[Remark, ...],
    *,
    upload: ReceivedFile | None = None,
) -> Response:
    wanted = fields.require_good(sent, services)
    off = await intake.remarks_on_receiver(services, caller, wanted.webhook_url)
    origin = links.origin_of(request, services)
    source = await sources.find(services, caller, wanted, upload=upload, origin=origin)
    try:
        if source.duration_seconds is not None:
            require_within(
                [(each.start, each.end) for each in wanted.segments],
                duration_seconds=source.duration_seconds,
            )
        job = await submitting.submit(
            services, caller, wanted, source, origin=origin, request_id=request.state.request_id
        )
    finally:
        if source.upload is not None:
            await delete(source.upload.path)
    return await tell(request, caller, services, job, warnings=(*warnings, *off))


async def _clip(
    request: Request, caller: Caller, services: Services
) -> tuple[JobDetails, Mapping[str, Any]]:
    """Return the clip of the path with its job. Raises `NotFoundError`."""
    place = naming.place_of(request.path_params["clip_id"])
    if place is None:
        raise NotFoundError(_NO_CLIP)
    job_id, number = place
    try:
        details = await services.read(
            partial(
                jobs.with_files,
                job_id=job_id,
                account_id=caller.account.id,
                family=submitting.FAMILY,
            )
        )
    except NotFoundError:
        raise NotFoundError(_NO_CLIP) from None
    for facts in details.job.facts.get("clips", ()):
        if facts["number"] == number:
            return details, facts
    raise NotFoundError(_NO_CLIP)


def _reply(request: Request, services: Services, details: JobDetails) -> wire.ClipJob | wire.AnyJob:
    """Word a job: with its clips, or in the words that are the same for every API."""
    origin, now = links.origin_of(request, services), services.clock()
    if details.job.family == submitting.FAMILY:
        return wording.job_reply(details, origin=origin, now=now)
    return wording.any_job(details, origin=origin, now=now)


async def _job(request: Request, caller: Caller, services: Services) -> Job:
    """Return the job of the path, of whatever family. Raises `NotFoundError`."""
    job_id = request.path_params["job_id"]
    return await services.read(partial(jobs.get, job_id=job_id, account_id=caller.account.id))
