"""From a stored composition to a render job: what it costs, and its submission.

The document goes to the worker as a file of the job's own, so that the job is the same whatever
happens to the composition meanwhile; the files of the library are borrowed.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec
from starlette.concurrency import run_in_threadpool

from telecine.api import intake
from telecine.api.access import Caller
from telecine.api.documents import Checked, refusal
from telecine.api.formdata import STAGED_SUFFIX
from telecine.api.services import Services
from telecine.blobs.store import storage_errors
from telecine.core import compositions
from telecine.core.compositions import Composition, Rendering
from telecine.core.jobs import NewFile, Order
from telecine.kit.errors import TelecineError
from telecine.kit.ids import new_id
from telecine.media.timeline.model import Timeline
from telecine.media.timeline.reader import Problem
from telecine.operations.render import RenderParams, tier_of

_OPERATION = "render"
_CORES_PER_WORKER = 4
# What two cores draw and encode of an ordinary composition; the start of a process comes on top.
_PIXELS_A_SECOND = 60e6
_START_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a client wants its render: shared by how many, told to whom, anew or not."""

    family: str
    id_prefix: str
    n_workers: int
    webhook_url: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a render would take. `cost` is in credits."""

    cost: int
    quality: str
    frames: int
    duration_seconds: float
    estimated_seconds: int


def most_workers(services: Services) -> int:
    """Return how many processes may share one render."""
    return services.settings.render_workers or max(1, (os.cpu_count() or 1) // _CORES_PER_WORKER)


def quality_of(services: Services, *, width: int, height: int) -> str:
    """Return the name of a size: 720p, 1080p or 2k."""
    return tier_of(services.plans.prices, width=width, height=height).quality


def quote(services: Services, caller: Caller, checked: Checked) -> Quote:
    """Say what a render would cost and take."""
    line = checked.timeline
    order = _order(services, caller, _params(services, caller, checked, n_workers=1))
    work = line.width * line.height * line.duration_frames / _PIXELS_A_SECOND
    return Quote(
        cost=order.price,
        quality=quality_of(services, width=line.width, height=line.height),
        frames=line.duration_frames,
        duration_seconds=float(line.duration_frames / line.frame_rate),
        estimated_seconds=math.ceil(_START_SECONDS + work),
    )


async def begin(
    services: Services,
    caller: Caller,
    composition: Composition,
    checked: Checked,
    wish: Wish,
    *,
    origin: str,
    request_id: str,
) -> Rendering:
    """Submit a render, or return the one that is there.

    Raises `ConflictError`, `InsufficientCreditsError`, `InvalidDocumentError` where there is
    nothing to render.
    """
    _require_frames(checked.timeline)
    params = _params(services, caller, checked, n_workers=wish.n_workers)
    params = msgspec.structs.replace(params, filename=f"{composition.id}.mp4")
    order = replace(
        _order(services, caller, params, wish=wish),
        borrowed=tuple(file.id for file in checked.files.values()),
        subject_id=composition.id,
        origin=origin,
        webhook_url=wish.webhook_url,
        request_id=request_id,
    )
    stored = await run_in_threadpool(_store, services, checked.text, f"{composition.id}.json")
    is_kept = False
    try:
        rendering = await services.write(
            partial(
                compositions.begin_render,
                composition=composition,
                order=replace(order, inputs=(stored,)),
                queue=services.queue,
                now=services.clock(),
                again=wish.again,
            )
        )
        is_kept = rendering.is_new
    except TelecineError:
        raise
    except BaseException:
        is_kept = True  # The commit may have taken effect: if not, the janitor finds the bytes.
        raise
    finally:
        if not is_kept:
            await run_in_threadpool(services.blobs.delete, stored.blob_key)
    return rendering


def _order(
    services: Services, caller: Caller, params: RenderParams, *, wish: Wish | None = None
) -> Order:
    return intake.order(
        services,
        caller,
        params,
        family="" if wish is None else wish.family,
        operation=_OPERATION,
        id_prefix="" if wish is None else wish.id_prefix,
        input_bytes=0,
    )


def _params(
    services: Services, caller: Caller, checked: Checked, *, n_workers: int
) -> RenderParams:
    line = checked.timeline
    return RenderParams(
        width=line.width,
        height=line.height,
        frame_rate=str(line.frame_rate),
        duration_frames=line.duration_frames,
        filename="film.mp4",
        # The document is the first input.
        files={src: index for index, src in enumerate(checked.files, start=1)},
        remote=checked.remote,
        max_source_bytes=caller.plan.max_file_bytes,
        n_workers=max(1, min(n_workers, most_workers(services))),
        encoder_threads=services.settings.encoder_threads,
    )


def _store(services: Services, text: str, filename: str) -> NewFile:
    staged: Path = services.blobs.stage(STAGED_SUFFIX)
    key = f"inputs/{new_id('', length=24)}"
    content = text.encode("utf-8")
    try:
        with storage_errors():
            staged.write_bytes(content)
        services.blobs.adopt(staged, key)
    finally:
        staged.unlink(missing_ok=True)
    return NewFile(
        blob_key=key, filename=filename, media_type="application/json", size_bytes=len(content)
    )


def _require_frames(timeline: Timeline) -> None:
    if timeline.duration_frames == 0:
        nothing = Problem(
            path="tracks",
            code="EMPTY",
            message="There is nothing to render.",
            got="0 frames",
            allowed="at least one clip that is seen or heard",
        )
        raise refusal((nothing,))
