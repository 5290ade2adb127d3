"""Jobs that are followed, as events or by an answer that waits: over real sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests import projects, samples, steps, voiceovers
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock
from tests.serving import Served, served

from telecine.api.answers import following
from telecine.assembly import Telecine
from telecine.core import jobs, keys
from telecine.core.jobs import Ending, Job
from telecine.kit.errors import UndecodableMediaError

JOBS = "/api/v1/jobs"
PATIENCE_SECONDS = 180.0


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    return samples.make_video(folder / "video.mp4", seconds=0.5, size=(160, 90))


@pytest.fixture
def server(telecine: Telecine) -> Iterator[Served]:
    with served(telecine) as running:
        yield running


@contextmanager
def client_of(server: Served, customer: Customer) -> Iterator[httpx2.Client]:
    with httpx2.Client(
        base_url=server.url, headers=customer.headers, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


@pytest.fixture
def client(server: Served, customer: Customer) -> Iterator[httpx2.Client]:
    with client_of(server, customer) as opened:
        yield opened


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def job_id(client: httpx2.Client, video: Path) -> str:
    return steps.submit(client, video)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as it came."""

    name: str
    id: str
    told: dict[str, Any]


class Follower:
    """A client that reads a stream, one event after the other."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()
        self.comments: list[str] = []

    def next(self) -> Event | None:
        """The next event; None where the stream has ended."""
        found: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.comments.append(line)
            elif line:
                found[name] = value
            elif "event" in found:
                told = json.loads(found["data"])
                return Event(name=found["event"], id=found["id"], told=told)
            else:
                found = {}
        return None

    def comment(self) -> None:
        """Wait for a heartbeat."""
        for line in self._lines:
            if line.startswith(":"):
                return
        raise AssertionError("no heartbeat")


@contextmanager
def followed(client: httpx2.Client, job_id: str, *, last: str | None = None) -> Iterator[Follower]:
    headers = {} if last is None else {"Last-Event-ID": last}
    with client.stream("GET", f"{JOBS}/{job_id}/events", headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        yield Follower(answer)


def begin(telecine: Telecine, job_id: str) -> Job:
    """As a worker does that takes the job up."""
    with telecine.db.transaction() as tx:
        started = jobs.start(
            tx,
            job_id,
            ticket=1,
            worker_id="w-1",
            most=3,
            ending=Ending(now=telecine.clock()),
        )
    assert started is not None
    return started


def report(telecine: Telecine, job: Job, fraction: float, *, stage: str | None = None) -> None:
    with telecine.db.transaction() as tx:
        assert jobs.report(tx, job, fraction, stage=stage)


def fail(telecine: Telecine, job_id: str) -> None:
    with telecine.db.transaction() as tx:
        error = UndecodableMediaError("It is broken.")
        jobs.fail(tx, jobs.get(tx, job_id), error, ending=Ending(now=telecine.clock()))


# Events


def test_a_job_is_followed_from_the_queue_to_its_end(
    client: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    with followed(client, job_id) as follower:
        assert follower.answer.headers["content-type"].startswith("text/event-stream")
        assert "no-store" in follower.answer.headers["cache-control"]
        assert follower.answer.headers["x-accel-buffering"] == "no"
        first = follower.next()
        assert first is not None
        assert (first.name, first.told["status"], first.told["progress"]) == ("state", "queued", 0)
        assert first.told == client.get(f"{JOBS}/{job_id}").json()
        job = begin(telecine, job_id)
        second = follower.next()
        assert second is not None
        assert (second.name, second.told["status"]) == ("state", "processing")
        report(telecine, job, 0.42)
        third = follower.next()
        assert third is not None
        assert (third.name, third.told["progress"]) == ("progress", 42)
        report(telecine, job, 0.42, stage="encoding")
        fourth = follower.next()
        assert fourth is not None
        assert (fourth.name, fourth.told["stage"]) == ("stage", "encoding")
        fail(telecine, job_id)
        last = follower.next()
        assert last is not None
        assert (last.name, last.told["status"]) == ("end", "failed")
        assert last.told["error"]["message"] == "It is broken."
        assert last.told == client.get(f"{JOBS}/{job_id}").json()
        assert follower.next() is None
        assert len({each.id for each in (first, second, third, fourth, last)}) == 5


def test_the_end_of_a_job_that_went_well_has_its_files(
    client: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    with followed(client, job_id) as follower:
        follower.next()
        steps.run(telecine, job_id)
        while (event := follower.next()) is not None and event.name != "end":
            pass
    assert event is not None
    (file,) = event.told["files"]
    assert len(client.get(file["url"]).content) == file["size_bytes"]


def test_who_comes_back_is_told_what_differs(
    client: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    job = begin(telecine, job_id)
    report(telecine, job, 0.25)
    with followed(client, job_id) as follower:
        seen = follower.next()
    assert seen is not None
    report(telecine, job, 0.5)
    with followed(client, job_id, last=seen.id) as follower:
        event = follower.next()
        assert event is not None
        assert (event.name, event.told["progress"]) == ("progress", 50)
    with followed(client, job_id, last=event.id) as follower:
        report(telecine, job, 0.75)  # nothing is told before this
        event = follower.next()
        assert event is not None
        assert (event.name, event.told["progress"]) == ("progress", 75)
    fail(telecine, job_id)
    with followed(client, job_id, last=event.id) as follower:
        end = follower.next()
    assert end is not None
    assert end.name == "end"
    answer = client.get(f"{JOBS}/{job_id}/events", headers={"Last-Event-ID": end.id})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("last", ["", "nonsense", "running-1-42", "x" * 999])
def test_an_id_that_is_none_of_ours_counts_as_none(
    client: httpx2.Client, job_id: str, last: str
) -> None:
    with followed(client, job_id, last=last) as follower:
        event = follower.next()
    assert event is not None
    assert event.name == "state"


def test_a_stream_without_news_is_kept_alive(
    client: httpx2.Client, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_HEARTBEAT_SECONDS", 0.05)
    with followed(client, job_id) as follower:
        follower.next()
        follower.comment()
        follower.comment()


def test_jobs_of_every_family_are_followed(
    client: httpx2.Client, telecine: Telecine, video: Path, tmp_path: Path
) -> None:
    config = {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
        "tracks": [{"clips": [{"type": "text", "text": "Hello", "start": 0, "duration": 1}]}],
    }
    task = client.post("/api/v1/video", json={"config": config}).json()["taskId"]
    project = projects.make(client, composition=projects.composition())["id"]
    made = {
        "compress": steps.submit(client, video),
        "clips": steps.send(client, video, to="/api/v1/process").json()["job_id"],
        "video": client.post(f"/api/v1/video/{task}/render").json()["renderTaskId"],
        "projects": projects.begin(client, project)["render_id"],
        "voiceover": voiceovers.submit(client, voiceovers.files(tmp_path)),
    }
    for job_id in made.values():
        begin(telecine, job_id)
        fail(telecine, job_id)
        with followed(client, job_id) as follower:
            event = follower.next()
            assert event is not None
            assert (event.name, event.told["status"]) == ("end", "failed")
            assert follower.next() is None


def test_a_job_that_is_deleted_ends_as_cancelled(
    client: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    with followed(client, job_id) as follower:
        follower.next()
        with telecine.db.transaction() as tx:
            jobs.erase(tx, jobs.get(tx, job_id), ending=Ending(now=telecine.clock()))
        event = follower.next()
        assert event is not None
        assert (event.name, event.told["error"]["code"]) == ("end", "cancelled")


def test_a_revoked_key_ends_what_it_opened(
    client: httpx2.Client, telecine: Telecine, customer: Customer, job_id: str
) -> None:
    with followed(client, job_id) as follower:
        follower.next()
        with telecine.db.transaction() as tx:
            (key,) = keys.list_keys(tx, account_id=customer.account.id)
            keys.revoke(tx, key.id, now=telecine.clock())
        assert follower.next() is None
    assert client.get(f"{JOBS}/{job_id}/events").status_code == 401


def test_a_job_of_somebody_else_is_not_there(
    server: Served, telecine: Telecine, job_id: str
) -> None:
    bob = customer_of(telecine, email="bob@example.com")
    with client_of(server, bob) as client:
        assert client.get(f"{JOBS}/{job_id}/events").status_code == 404
        assert client.get(f"{JOBS}/{job_id}").status_code == 404


def test_the_key_may_stand_in_the_address(server: Served, customer: Customer, job_id: str) -> None:
    with httpx2.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        url = f"{JOBS}/{job_id}/events"
        assert client.get(url).status_code == 401
        with client.stream("GET", url, params={"api_key": customer.key}) as answer:
            event = Follower(answer).next()
        assert client.get(f"{JOBS}/{job_id}", params={"api_key": customer.key}).status_code == 401
    assert event is not None
    assert event.name == "state"


def test_the_head_alone_opens_no_stream(server: Served, client: httpx2.Client, job_id: str) -> None:
    answer = client.head(f"{JOBS}/{job_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert server.services.lookout.count() == 0


def test_any_plan_may_follow(server: Served, telecine: Telecine) -> None:
    free = customer_of(telecine, email="free@example.com", plan="free")
    with client_of(server, free) as client:
        assert client.get(f"{JOBS}/unknown/events").status_code == 404
        assert client.get(f"{JOBS}/unknown").status_code == 404
        assert client.get(JOBS).status_code == 403


def test_streams_have_a_limit_by_account_and_by_process(
    tmp_path: Path, clock: FixedClock, video: Path
) -> None:
    with (
        steps.opened(tmp_path / "x", clock=clock, streams=2, streams_per_account=1) as telecine,
        served(telecine) as server,
        client_of(server, customer_of(telecine)) as ann,
        client_of(server, customer_of(telecine, email="bob@example.com")) as bob,
        client_of(server, customer_of(telecine, email="eve@example.com")) as eve,
    ):
        followers = {each: steps.submit(each, video) for each in (ann, bob, eve)}
        with followed(ann, followers[ann]) as first, followed(bob, followers[bob]) as second:
            first.next(), second.next()
            refused = ann.get(f"{JOBS}/{followers[ann]}/events")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
            refused = eve.get(f"{JOBS}/{followers[eve]}/events")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
            # Who would like to wait is answered at once, and told so.
            waited = ann.get(f"{JOBS}/{followers[ann]}", headers={"Prefer": "wait=30"})
            assert (waited.status_code, "preference-applied" in waited.headers) == (200, False)
        steps.until(lambda: server.services.lookout.count() == 0)
        with followed(ann, followers[ann]) as again:
            assert again.next() is not None


def test_a_server_that_stops_ends_streams_and_waits(
    server: Served, client: httpx2.Client, job_id: str, threads: ThreadPoolExecutor
) -> None:
    waiting = threads.submit(client.get, f"{JOBS}/{job_id}", headers={"Prefer": "wait=60"})
    with followed(client, job_id) as follower:
        follower.next()
        steps.until(lambda: server.services.lookout.count() == 2)
        server.close_lookout()
        assert follower.next() is None
    assert waiting.result(PATIENCE_SECONDS).json()["status"] == "queued"


# Waiting


def wait(
    server: Served, threads: ThreadPoolExecutor, client: httpx2.Client, url: str, **more: Any
) -> Future[httpx2.Response]:
    """Ask with a wait, and return once the server is waiting."""
    answer = threads.submit(client.request, "GET", url, headers={"Prefer": "wait=60"}, **more)
    steps.until(lambda: server.services.lookout.count() == 1)
    return answer


def test_every_state_of_a_job_waits_for_its_end(
    server: Served,
    client: httpx2.Client,
    telecine: Telecine,
    video: Path,
    tmp_path: Path,
    threads: ThreadPoolExecutor,
) -> None:
    config = {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
        "tracks": [{"clips": [{"type": "text", "text": "Hello", "start": 0, "duration": 1}]}],
    }
    task = client.post("/api/v1/video", json={"config": config}).json()["taskId"]
    project = projects.make(client, composition=projects.composition())["id"]
    clips = steps.send(client, video, to="/api/v1/process").json()["job_id"]
    spoken = voiceovers.submit(client, voiceovers.files(tmp_path))
    compress = steps.submit(client, video)
    render = client.post(f"/api/v1/video/{task}/render").json()["renderTaskId"]
    export = projects.begin(client, project)["render_id"]
    mine = f"?email={projects.EMAIL}"
    asked = {
        f"/api/v1/status/{compress}": (compress, "failed"),
        f"{JOBS}/{clips}": (clips, "failed"),
        f"/api/v1/video/{task}": (render, "failed"),
        f"{projects.URL}/{project}{mine}": (export, "failed"),
        f"/api/status/{spoken}": (spoken, "FAILED"),
    }
    for url, (job_id, word) in asked.items():
        answer = wait(server, threads, client, url)
        begin(telecine, job_id)
        fail(telecine, job_id)
        told = answer.result(PATIENCE_SECONDS)
        assert told.headers["preference-applied"] == "wait=60"
        body = told.json()
        assert body.get("data", body)["status"] == word
    # What has ended is told at once.
    for url in (*asked, f"/api/jobs/{spoken}", f"{projects.URL}/{project}/exports{mine}"):
        told = client.get(url, headers={"Prefer": "wait=60"})
        assert (told.status_code, told.headers["preference-applied"]) == (200, "wait=60")


@pytest.mark.parametrize("what", ["compress", "process", "voiceover", "task", "project"])
def test_a_post_that_waits_is_answered_with_the_end(
    server: Served,
    client: httpx2.Client,
    telecine: Telecine,
    video: Path,
    tmp_path: Path,
    threads: ThreadPoolExecutor,
    what: str,
) -> None:
    client.headers["Prefer"] = "wait=60"
    config = {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
        "tracks": [{"clips": [{"type": "text", "text": "Hello", "start": 0, "duration": 1}]}],
    }
    task = client.post("/api/v1/video", json={"config": config}).json()["taskId"]
    project = projects.make(client, composition=projects.composition())["id"]
    files = voiceovers.files(tmp_path)
    posts = {
        "compress": lambda: steps.send(client, video),
        "process": lambda: steps.send(client, video, to="/api/v1/process"),
        "voiceover": lambda: voiceovers.made(client, files),
        "task": lambda: client.post(f"/api/v1/video/{task}/render"),
        "project": lambda: client.post(
            f"{projects.URL}/{project}/render", json={"email": projects.EMAIL}
        ),
    }
    expected = {
        "compress": (200, "failed"),
        "process": (200, "failed"),
        "voiceover": (201, "FAILED"),
        "task": (200, "failed"),
        "project": (200, "failed"),
    }
    answer = threads.submit(posts[what])
    steps.until(lambda: server.services.lookout.count() == 1)
    with telecine.db.snapshot() as tx:
        (job,) = jobs.active(tx)
    begin(telecine, job.id)
    fail(telecine, job.id)
    told = answer.result(PATIENCE_SECONDS)
    body = told.json()
    assert (told.status_code, body.get("data", body)["status"]) == expected[what]
    assert told.headers["preference-applied"] == "wait=60"
    assert "It is broken." in told.text


def test_a_wait_has_an_end_that_the_server_sets(
    tmp_path: Path, clock: FixedClock, video: Path
) -> None:
    with (
        steps.opened(tmp_path / "x", clock=clock, wait_seconds=1) as telecine,
        served(telecine) as server,
        client_of(server, customer_of(telecine)) as client,
    ):
        job_id = steps.submit(client, video)
        told = client.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=99999999"})
        assert told.json()["status"] == "queued"
        assert told.headers["preference-applied"] == "wait=1"


@pytest.mark.parametrize(
    "wish", ["wait=0", "wait=soon", "wait", "respond-async", "wait=-1", "waits=9", ""]
)
def test_what_is_no_wish_is_not_heeded(client: httpx2.Client, job_id: str, wish: str) -> None:
    told = client.get(f"{JOBS}/{job_id}", headers={"Prefer": wish})
    assert (told.status_code, "preference-applied" in told.headers) == (200, False)


@pytest.mark.parametrize(
    "wish",
    [
        *("respond-async, wait=60", 'WAIT="60"', "wait = 60; foo=bar"),
        *("wait=1000000000", f"wait={'9' * 5000}", "wait=0000000000060"),
    ],
)
def test_a_wish_may_be_written_in_several_ways(
    client: httpx2.Client, telecine: Telecine, job_id: str, wish: str
) -> None:
    fail(telecine, job_id)
    told = client.get(f"{JOBS}/{job_id}", headers={"Prefer": wish})
    assert told.headers["preference-applied"] == "wait=60"


def test_who_goes_away_waits_no_longer(
    server: Served, customer: Customer, client: httpx2.Client, job_id: str
) -> None:
    with socket.create_connection(server.address, timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(
            f"GET {JOBS}/{job_id} HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\n"
            f"Authorization: Bearer {customer.key}\r\n\r\n".encode()
        )
        steps.until(lambda: server.services.lookout.count() == 1)
    steps.until(lambda: server.services.lookout.count() == 0)


def test_a_post_that_is_left_while_it_waits_is_answered_when_it_is_repeated(
    server: Served, customer: Customer, client: httpx2.Client, video: Path
) -> None:
    content = video.read_bytes()
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="video.mp4"\r\n'
        b"Content-Type: video/mp4\r\n\r\n" + content + b"\r\n--b--\r\n"
    )
    head = (
        f"POST /api/v1/compress HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\nIdempotency-Key: one\r\n"
        f"Authorization: Bearer {customer.key}\r\nContent-Length: {len(form)}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    with socket.create_connection(server.address, timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode() + form)
        steps.until(lambda: server.services.lookout.count() == 1)
    steps.until(lambda: server.services.lookout.count() == 0)

    def repeat() -> httpx2.Response:
        headers = {"Idempotency-Key": "one", "Content-Type": "multipart/form-data; boundary=b"}
        return client.post("/api/v1/compress", content=form, headers=headers)

    steps.until(lambda: repeat().status_code == 202)
    assert repeat().headers["idempotent-replayed"] == "true"
    assert len(client.get(JOBS, params={"kind": "all"}).json()["jobs"]) == 1


def test_many_who_wait_for_one_job_all_hear_of_its_end(
    server: Served, client: httpx2.Client, telecine: Telecine, job_id: str
) -> None:
    def one() -> str:
        with httpx2.Client(
            base_url=server.url, headers=client.headers, timeout=PATIENCE_SECONDS
        ) as mine:
            told = mine.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=60"})
            return str(told.json()["status"])

    with ThreadPoolExecutor(10) as pool:
        waiting = [pool.submit(one) for _ in range(10)]
        steps.until(lambda: server.services.lookout.count() == 10)
        fail(telecine, job_id)
        assert {each.result(PATIENCE_SECONDS) for each in waiting} == {"failed"}
