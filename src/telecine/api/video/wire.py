"""The video family on the wire: camelCase JSON, field by field as documented.

Fields that the document does not have are extensions and marked so.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from telecine.api.fields.remarks import Remark as Remark

WireStatus = Literal["created", "rendering", "completed", "failed"]
_CREATED = "Task created successfully. Call POST /api/v1/video/:taskId/render to start rendering."
_PREVIEW_NOTE = (
    "Preview links are temporary and expire in 7 days. Use /api/v1/video to create permanent tasks."
)
CLONED = "Temp preview cloned to a permanent task successfully"


class CreateBody(msgspec.Struct, frozen=True, kw_only=True):
    """JSON of POST /api/v1/video."""

    config: Annotated[msgspec.Raw | UnsetType, Meta(description="The composition.")] = UNSET
    metadata: Annotated[
        msgspec.Raw | UnsetType, Meta(description="Any object; comes back with the task.")
    ] = UNSET
    title: str | None = None
    category: str | None = None


class UploadForm(msgspec.Struct, frozen=True, kw_only=True):
    """multipart/form-data of POST /api/v1/upload."""

    file: Annotated[
        bytes | UnsetType, Meta(description="One image, video, sound or caption file.")
    ] = UNSET
    files: Annotated[
        bytes | UnsetType, Meta(description="As many more; the field is sent once for each.")
    ] = UNSET


class TaskQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query of GET /api/v1/video."""

    page: Annotated[int, Meta(ge=1, description="Page, from 1.")] = 1
    limit: Annotated[int, Meta(ge=1, le=100, description="Items on a page.")] = 20
    status: Annotated[
        Literal["created", "rendering", "completed", "failed"] | UnsetType,
        Meta(description="Tasks in this state alone."),
    ] = UNSET
    category: Annotated[
        str | UnsetType, Meta(description="Extension: tasks of this category; `all` is any.")
    ] = UNSET


class FileQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query of GET /api/v1/files."""

    page: Annotated[int, Meta(ge=1, description="Page, from 1.")] = 1
    limit: Annotated[int, Meta(ge=1, le=100, description="Items on a page.")] = 20
    type: Annotated[
        Literal["image", "video", "audio", "caption"] | UnsetType,
        Meta(description="Of this kind alone."),
    ] = UNSET


class DryRunQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query of the URLs that can be tried."""

    dry_run: Annotated[
        bool, Meta(description="Extension: check and quote; store and charge nothing.")
    ] = False


class ConvertBody(msgspec.Struct, frozen=True, kw_only=True):
    """JSON of POST /api/v1/preview/{tempId}/convert."""

    category: str | None = None
    metadata: msgspec.Raw | UnsetType = UNSET


class RenderBody(msgspec.Struct, frozen=True, kw_only=True):
    """JSON of the two URLs that start a render. `category` and `metadata`: of a preview alone."""

    webhook_url: str | None = None
    num_workers: int = 5
    category: str | None = "api"
    metadata: msgspec.Raw | UnsetType = UNSET
    # Extension: render again what is there already.
    force: bool = False


