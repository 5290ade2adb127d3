#!/usr/bin/env python3
"""Take the picture of docs/howto/preview.md again: `.venv/bin/python .ci/pages.py`.

A server of its own, the document of README.md as a task, and the viewer page in Chromium.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

import httpx2
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from telecine.cli.local_server import local_server

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = ROOT / "docs" / "pictures" / "viewer.webp"
CHROMIUM: Final = "/usr/bin/chromium"
#: What the player shows, and how long it may take to come.
AT_SECONDS: Final = 4.9
PATIENCE_MS: Final = 60_000
MAX_BYTES: Final = 150_000


def main() -> int:
    """Take the picture."""
    text = (ROOT / "README.md").read_text("utf-8")
    shown = re.search(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    body = {"config": json.loads(shown[1]) if shown else None, "title": "One document, one film"}
    with (
        tempfile.TemporaryDirectory() as folder,
        local_server(Path(folder) / "data", workers=0) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser,
    ):
        headers = {"Authorization": f"Bearer {server.key}"}
        told = httpx2.post(f"{server.url}/api/v1/video", json=body, headers=headers).json()
        window = {"width": 1280, "height": 980}
        page = browser.new_page(viewport=window, color_scheme="dark")  # type: ignore[arg-type]
        page.goto(told["viewerUrl"])
        taken = _picture(page)
    with Image.open(io.BytesIO(taken)) as image:
        image.save(PICTURE, "webp", quality=82, method=6)
    size = PICTURE.stat().st_size
    if size > MAX_BYTES:
        raise SystemExit(f"{PICTURE.name} has {size} bytes, more than {MAX_BYTES}")
    return 0


def _picture(page: Page) -> bytes:
    # The film is begun, so that the large button is gone, and stopped where it is looked at.
    page.get_by_role("button", name="play").first.click()
    _until(page, "document.querySelector('video').currentTime > 0")
    page.evaluate(
        f"const v = document.querySelector('video'); v.pause(); v.currentTime = {AT_SECONDS}"
    )
    _until(page, "!document.querySelector('video').seeking")
    page.mouse.move(640, 300)
    page.mouse.move(640, 320)
    return page.screenshot()


def _until(page: Page, script: str) -> None:
    for _ in range(PATIENCE_MS // 50):
        if page.evaluate(script):
            return
        page.wait_for_timeout(50)
    raise SystemExit(f"never true: {script}")


if __name__ == "__main__":
    sys.exit(main())
