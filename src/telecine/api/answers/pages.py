"""Pages for people: a film in a player, and the page that says why there is none.

Which film, under which URL and in which state, a family says; nothing here asks for a key, reads
a database or knows a dialect. All addresses in a page are relative, so that it works under any
name and path that the server is reached by; only what link previews show is absolute.
"""

from __future__ import annotations

import http
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import HTMLResponse

from telecine import __version__
from telecine.media.render.playlist import PLAYLIST_NAME, POSTER_NAME

#: From a page to the root of the server: every page is one folder below it.
ROOT = ".."
#: Stands in a shown command for an address that is not there yet; viewer.js knows it too.
DOWNLOAD_URL = "DOWNLOAD_URL"
#: Stands in shown commands for a key.
KEY = "sk-your-api-key"

# Scripts of our own origin alone. The player's parts carry their styles inside them, as inline
# styles; its film comes out of memory, as a blob.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors {framers}"
)

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What a page says of a film.

    `media` is the path, from the root and without a first slash, under which lie `index.m3u8`,
    `poster.png` and, with captions, `captions.vtt`. Each of `faults` has path, message, got and
    allowed; with any there is nothing to play, nor with a duration of 0. Of a film that is
    finished, `file` and `poster` are the paths of its MP4 and its picture. `description` is for previews
    of links.
    """

    title: str
    width: int
    height: int
    duration_seconds: float
    frame_rate: float
    media: str = ""
    has_captions: bool = False
    file: str = ""
    poster: str = ""
    description: str = ""
    faults: Sequence[Mapping[str, str]] = ()

    @property
    def is_played(self) -> bool:
        """True where there is something to play."""
        return self.duration_seconds > 0 and not self.faults

    @property
    def source(self) -> str:
        """Path of what is played."""
        return self.file or f"{self.media}/{PLAYLIST_NAME}"

    @property
    def source_type(self) -> str:
        """Media type of what is played."""
        return "video/mp4" if self.file else "application/vnd.apple.mpegurl"

    @property
    def picture(self) -> str:
        """Path of what is shown before."""
        return self.poster or f"{self.media}/{POSTER_NAME}"


class Work(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the rendering of a film stands; the viewer page asks for it again and again.

    `status` is the family's own word. `revision` is that of the newest film, where it can change.
    """

    status: str
    #: Percent.
    progress: int = 0
    error: str | None = None
    download_url: str | None = None
    #: For people: 4.8 MB.
    size: str | None = None
    revision: int | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that a viewer may copy: a shell command, with placeholders.

    `DOWNLOAD_URL` in it is replaced as soon as there is one.
    """

    title: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """What the viewer page has beside the player. `work_path` (from the root) answers `Work`.

    `placeholders` says what stands in the requests for what of whoever sends them. `note` says how
    long the link lives, if it does not live for ever.
    """

    requests: Sequence[Request]
    work: Work | None = None
    work_path: str = ""
    note: str = ""
    placeholders: Mapping[str, str] = field(default_factory=lambda: {KEY: "your own key"})


def clean(film: Film, *, origin: str, path: str) -> HTMLResponse:
    """Return the page that has the player alone; other sites may frame it."""
    return _film_page(film, viewing=None, address=f"{origin}/{path}", origin=origin)


def viewer(film: Film, viewing: Viewing, *, origin: str, path: str) -> HTMLResponse:
    """Return the page with the player and all that is known of the film."""
    return _film_page(film, viewing=viewing, address=f"{origin}/{path}", origin=origin)


def shared(
    film: Film, *, size_bytes: int, notes: Sequence[str], origin: str, path: str
) -> HTMLResponse:
    """Return the page of a finished film for whoever has its link; other sites may not frame it."""
    return _page(
        "share.html",
        framers="'self'",
        film=film,
        size=megabytes(size_bytes),
        notes=notes,
        address=f"{origin}/{path}",
        origin=origin,
    )


def missing(message: str, *, status: int) -> HTMLResponse:
    """Return the page that is shown in a film's place, with an error's status."""
    return _page(
        "missing.html",
        framers="*",
        status=status,
        phrase=http.HTTPStatus(status).phrase,
        number=status,
        message=message,
    )


def _film_page(film: Film, *, viewing: Viewing | None, address: str, origin: str) -> HTMLResponse:
    return _page(
        "film.html",
        framers="*" if viewing is None else "'self'",
        film=film,
        viewing=viewing,
        address=address,
        origin=origin,
    )


def _page(name: str, *, framers: str, status: int = 200, **values: object) -> HTMLResponse:
    text = _TEMPLATES.get_template(name).render(root=ROOT, version=__version__, **values)
    return HTMLResponse(
        text,
        status_code=status,
        headers={
            "Content-Security-Policy": _POLICY.format(framers=framers),
            "Cache-Control": "private, no-cache",
        },
    )


def clock(seconds: float) -> str:
    """Write a duration as players do: 1:05, 0:02.4, 1:00:00."""
    tenths = round(seconds * 10)
    whole, part = divmod(tenths, 10)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    begin = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{begin}:{rest:02}" + (f".{part}" if part else "")


def megabytes(size_bytes: int) -> str:
    """Write a size for people: MB of 10^6 bytes."""
    return f"{max(size_bytes / 1e6, 0.01):.{1 if size_bytes >= 1e6 else 2}f} MB"


_TEMPLATES.filters["clock"] = clock
_TEMPLATES.filters["rate"] = lambda rate: f"{rate:.5g}"
