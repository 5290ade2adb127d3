"""Minutes of a plan that jobs under way may yet use up are not given away twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests import samples, websites
from tests.clipping import PROCESS, refused, submit
from tests.conftest import customer_of
from tests.fakes import FixedClock
from tests.steps import opened

from telecine.api.app import create_app


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("talk") / "talk.mp4", seconds=1)


def test_what_is_held_for_one_video_is_missing_for_another_and_the_same_is_named_first(
    tmp_path: Path, clock: FixedClock, talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecine.api.looking.MOST_FILM_SECONDS", 0.0)  # nothing is measured
    networks = {"allow_networks": websites.NETWORKS}
    with websites.site() as web, opened(tmp_path / "data", clock=clock, **networks) as ours:
        starter = customer_of(ours, plan="starter", amount=500)
        app = create_app(ours.services())
        with TestClient(app, headers=starter.headers) as client:
            first, other = (web.put(path, talk.read_bytes()) for path in ("/1.mp4", "/2.mp4"))
            told = submit(client, video_url=first)
            assert told["credits_held"] == 100
            again = refused(client.post(PROCESS, json={"video_url": first}), 409, "conflict")
            assert again["job_id"] == told["job_id"]
            said = refused(client.post(PROCESS, json={"video_url": other}), 403, "forbidden")
            assert "jobs under way" in said["message"]
            assert client.delete(f"/api/v1/jobs/{told['job_id']}").status_code == 200
            submit(client, video_url=other)
