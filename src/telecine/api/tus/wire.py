"""Resumable uploads on the wire: tus speaks in headers; what people read is snake_case JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from telecine.api.fields.named import UPLOADS_PATH, name_of
from telecine.core.uploads import Upload
from telecine.kit.clock import isoformat

VERSION: Final = "1.0.0"
EXTENSIONS: Final = (
    "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"
)
#: What scripts of pages from elsewhere may read.
TUS_HEADERS: Final = (
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Checksum-Algorithm",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Defer-Length",
    "Upload-Metadata",
    "Upload-Expires",
)


class UploadItem(msgspec.Struct, frozen=True, kw_only=True):
    """An upload: how much of it is here, and what it is called."""

    id: str
    name: Annotated[str, Meta(description="What requests say in a file's place, once finished.")]
    url: Annotated[str, Meta(description="Where it goes on; requests may say this as well.")]
    filename: str
    content_type: str
    size_bytes: Annotated[int | None, Meta(description="null until the client says it.")]
    received_bytes: int
    is_finished: bool
    created_at: str
    expires_at: Annotated[str, Meta(description="When it is deleted, finished or not.")]


class UploadList(msgspec.Struct, frozen=True, kw_only=True):
    """Uploads of an account that have not expired, newest first."""

    uploads: tuple[UploadItem, ...]


class UploadFailure(msgspec.Struct, frozen=True, kw_only=True):
    """What every failure looks like."""

    error: Annotated[str, Meta(description="The stable code.")]
    message: str
    request_id: str
    field: Annotated[str | UnsetType, Meta(description="The header at fault.")] = UNSET


def item(upload: Upload, *, origin: str) -> UploadItem:
    """Word an upload."""
    return UploadItem(
        id=upload.id,
        name=name_of(upload.id),
        url=address(upload, origin=origin),
        filename=upload.filename,
        content_type=upload.media_type,
        size_bytes=upload.size_bytes,
        received_bytes=upload.received_bytes,
        is_finished=upload.file_id is not None,
        created_at=isoformat(upload.created_at),
        expires_at=isoformat(upload.expires_at),
    )


def items(found: Iterable[Upload], *, origin: str) -> UploadList:
    """Word uploads."""
    return UploadList(uploads=tuple(item(each, origin=origin) for each in found))


def address(upload: Upload, *, origin: str) -> str:
    """Return where an upload goes on: a path, where the server was not told its address.

    Behind a proxy we do not know under which one the client reached us; a path is right under all.
    """
    return f"{origin}{UPLOADS_PATH}/{upload.id}"


def headers(upload: Upload) -> Mapping[str, str]:
    """Return what tus says of an upload in every answer."""
    return {
        "Tus-Resumable": VERSION,
        "Upload-Offset": str(upload.received_bytes),
        "Upload-Expires": _http_date(upload.expires_at),
        "Cache-Control": "no-store",
    }


def more_headers(upload: Upload) -> Mapping[str, str]:
    """Return what it says beside that where the upload is asked for."""
    length = (
        {"Upload-Defer-Length": "1"}
        if upload.size_bytes is None
        else {"Upload-Length": str(upload.size_bytes)}
    )
    told = {"Upload-Metadata": upload.metadata} if upload.metadata else {}
    return {**headers(upload), **length, **told}


def _http_date(instant: datetime) -> str:
    return format_datetime(instant.astimezone(UTC), usegmt=True)
