"""The clips family's doors: what is taken, what is refused, and how jobs and clips are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests import samples, steps
from tests.clipping import FILM, JOBS, PROCESS, fetch, finish, refused, submit
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock
from tests.websites import NETWORKS, Site, site

from telecine.assembly import Telecine
from telecine.core import assets as core_assets
from telecine.core import jobs as core_jobs
from telecine.core.assets import Asset, AssetKind, NewAsset
from telecine.core.jobs import Ending
from telecine.db.tables import deliveries, jobs
from telecine.media.seeing.caption_styles import STYLES

UNKNOWN = "clip_abc123def45601"
CLIP_LINKS = ("download_url", "srt_url", "vtt_url", "composition_url")


@pytest.fixture(scope="module")
def web() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture
def telecine(tmp_path: Path, clock: FixedClock) -> Iterator[Telecine]:
    """It may reach the machine's own address."""
    with steps.opened(tmp_path / "data", clock=clock, allow_networks=NETWORKS) as made:
        yield made


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with a sound: a door does not listen for speech."""
    return samples.make_video(tmp_path_factory.mktemp("talk") / "talk.mp4", size=(160, 90))


@pytest.fixture
def url(web: Site, talk: Path) -> str:
    return web.put("/talk.mp4", talk.read_bytes())


@pytest.fixture
def asset(telecine: Telecine, customer: Customer, talk: Path) -> Asset:
    """The same in the library: nothing has to look at it."""
    return film_of(telecine, customer, talk)


def film_of(telecine: Telecine, customer: Customer, film: Path) -> Asset:
    staged = telecine.blobs.stage(".test")
    staged.write_bytes(film.read_bytes())
    telecine.blobs.adopt(staged, "assets/film")
    new = NewAsset(
        blob_key="assets/film",
        filename="talk.mp4",
        media_type="video/mp4",
        size_bytes=film.stat().st_size,
        kind=AssetKind.VIDEO,
        width=160,
        height=90,
        duration_seconds=2.0,
    )
    with telecine.db.transaction() as tx:
        (made,) = core_assets.add(
            tx, [new], account_id=customer.account.id, limit_bytes=10**9, now=telecine.clock()
        )
    return made


def params_of(telecine: Telecine, job_id: str) -> dict[str, Any]:
    with telecine.db.snapshot() as tx:
        return dict(core_jobs.get(tx, job_id).params)


def blob_keys(telecine: Telecine) -> list[str]:
    return [info.key for info in telecine.blobs.list_keys()]


# Handing in


def test_an_address_is_taken_and_its_minutes_are_held(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, url: str
) -> None:
    told = submit(anybody, video_url=url, quality="balanced", caption_style="white_bold")
    assert told["job_id"].startswith("job_")
    assert len(told["job_id"]) == 16
    assert (told["status"], told["created_at"]) == ("queued", "2026-04-12T12:00:00Z")
    assert 1 <= told["estimated_seconds"] < 60
    assert (told["credits_held"], told["warnings"]) == (1, [])
    assert told["status_url"].endswith(f"/api/v1/jobs/{told['job_id']}")
    assert steps.movements(telecine, customer.account) == [
        ("reserve", "available", -1),
        ("reserve", "held", 1),
    ]
    kept = params_of(telecine, told["job_id"])
    assert (kept["source_url"], kept["source_seconds"], kept["minutes_held"]) == (url, 2.0, 1)
    assert (kept["filename"], kept["keeps_film"]) == ("talk.mp4", True)


def test_an_uploaded_file_is_taken_with_the_same_fields(
    anybody: httpx2.Client, telecine: Telecine, talk: Path
) -> None:
    answer = steps.send(
        *(anybody, talk),
        to=PROCESS,
        quality="fast",
        caption_style="karaoke",
        aspect="1:1",
        captions="false",
        max_clips="3",
        segments='[{"start": 0.2, "end": 1.8}]',
    )
    assert answer.status_code == 202, answer.text
    kept = params_of(telecine, answer.json()["job_id"])
    assert (kept["source_url"], kept["filename"]) == (None, "talk.mp4")
    assert (kept["quality"], kept["caption_style"], kept["aspect"]) == ("fast", "karaoke", "1:1")
    assert (kept["captions"], kept["max_clips"]) == (False, 3)
    assert kept["segments"] == [[0.2, 1.8]]
    source = fetch(anybody, answer.json()["job_id"])["source"]
    assert source == {"url": None, "filename": "talk.mp4", "duration_seconds": 2.0}


def test_a_file_of_the_library_is_taken_by_its_id_and_by_its_link(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    first = submit(anybody, file_id=asset.id)
    kept = params_of(telecine, first["job_id"])
    assert (kept["keeps_film"], kept["source_seconds"]) == (False, 2.0)
    (listed,) = anybody.get("/api/v1/files").json()["files"]
    again = anybody.post(PROCESS, json={"video_url": listed["url"]})
    assert refused(again, 409, "conflict")["job_id"] == first["job_id"]


def test_a_form_may_name_a_file_instead_of_bringing_one(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    answer = anybody.post(
        PROCESS, files={"file_id": (None, asset.id), "quality": (None, "HIGH"), "x": (None, "1")}
    )
    assert answer.status_code == 202, answer.text
    assert [remark["path"] for remark in answer.json()["warnings"]] == ["x"]
    assert params_of(telecine, answer.json()["job_id"])["quality"] == "high"


def test_the_same_is_not_processed_twice_at_a_time(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    first = submit(anybody, file_id=asset.id, quality="fast")["job_id"]
    again = {"file_id": asset.id, "quality": "fast", "webhook_url": "https://example.com/hook"}
    assert refused(anybody.post(PROCESS, json=again), 409, "conflict")["job_id"] == first
    other = submit(anybody, file_id=asset.id, quality="high")["job_id"]
    assert other != first
    finish(telecine, first)
    assert submit(anybody, file_id=asset.id, quality="fast")["job_id"] not in {first, other}


def test_another_account_may_process_the_same_address(
    anybody: httpx2.Client, telecine: Telecine, url: str
) -> None:
    submit(anybody, video_url=url)
    anybody.headers.update(customer_of(telecine, email="bob@example.com").headers)
    submit(anybody, video_url=url)


def test_what_nobody_reads_is_told(anybody: httpx2.Client, asset: Asset) -> None:
    (said,) = submit(anybody, file_id=asset.id, caption_stile="pop")["warnings"]
    assert (said["path"], said["code"]) == ("caption_stile", "UNKNOWN_FIELD")
    assert "caption_style" in said["allowed"]


def test_an_address_that_is_slow_is_taken_unseen_and_held_for_an_hour(
    anybody: httpx2.Client,
    telecine: Telecine,
    web: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("telecine.api.services.looking.MOST_FILM_SECONDS", 0.0)
    told = submit(anybody, video_url=web.put("/slow.mp4", b"any"))
    assert told["credits_held"] == 60
    kept = params_of(telecine, told["job_id"])
    assert (kept["source_seconds"], kept["minutes_held"]) == (None, 60)


def test_a_film_that_is_too_large_to_be_fetched_is_measured_by_its_start(
    anybody: httpx2.Client,
    telecine: Telecine,
    web: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("telecine.api.services.looking._HEAD_BYTES", 30_000)
    monkeypatch.setattr("telecine.api.services.looking.MOST_BYTES", 40_000)
    ready = samples.make_video(
        tmp_path / "a.mp4", extra_args=("-movflags", "+faststart"), seconds=3
    )
    late = samples.make_video(tmp_path / "b.mp4", seconds=3)
    assert min(ready.stat().st_size, late.stat().st_size) > 40_000
    for film, seconds, held in ((ready, 3.0, 1), (late, None, 60)):
        customer = customer_of(telecine, email=f"{film.stem}@example.com")
        url = web.put(f"/large-{film.name}", film.read_bytes())
        told = anybody.post(PROCESS, json={"video_url": url}, headers=customer.headers).json()
        assert (told["credits_held"], params_of(telecine, told["job_id"])["source_seconds"]) == (
            held,
            seconds,
        )


def test_the_estimate_is_learnt_from_the_last_jobs(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    first = submit(anybody, file_id=asset.id)
    finish(telecine, first["job_id"], begun_seconds_ago=1000)
    slow = submit(anybody, file_id=asset.id)["estimated_seconds"]
    assert 950 < slow < 1050
    more = submit(anybody, file_id=asset.id, quality="high")["estimated_seconds"]
    assert first["estimated_seconds"] < slow < more


def test_a_language_may_have_a_region(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id, language="en-GB")["job_id"]
    assert params_of(telecine, job_id)["language"] == "en"


# What is wrong with a request


WRONG: tuple[tuple[dict[str, Any], str | None, str], ...] = (
    ({}, "video_url", "is missing"),
    ({"video_url": ""}, "video_url", "is missing"),
    ({"video_url": "https://example.com/v.mp4", "file_id": "asset_1"}, "video_url", "together"),
    ({"video_url": "ftp://example.com/v.mp4"}, "video_url", "http"),
    ({"video_url": "file:///etc/passwd"}, "video_url", "http"),
    ({"video_url": "http://10.0.0.1/v.mp4"}, "video_url", "TELECINE_ALLOW_NETWORKS"),
    ({"video_url": "http://[::1]/v.mp4"}, "video_url", "address"),
    ({"video_url": 7}, "video_url", "a text"),
    ({"video_url": "https://e.com/v", "quality": "best"}, "quality", "balanced, fast or high"),
    ({"video_url": "https://e.com/v", "caption_style": "x"}, "caption_style", "karaoke"),
    ({"video_url": "https://e.com/v", "language": "xx"}, "language", "auto or one of af"),
    ({"video_url": "https://e.com/v", "aspect": "4:3"}, "aspect", "9:16"),
    ({"video_url": "https://e.com/v", "captions": "no"}, "captions", "true or false"),
    ({"video_url": "https://e.com/v", "min_duration": 0}, "min_duration", "more than 0."),
    ({"video_url": "https://e.com/v", "max_clips": 51}, "max_clips", "50 or less"),
    (
        {"video_url": "https://e.com/v", "min_duration": 60, "max_duration": 30},
        "max_duration",
        "(30 s) must not be below 'min_duration' (60 s)",
    ),
    (
        {"video_url": "https://e.com/v", "segments": [{"start": 5, "end": 2}]},
        "segments[0]",
        "after it starts",
    ),
    (
        {
            "video_url": "https://e.com/v",
            "segments": [{"start": 20, "end": 40}, {"start": 0, "end": 21}],
        },
        "segments[0]",
        "overlap 'segments[1]'",
    ),
    ({"video_url": "https://e.com/v", "segments": [{"start": 5}]}, None, "end"),
    ({"video_url": "https://e.com/v", "webhook_url": "nope"}, "webhook_url", "http"),
)


def test_a_wrong_field_is_named(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    for body, field, said in WRONG:
        told = refused(anybody.post(PROCESS, json=body), 400, "bad_request")
        assert said in told["message"], (body, told)
        assert field is None or told["field"] == field, (body, told)
    steps.assert_untouched(telecine, customer.account)


def test_a_usual_length_gives_way_to_one_that_was_named(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    for sent, lengths in (
        ({"max_duration": 10}, (5, 10)),
        ({"max_duration": 15}, (15, 15)),
        ({"min_duration": 120}, (120, 240)),
        ({"min_duration": 60}, (60, 90)),
    ):
        kept = params_of(telecine, submit(anybody, file_id=asset.id, **sent)["job_id"])
        assert (kept["min_seconds"], kept["max_seconds"]) == lengths


def test_a_body_that_is_no_object_is_refused(anybody: httpx2.Client) -> None:
    for content in (b"{", b"[]", b'"x"', b"\xff\xfe", b'{"video_url": NaN}', b"[" * 100_000):
        refused(anybody.post(PROCESS, content=content), 400, "bad_request")


def test_a_body_of_ten_megabytes_is_refused(anybody: httpx2.Client) -> None:
    body = json.dumps({"video_url": "https://e.com/v", "x": "a" * 10**7}).encode()
    refused(anybody.post(PROCESS, content=body), 413, "too_large")


def test_segments_of_a_form_are_held_to_the_same_rules(anybody: httpx2.Client, talk: Path) -> None:
    overlapping = '[{"start": 0, "end": 9}, {"start": 1, "end": 2}]'
    for text in ("nope", '{"start": 1}', '[],"file_id":"asset_1"', overlapping):
        told = refused(steps.send(anybody, talk, to=PROCESS, segments=text), 400, "bad_request")
        assert "segments" in told["message"]


def test_a_segment_behind_the_end_is_refused_before_anything_is_held(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, url: str
) -> None:
    body = {"video_url": url, "segments": [{"start": 0, "end": 1}, {"start": 1, "end": 9}]}
    told = refused(anybody.post(PROCESS, json=body), 400, "bad_request")
    assert (told["field"], "2.0 s" in told["message"]) == ("segments[1]", True)
    steps.assert_untouched(telecine, customer.account)


# What is no video


def page_of(web: Site, kind: str, folder: Path) -> str:
    """An address of something that no clip can be made of."""
    if kind == "a page":
        content = b"<!doctype html><title>Not found</title>"
    elif kind == "nothing":
        content = b""
    elif kind == "a picture":
        content = samples.astronaut().read_bytes()
    elif kind == "a sound":
        content = samples.make_audio(folder / "a.mp3", seconds=1).read_bytes()
    elif kind == "a silent video":
        silent = samples.make_video(folder / "s.mp4", seconds=1, size=(160, 90), audio=False)
        content = silent.read_bytes()
    else:
        whole = samples.make_video(folder / "w.mp4", seconds=1, size=(160, 90))
        content = samples.make_cut(folder / "c.mp4", source=whole, share=0.5).read_bytes()
    return web.put(f"/{kind.replace(' ', '-')}", content)


NO_VIDEOS = {
    "a page": "unsupported_media",
    "nothing": "undecodable_media",
    "a picture": "unsupported_media",
    "a sound": "unsupported_media",
    "a silent video": "unsupported_media",
    "a video cut short": "undecodable_media",
}


def test_what_no_clip_can_be_made_of_is_refused_at_once(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, web: Site, tmp_path: Path
) -> None:
    for kind, code in NO_VIDEOS.items():
        answer = anybody.post(PROCESS, json={"video_url": page_of(web, kind, tmp_path)})
        told = refused(answer, 422, "unprocessable")
        assert (told["code"], told["field"]) == (code, "video_url"), kind
        assert ("no sound" in told["message"]) == (kind == "a silent video")
    assert steps.movements(telecine, customer.account) == []


def test_of_a_silent_video_parts_may_be_chosen_by_hand(
    anybody: httpx2.Client, telecine: Telecine, web: Site, tmp_path: Path
) -> None:
    url = page_of(web, "a silent video", tmp_path)
    told = submit(anybody, video_url=url, segments=[{"start": 0, "end": 1}])
    assert told["credits_held"] == 1


def test_an_address_that_does_not_answer_is_refused(anybody: httpx2.Client, web: Site) -> None:
    told = refused(anybody.post(PROCESS, json={"video_url": f"{web.url}/no"}), 422, "unprocessable")
    assert (told["code"], "404" in told["message"]) == ("outbound_failed", True)


def test_a_picture_that_comes_along_is_refused_and_kept_nowhere(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    told = refused(steps.send(anybody, samples.astronaut(), to=PROCESS), 422, "unprocessable")
    assert told["field"] == "file"
    steps.assert_untouched(telecine, customer.account)


def test_a_picture_of_the_library_is_refused(anybody: httpx2.Client) -> None:
    picture = steps.send(anybody, samples.astronaut(), to="/api/v1/upload").json()["assets"][0]
    told = refused(anybody.post(PROCESS, json={"file_id": picture["id"]}), 422, "unprocessable")
    assert told["field"] == "file_id"


# Who may


def test_a_file_of_somebody_else_is_not_there(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    (listed,) = anybody.get("/api/v1/files").json()["files"]
    anybody.headers.update(customer_of(telecine, email="bob@example.com").headers)
    for body in ({"file_id": asset.id}, {"video_url": listed["url"]}, {"file_id": "nope"}):
        told = refused(anybody.post(PROCESS, json=body), 404, "not_found")
        assert [told["field"]] == list(body)


def test_a_job_and_a_clip_of_somebody_else_are_not_there(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    finish(telecine, job_id)
    clip_id = fetch(anybody, job_id)["clips"][0]["clip_id"]
    anybody.headers.update(customer_of(telecine, email="bob@example.com").headers)
    refused(anybody.get(f"{JOBS}/{job_id}"), 404, "not_found")
    refused(anybody.delete(f"{JOBS}/{job_id}"), 404, "not_found")
    refused(anybody.get(f"/api/v1/clips/{clip_id}"), 404, "not_found")
    refused(anybody.post(f"/api/v1/clips/{clip_id}/project"), 404, "not_found")


def test_without_a_key_with_a_wrong_one_and_without_access(
    api: TestClient, telecine: Telecine
) -> None:
    refused(api.get(JOBS), 401, "unauthorized")
    refused(api.get(JOBS, headers={"X-API-Key": "kf_live_sk_no"}), 401, "unauthorized")
    free = customer_of(telecine, email="free@example.com", plan="free")
    told = refused(api.post(PROCESS, json={}, headers=free.headers), 403, "forbidden")
    assert "Free plan" in told["message"]


def test_without_credits_nothing_is_taken(
    anybody: httpx2.Client, telecine: Telecine, url: str
) -> None:
    poor = customer_of(telecine, email="poor@example.com", amount=0)
    anybody.headers.update(poor.headers)
    told = refused(anybody.post(PROCESS, json={"video_url": url}), 402, "insufficient_credits")
    assert (told["credits_needed"], told["credits_remaining"]) == (1, 0)


def test_the_minutes_of_a_month_come_to_an_end_and_begin_anew(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, talk: Path
) -> None:
    starter = customer_of(telecine, email="s@example.com", plan="starter", amount=500)
    anybody.headers.update(starter.headers)
    name = film_of(telecine, starter, talk).id
    finish(telecine, submit(anybody, file_id=name)["job_id"], minutes=99)
    finish(telecine, submit(anybody, file_id=name)["job_id"], minutes=1)
    used = anybody.get("/api/v1/usage").json()
    assert (used["minutes_used"], used["minutes_limit"]) == (100, 100)
    told = refused(anybody.post(PROCESS, json={"file_id": name}), 403, "forbidden")
    assert "0 are left" in told["message"]
    clock.advance(days=30)
    submit(anybody, file_id=name)


def test_every_answer_says_how_many_requests_are_left(anybody: httpx2.Client) -> None:
    for path in (JOBS, f"{JOBS}/job_no", "/api/v1/caption-styles"):
        headers = anybody.get(path).headers
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        assert all(headers[name].isdecimal() for name in names)


def test_too_many_requests_are_told_in_the_shape_of_the_family(
    anybody: httpx2.Client, customer: Customer
) -> None:
    answers = [anybody.get(JOBS) for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    told = refused(answers[60], 429, "rate_limited")
    assert "60" in told["message"]
    assert int(answers[60].headers["retry-after"]) >= 1
    assert answers[60].headers["x-ratelimit-remaining"] == "0"


# Jobs


def test_a_job_is_told_from_its_place_in_the_queue_to_its_clips(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    told = fetch(anybody, job_id)
    assert (told["status"], told["clips"], told["progress"]) == ("queued", [], 0)
    assert {"text_outputs", "error"}.isdisjoint(told)
    assert told["options"] == {
        "quality": "balanced",
        "caption_style": "white_bold",
        "language": "auto",
        "aspect": "9:16",
    }
    finish(telecine, job_id)
    told = fetch(anybody, job_id)
    assert (told["status"], told["progress"], told["stage"]) == ("completed", 100, None)
    assert (told["credits_charged"], told["minutes"], told["language"]) == (1, 1, "en")
    assert told["text_outputs"] == {
        "twitter_thread": "1/ One.\n\n2/ Two.",
        "linkedin_post": "One.",
        "blog_post": "# One",
    }
    assert (told["text_outputs_model"], told["expires_at"]) == (
        "extractive",
        "2026-05-12T12:00:00Z",
    )
    assert anybody.get(told["transcript_url"]).content == b"{}"
    first, second = told["clips"]
    assert (first["number"], second["number"]) == (1, 2)
    assert first["clip_id"] == job_id.replace("job_", "clip_") + "01"


def test_a_clip_is_the_same_object_in_its_job_and_by_itself(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    finish(telecine, job_id)
    clip = fetch(anybody, job_id)["clips"][1]
    assert anybody.get(f"/api/v1/clips/{clip['clip_id']}").json() == clip
    assert (clip["job_id"], clip["title"], clip["virality_score"]) == (
        job_id,
        "The best moment",
        87,
    )
    assert (clip["resolution"], clip["caption_style"]) == ("1080x1920", "white_bold")
    assert (clip["duration_seconds"], clip["expires_at"]) == (1.0, "2026-05-12T12:00:00Z")


def test_links_open_without_a_key_for_thirty_days(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    finish(telecine, job_id)
    clip = fetch(anybody, job_id)["clips"][0]
    del anybody.headers["authorization"]
    clock.advance(days=29)
    assert anybody.get(clip["download_url"]).content == b"film 1"
    assert anybody.get(clip["srt_url"]).text == "1\n"
    assert anybody.get(clip["vtt_url"]).text == "WEBVTT\n"
    assert anybody.get(clip["composition_url"]).json()["meta"]["width"] == 1080
    clock.advance(days=2)
    assert anybody.get(clip["download_url"]).status_code == 404


def test_a_clip_whose_time_is_over_is_gone_and_its_job_says_so(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    finish(telecine, job_id)
    clip_id = fetch(anybody, job_id)["clips"][0]["clip_id"]
    clock.advance(days=31)
    refused(anybody.get(f"/api/v1/clips/{clip_id}"), 410, "expired")
    refused(anybody.post(f"/api/v1/clips/{clip_id}/project"), 410, "expired")
    told = fetch(anybody, job_id)["clips"][0]
    assert (told["download_url"], told["srt_url"]) == (None, None)


def test_a_clip_that_is_not_there(anybody: httpx2.Client) -> None:
    for clip_id in (UNKNOWN, "clip_", "nope", "job_abc123def456", "clip_ABC"):
        refused(anybody.get(f"/api/v1/clips/{clip_id}"), 404, "not_found")


def test_a_number_that_no_clip_of_the_job_has(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    stem = job_id.replace("job_", "clip_")
    refused(anybody.get(f"/api/v1/clips/{stem}01"), 404, "not_found")  # not finished yet
    finish(telecine, job_id)
    for number in ("00", "03", "1", "001"):
        refused(anybody.get(f"/api/v1/clips/{stem}{number}"), 404, "not_found")


def test_a_job_that_failed_says_why(
    anybody: httpx2.Client, telecine: Telecine, web: Site, talk: Path
) -> None:
    job_id = submit(anybody, video_url=web.put("/gone.mp4", talk.read_bytes()))["job_id"]
    del web.pages["/gone.mp4"]
    steps.run(telecine, job_id)
    told = fetch(anybody, job_id)
    assert (told["status"], told["clips"], told["credits_charged"]) == ("failed", [], 0)
    assert (told["error"]["code"], told["error"]["reason"]) == ("unprocessable", "outbound_failed")
    assert "404" in told["error"]["message"]
    assert anybody.get("/api/v1/usage").json()["credits_remaining"] == 100


def test_a_job_is_stopped_once(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    told = anybody.delete(f"{JOBS}/{job_id}").json()
    assert (told["status"], told["error"]["code"]) == ("failed", "cancelled")
    assert told["error"]["message"] == "The job was cancelled. Nothing is charged for it."
    refused(anybody.delete(f"{JOBS}/{job_id}"), 409, "conflict")
    assert anybody.get("/api/v1/usage").json()["credits_remaining"] == 100


def test_the_clips_of_a_job_are_deleted_at_once_and_its_minutes_still_count(
    anybody: httpx2.Client, telecine: Telecine, url: str
) -> None:
    job_id = submit(anybody, video_url=url)["job_id"]
    finish(telecine, job_id)
    told = fetch(anybody, job_id)
    first, second = told["clips"]
    opened = open_clip(anybody, first["clip_id"])
    links = [clip[name] for clip in (first, second) for name in CLIP_LINKS]
    after = anybody.delete(f"{JOBS}/{job_id}").json()
    assert (after["status"], after["clips"], after["transcript_url"]) == ("completed", [], None)
    assert "text_outputs" not in after
    assert (after["minutes"], after["credits_charged"]) == (1, 1)
    assert after["expires_at"] == "2026-04-12T12:00:00Z"
    for link in (*links, told["transcript_url"]):
        assert anybody.get(link).status_code == 404
    refused(anybody.get(f"/api/v1/clips/{first['clip_id']}"), 404, "not_found")
    assert [key for key in blob_keys(telecine) if job_id in key] == [f"outputs/{job_id}/source.mp4"]
    # What its owner has taken into the library is there, and what was used stays used.
    (kept,) = anybody.get("/api/v1/files").json()["files"]
    assert (kept["id"], anybody.get(kept["url"]).content) == (opened["file_id"], FILM)
    assert anybody.get("/api/v1/usage").json()["minutes_used"] == 1
    assert anybody.delete(f"{JOBS}/{job_id}").json() == after
    assert submit(anybody, video_url=url)["estimated_seconds"] >= 1


def test_a_job_that_failed_has_nothing_to_delete(
    anybody: httpx2.Client, telecine: Telecine, web: Site, talk: Path
) -> None:
    job_id = submit(anybody, video_url=web.put("/soon.mp4", talk.read_bytes()))["job_id"]
    del web.pages["/soon.mp4"]
    steps.run(telecine, job_id)
    told = refused(anybody.delete(f"{JOBS}/{job_id}"), 409, "conflict")
    assert "has no files" in told["message"]


def test_a_clip_whose_film_left_the_library_says_so(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    finish(telecine, job_id)
    (clip, _) = fetch(anybody, job_id)["clips"]
    assert anybody.delete(f"/api/v1/files/{asset.id}").status_code == 200
    told = refused(anybody.post(f"/api/v1/clips/{clip['clip_id']}/project"), 410, "expired")
    assert "cut from is deleted" in told["message"]
    assert anybody.get(clip["download_url"]).status_code == 200


def test_a_job_of_another_family_is_told_in_the_words_of_all(
    anybody: httpx2.Client, telecine: Telecine, talk: Path
) -> None:
    job_id = steps.submit(anybody, talk)
    told = anybody.get(f"{JOBS}/{job_id}").json()
    assert (told["job_id"], told["api"], told["kind"]) == (job_id, "compress", "compress")
    assert (told["status"], told["progress"], told["files"]) == ("queued", 0, [])
    steps.run(telecine, job_id)
    told = anybody.get(f"{JOBS}/{job_id}").json()
    assert (told["status"], told["progress"]) == ("completed", 100)
    (file,) = told["files"]
    assert anybody.get(file["url"]).headers["content-type"] == file["media_type"] == "video/mp4"


def test_jobs_of_other_apis_are_listed_where_all_are_wanted(
    anybody: httpx2.Client, talk: Path
) -> None:
    job_id = steps.submit(anybody, talk)
    assert anybody.get(JOBS).json() == {"jobs": [], "next_cursor": None, "has_more": False}
    (listed,) = anybody.get(JOBS, params={"kind": "all"}).json()["jobs"]
    assert (listed["job_id"], listed["kind"], listed["status"]) == (job_id, "compress", "queued")


def test_a_job_of_clips_is_not_told_as_a_compression(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    finish(telecine, job_id)
    for path in ("status", "download"):
        assert anybody.get(f"/api/v1/{path}/{job_id}").status_code == 404


def test_jobs_are_listed_newest_first_page_by_page(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, asset: Asset
) -> None:
    made = []
    for number in range(5):
        made.append(submit(anybody, file_id=asset.id, max_clips=number + 1)["job_id"])
        clock.advance(seconds=(number + 1) % 2)  # some are of the same second
    finish(telecine, made[0])
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["has_more"]:
        cursor = {"cursor": pages[-1]["next_cursor"]} if pages else {}
        pages.append(anybody.get(JOBS, params={"limit": "2", **cursor}).json())
        assert pages[-1]["has_more"] == (pages[-1]["next_cursor"] is not None)
    listed = [job for page in pages for job in page["jobs"]]
    assert [len(page["jobs"]) for page in pages] == [2, 2, 1]
    assert {job["job_id"] for job in listed} == set(made)
    assert (listed[-1]["job_id"], listed[-1]["status"]) == (made[0], "completed")
    at = [job["created_at"] for job in listed]
    assert at == sorted(at, reverse=True)


def test_a_limit_out_of_bounds_is_moved_inside(anybody: httpx2.Client, asset: Asset) -> None:
    for number in range(3):
        submit(anybody, file_id=asset.id, max_clips=number + 1)
    for limit, n in {"0": 1, "-5": 1, "1000": 3, "x": 3, "": 3}.items():
        assert len(anybody.get(JOBS, params={"limit": limit}).json()["jobs"]) == n


def test_a_cursor_of_another_account_or_of_nobody_is_refused(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    for number in range(2):
        submit(anybody, file_id=asset.id, max_clips=number + 1)
    cursor = anybody.get(JOBS, params={"limit": "1"}).json()["next_cursor"]
    assert cursor
    anybody.headers.update(customer_of(telecine, email="bob@example.com").headers)
    for each in (cursor, "nope", "%00"):
        told = refused(anybody.get(JOBS, params={"cursor": each}), 400, "bad_request")
        assert told["field"] == "cursor"
    told = refused(anybody.get(JOBS, params={"kind": "none"}), 400, "bad_request")
    assert told["field"] == "kind"


# Projects, styles, webhooks


def open_clip(client: httpx2.Client, clip_id: str) -> dict[str, Any]:
    answer = client.post(f"/api/v1/clips/{clip_id}/project")
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_clip_is_opened_as_a_project_whose_film_stays(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, url: str
) -> None:
    job_id = submit(anybody, video_url=url)["job_id"]
    finish(telecine, job_id)
    first, second = fetch(anybody, job_id)["clips"]
    opened = open_clip(anybody, first["clip_id"])
    assert (opened["name"], opened["status"], opened["revision"]) == ("The best moment", "draft", 1)
    again = open_clip(anybody, second["clip_id"])
    assert (again["file_id"], again["id"] != opened["id"]) == (opened["file_id"], True)
    listed = anybody.get("/api/v1/files").json()
    assert [file["id"] for file in listed["files"]] == [opened["file_id"]]
    assert listed["usedBytes"] == len(FILM) == opened["storage_bytes"]
    shown = anybody.get(opened["project_url"], params={"email": "ann@example.com"}).json()["data"]
    clips = shown["composition"]["tracks"][0]["clips"]
    assert [clip["src"] for clip in clips] == [f"file_id:{opened['file_id']}"]
    assert "src" not in shown["composition"]["tracks"][1]["clips"][0]
    clock.advance(days=31)
    steps.janitor(telecine).delete_expired_files()
    assert anybody.get(listed["files"][0]["url"]).content == FILM
    assert anybody.get(first["download_url"]).status_code == 404


def test_a_word_of_a_project_that_was_a_clip_is_changed_by_its_place(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    finish(telecine, job_id)
    opened = open_clip(anybody, fetch(anybody, job_id)["clips"][0]["clip_id"])
    word = "/tracks/1/clips/0/words/0/word"
    patch = [
        {"op": "test", "path": "/tracks/1/id", "value": "captions"},
        {"op": "replace", "path": word, "value": "Telecine"},
    ]
    body = {"email": "ann@example.com", "operation": "json-patch", "data": {"patch": patch}}
    answer = anybody.patch(f"{opened['project_url']}/composition", json=body)
    assert answer.status_code == 200, answer.text
    shown = anybody.get(opened["project_url"], params={"email": "ann@example.com"}).json()["data"]
    captions = shown["composition"]["tracks"][1]
    assert captions["clips"][0]["words"][0]["word"] == "Telecine"


def test_a_clip_of_a_file_of_the_library_is_opened_with_that_file(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id)["job_id"]
    finish(telecine, job_id)
    opened = open_clip(anybody, fetch(anybody, job_id)["clips"][0]["clip_id"])
    assert opened["file_id"] == asset.id
    assert anybody.get("/api/v1/files").json()["usedBytes"] == asset.file.size_bytes


def test_without_room_a_clip_is_not_opened(
    anybody: httpx2.Client, telecine: Telecine, url: str
) -> None:
    job_id = submit(anybody, video_url=url)["job_id"]
    finish(telecine, job_id)
    clip_id = fetch(anybody, job_id)["clips"][0]["clip_id"]
    with telecine.db.transaction() as tx:
        tx.execute(sa.text("UPDATE files SET size_bytes = 1000000000000 WHERE filename LIKE 's%'"))
    told = refused(anybody.post(f"/api/v1/clips/{clip_id}/project"), 402, "storage_limit")
    assert told["storage_limit"] == 107_374_182_400
    listing = anybody.get("/api/video-project", params={"email": "ann@example.com"})
    assert listing.json()["data"] == []


def test_caption_styles_are_listed_with_pictures(anybody: httpx2.Client) -> None:
    listed = anybody.get("/api/v1/caption-styles").json()["caption_styles"]
    assert [style["name"] for style in listed] == list(STYLES)
    assert [style["name"] for style in listed if style["is_default"]] == ["white_bold"]
    for style in listed:
        assert style["description"].endswith(".")
        assert anybody.get(style["picture_url"]).headers["content-type"] == "image/webp"


def test_a_webhook_brings_what_the_status_says(
    anybody: httpx2.Client, telecine: Telecine, asset: Asset
) -> None:
    hook = "https://example.com/hook"
    job_id = submit(anybody, file_id=asset.id, webhook_url=hook)["job_id"]
    finish(telecine, job_id)
    with telecine.db.snapshot() as tx:
        (row,) = tx.execute(sa.select(deliveries)).mappings()
    assert (row["url"], row["event"]) == (hook, "job.completed")
    assert json.loads(row["body"]) == {**fetch(anybody, job_id), "event": "job.completed"}


def test_a_cancelled_job_tells_nobody(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, asset: Asset
) -> None:
    job_id = submit(anybody, file_id=asset.id, webhook_url="https://example.com/hook")["job_id"]
    with telecine.db.transaction() as tx:
        assert core_jobs.cancel(tx, core_jobs.get(tx, job_id), ending=Ending(now=clock()))
        assert tx.execute(sa.select(sa.func.count()).select_from(deliveries)).scalar_one() == 0
        assert tx.execute(sa.select(jobs.c.status)).scalar_one() == "cancelled"
