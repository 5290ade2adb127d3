"""The voiceover family on the wire: camelCase JSON, field by field as documented.

Fields that the document does not have are extensions and marked so.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from telecine.api.fields.remarks import Remark
from telecine.media.voiceover.arranging import Mode

WireStatus = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
Aspect = Literal["16:9", "9:16", "1:1"]

#: Of a new webhook secret: for how long the former one signs beside it.
MOST_GRACE_SECONDS = 7 * 24 * 3600


class VoiceoverForm(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """multipart/form-data of POST /api/jobs."""

    image: Annotated[bytes, Meta(description="JPEG, PNG or WebP. Max 50 MB.")]
    audio: Annotated[bytes, Meta(description="MP3, WAV, M4A or OGG. Max 50 MB.")]
    webhook_url: Annotated[
        str | UnsetType,
        Meta(description="HTTPS URL to POST to when the job has completed or failed."),
    ] = UNSET
    mode: Annotated[Mode, Meta(description="Extension: what is done with the image.")] = "auto"
    captions: Annotated[
        bool | UnsetType,
        Meta(
            description="Extension: write what is said over the picture; "
            "without it, where a caption_style is given."
        ),
    ] = UNSET
    caption_style: Annotated[
        str | UnsetType, Meta(description="Extension: how captions look; white_bold without it.")
    ] = msgspec.field(name="caption_style", default=UNSET)
    language: Annotated[
        str, Meta(description="Extension: what is spoken, such as en; `auto`: heard.")
    ] = "auto"
    aspect: Annotated[
        Aspect | UnsetType, Meta(description="Extension: shape of the video; else the image's.")
    ] = UNSET
    width: Annotated[int | UnsetType, Meta(description="Extension: of the video, 128-3840 px.")] = (
        UNSET
    )
    height: Annotated[
        int | UnsetType, Meta(description="Extension: of the video, 128-3840 px.")
    ] = UNSET


class VoiceoverQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query of GET /api/jobs."""

    limit: Annotated[int, Meta(description="Page size, 1-100; others are moved inside.")] = 20
    cursor: Annotated[
        str | UnsetType, Meta(description="The nextCursor of the page before, as it was sent.")
    ] = UNSET
    status: Annotated[WireStatus | UnsetType, Meta(description="Jobs in this state alone.")] = UNSET


class VoiceoverCreated(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """201 of POST /api/jobs."""

    message: str = "Job created"
    job_id: str
    # Extensions
    id: str
    status: WireStatus
    credits_held: int
    warnings: tuple[Remark, ...] = ()


class VoiceoverJob(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A job: in a list, by itself, and as the body of webhooks."""

    id: str
    job_id: str
    status: WireStatus
    progress: int | None
    output_video: str | None
    output_share_link: str | None
    error_message: str | None
    retries: int
    created_at: str
    updated_at: str
    webhook_url: str | None
    # Extensions
    error_code: str | None
    expires_at: str | None
    credits_charged: int
    mode: str
    width: int
    height: int
    duration: float


class VoiceoverPagination(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a page ends."""

    limit: int
    next_cursor: str | None
    has_next_page: bool


class VoiceoverList(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/jobs, newest first."""

    jobs: tuple[VoiceoverJob, ...]
    pagination: VoiceoverPagination


class VoiceoverCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """200 of a cancellation."""

    success: bool = True
    message: str = "Job cancelled successfully"


class SecretBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """JSON of POST /api/account/webhook-secret; nothing at all is fine."""

    grace_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=MOST_GRACE_SECONDS,
            description="How long the secret of now goes on signing beside the new one.",
        ),
    ] = 24 * 3600


class SecretReply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of /api/account/webhook-secret: what signs the account's webhooks."""

    secret: str
    former_secret: str | None
    former_secret_expires_at: str | None


class VoiceoverFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Every error of this family."""

    error: str
    # Extensions
    code: str
    request_id: str
    field: str | UnsetType = UNSET
