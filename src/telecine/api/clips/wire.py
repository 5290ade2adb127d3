"""The clips family on the wire: snake_case JSON, field by field as documented.

Fields that the document does not have are extensions and marked so.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from telecine.api.fields.remarks import Remark

WireStatus = Literal["queued", "processing", "completed", "failed"]
Quality = Literal["fast", "balanced", "high"]
Aspect = Literal["9:16", "1:1", "16:9"]

_LANGUAGE = Meta(description="A code such as en or de; `auto`, as without it: heard.")
_STYLE = Meta(description="One of GET /api/v1/caption-styles; white_bold without it.")
_LEAST = Meta(gt=0, le=3600, description="Extension: seconds of the shortest clip, 15 without it.")
_MOST = Meta(gt=0, le=3600, description="Extension: seconds of the longest clip, 90 without it.")
_COUNT = Meta(ge=1, le=50, description="Extension: most clips that are made, 10 without it.")
_HOOK = Meta(description="Extension: URL to POST to when the job has completed or failed.")


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the source that becomes a clip whatever is said in it; in seconds."""

    start: Annotated[float, Meta(ge=0, le=10**6)]
    end: Annotated[float, Meta(gt=0, le=10**6)]


class ProcessBody(msgspec.Struct, frozen=True, kw_only=True):
    """JSON of POST /api/v1/process: a source, and how its clips are wanted."""

    video_url: Annotated[
        str | None, Meta(description="Address of the video; `file_id` takes its place.")
    ] = None
    quality: Annotated[
        Quality, Meta(description="How much time goes into hearing and encoding.")
    ] = "balanced"
    caption_style: Annotated[str, _STYLE] = "white_bold"
    language: Annotated[str, _LANGUAGE] = "auto"
    # Extensions
    file_id: Annotated[
        str | None, Meta(description="Instead of an address: an uploaded file of the library.")
    ] = None
    aspect: Annotated[Aspect, Meta(description="Shape of the clips.")] = "9:16"
    captions: Annotated[bool, Meta(description="False: nothing is written over the clips.")] = True
    min_duration: Annotated[float, _LEAST] | None = None
    max_duration: Annotated[float, _MOST] | None = None
    max_clips: Annotated[int, _COUNT] | None = None
    segments: Annotated[
        tuple[Segment, ...],
        Meta(max_length=50, description="Parts that are made clips of; nothing is chosen then."),
    ] = ()
    webhook_url: Annotated[str | None, _HOOK] = None


class ProcessForm(msgspec.Struct, frozen=True, kw_only=True):
    """multipart/form-data of POST /api/v1/process, which is an extension as a whole."""

    file: Annotated[bytes, Meta(description="The video.")]
    quality: Quality = "balanced"
    caption_style: Annotated[str, _STYLE] = "white_bold"
    language: Annotated[str, _LANGUAGE] = "auto"
    aspect: Aspect = "9:16"
    captions: bool = True
    min_duration: Annotated[float, _LEAST] | UnsetType = UNSET
    max_duration: Annotated[float, _MOST] | UnsetType = UNSET
    max_clips: Annotated[int, _COUNT] | UnsetType = UNSET
    segments: Annotated[
        str | UnsetType, Meta(description='As JSON: [{"start":12.5,"end":61}].')
    ] = UNSET
    webhook_url: Annotated[str | UnsetType, _HOOK] = UNSET


class JobQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of GET /api/v1/jobs."""

    limit: Annotated[int, Meta(description="Jobs of a page, 1 to 100.")] = 20
    cursor: Annotated[
        str | UnsetType, Meta(description="`next_cursor` of the page before, as it was sent.")
    ] = UNSET
    kind: Annotated[
        Literal["clips", "all"], Meta(description="Extension. all: jobs of every API.")
    ] = "clips"


class ProcessAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """202 of POST /api/v1/process."""

    job_id: str
    status: WireStatus
    created_at: str
    estimated_seconds: int
    # Extensions
    status_url: str
    credits_held: int
    warnings: tuple[Remark, ...] = ()


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A clip, in a job as by itself. Addresses are null once its time is over."""

    clip_id: str
    job_id: str
    title: str
    virality_score: int
    duration_seconds: float
    resolution: str
    caption_style: str | None
    download_url: str | None
    expires_at: str
    # Extensions
    number: int
    score_parts: dict[str, float]
    reasons: tuple[str, ...]
    start_seconds: float
    end_seconds: float
    aspect: str
    language: str
    srt_url: str | None
    vtt_url: str | None
    composition_url: str | None
    size_bytes: int


class TextOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """Three texts of the whole video."""

    twitter_thread: str
    linkedin_post: str
    blog_post: str


class JobFault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job failed: the word that an error of a request has, a sentence, and the exact code."""

    code: str
    message: str
    reason: str


class ClipSource(msgspec.Struct, frozen=True, kw_only=True):
    """What clips were made of. What is not known yet is null."""

    url: str | None
    filename: str
    duration_seconds: float | None


class ClipOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How clips were asked for."""

    quality: str
    caption_style: str | None
    language: str
    aspect: str


class ClipJob(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/v1/jobs/{job_id}, and the body of webhooks. `progress` is a percentage."""

    job_id: str
    status: WireStatus
    clips: tuple[Clip, ...]
    text_outputs: TextOutputs | UnsetType = UNSET
    # Extensions
    progress: int
    stage: str | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    expires_at: str | None
    error: JobFault | UnsetType = UNSET
    source: ClipSource
    options: ClipOptions
    text_outputs_model: str | UnsetType = UNSET
    chosen_by: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    transcript_url: str | None = None
    minutes: int | UnsetType = UNSET
    credits_charged: int
    event: str | UnsetType = UNSET


class JobFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a job has made. Its address is null once its time is over."""

    filename: str
    media_type: str
    size_bytes: int
    url: str | None
    expires_at: str | None


class AnyJob(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/v1/jobs/{job_id} for a job of another API: what all of them have.

    An extension as a whole. `progress` is a percentage.
    """

    job_id: str
    status: WireStatus
    api: str
    kind: str
    progress: int
    stage: str | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    expires_at: str | None
    error: JobFault | UnsetType = UNSET
    files: tuple[JobFile, ...]
    credits_charged: int


class JobItem(msgspec.Struct, frozen=True, kw_only=True):
    """A line of GET /api/v1/jobs."""

    job_id: str
    status: WireStatus
    created_at: str
    # Extensions
    kind: str
    progress: int
    completed_at: str | None
    credits_charged: int


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/v1/jobs, newest first."""

    jobs: tuple[JobItem, ...]
    next_cursor: str | None
    has_more: bool


class OpenedProject(msgspec.Struct, frozen=True, kw_only=True):
    """201 of POST /api/v1/clips/{clip_id}/project: a project as the projects family has it."""

    id: int
    name: str
    status: str
    revision: int
    project_url: str
    preview_url: str
    viewer_url: str
    poster_url: str
    clip_id: str
    file_id: str
    storage_bytes: int


class StyleItem(msgspec.Struct, frozen=True, kw_only=True):
    """A caption style."""

    name: str
    description: str
    is_default: bool
    picture_url: str


class StyleList(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/v1/caption-styles."""

    caption_styles: tuple[StyleItem, ...]


class ClipFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Every error of this family."""

    error: str
    message: str
    # Extensions
    code: str
    request_id: str
    field: str | UnsetType = UNSET
    job_id: str | UnsetType = UNSET
    credits_needed: int | UnsetType = UNSET
    credits_remaining: int | UnsetType = UNSET
    storage_used: int | UnsetType = UNSET
    storage_limit: int | UnsetType = UNSET