class Links(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a task is seen."""

    preview_url: str
    viewer_url: str
    config_url: str
    # Extension
    config_href: str


class Estimate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of a dry run: what a render would take. Nothing is stored or charged."""

    success: bool = True
    dry_run: bool = True
    valid: bool = True
    quality: str
    width: int
    height: int
    duration: float
    frames: int
    cost: int
    estimated_seconds: int
    remaining_credits: int
    warnings: tuple[Remark, ...] = ()


class Created(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of POST /api/v1/video."""

    success: bool = True
    task_id: str
    video_task_id: str
    preview_url: str
    viewer_url: str
    config_url: str
    status: WireStatus = "created"
    quality: str
    width: int
    height: int
    duration: float
    message: str = _CREATED
    # Extensions
    config_href: str
    warnings: tuple[Remark, ...] = ()


class TaskItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One task of a list."""

    task_id: str
    video_task_id: str
    width: int
    height: int
    duration: float
    status: WireStatus
    video_url: str | None
    cost_credits: int | None
    created_at: str
    completed_at: str | None
    # Extensions
    quality: str
    title: str | None
    category: str | None
    progress: int
    error: str | None
    error_code: str | None
    expires_at: str | None


class Pagination(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where in a list."""

    page: int
    limit: int
    total: int


class TaskList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of GET /api/v1/video."""

    success: bool = True
    tasks: tuple[TaskItem, ...]
    pagination: Pagination


class TaskReply(TaskItem, frozen=True, kw_only=True, rename="camel"):
    """200 of GET /api/v1/video/{taskId}."""

    success: bool = True
    preview_url: str
    viewer_url: str
    config_url: str
    config_href: str
    render_task_id: str | None
    metadata: msgspec.Raw | None


class TaskDeleted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of DELETE /api/v1/video/{taskId}."""

    success: bool = True
    task_id: str
    video_task_id: str
    deleted: bool = True
    remote_deleted: bool
    message: str = "Video task deleted successfully"


class RenderReply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of both URLs that start a render. UNSET stays out."""

    success: bool = True
    temp_id: str | UnsetType = UNSET
    converted: bool | UnsetType = UNSET
    convert_message: str | UnsetType = UNSET
    config_url: str | UnsetType = UNSET
    task_id: str
    render_task_id: str
    status: WireStatus
    already_rendered: bool | UnsetType = UNSET
    quality: str
    width: int
    height: int
    cost: int
    remaining_credits: int
    message: str | UnsetType = UNSET
    video_url: str | UnsetType = UNSET
    preview_url: str
    viewer_url: str
    # Extensions
    workers_used: int
    error: str | UnsetType = UNSET


class AssetItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One file of the library."""

    id: str
    name: str
    url: str
    type: Literal["image", "video", "audio", "caption"]
    mime_type: str
    size: int
    created_at: str
    # Extensions
    width: int | None
    height: int | None
    duration: float | None
    thumbnail_url: str | None


class Uploaded(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of POST /api/v1/upload."""

    success: bool = True
    message: str
    count: int
    assets: tuple[AssetItem, ...]


class FileList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of GET /api/v1/files."""

    success: bool = True
    files: tuple[AssetItem, ...]
    pagination: Pagination
    # Extension
    used_bytes: int
    limit_bytes: int


class FileDeleted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of DELETE /api/v1/files/{fileId}."""

    success: bool = True
    file_id: str
    deleted: bool = True
    message: str = "File deleted successfully"


class CreditsReply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of GET /api/v1/credits."""

    success: bool = True
    credits: int
    currency: str = "credits"


class PreviewCreated(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of POST /api/v1/preview."""

    success: bool = True
    temp_id: str
    preview_url: str
    viewer_url: str
    expires_in: str = "7d"
    note: str = _PREVIEW_NOTE
    # Extensions
    expires_at: str
    warnings: tuple[Remark, ...] = ()


class PreviewReply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of GET /api/v1/preview/{tempId}."""

    success: bool = True
    temp_id: str
    config: msgspec.Raw
    # Extensions
    preview_url: str
    viewer_url: str
    expires_at: str


class PreviewDeleted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of DELETE /api/v1/preview/{tempId}."""

    success: bool = True
    temp_id: str
    deleted: bool = True
    message: str = "Temp preview deleted successfully"


class Converted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of POST /api/v1/preview/{tempId}/convert."""

    success: bool = True
    temp_id: str
    converted: bool = True
    task_id: str
    video_task_id: str
    preview_url: str
    viewer_url: str
    config_url: str
    message: str = CLONED
    # Extension
    config_href: str


class Capabilities(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """200 of GET /api/v1/capabilities, which is an extension as a whole."""

    success: bool = True
    api_version: str = "v1"
    schema: dict[str, Any]
    render: dict[str, Any]
    features: dict[str, Any]
    docs: dict[str, str]


class VideoFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Every error of this family. `details` has what helps to mend it."""

    success: bool = False
    error: str
    code: str
    details: dict[str, Any]
    # Extension
    request_id: str


class VideoEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of a webhook."""

    task_id: str
    render_task_id: str
    status: WireStatus
    video_url: str | None
    error: str | None
    timestamp: str
