"""The published client of the video document, unchanged, through a whole session with a server.

It reads replies by the document's names alone, so a field that is missing or renamed shows here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from renderingvideo import (
    AlreadyRenderingError,
    AuthenticationError,
    Client,
    NotFoundError,
    Task,
    ValidationError,
)
from tests import samples, steps
from tests.databases import postgres

from telecine.cli.local_server import LocalServer, local_server

PATIENCE_SECONDS = 180


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, database: dict[str, str]) -> Path:
    del database  # each has a folder of its own
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The settings of a database: both are to do the same."""
    if request.param == "sqlite":
        yield {}
        return
    with postgres() as url:
        yield {"TELECINE_DATABASE_URL": url}


@pytest.fixture(scope="module")
def server(data: Path, database: dict[str, str]) -> Iterator[LocalServer]:
    with local_server(data, environment=database) as running:
        yield running


@pytest.fixture(scope="module")
def key(server: LocalServer, data: Path, database: dict[str, str]) -> str:
    """A key in the style that the client insists on."""
    command = [sys.executable, "-m", "telecine", "keys", "create", "--style", "sk"]
    made = subprocess.run(
        [*command, "--email", "ann@example.com", "--plan", "local", "--data", str(data)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **database},
    )
    return made.stdout.strip()


@pytest.fixture
def client(server: LocalServer, key: str) -> Client:
    return Client(api_key=key, base_url=server.url)


def config(**clip: Any) -> dict[str, Any]:
    shown = {"type": "text", "text": "Hello", "start": 0, "duration": 1, **clip}
    return {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
        "tracks": [{"clips": [shown]}],
    }


def finished(client: Client, task_id: str) -> Task:
    """Poll, as the client's own examples do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (task := client.video.get(task_id)).status == "rendering":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return task


def assert_plays(url: str, folder: Path) -> None:
    path = folder / "film.mp4"
    with urllib.request.urlopen(url) as answer:
        path.write_bytes(answer.read())
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 5


def test_a_whole_session(client: Client, tmp_path: Path) -> None:
    before = client.get_credits().credits
    upload = client.files.upload(
        file=samples.astronaut(),
        files=[samples.make_video(tmp_path / "video.mp4", seconds=1)],
    )
    picture, video = upload.assets
    assert (upload.count, picture.type, video.type) == (2, "image", "video")
    assert picture.created_at is not None

    task = client.video.create(config(type="image", src=picture.url), metadata={"project": "p"})
    assert (task.status, task.width, task.height, task.duration) == ("created", 160, 90, 1)
    listed = client.video.list(status="created")
    assert [each.task_id for each in listed.tasks] == [task.task_id]
    assert client.video.get(task.task_id).metadata == {"project": "p"}

    begun = client.video.render(task.task_id)
    assert (begun.status, begun.cost, begun.remaining_credits) == ("rendering", 1, before - 1)
    assert begun.render_task_id is not None
    done = finished(client, task.task_id)
    assert (done.status, done.cost_credits) == ("completed", 1)
    assert done.completed_at is not None
    assert done.video_url is not None
    assert_plays(done.video_url, tmp_path)
    again = client.video.render(task.task_id)
    assert (again.already_rendered, again.video_url) == (True, done.video_url)
    assert client.get_credits().credits == before - 1

    preview = client.preview.create(config(type="video", src=video.id))
    assert (preview.expires_in, preview.temp_id[:5]) == ("7d", "temp_")
    assert client.preview.get(preview.temp_id).config == config(type="video", src=video.id)
    converted = client.preview.convert(preview.temp_id, category="ads")
    assert converted.video_task_id is not None
    rendered = client.preview.render(preview.temp_id)
    done = finished(client, rendered.task_id)
    assert done.video_url is not None
    assert_plays(done.video_url, tmp_path)
    assert client.preview.delete(preview.temp_id).deleted

    assert client.files.list(type="video").total == 1
    assert client.files.get(picture.id).name == "astronaut.png"
    assert client.files.delete(picture.id).deleted
    with pytest.raises(NotFoundError):
        client.files.get(picture.id)
    for task_id in (task.task_id, converted.task_id, rendered.task_id):
        deleted = client.video.delete(task_id)
        assert (deleted.deleted, deleted.remote_deleted) == (True, True)
    assert client.video.list().total == 0


def test_its_errors_are_those_that_it_knows(client: Client, server: LocalServer) -> None:
    with pytest.raises(ValidationError) as wrong:
        client.video.create({"meta": {}, "tracks": []})
    assert wrong.value.code == "INVALID_CONFIG"
    assert len(wrong.value.details["details"]["errors"]) > 1
    with pytest.raises(NotFoundError):
        client.video.get("nothingthere")
    with pytest.raises(AuthenticationError) as unknown:
        Client(api_key="sk-wrong", base_url=server.url).get_credits()
    assert unknown.value.code == "INVALID_API_KEY_FORMAT"
    shown = config(duration=400)
    shown["meta"] |= {"width": 640, "height": 360, "fps": 30}
    task = client.video.create(shown)
    before = client.get_credits().credits
    client.video.render(task.task_id)
    with pytest.raises(AlreadyRenderingError):
        client.video.render(task.task_id)
    assert client.video.delete(task.task_id).deleted
    # A worker that has begun lets go of them when it has stopped.
    steps.until(lambda: client.get_credits().credits == before)
