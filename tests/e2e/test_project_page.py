"""The page of a project in a real browser, while the project is edited and rendered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, expect
from tests.browsing import PATIENCE_MS, Visit, until
from tests.projects import URL, composition

from telecine.cli.local_server import LocalServer, local_server

EMAIL = "local@telecine.localhost"
VIDEO = "document.querySelector('video')"
CLOCK = "document.querySelector('media-time-display')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A server, and a client that edits projects on it."""

    server: LocalServer
    client: httpx2.Client

    def make(self, **more: Any) -> dict[str, Any]:
        answer = self.client.post(URL, json={"email": EMAIL, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["data"])

    def change(self, project: dict[str, Any], changed: dict[str, Any]) -> None:
        sent = {"operation": "deep-merge", "data": {"composition": changed}}
        answer = self.client.patch(
            f"{URL}/{project['id']}/composition", json={"email": EMAIL, **sent}
        )
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with (
        local_server(tmp_path_factory.mktemp("project-page") / "data") as server,
        httpx2.Client(base_url=server.url, headers={"api-key": server.key}, timeout=180) as client,
    ):
        yield Desk(server=server, client=client)


def test_a_project_is_followed_from_nothing_to_its_film(desk: Desk, browser: Browser) -> None:
    project = desk.make(name="<b>Sunset</b> & sea")
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        visit = Visit(context.new_page())
        page = visit.page
        page.set_default_timeout(PATIENCE_MS)
        page.goto(project["viewer_url"])
        expect(page.get_by_role("heading", level=1)).to_have_text("<b>Sunset</b> & sea")
        expect(page.get_by_text("Add something")).to_be_visible()

        # An item is added elsewhere: the page has a player by itself.
        desk.change(project, composition())
        page.wait_for_selector("media-controller")
        until(page, f"{VIDEO}.readyState >= 2")
        assert page.evaluate(f"[{VIDEO}.videoWidth, {VIDEO}.videoHeight]") == [160, 90]

        # An edit is told to who watches, and seen when the page is loaded anew.
        desk.change(project, {"backgroundColor": "#204080"})
        page.wait_for_selector("[data-newer]:not([hidden])")
        page.reload()
        until(page, f"{VIDEO}.readyState >= 2")

        # A render goes on elsewhere: its file can be had here.
        begun = desk.client.post(f"{URL}/{project['id']}/render", json={"email": EMAIL})
        assert begun.status_code == 200, begun.text
        link = page.wait_for_selector("[data-download]:not([hidden])")
        assert link is not None
        film = httpx2.get(str(link.get_attribute("href")))
        assert film.content[4:8] == b"ftyp"
        assert visit.elsewhere(desk.server.url) == []


def test_the_clock_counts_a_second_that_is_nearly_there(desk: Desk, browser: Browser) -> None:
    project = desk.make(composition=composition())
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(project["preview_url"])
        until(page, f"{VIDEO}.readyState >= 2 && {CLOCK}.hasAttribute('mediaduration')")
        shown = {"7.999": "0:08", "8.008": "0:08", "7.5": "0:07", "59.99": "1:00"}
        for seconds, clock in shown.items():
            page.evaluate(f"{CLOCK}.setAttribute('mediaduration', '{seconds}')")
            until(page, f"{CLOCK}.shadowRoot.textContent.trimEnd().endsWith('{clock}')")
