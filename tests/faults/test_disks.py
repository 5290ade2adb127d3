"""A disk that is full, and one that cannot be written: refused in words, given back, gone on with.

A real server on a real small disk. What it promised before is finished when there is room again,
or has failed with a reason and costs nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests import encoders, samples, steps
from tests.faults import aftermath, invariants, lineage
from tests.faults.disks import small_disk

from telecine.cli.local_server import LocalServer, local_server

#: More than uploads leave free.
DISK_MEGABYTES = 320
PATIENCE_SECONDS = 180
COMPRESS, CONVERT = "/api/v1/compress", "/api/v1/convert?async=true"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("media") / "v.mp4", size=(640, 360))


@contextmanager
def calling(server: LocalServer) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=PATIENCE_SECONDS) as client:
        yield client


def status_of(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    return steps.status_of(client, job_id)


def ended(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    """What is told of a job once it has ended."""
    over = {"completed", "failed"}
    steps.until(
        lambda: status_of(client, job_id)["status"] in over, timeout_seconds=PATIENCE_SECONDS
    )
    return status_of(client, job_id)


@contextmanager
def running(client: httpx2.Client, video: Path, *, stored: Path) -> Iterator[str]:
    """Have a job accepted, and held at its work for as long as the block lasts; what jobs before
    it had sent is deleted by then.
    """
    job_id = steps.submit(client, video, codec="h265")
    held = encoders.hold(
        lambda: [each.pid for each in lineage.below_us() if encoders.is_one(each.pid)]
    )
    inputs = stored / "inputs"
    steps.until(lambda: len(list(inputs.iterdir())) == 1, timeout_seconds=PATIENCE_SECONDS)
    yield job_id
    encoders.let_go(held)


def spent(client: httpx2.Client) -> int:
    credits = client.get("/api/v1/usage").json()["credits"]
    return int(credits["total_purchased"]) - int(credits["balance"])


def refused(answer: httpx2.Response, status: int, words: str) -> None:
    body = answer.json()
    assert answer.status_code == status, body
    assert words in str(body.get("error")) + str(body.get("message")), body


def assert_sound(data: Path) -> None:
    """Once the server has been stopped: the books agree, and nothing lies about."""
    with aftermath.opened(data, {}) as after:
        books = invariants.read(after.telecine)
        faults = [*invariants.of_jobs(books, ()), *invariants.of_ledger(books)]
        after.keep_house()
        faults += invariants.of_storage(invariants.read(after.telecine), after.telecine)
    assert faults == []


def test_a_full_disk_takes_nothing_on_and_goes_on_when_there_is_room(
    tmp_path: Path, video: Path
) -> None:
    with small_disk(tmp_path / "disk", megabytes=DISK_MEGABYTES) as disk:
        data = disk.path / "data"
        with local_server(data, beside=disk.beside) as server, calling(server) as client:
            first = steps.submit(client, samples.astronaut(), to=CONVERT, format="webp")
            assert ended(client, first)["status"] == "completed"
            before = spent(client)
            with running(client, video, stored=disk.outside / "data/files") as begun:
                disk.fill()
            # Nothing is lost that was made.
            assert status_of(client, first)["status"] == "completed"
            assert client.get(f"/api/v1/download/{first}").content.startswith(b"RIFF")
            refused(steps.send(client, video), 507, "no room")
            refused(steps.send(client, video, to="/api/v1/convert", format="webp"), 507, "no room")
            refused(client.post("/api/v1/video", json={"config": COMPOSITION}), 507, "no room")
            refused(steps.send(client, video, to="/api/v1/process"), 507, "no room")
            assert client.get("/health").json()["status"] == "degraded"
            disk.empty()
            outcome = ended(client, begun)
            assert outcome["status"] == "completed" or outcome["error_code"] == "storage_full"
            again = steps.submit(client, video)
            assert ended(client, again)["status"] == "completed"
            assert client.get("/health").json()["status"] == "ok"
            assert spent(client) == before + 1 + (outcome["status"] == "completed")
        assert_sound(Path(shutil.copytree(disk.outside / "data", tmp_path / "data")))


COMPOSITION = {
    "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
    "tracks": [{"clips": [{"type": "text", "text": "much " * 8000, "start": 0, "duration": 1}]}],
}


def test_a_full_and_a_read_only_store_fail_jobs_in_words_and_give_credits_back(
    tmp_path: Path, video: Path
) -> None:
    """The database lies elsewhere, so that it can say what happened."""
    with small_disk(tmp_path / "disk", megabytes=DISK_MEGABYTES) as disk:
        data = tmp_path / "data"
        where = {"TELECINE_STORAGE_URL": (disk.path / "files").as_uri()}
        with (
            local_server(data, environment=where, beside=disk.beside) as server,
            calling(server) as client,
        ):
            first = steps.submit(client, samples.astronaut(), to=CONVERT, format="webp")
            assert ended(client, first)["status"] == "completed"
            before = spent(client)
            with running(client, video, stored=disk.outside / "files") as begun:
                disk.fill()
            failed = ended(client, begun)
            assert (failed["status"], failed["error_code"]) == ("failed", "storage_full"), failed
            refused(steps.send(client, video), 507, "no room")
            disk.empty()
            with running(client, video, stored=disk.outside / "files") as begun:
                disk.allow_writing(False)
            failed = ended(client, begun)
            assert (failed["status"], failed["error_code"]) == ("failed", "storage_failed"), failed
            refused(steps.send(client, video), 503, "cannot be read or written")
            assert client.get(f"/api/v1/download/{first}").content.startswith(b"RIFF")
            assert spent(client) == before
            disk.allow_writing(True)
            again = steps.submit(client, video)
            assert ended(client, again)["status"] == "completed"
        shutil.copytree(disk.outside / "files", data / "files")
        assert_sound(data)
