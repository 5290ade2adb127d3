"""The projects family on the wire: field by field as documented, snake_case beside camelCase.

Fields that the document does not have are extensions and marked so.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from telecine.api.fields.remarks import Remark
from telecine.operations.render import RenderFormat

WireStatus = Literal["draft", "rendering", "completed", "failed"]
Operation = Literal["replace", "merge", "deep-merge", "json-patch"]


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """What every body has. `email` may stand in the query as well."""

    email: Annotated[str, Meta(description="The owner's address: that of the API key.")] = ""
    # Extension
    api_key: Annotated[
        str, Meta(description="Where no header brings the key; up to 1 MiB of body.")
    ] = msgspec.field(name="apiKey", default="")


class ProjectBody(Owned, frozen=True, kw_only=True):
    """JSON of POST /api/video-project."""

    name: Annotated[str | None, Meta(description='"Untitled Project" without.')] = None
    composition: Annotated[
        msgspec.Raw | UnsetType,
        Meta(description="Without, that of the template, which is empty by default."),
    ] = UNSET
    settings: Annotated[
        msgspec.Raw | UnsetType, Meta(description="Any object; comes back with the project.")
    ] = UNSET
    template_id: Annotated[
        str | None, Meta(description="A template; `system_default` without.")
    ] = msgspec.field(name="templateId", default=None)
    # Extension
    aspect: Annotated[
        Literal["16:9", "9:16"], Meta(description="Of the composition that the template gives.")
    ] = "16:9"


class ProjectUpdate(Owned, frozen=True, kw_only=True):
    """JSON of PUT /api/video-project/{id}. What is not sent stays."""

    name: str | UnsetType = UNSET
    status: Annotated[
        Literal["draft", "completed"] | UnsetType,
        Meta(description="Not while a render is under way."),
    ] = UNSET
    thumbnail_url: str | UnsetType | None = UNSET
    settings: msgspec.Raw | UnsetType = UNSET
    composition: Annotated[
        msgspec.Raw | UnsetType, Meta(description="Not taken, with a warning: PATCH changes it.")
    ] = UNSET
    # Extensions
    template_id: str | UnsetType | None = msgspec.field(name="templateId", default=UNSET)
    thumbnail_locked: Annotated[
        bool | UnsetType, Meta(description="True: changes of the composition leave it as it is.")
    ] = msgspec.field(name="thumbnailLocked", default=UNSET)


class PatchData(msgspec.Struct, frozen=True, kw_only=True):
    """What a composition is changed by: `patch` with json-patch, else `composition`."""

    composition: msgspec.Raw | UnsetType = UNSET
    # Extension
    patch: msgspec.Raw | UnsetType = UNSET


class CompositionPatch(Owned, frozen=True, kw_only=True):
    """JSON of PATCH /api/video-project/{id}/composition. The last two operations are extensions."""

    operation: Operation
    data: PatchData


class ProjectCopy(Owned, frozen=True, kw_only=True):
    """JSON of POST /api/video-project/{id}/duplicate."""

    name: Annotated[str | None, Meta(description="That of the other with (copy) without.")] = None


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Some frames of a composition."""

    from_: Annotated[int, Meta(ge=0, le=10**9)] = msgspec.field(name="from", default=0)
    duration_in_frames: Annotated[int, Meta(ge=1, le=10**9)] | UnsetType = msgspec.field(
        name="durationInFrames", default=UNSET
    )


class ExportBody(Owned, frozen=True, kw_only=True):
    """JSON of POST /api/video-project/{id}/render. All but `email` are extensions."""

    format: RenderFormat = "mp4"
    width: Annotated[int, Meta(ge=16, le=8192)] | None = None
    height: Annotated[int, Meta(ge=16, le=8192)] | None = None
    fps: Annotated[float, Meta(ge=1, le=120)] | None = None
    range: Range | None = None
    webhook_url: str | None = None
    num_workers: int = 5


class ImportForm(msgspec.Struct, frozen=True, kw_only=True):
    """multipart/form-data of POST /api/video-project/import, which is an extension as a whole."""

    file: Annotated[bytes, Meta(description="OpenTimelineIO (.otio), SubRip or WebVTT.")]
    email: Annotated[str, Meta(description="The owner's address: that of the API key.")]
    name: Annotated[str | UnsetType, Meta(description="That of the file without.")] = UNSET


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it is sent; other keys are kept, too."""

    role: Literal["system", "user", "assistant"]
    content: str | list[Any]
    ts: str | int | float | UnsetType = UNSET


class ChatBody(Owned, frozen=True, kw_only=True):
    """JSON of POST /api/video-project/{id}/chat."""

    message: msgspec.Raw | UnsetType = UNSET


class EmailQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query of what has no body."""

    email: Annotated[str, Meta(description="The owner's address: that of the API key.")]


class DeletionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query of a DELETE."""

    email: Annotated[
        str | UnsetType,
        Meta(description="The owner's address, that of the API key; the body may have it instead."),
    ] = UNSET


class ExportQuery(EmailQuery, frozen=True, kw_only=True):
    """Query of GET /api/video-project/{id}/export, which is an extension as a whole."""

    format: Annotated[Literal["otio", "srt"], Meta(description="A timeline, or captions.")] = "otio"


class ListQuery(EmailQuery, frozen=True, kw_only=True):
    """Query of GET /api/video-project."""

    page: Annotated[int, Meta(ge=1, description="Page, from 1.")] = 1
    page_size: Annotated[int, Meta(ge=1, le=50, description="Projects on a page.")] = msgspec.field(
        name="pageSize", default=12
    )
    search: Annotated[str | UnsetType, Meta(description="Part of a name, in any case.")] = UNSET
    sort: Annotated[
        Literal["latest", "oldest", "name-asc", "name-desc"],
        Meta(description="By the time of the last edit, or by name."),
    ] = "latest"
    status: Annotated[WireStatus | UnsetType, Meta(description="Projects in this state alone.")] = (
        UNSET
    )


class HistoryQuery(EmailQuery, frozen=True, kw_only=True):
    """Query of GET /api/video-project/{id}/revisions."""

    page: Annotated[int, Meta(ge=1, description="Page, from 1.")] = 1
    page_size: Annotated[int, Meta(ge=1, le=50, description="Revisions on a page.")] = (
        msgspec.field(name="pageSize", default=12)
    )


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One project of a list."""

    id: int
    name: str
    status: WireStatus
    thumbnail_url: str | None
    last_edited_at: str
    # Extensions
    template_id: str
    revision: int
    created_at: str
    poster_url: str


class Record(Summary, frozen=True, kw_only=True):
    """A project. Whatever changes one replies with this."""

    email: str
    composition: msgspec.Raw
    # Extensions
    settings: msgspec.Raw
    thumbnail_locked: bool = msgspec.field(name="thumbnailLocked")
    render_id: str | None
    render_url: str | None
    render_error: str | None
    render_progress: int | None
    render_revision: int | None
    preview_url: str
    viewer_url: str
    warnings: tuple[Remark, ...] = ()


class FullRecord(Record, frozen=True, kw_only=True):
    """A project with its chat."""

    chat_history: tuple[msgspec.Raw, ...]


class ProjectReply(msgspec.Struct, frozen=True, kw_only=True):
    """A project."""

    success: bool = True
    data: Record


class FullReply(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/video-project/{id}."""

    success: bool = True
    data: FullRecord


class PageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a list."""

    page: int
    page_size: int = msgspec.field(name="pageSize")
    total: int
    page_count: int = msgspec.field(name="pageCount")


class ListMeta(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of itself."""

    pagination: PageInfo


class ProjectList(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/video-project."""

    success: bool = True
    data: tuple[Summary, ...]
    meta: ListMeta


class RevisionItem(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a list. `size` is that of the composition, in characters."""

    revision: int
    change: str
    created_at: str
    name: str
    size: int
    is_latest: bool


class RevisionList(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/video-project/{id}/revisions, which is an extension as a whole."""

    success: bool = True
    data: tuple[RevisionItem, ...]
    meta: ListMeta


class RevisionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a revision holds."""

    id: int
    revision: int
    name: str
    composition: msgspec.Raw
    settings: msgspec.Raw
    template_id: str
    thumbnail_url: str | None


class RevisionReply(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/video-project/{id}/revisions/{revision}, an extension."""

    success: bool = True
    data: RevisionRecord


class BegunExport(msgspec.Struct, frozen=True, kw_only=True):
    """A render that has begun, and may have ended while the client waited."""

    id: int
    status: WireStatus
    render_id: str
    progress: int
    # Extensions
    render_url: str | UnsetType = UNSET
    render_error: str | UnsetType = UNSET
    revision: int
    format: RenderFormat
    width: int
    height: int
    cost: int
    warnings: tuple[Remark, ...] = ()


class ExportBegun(msgspec.Struct, frozen=True, kw_only=True):
    """200 of POST /api/video-project/{id}/render."""

    success: bool = True
    data: BegunExport


class ExportItem(msgspec.Struct, frozen=True, kw_only=True):
    """One render of a project. `from` and `durationInFrames` count frames of the export."""

    render_id: str
    status: WireStatus
    revision: int
    format: RenderFormat
    width: int
    height: int
    fps: float
    from_: int = msgspec.field(name="from")
    duration_in_frames: int = msgspec.field(name="durationInFrames")
    progress: int
    url: str | None
    error: str | None
    cost: int
    created_at: str
    completed_at: str | None
    expires_at: str | None


class ExportList(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/video-project/{id}/exports, which is an extension as a whole."""

    success: bool = True
    data: tuple[ExportItem, ...]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was kept."""

    id: int
    message: msgspec.Raw
    chat_history_length: int
    # Extension
    warnings: tuple[Remark, ...] = ()


class ChatReply(msgspec.Struct, frozen=True, kw_only=True):
    """200 of POST /api/video-project/{id}/chat."""

    success: bool = True
    data: Said


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """A project that is gone."""

    id: int
    deleted: bool = True


class DeletedReply(msgspec.Struct, frozen=True, kw_only=True):
    """200 of DELETE /api/video-project/{id}."""

    success: bool = True
    data: Deleted


class TemplateItem(msgspec.Struct, frozen=True, kw_only=True):
    """A template: colours and fonts by what they are for, and the tone of its words."""

    template_id: str = msgspec.field(name="templateId")
    name: str
    description: str
    tone: str
    palette: dict[str, str]
    fonts: dict[str, str]


class TemplateList(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/video-template, which is an extension as a whole."""

    success: bool = True
    data: tuple[TemplateItem, ...]


class ProjectFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Every error of this family. `error` is for programs; `data` has what helps to mend it."""

    success: bool = False
    error: str
    message: str
    data: dict[str, Any]
    # Extension
    request_id: str


class ProjectEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook, which is an extension as a whole."""

    id: int
    render_id: str
    status: WireStatus
    revision: int
    render_url: str | None
    render_error: str | None
    timestamp: str
