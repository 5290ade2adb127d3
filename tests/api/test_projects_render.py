"""Renders of projects: of a revision, one at a time, in several kinds."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest
import pyvips
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests import described, samples
from tests.conftest import customer_of
from tests.fakes import FixedClock
from tests.projects import EMAIL, URL, begin, composition, fetch, finish, make, patch, refused

from telecine.assembly import Telecine
from telecine.core import jobs as core_jobs
from telecine.core.jobs import Ending
from telecine.db.tables import deliveries, jobs


@pytest.fixture(autouse=True)
def every_status_is_described(api: TestClient) -> None:
    api.event_hooks["response"].append(described.check)


def exports(client: httpx2.Client, project_id: int) -> list[dict[str, Any]]:
    answer = client.get(f"{URL}/{project_id}/exports", params={"email": EMAIL})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def showing(client: httpx2.Client, path: Path, kind: str) -> dict[str, Any]:
    """A composition with a file of the library in it."""
    with path.open("rb") as file:
        answer = client.post("/api/v1/upload", files={"file": (path.name, file)})
    made = composition()
    source = answer.json()["assets"][0]["id"]
    made["assets"]["asset-1"] = {"id": "asset-1", "type": kind, "remoteUrl": source}
    times = {"from": 0, "durationInFrames": 5}
    made["items"]["item-2"] = {"id": "item-2", "type": kind, "assetId": "asset-1", **times}
    made["tracks"][0]["items"].append("item-2")
    return made


def sounding(client: httpx2.Client, folder: Path) -> dict[str, Any]:
    return showing(client, samples.make_audio(folder / "tone.wav", seconds=1), "audio")


def rendered(
    client: httpx2.Client, telecine: Telecine, clock: FixedClock, project_id: int, **more: Any
) -> bytes:
    """Render, and return the file that `render_url` opens."""
    finish(telecine, clock, begin(client, project_id, **more))
    told = fetch(client, project_id)
    assert told["status"] == "completed", told["render_error"]
    answer = client.get(told["render_url"])
    assert answer.status_code == 200
    return answer.content


def frames_of(film: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(film), "r") as container:
        return list(container.decode(video=0))


def test_a_project_renders_to_a_film_that_is_told_and_opens(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    project = make(anybody, composition=composition())["id"]
    begun = begin(anybody, project)
    assert begun | {"id": project, "status": "rendering", "progress": 0, "revision": 1} == begun
    assert (fetch(anybody, project)["status"], fetch(anybody, project)["render_url"]) == (
        "rendering",
        None,
    )
    finish(telecine, clock, begun)
    told = fetch(anybody, project)
    assert told["status"] == "completed"
    assert (told["render_progress"], told["render_error"]) == (100, None)
    assert (told["render_id"], told["render_revision"]) == (begun["render_id"], 1)
    film = anybody.get(told["render_url"])
    assert film.headers["content-type"] == "video/mp4"
    frames = frames_of(film.content)
    assert [(frame.width, frame.height) for frame in frames] == [(160, 90)] * 5
    red, green, blue = frames[2].to_ndarray(format="rgb24")[45, 80]
    assert (red > 170, green < 70, blue < 60) == (True, True, True)


def test_a_render_is_of_the_revision_that_it_began_with(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    project = make(anybody, composition=composition())["id"]
    begun = begin(anybody, project)
    green = {"items": {"item-1": {"color": "#00ff00"}}}
    assert patch(anybody, project, "deep-merge", composition=green).status_code == 200
    finish(telecine, clock, begun)
    told = fetch(anybody, project)
    assert (told["revision"], told["render_revision"]) == (2, 1)
    pixel = frames_of(anybody.get(told["render_url"]).content)[0].to_ndarray(format="rgb24")[45, 80]
    assert pixel[0] > 150 > 90 > pixel[1]


@pytest.mark.parametrize(
    ("kind", "media_type", "begins"),
    [("webm", "video/webm", b"\x1a\x45\xdf\xa3"), ("mp3", "audio/mpeg", b"ID3")],
)
def test_a_project_is_exported_in_other_kinds(
    anybody: httpx2.Client,
    telecine: Telecine,
    clock: FixedClock,
    kind: str,
    media_type: str,
    begins: bytes,
    tmp_path: Path,
) -> None:
    project = make(anybody, composition=sounding(anybody, tmp_path))["id"]
    content = rendered(anybody, telecine, clock, project, format=kind)
    assert content.startswith(begins)
    export = exports(anybody, project)[0]
    assert (export["format"], export["status"], export["cost"]) == (kind, "completed", 1)
    assert export["url"].endswith(f"/project-{project}.{kind}")
    assert anybody.get(export["url"]).headers["content-type"] == media_type


def test_sound_alone_is_not_sold_where_there_is_none(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, tmp_path: Path
) -> None:
    project = make(anybody, composition=composition())["id"]
    answer = anybody.post(f"{URL}/{project}/render", json={"email": EMAIL, "format": "mp3"})
    told = refused(answer, 400, "INVALID_REQUEST")
    assert (told["data"]["field"], exports(anybody, project)) == ("format", [])
    silent = samples.make_video(tmp_path / "silent.mp4", seconds=0.5, audio=False)
    project = make(anybody, composition=showing(anybody, silent, "video"))["id"]
    finish(telecine, clock, begin(anybody, project, format="mp3"))
    (export,) = exports(anybody, project)
    assert (export["status"], export["cost"]) == ("failed", 0)
    assert "nothing to hear" in export["error"]


def test_size_rate_and_range_of_an_export_are_as_asked(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    project = make(anybody, composition=composition())["id"]
    film = rendered(
        *(anybody, telecine, clock, project),
        width=320,
        fps=10,
        range={"from": 1, "durationInFrames": 3},
    )
    assert [(frame.width, frame.height) for frame in frames_of(film)] == [(320, 180)] * 6
    export = exports(anybody, project)[0]
    assert (export["width"], export["height"], export["fps"]) == (320, 180, 10)
    assert (export["from"], export["durationInFrames"], export["revision"]) == (2, 6, 1)


def test_a_picture_is_the_frame_that_is_asked_for(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    shown = composition()
    shown["items"]["item-2"] = {**shown["items"]["item-1"], "id": "item-2", "color": "#0000ff"}
    shown["items"]["item-2"]["from"] = 5
    shown["tracks"][0]["items"].append("item-2")
    project = make(anybody, composition=shown)["id"]
    content = rendered(anybody, telecine, clock, project, format="png", range={"from": 7})
    assert content.startswith(b"\x89PNG")
    image = pyvips.Image.new_from_buffer(content, "")
    assert (image.width, image.height) == (160, 90)
    assert image.getpoint(80, 45)[2] > 200


def test_exports_are_listed_newest_first_and_the_last_good_one_is_the_render(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    project = make(anybody, composition=composition())["id"]
    rendered(anybody, telecine, clock, project)
    assert rendered(anybody, telecine, clock, project, format="gif").startswith(b"GIF89a")
    begin(anybody, project, format="webm")
    listed = exports(anybody, project)
    assert [each["format"] for each in listed] == ["webm", "gif", "mp4"]
    assert [each["status"] for each in listed] == ["rendering", "completed", "completed"]
    assert fetch(anybody, project)["render_url"] == listed[1]["url"]
    clock.advance(seconds=25 * 3600)
    assert [each["url"] for each in exports(anybody, project)] == [None, None, None]
    assert fetch(anybody, project)["render_url"] is None


@pytest.mark.parametrize(
    "more",
    [
        {"format": "avi"},
        {"width": 15},
        {"width": 10**9},
        {"width": 320, "height": 320},
        {"fps": 0},
        {"fps": 121},
        {"fps": "fast"},
        {"range": {"from": -1}},
        {"range": {"from": 5}},
        {"range": {"from": 0, "durationInFrames": 0}},
        {"range": [0, 3]},
        {"num_workers": "many"},
        {"webhook_url": "nowhere"},
    ],
)
def test_an_export_that_cannot_be_is_refused_by_its_field(
    anybody: httpx2.Client, more: dict[str, Any]
) -> None:
    project = make(anybody, composition=composition())["id"]
    answer = anybody.post(f"{URL}/{project}/render", json={"email": EMAIL, **more})
    told = refused(answer, 400, "INVALID_REQUEST")
    assert told["data"]["field"].split(".")[0] == next(iter(more))


def test_a_second_render_is_refused_while_one_is_under_way(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    one, two = (make(anybody, composition=composition())["id"] for _ in range(2))
    begun = begin(anybody, one)
    for project in (one, two):
        answer = anybody.post(f"{URL}/{project}/render", json={"email": EMAIL})
        refused(answer, 409, "CONCURRENT_LIMIT")
    finish(telecine, clock, begun)
    begin(anybody, two)


def test_a_refused_render_names_the_one_in_the_way(anybody: httpx2.Client) -> None:
    first, second = (make(anybody, composition=composition())["id"] for _ in range(2))
    render_id = begin(anybody, first)["render_id"]
    for project in (first, second):
        answer = anybody.post(f"{URL}/{project}/render", json={"email": EMAIL})
        refusal = refused(answer, 409, "CONCURRENT_LIMIT")
        assert refusal["data"] == {"id": first, "render_id": render_id}
        assert f"DELETE /api/video-project/{first}/exports/{render_id}" in refusal["message"]
    answer = anybody.put(f"{URL}/{first}", json={"email": EMAIL, "status": "draft"})
    assert refused(answer, 409, "CONCURRENT_LIMIT")["data"]["render_id"] == render_id


def test_a_plan_may_allow_more_renders_at_a_time(
    anybody: httpx2.Client, telecine: Telecine
) -> None:
    plans = telecine.plans.plans
    plans["team"] = type(plans["team"])(
        **{name: getattr(plans["team"], name) for name in plans["team"].__struct_fields__}
        | {"active_renders": 2}
    )
    ids = [make(anybody, composition=composition())["id"] for _ in range(3)]
    begin(anybody, ids[0])
    refused(anybody.post(f"{URL}/{ids[0]}/render", json={"email": EMAIL}), 409, "CONCURRENT_LIMIT")
    begin(anybody, ids[1])
    refused(anybody.post(f"{URL}/{ids[2]}/render", json={"email": EMAIL}), 409, "CONCURRENT_LIMIT")


def test_a_render_without_credits_is_refused_and_leaves_nothing(
    api: httpx2.Client, telecine: Telecine
) -> None:
    poor = customer_of(telecine, amount=0)
    api.headers.update(poor.headers)
    project = make(api, composition=composition())["id"]
    told = refused(
        api.post(f"{URL}/{project}/render", json={"email": EMAIL}), 402, "INSUFFICIENT_CREDIT"
    )
    assert told["data"] == {"required": 1, "available": 0}
    assert fetch(api, project)["status"] == "draft"
    with telecine.db.snapshot() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(jobs)).scalar_one() == 0


def test_a_render_that_fails_is_told_and_costs_nothing(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    shown = composition(assets={"a": image("http://127.0.0.1:9/x.png")})
    project = make(anybody, composition=composition())["id"]
    rendered(anybody, telecine, clock, project)
    good = fetch(anybody, project)["render_url"]
    uploaded = anybody.post(
        "/api/v1/upload", files={"file": ("x.png", pyvips.Image.black(8, 8).pngsave_buffer())}
    ).json()["assets"][0]
    shown["assets"]["a"]["remoteUrl"] = uploaded["url"]
    shown["items"]["item-1"] |= {"type": "image", "assetId": "a"}
    patch(anybody, project, "replace", composition=shown)
    begun = begin(anybody, project)
    anybody.delete(f"/api/v1/files/{uploaded['id']}")
    finish(telecine, clock, begun)
    told = fetch(anybody, project)
    assert (told["status"], told["render_url"], told["render_revision"]) == ("failed", good, 1)
    assert told["render_error"]
    assert exports(anybody, project)[0]["error"] == told["render_error"]
    assert anybody.get("/api/v1/credits").json()["credits"] == 99


def image(url: str) -> dict[str, str]:
    return {"id": "a", "type": "image", "remoteUrl": url}


def test_the_end_of_a_render_is_told_to_a_webhook(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    project = make(anybody, composition=composition())["id"]
    begun = begin(anybody, project, webhook_url="https://hooks.example.com/x")
    finish(telecine, clock, begun)
    with telecine.db.snapshot() as tx:
        body = json.loads(tx.execute(sa.select(deliveries.c.body)).scalar_one())
    told = fetch(anybody, project)
    assert body == {
        "id": project,
        "render_id": begun["render_id"],
        "status": "completed",
        "revision": 1,
        "render_url": told["render_url"],
        "render_error": None,
        "timestamp": "2026-04-12T12:00:00.000Z",
    }


def test_an_export_says_when_it_ended_and_when_its_file_went(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    project = make(anybody, composition=composition())["id"]
    finish(telecine, clock, begin(anybody, project, format="png"))
    url = f"{URL}/{project}/exports"
    (there,) = anybody.get(url, params={"email": EMAIL}).json()["data"]
    clock.advance(hours=25)
    (gone,) = anybody.get(url, params={"email": EMAIL}).json()["data"]
    assert (there["url"] is None, gone["url"]) == (False, None)
    assert gone == {**there, "url": None}
    failed = begin(anybody, project)["render_id"]
    with telecine.db.transaction() as tx:
        core_jobs.cancel(tx, core_jobs.get(tx, failed), ending=Ending(now=clock()))
    latest = anybody.get(url, params={"email": EMAIL}).json()["data"][0]
    assert (latest["status"], latest["completed_at"] is None) == ("failed", False)


def test_a_render_can_be_stopped_and_another_begun(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    project = make(anybody, composition=composition())["id"]
    render_id = begin(anybody, project)["render_id"]
    url = f"{URL}/{project}/exports/{render_id}"
    (stopped,) = anybody.delete(url, params={"email": EMAIL}).json()["data"]
    assert (stopped["status"], stopped["error"], stopped["cost"]) == ("failed", "cancelled", 0)
    assert anybody.get("/api/v1/credits").json()["credits"] == 100
    clock.advance(seconds=1)
    again = begin(anybody, project)["render_id"]
    assert anybody.delete(url, params={"email": EMAIL}).json()["data"][0]["render_id"] == again
    assert fetch(anybody, project)["status"] == "rendering"
    refused(anybody.delete(url + "x", params={"email": EMAIL}), 404, "PROJECT_NOT_FOUND")
    refused(anybody.delete(url), 400, "EMAIL_REQUIRED")
