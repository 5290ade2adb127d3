"""From what the core knows to the family's words: the projections behind `wire.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

import msgspec
from msgspec import UNSET

from telecine.api.fields.remarks import Remark
from telecine.api.projects import wire
from telecine.api.stored.links import link_to
from telecine.core import projects
from telecine.core.jobs import Job, JobDetails, JobStatus
from telecine.core.projects import (
    Content,
    Export,
    History,
    Page,
    Project,
    ProjectStatus,
    Standing,
)
from telecine.kit.clock import isoformat_exact
from telecine.templates import Template

_STATES: Final[Mapping[JobStatus, ProjectStatus]] = {
    JobStatus.QUEUED: ProjectStatus.RENDERING,
    JobStatus.RUNNING: ProjectStatus.RENDERING,
    JobStatus.SUCCEEDED: ProjectStatus.COMPLETED,
    JobStatus.FAILED: ProjectStatus.FAILED,
    JobStatus.CANCELLED: ProjectStatus.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A project with everything that a reply says of it."""

    project: Project
    content: Content
    standing: Standing
    email: str


def etag(revision: int) -> dict[str, str]:
    """Return the header that names a revision."""
    return {"ETag": f'"{revision}"'}


def record(shown: Shown, warnings: Iterable[Remark] = (), *, origin: str) -> wire.ProjectReply:
    """Word a project without its chat."""
    return wire.ProjectReply(
        data=wire.Record(**_record(shown, origin=origin), warnings=tuple(warnings))
    )


def full_record(
    shown: Shown, chat: Iterable[str], warnings: Iterable[Remark], *, origin: str
) -> wire.FullReply:
    """Word a project with its chat."""
    history = tuple(_raw(text) for text in chat)
    return wire.FullReply(
        data=wire.FullRecord(
            **_record(shown, origin=origin), warnings=tuple(warnings), chat_history=history
        )
    )


def project_list(found: Page, *, page: int, limit: int, origin: str) -> wire.ProjectList:
    """Word a page of projects."""
    return wire.ProjectList(
        data=tuple(wire.Summary(**_summary(each, origin=origin)) for each in found.projects),
        meta=_meta(found.total, page=page, limit=limit),
    )


def revision_list(found: History, *, latest: int, page: int, limit: int) -> wire.RevisionList:
    """Word a page of revisions."""
    return wire.RevisionList(
        data=tuple(
            wire.RevisionItem(
                revision=each.number,
                change=each.change.value,
                created_at=isoformat_exact(each.at),
                name=each.name,
                size=each.size,
                is_latest=each.number == latest,
            )
            for each in found.revisions
        ),
        meta=_meta(found.total, page=page, limit=limit),
    )


def revision(project: Project, content: Content, *, number: int, origin: str) -> wire.RevisionReply:
    """Word what a revision holds."""
    return wire.RevisionReply(
        data=wire.RevisionRecord(
            id=project.id,
            revision=number,
            name=content.name,
            composition=_raw(content.composition),
            settings=_raw(content.settings),
            template_id=content.template_id,
            thumbnail_url=_address(content.thumbnail_url, origin=origin),
        )
    )


def said(
    project: Project, text: str, *, n_messages: int, warnings: tuple[Remark, ...]
) -> wire.ChatReply:
    """Word a message that was kept."""
    return wire.ChatReply(
        data=wire.Said(
            id=project.id,
            message=_raw(text),
            chat_history_length=n_messages,
            warnings=warnings,
        )
    )


def begun(details: JobDetails, *, warnings: tuple[Remark, ...], origin: str) -> wire.ExportBegun:
    """Word a render that has begun, and may have ended by now."""
    job, film = details.job, details.outputs[0] if details.outputs else None
    return wire.ExportBegun(
        data=wire.BegunExport(
            id=projects.project_of(job.subject_id or ""),
            status=_STATES[job.status].value,
            render_id=job.id,
            progress=int(job.progress * 100),
            render_url=UNSET if film is None else link_to(film, origin=origin),
            render_error=_error(job) or UNSET,
            revision=job.subject_revision or 0,
            format=job.params["format"],
            width=job.params["width"],
            height=job.params["height"],
            cost=job.price,
            warnings=warnings,
        )
    )


