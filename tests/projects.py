"""What tests of projects do the same way: make one, change it, render it, look at a refusal."""

from __future__ import annotations

from typing import Any

import httpx2
from tests import steps
from tests.fakes import FixedClock

from telecine.assembly import Telecine

URL = "/api/video-project"
EMAIL = "ann@example.com"
EMPTY = {
    "fps": 30,
    "compositionWidth": 1920,
    "compositionHeight": 1080,
    "tracks": [],
    "items": {},
    "assets": {},
}


def composition(**more: Any) -> dict[str, Any]:
    """One second, five small frames."""
    item = {
        "id": "item-1",
        "type": "solid",
        "color": "#c03020",
        "from": 0,
        "durationInFrames": 5,
        "top": 0,
        "left": 0,
        "width": 160,
        "height": 90,
    }
    return {
        "fps": 5,
        "compositionWidth": 160,
        "compositionHeight": 90,
        "tracks": [{"id": "track-1", "trackType": "video", "name": "Main", "items": ["item-1"]}],
        "items": {"item-1": item},
        "assets": {},
        **more,
    }


def make(client: httpx2.Client, **more: Any) -> dict[str, Any]:
    answer = client.post(URL, json={"email": EMAIL, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def fetch(client: httpx2.Client, project_id: int) -> dict[str, Any]:
    answer = client.get(f"{URL}/{project_id}", params={"email": EMAIL})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def patch(
    client: httpx2.Client, project_id: int, operation: str, headers: Any = None, **data: Any
) -> httpx2.Response:
    body = {"email": EMAIL, "operation": operation, "data": data}
    return client.patch(f"{URL}/{project_id}/composition", json=body, headers=headers)


def begin(client: httpx2.Client, project_id: int, **more: Any) -> dict[str, Any]:
    answer = client.post(f"{URL}/{project_id}/render", json={"email": EMAIL, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def finish(telecine: Telecine, clock: FixedClock, begun: dict[str, Any]) -> None:
    """Run a render as a worker does; what comes after it comes later."""
    steps.run(telecine, begun["render_id"])
    clock.advance(seconds=1)


def refused(answer: httpx2.Response, status: int, error: str) -> dict[str, Any]:
    body = dict(answer.json())
    assert (answer.status_code, body["error"], body["success"]) == (status, error, False), body
    assert set(body) == {"success", "error", "message", "data", "request_id"}
    return body
