"""Who may ask, and how often: every way to send a key, plans, the minute's count, guessing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient
from tests import steps
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock

from telecine.api.app import create_app
from telecine.assembly import Telecine
from telecine.core import keys
from telecine.core.keys import KeyStyle
from telecine.core.keys.model import mint

USAGE = "/api/v1/usage"
PROXY = "10.0.0.9"


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


# Keys


HEADER_STYLES: dict[str, Callable[[str], dict[str, str]]] = {
    "Authorization: Bearer": bearer,
    "Authorization: bearer": lambda key: {"Authorization": f"bearer   {key} "},
    "Authorization: Token": lambda key: {"Authorization": f"Token {key}"},
    "X-API-Key": lambda key: {"X-API-Key": key},
    "api-key": lambda key: {"api-key": key},
    "an empty Bearer and X-API-Key": lambda key: {"Authorization": "Bearer ", "X-API-Key": key},
}


@pytest.mark.parametrize("style", HEADER_STYLES)
def test_a_key_opens_the_door_in_every_documented_header(
    api: TestClient, customer: Customer, style: str
) -> None:
    assert api.get(USAGE, headers=HEADER_STYLES[style](customer.key)).status_code == 200


@pytest.mark.parametrize("style", KeyStyle)
def test_a_key_of_any_prefix_opens_the_door(
    api: TestClient, telecine: Telecine, customer: Customer, style: KeyStyle
) -> None:
    with telecine.db.transaction() as tx:
        _, secret = keys.issue(tx, customer.account, style=style, now=telecine.clock())
    assert api.get(USAGE, headers=bearer(secret)).status_code == 200


def test_a_kvrt_key_is_its_prefix_and_32_alphanumerics(customer: Customer) -> None:
    prefix, _, rest = customer.key.partition("_")
    assert prefix == "kvrt"
    assert len(rest) == 32
    assert rest.isalnum()
    assert rest.isascii()


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic dTpw"}, {"api-key": " "}]
)
def test_without_a_key_the_answer_says_how_to_send_one(
    api: TestClient, headers: dict[str, str]
) -> None:
    answer = api.get(USAGE, headers=headers)
    assert code_of(answer) == (401, "missing_key")
    assert "Authorization: Bearer" in answer.json()["error"]


def test_two_authorization_headers_are_refused(api: TestClient, customer: Customer) -> None:
    both = [("Authorization", f"Bearer {key}") for key in (customer.key, "tc_other")]
    answer = api.get(USAGE, headers=both)
    assert code_of(answer) == (400, "invalid_request")
    assert answer.json()["field"] == "Authorization"


def test_a_cut_or_mistyped_key_is_told_from_an_unknown_one(
    api: TestClient, customer: Customer
) -> None:
    mistyped = customer.key[:-1] + ("a" if customer.key[-1] != "a" else "b")
    for wrong in (customer.key[:-1], mistyped, "kvrt_", "hello", customer.key + "é"):
        headers = {b"X-API-Key": wrong.encode("utf-8")}
        assert code_of(api.get(USAGE, headers=headers)) == (401, "malformed_key"), wrong
    assert code_of(api.get(USAGE, headers=bearer(mint(KeyStyle.KVRT)))) == (401, "unknown_key")


def test_a_revoked_key_stops_at_once_and_others_go_on(
    api: TestClient, telecine: Telecine, customer: Customer
) -> None:
    with telecine.db.transaction() as tx:
        key, secret = keys.issue(tx, customer.account, style=KeyStyle.TC, now=telecine.clock())
    assert api.get(USAGE, headers=bearer(secret)).status_code == 200
    with telecine.db.transaction() as tx:
        keys.revoke(tx, key.id, now=telecine.clock())
    assert code_of(api.get(USAGE, headers=bearer(secret))) == (401, "revoked_key")
    assert api.get(USAGE, headers=customer.headers).status_code == 200


def test_a_key_in_the_address_is_not_taken_here(api: TestClient, customer: Customer) -> None:
    answer = api.get(USAGE, params={"api_key": customer.key})
    assert code_of(answer) == (401, "missing_key")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/compress"),
        ("POST", "/api/v1/convert"),
        ("GET", "/api/v1/status/j_abc123def456"),
        ("GET", "/api/v1/download/j_abc123def456"),
        ("GET", USAGE),
    ],
)
def test_no_door_opens_without_a_key(api: TestClient, method: str, path: str) -> None:
    assert code_of(api.request(method, path)) == (401, "missing_key")


# Plans


@pytest.mark.parametrize("plan", ["local", "pro", "team"])
def test_these_plans_may_use_the_api(api: TestClient, telecine: Telecine, plan: str) -> None:
    caller = customer_of(telecine, plan=plan)
    answer = api.get(USAGE, headers=caller.headers)
    assert (answer.status_code, answer.json()["plan"]) == (200, plan)


def test_the_free_plan_has_no_access_and_its_files_are_not_read(
    api: TestClient, telecine: Telecine
) -> None:
    caller = customer_of(telecine, plan="free")
    answer = api.post("/api/v1/compress", headers=caller.headers, files={"file": b"x" * 1000})
    assert code_of(answer) == (403, "forbidden")
    assert "Free" in answer.json()["error"]
    steps.assert_untouched(telecine, caller.account)


def test_an_account_of_a_plan_that_was_taken_away_is_told_so(
    api: TestClient, telecine: Telecine
) -> None:
    caller = customer_of(telecine, plan="gold")
    assert code_of(api.get(USAGE, headers=caller.headers)) == (403, "forbidden")


# How often


def test_the_minutes_count_is_in_every_answer_in_three_styles(
    anybody: httpx2.Client, clock: FixedClock
) -> None:
    clock.advance(seconds=20)
    reset = str(int(clock().timestamp()) + 40)
    wanted = {
        "x-ratelimit-limit": "60",
        "x-ratelimit-reset": reset,
        "ratelimit-limit": "60",
        "ratelimit-reset": "40",
        "ratelimit-policy": '"default";q=60;w=60',
    }
    for left, path in ((59, USAGE), (58, "/api/v1/status/j_abc123def456")):
        headers = anybody.get(path).headers
        assert {name: headers[name] for name in wanted} == wanted
        assert headers["x-ratelimit-remaining"] == headers["ratelimit-remaining"] == str(left)
        assert headers["ratelimit"] == f'"default";r={left};t=40'


def test_the_61st_request_of_a_minute_waits_for_the_next(
    anybody: httpx2.Client, clock: FixedClock
) -> None:
    clock.advance(seconds=45)
    assert {anybody.get(USAGE).status_code for _ in range(60)} == {200}
    answer = anybody.get(USAGE)
    assert code_of(answer) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "15"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    clock.advance(seconds=15)
    assert anybody.get(USAGE).status_code == 200


def test_a_request_over_the_limit_does_nothing(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    for _ in range(60):
        anybody.get(USAGE)
    answer = anybody.post("/api/v1/compress", files={"file": b"x" * 1000})
    assert code_of(answer) == (429, "rate_limited")
    steps.assert_untouched(telecine, customer.account)


def test_each_key_has_a_count_of_its_own(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    with telecine.db.transaction() as tx:
        _, other = keys.issue(tx, customer.account, style=KeyStyle.TC, now=telecine.clock())
    for _ in range(61):
        anybody.get(USAGE)
    assert anybody.get(USAGE).status_code == 429
    assert anybody.get(USAGE, headers=bearer(other)).status_code == 200


# Guessing


def guess(client: httpx2.Client, **headers: str) -> httpx2.Response:
    return client.get(USAGE, headers={**bearer(mint(KeyStyle.TC)), **headers})


def test_the_21st_wrong_key_of_a_minute_is_put_off_but_a_right_one_is_not(
    api: TestClient, customer: Customer, clock: FixedClock
) -> None:
    assert {guess(api).status_code for _ in range(20)} == {401}
    answer = guess(api)
    assert code_of(answer) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "60"
    assert api.get(USAGE, headers=customer.headers).status_code == 200
    clock.advance(seconds=60)
    assert guess(api).status_code == 401


def test_who_sends_no_key_guesses_none(api: TestClient) -> None:
    assert {api.get(USAGE).status_code for _ in range(22)} == {401}
    assert guess(api).status_code == 401


@pytest.fixture
def behind_proxy(tmp_path: Path, clock: FixedClock) -> Iterator[TestClient]:
    """A Telecine that trusts two proxies, called by one of them."""
    with steps.opened(
        tmp_path / "proxied", clock=clock, trusted_proxies=f"{PROXY}, 10.0.0.8"
    ) as made:
        yield TestClient(create_app(made.services()), client=(PROXY, 40000))


def test_behind_a_trusted_proxy_guesses_count_by_the_clients_address(
    behind_proxy: TestClient,
) -> None:
    for _ in range(20):
        guess(behind_proxy, **{"X-Forwarded-For": "203.0.113.1"})
    assert guess(behind_proxy, **{"X-Forwarded-For": "203.0.113.1"}).status_code == 429
    assert guess(behind_proxy, **{"X-Forwarded-For": "203.0.113.2"}).status_code == 401
    through_both = {"X-Forwarded-For": "203.0.113.1, 10.0.0.8"}
    assert guess(behind_proxy, **through_both).status_code == 429


def test_a_client_cannot_write_itself_another_address(behind_proxy: TestClient) -> None:
    answers = [
        guess(behind_proxy, **{"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.1"})
        for n in range(21)
    ]
    assert answers[-1].status_code == 429


def test_a_proxy_that_adds_a_line_of_its_own_is_understood(behind_proxy: TestClient) -> None:
    answers = [
        behind_proxy.get(
            USAGE,
            headers=[
                ("Authorization", f"Bearer {mint(KeyStyle.TC)}"),
                ("X-Forwarded-For", f"198.51.100.{n}"),
                ("X-Forwarded-For", "203.0.113.1"),
            ],
        )
        for n in range(21)
    ]
    assert answers[-1].status_code == 429


def test_without_trusted_proxies_the_header_is_not_believed(api: TestClient) -> None:
    answers = [guess(api, **{"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(21)]
    assert answers[-1].status_code == 429
