"""The compress family on the wire: snake_case JSON, field by field as documented.

Fields that the document does not have are extensions and marked so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from telecine.api.fields.remarks import Remark
from telecine.api.orders.usage import Usage
from telecine.core.jobs import Job, JobDetails, JobStatus
from telecine.kit.clock import isoformat
from telecine.media.encode import Fit as VideoFit
from telecine.media.encode import VideoCodec
from telecine.media.image_formats import Fit as ImageFit
from telecine.media.image_formats import Format
from telecine.operations.compress import Method

WireStatus = Literal["pending", "processing", "completed", "failed"]

_STATUS: Mapping[JobStatus, WireStatus] = {
    JobStatus.QUEUED: "pending",
    JobStatus.RUNNING: "processing",
    JobStatus.SUCCEEDED: "completed",
    JobStatus.FAILED: "failed",
    # The family has no word for it; `error` says "cancelled".
    JobStatus.CANCELLED: "failed",
}


class CompressForm(msgspec.Struct, frozen=True, kw_only=True):
    """multipart/form-data of POST /api/v1/compress."""

    file: Annotated[bytes, Meta(description="Video file (required, max 2GB).")]
    codec: Annotated[VideoCodec, Meta(description="Default h264.")] = "h264"
    quality: Annotated[
        float | UnsetType,
        Meta(
            description="CRF 18-51 (default 23 for h264, 28 for h265, 35 for av1). Where method is "
            "bitrate and `bitrate` is absent: kbps. Where method is size and no target is given: MB."
        ),
    ] = UNSET
    method: Annotated[Method, Meta(description="Default crf.")] = "crf"
    resolution: Annotated[
        str | UnsetType,
        Meta(description="Box to fit inside, such as 1920x1080: aspect kept, never enlarged."),
    ] = UNSET
    webhook_url: Annotated[
        str | UnsetType, Meta(description="URL to POST to when the job completes or fails.")
    ] = UNSET
    bitrate: Annotated[
        str | UnsetType, Meta(description="Extension, method bitrate: kbps, or '2500k', '2.5M'.")
    ] = UNSET
    target_size_mb: Annotated[
        float | UnsetType, Meta(description="Extension, method size: at most so many MB (10^6).")
    ] = UNSET
    target_size_bytes: Annotated[
        int | UnsetType, Meta(description="Extension, method size: at most so many bytes.")
    ] = UNSET
    fit: Annotated[
        VideoFit, Meta(description="Extension: how the picture fills `resolution`. Default inside.")
    ] = "inside"
    keep_smaller: Annotated[
        bool, Meta(description="Extension: deliver the original where the result is larger.")
    ] = False


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """202 of POST /api/v1/compress."""

    success: bool = True
    job_id: str
    status: WireStatus
    status_url: str
    credits_charged: int
    #: Fields of the form that nobody reads; left out where there are none.
    warnings: tuple[Remark, ...] | UnsetType = UNSET


class InputInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What was uploaded."""

    filename: str
    size_bytes: int


class OutputInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What came out. `compression_ratio` is the percentage saved, negative when it grew."""

    filename: str
    size_bytes: int
    compression_ratio: int
    download_url: str
    expires_at: str
    # Extensions
    crf_used: float | UnsetType = UNSET
    warning: str | UnsetType = UNSET
    codec: str | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    duration_seconds: float | UnsetType = UNSET


class StatusReply(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/v1/status/{job_id}. `progress` is a percentage."""

    success: bool = True
    job_id: str
    status: WireStatus
    progress: int
    input: InputInfo
    output: OutputInfo | UnsetType = UNSET
    error: str | UnsetType = UNSET
    # Extensions
    error_code: str | UnsetType = UNSET
    credits_charged: int
    created_at: str


class CreditsInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The balance is what can still be spent: running jobs' holds are off it."""

    balance: int
    total_purchased: int