def export_list(exports: Iterable[Export], *, origin: str) -> wire.ExportList:
    """Word the renders of a project."""
    return wire.ExportList(data=tuple(_export(each, origin=origin) for each in exports))


def template_list(known: Iterable[Template]) -> wire.TemplateList:
    """Word the templates."""
    return wire.TemplateList(
        data=tuple(
            wire.TemplateItem(
                template_id=each.id,
                name=each.name,
                description=each.description,
                tone=each.tone,
                palette=dict(each.palette),
                fonts=dict(each.fonts),
            )
            for each in known
        )
    )


def event_body(details: JobDetails, event: str, at: datetime) -> bytes:
    """Write the webhook of a finished render."""
    del event
    job = details.job
    output = details.outputs[0] if details.outputs else None
    body = wire.ProjectEvent(
        id=projects.project_of(job.subject_id or ""),
        render_id=job.id,
        status=_STATES[job.status].value,
        revision=job.subject_revision or 0,
        render_url=None if output is None else link_to(output, origin=job.origin or ""),
        render_error=_error(job),
        timestamp=isoformat_exact(at),
    )
    return msgspec.json.encode(body)


def _summary(project: Project, *, origin: str) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "status": project.status.value,
        "thumbnail_url": _address(project.thumbnail_url, origin=origin),
        "last_edited_at": isoformat_exact(project.edited_at),
        "template_id": project.template_id,
        "revision": project.revision,
        "created_at": isoformat_exact(project.created_at),
        "poster_url": f"{origin}/p/{project.share_id}/poster.png",
    }


def _record(shown: Shown, *, origin: str) -> dict[str, Any]:
    job, film = shown.standing.latest, shown.standing.film
    is_filmed = film is not None and film.output is not None
    return {
        **_summary(shown.project, origin=origin),
        "email": shown.email,
        "composition": _raw(shown.content.composition),
        "settings": _raw(shown.content.settings),
        "thumbnail_locked": shown.project.is_thumbnail_locked,
        "render_id": None if job is None else job.id,
        "render_url": link_to(film.output, origin=origin)
        if film is not None and film.output is not None
        else None,
        "render_error": None if job is None else _error(job),
        "render_progress": None if job is None else int(job.progress * 100),
        "preview_url": f"{origin}/p/{shown.project.share_id}",
        "viewer_url": f"{origin}/project/{shown.project.share_id}",
        "render_revision": film.job.subject_revision if film is not None and is_filmed else None,
    }


def _export(export: Export, *, origin: str) -> wire.ExportItem:
    job, output = export.job, export.output
    params = job.params
    expires_at = None if export.made is None else export.made.expires_at
    frames = params["frames"] or (0, params["duration_frames"])
    return wire.ExportItem(
        render_id=job.id,
        status=_STATES[job.status].value,
        revision=job.subject_revision or 0,
        format=params["format"],
        width=params["width"],
        height=params["height"],
        fps=_number(Fraction(params["frame_rate"])),
        from_=frames[0],
        duration_in_frames=frames[1] - frames[0],
        progress=int(job.progress * 100),
        url=None if output is None else link_to(output, origin=origin),
        error=_error(job),
        cost=0 if job.status in {JobStatus.FAILED, JobStatus.CANCELLED} else job.price,
        created_at=isoformat_exact(job.created_at),
        completed_at=isoformat_exact(job.finished_at) if job.finished_at else None,
        expires_at=isoformat_exact(expires_at) if expires_at else None,
    )


def _meta(total: int, *, page: int, limit: int) -> wire.ListMeta:
    return wire.ListMeta(
        pagination=wire.PageInfo(
            page=page, page_size=limit, total=total, page_count=-(-total // limit)
        )
    )


def _error(job: Job) -> str | None:
    is_bad = _STATES[job.status] is ProjectStatus.FAILED
    return (job.error_message or "failed") if is_bad else None


def _address(kept: str | None, *, origin: str) -> str | None:
    """Return where a thumbnail is: of a file of ours the path alone is kept."""
    return f"{origin}{kept}" if kept is not None and kept.startswith("/") else kept


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode("utf-8"))


def _number(value: Fraction) -> float:
    return int(value) if value.denominator == 1 else round(float(value), 3)
