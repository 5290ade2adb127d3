"""The receivers of the page on webhooks, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import playwright
import pytest
from tests import steps
from tests.conftest import Customer, customer_of

from telecine.assembly import Telecine
from telecine.core import webhooks
from telecine.kit import signing
from telecine.kit.clock import system_clock

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "howto" / "receive-webhooks.md").read_text(
    "utf-8"
)
#: Playwright brings its own.
NODE = str(Path(playwright.__file__).with_name("driver") / "node")
BODY = b'{"event":"job.completed"}'


def code(language: str, holds: str) -> str:
    """The block of the page that has these words."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if holds in block]
    return str(found)


@pytest.fixture
def telecine(tmp_path: Path) -> Iterator[Telecine]:
    data = tmp_path / "data"
    with steps.opened(data, clock=system_clock, allow_networks="127.0.0.1/32") as opened:
        yield opened


@contextmanager
def running(command: list[str], secret: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a receiver; yields its address, and it."""
    process = subprocess.Popen(
        command,
        env={"WEBHOOK_SECRET": secret, "PORT": "0", "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/hook", process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def deliver(telecine: Telecine) -> None:
    with ThreadPoolExecutor(1) as threads:
        telecine.worker("w-1", stop=threading.Event()).courier.deliver_due(threads)


def send(telecine: Telecine, customer: Customer, url: str) -> str:
    with telecine.db.transaction() as tx:
        made = webhooks.enqueue(
            tx,
            account_id=customer.account.id,
            job_id="j_1",
            event="job.completed",
            url=url,
            body=BODY,
            now=telecine.clock(),
        )
    deliver(telecine)
    return made.id


def forged(telecine: Telecine, secret: str, **changed: Any) -> dict[str, str]:
    """Headers of a webhook that somebody made up, or sends again after ten minutes."""
    given = {"message_id": "msg_1", "event": "e", "at": telecine.clock(), "body": BODY, **changed}
    return signing.sign_webhook(secret, **given)


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-c", code("python", "import queue")],
        [NODE, "-e", code("js", "createServer")],
    ],
    ids=["python", "node"],
)
def test_a_receiver_takes_what_is_ours_once_and_nothing_else(
    telecine: Telecine, command: list[str]
) -> None:
    customer = customer_of(telecine)
    secret = customer.account.webhook_secret
    with running(command, secret) as (url, process):
        first = send(telecine, customer, url)
        with telecine.db.transaction() as tx:
            webhooks.replay(tx, first, now=telecine.clock())
        deliver(telecine)
        second = send(telecine, customer, url)
        with telecine.db.snapshot() as tx:
            tries = webhooks.tries(tx, [first, second])
        assert [each.status_code for each in (*tries[first], *tries[second])] == [204] * 3
        old = telecine.clock().replace(year=2025)
        for headers in (
            forged(telecine, secret, body=BODY + b" "),
            forged(telecine, signing.new_webhook_secret()),
            forged(telecine, secret, at=old),
            {},
        ):
            answer = httpx2.post(url, content=BODY, headers=headers, timeout=180)
            assert answer.status_code == 401
        process.terminate()
        assert process.stdout is not None
        # Worked on once each, though the first one came twice.
        assert process.stdout.read().split() == ["job.completed"] * 2


def test_the_two_lines_hold_for_the_other_signature() -> None:
    defined: dict[str, Any] = {}
    exec(code("python", "def is_genuine"), defined)
    secret = signing.new_webhook_secret()
    signature = signing.body_signature(secret, body=BODY)
    assert defined["is_genuine"](secret, BODY, signature)
    assert not defined["is_genuine"](secret, BODY + b" ", signature)
