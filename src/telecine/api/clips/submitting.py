"""From what is wanted and where the video is to a job: its price, and its submission.

A video whose length is not known yet is held for as many minutes as the price list says, or as
the account has: the job is charged for those that it has, and the rest goes back.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import Final

import msgspec

from telecine import shelves
from telecine.api.access import Caller
from telecine.api.clips import fields
from telecine.api.clips.naming import JOB_PREFIX
from telecine.api.clips.sources import Source
from telecine.api.clips.wire import ProcessBody
from telecine.api.orders import intake, usage
from telecine.api.services import Services
from telecine.core import credits, jobs
from telecine.core.jobs import Job
from telecine.db import Transaction
from telecine.kit.errors import ForbiddenError, InsufficientCreditsError, RateLimitedError
from telecine.operations.clipping.params import ClipsParams, minutes_of
from telecine.operations.pricing import credits_of

FAMILY: Final = "clips"
#: Mostly, a job of clips takes minutes.
_RETRY_SECONDS: Final = 60


async def submit(
    services: Services,
    caller: Caller,
    wanted: ProcessBody,
    source: Source,
    *,
    origin: str,
    request_id: str,
) -> Job:
    """Take the order. Raises `ConflictError` while the same is under way, `ForbiddenError` where
    the minutes of the month are used up, `RateLimitedError` where jobs under way hold what is
    left of them, and `InsufficientCreditsError`.
    """
    subject_id = _subject(caller, wanted, source)

    def look(tx: Transaction) -> int:
        # First of all: what the same job holds must not be what is missing.
        jobs.require_new(tx, subject_id)
        return _minutes(tx, services, caller, source)

    minutes = await services.read(look)
    taken = intake.order(
        services,
        caller,
        _params(services, caller, wanted, source, minutes=minutes),
        family=FAMILY,
        operation="clips",
        id_prefix=JOB_PREFIX,
        input_bytes=0,
        webhook_url=wanted.webhook_url or None,
        request_id=request_id,
        origin=origin,
    )
    order = replace(
        taken,
        borrowed=() if source.stored is None else (source.stored.id,),
        subject_id=subject_id,
    )
    received = () if source.upload is None else ((source.upload, "video/*"),)
    return await intake.submit_files(services, order, received, verb=jobs.submit_once)


def least_price(services: Services, _input_bytes: int) -> int:
    """Return what a minute costs: no video has less."""
    return credits_of(1, each=services.plans.prices.clips_credits_per_minute)


def _params(
    services: Services, caller: Caller, wanted: ProcessBody, source: Source, *, minutes: int
) -> ClipsParams:
    wishes = fields.wishes(wanted)
    return ClipsParams(
        source_url=source.url,
        filename=source.filename,
        quality=wanted.quality,
        language=wanted.language,
        aspect=wanted.aspect,
        captions=wanted.captions,
        caption_style=wanted.caption_style,
        min_seconds=wishes.min_seconds,
        max_seconds=wishes.max_seconds,
        max_clips=wishes.max_clips,
        segments=tuple((each.start, each.end) for each in wanted.segments),
        source_seconds=source.duration_seconds,
        minutes_held=minutes,
        credits_per_minute=services.plans.prices.clips_credits_per_minute,
        max_source_bytes=caller.plan.max_file_bytes,
        limits=shelves.media_limits(services.settings),
        keeps_film=not source.is_in_library,
        encoder_threads=services.settings.encoder_threads,
    )


def _minutes(tx: Transaction, services: Services, caller: Caller, source: Source) -> int:
    """Return for how many minutes credits are held."""
    used = usage.minutes_used(tx, caller, now=services.clock())
    held = usage.minutes_held(tx, caller)
    left = caller.plan.minutes_per_month - used
    seconds = source.duration_seconds
    needed = 1 if seconds is None else minutes_of(seconds)
    if needed > left:
        raise _used_up(caller, left=left, needed=needed)
    if needed > left - held:
        raise _busy(left=left, held=held, needed=needed)
    if seconds is not None:
        return needed
    prices = services.plans.prices
    most = min(
        left - held,
        prices.clips_unmeasured_minutes,
        minutes_of(services.settings.max_duration_seconds),
    )
    price = prices.clips_credits_per_minute
    available = credits.balance(tx, caller.account.id).available
    affordable = most if price == 0 else math.floor(available / price)
    if affordable < 1:
        raise InsufficientCreditsError(needed=credits_of(1, each=price), available=available)
    return min(most, affordable)


def _used_up(caller: Caller, *, left: int, needed: int) -> ForbiddenError:
    plan = caller.plan
    return ForbiddenError(
        f"The {plan.label} plan has {plan.minutes_per_month} minutes of video a month; "
        f"{max(0, left)} are left, and this takes {needed}. Wait for the month to pass, or take "
        "another plan."
    )


def _busy(*, left: int, held: int, needed: int) -> RateLimitedError:
    return RateLimitedError(
        f"Of the {left} minutes of video that are left in this month, jobs under way hold {held}, "
        f"and this takes {needed}. What they do not use comes back when they end: try again then, "
        "or cancel one.",
        retry_after_seconds=_RETRY_SECONDS,
    )


def _subject(caller: Caller, wanted: ProcessBody, source: Source) -> str | None:
    """Return the same for the same source and options of an account; None: it is always new."""
    if source.identity is None:
        return None
    options = msgspec.structs.replace(wanted, video_url=None, file_id=None, webhook_url=None)
    text = msgspec.json.encode((caller.account.id, source.identity, options))
    return f"{FAMILY}_{hashlib.sha256(text).hexdigest()[:32]}"
