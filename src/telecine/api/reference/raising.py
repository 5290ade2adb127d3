"""What an endpoint may raise: with the family's table of errors, the statuses of the reference.

What follows from how an endpoint is asked is found; what follows from what it does is listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from telecine.api.family import Endpoint
from telecine.kit.errors import (
    AuthenticationError,
    BusyError,
    ConflictError,
    ExpiredError,
    FileTooLargeError,
    ForbiddenError,
    InsufficientCreditsError,
    InternalError,
    InvalidDocumentError,
    InvalidRequestError,
    MediaLimitError,
    MissingFileError,
    NotFoundError,
    NotReadyError,
    OutboundError,
    RangeError,
    RateLimitedError,
    RepeatDiffersError,
    RepeatUnderWayError,
    RequestTimeoutError,
    StaleError,
    StorageFullError,
    StorageQuotaError,
    TelecineError,
    UndecodableMediaError,
    UnsupportedMediaError,
)

Errors = tuple[type[TelecineError], ...]

_ALWAYS: Final[Errors] = (
    InvalidRequestError,
    AuthenticationError,
    ForbiddenError,
    RateLimitedError,
    InternalError,
    BusyError,
)
_FORM: Final[Errors] = (
    UnsupportedMediaError,
    UndecodableMediaError,
    MediaLimitError,
)
_PAID: Final[Errors] = (InsufficientCreditsError,)
_COMPOSED: Final[Errors] = (InvalidDocumentError, OutboundError)
_RENDERED: Final[Errors] = (*_PAID, *_COMPOSED, ConflictError)
_REPEATED: Final[Errors] = (RepeatUnderWayError, RepeatDiffersError)
_KEPT: Final[Errors] = (StorageQuotaError,)
_EDITED: Final[Errors] = (*_KEPT, ConflictError)
#: By what the reference calls the operation.
_BY_OPERATION: Final[Mapping[str, Errors]] = {
    "compress_compress": _PAID,
    "compress_convert": _PAID,
    "compress_download": (NotReadyError, ExpiredError, RangeError),
    "uploads_create": (*_KEPT, ConflictError, FileTooLargeError, UnsupportedMediaError),
    "uploads_patch": (
        *_KEPT,
        ConflictError,
        ExpiredError,
        FileTooLargeError,
        UnsupportedMediaError,
    ),
    "uploads_override": (
        *_KEPT,
        ConflictError,
        ExpiredError,
        FileTooLargeError,
        UnsupportedMediaError,
    ),
    "uploads_head": (ExpiredError,),
    "uploads_look": (ExpiredError,),
    "uploads_delete": (ExpiredError,),
    "clips_process": (*_PAID, *_KEPT, ConflictError, NotFoundError, OutboundError),
    "clips_delete_job": (ConflictError,),
    "clips_cancel_job": (ConflictError,),
    "clips_follow_job": (BusyError,),
    "clips_get_clip": (ExpiredError,),
    "clips_open_project": (*_KEPT, ExpiredError),
    "video_create": _COMPOSED,
    "video_render": _RENDERED,
    "video_upload": (MissingFileError, *_KEPT),
    "video_create_preview": (*_COMPOSED, FileTooLargeError),
    "video_get_preview": (ExpiredError,),
    "video_convert_preview": (*_COMPOSED, ExpiredError),
    "video_render_preview": (*_RENDERED, ExpiredError),
    "projects_create": (InvalidDocumentError, *_KEPT),
    "projects_update": _EDITED,
    "projects_patch": (InvalidDocumentError, *_EDITED),
    "projects_duplicate": _KEPT,
    "projects_render": _RENDERED,
    "projects_chat": _EDITED,
    "projects_restore": _EDITED,
    "projects_cancel": (ConflictError,),
    "projects_export": _COMPOSED,
    "projects_import_file": (InvalidDocumentError, *_KEPT),
    "voiceover_create": (*_PAID, ConflictError),
    "voiceover_cancel": (ConflictError,),
    "voiceover_cancel_job": (ConflictError,),
    "voiceover_cancel_by_id": (ConflictError,),
}
#: Where the reference can say more than the error's own sentence. `{field}`: where it stands.
_SAID: Final[Mapping[type[TelecineError], str]] = {
    InvalidRequestError: "A field is missing or wrong; `{field}` names it.",
    AuthenticationError: "The key is missing, malformed, unknown or revoked.",
    ForbiddenError: "The plan has no access.",
    RateLimitedError: "Too many requests; `Retry-After` says when to come back.",
    BusyError: "Not at this moment; `Retry-After` says when to come back.",
    InternalError: "A fault on our side; the log has it under `request_id`.",
    FileTooLargeError: "What is sent is larger than the plan or the server allows.",
    UnsupportedMediaError: "Not the kind of file that is expected.",
    UndecodableMediaError: "The right kind of file, but damaged or truncated.",
    MediaLimitError: "The media is over a limit.",
    StaleError: "Another revision is the newest by now.",
    RangeError: "The range lies outside the file; `Content-Range` tells its size.",
    StorageFullError: "The disk has no room for it.",
}


def raised(endpoint: Endpoint) -> Iterator[type[TelecineError]]:
    """Yield what an endpoint may raise, some of it perhaps twice."""
    yield from _ALWAYS
    if endpoint.body is not None or endpoint.form is not None:
        yield FileTooLargeError
        yield RequestTimeoutError
    if endpoint.form is not None:
        yield from _FORM
    if endpoint.method != "GET":
        yield StorageFullError
    if endpoint.is_repeatable:
        yield from _REPEATED
    if "{" in endpoint.path:
        yield NotFoundError
    if "If-Match" in endpoint.headers:
        yield StaleError
    yield from _BY_OPERATION.get(endpoint.operation_id, ())


def sentence(error: type[TelecineError]) -> str:
    """Return what the reference says of an error."""
    return _SAID.get(error) or (error.__doc__ or "").strip().splitlines()[0]
