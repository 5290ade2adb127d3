"""A database whose disk is full, or that is away: what was made can be read, and nothing is promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from starlette.testclient import TestClient
from tests.conftest import Customer

from telecine.assembly import Telecine

META = {"version": "2.0.0", "width": 160, "height": 90, "fps": 5}


def config(text: str) -> dict[str, Any]:
    clip = {"type": "text", "text": text, "start": 0, "duration": 1}
    return {"meta": META, "tracks": [{"clips": [clip]}]}


@pytest.fixture
def fill(telecine: Telecine) -> Iterator[Callable[[bool], None]]:
    """Take SQLite's room away and give it back; every counted request wants a page of its own."""
    with telecine.db.transaction() as tx:
        tx.execute(sa.text("CREATE TABLE filling (bytes BLOB)"))
        tx.execute(
            sa.text(
                "CREATE TRIGGER wants_room BEFORE INSERT ON rate_windows "
                "BEGIN INSERT INTO filling VALUES (zeroblob(100000)); END"
            )
        )
    is_full = False

    def begin(connection: sa.Connection) -> None:
        # SQLite keeps the limit to itself, for each connection; below the file's size it
        # stands at that size.
        connection.exec_driver_sql(f"PRAGMA max_page_count = {1 if is_full else 1_000_000}")

    def set_full(to: bool) -> None:
        nonlocal is_full
        is_full = to

    event.listen(telecine.db.engine, "begin", begin)
    yield set_full
    event.remove(telecine.db.engine, "begin", begin)


def test_a_full_disk_refuses_writes_and_goes_on_reading(
    anybody: httpx2.Client, fill: Callable[[bool], None]
) -> None:
    made = anybody.post("/api/v1/video", json={"config": config("Hello")}).json()
    url = f"/api/v1/video/{made['taskId']}"
    fill(True)
    assert anybody.get(url).json()["status"] == "created"
    assert anybody.get("/health").json()["status"] == "degraded"
    refused = anybody.post("/api/v1/video", json={"config": config("much " * 8_000)})
    assert (refused.status_code, refused.json()["code"]) == (507, "UPLOAD_FAILED"), refused.text
    assert "no room" in refused.json()["error"]
    fill(False)
    assert anybody.get("/health").json()["status"] == "ok"
    assert anybody.get(url).headers["X-RateLimit-Remaining"] != "0"


def test_a_full_disk_lets_nobody_in_without_a_key(
    api: TestClient, customer: Customer, fill: Callable[[bool], None]
) -> None:
    del customer
    fill(True)
    answer = api.get("/api/v1/usage", headers={"X-API-Key": "kvrt_" + "0" * 40})
    assert answer.status_code == 401


def test_a_database_that_others_hold_is_away_for_a_moment(
    telecine: Telecine, anybody: httpx2.Client
) -> None:
    def be_impatient(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout = 0")

    event.listen(telecine.db.engine, "checkout", be_impatient)
    with telecine.db.transaction():
        refused = anybody.get("/api/v1/usage")
    event.remove(telecine.db.engine, "checkout", be_impatient)
    assert (refused.status_code, refused.json()["code"]) == (503, "busy"), refused.text
    assert int(refused.headers["Retry-After"]) > 0
    assert "Try again" in refused.json()["error"]
    assert anybody.get("/api/v1/usage").status_code == 200
