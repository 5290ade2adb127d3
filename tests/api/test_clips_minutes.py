"""Minutes of a plan that jobs under way may yet use up are not given away twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests import samples, websites
from tests.clipping import PROCESS, fetch, finish, refused, submit
from tests.conftest import customer_of
from tests.fakes import FixedClock
from tests.steps import opened

from telecine.api.app import create_app


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("talk") / "talk.mp4", seconds=1)


def test_a_video_of_unknown_length_holds_a_part_of_the_month_and_the_same_is_named_first(
    tmp_path: Path, clock: FixedClock, talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "telecine.api.services.looking.MOST_FILM_SECONDS", 0.0
    )  # nothing is measured
    networks = {"allow_networks": websites.NETWORKS}
    with websites.site() as web, opened(tmp_path / "data", clock=clock, **networks) as ours:
        starter = customer_of(ours, plan="starter", amount=500)
        app = create_app(ours.services())
        with TestClient(app, headers=starter.headers) as client:
            first, other, third = (
                web.put(f"/{number}.mp4", talk.read_bytes()) for number in range(3)
            )
            told = submit(client, video_url=first)
            assert told["credits_held"] == 60
            again = refused(client.post(PROCESS, json={"video_url": first}), 409, "conflict")
            assert again["job_id"] == told["job_id"]
            assert submit(client, video_url=other)["credits_held"] == 40
            busy = client.post(PROCESS, json={"video_url": third})
            said = refused(busy, 429, "rate_limited")
            assert "jobs under way hold 100" in said["message"]
            assert int(busy.headers["retry-after"]) >= 1
            assert client.delete(f"/api/v1/jobs/{told['job_id']}").status_code == 200
            assert submit(client, video_url=third)["credits_held"] == 60


def test_a_finished_clip_is_measured_when_its_link_is_handed_in(
    tmp_path: Path, clock: FixedClock, talk: Path
) -> None:
    networks = {"allow_networks": websites.NETWORKS}
    with websites.site() as web, opened(tmp_path / "data", clock=clock, **networks) as ours:
        pro = customer_of(ours, plan="pro", amount=500)
        with TestClient(create_app(ours.services()), headers=pro.headers) as client:
            job_id = submit(client, video_url=web.put("/talk.mp4", talk.read_bytes()))["job_id"]
            finish(ours, job_id, n_clips=1, clip=talk.read_bytes())
            link = fetch(client, job_id)["clips"][0]["download_url"]
            again = submit(client, video_url=link)
            assert again["credits_held"] == 1
            assert fetch(client, again["job_id"])["source"]["duration_seconds"] == 1.0
