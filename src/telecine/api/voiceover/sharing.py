"""The page that a share link shows: a finished video, for whoever has the link.

It takes no key: the link has the id of the video's file, 103 random bits, and lives as long as that.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from telecine.api.answers import pages
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.api.voiceover import wording
from telecine.api.voiceover.wording import FAMILY
from telecine.core import jobs
from telecine.core.jobs import JobDetails
from telecine.db import Transaction
from telecine.kit.errors import ExpiredError, NotFoundError

_TITLE = "Voiceover"
_DESCRIPTION = "A picture with a voice, {}."
_SYNTHETIC = "The face in this video is moved by a program: nobody was filmed saying this."


async def page(request: Request, services: Services) -> Response:
    """GET /share/{shareId}"""
    file_id = wording.shared_file(request.path_params["shareId"])

    def find(tx: Transaction) -> JobDetails:
        return jobs.details(tx, jobs.of_output(tx, file_id))

    details = await services.read(find)
    job = details.job
    # Other families' files have pages of their own, and a poster is no video.
    if job.family != FAMILY or details.outputs[0].id != file_id:
        raise NotFoundError("There is no such video.")
    video = wording.video_of(details, now=services.clock())
    if video is None:
        raise ExpiredError("This video's time is over, and it has been deleted.")
    origin = links.origin_of(request, services)
    shown = wording.status(details, origin=origin, now=services.clock())
    notes = (_SYNTHETIC,) if shown.mode == "talking" else ()
    film = pages.Film(
        title=_TITLE,
        width=shown.width,
        height=shown.height,
        duration_seconds=shown.duration,
        frame_rate=0,
        file=links.link_to(video, origin="").lstrip("/"),
        poster=links.link_to(details.outputs[1], origin="").lstrip("/"),
        description=" ".join((_DESCRIPTION.format(pages.clock(shown.duration)), *notes)),
    )
    return pages.shared(
        film,
        size_bytes=video.size_bytes,
        notes=notes,
        origin=origin,
        path=request.url.path.lstrip("/"),
    )
