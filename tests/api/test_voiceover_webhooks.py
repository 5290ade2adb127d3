"""Webhooks of voiceovers, and the secret that signs them: checked by the documented receiver."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import playwright
import pytest
from tests import steps, voiceovers
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock
from tests.receivers import Receiver
from tests.voiceovers import Files, begin, finish, refused, status_of, submit

from telecine.assembly import Telecine, event_bodies
from telecine.core import jobs
from telecine.core.jobs import Ending
from telecine.db import tables
from telecine.kit.errors import ProcessingError

SECRET = "/api/account/webhook-secret"
#: Playwright brings its own.
NODE = Path(playwright.__file__).with_name("driver") / "node"
#: The document's receiver, on Node's own server in Express's place; the answer is the same.
RECEIVER = """
const crypto = require("crypto");
const http = require("http");
const server = http.createServer((req, res) => {
  const parts = [];
  req.on("data", (part) => parts.push(part));
  req.on("end", () => {
    const body = Buffer.concat(parts);
    const got = req.headers["x-webhook-signature"] || "";
    const expected = crypto
      .createHmac("sha256", process.env.WEBHOOK_SECRET)
      .update(body)
      .digest("hex");
    if (
      got.length !== expected.length ||
      !crypto.timingSafeEqual(Buffer.from(got), Buffer.from(expected))
    ) {
      res.writeHead(401).end();
      return;
    }
    const event = JSON.parse(body.toString());
    res.writeHead(200).end(`${event.status} ${event.outputVideo}`);
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return voiceovers.files(tmp_path_factory.mktemp("voiceover"))


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


@contextmanager
def documented_receiver(secret: str) -> Iterator[str]:
    """Run the document's code; yields its address."""
    process = subprocess.Popen(
        [NODE, "-e", RECEIVER], env={"WEBHOOK_SECRET": secret}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/hooks/vidgen"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def tell(telecine: Telecine, job_id: str, url: str) -> None:
    """Have a job tell another address than it was given: only https is taken at the door."""
    rows = tables.jobs
    with telecine.db.transaction() as tx:
        tx.execute(rows.update().where(rows.c.id == job_id).values(webhook_url=url))


def deliver(telecine: Telecine) -> list[tuple[int | None, str | None]]:
    """Send what is due; returns status and words of every answer so far."""
    with ThreadPoolExecutor(1) as threads:
        telecine.worker("w-1", stop=threading.Event()).courier.deliver_due(threads)
    with telecine.db.snapshot() as tx:
        rows = tx.exec_driver_sql(
            "SELECT status_code, response_head FROM delivery_attempts ORDER BY attempt"
        )
        return [(row[0], row[1]) for row in rows]


def test_a_webhook_is_what_the_status_door_says(
    anybody: httpx2.Client, telecine: Telecine, receiver: Receiver, files: Files
) -> None:
    job_id = submit(anybody, files, webhookUrl="https://your.app/hook")
    tell(telecine, job_id, receiver.url)
    finish(telecine, job_id)
    deliver(telecine)
    (came,) = receiver.received
    assert came.headers["x-webhook-event"] == "job.completed"
    assert json.loads(came.body) == status_of(anybody, job_id)
    assert came.body == anybody.get(f"/api/status/{job_id}").content
    assert json.loads(came.body)["outputVideo"].startswith("http://testserver/storage/")


def test_a_failure_is_told(
    anybody: httpx2.Client, telecine: Telecine, receiver: Receiver, files: Files
) -> None:
    job_id = submit(anybody, files, webhookUrl="https://your.app/hook")
    tell(telecine, job_id, receiver.url)
    ending = Ending(now=telecine.clock(), bodies=event_bodies())
    job = begin(telecine, job_id)
    with telecine.db.transaction() as tx:
        jobs.fail(tx, job, ProcessingError("It broke."), ending=ending)
    deliver(telecine)
    (came,) = receiver.received
    assert came.headers["x-webhook-event"] == "job.failed"
    assert json.loads(came.body) == status_of(anybody, job_id)
    assert json.loads(came.body)["errorMessage"] == "It broke."


def test_the_documented_receiver_takes_a_webhook_and_no_forgery(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, files: Files
) -> None:
    job_id = submit(anybody, files, webhookUrl="https://your.app/hook")
    with documented_receiver(customer.account.webhook_secret) as url:
        tell(telecine, job_id, url)
        finish(telecine, job_id)
        video = status_of(anybody, job_id)["outputVideo"]
        assert deliver(telecine) == [(200, f"COMPLETED {video}")]
        with telecine.db.snapshot() as tx:
            body = tx.execute(tables.deliveries.select()).mappings().one()["body"]
        for signature in ("", "0" * 64):
            headers = {"X-Webhook-Signature": signature}
            assert httpx2.post(url, content=body, headers=headers).status_code == 401


def test_a_changed_secret_is_taken_by_the_second_try_at_the_latest(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock, files: Files
) -> None:
    job_id = submit(anybody, files, webhookUrl="https://your.app/hook")
    with documented_receiver(anybody.post(SECRET).json()["secret"]) as url:
        tell(telecine, job_id, url)
        finish(telecine, job_id)
        assert deliver(telecine) == [(401, "")]
        clock.advance(seconds=5)
        assert [status for status, _ in deliver(telecine)] == [401, 200]


# The secret


def test_the_secret_is_shown_to_its_account_alone(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    answer = anybody.get(SECRET)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "secret": customer.account.webhook_secret,
        "formerSecret": None,
        "formerSecretExpiresAt": None,
    }
    other = customer_of(telecine, email="other@example.com")
    assert anybody.get(SECRET, headers=other.headers).json()["secret"] != answer.json()["secret"]


def test_a_changed_secret_has_a_grace(
    anybody: httpx2.Client, customer: Customer, clock: FixedClock
) -> None:
    changed = anybody.post(SECRET).json()
    assert changed == anybody.get(SECRET).json()
    assert changed["secret"] != changed["formerSecret"] == customer.account.webhook_secret
    assert changed["formerSecretExpiresAt"] == "2026-04-13T12:00:00.000Z"
    clock.advance(hours=24)
    assert anybody.get(SECRET).json() == {
        "secret": changed["secret"],
        "formerSecret": None,
        "formerSecretExpiresAt": None,
    }


def test_what_a_former_secret_was_promised_is_kept(
    anybody: httpx2.Client, clock: FixedClock
) -> None:
    changed = anybody.post(SECRET, json={"graceSeconds": 3600}).json()
    again = anybody.post(SECRET)
    assert refused(again) == (409, None)
    assert changed["formerSecretExpiresAt"] in again.json()["error"]
    assert anybody.get(SECRET).json() == changed
    clock.advance(hours=1)
    assert anybody.post(SECRET).json()["formerSecret"] == changed["secret"]
    leaked = anybody.post(SECRET, json={"graceSeconds": 0}).json()
    assert leaked["formerSecret"] is None
    assert anybody.get(SECRET).json() == leaked


def test_a_secret_that_has_leaked_ends_at_once(anybody: httpx2.Client) -> None:
    assert anybody.post(SECRET, json={"graceSeconds": 0}).json()["formerSecret"] is None
    for wrong in (-1, 604_801, "long"):
        answer = anybody.post(SECRET, json={"graceSeconds": wrong})
        assert refused(answer) == (400, "graceSeconds")
