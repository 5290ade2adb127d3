"""How many seconds work will take, by how long the account's last of its kind took.

Before the first there is a guess by the cores of this machine, which may not be the worker's.
Time in the queue, and for fetching what is on the web, is not in it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from statistics import median
from typing import Final

import msgspec

from telecine.api.services import Services
from telecine.core import jobs
from telecine.core.jobs import Job
from telecine.operations.clipping import stages
from telecine.operations.clipping.params import ClipsParams

#: A process starts, the film is looked at and stored.
_START_SECONDS: Final = 1.5
#: What one core draws and encodes, as `effort` counts; and the cores that one process fills.
_PIXELS_A_SECOND: Final = 40e6
_CORES: Final = 4
_USUAL_TALK_SECONDS: Final = 600.0
_RECENT: Final = timedelta(days=30)
_MOST_JOBS: Final = 15


async def render_seconds(
    services: Services, account_id: str, *, effort: float, n_workers: int
) -> int:
    """Return the whole seconds that a render of that effort takes once a worker has it."""
    last = await _last(services, account_id, operation="render")
    pace = _pace(last) or _PIXELS_A_SECOND * min(os.cpu_count() or 1, _CORES)
    return math.ceil(_START_SECONDS + effort / (pace * n_workers))


async def clips_seconds(services: Services, job: Job) -> int:
    """Return the whole seconds that a job of clips takes once a worker has it.

    A video whose length is not known yet counts as long as the account's last ones.
    """
    last = await _last(services, job.account_id, operation=job.operation)
    lengths = [each.facts["source"]["duration_seconds"] for each in last]
    ratios = [
        (each.finished_at - each.started_at).total_seconds() / _clips_work(each, length)
        for each, length in zip(last, lengths, strict=True)
        if each.started_at is not None and each.finished_at is not None
    ]
    usual = median(lengths) if lengths else _USUAL_TALK_SECONDS
    work = _clips_work(job, job.params["source_seconds"] or usual)
    return math.ceil(_START_SECONDS + work * (median(ratios) if ratios else 1.0))


async def _last(services: Services, account_id: str, *, operation: str) -> list[Job]:
    """Return the account's last jobs of a kind that went well."""
    return await services.read(
        partial(
            jobs.last_done,
            account_id=account_id,
            operation=operation,
            since=services.clock() - _RECENT,
            most=_MOST_JOBS,
        )
    )


def _clips_work(job: Job, film_seconds: float) -> float:
    """Return the seconds that a job would take on the machine where the stages were measured."""
    params = msgspec.convert(job.params, ClipsParams)
    shares = stages.costs(
        film_seconds=film_seconds,
        clip_seconds=params.clip_seconds(film_seconds),
        quality=params.quality,
    )
    return sum(shares.values())


def _pace(done: Iterable[Job]) -> float | None:
    """Return the pixels that one process made in a second; None where that was never seen."""
    found = []
    for job in done:
        effort, n_workers = job.params.get("effort", 0.0), job.params["n_workers"]
        is_film = job.params.get("format", "mp4") == "mp4"
        if effort and is_film and job.started_at is not None and job.finished_at is not None:
            seconds = (job.finished_at - job.started_at).total_seconds() - _START_SECONDS
            # Of a shorter one, the start was most.
            if seconds > _START_SECONDS:
                found.append(effort / (seconds * n_workers))
    return median(found) if found else None
