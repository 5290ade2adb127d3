"""From a stored composition to a render job: what it costs, and its submission.

The document goes to the worker as a file of the job's own, so that the job is the same whatever
happens to the composition meanwhile; the files of the library are borrowed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from telecine.api.access import Caller
from telecine.api.bodies.spooling import STAGED_SUFFIX
from telecine.api.compositions.documents import Checked, refusal
from telecine.api.orders import estimating, intake
from telecine.api.services import Services
from telecine.api.stored import disposal
from telecine.blobs.store import storage_errors
from telecine.core.jobs import NewFile, Order
from telecine.db import Transaction
from telecine.kit.ids import new_id
from telecine.media.timeline.effort import effort
from telecine.media.timeline.model import Timeline
from telecine.media.timeline.reader import Problem
from telecine.media.timeline.retime import scaled
from telecine.operations.pricing import tier_of
from telecine.operations.render import RenderFormat, RenderParams

T = TypeVar("T")

_OPERATION = "render"
_CORES_PER_WORKER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What is made of a composition; None: as it says itself. `frames` are those of its own rate."""

    format: RenderFormat = "mp4"
    size: tuple[int, int] | None = None
    frame_rate: Fraction | None = None
    frames: range | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a client wants its render: of what, under which name, shared by how many, told to whom.

    `subject_id` is the stored thing, `revision` which state of it where it has several. The name
    is without a suffix.
    """

    family: str
    id_prefix: str
    subject_id: str
    revision: int | None = None
    filename: str
    n_workers: int
    webhook_url: str | None = None
    cut: Cut = Cut()


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


async def quote(
    services: Services, caller: Caller, checked: Checked, *, n_workers: int = 1
) -> Quote:
    """Say what a render would cost and take. Raises `InvalidDocumentError` of an empty film."""
    require_frames(checked.timeline)
    line = checked.timeline
    params = _params(services, caller, checked, n_workers=n_workers)
    order = _order(services, caller, params)
    return Quote(
        cost=order.price,
        quality=quality_of(services, width=line.width, height=line.height),
        frames=line.duration_frames,
        duration_seconds=float(line.duration_frames / line.frame_rate),
        estimated_seconds=await estimating.render_seconds(
            services, caller.account.id, effort=params.effort, n_workers=params.n_workers
        ),
    )


async def begin(
    services: Services,
    caller: Caller,
    checked: Checked,
    wish: Wish,
    *,
    verb: Callable[[Transaction, Order], T],
    is_taken: Callable[[T], bool] = lambda _: True,
    origin: str,
    request_id: str,
) -> T:
    """Have `verb` submit a render; `is_taken` says of what it returned whether it has done so.

    Raises what `verb` does, and `InvalidDocumentError` where there is nothing to render.
    """
    require_frames(checked.timeline)
    params = _params(services, caller, checked, wish=wish)
    order = replace(
        _order(services, caller, params, wish=wish),
        borrowed=tuple(file.id for file in checked.files.values()),
        subject_id=wish.subject_id,
        subject_revision=wish.revision,
        origin=origin,
        webhook_url=wish.webhook_url,
        request_id=request_id,
    )
    stored = await run_in_threadpool(_store, services, checked.text, f"{wish.filename}.json")
    order = replace(order, inputs=(stored,))
    async with disposal.forgotten_if_refused(services, [stored.blob_key]):
        begun = await services.write(lambda tx: verb(tx, order))
    if not is_taken(begun):
        await disposal.forget(services, [stored.blob_key])
    return begun


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
    services: Services,
    caller: Caller,
    checked: Checked,
    *,
    wish: Wish | None = None,
    n_workers: int = 1,
) -> RenderParams:
    line = checked.timeline
    cut = Cut() if wish is None else wish.cut
    width, height = cut.size or (line.width, line.height)
    rate = cut.frame_rate or line.frame_rate
    shown = _frames(cut, line)
    return RenderParams(
        width=width,
        height=height,
        is_resized=cut.size is not None,
        frame_rate=str(rate),
        is_retimed=cut.frame_rate is not None,
        frames=None if cut.frames is None and cut.format != "png" else (shown.start, shown.stop),
        duration_frames=len(shown),
        format=cut.format,
        filename="film.mp4" if wish is None else f"{wish.filename}.{cut.format}",
        # The document is the first input.
        files={src: index for index, src in enumerate(checked.files, start=1)},
        remote=checked.remote,
        max_source_bytes=caller.plan.max_file_bytes,
        effort=_effort(line, pixels=width * height * len(shown)),
        n_workers=max(
            1, min(n_workers if wish is None else wish.n_workers, most_workers(services))
        ),
        encoder_threads=services.settings.encoder_threads,
    )


def _effort(line: Timeline, *, pixels: int) -> float:
    """Return the work of what is made of a film: as many pixels as that has."""
    whole = line.width * line.height * line.duration_frames
    return effort(line) * pixels / whole if whole else 0.0


def _frames(cut: Cut, line: Timeline) -> range:
    """Return the frames that are made, at the rate of the film. Of a picture it is one."""
    wanted = cut.frames or range(line.duration_frames)
    if cut.format == "png":
        wanted = range(wanted.start, wanted.start + 1)
    if cut.frame_rate is None:
        return wanted
    ratio = cut.frame_rate / line.frame_rate
    start = scaled(wanted.start, ratio)
    return range(start, max(start + 1, scaled(wanted.stop, ratio)))


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


def require_frames(timeline: Timeline) -> None:
    """Raise `InvalidDocumentError` where no clip is as long as a frame."""
    if timeline.duration_frames == 0:
        nothing = Problem(
            path="tracks",
            code="EMPTY",
            message="There is nothing to render.",
            got="nothing",
            allowed="at least one clip that is as long as a frame",
        )
        raise refusal((nothing,))
