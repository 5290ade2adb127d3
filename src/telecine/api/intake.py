"""From an uploaded file and an order to a job: the bytes first, then everything else at once.

The blob is stored before the transaction that makes file, hold, job and queue entry, and is
deleted again where that fails. A crash between the two leaves a blob without an owner, which
the janitor sweeps; never a job without its file.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import msgspec
from starlette.concurrency import run_in_threadpool

from telecine.api.access import Caller
from telecine.api.formdata import UploadedFile
from telecine.api.services import Services
from telecine.core import credits, jobs
from telecine.core.jobs import Job, NewFile, Order, new_job_id
from telecine.db import Transaction
from telecine.kit.errors import InsufficientCreditsError, TelecineError
from telecine.kit.ids import new_id
from telecine.operations.registry import OPERATIONS


def order(
    services: Services,
    caller: Caller,
    params: msgspec.Struct,
    *,
    family: str,
    operation: str,
    id_prefix: str,
    input_bytes: int,
    webhook_url: str | None = None,
    request_id: str | None = None,
) -> Order:
    """Price the work and give it an id."""
    entry = OPERATIONS[operation]
    price = entry.operation.price(params, input_bytes=input_bytes, prices=services.plans.prices)
    return Order(
        job_id=new_job_id(id_prefix),
        account_id=caller.account.id,
        family=family,
        operation=operation,
        lane=entry.lane,
        params=msgspec.to_builtins(params),
        price=price,
        inputs=(),
        webhook_url=webhook_url,
        request_id=request_id,
    )


async def submit(services: Services, taken: Order, file: UploadedFile, *, media_type: str) -> Job:
    """Store the upload and accept the order. Raises `InsufficientCreditsError`."""
    await check_funds(services, taken)
    blob_key = f"inputs/{new_id('', length=24)}"
    stored = NewFile(
        blob_key=blob_key,
        filename=file.filename,
        media_type=media_type,
        size_bytes=file.size_bytes,
    )
    await run_in_threadpool(services.blobs.adopt, file.path, blob_key)
    try:
        return await services.write(
            partial(
                jobs.submit,
                order=replace(taken, inputs=(stored,)),
                queue=services.queue,
                now=services.clock(),
            )
        )
    except TelecineError:
        # Refused for certain. After any other error the commit may have taken effect all the
        # same, and then a job needs these bytes: if not, the janitor finds them.
        await run_in_threadpool(services.blobs.delete, blob_key)
        raise


async def check_funds(services: Services, taken: Order) -> None:
    """Refuse early what the balance does not cover; the transaction decides again."""

    def available(tx: Transaction) -> int:
        return credits.balance(tx, taken.account_id).available

    now = await services.read(available)
    if now < taken.price:
        raise InsufficientCreditsError(needed=taken.price, available=now)
