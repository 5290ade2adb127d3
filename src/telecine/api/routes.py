"""Every URL of the platform on one page."""

from __future__ import annotations

from telecine.api.compress import FAMILY as COMPRESS
from telecine.api.compress import handlers as compress
from telecine.api.compress import wire
from telecine.api.family import Answer, Endpoint, Family

FAMILIES: tuple[Family, ...] = (COMPRESS,)

_BINARY = "application/octet-stream"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        family=COMPRESS,
        method="POST",
        path="/api/v1/compress",
        handler=compress.compress,
        summary="Compress a video",
        form=wire.CompressForm,
        example={"file": "@video.mp4", "codec": "h264", "quality": "23"},
        answers={202: Answer(description="The job is queued and paid for.", body=wire.Accepted)},
    ),
    Endpoint(
        family=COMPRESS,
        method="GET",
        path="/api/v1/status/{job_id}",
        handler=compress.status,
        summary="A job's state and progress",
        answers={200: Answer(description="The state.", body=wire.StatusReply)},
    ),
    Endpoint(
        family=COMPRESS,
        method="GET",
        path="/api/v1/download/{job_id}",
        handler=compress.download,
        summary="The finished file; ranges work",
        answers={
            200: Answer(description="The file.", media_type=_BINARY),
            206: Answer(description="The range asked for.", media_type=_BINARY),
            304: Answer(description="`If-None-Match` names the file.", media_type=""),
        },
    ),
    Endpoint(
        family=COMPRESS,
        method="GET",
        path="/api/v1/usage",
        handler=compress.usage,
        summary="Plan and credits",
        answers={200: Answer(description="The account.", body=wire.UsageReply)},
    ),
    Endpoint(
        family=COMPRESS,
        method="POST",
        path="/api/v1/convert",
        handler=compress.convert,
        summary="Convert an image while you wait",
        form=wire.ConvertForm,
        query=wire.ConvertQuery,
        example={"file": "@photo.jpg", "format": "webp", "width": "1200"},
        answers={
            200: Answer(
                description="The image.",
                media_type="image/*",
                headers=("X-Original-Size", "X-Output-Size", "X-Output-Format"),
            ),
            202: Answer(description="With ?async=true: a job.", body=wire.Accepted),
        },
    ),
)
