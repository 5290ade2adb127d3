"""The URLs of the video family, and of the pages that its links open."""

from __future__ import annotations

from functools import partial

from telecine.api.compositions.previewing import watched
from telecine.api.family import Endpoint, OpenEndpoint, Plain, below
from telecine.api.video import (
    FAMILY,
    capabilities,
    handlers,
    library,
    pages,
    previews,
    shared,
    wire,
)

_video = partial(below, FAMILY, "/api/v1")
ENDPOINTS: tuple[Endpoint, ...] = (
    _video(
        *("POST", "video", handlers.create, "Store a composition as a task"),
        wire.Created | wire.Estimate,
        body=wire.CreateBody,
        query=wire.DryRunQuery,
    ),
    _video(
        *("GET", "video", handlers.list_tasks, "Tasks, newest first", wire.TaskList),
        query=wire.TaskQuery,
    ),
    _video(
        *("GET", "video/{taskId}", handlers.get, "A task and its latest render", wire.TaskReply),
        waits=True,
    ),
    _video("DELETE", "video/{taskId}", handlers.delete, "Delete a task", wire.TaskDeleted),
    _video(
        *("POST", "video/{taskId}/render", handlers.render, "Render a task"),
        wire.RenderReply | wire.Estimate,
        tell=handlers.tell,
        body=wire.RenderBody,
        query=wire.DryRunQuery,
    ),
    _video(
        *("POST", "upload", library.upload, "Upload files to the library", wire.Uploaded),
        form=wire.UploadForm,
        example={"file": "@image.png"},
    ),
    _video(
        *("GET", "files", library.list_files, "The library, newest first", wire.FileList),
        query=wire.FileQuery,
    ),
    _video("DELETE", "files/{fileId}", library.delete_file, "Delete a file", wire.FileDeleted),
    _video("GET", "credits", handlers.balance, "What can still be spent", wire.CreditsReply),
    _video(
        *("POST", "preview", previews.create_preview, "Store a preview", wire.PreviewCreated),
        plain=Plain(description="The composition."),
    ),
    _video(
        *("GET", "preview/{tempId}", previews.get_preview, "A preview's composition"),
        wire.PreviewReply,
    ),
    _video(
        *("DELETE", "preview/{tempId}", previews.delete_preview, "Delete a preview"),
        wire.PreviewDeleted,
    ),
    _video(
        *("POST", "preview/{tempId}/convert", previews.convert_preview, "Make a task of a preview"),
        wire.Converted,
        body=wire.ConvertBody,
    ),
    _video(
        *("POST", "preview/{tempId}/render", previews.render_preview, "Make a task and render it"),
        wire.RenderReply,
        tell=handlers.tell,
        body=wire.RenderBody,
    ),
    _video(
        *("GET", "capabilities", capabilities.capabilities, "What compositions may be made of"),
        wire.Capabilities,
    ),
)

_WATCHED = watched(FAMILY)

#: What takes no key: ids that nobody can guess.
OPEN_ENDPOINTS: tuple[OpenEndpoint, ...] = (
    OpenEndpoint(family=FAMILY, path="/storage/{fileId}/{name}", handler=shared.storage),
    OpenEndpoint(family=FAMILY, path="/v/{taskId}.json", handler=shared.document),
    OpenEndpoint(family=FAMILY, path="/v/{taskId}", handler=pages.task_player, is_page=True),
    OpenEndpoint(family=FAMILY, path="/watch/{taskId}", handler=pages.task_viewer, is_page=True),
    OpenEndpoint(family=FAMILY, path="/t/{tempId}", handler=pages.preview_player, is_page=True),
    OpenEndpoint(
        family=FAMILY, path="/preview/{tempId}", handler=pages.preview_viewer, is_page=True
    ),
    OpenEndpoint(family=FAMILY, path="/v/{taskId}/status.json", handler=pages.task_status),
    OpenEndpoint(family=_WATCHED, path="/v/{taskId}/{name}", handler=shared.task_film),
    OpenEndpoint(family=_WATCHED, path="/t/{tempId}/{name}", handler=shared.preview_film),
)
