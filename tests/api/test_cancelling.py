"""Jobs of every family stopped by the one address that all have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from tests import described, projects, samples, steps, voiceovers
from tests.conftest import Customer, customer_of

from telecine.assembly import Telecine
from telecine.core import jobs as core_jobs
from telecine.core.jobs import Ending

VIDEO = "/api/v1/video"
CONFIG = {
    "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
    "tracks": [{"clips": [{"type": "text", "text": "Hello", "start": 0, "duration": 1}]}],
}


@pytest.fixture(autouse=True)
def every_status_is_described(api: TestClient) -> None:
    api.event_hooks["response"].append(described.check)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    samples.make_video(folder / "video.mp4", seconds=0.5, size=(160, 90))
    return folder


@pytest.fixture
def video(media: Path) -> Path:
    return media / "video.mp4"


def begun(client: httpx2.Client, what: str, media: Path) -> str:
    """Have a job of a family taken; returns its id."""
    match what:
        case "compress":
            return steps.submit(client, media / "video.mp4")
        case "clips":
            answer = steps.send(client, media / "video.mp4", to="/api/v1/process")
            return str(answer.json()["job_id"])
        case "video":
            task = client.post(VIDEO, json={"config": CONFIG}).json()["taskId"]
            answer = client.post(f"{VIDEO}/{task}/render", json={"num_workers": 1})
            return str(answer.json()["renderTaskId"])
        case "projects":
            project = projects.make(client, composition=projects.composition())["id"]
            return str(projects.begin(client, project)["render_id"])
        case _:
            answer = voiceovers.made(client, voiceovers.files(media))
            return str(answer.json()["jobId"])


def stop(client: httpx2.Client, job_id: str) -> httpx2.Response:
    return client.post(f"/api/v1/jobs/{job_id}/cancel")


def told(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("what", ["compress", "clips", "video", "projects", "voiceover"])
def test_a_job_of_every_family_is_stopped_and_paid_back(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, media: Path, what: str
) -> None:
    job_id = begun(anybody, what, media)
    stopped = told(stop(anybody, job_id))
    assert (stopped["job_id"], stopped["status"], stopped["credits_charged"]) == (
        *(job_id, "failed", 0),
    )
    assert stopped["error"]["code"] == "cancelled"
    moved = steps.movements(telecine, customer.account)
    held = sum(amount for _, book, amount in moved if book == "held")
    assert (held, sum(amount for _, _, amount in moved)) == (0, 0)
    assert told(stop(anybody, job_id)) == stopped  # once more changes nothing
    assert steps.movements(telecine, customer.account) == moved
    steps.run(telecine, job_id)  # a worker that has its ticket still lets it be
    assert told(anybody.get(f"/api/v1/jobs/{job_id}")) == stopped


def test_delete_stops_jobs_of_other_families_too(anybody: httpx2.Client, video: Path) -> None:
    job_id = steps.submit(anybody, video)
    stopped = told(anybody.delete(f"/api/v1/jobs/{job_id}"))
    assert (stopped["api"], stopped["error"]["code"]) == ("compress", "cancelled")
    assert steps.status_of(anybody, job_id)["error"] == "cancelled"


def test_a_job_under_way_is_taken_from_its_worker(
    anybody: httpx2.Client, telecine: Telecine, media: Path
) -> None:
    job_id = begun(anybody, "voiceover", media)
    with telecine.db.transaction() as tx:
        ending = Ending(now=telecine.clock())
        running = core_jobs.start(tx, job_id, ticket=1, worker_id="w-1", most=3, ending=ending)
    assert running is not None
    assert anybody.delete(f"/api/jobs/{job_id}").status_code == 409  # its own door stops no more
    assert told(stop(anybody, job_id))["error"]["code"] == "cancelled"
    with telecine.db.transaction() as tx:
        assert not core_jobs.is_mine(tx, running)


def test_what_has_ended_is_not_stopped(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    job_id = steps.submit(anybody, video)
    steps.run(telecine, job_id)
    for answer in (stop(anybody, job_id), anybody.delete(f"/api/v1/jobs/{job_id}")):
        assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert steps.status_of(anybody, job_id)["status"] == "completed"


def test_jobs_of_others_and_of_nobody_are_not_there(
    anybody: httpx2.Client, telecine: Telecine, api: TestClient, video: Path
) -> None:
    job_id = steps.submit(anybody, video)
    eve = customer_of(telecine, email="eve@example.com")
    mine = {"Authorization": f"Bearer {eve.key}"}
    for url in (f"/api/v1/jobs/{job_id}", "/api/v1/jobs/nothing"):
        assert api.post(f"{url}/cancel", headers=mine).status_code == 404
        assert api.delete(url, headers=mine).status_code == 404
    assert steps.status_of(anybody, job_id)["status"] == "pending"


def test_any_plan_may_stop_its_jobs(telecine: Telecine, api: TestClient, media: Path) -> None:
    eve = customer_of(telecine, email="eve@example.com", plan="free")
    api.headers["Authorization"] = f"Bearer {eve.key}"
    assert stop(api, begun(api, "video", media)).status_code == 200
