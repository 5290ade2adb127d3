"""Jobs of the voiceover door: accepted, watched, listed, cancelled, shared; one at a time."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import httpx2
import pytest
import pyvips
from starlette.testclient import TestClient
from tests import samples, steps, voiceovers
from tests.conftest import Customer, customer_of
from tests.databases import postgres
from tests.fakes import FixedClock
from tests.voiceovers import JOBS, Files, begin, made, refused, status_of, submit

from telecine.api.app import create_app
from telecine.assembly import Telecine
from telecine.cli import admin
from telecine.core import jobs, webhooks
from telecine.core.jobs import Ending
from telecine.db import tables
from telecine.kit.errors import ConflictError, ProcessingError

CANCELS = [("DELETE", "/api/jobs/{}"), ("POST", "/api/jobs/{}/cancel"), ("POST", "/api/cancel/{}")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return voiceovers.files(tmp_path_factory.mktemp("voiceover"))


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, files: Files
) -> Iterator[tuple[TestClient, str]]:
    """A Telecine, asked with a key, that has one job. Its first worker was lost, its second did it."""
    data = tmp_path_factory.mktemp("finished")
    with steps.opened(data, clock=FixedClock()) as telecine:
        customer = customer_of(telecine)
        with TestClient(create_app(telecine.services()), headers=customer.headers) as client:
            job_id = submit(client, files)
            lost = begin(telecine, job_id)
            with telecine.db.transaction() as tx:
                jobs.requeue(tx, lost, queue=telecine.queue, is_counted=True)
            steps.attempts(telecine).run(job_id, lost.ticket + 1)
            yield client, job_id


# The way of a job


def test_a_job_is_accepted_with_the_documented_reply(anybody: httpx2.Client, files: Files) -> None:
    answer = made(anybody, files, {"webhookUrl": "https://your.app/hooks/vidgen"})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert re.fullmatch(r"c[a-z0-9]{24}", body["jobId"])
    assert body == {
        "message": "Job created",
        "jobId": body["jobId"],
        "id": body["jobId"],
        "status": "PENDING",
        "creditsHeld": body["creditsHeld"],
        "warnings": [],
    }
    assert body["creditsHeld"] >= 1


def test_a_waiting_job_says_so(anybody: httpx2.Client, files: Files) -> None:
    job_id = submit(anybody, files, webhookUrl="https://your.app/hook", mode="still")
    told = status_of(anybody, job_id)
    assert told == anybody.get(f"/api/jobs/{job_id}").json()
    assert told | {"width": 0, "height": 0, "duration": 0, "creditsCharged": 0} == {
        "id": job_id,
        "jobId": job_id,
        "status": "PENDING",
        "progress": None,
        "outputVideo": None,
        "outputShareLink": None,
        "errorMessage": None,
        "retries": 0,
        "createdAt": "2026-04-12T12:00:00.000Z",
        "updatedAt": "2026-04-12T12:00:00.000Z",
        "webhookUrl": "https://your.app/hook",
        "errorCode": None,
        "expiresAt": None,
        "creditsCharged": 0,
        "mode": "still",
        "width": 0,
        "height": 0,
        "duration": 0,
    }


def test_progress_is_told_while_a_worker_is_at_it_and_a_lost_worker_is_a_retry(
    anybody: httpx2.Client, telecine: Telecine, files: Files, clock: FixedClock
) -> None:
    job_id = submit(anybody, files)
    clock.advance(milliseconds=1500)
    job = begin(telecine, job_id)
    with telecine.db.transaction() as tx:
        jobs.report(tx, job, 0.629)
    told = status_of(anybody, job_id)
    assert (told["status"], told["progress"], told["retries"]) == ("PROCESSING", 62, 0)
    assert told["updatedAt"] == "2026-04-12T12:00:01.500Z"
    with telecine.db.transaction() as tx:
        jobs.requeue(tx, job, queue=telecine.queue, is_counted=True)
    told = status_of(anybody, job_id)
    assert (told["status"], told["progress"]) == ("PENDING", None)
    begin(telecine, job_id)
    assert status_of(anybody, job_id)["retries"] == 1


def test_a_failed_job_says_why_and_costs_nothing(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, files: Files, clock: FixedClock
) -> None:
    job_id = submit(anybody, files)
    job = begin(telecine, job_id)
    with telecine.db.transaction() as tx:
        jobs.fail(tx, job, ProcessingError("It broke."), ending=Ending(now=clock()))
    told = status_of(anybody, job_id)
    assert (told["status"], told["errorMessage"], told["progress"]) == ("FAILED", "It broke.", None)
    assert (told["errorCode"], told["creditsCharged"]) == ("processing_failed", 0)
    assert sum(amount for _, _, amount in steps.movements(telecine, customer.account)) == 0
    submit(anybody, files)


# A finished job: made once for all of these


def test_a_finished_job_has_the_documented_fields(finished: tuple[TestClient, str]) -> None:
    client, job_id = finished
    told = status_of(client, job_id)
    assert (told["status"], told["progress"], told["errorMessage"]) == ("COMPLETED", 100, None)
    assert told["retries"] == 1
    origin = "http://testserver"
    assert re.fullmatch(rf"{origin}/storage/file_\w{{20}}/video\.mp4", told["outputVideo"])
    assert re.fullmatch(rf"{origin}/share/\w{{20}}", told["outputShareLink"])
    (listed,) = client.get(JOBS).json()["jobs"]
    assert listed == told


def test_the_video_opens_without_a_key_and_plays(finished: tuple[TestClient, str]) -> None:
    client, job_id = finished
    told = status_of(client, job_id)
    answer = client.get(told["outputVideo"], headers={"Authorization": ""})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    with av.open(io.BytesIO(answer.content), "r") as film:
        picture = film.streams.video[0]
        assert (picture.width, picture.height) == (told["width"], told["height"])
        assert [track.codec_context.name for track in film.streams.audio] == ["aac"]
        assert sum(1 for _ in film.decode(picture)) == pytest.approx(told["duration"] * 30, abs=1)


def test_the_share_page_shows_the_video_to_whoever_has_the_link(
    finished: tuple[TestClient, str],
) -> None:
    client, job_id = finished
    told = status_of(client, job_id)
    answer = client.get(told["outputShareLink"], headers={"Authorization": ""})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'property="og:video" content="{told["outputVideo"]}"' in answer.text
    poster = re.search(r'property="og:image" content="([^"]+)"', answer.text)
    assert poster is not None
    picture = client.get(poster[1])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    path = told["outputVideo"].removeprefix("http://testserver/")
    assert f'<video slot="media" src="../{path}"' in answer.text
    assert job_id not in answer.text
    assert 'property="og:description" content="A picture with a voice, 0:0' in answer.text


def test_search_engines_are_told_to_leave_secret_links_alone(
    finished: tuple[TestClient, str],
) -> None:
    client, job_id = finished
    told = status_of(client, job_id)
    for address in (told["outputShareLink"], told["outputVideo"]):
        assert client.get(address).headers["x-robots-tag"] == "noindex"
    assert "x-robots-tag" not in client.get("/docs").headers


def test_the_preview_of_a_talking_portrait_says_that_it_is_synthetic(
    anybody: httpx2.Client, telecine: Telecine, files: Files
) -> None:
    job_id = submit(anybody, files, mode="still")
    voiceovers.finish(telecine, job_id)
    rows = tables.jobs
    with telecine.db.transaction() as tx:
        params = jobs.get(tx, job_id).params
        made = rows.update().where(rows.c.id == job_id)
        tx.execute(made.values(params={**params, "mode": "talking"}))
    page = anybody.get(status_of(anybody, job_id)["outputShareLink"]).text
    assert re.search(r'og:description" content="[^"]+nobody was filmed saying this', page)


def test_a_share_link_opens_finished_voiceovers_and_nothing_else(
    finished: tuple[TestClient, str],
) -> None:
    client, job_id = finished
    page = client.get(status_of(client, job_id)["outputShareLink"]).text
    poster = re.search(r"file_(\w{20})/poster", page)
    assert poster is not None
    for share_id in (poster[1], "x" * 20, "%00", job_id):
        answer = client.get(f"/share/{share_id}")
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")


def test_a_finished_job_cannot_be_cancelled(finished: tuple[TestClient, str]) -> None:
    client, job_id = finished
    assert refused(client.delete(f"/api/jobs/{job_id}")) == (409, None)


def test_of_a_job_whose_time_is_over_the_video_and_its_page_are_gone(
    anybody: httpx2.Client, telecine: Telecine, files: Files, clock: FixedClock
) -> None:
    job_id = submit(anybody, files)
    voiceovers.finish(telecine, job_id)
    told = status_of(anybody, job_id)
    assert anybody.get(told["outputShareLink"]).status_code == 200
    clock.advance(days=31)
    after = status_of(anybody, job_id)
    assert after == told | {"outputVideo": None, "outputShareLink": None}
    assert anybody.get(told["outputShareLink"]).status_code == 410
    assert anybody.get(told["outputVideo"]).status_code == 404
    steps.janitor(telecine).delete_expired_files()
    assert steps.files_on_disk(telecine) == []


# Cancelling


def test_a_pending_job_is_cancelled_by_every_door(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, files: Files
) -> None:
    for method, path in CANCELS:
        job_id = submit(anybody, files, webhookUrl="https://your.app/hook")
        answer = anybody.request(method, path.format(job_id))
        assert answer.status_code == 200
        assert answer.json() == {"success": True, "message": "Job cancelled successfully"}
        told = status_of(anybody, job_id)
        assert (told["status"], told["errorMessage"]) == ("CANCELLED", None)
        assert told["creditsCharged"] == 0
        with telecine.db.snapshot() as tx:
            assert webhooks.deliveries_of(tx, job_id) == []
        assert refused(anybody.request(method, path.format(job_id))) == (409, None)
    assert sum(amount for _, _, amount in steps.movements(telecine, customer.account)) == 0
    steps.janitor(telecine).delete_expired_files()
    assert steps.files_on_disk(telecine) == []


def test_a_job_that_a_worker_has_is_not_cancelled(
    anybody: httpx2.Client, telecine: Telecine, files: Files, clock: FixedClock
) -> None:
    job_id = submit(anybody, files)
    begin(telecine, job_id)
    for method, path in CANCELS:
        assert refused(anybody.request(method, path.format(job_id))) == (409, None)
    assert status_of(anybody, job_id)["status"] == "PROCESSING"


# One at a time


def test_whoever_runs_the_server_stops_a_job_that_a_worker_has(
    anybody: httpx2.Client, telecine: Telecine, files: Files
) -> None:
    job_id = submit(anybody, files)
    job = begin(telecine, job_id)
    admin.cancel_job(telecine.settings, job_id)
    told = status_of(anybody, job_id)
    assert (told["status"], told["creditsCharged"]) == ("CANCELLED", 0)
    with telecine.db.snapshot() as tx:
        assert not jobs.is_mine(tx, job)
    with pytest.raises(ConflictError, match="ended already"):
        admin.cancel_job(telecine.settings, job_id)
    submit(anybody, files)


def test_a_second_job_has_to_wait_and_leaves_nothing(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, files: Files
) -> None:
    first = submit(anybody, files)
    held, on_disk = steps.movements(telecine, customer.account), steps.files_on_disk(telecine)
    answer = made(anybody, files)
    assert refused(answer) == (409, None)
    assert first in answer.json()["error"]
    assert steps.movements(telecine, customer.account) == held
    assert steps.files_on_disk(telecine) == on_disk
    other = customer_of(telecine, email="other@example.com")
    assert made(anybody, files, headers=other.headers).status_code == 201


def test_of_several_at_the_same_instant_one_is_taken(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, files: Files
) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: made(anybody, files), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(anybody.get(JOBS).json()["jobs"]) == 1
    assert [kind for kind, _, _ in steps.movements(telecine, customer.account)] == ["reserve"] * 2
    assert len(steps.files_on_disk(telecine)) == 2


def test_on_postgres_it_is_one_as_well_and_no_name_breaks_it(
    tmp_path: Path, clock: FixedClock, files: Files
) -> None:
    with (
        postgres() as database,
        steps.opened(tmp_path / "data", clock=clock, database_url=database) as telecine,
    ):
        headers = customer_of(telecine).headers
        with (
            TestClient(create_app(telecine.services()), headers=headers) as client,
            ThreadPoolExecutor(4) as threads,
        ):
            answers = list(threads.map(lambda _: made(client, files), range(4)))
            assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
            (job,) = client.get(JOBS, params={"status": "PENDING", "limit": 1}).json()["jobs"]
            assert client.get(JOBS, params={"cursor": job["id"]}).json()["jobs"] == []
            assert refused(client.get(JOBS, params={"cursor": "\x00"})) == (400, "cursor")
            assert refused(client.get("/api/status/%00")) == (404, None)
            assert client.get("/share/%00").status_code == 404


# Lists


def test_a_list_has_pages_newest_first(
    anybody: httpx2.Client, files: Files, clock: FixedClock
) -> None:
    newest_first: list[str] = []
    for _ in range(3):
        newest_first.insert(0, submit(anybody, files))
        anybody.delete(f"/api/jobs/{newest_first[0]}")
        clock.advance(seconds=1)
    first = anybody.get(JOBS, params={"limit": 2}).json()
    assert [job["id"] for job in first["jobs"]] == newest_first[:2]
    cursor = first["pagination"]["nextCursor"]
    assert first["pagination"] == {"limit": 2, "nextCursor": cursor, "hasNextPage": True}
    second = anybody.get(JOBS, params={"limit": 2, "cursor": cursor}).json()
    assert [job["id"] for job in second["jobs"]] == newest_first[2:]
    assert second["pagination"] == {"limit": 2, "nextCursor": None, "hasNextPage": False}


def test_a_list_is_of_one_status_if_that_is_asked(anybody: httpx2.Client, files: Files) -> None:
    gone = submit(anybody, files)
    anybody.delete(f"/api/jobs/{gone}")
    waiting = submit(anybody, files)

    def listed(status: str) -> list[str]:
        return [job["id"] for job in anybody.get(JOBS, params={"status": status}).json()["jobs"]]

    assert (listed("CANCELLED"), listed("PENDING"), listed("FAILED")) == ([gone], [waiting], [])


def test_a_limit_out_of_bounds_is_moved_inside(anybody: httpx2.Client) -> None:
    for sent, used in (("0", 1), ("-5", 1), ("1000", 100), ("x", 20), ("9" * 99, 20)):
        answer = anybody.get(JOBS, params={"limit": sent}).json()
        assert answer == {
            "jobs": [],
            "pagination": {"limit": used, "nextCursor": None, "hasNextPage": False},
        }


def test_a_cursor_or_status_that_cannot_be_is_refused(
    anybody: httpx2.Client, telecine: Telecine, files: Files
) -> None:
    other = customer_of(telecine, email="other@example.com")
    foreign = made(anybody, files, headers=other.headers).json()["jobId"]
    for cursor in (foreign, "nonsense", "\x00"):
        assert refused(anybody.get(JOBS, params={"cursor": cursor})) == (400, "cursor")
    answer = anybody.get(JOBS, params={"status": "DONE"})
    assert refused(answer) == (400, "status")
    assert "PENDING, PROCESSING, COMPLETED, FAILED, CANCELLED" in answer.json()["error"]


# Whose a job is


def test_a_job_of_others_or_of_another_family_is_as_unknown_as_none(
    anybody: httpx2.Client, telecine: Telecine, files: Files, tmp_path: Path
) -> None:
    other = customer_of(telecine, email="other@example.com")
    foreign = made(anybody, files, headers=other.headers).json()["jobId"]
    video = samples.make_video(tmp_path / "video.mp4", seconds=0.2)
    compress = steps.submit(anybody, video)
    told = []
    for method, path in [("GET", "/api/status/{}"), ("GET", "/api/jobs/{}"), *CANCELS]:
        for job_id in (foreign, compress, "c" * 25, "x" * 300):
            answer = anybody.request(method, path.format(job_id))
            assert refused(answer) == (404, None)
            told.append(answer.json()["error"])
    assert len(set(told)) == 1
    assert anybody.get(JOBS).json()["jobs"] == []


# What is taken


def test_images_and_sounds_are_known_by_their_content_whatever_they_are_called(
    anybody: httpx2.Client, files: Files, tmp_path: Path
) -> None:
    opus = ("-c:a", "libopus", "-ar", "48000")
    sounds = {"wav": (), "m4a": (), "ogg": opus}
    sent = [
        replace(
            files,
            audio=samples.make_audio(
                tmp_path / f"a.{kind}", seconds=0.3, extra_args=codec
            ).read_bytes(),
        )
        for kind, codec in sounds.items()
    ]
    picture = pyvips.Image.black(64, 48, bands=3)
    sent += [replace(files, image=picture.write_to_buffer(kind)) for kind in (".png", ".webp")]
    for each in sent:
        anybody.delete(f"/api/jobs/{submit(anybody, each)}")


def test_what_is_asked_for_is_told_by_the_job(anybody: httpx2.Client, files: Files) -> None:
    wished = {"mode": "KenBurns", "aspect": "9:16", "captions": "yes", "caption_style": "karaoke"}
    told = status_of(anybody, submit(anybody, files, **wished, language="en-GB"))
    assert (told["mode"], told["width"], told["height"]) == ("kenburns", 1080, 1920)


def test_a_caption_style_asks_for_captions_unless_they_are_refused(
    anybody: httpx2.Client, telecine: Telecine, files: Files
) -> None:
    for fields, captions in (
        ({"caption_style": "karaoke"}, True),
        ({"caption_style": "karaoke", "captions": "false"}, False),
        ({"captions": ""}, False),
    ):
        job_id = submit(anybody, files, **fields)
        with telecine.db.snapshot() as tx:
            assert jobs.get(tx, job_id).params["captions"] is captions
        anybody.delete(f"/api/jobs/{job_id}")


def test_fields_that_nothing_reads_are_told(anybody: httpx2.Client, files: Files) -> None:
    (told,) = made(anybody, files, {"mod": "still", "mode": "still"}).json()["warnings"]
    assert (told["path"], told["code"], told["got"]) == ("mod", "UNKNOWN_FIELD", "still")
    assert {"mode", "webhookUrl", "caption_style"} <= set(told["allowed"].split(", "))
