"""The thumbnail of a project: the first image that its composition names, wherever that lies.

Of a file in the library the path is kept, without an origin: each reply says where it is by now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from telecine.api.access import Caller
from telecine.api.compositions import documents
from telecine.api.services import Services
from telecine.api.stored import links
from telecine.core import assets, projects
from telecine.core.assets import Asset, AssetKind
from telecine.core.projects import Content, Pictures

_MOST_CHARACTERS: Final = 4096
_WEB: Final = ("http://", "https://")


async def pictured(
    request: Request, caller: Caller, services: Services, content: Content
) -> Content:
    """Give a content the thumbnail of its composition, unless it is locked or there is none.

    It is the first image, else the first poster of a film, else an uploaded film's own.
    """
    if content.is_thumbnail_locked:
        return content
    named = await run_in_threadpool(projects.pictures, content.composition)
    origin = links.origin_of(request, services)
    said = (*named.images, *named.posters, *named.films)
    ids = {text: documents.file_named(text, origin=origin) for text in said}
    wanted = [name for name in ids.values() if name is not None]
    library = await services.read(partial(assets.find, names=wanted, account_id=caller.account.id))
    stored = {text: library[name] for text, name in ids.items() if name and name in library}
    return replace(content, thumbnail_url=_first(named, stored) or content.thumbnail_url)


def _first(named: Pictures, stored: Mapping[str, Asset]) -> str | None:
    shown = (_address(text, stored) for text in (*named.images, *named.posters))
    of_films = (_picture(stored[text]) for text in named.films if text in stored)
    return next((found for found in (*shown, *of_films) if found), None)


def _address(text: str, stored: Mapping[str, Asset]) -> str | None:
    """Return an address that pages may show: of another kind it might be a script."""
    if text.lower().startswith(_WEB):
        return text if len(text) <= _MOST_CHARACTERS else None
    return _picture(stored[text]) if text in stored else None


def _picture(asset: Asset) -> str | None:
    if asset.thumbnail_id is not None:
        return links.link_by_id(asset.thumbnail_id, assets.THUMBNAIL_NAME, origin="")
    return links.link_to(asset.file, origin="") if asset.kind is AssetKind.IMAGE else None
