"""The video door as a stranger meets it: tasks, renders, previews, uploads, credits."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest
import pyvips
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests import samples, steps
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock

from telecine.api.app import create_app
from telecine.assembly import Telecine
from telecine.core import keys
from telecine.core.keys.model import KeyStyle, mint
from telecine.db.tables import compositions, deliveries, jobs

VIDEO = "/api/v1/video"
PREVIEW = "/api/v1/preview"
HOST = "http://testserver"
SECONDS = "estimatedSeconds"


def config(**clip: Any) -> dict[str, Any]:
    """One second, five small frames."""
    shown = {"type": "text", "text": "Hello World", "start": 0, "duration": 1, **clip}
    return {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
        "tracks": [{"clips": [shown]}],
    }


def make(client: httpx2.Client, shown: dict[str, Any] | None = None, **more: Any) -> str:
    answer = client.post(VIDEO, json={"config": shown or config(), **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["taskId"])


def begin(client: httpx2.Client, task_id: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"{VIDEO}/{task_id}/render", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def finish(telecine: Telecine, clock: FixedClock, begun: dict[str, Any]) -> None:
    """Run a render as a worker does; what comes after it comes later."""
    steps.run(telecine, begun["renderTaskId"])
    clock.advance(seconds=1)


def upload(client: httpx2.Client, *paths: Path, field: str = "files") -> httpx2.Response:
    parts = [(field, (path.name, path.read_bytes())) for path in paths]
    return client.post("/api/v1/upload", files=parts)


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    body = dict(answer.json())
    assert (answer.status_code, body["code"], body["success"]) == (status, code, False), body
    assert set(body) == {"success", "error", "code", "details", "request_id"}
    return body


def count(telecine: Telecine, table: sa.Table) -> int:
    with telecine.db.snapshot() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


# Tasks


def test_a_task_is_created_with_the_documented_reply(anybody: httpx2.Client) -> None:
    told = anybody.post(VIDEO, json={"config": config()}).json()
    task_id = told["taskId"]
    assert re.fullmatch(r"[a-z0-9]{12}", task_id)
    assert told.pop("videoTaskId").startswith("vt_")
    assert told == {
        "success": True,
        "taskId": task_id,
        "previewUrl": f"{HOST}/v/{task_id}",
        "viewerUrl": f"{HOST}/watch/{task_id}",
        "configUrl": f"{task_id}.json",
        "configHref": f"{HOST}/v/{task_id}.json",
        "status": "created",
        "quality": "720p",
        "width": 160,
        "height": 90,
        "duration": 1,
        "message": "Task created successfully. Call POST /api/v1/video/:taskId/render to start "
        "rendering.",
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("size", "quality"),
    [((1280, 720), "720p"), ((1080, 1920), "1080p"), ((2560, 1440), "2k"), ((640, 360), "720p")],
)
def test_the_quality_is_that_of_the_shorter_side(
    anybody: httpx2.Client, size: tuple[int, int], quality: str
) -> None:
    shown = config()
    shown["meta"] |= {"width": size[0], "height": size[1]}
    assert anybody.post(VIDEO, json={"config": shown}).json()["quality"] == quality


def test_a_new_task_is_told_in_full(anybody: httpx2.Client) -> None:
    task_id = make(anybody, metadata={"project_id": "proj_123"}, title="One", category="ads")
    told = anybody.get(f"{VIDEO}/{task_id}").json()
    assert told["metadata"] == {"project_id": "proj_123"}
    assert (told["title"], told["category"], told["status"]) == ("One", "ads", "created")
    assert (told["videoUrl"], told["costCredits"], told["completedAt"]) == (None, None, None)
    assert told["createdAt"] == "2026-04-12T12:00:00Z"


def test_the_document_is_given_back_to_the_letter_without_a_key(
    api: TestClient, customer: Customer
) -> None:
    text = json.dumps(config(), indent=3, ensure_ascii=True).replace("Hello", "\\u0048ello")
    answer = api.post(VIDEO, content=f'{{"config": {text}}}', headers={**customer.headers})
    found = api.get(f"/v/{answer.json()['configUrl']}")
    assert (found.status_code, found.text) == (200, text)
    refused(api.get("/v/nothingthere.json"), 404, "NOT_FOUND")


def test_tasks_are_listed_newest_first_in_pages_and_by_status(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    made = []
    for _ in range(3):
        made.append(make(anybody))
        clock.advance(seconds=1)
    begin(anybody, made[1])
    page = anybody.get(VIDEO, params={"page": 2, "limit": 2}).json()
    assert [each["taskId"] for each in page["tasks"]] == [made[0]]
    assert page["pagination"] == {"page": 2, "limit": 2, "total": 3}
    told = anybody.get(VIDEO, params={"status": "rendering"}).json()
    assert [(each["taskId"], each["status"]) for each in told["tasks"]] == [(made[1], "rendering")]
    assert anybody.get(VIDEO, params={"status": "created"}).json()["pagination"]["total"] == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("page=1.5", "page"),
        ("status=queued", "status"),
    ],
)
def test_a_wrong_query_is_refused_and_named(anybody: httpx2.Client, query: str, field: str) -> None:
    body = refused(anybody.get(f"{VIDEO}?{query}"), 400, "INVALID_REQUEST")
    assert body["details"]["field"] == field
    assert body["request_id"].startswith("req_")


def test_another_account_sees_nothing(
    anybody: httpx2.Client, telecine: Telecine, api: TestClient
) -> None:
    task_id = make(anybody)
    other = customer_of(telecine, email="bob@example.com")
    for method, path in [
        ("GET", f"{VIDEO}/{task_id}"),
        ("DELETE", f"{VIDEO}/{task_id}"),
        ("POST", f"{VIDEO}/{task_id}/render"),
    ]:
        refused(api.request(method, path, headers=other.headers), 404, "NOT_FOUND")
    assert api.get(VIDEO, headers=other.headers).json()["tasks"] == []


# Wrong documents


def test_all_faults_of_a_document_are_listed_with_their_places(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    wrong = config(start="soon", src="x")
    wrong["meta"]["width"] = 100_000
    wrong["tracks"][0]["clips"].append(
        {"type": "video", "src": "asset_none", "start": 0, "duration": 1}
    )
    body = refused(anybody.post(VIDEO, json={"config": wrong}), 400, "INVALID_CONFIG")
    faults = {fault["path"]: fault for fault in body["details"]["errors"]}
    assert set(faults) == {"meta.width", "tracks[0].clips[0].start", "tracks[0].clips[1].src"}
    assert all(
        set(fault) == {"path", "code", "message", "got", "allowed"} for fault in faults.values()
    )
    assert faults["meta.width"]["got"] == "100000"
    first = "meta.width: This number is out of range: 100000; allowed: "
    assert body["error"].startswith(first), body["error"]
    assert body["error"].endswith(". 2 more in `errors`.")
    assert count(telecine, compositions) == 0
    steps.assert_untouched(telecine, customer.account)


@pytest.mark.parametrize(
    "src",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "../secret.png",
        "http://127.0.0.1/a.png",
        "http://[::1]/a.png",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:1/a.png",
        "file_id:asset_none",
        f"{HOST}/storage/file_aaaaaaaaaaaaaaaaaaaa/a.png",
    ],
)
def test_a_source_that_may_not_be_read_is_refused_by_its_place(
    anybody: httpx2.Client, src: str
) -> None:
    shown = config(type="image", src=src)
    body = refused(anybody.post(VIDEO, json={"config": shown}), 400, "INVALID_CONFIG")
    assert [fault["path"] for fault in body["details"]["errors"]] == ["tracks[0].clips[0].src"]


def test_more_remote_files_than_can_be_fetched_are_refused(anybody: httpx2.Client) -> None:
    shown = config()
    shown["tracks"][0]["clips"] = [
        {"type": "image", "src": f"https://example.com/{n}.png", "start": 0, "duration": 1}
        for n in range(201)
    ]
    body = refused(anybody.post(VIDEO, json={"config": shown}), 400, "INVALID_CONFIG")
    assert [fault["code"] for fault in body["details"]["errors"]] == ["TOO_MANY"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "INVALID_CONFIG"),
        (b"{}", "INVALID_CONFIG"),
        (b'{"config": null}', "INVALID_CONFIG"),
        (b'{"config": 7}', "INVALID_CONFIG"),
        (b'{"config": {"meta": NaN}}', "INVALID_CONFIG"),
        (b'{"config": {"a": 1e999}}', "INVALID_CONFIG"),
        (b"[", "INVALID_REQUEST"),
        (b'{"config": [', "INVALID_CONFIG"),
        (b"\xff\xfe{}", "INVALID_CONFIG"),
        (b'{"config": {"a": "\xff"}}', "INVALID_CONFIG"),
        (b'{"config": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "INVALID_CONFIG"),
        (b'{"config": {}, "metadata": []}', "INVALID_REQUEST"),
        (b'{"config": {}, "title": 5}', "INVALID_REQUEST"),
    ],
)
def test_a_body_that_is_no_task_is_refused(
    anybody: httpx2.Client, content: bytes, code: str
) -> None:
    refused(anybody.post(VIDEO, content=content), 400, code)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{}", "'config' is required"),
        (b'{"title": "a", "config": null}', "'config' is required"),
        (b'{"meta": {}, "tracks": []}', "put the composition into it"),
        (b'{"fps": 30, "items": {}}', "put the composition into it"),
        (b'{"config":\n {"a": NaN}}', "line 2, column 8: NaN and Infinity are no numbers of JSON"),
        (b'{"config": {"a": 1e999}}', "line 1, column 7: a number is too large"),
        (b'{"config": {"a": "\xff"}}', "line 1, column 8: this is not UTF-8"),
        (b'{"config": {"a": 1,}}', "line 1, column 20: trailing comma in object"),
        (b'{"config": {', "line 1, column 12: it ends too early"),
        (rb'{"config": {"a": "\ud83d"}}', "line 1, column 19: half of a character"),
    ],
)
def test_what_is_no_composition_is_said_in_a_sentence_with_its_place(
    anybody: httpx2.Client, content: bytes, message: str
) -> None:
    body = refused(anybody.post(VIDEO, content=content), 400, "INVALID_CONFIG")
    (fault,) = body["details"]["errors"]
    assert message in fault["message"]


def test_a_document_over_the_limit_is_refused_unread(anybody: httpx2.Client) -> None:
    for path in (VIDEO, PREVIEW):
        refused(anybody.post(path, content=b" " * (17 * 2**20)), 413, "FILE_TOO_LARGE")


# Dry runs


def test_a_dry_run_quotes_and_changes_nothing(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    shown = config(duration=10)
    shown["meta"] |= {"width": 1920, "height": 1080, "fps": 30}
    told = anybody.post(f"{VIDEO}?dry_run=true", json={"config": shown}).json()
    assert told["estimatedSeconds"] > 1
    assert (told["cost"], told["frames"], told["duration"], told["quality"]) == (
        15,
        300,
        10,
        "1080p",
    )
    assert count(telecine, compositions) == 0
    task_id = make(anybody, shown)
    again = anybody.post(f"{VIDEO}/{task_id}/render?dry_run=true").json()
    assert (again["cost"], again["dryRun"], again["remainingCredits"]) == (15, True, 100)
    steps.assert_untouched(telecine, customer.account)
    refused(anybody.post(f"{VIDEO}?dry_run=true", json={"config": {}}), 400, "INVALID_CONFIG")


def test_a_dry_run_says_how_long_a_render_takes_by_the_last_ones(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    def quoted() -> int:
        return int(anybody.post(f"{VIDEO}?dry_run=true", json={"config": config()}).json()[SECONDS])

    guessed = quoted()
    begun = begin(anybody, make(anybody))
    finish(telecine, clock, begun)
    assert quoted() == guessed  # by this clock it took no time at all, which says nothing
    later = jobs.update().where(jobs.c.id == begun["renderTaskId"])
    with telecine.db.transaction() as tx:
        tx.execute(later.values(finished_at=clock() + timedelta(seconds=99)))
    assert quoted() == 100
    clock.advance(seconds=60 * 24 * 3600)
    assert quoted() == guessed


# Renders


def test_a_render_is_paid_for_done_and_told(
    anybody: httpx2.Client,
    telecine: Telecine,
    customer: Customer,
    clock: FixedClock,
    tmp_path: Path,
) -> None:
    task_id = make(anybody)
    begun = begin(anybody, task_id, num_workers=5)
    render_id = begun["renderTaskId"]
    assert re.fullmatch(r"rt_[a-z0-9]{12}", render_id)
    assert begun == {
        "success": True,
        "taskId": task_id,
        "renderTaskId": render_id,
        "status": "rendering",
        "quality": "720p",
        "width": 160,
        "height": 90,
        "cost": 1,
        "remainingCredits": 99,
        "message": "Rendering started",
        "previewUrl": f"{HOST}/v/{task_id}",
        "viewerUrl": f"{HOST}/watch/{task_id}",
        "workersUsed": 1,
    }
    told = anybody.get(f"{VIDEO}/{task_id}").json()
    assert (told["status"], told["progress"], told["costCredits"]) == ("rendering", 0, 1)
    refused(anybody.post(f"{VIDEO}/{task_id}/render"), 400, "ALREADY_RENDERING")

    finish(telecine, clock, begun)
    told = anybody.get(f"{VIDEO}/{task_id}").json()
    assert (told["status"], told["progress"], told["error"]) == ("completed", 100, None)
    assert told["completedAt"] == "2026-04-12T12:00:00Z"
    with TestClient(create_app(telecine.services())) as stranger:
        answer = stranger.get(told["videoUrl"].removeprefix(HOST))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    (tmp_path / "film.mp4").write_bytes(answer.content)
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 5

    again = begin(anybody, task_id)
    assert (again["alreadyRendered"], again["status"], again["cost"]) == (True, "completed", 1)
    assert (again["renderTaskId"], again["remainingCredits"]) == (render_id, 99)
    assert again["videoUrl"] == told["videoUrl"]
    forced = begin(anybody, task_id, force=True)
    assert (forced["status"], forced["remainingCredits"]) == ("rendering", 98)
    kinds = [
        kind for kind, book, _ in steps.movements(telecine, customer.account) if book == "held"
    ]
    assert kinds == ["reserve", "settle", "reserve"]


def test_a_failed_render_costs_nothing_and_may_be_tried_again(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, tmp_path: Path
) -> None:
    asset = upload(anybody, samples.astronaut()).json()["assets"][0]
    task_id = make(anybody, config(type="image", src=asset["id"]))
    begun = begin(anybody, task_id, webhook_url="https://example.com/hook")
    assert anybody.delete(f"/api/v1/files/{asset['id']}").status_code == 200
    finish(telecine, clock, begun)
    told = anybody.get(f"{VIDEO}/{task_id}").json()
    assert (told["status"], told["costCredits"]) == ("failed", 0)
    assert told["error"]
    assert anybody.get("/api/v1/credits").json() == {
        "success": True,
        "credits": 100,
        "currency": "credits",
    }
    with telecine.db.snapshot() as tx:
        body = json.loads(tx.execute(sa.select(deliveries.c.body)).scalar_one())
    assert body == {
        "taskId": task_id,
        "renderTaskId": begun["renderTaskId"],
        "status": "failed",
        "videoUrl": None,
        "error": told["error"],
        "timestamp": "2026-04-12T12:00:00.000Z",
    }
    refused(anybody.post(f"{VIDEO}/{task_id}/render"), 400, "INVALID_CONFIG")


def test_the_webhook_of_a_finished_render_has_a_link_that_opens(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    task_id = make(anybody)
    finish(telecine, clock, begin(anybody, task_id, webhook_url="https://example.com/hook"))
    with telecine.db.snapshot() as tx:
        body = json.loads(tx.execute(sa.select(deliveries.c.body)).scalar_one())
    assert (body["taskId"], body["status"], body["error"]) == (task_id, "completed", None)
    assert anybody.get(body["videoUrl"].removeprefix(HOST)).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"webhook_url": "example.com/hook"}, "webhook_url"),
        ({"webhook_url": "http://127.0.0.1/hook"}, "webhook_url"),
        ({"webhook_url": "ftp://example.com"}, "webhook_url"),
        ({"webhook_url": "http://["}, "webhook_url"),
        ({"webhook_url": "https://a b"}, "webhook_url"),
        ({"webhook_url": 5}, "webhook_url"),
        ({"num_workers": "many"}, "num_workers"),
        ({"num_workers": 1.5}, "num_workers"),
    ],
)
def test_a_wrong_wish_for_a_render_is_refused(
    anybody: httpx2.Client,
    telecine: Telecine,
    customer: Customer,
    body: dict[str, Any],
    field: str,
) -> None:
    task_id = make(anybody)
    answer = anybody.post(f"{VIDEO}/{task_id}/render", json=body)
    assert refused(answer, 400, "INVALID_REQUEST")["details"]["field"] == field
    steps.assert_untouched(telecine, customer.account)


@pytest.mark.parametrize("number", [-5, 0, 1, 1000])
def test_any_number_of_workers_is_brought_within_reason(
    anybody: httpx2.Client, number: int
) -> None:
    assert begin(anybody, make(anybody), num_workers=number)["workersUsed"] == 1


def test_who_cannot_pay_is_told_what_is_missing(telecine: Telecine, api: TestClient) -> None:
    poor = customer_of(telecine, email="poor@example.com", plan="free", amount=0)
    api.headers.update(poor.headers)
    task_id = make(api)
    body = refused(api.post(f"{VIDEO}/{task_id}/render"), 402, "INSUFFICIENT_CREDITS")
    assert body["details"] == {"required": 1, "available": 0}
    assert api.get(f"{VIDEO}/{task_id}").json()["status"] == "created"
    assert steps.files_on_disk(telecine) == []


def test_deleting_a_task_deletes_its_renders_and_their_files(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    task_id = make(anybody)
    finish(telecine, clock, begin(anybody, task_id))
    film = anybody.get(f"{VIDEO}/{task_id}").json()["videoUrl"].removeprefix(HOST)
    told = anybody.delete(f"{VIDEO}/{task_id}").json()
    assert (told["deleted"], told["remoteDeleted"], told["taskId"]) == (True, True, task_id)
    assert told["message"] == "Video task deleted successfully"
    assert (count(telecine, jobs), steps.files_on_disk(telecine)) == (0, [])
    refused(anybody.get(film), 404, "NOT_FOUND")
    refused(anybody.delete(f"{VIDEO}/{task_id}"), 404, "NOT_FOUND")


def test_deleting_while_rendering_cancels_and_gives_the_credits_back(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    task_id = make(anybody)
    begun = begin(anybody, task_id)
    assert anybody.delete(f"{VIDEO}/{task_id}").status_code == 200
    finish(telecine, clock, begun)
    assert anybody.get("/api/v1/credits").json()["credits"] == 100
    assert steps.files_on_disk(telecine) == []


# The library


def test_of_a_second_file_it_is_said_where_several_go(anybody: httpx2.Client) -> None:
    picture = ("photo.png", samples.astronaut().read_bytes())
    refused = anybody.post("/api/v1/upload", files=[("file", picture), ("file", picture)])
    assert refused.status_code == 400
    assert refused.json()["error"] == "'file' was sent more than once. Several go in 'files'."


def test_files_are_uploaded_and_told_by_what_they_are(
    anybody: httpx2.Client, telecine: Telecine, tmp_path: Path
) -> None:
    video = samples.make_video(tmp_path / "clip.png", seconds=1, extra_args=("-f", "mp4"))
    sound = samples.make_audio(tmp_path / "tone.mp3", seconds=1)
    parts = [
        ("file", ("photo.png", samples.astronaut().read_bytes())),
        ("files", ("clip.png", video.read_bytes())),
        ("files", ("tone.mp3", sound.read_bytes())),
    ]
    told = anybody.post("/api/v1/upload", files=parts).json()
    assert (told["count"], told["message"]) == (3, "Successfully uploaded 3 file(s)")
    shown = [
        (each["name"], each["type"], each["mimeType"], each["width"], each["duration"])
        for each in told["assets"]
    ]
    assert shown == [
        ("photo.png", "image", "image/png", 512, None),
        ("clip.png", "video", "video/mp4", 320, 1.0),
        ("tone.mp3", "audio", "audio/mpeg", None, pytest.approx(1.0, abs=0.1)),
    ]
    assert told["assets"][0]["id"].startswith("asset_")
    for each, part in zip(told["assets"], parts, strict=True):
        assert each["size"] == len(part[1][1])
        assert anybody.get(each["url"].removeprefix(HOST)).content == part[1][1]
    for each, size in zip(told["assets"][:2], [(320, 320), (320, 240)], strict=True):
        small = anybody.get(each["thumbnailUrl"].removeprefix(HOST))
        assert small.headers["content-type"] == "image/webp"
        picture = pyvips.Image.new_from_buffer(small.content, "")
        assert (picture.width, picture.height) == size
    assert told["assets"][2]["thumbnailUrl"] is None
    listed = anybody.get("/api/v1/files", params={"type": "image"}).json()
    assert [each["name"] for each in listed["files"]] == ["photo.png"]
    assert listed["pagination"] == {"page": 1, "limit": 20, "total": 1}
    refused(anybody.get("/api/v1/files?type=font"), 400, "INVALID_REQUEST")


def test_a_drawing_is_kept_without_what_could_harm(anybody: httpx2.Client, tmp_path: Path) -> None:
    drawing = tmp_path / "logo.svg"
    drawing.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30" onload="alert(1)">'
        '<script>alert(1)</script><image href="http://127.0.0.1/a.png"/>'
        '<rect width="9" height="9" fill="red"/></svg>'
    )
    (asset,) = upload(anybody, drawing).json()["assets"]
    assert (asset["mimeType"], asset["width"], asset["height"]) == ("image/svg+xml", 40, 30)
    kept = anybody.get(asset["url"].removeprefix(HOST))
    assert b"<rect" in kept.content
    assert b"alert" not in kept.content
    assert b"127.0.0.1" not in kept.content
    assert len(kept.content) == asset["size"]
    assert "sandbox" in kept.headers["content-security-policy"]


def test_one_bad_file_refuses_all_and_nothing_stays(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("words " * 500)
    body = refused(upload(anybody, samples.astronaut(), text), 400, "UNSUPPORTED_FILE_TYPE")
    assert "notes.txt" in body["error"]
    cut = samples.make_cut(tmp_path / "cut.png", source=samples.astronaut(), share=0.001)
    assert upload(anybody, samples.astronaut(), cut).status_code in {400, 422}
    assert anybody.get("/api/v1/files").json()["files"] == []
    steps.assert_untouched(telecine, customer.account)


def test_a_form_without_a_file_says_so(anybody: httpx2.Client) -> None:
    empty = anybody.post("/api/v1/upload", files={"other": (None, "text")})
    refused(empty, 400, "NO_FILES")
    refused(
        anybody.post("/api/v1/upload", files={"other": ("a.png", b"x")}), 400, "INVALID_REQUEST"
    )


def test_the_plans_room_and_its_largest_file_are_kept_to(tmp_path: Path, clock: FixedClock) -> None:
    plans = Path(__file__).parents[2] / "src" / "telecine" / "plans.toml"
    text = plans.read_text("utf-8").replace("536_870_912", "1_000_000")
    (tmp_path / "plans.toml").write_text(text.replace("2_147_483_648", "900_000"))
    with steps.opened(
        tmp_path / "data", clock=clock, plans_file=str(tmp_path / "plans.toml")
    ) as made:
        customer = customer_of(made, plan="free")
        with TestClient(create_app(made.services()), headers=customer.headers) as client:
            assert upload(client, samples.astronaut()).status_code == 200
            body = refused(upload(client, samples.astronaut()), 402, "STORAGE_LIMIT_EXCEEDED")
            assert body["details"]["limitBytes"] == 1_000_000
            large = tmp_path / "large.png"
            large.write_bytes(samples.astronaut().read_bytes() + bytes(500_000))
            refused(upload(client, large), 413, "FILE_TOO_LARGE")
            files = client.get("/api/v1/files").json()
            assert (files["pagination"]["total"], files["limitBytes"]) == (1, 1_000_000)
            client.delete(f"/api/v1/files/{files['files'][0]['id']}")
            assert upload(client, samples.astronaut()).status_code == 200


def test_a_deleted_file_is_gone(anybody: httpx2.Client, telecine: Telecine) -> None:
    (asset,) = upload(anybody, samples.astronaut(), field="file").json()["assets"]
    assert anybody.delete(f"/api/v1/files/{asset['id']}").json() == {
        "success": True,
        "fileId": asset["id"],
        "deleted": True,
        "message": "File deleted successfully",
    }
    refused(anybody.get(asset["url"].removeprefix(HOST)), 404, "NOT_FOUND")
    refused(anybody.delete(f"/api/v1/files/{asset['id']}"), 404, "NOT_FOUND")
    assert steps.files_on_disk(telecine) == []


def test_an_uploaded_file_is_a_source_under_each_of_its_names(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    (asset,) = upload(anybody, samples.astronaut()).json()["assets"]
    shown = config()
    names = [asset["id"], f"file_id:{asset['id']}", asset["url"]]
    shown["tracks"][0]["clips"] = [
        {"type": "image", "src": src, "start": 0, "duration": 1} for src in names
    ]
    task_id = make(anybody, shown)
    finish(telecine, clock, begin(anybody, task_id))
    told = anybody.get(f"{VIDEO}/{task_id}").json()
    assert told["status"] == "completed", told
    film = config(type="video", src=told["videoUrl"])
    assert anybody.post(VIDEO, json={"config": film}).status_code == 200
    other = customer_of(telecine, email="bob@example.com")
    for src in (*names, told["videoUrl"]):
        answer = anybody.post(
            VIDEO, json={"config": config(type="image", src=src)}, headers=other.headers
        )
        refused(answer, 400, "INVALID_CONFIG")


def test_auto_is_as_long_as_the_uploaded_video(anybody: httpx2.Client, tmp_path: Path) -> None:
    video = samples.make_video(tmp_path / "v.mp4", seconds=2)
    (asset,) = upload(anybody, video).json()["assets"]
    shown = config(type="video", src=asset["id"], duration="auto")
    assert anybody.post(VIDEO, json={"config": shown}).json()["duration"] == 2


# Previews


def test_a_file_that_cannot_play_its_part_is_a_fault_with_its_place(
    anybody: httpx2.Client, tmp_path: Path
) -> None:
    drawing = tmp_path / "logo.svg"
    drawing.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>')
    tone = samples.make_audio(tmp_path / "tone.mp3", seconds=1)
    film = samples.make_video(tmp_path / "film.mp4", seconds=1)
    told = upload(anybody, drawing, samples.astronaut(), tone, film).json()["assets"]
    logo, photo, sound, video = (each["id"] for each in told)

    wrong = [
        ("video", logo), ("audio", logo), ("video", photo), ("video", sound),
        ("image", sound), ("image", video), ("svg", photo), ("waveform", photo),
    ]  # fmt: skip
    shown = config()
    shown["tracks"][0]["clips"] = [
        {"type": kind, "src": src, "start": 0, "duration": "auto" if kind == "video" else 1}
        for kind, src in wrong
    ]
    for path in (VIDEO, f"{VIDEO}?dry_run=true"):
        body = refused(anybody.post(path, json={"config": shown}), 400, "INVALID_CONFIG")
        found = [(each["path"], each["code"]) for each in body["details"]["errors"]]
        assert found == [(f"tracks[0].clips[{n}].src", "SOURCE") for n in range(len(wrong))]

    right = [("image", logo), ("svg", logo), ("image", photo), ("audio", video), ("audio", sound)]
    shown["tracks"][0]["clips"] = [
        {"type": kind, "src": src, "start": 0, "duration": 1} for kind, src in right
    ]
    make(anybody, shown)


def test_a_film_without_a_frame_is_a_fault_when_it_is_sent(anybody: httpx2.Client) -> None:
    shown = config(duration=0.001)
    for path, body in (
        (VIDEO, {"config": shown}),
        (f"{VIDEO}?dry_run=true", {"config": shown}),
        (PREVIEW, shown),
    ):
        told = refused(anybody.post(path, json=body), 400, "INVALID_CONFIG")
        assert [each["code"] for each in told["details"]["errors"]] == ["EMPTY"]


def test_a_picture_over_the_limit_is_refused_when_it_is_uploaded(
    anybody: httpx2.Client, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    pyvips.Image.black(10_001, 10_000).pngsave(str(large), compression=9)
    body = refused(upload(anybody, large), 422, "INVALID_FILE")
    assert "10001 x 10000 pixels; the most is 100000000" in body["error"]


def test_a_preview_is_stored_read_converted_and_deleted(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    told = anybody.post(PREVIEW, json=config()).json()
    temp_id = told["tempId"]
    assert temp_id.startswith("temp_")
    assert told == {
        "success": True,
        "tempId": temp_id,
        "previewUrl": f"{HOST}/t/{temp_id}",
        "viewerUrl": f"{HOST}/preview/{temp_id}",
        "expiresIn": "7d",
        "note": "Preview links are temporary and expire in 7 days. Use /api/v1/video to create "
        "permanent tasks.",
        "expiresAt": "2026-04-19T12:00:00Z",
        "warnings": [],
    }
    read = anybody.get(f"{PREVIEW}/{temp_id}").json()
    assert (read["tempId"], read["config"]) == (temp_id, config())
    made = anybody.post(f"{PREVIEW}/{temp_id}/convert", json={"category": "ads"}).json()
    assert (made["converted"], made["tempId"]) == (True, temp_id)
    assert anybody.get(f"{VIDEO}/{made['taskId']}").json()["category"] == "ads"
    assert anybody.post(f"{PREVIEW}/{temp_id}/convert").status_code == 200
    assert anybody.delete(f"{PREVIEW}/{temp_id}").json() == {
        "success": True,
        "tempId": temp_id,
        "deleted": True,
        "message": "Temp preview deleted successfully",
    }
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/convert"), ("POST", "/render")]:
        refused(anybody.request(method, f"{PREVIEW}/{temp_id}{path}"), 404, "NOT_FOUND")
    steps.assert_untouched(telecine, customer.account)


def test_a_preview_is_rendered_as_a_task_of_its_own(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    temp_id = anybody.post(PREVIEW, json=config()).json()["tempId"]
    begun = anybody.post(f"{PREVIEW}/{temp_id}/render", json={"num_workers": 5}).json()
    assert (begun["tempId"], begun["converted"], begun["status"]) == (temp_id, True, "rendering")
    assert begun["configUrl"] == f"{begun['taskId']}.json"
    finish(telecine, clock, begun)
    told = anybody.get(f"{VIDEO}/{begun['taskId']}").json()
    assert (told["status"], told["category"]) == ("completed", "api")
    assert anybody.get(f"{PREVIEW}/{temp_id}").status_code == 200


def test_a_preview_that_cannot_be_paid_for_leaves_no_task(
    telecine: Telecine, api: TestClient
) -> None:
    poor = customer_of(telecine, email="poor@example.com", plan="free", amount=0)
    api.headers.update(poor.headers)
    temp_id = api.post(PREVIEW, json=config()).json()["tempId"]
    refused(api.post(f"{PREVIEW}/{temp_id}/render"), 402, "INSUFFICIENT_CREDITS")
    assert api.get(VIDEO).json()["tasks"] == []


def test_a_preview_is_over_after_a_week(anybody: httpx2.Client, clock: FixedClock) -> None:
    temp_id = anybody.post(PREVIEW, json=config()).json()["tempId"]
    clock.advance(days=7)
    refused(anybody.get(f"{PREVIEW}/{temp_id}"), 404, "NOT_FOUND")


def test_a_wrong_preview_is_refused_like_a_wrong_task(anybody: httpx2.Client) -> None:
    body = refused(anybody.post(PREVIEW, json={"tracks": []}), 400, "INVALID_CONFIG")
    assert {fault["path"] for fault in body["details"]["errors"]} >= {"meta", "tracks"}
    refused(anybody.post(PREVIEW, content=b'{"meta": NaN}'), 400, "INVALID_CONFIG")
    refused(anybody.post(PREVIEW, content=b"[" * 10_000), 400, "INVALID_CONFIG")


# Keys


def test_a_key_is_taken_in_each_of_the_four_ways(api: TestClient, customer: Customer) -> None:
    ways: list[dict[str, Any]] = [
        {"headers": {"Authorization": f"Bearer {customer.key}"}},
        {"headers": {"Authorization": f"Token {customer.key}"}},
        {"headers": {"X-API-Key": customer.key}},
        {"params": {"api_key": customer.key}},
    ]
    for way in ways:
        assert api.get("/api/v1/credits", **way).json()["credits"] == 100


def test_each_wrong_key_has_its_own_code(
    api: TestClient, telecine: Telecine, customer: Customer
) -> None:
    def answer(key: str) -> httpx2.Response:
        return api.get("/api/v1/credits", headers={"X-API-Key": key})

    refused(api.get("/api/v1/credits"), 401, "MISSING_API_KEY")
    refused(answer("sk-short"), 401, "INVALID_API_KEY_FORMAT")
    refused(answer(mint(KeyStyle.SK)), 401, "INVALID_API_KEY")
    with telecine.db.transaction() as tx:
        (key,) = keys.list_keys(tx, account_id=customer.account.id)
        keys.revoke(tx, key.id, now=telecine.clock())
    refused(answer(customer.key), 401, "API_KEY_INACTIVE")


def test_a_key_whose_account_is_gone_says_so(
    api: TestClient, telecine: Telecine, customer: Customer
) -> None:
    with contextlib.closing(
        sqlite3.connect(telecine.settings.data_dir / "telecine.db")
    ) as connection:
        connection.execute("DELETE FROM accounts")
        connection.commit()
    refused(api.get("/api/v1/credits", headers=customer.headers), 401, "USER_NOT_FOUND")


def test_what_compositions_may_be_made_of_is_told(anybody: httpx2.Client) -> None:
    told = anybody.get("/api/v1/capabilities").json()
    assert {"text", "video", "layout", "template", "three"} <= set(told["schema"]["clipTypes"])
    assert {"fadeIn", "slideOut"} <= set(told["schema"]["animationTypes"])
    assert "opacity" in told["schema"]["keyframeProperties"]
    assert told["render"]["qualities"] == [
        {"quality": "720p", "label": "720p", "shortEdge": 0, "creditMultiplier": 1.0},
        {"quality": "1080p", "label": "1080p", "shortEdge": 1080, "creditMultiplier": 1.5},
        {"quality": "2k", "label": "2K", "shortEdge": 1440, "creditMultiplier": 2.0},
    ]


def test_links_begin_with_the_public_address_where_there_is_one(
    tmp_path: Path, clock: FixedClock
) -> None:
    with steps.opened(
        tmp_path / "data", clock=clock, public_url="https://video.example.com/tc/"
    ) as made:
        customer = customer_of(made)
        with TestClient(create_app(made.services()), headers=customer.headers) as client:
            (asset,) = upload(client, samples.astronaut()).json()["assets"]
            assert asset["url"].startswith("https://video.example.com/tc/storage/file_")
            shown = config(type="image", src=asset["url"])
            told = client.post(VIDEO, json={"config": shown}).json()
    assert told["previewUrl"] == f"https://video.example.com/tc/v/{told['taskId']}"


def test_a_link_that_opens_a_file_is_not_logged(
    anybody: httpx2.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    (asset,) = upload(anybody, samples.astronaut()).json()["assets"]
    assert anybody.get(asset["url"].removeprefix(HOST)).status_code == 200
    logged = "".join(capsys.readouterr())
    assert "/storage/{fileId}/{name}" in logged
    assert asset["url"].split("/")[4] not in logged


def test_the_field_for_one_file_takes_one(anybody: httpx2.Client, telecine: Telecine) -> None:
    content = samples.astronaut().read_bytes()
    parts = [("file", ("a.png", content)), ("file", ("b.png", content))]
    body = refused(anybody.post("/api/v1/upload", files=parts), 400, "INVALID_REQUEST")
    assert body["details"]["field"] == "file"
    assert steps.files_on_disk(telecine) == []


def test_an_uploaded_drawing_can_be_rendered(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, tmp_path: Path
) -> None:
    drawing = tmp_path / "logo.svg"
    drawing.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><text y="9">Hi</text></svg>'
    )
    (asset,) = upload(anybody, drawing).json()["assets"]
    task_id = make(anybody, config(type="image", src=asset["id"]))
    finish(telecine, clock, begin(anybody, task_id))
    assert anybody.get(f"{VIDEO}/{task_id}").json()["status"] == "completed"
