"""An image that is converted while the client waits.

It is kept only for a client that may ask again, one with an Idempotency-Key: for as long as that
is known, under the job that was made of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from telecine.api.access import Caller
from telecine.api.bodies.formdata import ReceivedFile
from telecine.api.bodies.spooling import STAGED_SUFFIX
from telecine.api.fields.remarks import Remark
from telecine.api.orders import intake
from telecine.api.services import Services
from telecine.api.stored import disposal, downloads
from telecine.core import jobs
from telecine.core.jobs import Job, NewFile, Order
from telecine.kit.errors import ExpiredError
from telecine.kit.ids import new_id
from telecine.operations.convert import MEDIA_TYPES, ConvertParams, output_filename
from telecine.operations.convert import convert as convert_image


class _OnceResponse(FileResponse):
    """A file that is deleted once it was sent, or the client went away."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await run_in_threadpool(Path(self.path).unlink, missing_ok=True)


async def convert(
    caller: Caller,
    services: Services,
    taken: Order,
    file: ReceivedFile,
    *,
    warnings: tuple[Remark, ...],
) -> Response:
    """Convert, charge, and answer with the image."""
    await intake.check_funds(services, taken)
    params = msgspec.convert(taken.params, ConvertParams)
    output = services.blobs.stage(STAGED_SUFFIX)
    answer: Response | None = None
    try:
        made = await run_in_threadpool(
            convert_image, services.pool, params, input_path=file.path, output_path=output
        )
        facts = {"size_bytes": made.size_bytes, "original_size_bytes": file.size_bytes}
        if caller.repeatable is not None:
            name = output_filename(file.filename, image_format=params.format)
            job = await _record_with(services, taken, facts, output, filename=name)
            answer = await image(services, job)
        else:
            job = await services.write(
                partial(jobs.record, order=taken, facts=facts, now=services.clock())
            )
            answer = _OnceResponse(
                output, media_type=MEDIA_TYPES[params.format], headers=_figures(job)
            )
    finally:
        if not isinstance(answer, _OnceResponse):
            await run_in_threadpool(output.unlink, missing_ok=True)
    answer.headers.update(_warned(warnings))
    return answer


async def image(services: Services, job: Job) -> Response:
    """Answer with the image that a job has kept. Raises `ExpiredError`."""
    outputs = (await services.read(partial(jobs.details, job=job))).outputs
    if not outputs or outputs[0].is_gone(services.clock()):
        raise ExpiredError("The image was made, and its time is over: it is deleted.")
    return await downloads.send_whole(
        services.blobs,
        outputs[0].blob_key,
        size_bytes=outputs[0].size_bytes,
        media_type=outputs[0].media_type,
        headers=_figures(job),
    )


async def _record_with(
    services: Services, taken: Order, facts: Mapping[str, int], output: Path, *, filename: str
) -> Job:
    """Store the image, and write the job down with it."""
    kept = NewFile(
        blob_key=f"outputs/{taken.job_id}/{new_id('', length=24)}",
        filename=filename,
        media_type=MEDIA_TYPES[taken.params["format"]],
        size_bytes=facts["size_bytes"],
    )
    await run_in_threadpool(services.blobs.adopt, output, kept.blob_key)
    now = services.clock()
    ttl = timedelta(seconds=services.settings.repeat_ttl_seconds)
    async with disposal.forgotten_if_refused(services, [kept.blob_key]):
        return await services.write(
            partial(
                jobs.record,
                order=taken,
                facts=facts,
                outputs=(kept,),
                expires_at=now + ttl,
                now=now,
            )
        )


def _figures(job: Job) -> dict[str, str]:
    return {
        "X-Original-Size": str(job.facts["original_size_bytes"]),
        "X-Output-Size": str(job.facts["size_bytes"]),
        "X-Output-Format": job.params["format"],
    }


def _warned(warnings: tuple[Remark, ...]) -> dict[str, str]:
    names = ", ".join(ascii(each.path) for each in warnings)  # a header has no other letters
    return {"X-Warning": f"UNKNOWN_FIELD: nothing reads {names}."} if names else {}
