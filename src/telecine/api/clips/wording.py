"""From what the core knows to the family's words: the projections behind `wire.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET

from telecine.api.clips import errors, naming, wire
from telecine.api.clips.opening import Opened
from telecine.api.fields.remarks import Remark
from telecine.api.stored.links import link_to
from telecine.core.files import File
from telecine.core.jobs import Job, JobDetails, JobPage, JobStatus
from telecine.kit.clock import isoformat
from telecine.media.seeing import caption_styles

_STATUS: Final[Mapping[JobStatus, wire.WireStatus]] = {
    JobStatus.QUEUED: "queued",
    JobStatus.RUNNING: "processing",
    JobStatus.SUCCEEDED: "completed",
    JobStatus.FAILED: "failed",
    # The family has no word for it; `error` says that it was cancelled.
    JobStatus.CANCELLED: "failed",
}
_CANCELLED: Final = "The job was cancelled. Nothing is charged for it."


def accepted(
    job: Job, warnings: tuple[Remark, ...], *, estimated_seconds: int, origin: str
) -> wire.ProcessAccepted:
    """Word the acceptance of a job."""
    return wire.ProcessAccepted(
        job_id=job.id,
        status=_STATUS[job.status],
        created_at=isoformat(job.created_at),
        estimated_seconds=estimated_seconds,
        status_url=f"{origin}/api/v1/jobs/{job.id}",
        credits_held=job.price,
        warnings=warnings,
    )


def job_list(page: JobPage) -> wire.JobList:
    """Word a page of jobs."""
    return wire.JobList(
        jobs=tuple(_item(job) for job in page.jobs),
        next_cursor=page.next_cursor,
        has_more=page.next_cursor is not None,
    )


def job_reply(details: JobDetails, *, origin: str, now: datetime) -> wire.ClipJob:
    """Word a job in full."""
    return wire.ClipJob(**_job(details, origin=origin, now=now))


def any_job(details: JobDetails, *, origin: str, now: datetime) -> wire.AnyJob:
    """Word a job of any family."""
    job = details.job
    is_unfinished = job.status in {JobStatus.FAILED, JobStatus.CANCELLED}
    return wire.AnyJob(
        job_id=job.id,
        status=_STATUS[job.status],
        api=job.family,
        kind=job.operation,
        progress=_percent(job),
        stage=job.stage if job.status is JobStatus.RUNNING else None,
        created_at=isoformat(job.created_at),
        started_at=_instant(job.started_at),
        completed_at=_instant(job.finished_at),
        expires_at=_instant(job.expires_at),
        error=_fault(job) if is_unfinished else UNSET,
        files=tuple(_file(each, origin=origin, now=now) for each in details.outputs),
        credits_charged=_charged(job),
    )


def clip_reply(
    details: JobDetails, facts: Mapping[str, Any], *, origin: str, now: datetime
) -> wire.Clip:
    """Word one clip of a job."""
    return _clip(details, facts, origin=origin, now=now)


def opened(found: Opened, *, clip_id: str, origin: str) -> wire.OpenedProject:
    """Word the project that a clip was opened as."""
    project, asset = found.project, found.asset
    return wire.OpenedProject(
        id=project.id,
        name=project.name,
        status=project.status.value,
        revision=project.revision,
        project_url=f"{origin}/api/video-project/{project.id}",
        preview_url=f"{origin}/p/{project.share_id}",
        viewer_url=f"{origin}/project/{project.share_id}",
        poster_url=f"{origin}/p/{project.share_id}/poster.png",
        clip_id=clip_id,
        file_id=asset.id,
        storage_bytes=asset.file.size_bytes,
    )


def style_list(*, origin: str) -> wire.StyleList:
    """Word the table of caption styles."""
    return wire.StyleList(
        caption_styles=tuple(
            wire.StyleItem(
                name=name,
                description=style.description,
                is_default=name == caption_styles.DEFAULT,
                picture_url=f"{origin}/static/captions/{name}.webp",
            )
            for name, style in caption_styles.STYLES.items()
        )
    )


def event_body(details: JobDetails, event: str, at: datetime) -> bytes:
    """Write the webhook of a finished job: what its status reply says, and the event."""
    told = _job(details, origin=details.job.origin or "", now=at)
    return msgspec.json.encode(wire.ClipJob(**told, event=event))


def _item(job: Job) -> wire.JobItem:
    return wire.JobItem(
        job_id=job.id,
        status=_STATUS[job.status],
        created_at=isoformat(job.created_at),
        kind=job.operation,
        progress=_percent(job),
        completed_at=_instant(job.finished_at),
        credits_charged=_charged(job),
    )


def _job(details: JobDetails, *, origin: str, now: datetime) -> dict[str, Any]:
    job, facts, params = details.job, details.job.facts, details.job.params
    source = facts.get("source", {})
    told: dict[str, Any] = {
        "job_id": job.id,
        "status": _STATUS[job.status],
        "clips": tuple(
            _clip(details, each, origin=origin, now=now) for each in facts.get("clips", ())
        ),
        "progress": _percent(job),
        "stage": job.stage if job.status is JobStatus.RUNNING else None,
        "created_at": isoformat(job.created_at),
        "started_at": _instant(job.started_at),
        "completed_at": _instant(job.finished_at),
        "expires_at": _instant(job.expires_at),
        "source": wire.ClipSource(
            url=params.get("source_url"),
            filename=params["filename"],
            duration_seconds=source.get("duration_seconds") or params.get("source_seconds"),
        ),
        "options": wire.ClipOptions(
            quality=params["quality"],
            caption_style=params["caption_style"] if params["captions"] else None,
            language=params["language"],
            aspect=params["aspect"],
        ),
        "credits_charged": _charged(job),
    }
    if job.status in {JobStatus.FAILED, JobStatus.CANCELLED}:
        told["error"] = _fault(job)
    if job.status is JobStatus.SUCCEEDED:
        told |= _results(details, origin=origin, now=now)
    return told


def _results(details: JobDetails, *, origin: str, now: datetime) -> dict[str, Any]:
    facts = details.job.facts
    if "text_outputs" not in facts:  # its owner has deleted what it made
        return {"minutes": facts["minutes"]}
    return {
        "text_outputs": msgspec.convert(facts["text_outputs"], wire.TextOutputs),
        "text_outputs_model": facts["text_outputs_model"],
        "chosen_by": facts["chosen_by"],
        "note": facts.get("note") or UNSET,
        "language": facts["language"],
        "transcript_url": _url(details, facts["outputs"]["transcript"], origin=origin, now=now),
        "minutes": facts["minutes"],
    }


def _clip(
    details: JobDetails, facts: Mapping[str, Any], *, origin: str, now: datetime
) -> wire.Clip:
    places = facts["outputs"]
    video = details.outputs[places["video"]]

    def url(name: str) -> str | None:
        return _url(details, places[name], origin=origin, now=now)

    return wire.Clip(
        clip_id=naming.clip_id(details.job.id, facts["number"]),
        job_id=details.job.id,
        title=facts["title"],
        virality_score=facts["virality_score"],
        duration_seconds=facts["duration_seconds"],
        resolution=facts["resolution"],
        caption_style=facts["caption_style"],
        download_url=url("video"),
        expires_at=isoformat(video.expires_at) if video.expires_at else "",
        number=facts["number"],
        score_parts=facts["score_parts"],
        reasons=tuple(facts["reasons"]),
        start_seconds=facts["start_seconds"],
        end_seconds=facts["end_seconds"],
        aspect=facts["aspect"],
        language=facts["language"],
        srt_url=url("srt"),
        vtt_url=url("vtt"),
        composition_url=url("composition"),
        size_bytes=video.size_bytes,
    )


def _url(details: JobDetails, position: int, *, origin: str, now: datetime) -> str | None:
    file = details.outputs[position]
    return None if file.is_gone(now) else link_to(file, origin=origin)


def _file(file: File, *, origin: str, now: datetime) -> wire.JobFile:
    return wire.JobFile(
        filename=file.filename,
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        url=None if file.is_gone(now) else link_to(file, origin=origin),
        expires_at=_instant(file.expires_at),
    )


def _fault(job: Job) -> wire.JobFault:
    code = job.error_code or "internal"
    if job.status is JobStatus.CANCELLED:
        return wire.JobFault(code=code, message=_CANCELLED, reason=code)
    return wire.JobFault(
        code=errors.word_of(code),
        message=job.error_message or "failed",
        reason=errors.told(code),
    )


def _percent(job: Job) -> int:
    return int(job.progress * 100)


def _charged(job: Job) -> int:
    return job.price if job.status is JobStatus.SUCCEEDED else 0


def _instant(at: datetime | None) -> str | None:
    return None if at is None else isoformat(at)
