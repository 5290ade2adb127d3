"""A key that is revoked opens nothing any more, in any process of an installation."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
from tests import steps
from tests.conftest import customer_of

from telecine import supervisor
from telecine.core import keys
from telecine.core.keys import KeyStyle
from telecine.kit.clock import system_clock

USAGE = "/api/v1/usage"


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """Run an API process of its own on a data folder that others may use as well."""
    listener = supervisor.bind("127.0.0.1", 0)
    reading, writing = os.pipe()
    words = ("api", "--data", str(data), "--socket", str(listener.fileno()))
    process = subprocess.Popen(
        [sys.executable, "-m", "telecine", *words, "--lifeline", str(reading)],
        pass_fds=(listener.fileno(), reading),
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        os.close(writing)  # the end of its lifeline
        process.wait()
        os.close(reading)
        listener.close()


def test_a_revoked_key_opens_nothing_in_any_process_from_then_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with ExitStack() as stack:
        telecine = stack.enter_context(steps.opened(data, clock=system_clock))
        customer = customer_of(telecine)
        with telecine.db.transaction() as tx:
            key, secret = keys.issue(tx, customer.account, style=KeyStyle.TC, now=telecine.clock())
        clients = [
            stack.enter_context(
                httpx2.Client(
                    base_url=stack.enter_context(serving(data)),
                    headers={"X-API-Key": secret},
                    timeout=120,
                )
            )
            for _ in range(2)
        ]
        for client in clients * 2:
            assert client.get(USAGE).status_code == 200
        revoked = subprocess.run(
            [sys.executable, "-m", "telecine", "keys", "revoke", key.id, "--data", str(data)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert revoked.returncode == 0, revoked.stderr
        # The very next request, over connections that were open all the while.
        for client in clients:
            answer = client.get(USAGE)
            assert (answer.status_code, answer.json()["code"]) == (401, "revoked_key")
            assert client.get(USAGE, headers={"X-API-Key": customer.key}).status_code == 200
