"""A clip is opened as a project: its composition, with the film that it was cut from.

The film is taken into the library, where it stays for as long as its owner wants; it counts
against the room of the plan once, however many of its clips are opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool

from telecine import templates
from telecine.api.access import Caller
from telecine.api.services import Services
from telecine.core import assets, projects
from telecine.core.assets import Asset, AssetKind, Figures
from telecine.core.files import File
from telecine.core.jobs import JobDetails
from telecine.core.projects import Change, Content, Project
from telecine.db import Transaction
from telecine.kit.errors import ExpiredError


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The new project, and the film in the library that it shows."""

    project: Project
    asset: Asset


async def open_clip(
    services: Services, caller: Caller, details: JobDetails, facts: Mapping[str, Any]
) -> Opened:
    """Make a project of a clip. Raises `ExpiredError`, `StorageQuotaError`."""
    now = services.clock()
    written = details.outputs[facts["outputs"]["composition"]]
    film = _film(details)
    if written.is_gone(now):
        raise ExpiredError("The clip's time is over, and it is deleted. Process the video again.")
    if film.is_gone(now):
        raise ExpiredError(
            "The video that this clip was cut from is deleted, and the project would be of it. The "
            "clip itself is still there. Upload the video and process it again, or upload the clip."
        )
    document = await run_in_threadpool(_read, services, written)
    source = details.job.facts["source"]
    figures = Figures(
        kind=AssetKind.VIDEO,
        width=source["width"],
        height=source["height"],
        duration_seconds=source["duration_seconds"],
    )

    def verb(tx: Transaction) -> Opened:
        limit = caller.plan.storage_bytes
        asset = assets.adopt(tx, film, figures, limit_bytes=limit, now=now)
        content = Content(
            name=facts["title"],
            template_id=templates.DEFAULT_ID,
            composition=_pointed(document, to=asset),
        )
        project = projects.create(
            tx,
            projects.drafted(content),
            account_id=caller.account.id,
            change=Change.IMPORT,
            now=now,
            limit_bytes=limit,
        )
        return Opened(project=project, asset=asset)

    return await services.write(verb)


def _film(details: JobDetails) -> File:
    """Return the film: made by the job where it had to be fetched, else what it was given."""
    position = details.job.facts["outputs"].get("film")
    return details.inputs[0] if position is None else details.outputs[position]


def _read(services: Services, file: File) -> dict[str, Any]:
    text = b"".join(services.blobs.stream(file.blob_key, length=file.size_bytes))
    document: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    return document


def _pointed(document: Mapping[str, Any], *, to: Asset) -> str:
    """Return the composition with the library's name for its film wherever it names one."""
    src = f"file_id:{to.id}"
    tracks = [
        {
            **track,
            "clips": [{**clip, "src": src} if "src" in clip else clip for clip in track["clips"]],
        }
        for track in document["tracks"]
    ]
    return msgspec.json.encode({**document, "tracks": tracks}).decode()
