"""What an account sees of its webhooks, and can do about them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import jsonschema
import pytest
from starlette.testclient import TestClient
from tests import samples, steps
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock
from tests.receivers import Receiver
from typer.testing import CliRunner

from telecine.api.webhooks import handlers
from telecine.assembly import Telecine
from telecine.cli import app
from telecine.core import webhooks
from telecine.core.webhooks import Delivery

ROOT = "/api/v1/webhooks"
BODY = b'{"event":"job.completed","n":1.50}'


@pytest.fixture
def telecine(tmp_path: Path, clock: FixedClock) -> Iterator[Telecine]:
    """A Telecine whose operator allows webhooks to this machine."""
    with steps.opened(tmp_path / "data", clock=clock, allow_networks="127.0.0.1/32") as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


def enqueue(
    telecine: Telecine,
    customer: Customer,
    url: str,
    *,
    job_id: str = "j_1",
    event: str = "job.completed",
) -> Delivery:
    with telecine.db.transaction() as tx:
        return webhooks.enqueue(
            tx,
            account_id=customer.account.id,
            job_id=job_id,
            event=event,
            url=url,
            body=BODY,
            now=telecine.clock(),
        )


def deliver(telecine: Telecine) -> int:
    courier = telecine.worker("w-1", stop=threading.Event()).courier
    with ThreadPoolExecutor(4) as threads:
        return courier.deliver_due(threads)


@contextmanager
def delivering(telecine: Telecine) -> Iterator[None]:
    """Have a courier at work meanwhile."""
    courier = telecine.worker("w-1", stop=threading.Event()).courier
    is_over = threading.Event()

    def work() -> None:
        with ThreadPoolExecutor(4) as threads:
            while not is_over.is_set():
                if not courier.send_due(threads):
                    courier.rest(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def log(client: httpx2.Client, **query: str) -> list[dict[str, Any]]:
    answer = client.get(f"{ROOT}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["deliveries"])


def refused(answer: httpx2.Response) -> tuple[int, str, str | None]:
    body = answer.json()
    return answer.status_code, body["error"], body.get("field")


# The log


def test_a_delivery_is_shown_with_every_try_and_the_bytes_that_are_sent(
    anybody: httpx2.Client,
    telecine: Telecine,
    customer: Customer,
    receiver: Receiver,
    clock: FixedClock,
) -> None:
    made = enqueue(telecine, customer, receiver.url)
    receiver.status = 500
    deliver(telecine)
    clock.advance(seconds=5)
    receiver.close()
    deliver(telecine)
    answer = anybody.get(f"{ROOT}/deliveries/{made.id}")
    assert BODY in answer.content
    shown = answer.json()
    assert [shown[name] for name in ("id", "event", "job_id", "url", "state")] == [
        *(made.id, "job.completed", "j_1", receiver.url, "pending"),
    ]
    first, second = shown["attempts"]
    assert (first["number"], first["at"], first["status_code"], first["response"]) == (
        *(1, "2026-04-12T12:00:00.000Z", 500, "noted"),
    )
    assert isinstance(first["duration_ms"], int)
    assert first["error"] is None
    assert second == {
        "number": 2,
        "at": "2026-04-12T12:00:05.000Z",
        "status_code": None,
        "duration_ms": None,
        "response": None,
        "error": "The other server could not be reached.",
    }
    assert shown["next_attempt_at"] == "2026-04-12T12:05:05.000Z"


def test_a_blocked_address_looks_like_one_that_cannot_be_reached(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, receiver: Receiver
) -> None:
    receiver.close()
    made = [
        enqueue(telecine, customer, url) for url in (receiver.url, "http://192.168.77.1:81/hook")
    ]
    deliver(telecine)
    closed, blocked = (
        anybody.get(f"{ROOT}/deliveries/{each.id}").json()["attempts"] for each in made
    )
    assert closed == blocked


def test_the_log_is_paged_newest_first(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, clock: FixedClock
) -> None:
    made = []
    for number in range(5):
        made.append(enqueue(telecine, customer, f"https://example.com/{number // 2}").id)
        clock.advance(seconds=number % 2)  # some of the same instant
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = anybody.get(f"{ROOT}/deliveries", params=query).json()
        seen += [each["id"] for each in page["deliveries"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert sorted(seen) == sorted(made)
    times = {each["id"]: each["created_at"] for each in log(anybody)}
    assert [times[each] for each in seen] == sorted(times.values(), reverse=True)


def test_the_log_is_searched(
    anybody: httpx2.Client,
    telecine: Telecine,
    customer: Customer,
    receiver: Receiver,
    clock: FixedClock,
) -> None:
    first = enqueue(telecine, customer, receiver.url).id
    deliver(telecine)
    clock.advance(hours=1)
    second = enqueue(telecine, customer, "https://example.com/a", job_id="j_2").id
    clock.advance(hours=1)
    third = enqueue(telecine, customer, "https://example.com/b", event="job.failed").id
    for query, found in (
        ({}, {first, second, third}),
        ({"state": "delivered"}, {first}),
        ({"state": "pending"}, {second, third}),
        ({"event": "job.failed"}, {third}),
        ({"job_id": "j_2"}, {second}),
        ({"url": receiver.url}, {first}),
        ({"since": "2026-04-12T13:00:00Z"}, {second, third}),
        ({"until": "2026-04-12T15:00:00+02:00"}, {first}),
        ({"since": "2026-04-12T13:00:00Z", "until": "2026-04-12T14:00:00Z"}, {second}),
    ):
        assert {each["id"] for each in log(anybody, **query)} == found, query


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "lost"),
        ("cursor", "msg_nobody"),
        ("since", "yesterday"),
        ("since", "2026-04-12T12:00:00"),
        ("until", "0001-01-01T00:00:00+14:00"),
        ("job_id", "j\0"),
        ("url", "https://example.com\n"),
    ],
)
def test_a_search_that_cannot_be_names_its_parameter(
    anybody: httpx2.Client, name: str, value: str
) -> None:
    written = quote(value)
    answer = anybody.get(f"{ROOT}/deliveries?{name}={written}")
    assert refused(answer) == (400, "invalid_request", name)


def test_nobody_sees_or_replays_what_is_anothers(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    made = enqueue(telecine, customer, "https://example.com/hook")
    other = customer_of(telecine, email="bob@example.com", plan="free").headers
    assert anybody.get(f"{ROOT}/deliveries", headers=other).json()["deliveries"] == []
    assert anybody.get(f"{ROOT}/receivers", headers=other).json()["receivers"] == []
    one = f"{ROOT}/deliveries/{made.id}"
    for answer in (
        anybody.get(one, headers=other),
        anybody.post(f"{one}/replay", headers=other),
    ):
        assert refused(answer) == (404, "not_found", None)
    answer = anybody.get(f"{ROOT}/deliveries", params={"cursor": made.id}, headers=other)
    assert refused(answer) == (400, "invalid_request", "cursor")


def test_a_key_is_needed(api: TestClient) -> None:
    for method, path in (
        ("GET", "deliveries"),
        ("GET", "deliveries/msg_1"),
        ("POST", "deliveries/msg_1/replay"),
        ("POST", "replay"),
        ("GET", "receivers"),
        ("POST", "test"),
    ):
        answer = api.request(method, f"{ROOT}/{path}")
        assert refused(answer) == (401, "missing_key", None), path


# Again


def test_a_replay_sends_the_same_bytes_signed_anew(
    anybody: httpx2.Client,
    telecine: Telecine,
    customer: Customer,
    receiver: Receiver,
    clock: FixedClock,
) -> None:
    made = enqueue(telecine, customer, receiver.url)
    deliver(telecine)
    clock.advance(hours=1)
    answer = anybody.post(f"{ROOT}/deliveries/{made.id}/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    deliver(telecine)
    first, second = receiver.received
    assert first.body == second.body == BODY
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == made.id
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    shown = anybody.get(f"{ROOT}/deliveries/{made.id}").json()
    assert (shown["state"], [each["number"] for each in shown["attempts"]]) == ("delivered", [1, 2])


def test_what_an_outage_cost_is_sent_again_together(
    anybody: httpx2.Client,
    telecine: Telecine,
    customer: Customer,
    receiver: Receiver,
    clock: FixedClock,
) -> None:
    receiver.status = 410
    enqueue(telecine, customer, receiver.url)
    deliver(telecine)
    enqueue(telecine, customer, receiver.url)
    enqueue(telecine, customer, "https://example.com/hook")
    assert deliver(telecine) == 1  # the one elsewhere, which no network leads to
    receiver.status = 200
    answer = anybody.post(f"{ROOT}/replay", json={"since": "2026-04-12T12:00:00Z"})
    assert (answer.status_code, answer.json()) == (200, {"replayed": 2, "is_more": False})
    assert deliver(telecine) == 2
    assert len(receiver.received) == 3
    assert [each["state"] for each in log(anybody, url=receiver.url)] == ["delivered"] * 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "since"),
        ({"since": "soon"}, "since"),
        ({"since": "2026-04-12T12:00:00Z", "states": ["lost"]}, "states[0]"),
        ({"since": "2026-04-12T12:00:00Z", "states": ["pending"]}, "states[0]"),
        ({"since": "2026-04-12T12:00:00Z", "states": []}, "states"),
        ({"since": "2026-04-12T12:00:00Z", "utnil": "2026-04-12T13:00:00Z"}, "utnil"),
        ({"since": "2026-04-12T12:00:00Z", "url": 7}, "url"),
    ],
)
def test_a_replay_that_cannot_be_names_its_field(
    anybody: httpx2.Client, body: dict[str, Any], field: str
) -> None:
    answer = anybody.post(f"{ROOT}/replay", json=body)
    assert refused(answer) == (400, "invalid_request", field)


def test_a_misspelt_field_of_a_replay_sends_nothing_and_is_told_its_name(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, receiver: Receiver
) -> None:
    receiver.status = 410
    made = enqueue(telecine, customer, receiver.url)
    deliver(telecine)
    since = "2026-04-12T12:00:00Z"
    answer = anybody.post(f"{ROOT}/replay", json={"since": since, "ulr": "https://example.com"})
    assert answer.json()["message"] == "There is no field 'ulr'. Did you mean 'url'?"
    assert [(each["id"], each["state"]) for each in log(anybody)] == [(made.id, "failed")]
    answer = anybody.post(f"{ROOT}/replay", json={"since": since, "host": "example.com"})
    assert answer.json()["message"] == (
        "There is no field 'host'. There are since, until, url, states."
    )


def test_a_test_that_failed_is_sent_again_by_its_id_alone(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, receiver: Receiver
) -> None:
    receiver.status = 500
    made = enqueue(telecine, customer, receiver.url, job_id="", event="webhook.test")
    deliver(telecine)
    answer = anybody.post(f"{ROOT}/replay", json={"since": "2026-04-12T12:00:00Z"})
    assert answer.json() == {"replayed": 0, "is_more": False}
    answer = anybody.post(f"{ROOT}/deliveries/{made.id}/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")


@pytest.mark.parametrize("lists", ["deliveries", "receivers"])
def test_a_page_size_is_a_number(anybody: httpx2.Client, lists: str) -> None:
    answer = anybody.get(f"{ROOT}/{lists}", params={"limit": "abc"})
    assert refused(answer) == (400, "invalid_request", "limit")
    assert anybody.get(f"{ROOT}/{lists}", params={"limit": "1000"}).status_code == 200


# Receivers


def test_a_receiver_that_was_switched_off_is_shown_and_a_test_switches_it_on(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, receiver: Receiver
) -> None:
    receiver.status = 410
    enqueue(telecine, customer, receiver.url)
    deliver(telecine)
    (shown,) = anybody.get(f"{ROOT}/receivers", params={"state": "disabled"}).json()["receivers"]
    assert {name: shown[name] for name in ("url", "state", "disabled_because")} == {
        "url": receiver.url,
        "state": "disabled",
        "disabled_because": "gone",
    }
    assert anybody.get(f"{ROOT}/receivers", params={"state": "active"}).json()["receivers"] == []
    assert shown["disabled_at"] == shown["last_attempt_at"] == "2026-04-12T12:00:00.000Z"
    receiver.status = 204
    with delivering(telecine):
        assert anybody.post(f"{ROOT}/test", json={"url": receiver.url}).status_code == 200
    (shown,) = anybody.get(f"{ROOT}/receivers", params={"state": "active"}).json()["receivers"]
    assert shown["last_accepted_at"] == "2026-04-12T12:00:00.000Z"
    assert shown["disabled_at"] is shown["failing_since"] is None


def test_a_job_for_a_receiver_that_is_switched_off_is_taken_with_a_remark(
    anybody: httpx2.Client,
    telecine: Telecine,
    customer: Customer,
    receiver: Receiver,
    tmp_path: Path,
) -> None:
    film = samples.make_video(tmp_path / "film.mp4", seconds=0.3)
    told = {"webhook_url": receiver.url}
    before = steps.send(anybody, film, **told).json()
    assert "warnings" not in before
    receiver.status = 410
    enqueue(telecine, customer, receiver.url)
    deliver(telecine)
    (said,) = steps.send(anybody, film, **told).json()["warnings"]
    assert (said["path"], said["code"]) == ("webhook_url", "RECEIVER_DISABLED")
    (said,) = steps.send(anybody, film, to="/api/v1/process", **told).json()["warnings"]
    assert (said["path"], said["code"]) == ("webhook_url", "RECEIVER_DISABLED")


def test_receivers_are_paged(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    for number in range(3):
        enqueue(telecine, customer, f"https://example.com/{number}")
    first = anybody.get(f"{ROOT}/receivers", params={"limit": "2"}).json()
    query = {"limit": "2", "cursor": first["next_cursor"]}
    last = anybody.get(f"{ROOT}/receivers", params=query).json()
    assert last["next_cursor"] is None
    urls = [each["url"] for each in (*first["receivers"], *last["receivers"])]
    assert sorted(urls) == [f"https://example.com/{number}" for number in range(3)]
    answer = anybody.get(f"{ROOT}/receivers", params={"cursor": "rcv_nobody"})
    assert refused(answer) == (400, "invalid_request", "cursor")


# Tests


def test_a_test_tells_what_the_receiver_said(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, receiver: Receiver
) -> None:
    with delivering(telecine):
        answer = anybody.post(f"{ROOT}/test", json={"url": receiver.url})
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["job_id"]) == (200, "delivered", None)
    assert [each["status_code"] for each in shown["attempts"]] == [200]
    (came,) = receiver.received
    assert came.headers["x-webhook-event"] == json.loads(came.body)["event"] == "webhook.test"
    assert came.headers["webhook-id"] == shown["id"]


def test_a_test_that_fails_is_over_and_says_why(
    anybody: httpx2.Client, telecine: Telecine, receiver: Receiver
) -> None:
    receiver.close()
    with delivering(telecine):
        shown = anybody.post(f"{ROOT}/test", json={"url": receiver.url}).json()
    assert (shown["state"], shown["next_attempt_at"]) == ("failed", None)
    assert [each["error"] for each in shown["attempts"]] == [
        "The other server could not be reached."
    ]


def test_a_test_that_no_courier_takes_up_is_told_as_waiting(
    anybody: httpx2.Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "_MOST_LOOKS", 1)
    answer = anybody.post(f"{ROOT}/test", json={"url": receiver.url})
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    assert anybody.get(f"{ROOT}/deliveries/{answer.json()['id']}").json() == answer.json()


@pytest.mark.parametrize(
    "body", [{}, {"url": "hook"}, {"url": "ftp://example.com"}, {"url": "http://10.0.0.1/"}, []]
)
def test_a_test_goes_to_no_address_that_a_job_could_not_name(
    anybody: httpx2.Client, body: object
) -> None:
    answer = anybody.post(f"{ROOT}/test", json=body)
    assert refused(answer)[:2] == (400, "invalid_request")


def test_tests_have_a_limit_of_their_own(
    anybody: httpx2.Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "_MOST_LOOKS", 1)
    monkeypatch.setattr(handlers, "_TESTS_PER_MINUTE", 2)
    codes = [anybody.post(f"{ROOT}/test", json={"url": receiver.url}).status_code for _ in range(3)]
    assert codes == [202, 202, 429]


# Who runs the server


def test_the_operator_sees_why_it_failed_and_sends_it_again(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, receiver: Receiver
) -> None:
    receiver.close()
    made = enqueue(telecine, customer, receiver.url)
    deliver(telecine)

    def told(*words: str) -> str:
        data = ("--data", str(telecine.settings.data_dir))
        return CliRunner().invoke(app, ["webhooks", *words, *data]).output

    said = told("deliveries", "--email", customer.account.email)
    assert made.id in said
    assert "refused" in said
    email = ("--email", customer.account.email)
    assert made.id not in told("deliveries", *email, "--state", "withheld")
    assert made.id in told("replay", made.id)
    shown = anybody.get(f"{ROOT}/deliveries/{made.id}").json()
    assert (shown["state"], len(shown["attempts"])) == ("pending", 1)


def test_the_figures_tell_what_waits(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, clock: FixedClock
) -> None:
    assert "telecine_webhooks_pending 0.0" in anybody.get("/metrics").text
    enqueue(telecine, customer, "https://example.com/hook")
    clock.advance(seconds=90)
    text = anybody.get("/metrics").text
    assert "telecine_webhooks_pending 1.0" in text
    assert "telecine_webhooks_late_seconds 90.0" in text


# The description


def test_real_replies_are_as_described(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, receiver: Receiver
) -> None:
    schemas = anybody.get("/openapi.json").json()["components"]["schemas"]
    components = {
        name: {**schema, "additionalProperties": False} for name, schema in schemas.items()
    }
    made = enqueue(telecine, customer, receiver.url)
    deliver(telecine)
    for name, answer in (
        ("WebhookDeliveryList", anybody.get(f"{ROOT}/deliveries")),
        ("WebhookDeliveryDetails", anybody.get(f"{ROOT}/deliveries/{made.id}")),
        ("WebhookReceiverList", anybody.get(f"{ROOT}/receivers")),
        ("WebhookReplayed", anybody.post(f"{ROOT}/replay", json={"since": "2026-04-12T12:00:00Z"})),
        ("WebhookFailure", anybody.get(f"{ROOT}/deliveries/msg_no")),
    ):
        schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": components}}
        jsonschema.Draft202012Validator(schema).validate(answer.json())
