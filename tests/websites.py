"""A web server on loopback whose pages a test writes, and which notes what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override

#: What a Telecine must be allowed, so that it reaches such a server.
NETWORKS = "127.0.0.1/32"


@dataclass(slots=True)
class Page:
    """What lies at a path. `location` makes it a redirect; `etag` is compared, as in service."""

    content: bytes = b""
    etag: str = ""
    modified: str = ""
    location: str = ""
    is_measured: bool = True
    #: Set: the body is not sent until the event is.
    until: threading.Event | None = None


@dataclass(slots=True)
class Site:
    """Pages by path; `asked` has each request's path and the status that was answered."""

    url: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def put(self, path: str, content: bytes = b"", **facts: str | bool) -> str:
        """Write a page; returns its address."""
        self.pages[path] = Page(content=content, **facts)  # type: ignore[arg-type]
        return self.url + path

    def statuses(self, path: str) -> list[int]:
        return [status for asked, status in self.asked if asked == path]


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        page = self.site.pages.get(self.path) or _NOTHING
        status = self._status(page)
        self.site.asked.append((self.path, status))
        content = page.content if status == 200 else b""
        self.send_response(status)
        named = {"ETag": page.etag, "Last-Modified": page.modified, "Location": page.location}
        named["Content-Length"] = str(len(content)) if page.is_measured else ""
        for name, value in named.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if page.until is not None:
            page.until.wait(180)
        self.wfile.write(content)

    def _status(self, page: Page) -> int:
        if page is _NOTHING:
            return 404
        if page.location:
            return 302
        name, since = self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")
        is_known = name == page.etag if page.etag else since == (page.modified or "never")
        return 304 if is_known else 200

    @override
    def log_message(self, *_: object) -> None:
        """Say nothing."""


_NOTHING = Page()


@contextmanager
def site() -> Iterator[Site]:
    """Serve for as long as the block lasts."""
    made = Site()

    class Handler(_Handler):
        site = made

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
