"""The compress family's handlers: parse, one verb of the core, render."""

from __future__ import annotations

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from telecine import shelves
from telecine.api.access import Caller
from telecine.api.answers import awaiting
from telecine.api.bodies.formdata import ReceivedFile
from telecine.api.compress import converting, fields, wire
from telecine.api.family import Json
from telecine.api.fields import formfields
from telecine.api.fields.remarks import Remark
from telecine.api.orders import forms, intake
from telecine.api.orders import usage as metering
from telecine.api.services import Services
from telecine.api.stored import downloads
from telecine.core import jobs
from telecine.core.jobs import Job, JobStatus
from telecine.kit.errors import (
    ConflictError,
    ExpiredError,
    InvalidRequestError,
    MediaError,
    NotReadyError,
)
from telecine.operations.compress import CompressParams, inspect

_FAMILY = "compress"
_ID_PREFIX = "j_"


async def compress(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/compress"""
    async with await forms.receive(
        request,
        caller,
        services,
        max_file_bytes=caller.plan.max_file_bytes,
        least_price=partial(intake.price_of, services, "compress", CompressParams()),
    ) as form:
        params = fields.compress_params(
            form.fields,
            limits=shelves.media_limits(services.settings),
            threads=services.settings.encoder_threads,
        )
        webhook_url = fields.webhook_url(form.fields, services.outbound)
        warnings = (
            *formfields.unread(form.fields, wire.CompressForm),
            *await intake.remarks_on_receiver(services, caller, webhook_url),
        )
        file = form.require_file()
        await _require_video(services, file, params)
        taken = intake.order(
            services,
            caller,
            params,
            family=_FAMILY,
            operation="compress",
            id_prefix=_ID_PREFIX,
            input_bytes=file.size_bytes,
            webhook_url=webhook_url,
            request_id=request.state.request_id,
        )
        job = await intake.submit(services, taken, file, media_type="video/*")
    return await _taken(request, caller, services, job, warnings=warnings)


async def tell(request: Request, caller: Caller, services: Services, job: Job) -> Response:
    """Answer for a job once more, as the request was answered that made it."""
    if job.operation == "convert" and not formfields.flag(request.query_params, "async"):
        return await converting.image(services, job)
    return await _taken(request, caller, services, job)


async def status(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/status/{job_id}"""
    job_id = request.path_params["job_id"]
    details = await awaiting.details(request, caller, services, job_id, family=_FAMILY)
    return Json(wire.status_reply(details))


async def download(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/download/{job_id}"""
    details = await services.read(
        partial(
            jobs.with_files,
            job_id=request.path_params["job_id"],
            account_id=caller.account.id,
            family=_FAMILY,
        )
    )
    if not details.job.status.is_final:
        raise NotReadyError("Job not completed")
    if details.job.status is not JobStatus.SUCCEEDED:
        # Nothing to wait for: no Retry-After, which clients would obey for ever.
        raise ConflictError("Job not completed: it failed, and its status says why.")
    output = details.outputs[0]
    if output.is_gone(services.clock()):
        raise ExpiredError("The download link has expired, and the file is deleted.")
    return await downloads.send_file(request, output, store=services.blobs)


async def usage(_request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/usage"""
    found = await services.read(partial(metering.look, caller=caller, now=services.clock()))
    return Json(wire.usage_reply(caller.account.plan, found))


async def convert(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/convert"""
    is_job = formfields.flag(request.query_params, "async")
    async with await forms.receive(
        request,
        caller,
        services,
        max_file_bytes=caller.plan.max_image_bytes,
        least_price=lambda _: services.plans.prices.convert_credits,
    ) as form:
        params = fields.convert_params(form.fields, max_pixels=services.settings.max_pixels)
        webhook_url = fields.webhook_url(form.fields, services.outbound)
        if webhook_url is not None and not is_job:
            raise InvalidRequestError(
                "'webhook_url' is read with ?async=true only.", field="webhook_url"
            )
        file = form.require_file()
        warnings = (
            *formfields.unread(form.fields, wire.ConvertForm),
            *await intake.remarks_on_receiver(services, caller, webhook_url),
        )
        taken = intake.order(
            services,
            caller,
            params,
            family=_FAMILY,
            operation="convert",
            id_prefix=_ID_PREFIX,
            input_bytes=file.size_bytes,
            webhook_url=webhook_url,
            request_id=request.state.request_id,
        )
        if not is_job:
            return await converting.convert(caller, services, taken, file, warnings=warnings)
        job = await intake.submit(services, taken, file, media_type="image/*")
    return await _taken(request, caller, services, job, warnings=warnings)


async def _taken(
    request: Request,
    caller: Caller,
    services: Services,
    job: Job,
    *,
    warnings: tuple[Remark, ...] = (),
) -> Response:
    """Answer for a job that was taken: 202, or how it ended where the client waited for that."""
    ended = await awaiting.ended(request, caller, services, job)
    if ended is not None:
        return Json(wire.status_reply(ended))
    return Json(wire.accepted(job, warnings=warnings), status_code=202)


async def _require_video(services: Services, file: ReceivedFile, params: CompressParams) -> None:
    try:
        await run_in_threadpool(inspect, services.pool, file.path, params)
    except MediaError as error:
        error.field = error.field or file.field
        raise
