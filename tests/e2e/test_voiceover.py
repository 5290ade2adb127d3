"""The voiceover document's own example against a real server and worker, up to the shared page."""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest
import pyvips
from playwright.sync_api import Browser
from tests import samples
from tests.browsing import Visit, until

from telecine.cli.local_server import LocalServer, local_server

#: As the document has it, on one line.
CURL = (
    'curl -X POST https://example.com/api/jobs -H "X-API-Key: $YOUR_API_KEY" '
    '-F "image=@portrait.jpg" -F "audio=@voiceover.mp3" '
    '-F "webhookUrl=https://your.app/hooks/vidgen"'
)
SECONDS = 2
PATIENCE_SECONDS = 180


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with local_server(tmp_path_factory.mktemp("voiceover") / "data", workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the document's two files are."""
    made = tmp_path_factory.mktemp("media")
    pyvips.Image.thumbnail(str(samples.astronaut()), 400).write_to_file(str(made / "portrait.jpg"))
    samples.make_audio(made / "voiceover.mp3", seconds=SECONDS)
    return made


@pytest.fixture(scope="module")
def job(server: LocalServer, folder: Path) -> dict[str, Any]:
    """What is told of the job that the document's command makes, once it has ended."""
    command = CURL.replace("https://example.com", server.url)
    done = subprocess.run(
        shlex.split(command.replace("$YOUR_API_KEY", server.key)),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    created = json.loads(done.stdout)
    assert created["message"] == "Job created", created
    pause, told = threading.Event(), created
    headers = {"X-API-Key": server.key}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=180) as client:
        for _ in range(PATIENCE_SECONDS * 4):
            told = client.get(f"/api/status/{created['jobId']}").json()
            if told["status"] not in {"PENDING", "PROCESSING"}:
                break
            pause.wait(0.25)
    return dict(told)


def test_the_documented_command_makes_a_video_as_long_as_the_sound(
    job: dict[str, Any], tmp_path: Path
) -> None:
    assert (job["status"], job["progress"], job["errorMessage"]) == ("COMPLETED", 100, None)
    video = tmp_path / "video.mp4"
    video.write_bytes(httpx2.get(job["outputVideo"], timeout=180).content)
    with av.open(str(video)) as film:
        picture = film.streams.video[0]
        assert (picture.width, picture.height) == (job["width"], job["height"])
        rate = float(picture.average_rate or 0)
        assert abs(sum(1 for _ in film.decode(picture)) / rate - SECONDS) < 1.5 / rate + 0.06


def test_the_shared_page_plays_in_a_browser_without_a_key(
    browser: Browser, server: LocalServer, job: dict[str, Any]
) -> None:
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    visit = Visit(page)
    page.goto(job["outputShareLink"])
    until(page, "document.querySelector('video').readyState >= 1")
    assert page.evaluate("Math.round(document.querySelector('video').duration)") == SECONDS
    page.locator("media-play-button.begin").click()
    until(page, "document.querySelector('video').currentTime > 0.3")
    assert page.evaluate("document.querySelector('video').videoWidth") == job["width"]
    assert page.get_by_text("Download").is_visible()
    assert visit.complaints == []
    assert visit.elsewhere(server.url) == []
    page.close()