class UsageReply(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/v1/usage: what two documents have under this URL. A MB here has 2^20 bytes."""

    success: bool = True
    plan: str
    credits: CreditsInfo
    period_start: str
    period_end: str
    minutes_used: float
    minutes_limit: int
    storage_used_mb: int
    storage_limit_mb: int
    credits_remaining: int


class ConvertForm(msgspec.Struct, frozen=True, kw_only=True):
    """multipart/form-data of POST /api/v1/convert."""

    file: Annotated[bytes, Meta(description="Image file (required, max 50MB).")]
    format: Annotated[Format, Meta(description="Of the result; jpeg and tif are understood too.")]
    quality: Annotated[
        int,
        Meta(ge=1, le=100, description="1-100, default 80; for png the default is lossless."),
    ] = 80
    width: Annotated[int | UnsetType, Meta(description="Resize width in pixels.")] = UNSET
    height: Annotated[int | UnsetType, Meta(description="Resize height in pixels.")] = UNSET
    fit: Annotated[
        ImageFit, Meta(description="Extension, where both sides are given. Default inside.")
    ] = "inside"
    webhook_url: Annotated[
        str | UnsetType,
        Meta(description="Extension, with ?async=true: URL to POST to when the job has ended."),
    ] = UNSET


class ConvertQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of POST /api/v1/convert."""

    is_job: Annotated[
        bool, Meta(description="Extension: answer 202 and a job, as POST /api/v1/compress does.")
    ] = msgspec.field(default=False, name="async")


class ErrorReply(msgspec.Struct, frozen=True, kw_only=True):
    """Every error of this family."""

    success: bool = False
    error: str
    code: str
    request_id: str
    field: str | UnsetType = UNSET


class EventOutput(msgspec.Struct, frozen=True, kw_only=True):
    """The output, as a webhook tells it."""

    download_url: str
    size_bytes: int
    expires_at: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook."""

    event: str
    job_id: str
    status: WireStatus
    output: EventOutput | UnsetType = UNSET
    error: str | UnsetType = UNSET
    timestamp: str


def accepted(job: Job, *, warnings: tuple[Remark, ...] = ()) -> Accepted:
    """Word the acceptance of a job."""
    return Accepted(
        job_id=job.id,
        status=_STATUS[job.status],
        status_url=f"/api/v1/status/{job.id}",
        credits_charged=job.price,
        warnings=warnings or UNSET,
    )


def status_reply(details: JobDetails) -> StatusReply:
    """Word a job's present state."""
    job = details.job
    source = details.inputs[0] if details.inputs else None
    is_failed = job.status in {JobStatus.FAILED, JobStatus.CANCELLED}
    return StatusReply(
        job_id=job.id,
        status=_STATUS[job.status],
        progress=int(job.progress * 100),
        input=InputInfo(
            filename=source.filename if source else "",
            size_bytes=source.size_bytes if source else 0,
        ),
        output=_output_info(details) if details.outputs else UNSET,
        error=job.error_message or "failed" if is_failed else UNSET,
        error_code=job.error_code or UNSET if is_failed else UNSET,
        credits_charged=0 if is_failed else job.price,
        created_at=isoformat(job.created_at),
    )


def percent_saved(input_bytes: int, output_bytes: int) -> int:
    """100 MiB to 30 MiB is 70; negative when it grew."""
    return round(100 * (1 - output_bytes / input_bytes))


def usage_reply(plan_name: str, used: Usage) -> UsageReply:
    """Word what an account has used of its plan."""
    return UsageReply(
        plan=plan_name,
        credits=CreditsInfo(balance=used.balance.available, total_purchased=used.balance.granted),
        period_start=used.period_start.isoformat(),
        period_end=used.period_end.isoformat(),
        minutes_used=used.minutes_used,
        minutes_limit=used.minutes_limit,
        storage_used_mb=math.ceil(used.storage_used_bytes / 2**20),
        storage_limit_mb=used.storage_limit_bytes // 2**20,
        credits_remaining=used.balance.available,
    )


def event_body(details: JobDetails, event: str, at: datetime) -> bytes:
    """Write the webhook of a finished job."""
    job = details.job
    output = details.outputs[0] if details.outputs else None
    body = Event(
        event=event,
        job_id=job.id,
        status=_STATUS[job.status],
        output=UNSET
        if output is None
        else EventOutput(
            download_url=_download_url(job),
            size_bytes=output.size_bytes,
            expires_at=_expiry(job),
        ),
        error=UNSET if output is not None else job.error_message or "failed",
        timestamp=isoformat(at),
    )
    return msgspec.json.encode(body)


def _output_info(details: JobDetails) -> OutputInfo:
    job, output = details.job, details.outputs[0]
    input_bytes = details.inputs[0].size_bytes if details.inputs else job.facts[_ORIGINAL]
    facts = {name: job.facts[name] for name in _FACTS if job.facts.get(name) is not None}
    return OutputInfo(
        filename=output.filename,
        size_bytes=output.size_bytes,
        compression_ratio=percent_saved(input_bytes, output.size_bytes),
        download_url=_download_url(job),
        expires_at=_expiry(job),
        **facts,
    )


#: The fact that takes the place of an input that was never stored.
_ORIGINAL = "original_size_bytes"
#: What an operation may report beyond the documented fields.
_FACTS = ("crf_used", "warning", "codec", "width", "height", "duration_seconds")


def _download_url(job: Job) -> str:
    return f"/api/v1/download/{job.id}"


def _expiry(job: Job) -> str:
    assert job.expires_at is not None
    return isoformat(job.expires_at)
