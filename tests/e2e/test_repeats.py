"""Repeated requests against real processes: fifty copies at once at two APIs, and kill -9."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from tests import samples, steps
from tests.conftest import Customer, customer_of
from tests.databases import postgres

from telecine import settings as settings_module
from telecine import supervisor
from telecine.assembly import Telecine, assemble, prepare
from telecine.db.tables import jobs, repeats

COMPRESS = "/api/v1/compress"
COPIES = 50
PATIENCE_SECONDS = 300.0


@dataclass(slots=True)
class Api:
    """An API process on a socket that outlives it, as under a supervisor."""

    data: Path
    environment: dict[str, str]
    listener: socket.socket
    lifeline: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        host, port = self.listener.getsockname()
        return f"http://{host}:{port}"

    def start(self) -> None:
        fds = (self.listener.fileno(), self.lifeline)
        ends = ["--socket", str(fds[0]), "--lifeline", str(fds[1])]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "telecine", "api", "--data", str(self.data), *ends],
            pass_fds=fds,
            env={**os.environ, "TELECINE_LOG_LEVEL": "error", **self.environment},
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    return samples.make_video(folder / "video.mp4", seconds=0.5, size=(160, 90))


@contextmanager
def opened(data: Path, database_url: str) -> Iterator[Telecine]:
    made = assemble(settings_module.load({}, data=str(data), database_url=database_url))
    prepare(made)
    yield made
    made.close()


@contextmanager
def running(data: Path, database_url: str) -> Iterator[Api]:
    lifeline, other_end = os.pipe()
    listener = supervisor.bind("127.0.0.1", 0)
    environment = {"TELECINE_DATABASE_URL": database_url} if database_url else {}
    api = Api(data=data, environment=environment, listener=listener, lifeline=lifeline)
    api.start()
    try:
        yield api
    finally:
        os.close(other_end)  # what a supervisor leaves: the process stops in good order
        assert api.process is not None
        api.process.wait(PATIENCE_SECONDS)
        os.close(lifeline)
        listener.close()


def send(client: httpx2.Client, customer: Customer, video: Path) -> httpx2.Response:
    return client.post(
        COMPRESS,
        files={"file": ("video.mp4", video.read_bytes())},
        headers={**customer.headers, "Idempotency-Key": "one"},
    )


def assert_one_job(telecine: Telecine, customer: Customer) -> str:
    with telecine.db.snapshot() as tx:
        mine = sa.select(jobs.c.id).where(jobs.c.account_id == customer.account.id)
        (job_id,) = tx.execute(mine).scalars()
    held = [("reserve", "available", -1), ("reserve", "held", 1)]
    assert steps.movements(telecine, customer.account) == held
    return str(job_id)


def end_leases(telecine: Telecine) -> None:
    """Do what twenty seconds do."""
    with telecine.db.transaction() as tx:
        past = telecine.clock().replace(year=2000)
        tx.execute(repeats.update().values(held_until=past))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_of_fifty_copies_at_two_servers_one_makes_a_job(
    kind: str, tmp_path: Path, video: Path
) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(postgres()) if kind == "postgres" else ""
        data = tmp_path / "data"
        telecine = stack.enter_context(opened(data, url))
        customer = customer_of(telecine)
        apis = [stack.enter_context(running(data, url)) for _ in range(2)]
        limits = httpx2.Limits(max_connections=COPIES)
        clients = [
            stack.enter_context(
                httpx2.Client(base_url=each.url, timeout=PATIENCE_SECONDS, limits=limits)
            )
            for each in apis
        ]
        together = threading.Barrier(COPIES)

        def copy(number: int) -> httpx2.Response:
            together.wait()
            return send(clients[number % 2], customer, video)

        with ThreadPoolExecutor(COPIES) as threads:
            answers = list(threads.map(copy, range(COPIES)))
        taken = [each for each in answers if each.status_code == 202]
        told = {
            (each.status_code, each.json().get("code")) for each in answers if each not in taken
        }
        assert told <= {(409, "idempotency_key_in_use")}
        assert sum("idempotent-replayed" not in each.headers for each in taken) == 1
        job_id = assert_one_job(telecine, customer)
        assert {each.json()["job_id"] for each in (*taken, send(clients[0], customer, video))} == {
            job_id
        }


def form(video: Path) -> bytes:
    return (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="video.mp4"\r\n'
        b"Content-Type: video/mp4\r\n\r\n" + video.read_bytes() + b"\r\n--b--\r\n"
    )


def head(customer: Customer, *, n_bytes: int) -> bytes:
    return (
        f"POST {COMPRESS} HTTP/1.1\r\nHost: x\r\nIdempotency-Key: one\r\n"
        f"Authorization: Bearer {customer.key}\r\nContent-Length: {n_bytes}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    ).encode()


def count(telecine: Telecine, query: sa.Select[tuple[str]]) -> int:
    with telecine.db.snapshot() as tx:
        return len(tx.execute(query).all())


def test_a_request_whose_server_was_killed_is_repeated_and_makes_one_job(
    tmp_path: Path, video: Path
) -> None:
    """Killed while the body comes, and once the job was made."""
    data = tmp_path / "data"
    content = form(video)
    with (
        opened(data, "") as telecine,
        running(data, "") as api,
        httpx2.Client(base_url=api.url, timeout=PATIENCE_SECONDS) as client,
    ):
        customer = customer_of(telecine)
        with socket.create_connection(api.listener.getsockname()) as connection:
            connection.sendall(head(customer, n_bytes=len(content)) + content[:-100])
            steps.until(
                lambda: count(telecine, sa.select(repeats.c.key)) == 1,
                timeout_seconds=PATIENCE_SECONDS,
            )
            api.kill()
        api.start()
        end_leases(telecine)
        with socket.create_connection(api.listener.getsockname()) as connection:
            connection.sendall(head(customer, n_bytes=len(content)) + content)
            steps.until(
                lambda: count(telecine, sa.select(jobs.c.id)) == 1,
                timeout_seconds=PATIENCE_SECONDS,
            )
            api.kill()
        api.start()
        end_leases(telecine)
        answer = send(client, customer, video)
        assert answer.status_code == 202, answer.text
        assert answer.headers["idempotent-replayed"] == "true"
        assert answer.json()["job_id"] == assert_one_job(telecine, customer)
