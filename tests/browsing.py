"""A real browser, what it asks for, and what it complains of."""

from __future__ import annotations

import shutil
import time
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, expect

#: Whichever there is, as the launcher looks for it.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), _NAMES[0])
#: What keeps the browser itself from talking to its maker, so that what is left is the page's.
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE_MS = 180_000
expect.set_options(timeout=PATIENCE_MS)


class Visit:
    """A page, and everything it asked for or complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", self._note_failure)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                self.complaints.append(said.text) if said.type in {"error", "warning"} else None
            ),
        )
        page.on(
            "response",
            lambda answer: (
                self.complaints.append(f"{answer.status} {answer.url}")
                if answer.status >= 400
                else None
            ),
        )

    def _note_failure(self, request: Request) -> None:
        """What the page itself gives up, or saves as a file, has not failed."""
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed {request.url}: {request.failure}")

    def elsewhere(self, url: str) -> list[str]:
        """Return what was asked of other hosts than that of `url`."""
        ours = urlsplit(url).netloc
        return [
            asked
            for asked in self.requests
            if urlsplit(asked).scheme not in {"data", "blob"} and urlsplit(asked).netloc != ours
        ]


def until(page: Page, script: str) -> None:
    """Wait until a script says yes. (Playwright's own wait needs eval, which our policy forbids.)"""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(script):
        assert time.monotonic() < deadline, script
        page.wait_for_timeout(40)
