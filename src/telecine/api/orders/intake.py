"""From an uploaded file and an order to a job: the bytes first, then everything else at once.

The blob is stored before the transaction that makes file, hold, job and queue entry, and is
deleted again where that fails. A crash between the two leaves a blob without an owner, which
the janitor sweeps; never a job without its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

import msgspec
from starlette.concurrency import run_in_threadpool

from telecine.api.access import Caller
from telecine.api.bodies.formdata import ReceivedFile
from telecine.api.fields.remarks import Remark, switched_off
from telecine.api.services import Services
from telecine.api.stored import disposal
from telecine.core import credits, jobs, webhooks
from telecine.core.jobs import Job, NewFile, Order, new_job_id
from telecine.db import Transaction
from telecine.engine import Queue
from telecine.kit.errors import InsufficientCreditsError
from telecine.kit.ids import new_id
from telecine.operations.registry import OPERATIONS


class Submit(Protocol):
    """How the core takes an order: `jobs.submit`, or one that refuses more."""

    def __call__(self, tx: Transaction, order: Order, *, queue: Queue, now: datetime) -> Job:
        """Raises what it refuses with."""


def order(
    services: Services,
    caller: Caller,
    params: msgspec.Struct,
    *,
    family: str,
    operation: str,
    id_prefix: str,
    input_bytes: int,
    id_length: int = 12,
    webhook_url: str | None = None,
    request_id: str | None = None,
    origin: str | None = None,
) -> Order:
    """Price the work and give it an id."""
    price = price_of(services, operation, params, input_bytes)
    return Order(
        job_id=new_job_id(id_prefix, length=id_length),
        account_id=caller.account.id,
        family=family,
        operation=operation,
        lane=OPERATIONS[operation].lane,
        params=msgspec.to_builtins(params),
        price=price,
        inputs=(),
        webhook_url=webhook_url,
        request_id=request_id,
        origin=origin,
        claim=None if caller.repeatable is None else caller.repeatable.sealed(),
    )


async def submit(services: Services, taken: Order, file: ReceivedFile, *, media_type: str) -> Job:
    """Store the upload and accept the order. Raises `InsufficientCreditsError`."""
    return await submit_files(services, taken, ((file, media_type),))


async def submit_files(
    services: Services,
    taken: Order,
    received: Sequence[tuple[ReceivedFile, str]],
    *,
    verb: Submit = jobs.submit,
) -> Job:
    """Store uploads, each with its media type, and accept the order in the words of `verb`.

    Raises `InsufficientCreditsError`, and what `verb` raises.
    """
    await check_funds(services, taken)
    stored = tuple(
        NewFile(
            blob_key=f"inputs/{new_id('', length=24)}",
            filename=file.filename,
            media_type=media_type,
            size_bytes=file.size_bytes,
        )
        for file, media_type in received
    )
    async with disposal.forgotten_if_refused(services, [new.blob_key for new in stored]):
        for (file, _), new in zip(received, stored, strict=True):
            await run_in_threadpool(services.blobs.adopt, file.path, new.blob_key)
        return await services.write(
            partial(
                verb,
                order=replace(taken, inputs=stored),
                queue=services.queue,
                now=services.clock(),
            )
        )


async def remarks_on_receiver(
    services: Services, caller: Caller, url: str | None, *, field: str = "webhook_url"
) -> tuple[Remark, ...]:
    """Remark that nothing will be sent where a receiver is switched off. Asked before the order
    is taken: what fails here has changed nothing.
    """
    if not url:
        return ()

    def is_off(tx: Transaction) -> bool:
        found = webhooks.find_receiver(tx, caller.account.id, url)
        return found is not None and found.disabled_at is not None

    return (switched_off(field, url),) if await services.read(is_off) else ()


async def check_funds(services: Services, taken: Order) -> None:
    """Refuse early what the balance does not cover; the transaction decides again."""
    await require_credits(services, taken.account_id, taken.price)


async def require_credits(services: Services, account_id: str, needed: int) -> None:
    """Raise `InsufficientCreditsError` where an account has less than is needed."""

    def available(tx: Transaction) -> int:
        return credits.balance(tx, account_id).available

    now = await services.read(available)
    if now < needed:
        raise InsufficientCreditsError(needed=needed, available=now)


def price_of(services: Services, operation: str, params: msgspec.Struct, input_bytes: int) -> int:
    """Return what an operation costs."""
    found = OPERATIONS[operation].operation
    return found.price(params, input_bytes=input_bytes, prices=services.plans.prices)
