"""What anybody may see of a task or a preview who knows its link, and what its page says of it.

A link takes no key: the id is the secret. A document had no faults when it was stored; one that
has some now names a file that was deleted since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from telecine.api.compositions import documents
from telecine.api.compositions.documents import Checked
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.core import compositions
from telecine.core.compositions import Composition, CompositionKind, RenderState, Task
from telecine.kit.errors import InvalidDocumentError
from telecine.media.timeline.captions import captions_of

_LONGEST_TITLE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """What a page says.

    `width` and `height` are those of the film; its preview is as large as fits into 854x480.
    `progress` is 0 to 1. Each of `faults` has path, code, message, got and allowed; with any
    there is no picture. `failure` is why the latest render failed; `download_url` and the
    `size_bytes` behind it are None until there is a file.
    """

    id: str
    title: str | None
    width: int
    height: int
    frame_rate: float
    duration_seconds: float
    status: RenderState
    progress: float
    has_captions: bool
    faults: Sequence[Mapping[str, str]]
    failure: str | None
    download_url: str | None
    size_bytes: int | None
    expires_at: datetime | None


async def describe(
    services: Services, composition_id: str, *, kind: CompositionKind, origin: str
) -> Viewed:
    """Say what a page shows of what lies under a link. Raises what `shown` raises."""
    found = await shown(services, composition_id, kind=kind)
    faults: Sequence[Mapping[str, str]] = ()
    is_captioned = False
    try:
        checked = await check(services, found.composition, origin=origin)
        is_captioned = any(captions_of(checked.timeline))
    except InvalidDocumentError as error:
        faults = error.problems
    viewed = view(
        found, now=services.clock(), origin=origin, faults=faults, is_captioned=is_captioned
    )
    return viewed if viewed.title else replace(viewed, title=_named(found.composition.document))


async def shown(services: Services, composition_id: str, *, kind: CompositionKind) -> Task:
    """Return what lies under a link. Raises `NotFoundError` and `ExpiredError`."""
    return await services.read(
        partial(
            compositions.of_link,
            composition_id=composition_id,
            kind=kind,
            now=services.clock(),
        )
    )


async def check(services: Services, composition: Composition, *, origin: str) -> Checked:
    """Check a stored document anew. Raises `InvalidDocumentError`."""
    raw = composition.document.encode("utf-8")
    return await documents.check(services, composition.account_id, raw, origin=origin)


class _Named(msgspec.Struct):
    """As much of a document as has its own title: text for people, which nothing checks."""

    meta: object = None


def _named(document: str) -> str | None:
    meta = msgspec.json.decode(document, type=_Named).meta
    title = meta.get("title") if isinstance(meta, dict) else None
    return title.strip()[:_LONGEST_TITLE] or None if isinstance(title, str) else None


def view(
    task: Task,
    *,
    now: datetime,
    origin: str,
    faults: Sequence[Mapping[str, str]] = (),
    is_captioned: bool = False,
) -> Viewed:
    """Say what is known without looking into the document: enough to tell how far a render is."""
    composition, job, film = task.composition, task.job, task.output
    if film is not None and film.is_gone(now):
        film = None
    return Viewed(
        id=composition.id,
        title=composition.title,
        width=composition.width,
        height=composition.height,
        frame_rate=float(composition.frame_rate),
        duration_seconds=composition.duration_seconds,
        status=task.state,
        progress=0.0 if job is None else job.progress,
        has_captions=is_captioned,
        faults=faults,
        failure=job.error_message if job and task.state is RenderState.FAILED else None,
        download_url=None if film is None else links.link_to(film, origin=origin),
        size_bytes=None if film is None else film.size_bytes,
        expires_at=composition.expires_at,
    )
