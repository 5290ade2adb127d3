"""What the reference shows as examples: bodies to send, values of fields, errors as they look.

Values of fields go by their name, whatever its case, as their meanings do; those that are not of
the type of their field are left out. Forms have their examples beside their endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from telecine.api.reference.meanings import snake
from telecine.kit.errors import (
    AuthenticationError,
    BusyError,
    ConflictError,
    FileTooLargeError,
    ForbiddenError,
    InsufficientCreditsError,
    InvalidDocumentError,
    InvalidRequestError,
    MalformedKeyError,
    MediaLimitError,
    MissingFileError,
    MissingKeyError,
    RangeError,
    RateLimitedError,
    RevokedKeyError,
    StorageQuotaError,
    TelecineError,
    UndecodableMediaError,
    UnknownKeyError,
    UnsupportedMediaError,
)

#: The id of a request that fails.
REQUEST_ID: Final = "req_94xy0yxfqx6h0l7s66w4"

_EMAIL: Final = "local@telecine.localhost"
_OWNED: Final = {"email": _EMAIL}
_FILM: Final = {
    "meta": {"version": "2.0.0", "width": 1280, "height": 720, "fps": 30},
    "tracks": [{"clips": [{"type": "text", "text": "Hello World", "start": 0, "duration": 5}]}],
}
#: JSON that does something, by what the reference calls the operation.
_BODIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "clips_process": {"video_url": "https://example.com/talk.mp4", "max_clips": 3},
    "video_create": {"config": _FILM, "title": "Hello"},
    "video_render": {"num_workers": 2},
    "video_create_preview": _FILM,
    "video_convert_preview": {"category": "draft"},
    "video_render_preview": {"category": "draft"},
    "projects_create": {**_OWNED, "name": "Sunset Beach Promo", "templateId": "title-opener"},
    "projects_update": {**_OWNED, "name": "Sunset Beach, second try"},
    "projects_patch": {
        **_OWNED,
        "operation": "deep-merge",
        "data": {"composition": {"items": {"title": {"text": "Second try"}}}},
    },
    "projects_duplicate": {**_OWNED, "name": "Sunset Beach for phones"},
    "projects_render": {**_OWNED, "format": "mp4"},
    "projects_chat": {**_OWNED, "message": {"role": "user", "content": "Make it shorter"}},
    "projects_renew_link": _OWNED,
    "projects_delete": _OWNED,
    "projects_cancel": _OWNED,
    "projects_restore": _OWNED,
    "voiceover_rotate_webhook_secret": {"graceSeconds": 86400},
    "webhooks_replay_lost": {"since": "2026-04-12T08:00:00Z"},
    "webhooks_send_test": {"url": "https://example.com/hooks/telecine"},
}

_MADE: Final = "2026-04-12T12:00:00Z"
_ENDED: Final = "2026-04-12T12:00:09Z"
_GONE: Final = "2026-04-13T12:00:09Z"
_BY_NAME: Final[Mapping[str, Any]] = {
    # Ids
    "job_id": "j_abc123def456",
    "task_id": "abc123def456",
    "video_task_id": "vt_x712knjxy3o9",
    "render_id": "rt_x712knjxy3o9",
    "render_task_id": "rt_x712knjxy3o9",
    "temp_id": "temp_n8s550royyaywwrj",
    "clip_id": "clip_x712knjxy3o901",
    "file_id": "asset_5hq0v3xw7m2k9d4t",
    "template_id": "title-opener",
    "request_id": REQUEST_ID,
    # Times
    "created_at": _MADE,
    "started_at": "2026-04-12T12:00:01Z",
    "completed_at": _ENDED,
    "updated_at": _ENDED,
    "last_edited_at": _ENDED,
    "timestamp": _ENDED,
    "at": _ENDED,
    "last_attempt_at": _ENDED,
    "last_accepted_at": _ENDED,
    "expires_at": _GONE,
    "period_start": "2026-04-01",
    "period_end": "2026-04-30",
    # Files
    "filename": "video-compressed.mp4",
    "size": 31457280,
    "size_bytes": 31457280,
    "media_type": "video/mp4",
    "content_type": "video/mp4",
    "mime_type": "image/jpeg",
    "width": 1280,
    "height": 720,
    "fps": 30,
    "duration": 5.0,
    "duration_seconds": 62.0,
    "duration_in_frames": 150,
    "frames": 150,
    "resolution": "1080x1920",
    "compression_ratio": 70,
    "crf_used": 23,
    "codec": "h264",
    # Addresses
    "url": "https://video.example.com/storage/file_or400awdelw9523tgk8e/holiday.jpg",
    "download_url": "https://video.example.com/storage/file_or400awdelw9523tgk8e/clip-01.mp4",
    "srt_url": "https://video.example.com/storage/file_or400awdelw9523tgk8e/clip-01.srt",
    "vtt_url": "https://video.example.com/storage/file_or400awdelw9523tgk8e/clip-01.vtt",
    "video_url": "https://video.example.com/storage/file_or400awdelw9523tgk8e/film.mp4",
    "render_url": "https://video.example.com/storage/file_or400awdelw9523tgk8e/project-12.mp4",
    "preview_url": "https://video.example.com/v/abc123def456",
    "viewer_url": "https://video.example.com/watch/abc123def456",
    "config_url": "abc123def456.json",
    "config_href": "https://video.example.com/v/abc123def456.json",
    "status_url": "https://video.example.com/api/v1/jobs/job_x712knjxy3o9",
    "webhook_url": "https://example.com/hooks/telecine",
    # Jobs and what they cost
    "progress": 100,
    "kind": "compress",
    "api": "compress",
    "stage": None,
    "estimated_seconds": 9,
    "cost": 5,
    "cost_credits": 5,
    "credits_charged": 5,
    "credits_held": 5,
    "credits": 95,
    "balance": 95,
    "total_purchased": 100,
    "credits_remaining": 95,
    "remaining_credits": 95,
    "plan": "pro",
    "quality": "720p",
    "workers_used": 1,
    "error": None,
    "error_code": None,
    "error_message": None,
    "render_error": None,
    # Clips
    "virality_score": 87,
    "reasons": ["It begins with a question."],
    "score_parts": {"hook": 0.9, "completeness": 1.0, "topic": 0.8, "density": 0.7},
    "start_seconds": 312.4,
    "end_seconds": 374.4,
    "caption_style": "white_bold",
    "language": "en",
    "aspect": "9:16",
    "minutes": 8,
    "chosen_by": "local",
    # Pages
    "total": 37,
    "count": 1,
    "next_cursor": None,
    # Projects
    "email": _EMAIL,
    "name": "Sunset Beach Promo",
    "title": "Hello",
    "revision": 7,
}
_CLIPS: Final = ("ProcessAccepted", "Clip", "ClipJob", "JobItem")
_PROJECTS: Final = ("ProjectReply", "FullReply", "OpenedProject")
_BY_STRUCT: Final[Mapping[tuple[str, str], Any]] = {
    **{(each, "job_id"): "job_x712knjxy3o9" for each in _CLIPS},
    **{(each, "preview_url"): "https://video.example.com/p/p_…" for each in _PROJECTS},
    **{(each, "viewer_url"): "https://video.example.com/project/p_…" for each in _PROJECTS},
    ("Accepted", "status_url"): "/api/v1/status/j_abc123def456",
    ("OutputInfo", "download_url"): "/api/v1/download/j_abc123def456",
    ("ProcessAccepted", "progress"): 0,
    ("JobItem", "kind"): "clips",
    ("Clip", "title"): "The best moment",
    ("OpenedProject", "name"): "The best moment",
    ("PreviewCreated", "preview_url"): "https://video.example.com/t/temp_n8s550royyaywwrj",
    ("PreviewCreated", "viewer_url"): "https://video.example.com/preview/temp_n8s550royyaywwrj",
}

#: Errors as they come; of one that is not here, its own sentence is shown.
_ERRORS: Final[tuple[TelecineError, ...]] = (
    InvalidRequestError("'width' is a whole number from 16 to 7680.", field="width"),
    MissingFileError("No file was sent. It belongs in 'file'.", field="file"),
    InvalidDocumentError(
        "meta.width: This number is out of range: 100000; allowed: 16 to 7680.",
        problems=[
            {
                "path": "meta.width",
                "code": "RANGE",
                "message": "This number is out of range.",
                "got": "100000",
                "allowed": "16 to 7680",
            }
        ],
    ),
    MissingKeyError("No API key was sent. Send it as 'Authorization: Bearer <key>'."),
    MalformedKeyError(
        "This is not an API key: the prefix, length or checksum is wrong. Was it cut when copied?"
    ),
    UnknownKeyError(),
    RevokedKeyError(),
    ForbiddenError("The Free plan has no access to this API. It needs another plan."),
    ConflictError(job_id="job_x712knjxy3o9"),
    InsufficientCreditsError(needed=8, available=3),
    RangeError(size_bytes=31457280),
    StorageQuotaError(
        "The storage of the plan is full.",
        used_bytes=530_000_000,
        limit_bytes=536_870_912,
        needed_bytes=20_000_000,
    ),
    FileTooLargeError(field="file"),
    UnsupportedMediaError("The file is not a video that can be read here.", field="file"),
    UndecodableMediaError(field="file"),
    MediaLimitError(field="file"),
    RateLimitedError("Too many requests. Come back in 12 seconds.", retry_after_seconds=12),
    BusyError("The server is busy. Try again in some seconds.", retry_after_seconds=5),
)

#: The operations whose bodies are here.
OPERATIONS: Final = frozenset(_BODIES)


def body(operation_id: str) -> Mapping[str, Any] | None:
    """Return JSON that an operation takes; None where it takes none."""
    return _BODIES.get(operation_id)


def value(struct: str, field: str, schema: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the example of a field, alone; nothing where there is none of its type."""
    name = snake(field)
    if "enum" in schema or ((struct, name) not in _BY_STRUCT and name not in _BY_NAME):
        return ()
    found = _BY_STRUCT.get((struct, name), _BY_NAME.get(name))
    kinds = {each.get("type") for each in (schema, *schema.get("anyOf", ()))}
    return (found,) if _kinds(found) & kinds else ()


def _kinds(found: Any) -> set[str]:
    if found is None:
        return {"null"}
    if isinstance(found, str):
        return {"string"}
    if isinstance(found, (list, dict)):
        return {"array" if isinstance(found, list) else "object"}
    return {"number"} if isinstance(found, float) else {"integer", "number"}


def errors(raised: type[TelecineError]) -> tuple[TelecineError, ...]:
    """Return an error as clients may get it: several, where it stands for its kinds."""
    if raised is AuthenticationError:
        return tuple(each for each in _ERRORS if isinstance(each, AuthenticationError))
    listed = tuple(each for each in _ERRORS if type(each) is raised)
    return listed or (raised(),)
