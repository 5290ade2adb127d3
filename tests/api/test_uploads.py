"""Uploads through a real server on loopback; requests are written by hand where a library
would not send them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import queue
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telecine.api.bodies import incoming
from telecine.api.bodies.formdata import Limits, safe_filename
from telecine.api.transport.lingering import LingeringClose
from telecine.blobs import store as blobs
from telecine.kit.errors import TelecineError

_STATUS = {"file_too_large": 413, "storage_full": 507}
_LIMITS = Limits(idle_seconds=180, reserve_bytes=0)
_BOUNDARY = "frontier"


@dataclass(slots=True)
class Door:
    """One upload route on a real server. `outcomes` gets one entry when a request has ended."""

    store: blobs.BlobStore
    limits: Limits = _LIMITS
    max_file_bytes: int = 4 * 2**20
    port: int = 0
    outcomes: queue.Queue[str] = field(default_factory=queue.Queue)

    async def upload(self, request: Request) -> Response:
        try:
            async with await incoming.receive(
                request, store=self.store, max_file_bytes=self.max_file_bytes, limits=self.limits
            ) as upload:
                file = upload.require_file()
                content = file.path.read_bytes()
                return JSONResponse(
                    {
                        "fields": dict(upload.fields),
                        "filename": file.filename,
                        "content_type": file.content_type,
                        "size_bytes": file.size_bytes,
                        "sha256": hashlib.sha256(content).hexdigest(),
                    }
                )
        except TelecineError as error:
            status = _STATUS.get(error.code, 400)
            body = {"error": error.message, "code": error.code, "field": error.field}
            return JSONResponse(body, status_code=status)
        finally:
            self.outcomes.put("ended")

    async def refuse(self, request: Request) -> Response:
        return JSONResponse({"error": "who are you?"}, status_code=401)

    @property
    def left_behind(self) -> list[Path]:
        """Files in the staging folder, once the last request has ended."""
        self.outcomes.get(timeout=180)
        return list(self.store.staging.iterdir())


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(store=blobs.open_store("memory://", staging=tmp_path / "staging"))
    app = Starlette(
        routes=[
            Route("/up", door.upload, methods=["POST"]),
            Route("/refuse", door.refuse, methods=["POST"]),
        ]
    )
    # Whoever is waited for where nothing is to come is waited for longer than any test has patience.
    lingering = LingeringClose(app, max_seconds=600, idle_seconds=600)
    config = uvicorn.Config(lingering, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    door.port = listener.getsockname()[1]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield door
    server.should_exit = True
    thread.join(timeout=180)
    listener.close()
    assert not thread.is_alive()


def _part(name: str, content: bytes, *, filename: str | None = None, extra: str = "") -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    head = f"--{_BOUNDARY}\r\n{disposition}\r\n{extra}\r\n"
    return head.encode() + content + b"\r\n"


_END = f"--{_BOUNDARY}--\r\n".encode()
_CONTENT_TYPE = f"multipart/form-data; boundary={_BOUNDARY}"


def _post(
    door: Door, body: bytes, *, content_type: str = _CONTENT_TYPE
) -> tuple[int, dict[str, Any]]:
    answer = httpx2.post(
        f"http://127.0.0.1:{door.port}/up",
        content=body,
        headers={"content-type": content_type} if content_type else {},
        timeout=180,
    )
    return answer.status_code, answer.json()


def _send_raw(door: Door, head: str, body: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", door.port), timeout=180)
    lines = f"POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Type: {_CONTENT_TYPE}\r\n{head}\r\n"
    connection.sendall(lines.encode() + body)
    return connection


def test_a_file_and_its_fields_arrive_whole(door: Door) -> None:
    content = os.urandom(3_500_000)
    answer = httpx2.post(
        f"http://127.0.0.1:{door.port}/up",
        files={"file": ("clip.mp4", content, "video/mp4")},
        data={"codec": "h264", "note": "Grüße"},
    )
    assert answer.json() == {
        "fields": {"codec": "h264", "note": "Grüße"},
        "filename": "clip.mp4",
        "content_type": "video/mp4",
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    assert door.left_behind == []


def test_bytes_that_look_like_the_boundary_stay_in_the_file(door: Door) -> None:
    content = b"\r\n--fronti\r\n--frontie\r\r\n\r\n-" * 20_000
    status, facts = _post(door, _part("file", content, filename="x") + _END)
    assert status == 200
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_body_cut_into_single_bytes_is_the_same_body(door: Door) -> None:
    body = _part("codec", b"av1") + _part("file", b"\r\n--fr\r\n", filename="x") + _END
    connection = _send_raw(door, f"Content-Length: {len(body)}\r\n")
    for index in range(len(body)):
        connection.sendall(body[index : index + 1])
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    facts = json.load(answer)
    connection.close()
    assert facts["fields"] == {"codec": "av1"}
    assert facts["size_bytes"] == 8


def test_an_empty_file_is_received_as_empty(door: Door) -> None:
    status, facts = _post(door, _part("file", b"", filename="empty.mp4") + _END)
    assert (status, facts["size_bytes"]) == (200, 0)
    assert door.left_behind == []


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("video.mp4", "video.mp4"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\me\\a.mov", "a.mov"),
        ("../../..", "upload"),
        ("", "upload"),
        (".", "upload"),
        (".mp4", ".mp4"),
        ("a\x00b\r\n.mp4", "ab.mp4"),
        ("\u202egnp.exe", "gnp.exe"),
        ("  spaced name.mp4 ", "spaced name.mp4"),
        ("нaïve 動画.mp4", "нaïve 動画.mp4"),
    ],
)
def test_a_claimed_filename_is_made_harmless(claimed: str, kept: str) -> None:
    assert safe_filename(claimed) == kept


def test_a_long_filename_keeps_its_suffix_within_255_bytes() -> None:
    kept = safe_filename("動" * 300 + ".mp4")
    assert kept.endswith("動.mp4")
    assert 250 <= len(kept.encode()) <= 255


def test_a_filename_in_the_old_extended_spelling_is_a_file(door: Door) -> None:
    part = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; '
        "filename*=utf-8''na%C3%AFve.mp4\r\n\r\nabc\r\n"
    )
    status, facts = _post(door, part.encode() + _END)
    assert (status, facts["filename"], facts["size_bytes"]) == (200, "naïve.mp4", 3)


_FILE = _part("file", b"abc", filename="x.mp4")


@pytest.mark.parametrize(
    ("body", "field_name", "says"),
    [
        (_part("codec", b"h264") + _END, "file", "missing"),
        (_END, "file", "missing"),
        (_part("file", b"", filename="") + _END, "file", "missing"),
        (_part("file", b"video.mp4") + _END, "file", "put an @"),
        (_part("file", b"\xff\xd8\xff" * 9) + _END, "file", "put an @"),
        (_part("file", b"v" * 70_000) + _END, "file", "put an @"),
        (_FILE + _FILE + _END, "file", "more than once"),
        (_FILE + _part("q", b"1") + _part("q", b"2") + _END, "q", "more than once"),
        (_FILE + _part("movie", b"abc", filename="y.mp4") + _END, "movie", "belongs in 'file'"),
        (_FILE + _part("codec", b"x" * 70_000) + _END, "codec", "65536 bytes"),
        (_FILE + _part("codec", b"\xff\xfe") + _END, "codec", "UTF-8"),
    ],
)
def test_a_form_that_cannot_be_meant_names_the_field(
    door: Door, body: bytes, field_name: str, says: str
) -> None:
    status, error = _post(door, body)
    assert (status, error["code"], error["field"]) == (400, "invalid_request", field_name)
    assert says in error["error"]
    assert door.left_behind == []


_PARTS = b"".join(_part(f"f{index}", b"1") for index in range(40))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no multipart at all",
        b"x" * 200_000,
        _FILE,
        _FILE[:-8],
        _FILE + b"--frontier",
        _FILE + b"--other--\r\n",
        b"--frontier\n" + _FILE,
        b'--frontier\r\nX: "\r\n\r\nabc\r\n' + _END,
        b"--frontier\r\nContent-Disposition: form-data\r\n\r\nabc\r\n" + _END,
        b'--frontier\r\nContent-Disposition: attachment; name="file"\r\n\r\nabc\r\n' + _END,
        b'--frontier\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nabc\r\n' + _END,
        _part("file", b"abc", filename="x", extra="Content-Length: 2\r\n") + _END,
        _part("file", b"abc", filename="x", extra="X-Long: " + "y" * 9000 + "\r\n") + _END,
        _part("file", b"abc", filename="x", extra="X-A: 1\r\n" * 17) + _END,
        _FILE + _PARTS + _END,
    ],
)
def test_a_broken_multipart_body_is_refused_with_a_sentence(door: Door, body: bytes) -> None:
    status, error = _post(door, body)
    assert (status, error["code"]) == (400, "invalid_request")
    assert "multipart" in error["error"]
    assert "Error(" not in error["error"]
    assert door.left_behind == []


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/mixed"],
)
def test_a_body_that_is_no_form_is_told_how_to_send_the_file(door: Door, content_type: str) -> None:
    status, error = _post(door, b'{"file": "video.mp4"}', content_type=content_type)
    assert (status, error["field"]) == (400, "file")
    assert 'curl -F "file=@' in error["error"]


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        f"multipart/form-data; boundary={'x' * 300}",
    ],
)
def test_a_form_without_a_usable_boundary_is_refused(door: Door, content_type: str) -> None:
    status, error = _post(door, _FILE + _END, content_type=content_type)
    assert (status, error["code"]) == (400, "invalid_request")
    assert "boundary" in error["error"]


def test_a_file_of_exactly_the_limit_passes_and_one_byte_more_does_not(door: Door) -> None:
    door.max_file_bytes = 100_000
    assert _post(door, _part("file", b"v" * 100_000, filename="x") + _END)[0] == 200
    assert door.left_behind == []
    status, error = _post(door, _part("file", b"v" * 100_001, filename="x") + _END)
    assert (status, error["code"], error["field"]) == (413, "file_too_large", "file")
    assert door.left_behind == []


def test_a_chunked_body_is_counted_as_it_comes(door: Door) -> None:
    door.max_file_bytes = 1_000_000

    def endless() -> Iterator[bytes]:
        yield _part("file", b"", filename="x")[:-2]
        for _ in range(200):
            yield b"v" * 65_536

    answer = httpx2.post(
        f"http://127.0.0.1:{door.port}/up",
        content=endless(),
        headers={"content-type": _CONTENT_TYPE},
        timeout=180,
    )
    assert answer.status_code == 413
    assert door.left_behind == []


def test_bytes_after_the_end_of_the_form_count_too(door: Door) -> None:
    door.max_file_bytes = 1_000_000
    status, error = _post(door, _FILE + _END + b"v" * 1_100_000)
    assert (status, error["code"]) == (413, "file_too_large")

    def endless() -> Iterator[bytes]:
        yield _FILE + _END
        for _ in range(200):
            yield b"v" * 65_536

    answer = httpx2.post(
        f"http://127.0.0.1:{door.port}/up",
        content=endless(),
        headers={"content-type": _CONTENT_TYPE},
        timeout=180,
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("expect", ["", "Expect: 100-continue\r\n"])
def test_a_length_over_the_limit_is_refused_before_the_body(door: Door, expect: str) -> None:
    connection = _send_raw(door, f"Content-Length: {3 * 2**30}\r\n{expect}")
    assert connection.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 413"  # and no "100 Continue"
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert answer.status == 413
    assert answer.headers["connection"] == "close"
    assert json.load(answer)["code"] == "file_too_large"
    if expect:  # nothing was asked for, so there is nothing to wait for
        assert connection.recv(1) == b""
    connection.close()
    assert door.left_behind == []


@pytest.mark.parametrize("path", ["/up", "/refuse"])
def test_a_client_that_sends_without_listening_still_reads_the_refusal(
    door: Door, path: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=180)
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", _CONTENT_TYPE)
    connection.putheader("Content-Length", str(3 * 2**30))
    connection.endheaders()
    for _ in range(320):  # 20 MiB, far more than the socket buffers hold
        connection.send(b"v" * 65_536)
    answer = connection.getresponse()
    assert answer.status in (413, 401)
    assert "error" in json.load(answer)
    connection.close()


def test_a_lingering_connection_ends_after_its_share_of_bytes(tmp_path: Path) -> None:
    sent: list[dict[str, Any]] = []
    read_bytes = 0

    async def endless() -> dict[str, Any]:
        nonlocal read_bytes
        read_bytes += 1000
        return {"type": "http.request", "body": b"v" * 1000, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    app = LingeringClose(JSONResponse({"error": "no"}, status_code=401), max_bytes=10_000)
    scope = {"type": "http", "method": "POST", "headers": [(b"transfer-encoding", b"chunked")]}
    asyncio.run(app(scope, endless, send))
    assert read_bytes == 10_000
    assert [message.get("more_body") for message in sent] == [None, True, False]


def test_a_small_unread_body_keeps_the_connection(door: Door) -> None:
    with httpx2.Client(base_url=f"http://127.0.0.1:{door.port}") as client:
        answer = client.post("/refuse", content=b"v" * 1000)
    assert answer.status_code == 401
    assert "connection" not in answer.headers


def test_no_room_is_refused_before_the_body(door: Door) -> None:
    door.limits = Limits(reserve_bytes=2**60)
    connection = _send_raw(door, "Content-Length: 1000000\r\n")
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert (answer.status, json.load(answer)["code"]) == (507, "storage_full")
    connection.close()
    assert door.left_behind == []


def test_room_must_be_left_for_twice_the_declared_length(door: Door) -> None:
    free_bytes = door.store.free_bytes()
    door.max_file_bytes = 2**60
    connection = _send_raw(door, f"Content-Length: {free_bytes * 3 // 4}\r\n")
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert answer.status == 507
    connection.close()


def test_a_client_that_goes_away_leaves_no_file(door: Door) -> None:
    connection = _send_raw(
        door,
        "Content-Length: 4000000\r\n",
        _part("file", b"v" * 2_000_000, filename="x"),
    )
    connection.close()
    assert door.left_behind == []


def test_a_client_that_stands_still_is_refused(door: Door) -> None:
    door.limits = Limits(reserve_bytes=0, idle_seconds=0.2)
    connection = _send_raw(door, "Content-Length: 4000000\r\n", _FILE)
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    told = json.load(answer)
    assert told["code"] == "request_timeout"
    assert "stood still" in told["error"]
    connection.close()
    assert door.left_behind == []


def test_a_client_that_trickles_is_refused(door: Door) -> None:
    door.limits = Limits(reserve_bytes=0, rate_window_seconds=0.2, min_bytes_per_second=1_000_000)
    connection = _send_raw(door, "Content-Length: 4000000\r\n", _FILE[:-2])
    ended = threading.Event()

    def trickle() -> None:
        with contextlib.suppress(ConnectionError):  # it is closed some time after the answer
            while not ended.wait(0.02):
                connection.sendall(b"v")

    thread = threading.Thread(target=trickle)
    thread.start()
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    ended.set()
    thread.join()
    told = json.load(answer)
    assert told["code"] == "request_timeout"
    assert "slower than" in told["error"]
    connection.close()
    assert door.left_behind == []


def test_an_adopted_file_survives_the_end_of_the_request(tmp_path: Path) -> None:
    store = blobs.open_store((tmp_path / "files").as_uri(), staging=tmp_path / "staging")
    body = _FILE + _END

    async def receive_message() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def run() -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "headers": [(b"content-type", _CONTENT_TYPE.encode())],
        }
        request = Request(scope, receive_message)
        async with await incoming.receive(request, store=store, max_file_bytes=1000) as upload:
            store.adopt(upload.require_file().path, "in/x")

    asyncio.run(run())
    assert b"".join(store.stream("in/x", length=3)) == b"abc"
    assert list(store.staging.iterdir()) == []
