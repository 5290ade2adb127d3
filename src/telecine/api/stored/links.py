"""Addresses that open a stored file without a key.

The name of the file row is the secret: 103 random bits that are told to the file's owner alone.
A link lives exactly as long as its file, so that a composition which names an uploaded file by
its address never finds it expired.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from starlette.requests import Request

from telecine.api.services import Services
from telecine.core.files import File

_PATH = re.compile(r"/storage/(file_[a-z0-9]{20})/[^/]+")


def origin_of(request: Request, services: Services) -> str:
    """Return what links begin with: the setting, or the address that the client asked at."""
    return services.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")


def link_to(file: File, *, origin: str) -> str:
    """Return a file's address."""
    return link_by_id(file.id, file.filename, origin=origin)


def link_by_id(file_id: str, filename: str, *, origin: str) -> str:
    """Return the address of a file that is known by id and name alone."""
    return f"{origin}/storage/{file_id}/{quote(filename, safe='')}"


def file_of(url: str, *, origin: str) -> str | None:
    """Return the id of the file that one of our own links names; None for any other address."""
    if not url.startswith(f"{origin}/"):
        return None
    prefix = urlsplit(origin).path
    match = _PATH.fullmatch(urlsplit(url).path.removeprefix(prefix))
    return match[1] if match else None
