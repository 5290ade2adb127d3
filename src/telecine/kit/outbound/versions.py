"""What servers call the bytes at an address: by that they are asked whether it has still the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

_MAX_VALIDATOR_CHARACTERS = 256
# RFC 9110, 8.8.2.2, asks for a second at least.
_SETTLED = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a server called the bytes at a URL; asked for again, it says whether they are those.

    `url` is where the redirects ended. One of the others may be empty.
    """

    url: str
    etag: str
    last_modified: str


def conditions(known: Version | None) -> dict[str, str]:
    """Return the headers that ask whether the bytes are still those."""
    if known is None:
        return {}
    named = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in named.items() if value}


def version_of(said: Mapping[str, str], *, url: str) -> Version | None:
    """Return by what the bytes can be asked for again; None where that would prove nothing."""
    is_measured = "content-length" in said or "chunked" in said.get("transfer-encoding", "")
    if not is_measured:
        return None  # a body that broke off would pass for the whole one, for ever
    etag, modified = said.get("etag", ""), said.get("last-modified", "")
    if etag or not _is_settled(modified, now=said.get("date", "")):
        modified = ""
    is_short = max(len(etag), len(modified)) <= _MAX_VALIDATOR_CHARACTERS
    if not is_short or not (etag or modified):
        return None
    return Version(url=url, etag=etag, last_modified=modified)


def _is_settled(modified: str, *, now: str) -> bool:
    """Say whether no second version can have the same date, which counts whole seconds."""
    try:
        return parsedate_to_datetime(now) - parsedate_to_datetime(modified) > _SETTLED
    except (TypeError, ValueError):
        return False
