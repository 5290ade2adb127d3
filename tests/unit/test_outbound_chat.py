"""Questions to a language model, asked of a real HTTP server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.models import Server, completion

from telecine.kit.errors import BlockedAddressError, OutboundError
from telecine.kit.outbound import ANYWHERE, Chat, Limits, Outbound, Policy

LIMITS = Limits(connect_seconds=60, read_seconds=60, total_seconds=180)
#: For a model that never says anything.
SHORT = replace(LIMITS, read_seconds=0.3)
TURNS = [("system", "Be brief."), ("user", "Say {}.")]
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def asked(server: Server, *, key: str = "", policy: Policy = ANYWHERE, path: str = "/v1") -> str:
    limits = SHORT if None in server.answers else LIMITS
    chat = Chat(Outbound(policy), url=server.url + path, model="small", key=key, limits=limits)
    return chat.ask(TURNS, name="thing", schema=SCHEMA)


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/chat/completions"])
def test_a_question_goes_out_in_the_form_that_everybody_knows(server: Server, path: str) -> None:
    server.answers = [completion("{}")]
    assert asked(server, key="sk-secret", path=path) == "{}"
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer sk-secret"
    assert request.body["model"] == "small"
    assert request.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Say {}."},
    ]
    form = request.body["response_format"]
    assert form["json_schema"] == {"name": "thing", "strict": True, "schema": SCHEMA}


def test_without_a_key_none_is_sent(server: Server) -> None:
    server.answers = [completion("{}")]
    asked(server)
    assert "authorization" not in server.requests[0].headers


def test_a_server_that_refuses_the_schema_is_asked_without_it(server: Server) -> None:
    server.answers = [(400, b'{"error":"unknown field response_format"}'), completion("{}")]
    assert asked(server) == "{}"
    assert "response_format" not in server.requests[1].body


@pytest.mark.parametrize("status", [301, 401, 404, 429, 500, 503])
def test_a_refusal_is_an_error_that_tells_the_status_and_nothing_else(
    server: Server, status: int
) -> None:
    server.answers = [(status, b"the key sk-secret is wrong")]
    with pytest.raises(OutboundError) as failed:
        asked(server, key="sk-secret")
    assert str(status) in failed.value.message
    assert "sk-secret" not in failed.value.message
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"choices":[]}',
        b'{"choices":[{"message":{"content":null}}]}',
        b'{"choices":[{"message":{}}]}',
        b'{"choices":"all"}',
        b'{"error":"no"}',
    ],
    ids=["nothing", "text", "no UTF-8", "deep", "none", "null", "missing", "wrong", "error"],
)
def test_an_answer_in_another_form_is_an_error(server: Server, body: bytes) -> None:
    server.answers = [(200, body)]
    with pytest.raises(OutboundError):
        asked(server)


def test_an_endless_answer_is_cut_off(server: Server) -> None:
    server.answers = [(200, json.dumps({"choices": "x" * 2_000_000}).encode())]
    with pytest.raises(OutboundError, match="too long"):
        asked(server)


def test_a_model_that_is_silent_is_not_waited_for(server: Server) -> None:
    server.answers = [None]
    with pytest.raises(OutboundError, match="in time"):
        asked(server)


def test_addresses_of_strangers_may_not_be_private_where_the_model_may_be(server: Server) -> None:
    server.answers = [completion("{}")]
    with pytest.raises(BlockedAddressError):
        asked(server, policy=Policy())
    assert not server.requests


def test_the_addresses_of_cloud_metadata_stay_closed() -> None:
    chat = Chat(Outbound(ANYWHERE), url="http://169.254.169.254/v1", model="m", limits=SHORT)
    with pytest.raises(BlockedAddressError):
        chat.ask(TURNS, name="thing", schema=SCHEMA)


@pytest.mark.parametrize("key", ["a\nb", "schlüssel", "a\x00"])
def test_a_key_that_no_header_takes_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Chat(Outbound(ANYWHERE), url="http://127.0.0.1/v1", model="m", key=key)
