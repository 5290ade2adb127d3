"""What anybody may see of a project who knows its link: its newest revision, played and told of.

A link takes no key: the share id is the secret. The parts of a film lie under the number of their
revision, so that a player goes on with the film that it began while the project is being edited.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from telecine.api.answers import pages
from telecine.api.compositions import documents, previewing
from telecine.api.compositions.documents import Checked
from telecine.api.family import Json
from telecine.api.projects import fields
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.core import projects
from telecine.core.files import File
from telecine.core.projects import Project, ProjectStatus
from telecine.db import Transaction
from telecine.kit.errors import InvalidDocumentError, NotFoundError
from telecine.media.render.playlist import POSTER_NAME
from telecine.media.timeline.captions import captions_of

_EMAIL = "you@example.com"
#: Enough to be seen: what the page of an empty project offers to add.
_EXAMPLE = {
    "tracks": [{"id": "track-1", "items": ["item-1"]}],
    "items": {
        "item-1": {
            "type": "text", "text": "Hello", "color": "#ffffff", "fontSize": 120,
            "from": 0, "durationInFrames": 90,
            "left": 240, "top": 400, "width": 1440, "height": 280,
        }
    },
}  # fmt: skip
#: From the folder of a revision.
_PLAIN_PICTURE = "../../../static/empty.png"
_LOOK_AGAIN = {"Cache-Control": "private, no-cache"}


async def player(request: Request, services: Services) -> Response:
    """GET /p/{shareId}"""
    project = await _shared(request, services)
    origin = links.origin_of(request, services)
    film = await _film(services, project, origin=origin)
    return pages.clean(film, origin=origin, path=f"p/{project.share_id}")


async def viewer(request: Request, services: Services) -> Response:
    """GET /project/{shareId}"""
    project = await _shared(request, services)
    origin = links.origin_of(request, services)
    film = await _film(services, project, origin=origin)
    work = await _work(services, project, origin=origin)
    beside = pages.Viewing(
        requests=_requests(project, work, origin=origin, is_empty=film.duration_seconds == 0),
        placeholders={pages.KEY: "your own key", _EMAIL: "the address that it belongs to"},
        work=work,
        work_path=f"p/{project.share_id}/status.json",
    )
    return pages.viewer(film, beside, origin=origin, path=f"project/{project.share_id}")


async def status(request: Request, services: Services) -> Response:
    """GET /p/{shareId}/status.json"""
    project = await _shared(request, services)
    work = await _work(services, project, origin=links.origin_of(request, services))
    return Json(work, headers={"Cache-Control": "no-store"})


async def poster(request: Request, services: Services) -> Response:
    """GET /p/{shareId}/poster.png"""
    project = await _shared(request, services)
    # Relative: from the folder that this lies in.
    return RedirectResponse(f"{project.revision}/{POSTER_NAME}", headers=_LOOK_AGAIN)


async def part(request: Request, services: Services) -> Response:
    """GET /p/{shareId}/{revision}/{name}"""
    project = await _shared(request, services)
    number = fields.revision(request)
    origin = links.origin_of(request, services)
    look = partial(projects.shared_digest, project=project, revision=number, now=services.clock())
    digest = await services.read(look)
    check = partial(_check, services, project, number, origin=origin)

    async def something() -> Checked:
        checked = await check()
        if checked.timeline.duration_frames == 0:
            raise NotFoundError("There is nothing to see yet: no item lasts.")
        return checked

    try:
        return await previewing.serve(
            request, services, account_id=project.account_id, digest=digest, check=something
        )
    except NotFoundError:
        is_poster = request.path_params["name"] == POSTER_NAME
        if not is_poster or (await check()).timeline.duration_frames:
            raise
        return RedirectResponse(_PLAIN_PICTURE, headers=_LOOK_AGAIN)


async def _shared(request: Request, services: Services) -> Project:
    share_id = request.path_params["shareId"]
    return await services.read(partial(projects.of_link, share_id=share_id))


async def _check(services: Services, project: Project, revision: int, *, origin: str) -> Checked:
    content = await services.read(partial(projects.content, project=project, revision=revision))
    raw = content.composition.encode("utf-8")
    return await documents.check(services, project.account_id, raw, origin=origin, usual="remotion")


async def _film(services: Services, project: Project, *, origin: str) -> pages.Film:
    faults: Sequence[Mapping[str, str]] = ()
    checked: Checked | None = None
    try:
        checked = await _check(services, project, project.revision, origin=origin)
    except InvalidDocumentError as error:
        faults = error.problems
    line = None if checked is None else checked.timeline
    return pages.Film(
        title=project.name,
        width=1920 if line is None else line.width,
        height=1080 if line is None else line.height,
        duration_seconds=0 if line is None else float(line.duration_frames / line.frame_rate),
        frame_rate=0 if line is None else float(line.frame_rate),
        media=f"p/{project.share_id}/{project.revision}",
        has_captions=line is not None and any(captions_of(line)),
        faults=faults,
    )


async def _work(services: Services, project: Project, *, origin: str) -> pages.Work:
    def look(tx: Transaction) -> projects.Standing:
        return projects.standing(tx, project, now=services.clock())

    standing = await services.read(look)
    job = standing.latest
    output = standing.film.output if standing.film is not None else None
    is_failed = project.status is ProjectStatus.FAILED
    return pages.Work(
        status=project.status.value,
        revision=project.revision,
        progress=0 if job is None else int(job.progress * 100),
        error=job.error_message if job is not None and is_failed else None,
        download_url=None if output is None else links.link_to(output, origin=origin),
        size=None if output is None else _size(output),
    )


def _size(output: File) -> str:
    """Say what the button gives: not every render is a film."""
    kind = output.filename.rpartition(".")[2].upper()
    return f"{kind}, {pages.megabytes(output.size_bytes)}"


def _requests(
    project: Project, work: pages.Work, *, origin: str, is_empty: bool
) -> tuple[pages.Request, ...]:
    address = f"{origin}/api/video-project/{project.id}"
    key = f"-H 'api-key: {pages.KEY}'"
    change = {"email": _EMAIL, "operation": "deep-merge", "data": {"composition": _EXAMPLE}}
    filling = pages.Request(
        title="Add something",
        command=f"curl -X PATCH {shlex.quote(address + '/composition')} \\\n  {key} {_body(change)}",
    )
    where = "" if work.download_url else ": render_url of the answer"
    return (
        *((filling,) if is_empty else ()),
        pages.Request(
            title="Render it",
            command=f"curl -X POST {shlex.quote(address + '/render')} \\\n"
            f"  {key} {_body({'email': _EMAIL})}",
        ),
        pages.Request(
            title="Ask how far it is",
            command=f"curl -G {shlex.quote(address)} \\\n  {key} \\\n"
            f"  --data-urlencode 'email={_EMAIL}'",
        ),
        pages.Request(
            title=f"Download the file{where}",
            command="curl -OJ "
            + (shlex.quote(work.download_url) if work.download_url else pages.DOWNLOAD_URL),
        ),
    )


def _body(sent: Mapping[str, object]) -> str:
    return f"-H 'Content-Type: application/json' \\\n  -d {shlex.quote(json.dumps(sent))}"
