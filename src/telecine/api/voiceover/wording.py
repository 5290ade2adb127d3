"""Jobs of the voiceover family -> its words. One object in lists, in status replies and in webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from telecine.api.fields.remarks import Remark
from telecine.api.stored.links import link_to
from telecine.api.voiceover import wire
from telecine.api.voiceover.wire import WireStatus
from telecine.core.accounts import Account
from telecine.core.files import File
from telecine.core.jobs import Job, JobDetails, JobPage, JobStatus
from telecine.kit.clock import isoformat_exact
from telecine.operations.voiceover import VoiceoverParams

#: Stored in job rows.
FAMILY = "voiceover"
#: The folder of a share link; what follows is the id of the video's file, without its prefix.
SHARE_PATH = "share"
_FILE_PREFIX = "file_"

STATUSES: Mapping[WireStatus, JobStatus] = {
    "PENDING": JobStatus.QUEUED,
    "PROCESSING": JobStatus.RUNNING,
    "COMPLETED": JobStatus.SUCCEEDED,
    "FAILED": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
}
_WORDS: Mapping[JobStatus, WireStatus] = {status: word for word, status in STATUSES.items()}


def created(job: Job, *, warnings: tuple[Remark, ...]) -> wire.VoiceoverCreated:
    """Word the acceptance of a job."""
    return wire.VoiceoverCreated(
        job_id=job.id,
        id=job.id,
        status=_WORDS[job.status],
        credits_held=job.price,
        warnings=warnings,
    )


def status(details: JobDetails, *, origin: str, now: datetime) -> wire.VoiceoverJob:
    """Word a job's present state."""
    job, params = details.job, msgspec.convert(details.job.params, VoiceoverParams)
    video = video_of(details, now=now)
    is_failed = job.status is JobStatus.FAILED
    is_free = job.status in {JobStatus.FAILED, JobStatus.CANCELLED}
    return wire.VoiceoverJob(
        id=job.id,
        job_id=job.id,
        status=_WORDS[job.status],
        progress=_progress(job),
        output_video=None if video is None else link_to(video, origin=origin),
        output_share_link=None if video is None else share_link(video, origin=origin),
        error_message=job.error_message or "failed" if is_failed else None,
        error_code=job.error_code if is_failed else None,
        retries=max(0, job.attempt - 1),
        created_at=isoformat_exact(job.created_at),
        updated_at=isoformat_exact(job.finished_at or job.started_at or job.created_at),
        webhook_url=job.webhook_url,
        expires_at=None if job.expires_at is None else isoformat_exact(job.expires_at),
        credits_charged=0 if is_free else job.price,
        mode=params.mode,
        width=params.width,
        height=params.height,
        duration=round(float(job.facts.get("duration_seconds", params.seconds)), 3),
    )


def listed(
    page: JobPage, details: tuple[JobDetails, ...], *, limit: int, origin: str, now: datetime
) -> wire.VoiceoverList:
    """Word a page of jobs."""
    return wire.VoiceoverList(
        jobs=tuple(status(each, origin=origin, now=now) for each in details),
        pagination=wire.VoiceoverPagination(
            limit=limit,
            next_cursor=page.next_cursor,
            has_next_page=page.next_cursor is not None,
        ),
    )


def secret(account: Account, *, now: datetime) -> wire.SecretReply:
    """Word what signs an account's webhooks."""
    until = account.former_webhook_secret_until
    is_graced = len(account.webhook_secrets(now)) > 1 and until is not None
    return wire.SecretReply(
        secret=account.webhook_secret,
        former_secret=account.former_webhook_secret if is_graced else None,
        former_secret_expires_at=isoformat_exact(until) if is_graced and until else None,
    )


def event_body(details: JobDetails, event: str, at: datetime) -> bytes:
    """Write the webhook of a finished job: what a status reply says at that instant."""
    del event
    return msgspec.json.encode(status(details, origin=details.job.origin or "", now=at))


def video_of(details: JobDetails, *, now: datetime) -> File | None:
    """Return the finished video while it can be had."""
    video = details.outputs[0] if details.outputs else None
    return None if video is None or video.is_gone(now) else video


def share_link(video: File, *, origin: str) -> str:
    """Return the address of the page that shows a video."""
    return f"{origin}/{SHARE_PATH}/{video.id.removeprefix(_FILE_PREFIX)}"


def shared_file(share_id: str) -> str:
    """Return the id of the file that a share link shows."""
    return f"{_FILE_PREFIX}{share_id}"


def _progress(job: Job) -> int | None:
    if job.status is JobStatus.SUCCEEDED:
        return 100
    return int(job.progress * 100) if job.status is JobStatus.RUNNING else None
