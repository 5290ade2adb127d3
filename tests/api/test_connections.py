"""What a connection may send before any route is asked: real sockets, the server's own protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telecine.api.compress.wire import ErrorReply
from telecine.api.family import Endpoint
from telecine.api.routes import ENDPOINTS
from telecine.api.transport import connections
from telecine.api.transport.connections import MAX_HEAD_BYTES, MAX_HEADERS, BoundedProtocol

_PATIENCE_SECONDS = 180.0
_slow_may_end = threading.Event()


async def _echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _early(request: Request) -> Response:
    return PlainTextResponse("no need")


async def _slow(request: Request) -> Response:
    while not _slow_may_end.is_set():  # noqa: ASYNC110 (set by another thread)
        await asyncio.sleep(0.02)
    return PlainTextResponse("at last")


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on a head has little time: what must come in time is sent before."""
    return lambda: monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)


@pytest.fixture
def _quick(hurry: Callable[[], None]) -> None:
    """For tests that send nothing that must come in time."""
    hurry()


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    app = Starlette(
        routes=[
            Route("/echo", _echo, methods=["GET", "POST"]),
            Route("/early", _early, methods=["POST"]),
            Route("/slow", _slow, methods=["GET", "POST"]),
        ]
    )
    config = uvicorn.Config(
        app, log_config=None, http=BoundedProtocol, ws="none", lifespan="off", timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(_PATIENCE_SECONDS)
    assert not thread.is_alive()


@pytest.fixture
def client(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=_PATIENCE_SECONDS) as connection:
        yield connection


def rest(client: socket.socket) -> bytes:
    """Everything up to the end of the connection, however it ends."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while block := client.recv(65536):
            got += block
    return got


def refusal(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    told = json.loads(body)
    assert b"connection: close" in head
    assert f"x-request-id: {told['request_id']}".encode() in head
    assert told["success"] is False
    return int(head.split()[1]), told


def one_answer(client: socket.socket) -> bytes:
    """The body of one answer on a connection that stays open."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += client.recv(1)
    length = int(got.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += client.recv(length - len(body))
    return body


def send_endlessly(client: socket.socket, piece: bytes, *, most_bytes: int) -> int:
    """Send until the other side has had enough; returns how much went out."""
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < most_bytes:
            sent += client.send(piece)
    return sent


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /echo HTTP/1.1\r\nX-Endless: ",
        b"GET /echo HTTP/1.1\r\n",
        b"GET /",
        b"",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ",
    ],
    ids=["header", "header name", "path", "method", "chunk extension", "trailer"],
)
def test_what_never_ends_is_ended(client: socket.socket, begin: bytes) -> None:
    client.sendall(begin)
    assert send_endlessly(client, b"a" * 16384, most_bytes=64 * 2**20) < 16 * 2**20


@pytest.mark.parametrize("where", ["head", "trailer"])
def test_headers_without_number_are_ended(client: socket.socket, where: str) -> None:
    chunked = b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" if where == "trailer" else b""
    client.sendall(b"POST /echo HTTP/1.1\r\n" + chunked)
    assert send_endlessly(client, b"a: b\r\n" * 1000, most_bytes=64 * 2**20) < 16 * 2**20


@pytest.mark.parametrize(
    "head",
    [
        b"X-Large: " + b"a" * MAX_HEAD_BYTES + b"\r\n",
        b"".join(b"X-%d: b\r\n" % number for number in range(MAX_HEADERS + 1)),
    ],
    ids=["one of 64 KiB", "too many"],
)
def test_a_head_that_is_too_large_is_431_in_the_platforms_shape(
    client: socket.socket, head: bytes
) -> None:
    client.sendall(b"GET /echo HTTP/1.1\r\n" + head + b"\r\n")
    status, told = refusal(rest(client))
    assert (status, told["code"]) == (431, "headers_too_large")


def test_a_large_head_below_the_limit_is_taken(client: socket.socket) -> None:
    for _ in range(3):  # counted for each request anew
        client.sendall(b"GET /echo HTTP/1.1\r\nX-Large: " + b"a" * 60_000 + b"\r\n\r\n")
        assert one_answer(client) == b"0"


