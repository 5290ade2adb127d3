"""The how-to's page with a progress bar: a browser's EventSource, over a server that is killed."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Request
from tests import samples, steps
from tests.browsing import until
from tests.e2e.test_resumable import api_process
from tests.websites import site

from telecine.cli.local_server import LocalServer, local_server

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "follow-a-job.md"
#: What the page's script is given, and what notes the events that it is told.
SCRIPT = """
<script>
  const URL = {url}, job = {job}, key = {key}, seen = [];
  window.EventSource = class extends EventSource {{
    constructor(address) {{
      super(address);
      this.opened = 0;
      this.addEventListener("open", () => (this.opened += 1));
      for (const name of ["state", "stage", "progress", "end"])
        this.addEventListener(name, (event) => seen.push([name, event.lastEventId]));
    }}
  }};
</script>
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """Without workers: a job waits for as long as the test likes."""
    with local_server(tmp_path_factory.mktemp("serve") / "data", workers=0) as running:
        yield running


def test_the_page_of_the_how_to_goes_on_after_its_server_died_and_is_told_the_end(
    server: LocalServer, browser: Browser, tmp_path: Path
) -> None:
    (html,) = re.findall(r"^```html\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=180) as client, site() as web:
        job_id = steps.submit(client, samples.make_video(tmp_path / "video.mp4", seconds=1))
        facts = {"url": server.url, "job": job_id, "key": server.key}
        script = SCRIPT.format(**{name: json.dumps(text) for name, text in facts.items()})
        page = browser.new_page()
        asked: list[Request] = []
        page.on("request", lambda it: asked.append(it) if "/events" in it.url else None)
        # From another origin than the API, as the page of anybody is.
        page.goto(web.put("/page.html", f"<!doctype html><body>{script}{html}".encode()))
        until(page, "seen.length === 1")
        os.kill(api_process(server), signal.SIGKILL)
        until(page, "events.opened === 2")
        client.post(f"/api/v1/jobs/{job_id}/cancel").raise_for_status()
        until(page, "events.readyState === EventSource.CLOSED")
        told = page.evaluate("seen")
        assert page.evaluate("document.body.innerText").strip() == "failed"
        # What it had seen already is not told again.
        assert [name for name, _ in told] == ["state", "end"]
        assert asked[-1].all_headers()["last-event-id"] == told[0][1]
        page.close()
