"""Resumable uploads on Postgres with a bucket, by two servers that share nothing else."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests import samples, steps
from tests.api.test_resumable import UPLOADS, begun, metadata, offset_of, patch
from tests.conftest import Customer, customer_of
from tests.databases import postgres
from tests.fakes import FixedClock

from telecine.api.app import create_app
from telecine.assembly import Telecine
from telecine.core import uploads
from telecine.core.uploads import NewUpload, Piece
from telecine.kit.errors import ConflictError


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
def hosts(
    tmp_path: Path,
    clock: FixedClock,
    database: str,
    s3_endpoint: str,
    credentials: None,
) -> Iterator[list[Telecine]]:
    """Two of them, with folders of their own."""
    bucket = f"s3://telecine-test/{tmp_path.name}?endpoint={s3_endpoint}&region=us-east-1"
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                steps.opened(
                    tmp_path / name, clock=clock, database_url=database, storage_url=bucket
                )
            )
            for name in ("one", "two")
        ]


@pytest.fixture
def customer(hosts: list[Telecine], tmp_path: Path) -> Customer:
    return customer_of(hosts[0], email=f"{tmp_path.name}@example.com")


@pytest.fixture
def clients(hosts: list[Telecine], customer: Customer) -> Iterator[list[TestClient]]:
    with ExitStack() as stack:
        opened = [stack.enter_context(TestClient(create_app(each.services()))) for each in hosts]
        for client in opened:
            client.headers.update(customer.headers)
        yield opened


def test_each_request_may_go_to_another_server(
    clients: list[TestClient], hosts: list[Telecine], tmp_path: Path
) -> None:
    content = samples.make_video(tmp_path / "talk.mp4", seconds=1).read_bytes()
    url = begun(clients[0], len(content), **{"Upload-Metadata": metadata(filename="talk.mp4")})
    for start in range(0, len(content), 10_000):
        client = clients[start // 10_000 % 2]
        assert offset_of(client, url) == start
        assert patch(client, url, content[start : start + 10_000], offset=start).status_code == 204
    for client in clients:
        answer = client.post("/api/v1/compress", files={"file": (None, url)})
        assert answer.status_code == 202, answer.text
        told = steps.status_of(client, answer.json()["job_id"])
        assert told["input"] == {"filename": "talk.mp4", "size_bytes": len(content)}
    kept = [each.key for each in hosts[0].blobs.list_keys()]
    assert sorted(key.partition("/")[0] for key in kept) == ["inputs", "inputs", "uploads"]
    (whole,) = (key for key in kept if key.startswith("uploads/"))
    assert b"".join(hosts[0].blobs.stream(whole, length=len(content))) == content
    assert clients[1].delete(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert clients[0].get(UPLOADS).json() == {"uploads": []}
    assert len(list(hosts[0].blobs.list_keys())) == 2
    assert [list(each.blobs.staging.iterdir()) for each in hosts] == [[], []]


def test_of_many_who_bring_the_same_bytes_one_is_heard(
    hosts: list[Telecine], customer: Customer
) -> None:
    now, limit_bytes = hosts[0].clock(), 2**40
    new = NewUpload(size_bytes=100, filename="x", media_type="video/mp4", metadata="")
    with hosts[0].db.transaction() as tx:
        upload = uploads.begin(
            tx,
            new,
            account_id=customer.account.id,
            limit_bytes=limit_bytes,
            now=now,
            lasts=hosts[0].posts().worker_timeout,
        )
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def bring(number: int) -> None:
        db = hosts[number % 2].db
        piece = Piece(start=0, size_bytes=10 + number, blob_key=f"uploads/{os.urandom(8).hex()}")
        barrier.wait(180)
        try:
            with db.transaction() as tx:
                taken = uploads.take(tx, upload, offset=0, writer=f"w{number}", now=now)
            with db.transaction() as tx:
                uploads.append(tx, taken, piece, limit_bytes=limit_bytes, now=now)
        except ConflictError:
            outcomes.append("refused")
        else:
            outcomes.append(piece.blob_key)

    threads = [threading.Thread(target=bring, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    (heard,) = (each for each in outcomes if each != "refused")
    with hosts[0].db.snapshot() as tx:
        found = uploads.get(tx, upload.id, account_id=customer.account.id, now=now)
        (piece,) = uploads.pieces(tx, found)
    assert (piece.blob_key, piece.size_bytes) == (heard, found.received_bytes)
    assert len(outcomes) == 8
