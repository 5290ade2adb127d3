"""Every URL of the documented APIs on one page; those of all APIs in common are named at its end."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from telecine.api.clips import FAMILY as CLIPS
from telecine.api.clips import handlers as clips
from telecine.api.clips import wire as clip_wire
from telecine.api.compositions.previewing import watched
from telecine.api.compress import FAMILY as COMPRESS
from telecine.api.compress import handlers as compress
from telecine.api.compress import wire
from telecine.api.family import Answer, Endpoint, Family, OpenEndpoint, below
from telecine.api.projects import FAMILY as PROJECTS
from telecine.api.projects import exporting, interchange, viewing
from telecine.api.projects import handlers as projects
from telecine.api.projects import wire as project_wire
from telecine.api.tus import FAMILY as UPLOADS
from telecine.api.tus import endpoints as tus
from telecine.api.video import FAMILY as VIDEO
from telecine.api.video import capabilities, library, pages, previews, shared
from telecine.api.video import handlers as video
from telecine.api.video import wire as video_wire
from telecine.api.voiceover import FAMILY as VOICEOVER
from telecine.api.voiceover import handlers as voiceover
from telecine.api.voiceover import sharing
from telecine.api.voiceover import wire as voiceover_wire
from telecine.api.webhooks import FAMILY as WEBHOOKS
from telecine.api.webhooks import endpoints as webhooks

FAMILIES: tuple[Family, ...] = (COMPRESS, CLIPS, VIDEO, PROJECTS, VOICEOVER, WEBHOOKS, UPLOADS)

_MEDIA = "video/*, image/*"


def _ended(body: type[msgspec.Struct]) -> dict[int, Answer]:
    """Return what a POST answers beside its 202."""
    return {200: Answer(description="With `Prefer: wait`: the job has ended.", body=body)}


_compress = partial(below, COMPRESS, "/api/v1")
_COMPRESS: tuple[Endpoint, ...] = (
    _compress(
        *("POST", "compress", compress.compress, "Compress a video", wire.Accepted),
        status=202,
        said="The job is queued and paid for.",
        more=_ended(wire.StatusReply),
        tell=compress.tell,
        form=wire.CompressForm,
        example={"file": "@video.mp4", "codec": "h264", "quality": "23"},
    ),
    _compress(
        *("GET", "status/{job_id}", compress.status, "A job's state and progress"),
        wire.StatusReply,
        said="The state.",
        waits=True,
    ),
    Endpoint(
        family=COMPRESS,
        method="GET",
        path="/api/v1/download/{job_id}",
        handler=compress.download,
        summary="The finished file; ranges work",
        answers={
            200: Answer(description="The file.", media_type=_MEDIA),
            206: Answer(description="The range asked for.", media_type=_MEDIA),
            304: Answer(description="`If-None-Match` names the file.", media_type=""),
        },
    ),
    _compress(
        *("GET", "usage", compress.usage, "Plan and credits", wire.UsageReply), said="The account."
    ),
    Endpoint(
        family=COMPRESS,
        method="POST",
        path="/api/v1/convert",
        handler=compress.convert,
        summary="Convert an image while you wait",
        tell=compress.tell,
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

_clips = partial(below, CLIPS, "/api/v1")
_any_job = partial(_clips, answer=clip_wire.ClipJob | clip_wire.AnyJob, is_in_every_plan=True)
_CLIPS: tuple[Endpoint, ...] = (
    _clips(
        *("POST", "process", clips.process, "Make clips of a video", clip_wire.ProcessAccepted),
        status=202,
        more=_ended(clip_wire.ClipJob),
        tell=clips.tell,
        body=clip_wire.ProcessBody,
        form=clip_wire.ProcessForm,
        example={"file": "@talk.mp4", "quality": "balanced", "caption_style": "white_bold"},
    ),
    _clips(
        *("GET", "jobs", clips.list_jobs, "Jobs, newest first", clip_wire.JobList),
        query=clip_wire.JobQuery,
    ),
    _any_job("GET", "jobs/{job_id}", clips.get_job, "A job, its clips and texts", waits=True),
    _clips(
        *("GET", "jobs/{job_id}/events", clips.follow_job, "A job of any API as it gets on"),
        more={
            200: Answer(description="Server-Sent Events.", media_type="text/event-stream"),
            204: Answer(description="`Last-Event-ID` names the end.", media_type=""),
        },
        headers={"Last-Event-ID": "The event that was seen last: what differs is told."},
        accepts_query_key=True,
        is_in_every_plan=True,
    ),
    _any_job("DELETE", "jobs/{job_id}", clips.delete_job, "Stop any job, or delete clips"),
    _any_job("POST", "jobs/{job_id}/cancel", clips.cancel_job, "Stop a job of any API"),
    _clips("GET", "clips/{clip_id}", clips.get_clip, "A clip", clip_wire.Clip),
    _clips(
        *("POST", "clips/{clip_id}/project", clips.open_project, "Open a clip as a project"),
        clip_wire.OpenedProject,
        status=201,
    ),
    _clips(
        *("GET", "caption-styles", clips.list_styles, "What captions may look like"),
        clip_wire.StyleList,
    ),
)

_video = partial(below, VIDEO, "/api/v1")
_VIDEO: tuple[Endpoint, ...] = (
    _video(
        *("POST", "video", video.create, "Store a composition as a task"),
        video_wire.Created | video_wire.Estimate,
        body=video_wire.CreateBody,
        query=video_wire.DryRunQuery,
    ),
    _video(
        *("GET", "video", video.list_tasks, "Tasks, newest first", video_wire.TaskList),
        query=video_wire.TaskQuery,
    ),
    _video(
        *("GET", "video/{taskId}", video.get, "A task and its latest render", video_wire.TaskReply),
        waits=True,
    ),
    _video("DELETE", "video/{taskId}", video.delete, "Delete a task", video_wire.TaskDeleted),
    _video(
        *("POST", "video/{taskId}/render", video.render, "Render a task"),
        video_wire.RenderReply | video_wire.Estimate,
        tell=video.tell,
        body=video_wire.RenderBody,
        query=video_wire.DryRunQuery,
    ),
    _video(
        *("POST", "upload", library.upload, "Upload files to the library", video_wire.Uploaded),
        form=video_wire.UploadForm,
        example={"file": "@image.png"},
    ),
    _video(
        *("GET", "files", library.list_files, "The library, newest first", video_wire.FileList),
        query=video_wire.FileQuery,
    ),
    _video(
        "DELETE", "files/{fileId}", library.delete_file, "Delete a file", video_wire.FileDeleted
    ),
    _video("GET", "credits", video.balance, "What can still be spent", video_wire.CreditsReply),
    _video(
        "POST", "preview", previews.create_preview, "Store a preview", video_wire.PreviewCreated
    ),
    _video(
        *("GET", "preview/{tempId}", previews.get_preview, "A preview's composition"),
        video_wire.PreviewReply,
    ),
    _video(
        *("DELETE", "preview/{tempId}", previews.delete_preview, "Delete a preview"),
        video_wire.PreviewDeleted,
    ),
    _video(
        *("POST", "preview/{tempId}/convert", previews.convert_preview, "Make a task of a preview"),
        video_wire.Converted,
        body=video_wire.ConvertBody,
    ),
    _video(
        *("POST", "preview/{tempId}/render", previews.render_preview, "Make a task and render it"),
        video_wire.RenderReply,
        tell=video.tell,
        body=video_wire.RenderBody,
    ),
    _video(
        *("GET", "capabilities", capabilities.capabilities, "What compositions may be made of"),
        video_wire.Capabilities,
    ),
)


def _project(method: str, path: str, *told: Any, **more: Any) -> Endpoint:
    """Return an endpoint of projects; whatever says what a revision holds names it in a header."""
    if method == "GET":
        more.setdefault("query", project_wire.EmailQuery)
    elif method == "DELETE":
        more |= {"query": project_wire.DeletionQuery, "body": project_wire.Owned}
    tells = ("ETag",) if told[-1] in _TAGGED else ()
    return below(
        *(PROJECTS, "/api/video-project", method, path),
        *told,
        tells=tells,
        failures=_NOT_YOURS,
        **more,
    )


_TAGGED = (project_wire.ProjectReply, project_wire.FullReply, project_wire.RevisionReply)
_NOT_YOURS = {
    403: "The plan has no access; or the `email` is not the key's, or the project another account's."
}
_IF_MATCH = {"If-Match": "The revision that is expected to be the newest, as `ETag` names it."}
_PROJECTS: tuple[Endpoint, ...] = (
    _project(
        *("POST", "", projects.create, "Create a project", project_wire.ProjectReply),
        body=project_wire.ProjectBody,
        status=201,
    ),
    _project(
        *("GET", "", projects.list_projects, "Projects of an account", project_wire.ProjectList),
        query=project_wire.ListQuery,
    ),
    _project("GET", "{id}", projects.get, "A project in full", project_wire.FullReply, waits=True),
    _project(
        *("PUT", "{id}", projects.update, "Change what is not the composition"),
        project_wire.ProjectReply,
        body=project_wire.ProjectUpdate,
        headers=_IF_MATCH,
    ),
    _project(
        *("PATCH", "{id}/composition", projects.patch, "Change the composition"),
        project_wire.ProjectReply,
        body=project_wire.CompositionPatch,
        headers=_IF_MATCH,
    ),
    _project(
        *("POST", "{id}/duplicate", projects.duplicate, "Copy a project, without its chat"),
        project_wire.ProjectReply,
        body=project_wire.ProjectCopy,
        status=201,
    ),
    _project(
        *("POST", "{id}/render", exporting.render, "Render the newest revision"),
        project_wire.ExportBegun,
        tell=exporting.tell,
        body=project_wire.ExportBody,
        headers=_IF_MATCH,
    ),
    _project(
        *("POST", "{id}/chat", projects.chat, "Append a message to the chat"),
        project_wire.ChatReply,
        body=project_wire.ChatBody,
    ),
    _project(
        *("POST", "{id}/link", projects.renew_link, "Another link to its pages"),
        project_wire.ProjectReply,
        body=project_wire.Owned,
    ),
    _project(
        *("DELETE", "{id}", projects.delete, "Delete a project", project_wire.DeletedReply),
        headers=_IF_MATCH,
    ),
    _project(
        *("GET", "{id}/exports", exporting.list_exports, "Renders of a project, newest first"),
        project_wire.ExportList,
        waits=True,
    ),
    _project(
        *("DELETE", "{id}/exports/{render_id}", exporting.cancel, "Stop a render under way"),
        project_wire.ExportList,
    ),
    _project(
        *("GET", "{id}/revisions", projects.list_revisions, "Revisions, newest first"),
        project_wire.RevisionList,
        query=project_wire.HistoryQuery,
    ),
    _project(
        *("GET", "{id}/revisions/{revision}", projects.get_revision, "What a revision holds"),
        project_wire.RevisionReply,
    ),
    _project(
        *("POST", "{id}/revisions/{revision}/restore", projects.restore),
        *("Make an old revision the newest", project_wire.ProjectReply),
        body=project_wire.Owned,
        headers=_IF_MATCH,
    ),
)

_INTERCHANGED = Answer(
    description="OpenTimelineIO as JSON; with ?format=srt subtitles.",
    media_type="application/json, application/x-subrip",
)
_INTERCHANGE: tuple[Endpoint, ...] = (
    Endpoint(
        family=PROJECTS,
        method="GET",
        path="/api/video-project/{id}/export",
        handler=interchange.export,
        summary="A project as a file of other editors",
        query=project_wire.ExportQuery,
        answers={200: _INTERCHANGED},
        failures=_NOT_YOURS,
    ),
    Endpoint(
        family=PROJECTS,
        method="POST",
        path="/api/video-project/import",
        handler=interchange.import_file,
        summary="Make a project of a file of other editors",
        form=project_wire.ImportForm,
        failures=_NOT_YOURS,
        example={"file": "@cut.otio", "email": "you@example.com"},
        answers={
            201: Answer(description="Done.", body=project_wire.ProjectReply, headers=("ETag",))
        },
    ),
)

_TEMPLATES = Endpoint(
    family=PROJECTS,
    method="GET",
    path="/api/video-template",
    handler=projects.list_templates,
    summary="Templates that a project may begin with",
    answers={200: Answer(description="All of them.", body=project_wire.TemplateList)},
)

_voiceover = partial(below, VOICEOVER, "/api")
_CANCELLED = voiceover_wire.VoiceoverCancelled
_NOT_PENDING = {409: "The job is not pending any more."}
_VOICEOVER: tuple[Endpoint, ...] = (
    _voiceover(
        *("POST", "jobs", voiceover.create, "Make a video of an image and a sound"),
        voiceover_wire.VoiceoverCreated | voiceover_wire.VoiceoverJob,
        tell=voiceover.tell,
        status=201,
        form=voiceover_wire.VoiceoverForm,
        example={
            "image": "@portrait.jpg",
            "audio": "@voiceover.mp3",
            "webhookUrl": "https://your.app/hooks/vidgen",
        },
        failures={409: "Another job of the account is pending or processing."},
        is_submission=True,
    ),
    _voiceover(
        *("GET", "jobs", voiceover.list_jobs, "Jobs, newest first", voiceover_wire.VoiceoverList),
        query=voiceover_wire.VoiceoverQuery,
    ),
    _voiceover(
        *("GET", "status/{jobId}", voiceover.status, "A job's state and progress"),
        voiceover_wire.VoiceoverJob,
        waits=True,
    ),
    _voiceover(
        *("GET", "jobs/{jobId}", voiceover.status, "The same, under its own address"),
        voiceover_wire.VoiceoverJob,
        waits=True,
        name="job",
    ),
    _voiceover(
        *("DELETE", "jobs/{jobId}", voiceover.cancel, "Cancel a pending job", _CANCELLED),
        failures=_NOT_PENDING,
    ),
    _voiceover(
        *("POST", "jobs/{jobId}/cancel", voiceover.cancel, "The same by POST", _CANCELLED),
        failures=_NOT_PENDING,
        name="cancel_job",
    ),
    _voiceover(
        *("POST", "cancel/{jobId}", voiceover.cancel, "The same, beside status", _CANCELLED),
        failures=_NOT_PENDING,
        name="cancel_by_id",
    ),
    _voiceover(
        *("GET", "account/webhook-secret", voiceover.webhook_secret),
        *("What signs the account's webhooks", voiceover_wire.SecretReply),
        title="Account",
    ),
    _voiceover(
        *("POST", "account/webhook-secret", voiceover.rotate_webhook_secret),
        *("Another secret; the former one signs on for a while", voiceover_wire.SecretReply),
        body=voiceover_wire.SecretBody,
        failures={409: "The secret was changed already, and the former one still signs."},
        title="Account",
    ),
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *_COMPRESS,
    *_CLIPS,
    *_VIDEO,
    *_PROJECTS,
    *_INTERCHANGE,
    _TEMPLATES,
    *_VOICEOVER,
    *webhooks.ENDPOINTS,
    *tus.ENDPOINTS,
)

_WATCHED = watched(VIDEO)
_WATCHED_PROJECTS = watched(PROJECTS)

#: What takes no key: ids that nobody can guess.
OPEN_ENDPOINTS: tuple[OpenEndpoint, ...] = (
    OpenEndpoint(family=VIDEO, path="/storage/{fileId}/{name}", handler=shared.storage),
    OpenEndpoint(family=VIDEO, path="/v/{taskId}.json", handler=shared.document),
    OpenEndpoint(family=VIDEO, path="/v/{taskId}", handler=pages.task_player, is_page=True),
    OpenEndpoint(family=VIDEO, path="/watch/{taskId}", handler=pages.task_viewer, is_page=True),
    OpenEndpoint(family=VIDEO, path="/t/{tempId}", handler=pages.preview_player, is_page=True),
    OpenEndpoint(
        family=VIDEO, path="/preview/{tempId}", handler=pages.preview_viewer, is_page=True
    ),
    OpenEndpoint(family=VIDEO, path="/v/{taskId}/status.json", handler=pages.task_status),
    OpenEndpoint(family=_WATCHED, path="/v/{taskId}/{name}", handler=shared.task_film),
    OpenEndpoint(family=_WATCHED, path="/t/{tempId}/{name}", handler=shared.preview_film),
    OpenEndpoint(family=PROJECTS, path="/p/{shareId}", handler=viewing.player, is_page=True),
    OpenEndpoint(family=PROJECTS, path="/project/{shareId}", handler=viewing.viewer, is_page=True),
    OpenEndpoint(family=PROJECTS, path="/p/{shareId}/status.json", handler=viewing.status),
    OpenEndpoint(family=PROJECTS, path="/p/{shareId}/poster.png", handler=viewing.poster),
    OpenEndpoint(
        family=_WATCHED_PROJECTS, path="/p/{shareId}/{revision}/{name}", handler=viewing.part
    ),
    OpenEndpoint(family=VOICEOVER, path="/share/{shareId}", handler=sharing.page, is_page=True),
)
