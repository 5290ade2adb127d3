"""The reference page in a real browser: it works, and talks to nobody but this server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tests.browsing import PATIENCE_MS, Visit

from telecine.cli.local_server import LocalServer, local_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with local_server(tmp_path_factory.mktemp("pages") / "data", workers=0) as running:
        yield running


@pytest.fixture(scope="module")
def visit(browser: Browser, server: LocalServer) -> Iterator[Visit]:
    """The reference page, once it shows its last endpoint."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    made = Visit(page)
    page.goto(f"{server.url}/docs")
    expect(page.get_by_text("Convert an image while you wait").first).to_be_visible(
        timeout=PATIENCE_MS
    )
    yield made
    page.close()


@pytest.mark.parametrize(
    "summary",
    [
        "Compress a video",
        "A job's state and progress",
        "The finished file; ranges work",
        "Plan and credits",
        "Convert an image while you wait",
    ],
)
def test_the_page_shows_every_endpoint(visit: Visit, summary: str) -> None:
    expect(visit.page.get_by_text(summary).first).to_be_visible(timeout=PATIENCE_MS)


def test_an_endpoint_can_be_opened_and_read(visit: Visit) -> None:
    visit.page.get_by_text("Compress a video").first.click()
    expect(visit.page.get_by_text("/api/v1/compress").first).to_be_visible(timeout=PATIENCE_MS)
    expect(visit.page.get_by_text("webhook_url").first).to_be_visible(timeout=PATIENCE_MS)


def test_the_page_asks_no_other_origin_for_anything(visit: Visit, server: LocalServer) -> None:
    visit.page.wait_for_load_state("networkidle")
    assert visit.elsewhere(server.url) == []
    assert len(visit.requests) >= 4


def test_the_browser_has_nothing_to_complain_of(visit: Visit) -> None:
    visit.page.wait_for_load_state("networkidle")
    assert visit.complaints == []


FOREIGN = {
    "script-src-elem": "const e = document.createElement('script'); e.src = url;",
    "img-src": "const e = document.createElement('img'); e.src = url;",
    "frame-src": "const e = document.createElement('iframe'); e.src = url;",
    "style-src-elem": "const e = document.createElement('link'); e.rel = 'stylesheet'; e.href = url;",
    "connect-src": "const e = document.createElement('p'); fetch(url).catch(() => {});",
}


@pytest.mark.parametrize("directive", FOREIGN)
def test_the_policy_keeps_other_origins_out(
    browser: Browser, server: LocalServer, directive: str
) -> None:
    page = browser.new_page()
    page.goto(f"{server.url}/docs")
    violated = page.evaluate(
        "(url) => new Promise((done) => { document.addEventListener('securitypolicyviolation',"
        " (said) => done([said.effectiveDirective, new URL(said.blockedURI).origin]));"
        f" {FOREIGN[directive]} document.head.append(e); document.body.append(e); }})",
        "http://127.0.0.1:9/strange",
    )
    assert violated == [directive, "http://127.0.0.1:9"]
    page.close()
