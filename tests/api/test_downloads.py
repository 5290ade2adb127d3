"""Downloads through a real server on loopback, from a folder and from a store without files."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telecine.api.stored import downloads
from telecine.blobs import store as blobs
from telecine.kit.errors import NotFoundError, RangeError

_CONTENT = os.urandom(9_500_000)  # three blocks of a bucket, nineteen of a folder
_SIZE = len(_CONTENT)


@dataclass(slots=True)
class Door:
    """One download route on a real server."""

    store: blobs.BlobStore
    url: str = ""
    port: int = 0
    filename: str = "clip.mp4"

    async def download(self, request: Request) -> Response:
        key = request.path_params["key"]
        try:
            return await downloads.send_blob(
                request,
                store=self.store,
                key=key,
                filename=self.filename,
                media_type="video/mp4",
                size_bytes=0 if key == "empty" else _SIZE,
                etag="abc",
            )
        except NotFoundError:
            return PlainTextResponse("gone", status_code=404)
        except RangeError as error:
            return PlainTextResponse(str(error.size_bytes), status_code=416)


@pytest.fixture(params=["folder", "memory"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    url = (tmp_path / "files").as_uri() if request.param == "folder" else "memory://"
    store = blobs.open_store(url, staging=tmp_path / "staging")
    for key, content in (("clip", _CONTENT), ("empty", b"")):
        staged = store.stage()
        staged.write_bytes(content)
        store.adopt(staged, key)
    door = Door(store=store)
    app = Starlette(routes=[Route("/{key}", door.download)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", lifespan="off"))
    listener = socket.create_server(("127.0.0.1", 0))
    door.port = listener.getsockname()[1]
    door.url = f"http://127.0.0.1:{door.port}/clip"
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield door
    server.should_exit = True
    thread.join(timeout=180)
    listener.close()
    assert not thread.is_alive()


def test_the_whole_file_is_sent_as_a_harmless_attachment(door: Door) -> None:
    answer = httpx2.get(door.url)
    assert answer.status_code == 200
    assert answer.content == _CONTENT
    assert answer.headers["content-length"] == str(_SIZE)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == 'attachment; filename="clip.mp4"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == '"abc"'


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, _SIZE),
        ("bytes=5-9", 5, 10),
        ("bytes=4194300-4194310", 4194300, 4194311),
        (f"bytes={_SIZE - 1}-", _SIZE - 1, _SIZE),
        ("bytes=-10", _SIZE - 10, _SIZE),
        (f"bytes=-{_SIZE * 2}", 0, _SIZE),
        (f"bytes=100-{_SIZE * 2}", 100, _SIZE),
        ("Bytes = 1 - 2", 1, 3),
    ],
)
def test_a_range_is_answered_with_exactly_its_bytes(
    door: Door, asked: str, start: int, end: int
) -> None:
    answer = httpx2.get(door.url, headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == _CONTENT[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{_SIZE}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", [f"bytes={_SIZE}-", f"bytes={_SIZE + 5}-{_SIZE + 9}", "bytes=-0"])
def test_a_range_outside_the_file_is_416_and_tells_the_size(door: Door, asked: str) -> None:
    answer = httpx2.get(door.url, headers={"range": asked})
    assert (answer.status_code, answer.text) == (416, str(_SIZE))


@pytest.mark.parametrize(
    "asked",
    ["bytes=", "bytes=-", "bytes=a-b", "bytes=9-5", "items=0-5", "bytes=0-1,5-6", "bytes=²-³"],
)
def test_a_range_that_is_not_understood_gives_the_whole_file(door: Door, asked: str) -> None:
    answer = httpx2.get(door.url, headers={b"range": asked.encode()})
    assert (answer.status_code, len(answer.content)) == (200, _SIZE)


@pytest.mark.parametrize(
    ("validator", "status"), [('"abc"', 206), ('"old"', 200), ('W/"abc"', 200), ("yesterday", 200)]
)
def test_a_range_counts_only_while_the_file_is_the_same(
    door: Door, validator: str, status: int
) -> None:
    answer = httpx2.get(door.url, headers={"range": "bytes=0-9", "if-range": validator})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("tags", "status"),
    [('"abc"', 304), ('W/"abc"', 304), ('"x", "abc"', 304), ("*", 304), ('"x"', 200)],
)
def test_a_client_that_has_the_bytes_is_not_sent_them_again(
    door: Door, tags: str, status: int
) -> None:
    assert httpx2.get(door.url, headers={"if-none-match": tags}).status_code == status


def test_head_tells_everything_but_the_bytes(door: Door) -> None:
    answer = httpx2.head(door.url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(_SIZE)
    partial = httpx2.head(door.url, headers={"range": "bytes=5-9"})
    assert (partial.status_code, partial.headers["content-length"]) == (206, "5")


def test_an_empty_file_is_sent_as_empty(door: Door) -> None:
    answer = httpx2.get(door.url.replace("clip", "empty"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "0"


def test_a_missing_blob_is_known_before_the_first_byte(door: Door) -> None:
    assert httpx2.get(door.url.replace("clip", "gone")).status_code == 404
    assert httpx2.head(door.url.replace("clip", "gone")).status_code == 404


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("a b.mp4", 'attachment; filename="a b.mp4"'),
        ("naïve.mp4", "attachment; filename=\"na_ve.mp4\"; filename*=UTF-8''na%C3%AFve.mp4"),
        ('a"b.mp4', "attachment; filename=\"a_b.mp4\"; filename*=UTF-8''a%22b.mp4"),
        (
            "x\r\nSet-Cookie: a=b",
            'attachment; filename="x__Set-Cookie: a=b"; '
            "filename*=UTF-8''x%0D%0ASet-Cookie%3A%20a%3Db",
        ),
        ("100%.mp4", "attachment; filename=\"100_.mp4\"; filename*=UTF-8''100%25.mp4"),
    ],
)
def test_a_filename_is_told_in_both_spellings_and_cannot_break_the_header(
    filename: str, header: str
) -> None:
    assert downloads.content_disposition(filename) == header


def test_a_client_that_goes_away_leaves_no_open_file(door: Door) -> None:
    path = door.store.local_path("clip")
    if path is None:
        return  # nothing to leave open
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=180)
        connection.request("GET", "/clip")
        connection.getresponse().read(1000)
        connection.close()
    for _ in range(100):  # each answered request lets the server run on
        assert httpx2.head(door.url).status_code == 200
        if str(path) not in _open_files():
            return
    pytest.fail("the file is still open")


def _open_files() -> list[str]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(str(link.readlink()))
    return found
