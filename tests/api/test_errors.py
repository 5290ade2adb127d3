"""The error table: every row reached by a real request, one shape, one request id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient
from tests import described, samples, steps
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock

import telecine.settings
from telecine.api.app import create_app
from telecine.api.failures import STATUS
from telecine.api.routes import ENDPOINTS
from telecine.assembly import Telecine
from telecine.core import keys, repeats
from telecine.core.keys import KeyStyle
from telecine.core.keys.model import mint
from telecine.kit.errors import RequestTimeoutError, TelecineError

USAGE, COMPRESS, CONVERT = "/api/v1/usage", "/api/v1/compress", "/api/v1/convert"
FORM = {"content-type": "multipart/form-data; boundary=x"}

#: Rows that no single request reaches: bases that are never raised themselves, and what only
#: becomes of a job, and is told as `error_code` of its status.
NOT_OF_A_REQUEST = {
    "error",
    "settings",
    # Other families alone have compositions, a library, and forms that may come without a file.
    "missing_file",
    "invalid_document",
    "storage_quota",
    "stale",
    "checksum_mismatch",
    "busy",
    "request_timeout",  # of a connection: test_uploads.py
    "unknown_owner",  # no account is ever deleted; a database restored by halves has such keys
    "invalid_key",
    "media_error",
    "processing_failed",
    "processing_timeout",
    "processing_limit",
    "worker_lost",
    "cancelled",
    "outbound_failed",
    "blocked_address",
}


@pytest.fixture(autouse=True)
def every_status_is_described(api: TestClient) -> None:
    api.event_hooks["response"].append(described.check)


class Stranger:
    """Somebody with a key and a video, who does the wrong things."""

    def __init__(self, telecine: Telecine, client: TestClient, customer: Customer) -> None:
        self.telecine, self.client, self.customer = telecine, client, customer
        self.video = samples.make_video(telecine.settings.data_dir / "video.mp4", seconds=0.5)

    def invalid_request(self) -> httpx2.Response:
        return steps.send(self.client, self.video, codec="xyz")

    def missing_key(self) -> httpx2.Response:
        return self.with_key("")

    def malformed_key(self) -> httpx2.Response:
        return self.with_key("kvrt_short")

    def unknown_key(self) -> httpx2.Response:
        return self.with_key(mint(KeyStyle.KVRT))

    def revoked_key(self) -> httpx2.Response:
        now = self.telecine.clock()
        with self.telecine.db.transaction() as tx:
            key, secret = keys.issue(tx, self.customer.account, style=KeyStyle.TC, now=now)
            keys.revoke(tx, key.id, now=now)
        return self.with_key(secret)

    def insufficient_credits(self) -> httpx2.Response:
        poor = customer_of(self.telecine, email="poor@example.com", amount=0)
        self.client.headers.update(poor.headers)
        return steps.send(self.client, self.video)

    def forbidden(self) -> httpx2.Response:
        return self.with_key(customer_of(self.telecine, email="a@b.c", plan="free").key)

    def not_found(self) -> httpx2.Response:
        return self.client.get("/api/v1/status/j_abc123def456")

    def method_not_allowed(self) -> httpx2.Response:
        return self.client.put(COMPRESS)

    def not_ready(self) -> httpx2.Response:
        return self.client.get(f"/api/v1/download/{steps.submit(self.client, self.video)}")

    def conflict(self) -> httpx2.Response:
        job_id = steps.submit(self.client, self.video, method="size", target_size_bytes="1")
        steps.run(self.telecine, job_id)
        return self.client.get(f"/api/v1/download/{job_id}")

    def idempotency_key_in_use(self) -> httpx2.Response:
        with self.telecine.db.transaction() as tx:
            repeats.claim(
                tx,
                account_id=self.customer.account.id,
                key="one",
                route=f"POST {COMPRESS}",
                now=self.telecine.clock(),
                ttl=repeats.LEASE,
            )
        return self.client.post(COMPRESS, headers={"Idempotency-Key": "one"})

    def idempotency_key_reused(self) -> httpx2.Response:
        self.idempotency_key_in_use()
        return self.client.post(CONVERT, headers={"Idempotency-Key": "one"})

    def expired(self) -> httpx2.Response:
        job_id = steps.submit(self.client, self.video)
        steps.run(self.telecine, job_id)
        clock = self.telecine.clock
        assert isinstance(clock, FixedClock)
        clock.advance(hours=24)
        return self.client.get(f"/api/v1/download/{job_id}")

    def range_not_satisfiable(self) -> httpx2.Response:
        job_id = steps.submit(self.client, self.video)
        steps.run(self.telecine, job_id)
        return self.client.get(f"/api/v1/download/{job_id}", headers={"Range": "bytes=1000000000-"})

    def file_too_large(self) -> httpx2.Response:
        headers = {**FORM, "content-length": str(50 * 2**20 + 2**17)}
        return self.client.post(CONVERT, content=b"x", headers=headers)

    def unsupported_media(self) -> httpx2.Response:
        return steps.send(self.client, samples.astronaut())

    def undecodable_media(self) -> httpx2.Response:
        return self.client.post(COMPRESS, files={"file": ("a.mp4", b"")})

    def media_limit(self) -> httpx2.Response:
        return steps.send(self.client, samples.astronaut(), to=CONVERT, format="jpg")

    def rate_limited(self) -> httpx2.Response:
        for _ in range(60):
            self.client.get(USAGE)
        return self.client.get(USAGE)

    def storage_full(self) -> httpx2.Response:
        # Nobody's disk has room for twice of this.
        headers = {**FORM, "content-length": str(10**17)}
        return self.client.post(COMPRESS, content=b"x", headers=headers)

    def storage_failed(self) -> httpx2.Response:
        # A file where the folder of inputs should be.
        (self.telecine.settings.data_dir / "files" / "inputs").write_text("in the way")
        return steps.send(self.client, self.video)

    def internal(self) -> httpx2.Response:
        with self.telecine.db.transaction() as tx:
            tx.exec_driver_sql("DROP TABLE credit_balances")
        return self.client.get(USAGE)

    def with_key(self, key: str) -> httpx2.Response:
        return self.client.get(USAGE, headers={"Authorization": f"Bearer {key}"})


MISDEEDS: dict[str, Callable[[Stranger], httpx2.Response]] = {
    name: misdeed
    for name, misdeed in vars(Stranger).items()
    if callable(misdeed) and name in STATUS
}


@pytest.fixture
def stranger(tmp_path: Path, clock: FixedClock) -> Iterator[Stranger]:
    plans = Path(telecine.settings.__file__).with_name("plans.toml").read_text("utf-8")
    (tmp_path / "plans.toml").write_text(plans.replace("2_147_483_648", str(10**18)))
    with steps.opened(
        tmp_path / "data",
        clock=clock,
        plans_file=str(tmp_path / "plans.toml"),
        max_pixels=512 * 512 - 1,
    ) as made:
        customer = customer_of(made, amount=10**10)  # enough for any length that is declared
        app = create_app(made.services())
        with TestClient(app, headers=customer.headers, raise_server_exceptions=False) as client:
            yield Stranger(made, client, customer)


def all_codes() -> set[str]:
    found, waiting = set(), [TelecineError]
    while waiting:
        kind = waiting.pop()
        found.add(kind.code)
        waiting.extend(kind.__subclasses__())
    return found


def test_every_error_of_telecine_has_a_row_and_no_row_is_left_over() -> None:
    assert set(STATUS) == all_codes()


def test_every_row_is_reached_by_a_request_or_named_as_not_of_one() -> None:
    assert set(MISDEEDS) == set(STATUS) - NOT_OF_A_REQUEST


def test_the_documents_statuses_are_all_in_use() -> None:
    reached = {STATUS[code] for code in MISDEEDS}
    assert reached == {
        400,
        401,
        402,
        403,
        404,
        405,
        409,
        410,
        413,
        415,
        416,
        422,
        429,
        500,
        503,
        507,
    }


@pytest.mark.parametrize("code", MISDEEDS)
def test_a_row_answers_with_its_status_and_the_one_shape(stranger: Stranger, code: str) -> None:
    answer = MISDEEDS[code](stranger)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (STATUS[code], code), body
    assert set(body) - {"field"} == {"success", "error", "code", "request_id"}
    assert body["success"] is False
    assert body["request_id"] == answer.headers["x-request-id"]
    assert len(body["error"]) > 10
    assert answer.headers["content-type"] == "application/json"


def test_a_fault_of_ours_shows_nothing_of_the_inside(stranger: Stranger) -> None:
    body = stranger.internal().text
    assert "request id" in body
    for inside in ("credit_balances", "sqlite", "Traceback", "/"):
        assert inside not in body, body


@pytest.mark.parametrize("code", ["not_ready", "rate_limited", "idempotency_key_in_use"])
def test_who_may_try_again_is_told_when(stranger: Stranger, code: str) -> None:
    assert int(MISDEEDS[code](stranger).headers["retry-after"]) > 0


# The request id


def test_a_clients_own_id_is_kept(api: TestClient) -> None:
    answer = api.get(USAGE, headers={"X-Request-Id": "build-17.step_4"})
    assert answer.headers["x-request-id"] == "build-17.step_4"
    assert answer.json()["request_id"] == "build-17.step_4"


@pytest.mark.parametrize("sent", ["short", "a b c d e f g h", "x" * 65, '"><script>alert(1)', ""])
def test_an_id_that_could_do_harm_is_replaced(api: TestClient, sent: str) -> None:
    answer = api.get(USAGE, headers={"X-Request-Id": sent})
    assert re.fullmatch(r"req_[a-z0-9]{20}", answer.headers["x-request-id"])
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_no_two_requests_have_the_same_id(api: TestClient) -> None:
    assert len({api.get("/health").headers["x-request-id"] for _ in range(20)}) == 20


# Outside the table


def test_an_unknown_address_answers_in_the_same_shape(api: TestClient) -> None:
    answer = api.get("/api/v1/nothing")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (404, "not_found")
    assert body["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("DELETE", USAGE, "GET"), ("GET", COMPRESS, "POST")]
)
def test_a_wrong_method_is_told_the_right_one(
    api: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = api.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert allowed in answer.headers["allow"]
    assert f"another method: {answer.headers['allow']}." in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/api/v1/uploads/1", "method_not_allowed"),
        ("/api/v1/video/1", "METHOD_NOT_ALLOWED"),
        ("/api/video-project/1", "METHOD_NOT_ALLOWED"),
    ],
)
def test_a_wrong_method_has_a_word_of_its_own_in_every_family(
    api: TestClient, path: str, word: str
) -> None:
    answer = api.request("PUT" if "uploads" in path else "PATCH", path)
    assert (answer.status_code, word in answer.json().values()) == (405, True)


@pytest.mark.parametrize("family", sorted({each.family.name for each in ENDPOINTS}))
def test_a_body_that_stood_still_is_408_and_ends_the_connection(family: str) -> None:
    asked = next(each.family for each in ENDPOINTS if each.family.name == family)
    answer = asked.failure(RequestTimeoutError(), request_id="req_1")
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")


def test_below_a_family_its_shape_is_kept_where_nothing_is(api: TestClient) -> None:
    answer = api.patch("/api/video-project/1")
    assert answer.status_code == 405
    assert set(answer.json()) == {"success", "error", "message", "data", "request_id"}
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PUT"
    answer = api.get("/api/v1/video/some/where/else")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert answer.json()["details"] == {}
