"""From what the core knows to the family's words: the projections behind `wire.py`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import Any

import msgspec
from msgspec import UNSET

from telecine.api.compositions.rendering import Quote
from telecine.api.fields.remarks import remarks
from telecine.api.stored.links import link_by_id, link_to
from telecine.api.video import wire
from telecine.core.assets import THUMBNAIL_NAME, Asset
from telecine.core.compositions import Composition, RenderState, Task
from telecine.core.files import File
from telecine.core.jobs import Job, JobDetails, JobStatus
from telecine.kit.clock import isoformat, isoformat_exact
from telecine.media.timeline.reader import Problem


def seconds(composition: Composition) -> float:
    """Write a duration as the document does: 10, not 10.0."""
    return _number(composition.duration_frames / composition.frame_rate)


def links_of(composition: Composition, *, origin: str) -> wire.Links:
    """Word where a task is seen."""
    name = f"{composition.id}.json"
    return wire.Links(
        preview_url=f"{origin}/v/{composition.id}",
        viewer_url=f"{origin}/watch/{composition.id}",
        config_url=name,
        config_href=f"{origin}/v/{name}",
    )


def estimate(
    quote: Quote, problems: Iterable[Problem], *, width: int, height: int, available: int
) -> wire.Estimate:
    """Word a dry run."""
    return wire.Estimate(
        quality=quote.quality,
        width=width,
        height=height,
        duration=_number(Fraction(quote.duration_seconds).limit_denominator(10**6)),
        frames=quote.frames,
        cost=quote.cost,
        estimated_seconds=quote.estimated_seconds,
        remaining_credits=available,
        warnings=remarks(problems),
    )


def created(
    composition: Composition, problems: Iterable[Problem], *, quality: str, origin: str
) -> wire.Created:
    """Word a new task."""
    return wire.Created(
        task_id=composition.id,
        video_task_id=composition.serial,
        quality=quality,
        width=composition.width,
        height=composition.height,
        duration=seconds(composition),
        warnings=remarks(problems),
        **msgspec.structs.asdict(links_of(composition, origin=origin)),
    )


def task_item(task: Task, *, quality: str, origin: str, now: datetime) -> wire.TaskItem:
    """Word a task of a list."""
    return wire.TaskItem(**_task(task, quality=quality, origin=origin, now=now))


def task_reply(task: Task, *, quality: str, origin: str, now: datetime) -> wire.TaskReply:
    """Word a task in full."""
    shown = task.composition
    return wire.TaskReply(
        **_task(task, quality=quality, origin=origin, now=now),
        **msgspec.structs.asdict(links_of(shown, origin=origin)),
        render_task_id=None if task.job is None else task.job.id,
        metadata=None if shown.notes is None else msgspec.Raw(shown.notes.encode("utf-8")),
    )


def render_reply(
    task: Task, *, is_new: bool, quality: str, origin: str, available: int, temp_id: str | None
) -> wire.RenderReply:
    """Word a render that was begun, or was there; it may have ended by now."""
    shown, job = task.composition, task.job
    assert job is not None
    places = links_of(shown, origin=origin)
    is_clone = temp_id is not None
    return wire.RenderReply(
        temp_id=temp_id or UNSET,
        converted=True if is_clone else UNSET,
        convert_message=wire.CLONED if is_clone else UNSET,
        config_url=places.config_url if is_clone else UNSET,
        task_id=shown.id,
        render_task_id=job.id,
        status=task.state.value,
        already_rendered=UNSET if is_new else True,
        quality=quality,
        width=shown.width,
        height=shown.height,
        cost=_cost(job) or 0,
        remaining_credits=available,
        message=UNSET if job.status.is_final else "Rendering started",
        video_url=UNSET if task.output is None else link_to(task.output, origin=origin),
        error=job.error_message or "failed" if task.state is RenderState.FAILED else UNSET,
        preview_url=places.preview_url,
        viewer_url=places.viewer_url,
        workers_used=job.params.get("n_workers", 1),
    )


def asset_item(asset: Asset, *, origin: str) -> wire.AssetItem:
    """Word a file of the library."""
    length = asset.duration_seconds
    return wire.AssetItem(
        id=asset.id,
        name=asset.file.filename,
        url=link_to(asset.file, origin=origin),
        type=asset.kind.value,
        mime_type=asset.file.media_type,
        size=asset.file.size_bytes,
        created_at=isoformat(asset.created_at),
        width=asset.width,
        height=asset.height,
        duration=None if length is None else round(length, 3),
        thumbnail_url=None
        if asset.thumbnail_id is None
        else link_by_id(asset.thumbnail_id, THUMBNAIL_NAME, origin=origin),
    )


def uploaded(assets: Iterable[Asset], *, origin: str) -> wire.Uploaded:
    """Word what was taken into the library."""
    items = tuple(asset_item(asset, origin=origin) for asset in assets)
    return wire.Uploaded(
        message=f"Successfully uploaded {len(items)} file(s)", count=len(items), assets=items
    )


def preview_created(
    preview: Composition, problems: Iterable[Problem], *, origin: str
) -> wire.PreviewCreated:
    """Word a new preview."""
    return wire.PreviewCreated(
        temp_id=preview.id,
        preview_url=f"{origin}/t/{preview.id}",
        viewer_url=f"{origin}/preview/{preview.id}",
        expires_at=_expiry(preview),
        warnings=remarks(problems),
    )


def preview_reply(preview: Composition, *, origin: str) -> wire.PreviewReply:
    """Word a preview with its document, which is as it was sent."""
    return wire.PreviewReply(
        temp_id=preview.id,
        config=msgspec.Raw(preview.document.encode("utf-8")),
        preview_url=f"{origin}/t/{preview.id}",
        viewer_url=f"{origin}/preview/{preview.id}",
        expires_at=_expiry(preview),
    )


def converted(task: Composition, *, temp_id: str, origin: str) -> wire.Converted:
    """Word the task that was made of a preview."""
    return wire.Converted(
        temp_id=temp_id,
        task_id=task.id,
        video_task_id=task.serial,
        **msgspec.structs.asdict(links_of(task, origin=origin)),
    )


def event_body(details: JobDetails, event: str, at: datetime) -> bytes:
    """Write the webhook of a finished render."""
    del event
    job = details.job
    output = details.outputs[0] if details.outputs else None
    is_good = job.status is JobStatus.SUCCEEDED
    body = wire.VideoEvent(
        task_id=job.subject_id or "",
        render_task_id=job.id,
        status="completed" if is_good else "failed",
        video_url=None if output is None else link_to(output, origin=job.origin or ""),
        error=None if is_good else job.error_message or "failed",
        timestamp=isoformat_exact(at),
    )
    return msgspec.json.encode(body)


def _task(task: Task, *, quality: str, origin: str, now: datetime) -> dict[str, Any]:
    shown, job = task.composition, task.job
    film = _film(task, now)
    is_failed = task.state is RenderState.FAILED
    return {
        "task_id": shown.id,
        "video_task_id": shown.serial,
        "width": shown.width,
        "height": shown.height,
        "duration": seconds(shown),
        "status": task.state.value,
        "video_url": None if film is None else link_to(film, origin=origin),
        "cost_credits": _cost(job),
        "created_at": isoformat(shown.created_at),
        "completed_at": isoformat(job.finished_at)
        if job is not None and job.finished_at is not None and not is_failed
        else None,
        "quality": quality,
        "title": shown.title,
        "category": shown.category,
        "progress": 0 if job is None else int(job.progress * 100),
        "error": job.error_message if job is not None and is_failed else None,
        "error_code": job.error_code if job is not None and is_failed else None,
        "expires_at": None
        if film is None or film.expires_at is None
        else isoformat(film.expires_at),
    }


def _film(task: Task, now: datetime) -> File | None:
    return None if task.output is None or task.output.is_gone(now) else task.output


def _cost(job: Job | None) -> int | None:
    """What was charged, or is held; a render that failed cost nothing."""
    if job is None:
        return None
    return 0 if job.status in {JobStatus.FAILED, JobStatus.CANCELLED} else job.price


def _expiry(preview: Composition) -> str:
    assert preview.expires_at is not None
    return isoformat(preview.expires_at)


def _number(value: Fraction) -> float:
    return int(value) if value.denominator == 1 else round(float(value), 3)
