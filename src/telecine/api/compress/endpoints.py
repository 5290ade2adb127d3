"""The URLs of the compress family."""

from __future__ import annotations

from functools import partial

from telecine.api.compress import FAMILY, handlers, wire
from telecine.api.family import Answer, Endpoint, below, ended

_MEDIA = "video/*, image/*"

_compress = partial(below, FAMILY, "/api/v1")
ENDPOINTS: tuple[Endpoint, ...] = (
    _compress(
        *("POST", "compress", handlers.compress, "Compress a video", wire.Accepted),
        status=202,
        said="The job is queued and paid for.",
        more=ended(wire.StatusReply),
        tell=handlers.tell,
        form=wire.CompressForm,
        example={"file": "@video.mp4", "codec": "h264", "quality": "23"},
    ),
    _compress(
        *("GET", "status/{job_id}", handlers.status, "A job's state and progress"),
        wire.StatusReply,
        said="The state.",
        waits=True,
    ),
    Endpoint(
        family=FAMILY,
        method="GET",
        path="/api/v1/download/{job_id}",
        handler=handlers.download,
        summary="The finished file; ranges work",
        answers={
            200: Answer(description="The file.", media_type=_MEDIA),
            206: Answer(description="The range asked for.", media_type=_MEDIA),
            304: Answer(description="`If-None-Match` names the file.", media_type=""),
        },
    ),
    _compress(
        *("GET", "usage", handlers.usage, "Plan and credits", wire.UsageReply), said="The account."
    ),
    Endpoint(
        family=FAMILY,
        method="POST",
        path="/api/v1/convert",
        handler=handlers.convert,
        summary="Convert an image while you wait",
        tell=handlers.tell,
        form=wire.ConvertForm,
        query=wire.ConvertQuery,
        example={"file": "@photo.jpg", "format": "webp", "width": "1200"},
        answers={
            200: Answer(
                description="The image.",
                media_type="image/*",
                headers=("X-Original-Size", "X-Output-Size", "X-Output-Format", "X-Warning"),
            ),
            202: Answer(description="With ?async=true: a job.", body=wire.Accepted),
        },
    ),
)
