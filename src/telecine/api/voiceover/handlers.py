"""The voiceover family's handlers: parse, one verb of the core, render."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from telecine.api.access import Caller
from telecine.api.answers import awaiting
from telecine.api.bodies import jsonbody
from telecine.api.compositions import rendering
from telecine.api.family import Json
from telecine.api.fields import formfields
from telecine.api.fields.remarks import Remark
from telecine.api.orders import forms, intake
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.api.voiceover import fields, wire, wording
from telecine.api.voiceover.wording import FAMILY
from telecine.core import accounts, jobs
from telecine.core.jobs import Ending, Job, JobDetails, JobPage
from telecine.db import Transaction

_ID_PREFIX: Final = "c"
_ID_LENGTH: Final = 24
_MOST_BODY_BYTES: Final = 4096


async def create(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/jobs"""
    # Before 100 MB are read; the transaction asks again.
    await services.read(partial(jobs.require_none, account_id=caller.account.id, family=FAMILY))
    async with await forms.receive(
        request,
        caller,
        services,
        max_file_bytes=caller.plan.max_voiceover_bytes,
        file_field="image",
        more_fields=("audio",),
    ) as form:
        wished = fields.wish(form.fields, services.settings)
        webhook_url = fields.webhook_url(form.fields, services.outbound)
        warnings = (
            *formfields.unread(form.fields, wire.VoiceoverForm),
            *await intake.remarks_on_receiver(services, caller, webhook_url, field="webhookUrl"),
        )
        files = form.require_file("image"), form.require_file("audio")
        params, media_types = await run_in_threadpool(
            fields.measured,
            wished,
            image=files[0].path,
            audio=files[1].path,
            pool=services.pool,
            settings=services.settings,
            prices=services.plans.prices,
            talking=services.senses.found_talking(),
            n_workers=rendering.most_workers(services),
        )
        taken = intake.order(
            services,
            caller,
            params,
            family=FAMILY,
            operation="voiceover",
            id_prefix=_ID_PREFIX,
            id_length=_ID_LENGTH,
            input_bytes=sum(file.size_bytes for file in files),
            webhook_url=webhook_url,
            request_id=request.state.request_id,
            origin=links.origin_of(request, services),
        )
        received = tuple(zip(files, media_types, strict=True))
        job = await intake.submit_files(services, taken, received, verb=jobs.submit_alone)
    return await tell(request, caller, services, job, warnings=warnings)


async def tell(
    request: Request,
    caller: Caller,
    services: Services,
    job: Job,
    *,
    warnings: tuple[Remark, ...] = (),
) -> Response:
    """Answer for a job, now and once more; with how it ended where the client waited for that."""
    ended = await awaiting.ended(request, caller, services, job)
    if ended is None:
        return Json(wording.created(job, warnings=warnings), status_code=201)
    origin = links.origin_of(request, services)
    return Json(wording.status(ended, origin=origin, now=services.clock()), status_code=201)


async def list_jobs(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/jobs"""
    paging = fields.paging(request)

    def find(tx: Transaction) -> tuple[JobPage, tuple[JobDetails, ...]]:
        page = jobs.page(
            tx,
            caller.account.id,
            families=(FAMILY,),
            statuses=paging.statuses,
            cursor=paging.cursor,
            most=paging.limit,
        )
        return page, tuple(jobs.details(tx, job) for job in page.jobs)

    page, details = await services.read(find)
    return Json(
        wording.listed(
            page,
            details,
            limit=paging.limit,
            origin=links.origin_of(request, services),
            now=services.clock(),
        )
    )


async def status(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/status/{jobId} and GET /api/jobs/{jobId}"""
    job_id = request.path_params["jobId"]
    details = await awaiting.details(request, caller, services, job_id, family=FAMILY)
    origin = links.origin_of(request, services)
    return Json(wording.status(details, origin=origin, now=services.clock()))


async def cancel(request: Request, caller: Caller, services: Services) -> Response:
    """DELETE /api/jobs/{jobId}, POST /api/jobs/{jobId}/cancel and POST /api/cancel/{jobId}"""

    def verb(tx: Transaction) -> None:
        job_id = request.path_params["jobId"]
        job = jobs.get(tx, job_id, account_id=caller.account.id, family=FAMILY)
        jobs.cancel_waiting(tx, job, ending=Ending(now=services.clock()))

    await services.write(verb)
    return Json(wire.VoiceoverCancelled())


async def webhook_secret(_request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/account/webhook-secret"""
    return Json(wording.secret(caller.account, now=services.clock()), headers=_UNKEPT)


async def rotate_webhook_secret(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/account/webhook-secret"""
    raw = await jsonbody.read(request, max_bytes=_MOST_BODY_BYTES)
    body = jsonbody.decode(raw, wire.SecretBody)
    account = await services.write(
        partial(
            accounts.rotate_webhook_secret,
            account_id=caller.account.id,
            now=services.clock(),
            grace=timedelta(seconds=body.grace_seconds),
        )
    )
    return Json(wording.secret(account, now=services.clock()), headers=_UNKEPT)


_UNKEPT: Final = {"Cache-Control": "no-store"}
