"""The URLs of the projects family, and of the pages that its links open."""

from __future__ import annotations

from typing import Any

from telecine.api.compositions.previewing import watched
from telecine.api.family import Answer, Endpoint, OpenEndpoint, below
from telecine.api.projects import FAMILY, exporting, handlers, interchange, viewing, wire


def _project(method: str, path: str, *told: Any, **more: Any) -> Endpoint:
    """Return an endpoint of projects; whatever says what a revision holds names it in a header."""
    if method == "GET":
        more.setdefault("query", wire.EmailQuery)
    elif method == "DELETE":
        more |= {"query": wire.DeletionQuery, "body": wire.Owned}
    tells = ("ETag",) if told[-1] in _TAGGED else ()
    return below(
        *(FAMILY, "/api/video-project", method, path),
        *told,
        tells=tells,
        failures=_NOT_YOURS,
        **more,
    )


_TAGGED = (wire.ProjectReply, wire.FullReply, wire.RevisionReply)
_NOT_YOURS = {
    403: "The plan has no access; or the `email` is not the key's, or the project another account's."
}
_IF_MATCH = {"If-Match": "The revision that is expected to be the newest, as `ETag` names it."}
_BY_ID: tuple[Endpoint, ...] = (
    _project(
        *("POST", "", handlers.create, "Create a project", wire.ProjectReply),
        body=wire.ProjectBody,
        status=201,
    ),
    _project(
        *("GET", "", handlers.list_projects, "Projects of an account", wire.ProjectList),
        query=wire.ListQuery,
    ),
    _project("GET", "{id}", handlers.get, "A project in full", wire.FullReply, waits=True),
    _project(
        *("PUT", "{id}", handlers.update, "Change what is not the composition"),
        wire.ProjectReply,
        body=wire.ProjectUpdate,
        headers=_IF_MATCH,
    ),
    _project(
        *("PATCH", "{id}/composition", handlers.patch, "Change the composition"),
        wire.ProjectReply,
        body=wire.CompositionPatch,
        headers=_IF_MATCH,
    ),
    _project(
        *("POST", "{id}/duplicate", handlers.duplicate, "Copy a project, without its chat"),
        wire.ProjectReply,
        body=wire.ProjectCopy,
        status=201,
    ),
    _project(
        *("POST", "{id}/render", exporting.render, "Render the newest revision"),
        wire.ExportBegun,
        tell=exporting.tell,
        body=wire.ExportBody,
        headers=_IF_MATCH,
    ),
    _project(
        *("POST", "{id}/chat", handlers.chat, "Append a message to the chat"),
        wire.ChatReply,
        body=wire.ChatBody,
    ),
    _project(
        *("POST", "{id}/link", handlers.renew_link, "Another link to its pages"),
        wire.ProjectReply,
        body=wire.Owned,
    ),
    _project(
        *("DELETE", "{id}", handlers.delete, "Delete a project", wire.DeletedReply),
        headers=_IF_MATCH,
    ),
    _project(
        *("GET", "{id}/exports", exporting.list_exports, "Renders of a project, newest first"),
        wire.ExportList,
        waits=True,
    ),
    _project(
        *("DELETE", "{id}/exports/{render_id}", exporting.cancel, "Stop a render under way"),
        wire.ExportList,
    ),
    _project(
        *("GET", "{id}/revisions", handlers.list_revisions, "Revisions, newest first"),
        wire.RevisionList,
        query=wire.HistoryQuery,
    ),
    _project(
        *("GET", "{id}/revisions/{revision}", handlers.get_revision, "What a revision holds"),
        wire.RevisionReply,
    ),
    _project(
        *("POST", "{id}/revisions/{revision}/restore", handlers.restore),
        *("Make an old revision the newest", wire.ProjectReply),
        body=wire.Owned,
        headers=_IF_MATCH,
    ),
)

_INTERCHANGED = Answer(
    description="OpenTimelineIO as JSON; with ?format=srt subtitles.",
    media_type="application/json, application/x-subrip",
)
_INTERCHANGE: tuple[Endpoint, ...] = (
    Endpoint(
        family=FAMILY,
        method="GET",
        path="/api/video-project/{id}/export",
        handler=interchange.export,
        summary="A project as a file of other editors",
        query=wire.ExportQuery,
        answers={200: _INTERCHANGED},
        failures=_NOT_YOURS,
    ),
    Endpoint(
        family=FAMILY,
        method="POST",
        path="/api/video-project/import",
        handler=interchange.import_file,
        summary="Make a project of a file of other editors",
        form=wire.ImportForm,
        failures=_NOT_YOURS,
        example={"file": "@cut.otio", "email": "you@example.com"},
        answers={201: Answer(description="Done.", body=wire.ProjectReply, headers=("ETag",))},
    ),
)

_TEMPLATES = Endpoint(
    family=FAMILY,
    method="GET",
    path="/api/video-template",
    handler=handlers.list_templates,
    summary="Templates that a project may begin with",
    answers={200: Answer(description="All of them.", body=wire.TemplateList)},
)

ENDPOINTS: tuple[Endpoint, ...] = (*_BY_ID, *_INTERCHANGE, _TEMPLATES)

_WATCHED = watched(FAMILY)

#: What takes no key: ids that nobody can guess.
OPEN_ENDPOINTS: tuple[OpenEndpoint, ...] = (
    OpenEndpoint(family=FAMILY, path="/p/{shareId}", handler=viewing.player, is_page=True),
    OpenEndpoint(family=FAMILY, path="/project/{shareId}", handler=viewing.viewer, is_page=True),
    OpenEndpoint(family=FAMILY, path="/p/{shareId}/status.json", handler=viewing.status),
    OpenEndpoint(family=FAMILY, path="/p/{shareId}/poster.png", handler=viewing.poster),
    OpenEndpoint(family=_WATCHED, path="/p/{shareId}/{revision}/{name}", handler=viewing.part),
)