def test_a_body_of_many_chunks_is_taken(client: socket.socket) -> None:
    chunks = b"1\r\na\r\n" * 200_000
    client.sendall(b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.sendall(chunks + b"0\r\nX-Trailer: b\r\n\r\n")
    assert one_answer(client) == b"200000"


def test_what_is_not_http_is_400_in_the_platforms_shape(client: socket.socket) -> None:
    client.sendall(b"\x16\x03\x01\x02\x00 hello\r\n\r\n")
    status, told = refusal(rest(client))
    assert (status, told["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "endpoint",
    {each.family.name: each for each in reversed(ENDPOINTS)}.values(),
    ids=lambda each: each.family.name,
)
def test_a_broken_head_is_told_in_the_shape_of_the_paths_family(
    client: socket.socket, endpoint: Endpoint
) -> None:
    path = endpoint.path.partition("/{")[0]
    client.sendall(f"GET {path}?a=b HTTP/1.1\r\nContent-Length: F&\r\n\r\n".encode())
    head, _, body = rest(client).partition(b"\r\n\r\n")
    shape = endpoint.family.failure_body or ErrorReply
    assert head.startswith(b"HTTP/1.1 400 ")
    assert "This is not an HTTP request" in str(msgspec.json.decode(body, type=shape))


@pytest.mark.parametrize("path", [b"/echo", b"/early", b"/slow"])
@pytest.mark.parametrize(
    "rest_of_it",
    [
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n0\r\n\r\n",
        b"Transfer-Encoding: gzip\r\n\r\nabc",
    ],
    ids=["a chunk without a size", "no chunks"],
)
def test_a_body_that_is_not_http_is_400_and_told_once(
    client: socket.socket, path: bytes, rest_of_it: bytes
) -> None:
    _slow_may_end.clear()
    client.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + rest_of_it)
    got = rest(client)
    _slow_may_end.set()
    status, told = refusal(got)
    assert (status, told["code"]) == (400, "invalid_request")


def test_a_body_that_breaks_after_some_of_it_is_400(client: socket.socket) -> None:
    client.sendall(b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    client.sendall(b"ZZ\r\n")
    assert refusal(rest(client))[0] == 400


def test_a_broken_request_behind_one_under_way_takes_no_others_place(
    client: socket.socket,
) -> None:
    _slow_may_end.clear()
    client.sendall(
        b"GET /slow HTTP/1.1\r\n\r\nPOST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"
    )
    got = rest(client)
    _slow_may_end.set()
    assert got == b""


@pytest.mark.usefixtures("_quick")
def test_a_connection_that_says_nothing_is_closed(client: socket.socket) -> None:
    assert rest(client) == b""


@pytest.mark.usefixtures("_quick")
def test_half_a_head_is_408_however_it_trickles(client: socket.socket) -> None:
    began = time.monotonic()
    client.sendall(b"GET /echo HTTP/1.1\r\nX-Slow: ")
    client.settimeout(0.05)
    answer = b""
    while not answer and time.monotonic() - began < _PATIENCE_SECONDS:
        client.sendall(b"a")
        with contextlib.suppress(TimeoutError):
            answer = client.recv(65536)
    status, told = refusal(answer)
    assert (status, told["code"]) == (408, "request_timeout")


def test_blank_lines_do_not_keep_a_connection_open(
    client: socket.socket, hurry: Callable[[], None]
) -> None:
    client.sendall(b"GET /echo HTTP/1.1\r\n\r\n")
    assert one_answer(client) == b"0"
    hurry()
    client.sendall(b"\r\n")  # ends the wait for the next request, and begins none
    assert refusal(rest(client))[0] == 408


def test_what_comes_after_an_early_answer_does_not_keep_a_connection_open(
    client: socket.socket, hurry: Callable[[], None]
) -> None:
    client.sendall(b"POST /early HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")
    assert one_answer(client) == b"no need"
    hurry()
    client.sendall(b"a")
    assert rest(client) == b""


def test_a_request_that_takes_long_is_not_cut_off_by_half_of_the_next(
    client: socket.socket, hurry: Callable[[], None]
) -> None:
    _slow_may_end.clear()
    client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
    hurry()
    client.sendall(b"GET /echo HT")
    time.sleep(0.6)  # twice what a head may take
    _slow_may_end.set()
    assert one_answer(client) == b"at last"
    client.sendall(b"TP/1.1\r\n\r\n")
    assert one_answer(client) == b"0"


def test_a_body_that_takes_long_is_not_the_heads_time(
    client: socket.socket, hurry: Callable[[], None]
) -> None:
    client.sendall(b"GET /echo HTTP/1.1\r\n\r\n")
    assert one_answer(client) == b"0"
    hurry()
    client.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\na")
    time.sleep(0.6)
    client.sendall(b"b")
    assert one_answer(client) == b"2"
