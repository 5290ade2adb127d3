"""The projects family's handlers for files of other editors: OpenTimelineIO and SubRip.

A file is told by how it begins: JSON is OpenTimelineIO, everything else is read as subtitles.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import PurePath
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from telecine import templates
from telecine.api.access import Caller
from telecine.api.compositions import documents
from telecine.api.fields.remarks import Remark, remarks
from telecine.api.fields.words import choice
from telecine.api.orders import forms
from telecine.api.projects import editing, fields, handlers
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.api.stored.downloads import content_disposition
from telecine.core import projects
from telecine.core.projects import Change, Content
from telecine.media.timeline import otio, otio_reading, srt
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.reader import Problem

_MOST_NAME_CHARACTERS = 200


class Interchange(StrEnum):
    """Kinds of files that a project is written as."""

    OTIO = "otio"
    SRT = "srt"


async def export(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/video-project/{id}/export"""
    fields.check_owner(request, caller)
    wanted = choice(request, "format", Interchange) or Interchange.OTIO
    project = await editing.found(request, caller, services)
    content = await services.read(partial(projects.content, project=project))
    raw = content.composition.encode("utf-8")
    if wanted is Interchange.OTIO:
        return await run_in_threadpool(_otio, raw, name=content.name)
    origin = links.origin_of(request, services)
    checked = await documents.check(
        services, caller.account.id, raw, origin=origin, usual="remotion"
    )
    text = await run_in_threadpool(srt.write, checked.timeline)
    if not text:
        raise documents.refusal((_NO_CAPTIONS,))
    return _file(
        text.encode("utf-8"), name=f"{content.name}.srt", media_type="application/x-subrip"
    )


async def import_file(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/video-project/import"""
    limit = services.settings.max_composition_bytes
    async with await forms.receive(request, caller, services, max_file_bytes=limit) as form:
        fields.check_owner(request, caller, email=form.fields.get("email", ""))
        file = form.require_file()
        raw = await run_in_threadpool(file.path.read_bytes)
        composition, name, warnings = await run_in_threadpool(_read, raw, filename=file.filename)
        name = form.fields.get("name") or name
    text = msgspec.json.encode(composition).decode("utf-8")
    content = Content(
        name=fields.name(name),
        template_id=templates.DEFAULT_ID,
        composition=text,
    )
    return await handlers.made(
        *(request, caller, services, content),
        change=Change.IMPORT,
        warnings=warnings,
    )


def _otio(raw: bytes, *, name: str) -> Response:
    document = documents.read(raw)
    if faults := parse(document, usual="remotion").problems:
        raise documents.refusal(faults)
    assert isinstance(document, dict)  # anything else has faults
    written = msgspec.json.format(msgspec.json.encode(otio.write(document, name=name)))
    return _file(written, name=f"{name}.otio", media_type="application/json")


def _read(raw: bytes, *, filename: str) -> tuple[dict[str, Any], str, tuple[Remark, ...]]:
    """Return the composition that a file holds, its name, and what was not taken over."""
    stem = PurePath(filename).stem
    if raw.lstrip().startswith(b"{"):
        imported = otio_reading.read(documents.read(raw))
        if imported.composition is None:
            raise documents.refusal(imported.problems)
        return imported.composition, _cleaned(imported.name or stem), remarks(imported.warnings)
    subtitles = srt.read(raw)
    if subtitles.problems:
        raise documents.refusal(subtitles.problems)
    return srt.composition(subtitles.cues, filename=filename), _cleaned(stem), ()


def _cleaned(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[:_MOST_NAME_CHARACTERS]


def _file(content: bytes, *, name: str, media_type: str) -> Response:
    headers = {"content-disposition": content_disposition(name)}
    return Response(content, media_type=media_type, headers=headers)


_NO_CAPTIONS = Problem(
    path="items",
    code="EMPTY",
    message="There are no captions in this project.",
    got="no words",
    allowed="an item of type captions with words",
)
