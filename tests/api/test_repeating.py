"""POSTs under an Idempotency-Key: done once, answered alike, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests import described, projects, samples, steps, voiceovers
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock

from telecine.api.reference import raising
from telecine.api.routes import ENDPOINTS
from telecine.assembly import Telecine
from telecine.core import credits, repeats
from telecine.core.repeats import Claim
from telecine.db.tables import compositions, files, jobs
from telecine.db.tables import projects as project_rows
from telecine.db.tables import repeats as rows
from telecine.kit.errors import InsufficientCreditsError

COMPRESS, CONVERT, VIDEO = "/api/v1/compress", "/api/v1/convert", "/api/v1/video"
CONFIG = {
    "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
    "tracks": [{"clips": [{"type": "text", "text": "Hello", "start": 0, "duration": 1}]}],
}

#: Sends one and the same request under a key.
Send = Callable[[str], httpx2.Response]


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


def under(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def send(
    client: httpx2.Client, path: Path, *, key: str = "one", to: str = COMPRESS, **fields: str
) -> httpx2.Response:
    content = path.read_bytes()
    return client.post(to, files={"file": (path.name, content)}, data=fields, headers=under(key))


def count(telecine: Telecine, table: sa.Table) -> int:
    with telecine.db.snapshot() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def holds(telecine: Telecine, customer: Customer) -> int:
    moved = steps.movements(telecine, customer.account)
    return sum((kind, book) == ("reserve", "held") for kind, book, _ in moved)


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def assert_replayed(first: httpx2.Response, second: httpx2.Response) -> None:
    assert first.status_code < 300, first.text
    assert "idempotent-replayed" not in first.headers
    assert second.headers.get("idempotent-replayed") == "true", second.text
    assert (second.status_code, second.content) == (first.status_code, first.content)
    for name in ("content-type", "etag", "location", "x-output-size", "x-output-format"):
        assert second.headers.get(name) == first.headers.get(name)


def forget_the_answer(telecine: Telecine) -> None:
    """As where the process was killed after it had made the job."""
    nothing = dict.fromkeys(("status", "headers", "body"), sa.null())
    with telecine.db.transaction() as tx:
        tx.execute(rows.update().values(**nothing, body_bytes=0))


# Every request that makes a job


@pytest.fixture
def senders(anybody: httpx2.Client, media: Path) -> dict[str, Callable[[], Send]]:
    """What makes a job, of every family: each makes what it needs, and returns how it is sent."""
    film = media / "video.mp4"

    def form(path: Path, to: str, **fields: str) -> Callable[[], Send]:
        return lambda: lambda key: send(anybody, path, key=key, to=to, **fields)

    def post(url: str, body: dict[str, Any]) -> Send:
        return lambda key: anybody.post(url, json=body, headers=under(key))

    def task() -> Send:
        made = anybody.post(VIDEO, json={"config": CONFIG}).json()["taskId"]
        return post(f"{VIDEO}/{made}/render", {"num_workers": 1})

    def preview() -> Send:
        made = anybody.post("/api/v1/preview", json=CONFIG).json()["tempId"]
        return post(f"/api/v1/preview/{made}/render", {})

    def project() -> Send:
        made = projects.make(anybody, composition=projects.composition())["id"]
        return post(f"{projects.URL}/{made}/render", {"email": projects.EMAIL})

    def spoken() -> Send:
        files = voiceovers.files(media)
        return lambda key: voiceovers.made(anybody, files, headers=under(key))

    return {
        "compress": form(film, COMPRESS, codec="h264"),
        "convert, later": form(samples.astronaut(), f"{CONVERT}?async=1", format="png"),
        "convert": form(samples.astronaut(), CONVERT, format="jpg", width="32"),
        "clips": form(film, "/api/v1/process"),
        "a task": task,
        "a preview": preview,
        "a project": project,
        "voiceover": spoken,
    }


SENDERS = (
    *("compress", "convert, later", "convert", "clips"),
    *("a task", "a preview", "a project", "voiceover"),
)


@pytest.mark.parametrize("what", SENDERS)
def test_a_repeated_request_makes_one_job_and_is_answered_alike(
    senders: dict[str, Callable[[], Send]], telecine: Telecine, customer: Customer, what: str
) -> None:
    send_it = senders[what]()
    first = send_it("one")
    assert_replayed(first, send_it("one"))
    forget_the_answer(telecine)
    assert_replayed(first, send_it("one"))  # it is told of the job
    assert_replayed(first, send_it("one"))  # and that was kept
    assert (count(telecine, jobs), holds(telecine, customer)) == (1, 1)


def test_whatever_makes_a_job_can_tell_of_it() -> None:
    paid = {
        each.operation_id for each in ENDPOINTS if InsufficientCreditsError in raising.raised(each)
    }
    assert {each.operation_id for each in ENDPOINTS if each.tell is not None} == paid


# Every other request that makes something


def test_what_is_no_job_is_made_once_as_well(
    anybody: httpx2.Client, telecine: Telecine, media: Path
) -> None:
    project = projects.make(anybody)["id"]
    mine = {"email": projects.EMAIL}
    message = {**mine, "message": {"role": "user", "content": "Hello"}}
    preview = anybody.post("/api/v1/preview", json=CONFIG).json()["tempId"]
    bodies: dict[str, dict[str, Any]] = {
        VIDEO: {"config": CONFIG},
        "/api/v1/preview": CONFIG,
        f"/api/v1/preview/{preview}/convert": {},
        projects.URL: {**mine, "name": "A film"},
        f"{projects.URL}/{project}/duplicate": mine,
        f"{projects.URL}/{project}/chat": message,
        f"{projects.URL}/{project}/link": mine,
    }
    for url, body in bodies.items():
        first, second = (anybody.post(url, json=body, headers=under(url)) for _ in range(2))
        assert_replayed(first, second)
    assert count(telecine, compositions) == 4
    assert count(telecine, project_rows) == 3
    first, second = (send(anybody, media / "video.mp4", to="/api/v1/upload") for _ in range(2))
    assert_replayed(first, second)
    assert len(anybody.get("/api/v1/files").json()["files"]) == 1


def test_a_key_in_the_body_and_a_word_in_the_header_go_together(
    api: TestClient, customer: Customer, telecine: Telecine
) -> None:
    body = {"email": projects.EMAIL, "apiKey": customer.key}
    first, second = (api.post(projects.URL, json=body, headers=under("one")) for _ in range(2))
    assert_replayed(first, second)
    assert count(telecine, project_rows) == 1


# What is the same


def test_a_form_is_the_same_in_another_order_and_with_another_boundary(
    anybody: httpx2.Client, video: Path
) -> None:
    part = '--{b}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
    content = video.read_bytes().decode("latin-1")
    field = ("codec", "", "h264")
    file = ("file", '; filename="a.mp4"', content)

    def sent(boundary: str, *parts: tuple[str, str, str]) -> httpx2.Response:
        body = "".join(
            part.format(b=boundary, name=name, more=more, value=value)
            for name, more, value in parts
        )
        kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
        raw = f"{body}--{boundary}--\r\n".encode("latin-1")
        return anybody.post(COMPRESS, content=raw, headers={**under("one"), **kind})

    assert_replayed(sent("x", field, file), sent("a-longer-one", file, field))
    assert code_of(sent("x", file)) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("quoted", ['"one"', ' "one" '])
def test_a_word_in_quotation_marks_is_the_same_word(
    anybody: httpx2.Client, video: Path, quoted: str
) -> None:
    assert_replayed(send(anybody, video), send(anybody, video, key=quoted))


@pytest.mark.parametrize(
    "key", ["", '""', "two words", "x" * 256, "\u00fcber", '"half', 'half"', '"a"b"', '"', '"a\\"']
)
def test_what_is_no_word_is_refused_by_name(anybody: httpx2.Client, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = anybody.post(f"{VIDEO}", json={"config": CONFIG}, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["details"] == {"field": "Idempotency-Key"}


def test_two_words_are_refused(anybody: httpx2.Client) -> None:
    headers = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    assert anybody.post(VIDEO, json={"config": CONFIG}, headers=headers).status_code == 400


def test_another_body_query_or_url_is_refused(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, video: Path, tmp_path: Path
) -> None:
    other = tmp_path / "video.mp4"
    other.write_bytes(video.read_bytes()[:-1])
    first = send(anybody, video)
    assert first.status_code == 202
    reused = (422, "idempotency_key_reused")
    assert code_of(send(anybody, other)) == reused
    assert code_of(send(anybody, video, codec="h265")) == reused
    assert code_of(send(anybody, video, to=CONVERT)) == reused
    assert code_of(send(anybody, video, to=f"{COMPRESS}?x=1")) == reused
    assert "with another query before" in send(anybody, video, to=f"{COMPRESS}?x=1").text
    assert_replayed(first, send(anybody, video))
    assert (count(telecine, jobs), holds(telecine, customer)) == (1, 1)


def test_which_key_a_query_has_makes_no_difference(
    api: TestClient, customer: Customer, telecine: Telecine
) -> None:
    answers = [
        api.post(f"{VIDEO}?{query}", json={"config": CONFIG}, headers=under("one"))
        for query in (f"a=1&b=2&api_key={customer.key}", f"api_key={customer.key}&b=2&a=1")
    ]
    assert_replayed(answers[0], answers[1])


def test_a_word_belongs_to_an_account(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    send(anybody, video)
    bob = customer_of(telecine, email="bob@example.com")
    anybody.headers.update(bob.headers)
    answer = send(anybody, video)
    assert answer.status_code == 202
    assert "idempotent-replayed" not in answer.headers
    assert (count(telecine, jobs), holds(telecine, bob)) == (2, 1)


# How long, and when it is free


def test_a_refusal_is_not_kept(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, video: Path
) -> None:
    assert send(anybody, video, codec="xyz").status_code == 400
    poor = customer_of(telecine, email="poor@example.com", amount=0)
    anybody.headers.update(poor.headers)
    assert send(anybody, video).status_code == 402
    with telecine.db.transaction() as tx:
        credits.grant(tx, poor.account.id, 10, now=telecine.clock())
    assert_replayed(send(anybody, video), send(anybody, video))
    assert count(telecine, rows) == 1


def test_after_a_day_the_word_is_as_good_as_new(
    anybody: httpx2.Client, telecine: Telecine, video: Path, clock: FixedClock
) -> None:
    send(anybody, video)
    clock.advance(hours=23)
    assert "idempotent-replayed" in send(anybody, video).headers
    clock.advance(hours=1)
    assert "idempotent-replayed" not in send(anybody, video, codec="h265").headers
    assert count(telecine, jobs) == 2
    clock.advance(hours=24)
    steps.janitor(telecine).sweep()
    assert count(telecine, rows) == 0


def test_a_converted_image_is_kept_as_long_as_its_word(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    def convert() -> httpx2.Response:
        return send(anybody, samples.astronaut(), to=CONVERT, format="jpg", width="32")

    first = convert()
    with telecine.db.snapshot() as tx:
        job_id = tx.execute(sa.select(jobs.c.id)).scalar_one()
    assert anybody.get(f"/api/v1/download/{job_id}").content == first.content
    told = steps.status_of(anybody, job_id)
    assert told["output"]["size_bytes"] == len(first.content)
    clock.advance(hours=24)
    janitor = steps.janitor(telecine)
    janitor.delete_expired_files()
    janitor.sweep()
    assert steps.files_on_disk(telecine) == []
    assert_replayed(convert(), convert())
    assert count(telecine, jobs) == 2


def test_without_a_word_no_image_is_kept(anybody: httpx2.Client, telecine: Telecine) -> None:
    answer = steps.send(anybody, samples.astronaut(), to=CONVERT, format="jpg", width="32")
    assert answer.status_code == 200
    assert steps.files_on_disk(telecine) == []
    assert (count(telecine, files), count(telecine, rows)) == (0, 0)


# While the first one is under way


@pytest.fixture
def claimed(telecine: Telecine, customer: Customer) -> Claim:
    """Another request, perhaps of another process, is at it."""
    with telecine.db.transaction() as tx:
        found = repeats.claim(
            tx,
            account_id=customer.account.id,
            key="one",
            route=f"POST {COMPRESS}",
            now=telecine.clock(),
            ttl=repeats.LEASE * 100,
        )
    assert isinstance(found, Claim)
    return found


def test_a_word_that_is_in_use_is_told_before_the_body_is_read(
    anybody: httpx2.Client, telecine: Telecine, claimed: Claim
) -> None:
    def endless() -> Iterator[bytes]:
        yield b"--x\r\n"
        raise AssertionError("the body is read")

    answer = anybody.post(
        COMPRESS,
        content=endless(),
        headers={**under("one"), "content-type": "multipart/form-data; boundary=x"},
    )
    assert code_of(answer) == (409, "idempotency_key_in_use")
    assert int(answer.headers["retry-after"]) >= 1


def test_the_word_of_a_process_that_died_is_free_after_its_lease(
    anybody: httpx2.Client, telecine: Telecine, claimed: Claim, video: Path, clock: FixedClock
) -> None:
    assert code_of(send(anybody, video)) == (409, "idempotency_key_in_use")
    clock.now += repeats.LEASE
    assert_replayed(send(anybody, video), send(anybody, video))


def test_a_word_that_is_renewed_stays_taken(
    anybody: httpx2.Client, telecine: Telecine, claimed: Claim, video: Path, clock: FixedClock
) -> None:
    for _ in range(3):
        clock.now += repeats.LEASE / 2
        with telecine.db.transaction() as tx:
            assert repeats.renew(tx, claimed, now=clock())
    assert code_of(send(anybody, video)) == (409, "idempotency_key_in_use")


def test_errors_of_all_families_are_told_in_their_own_shape(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    def told(url: str, key: str) -> tuple[int, dict[str, Any]]:
        answer = anybody.post(url, json={"email": projects.EMAIL}, headers=under(key))
        return answer.status_code, answer.json()

    assert anybody.post(VIDEO, json={"config": CONFIG}, headers=under("one")).status_code == 200
    assert told("/api/v1/process", "one")[1]["error"] == "unprocessable"
    assert told("/api/v1/process", "one")[0] == 422
    assert told(f"{VIDEO}/x/render", "one")[1]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert told(projects.URL, "one")[1]["error"] == "IDEMPOTENCY_KEY_REUSED"
    assert told(voiceovers.JOBS, "one")[1]["code"] == "idempotency_key_reused"


def test_a_browser_may_send_the_word_and_read_the_mark(anybody: httpx2.Client) -> None:
    answer = anybody.options(
        COMPRESS,
        headers={
            "Origin": "https://app.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "idempotency-key,prefer",
        },
    )
    assert "idempotency-key" in answer.headers["access-control-allow-headers"].lower()
    shown = anybody.get("/api/v1/usage", headers={"Origin": "https://app.example.com"}).headers
    assert "Idempotent-Replayed" in shown["access-control-expose-headers"]


def test_the_reference_has_the_header_with_every_post(api: TestClient) -> None:
    told = json.loads(api.get("/openapi.json").content)
    for path, methods in told["paths"].items():
        names = {each["name"] for each in methods.get("post", {}).get("parameters", ())}
        assert ("post" in methods) == ("Idempotency-Key" in names), path
