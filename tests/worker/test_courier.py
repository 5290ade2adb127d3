"""Webhooks as a receiver on the other side gets them: body, signatures, tries."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from tests import samples, steps
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock
from tests.receivers import Receiver

from telecine.assembly import Telecine
from telecine.core import accounts, webhooks
from telecine.core.accounts import SECRET_GRACE
from telecine.core.webhooks import PARALLEL, Delivery, DeliveryState
from telecine.core.webhooks.model import PER_HOST, SCHEDULE


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def clock() -> FixedClock:
    """Now, to the second: receivers refuse signatures of another time."""
    return FixedClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def telecine(tmp_path: Path, clock: FixedClock) -> Iterator[Telecine]:
    """A Telecine whose operator allows webhooks to this machine."""
    data = tmp_path / "data"
    with steps.opened(data, clock=clock, allow_networks="127.0.0.0/8") as made:
        yield made


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mp4", seconds=0.5)


def deliver(telecine: Telecine) -> int:
    courier = telecine.worker("w-1", stop=threading.Event()).courier
    with ThreadPoolExecutor(2) as threads:
        return courier.deliver_due(threads)


def delivery_of(telecine: Telecine, job_id: str) -> Delivery:
    with telecine.db.snapshot() as tx:
        (delivery,) = webhooks.deliveries_of(tx, job_id)
    return delivery


def tries(telecine: Telecine) -> list[tuple[int, int | None, str | None]]:
    with telecine.db.snapshot() as tx:
        rows = tx.exec_driver_sql(
            "SELECT attempt, status_code, error_code FROM delivery_attempts ORDER BY attempt"
        )
        return [(row[0], row[1], row[2]) for row in rows]


def reasons(telecine: Telecine) -> list[str | None]:
    with telecine.db.snapshot() as tx:
        rows = tx.exec_driver_sql("SELECT note FROM delivery_attempts ORDER BY attempt")
        return [row[0] for row in rows]


def wire_time(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def completed(anybody: httpx2.Client, telecine: Telecine, video: Path, receiver: Receiver) -> str:
    job_id = steps.submit(anybody, video, webhook_url=receiver.url)
    steps.run(telecine, job_id)
    return job_id


def test_a_completed_job_is_told_in_the_documented_words(
    anybody: httpx2.Client,
    telecine: Telecine,
    completed: str,
    receiver: Receiver,
    clock: FixedClock,
) -> None:
    assert deliver(telecine) == 1
    (came,) = receiver.received
    assert came.path == "/hook?from=telecine"
    assert came.headers["content-type"] == "application/json"
    output = steps.status_of(anybody, completed)["output"]
    body = json.loads(came.body)
    assert body == {
        "event": "job.completed",
        "job_id": completed,
        "status": "completed",
        "output": {
            "download_url": f"/api/v1/download/{completed}",
            "size_bytes": output["size_bytes"],
            "expires_at": wire_time(clock() + timedelta(hours=24)),
        },
        "timestamp": wire_time(clock()),
    }
    assert list(body) == ["event", "job_id", "status", "output", "timestamp"]


def test_a_failed_job_is_told_in_the_documented_words(
    anybody: httpx2.Client, telecine: Telecine, video: Path, receiver: Receiver, clock: FixedClock
) -> None:
    job_id = steps.submit(
        anybody, video, method="size", target_size_bytes="500", webhook_url=receiver.url
    )
    steps.run(telecine, job_id)
    assert deliver(telecine) == 1
    (came,) = receiver.received
    assert json.loads(came.body) == {
        "event": "job.failed",
        "job_id": job_id,
        "status": "failed",
        "error": steps.status_of(anybody, job_id)["error"],
        "timestamp": wire_time(clock()),
    }
    assert came.headers["x-webhook-event"] == "job.failed"


def test_both_signatures_hold_for_the_bytes_that_came(
    telecine: Telecine, customer: Customer, completed: str, receiver: Receiver
) -> None:
    deliver(telecine)
    (came,) = receiver.received
    secret, headers = customer.account.webhook_secret, dict(came.headers.items())
    Webhook(secret).verify(came.body, headers)
    as_shown = hmac.new(secret.encode(), came.body, hashlib.sha256).hexdigest()
    assert came.headers["x-webhook-signature"] == as_shown
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(came.body.replace(b"completed", b"complated"), headers)


def test_while_a_secret_is_changed_receivers_with_either_are_told(
    telecine: Telecine, customer: Customer, completed: str, receiver: Receiver, clock: FixedClock
) -> None:
    with telecine.db.transaction() as tx:
        account = accounts.rotate_webhook_secret(tx, customer.account.id, now=clock())
    old, new = customer.account.webhook_secret, account.webhook_secret
    receiver.status = 401
    deliver(telecine)
    clock.advance(seconds=5)
    deliver(telecine)
    came = receiver.received
    assert [each.headers["x-webhook-signature"] for each in came] == [
        hmac.new(secret.encode(), came[0].body, hashlib.sha256).hexdigest() for secret in (old, new)
    ]
    for each in came:
        for secret in (old, new):
            Webhook(secret).verify(each.body, dict(each.headers.items()))


def test_after_its_grace_a_former_secret_signs_nothing(
    telecine: Telecine, customer: Customer, completed: str, receiver: Receiver, clock: FixedClock
) -> None:
    with telecine.db.transaction() as tx:
        long_ago = clock() - SECRET_GRACE
        accounts.rotate_webhook_secret(tx, customer.account.id, now=long_ago)
    deliver(telecine)
    (came,) = receiver.received
    with pytest.raises(WebhookVerificationError):
        Webhook(customer.account.webhook_secret).verify(came.body, dict(came.headers.items()))
    assert len(came.headers["webhook-signature"].split()) == 1


def test_another_accounts_secret_does_not_verify(
    telecine: Telecine, completed: str, receiver: Receiver
) -> None:
    deliver(telecine)
    (came,) = receiver.received
    other = customer_of(telecine, email="other@example.com")
    with pytest.raises(WebhookVerificationError):
        Webhook(other.account.webhook_secret).verify(came.body, dict(came.headers.items()))


def test_a_job_without_a_webhook_tells_nobody(
    anybody: httpx2.Client, telecine: Telecine, video: Path, receiver: Receiver
) -> None:
    steps.run(telecine, steps.submit(anybody, video))
    assert deliver(telecine) == 0
    assert receiver.received == []


def test_an_accepted_delivery_is_done_and_logged(
    telecine: Telecine, completed: str, receiver: Receiver, clock: FixedClock
) -> None:
    receiver.status = 204
    deliver(telecine)
    assert delivery_of(telecine, completed).state is DeliveryState.DELIVERED
    assert tries(telecine) == [(1, 204, None)]
    clock.advance(days=10)
    assert deliver(telecine) == 0


def test_a_refused_delivery_is_tried_again_the_same_and_on_time(
    telecine: Telecine, customer: Customer, completed: str, receiver: Receiver, clock: FixedClock
) -> None:
    receiver.status = 500
    assert deliver(telecine) == 1
    clock.advance(seconds=4)
    assert deliver(telecine) == 0
    clock.advance(seconds=1)
    receiver.status = 200
    assert deliver(telecine) == 1
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 5
    Webhook(customer.account.webhook_secret).verify(second.body, dict(second.headers.items()))
    assert tries(telecine) == [(1, 500, None), (2, 200, None)]


def test_a_receiver_that_says_when_is_obeyed(
    telecine: Telecine, completed: str, receiver: Receiver, clock: FixedClock
) -> None:
    receiver.status, receiver.answer_headers = 429, {"Retry-After": "120"}
    deliver(telecine)
    clock.advance(seconds=119)
    assert deliver(telecine) == 0
    clock.advance(seconds=1)
    assert deliver(telecine) == 1


def test_a_receiver_that_is_gone_for_good_is_left_alone(
    telecine: Telecine, completed: str, receiver: Receiver, clock: FixedClock
) -> None:
    receiver.status = 410
    deliver(telecine)
    assert delivery_of(telecine, completed).state is DeliveryState.FAILED
    clock.advance(days=10)
    assert deliver(telecine) == 0


def test_a_redirect_is_a_refusal_and_is_not_followed(
    telecine: Telecine, completed: str, receiver: Receiver
) -> None:
    receiver.status, receiver.answer_headers = 302, {"Location": receiver.url}
    deliver(telecine)
    assert len(receiver.received) == 1
    assert delivery_of(telecine, completed).state is DeliveryState.PENDING


def test_a_receiver_that_is_down_is_tried_again(
    telecine: Telecine, completed: str, receiver: Receiver, clock: FixedClock
) -> None:
    receiver.close()
    deliver(telecine)
    assert tries(telecine) == [(1, None, "outbound_failed")]
    (reason,) = reasons(telecine)
    assert reason is not None
    assert "could not be reached" in reason
    assert "refused" in reason
    assert delivery_of(telecine, completed).due_at == clock() + timedelta(seconds=5)


def test_an_address_that_is_no_longer_allowed_is_not_called(
    tmp_path: Path, clock: FixedClock, telecine: Telecine, completed: str, receiver: Receiver
) -> None:
    with steps.opened(telecine.settings.data_dir, clock=clock) as stricter:
        assert deliver(stricter) == 1
    assert receiver.received == []
    assert tries(telecine) == [(1, None, "blocked_address")]


def test_the_job_does_not_depend_on_its_webhook(
    anybody: httpx2.Client, telecine: Telecine, completed: str, receiver: Receiver
) -> None:
    receiver.status = 500
    deliver(telecine)
    told: dict[str, Any] = steps.status_of(anybody, completed)
    assert told["status"] == "completed"


def enqueue(telecine: Telecine, customer: Customer, url: str) -> Delivery:
    with telecine.db.transaction() as tx:
        return webhooks.enqueue(
            tx,
            account_id=customer.account.id,
            job_id="j_1",
            event="job.completed",
            url=url,
            body=b"{}",
            now=telecine.clock(),
        )


def test_a_receiver_that_does_not_answer_holds_up_no_other(
    telecine: Telecine, customer: Customer, receiver: Receiver
) -> None:
    gate = threading.Event()
    with closing(Receiver(address="127.0.0.2", on_received=lambda _: _wait(gate))) as slow:
        for _ in range(PER_HOST + 2):
            enqueue(telecine, customer, slow.url)
        enqueue(telecine, customer, receiver.url)
        courier = telecine.worker("w-1", stop=threading.Event()).courier
        threads = ThreadPoolExecutor(PARALLEL)
        assert courier.send_due(threads) == PER_HOST + 1
        steps.until(lambda: len(receiver.received) == 1 and len(slow.received) == PER_HOST)
        assert courier.send_due(threads) == 0
        gate.set()
        assert courier.deliver_due(threads) == 2
        threads.shutdown()
    assert len(slow.received) == PER_HOST + 2


def _wait(gate: threading.Event) -> None:
    gate.wait()


def test_the_schedule_outlives_the_process(
    telecine: Telecine, customer: Customer, receiver: Receiver, clock: FixedClock
) -> None:
    receiver.status = 500
    enqueue(telecine, customer, receiver.url)
    deliver(telecine)
    telecine.close()
    data = telecine.settings.data_dir
    for wait in SCHEDULE[1:]:
        with steps.opened(data, clock=clock, allow_networks="127.0.0.1/32") as anew:
            assert deliver(anew) == 0
            clock.advance(seconds=wait.total_seconds())
            assert deliver(anew) == 1
    assert len(receiver.received) == len(SCHEDULE)
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 1


def test_an_answer_that_no_database_would_keep_is_written_down_all_the_same(
    telecine: Telecine, customer: Customer
) -> None:
    with serving_bytes(b"HTTP/1.1 200 OK\r\n\r\n\0\xff\xfe") as url:
        enqueue(telecine, customer, url)
        deliver(telecine)
    with telecine.db.snapshot() as tx:
        (head,) = tx.exec_driver_sql("SELECT response_head FROM delivery_attempts").one()
    assert head == "\N{REPLACEMENT CHARACTER}" * 3


def test_a_date_in_retry_after_is_a_date(
    telecine: Telecine, customer: Customer, receiver: Receiver, clock: FixedClock
) -> None:
    made = enqueue(telecine, customer, receiver.url)
    receiver.status = 503
    for text, wait in (
        (format_datetime(clock() + timedelta(minutes=2), usegmt=True), timedelta(minutes=2)),
        ("soon", SCHEDULE[2]),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=1)),
        ("-5", SCHEDULE[4]),
    ):
        receiver.answer_headers = {"Retry-After": text}
        assert deliver(telecine) == 1
        with telecine.db.snapshot() as tx:
            due_at = webhooks.get(tx, made.id).due_at
        assert due_at == clock() + wait
        clock.now = due_at


@contextmanager
def serving_bytes(answer: bytes) -> Iterator[str]:
    """Answer one request with these bytes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            received = b""
            while not received.endswith(b"{}"):
                received += peer.recv(65536)
            peer.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    thread.join()
    listener.close()
