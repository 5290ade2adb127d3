"""Resumable uploads over a real server that is killed, over two processes, and by a client of others."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import playwright
import pytest
from tests import samples, steps

from telecine.api.tus.receiving import PIECE_BYTES
from telecine.cli.local_server import LocalServer, local_server

ROOT = Path(__file__).resolve().parents[2]
HOWTO = ROOT / "docs" / "howto" / "resumable-uploads.md"
TUS_CLIENT = ROOT / "tests" / "vendor" / "tus" / "tus.min.js"
NODE = Path(playwright.__file__).with_name("driver") / "node"
UPLOADS = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
PATIENCE_SECONDS = 180


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[LocalServer]:
    with local_server(data, workers=0) as running:
        yield running


@pytest.fixture(scope="module")
def other_port(server: LocalServer, data: Path) -> Iterator[int]:
    """A second API process on the same data folder."""
    listener = socket.create_server(("127.0.0.1", 0))
    read_end, write_end = os.pipe()
    command = [sys.executable, "-m", "telecine", "api", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--socket", str(listener.fileno()), "--lifeline", str(read_end)],
        pass_fds=(listener.fileno(), read_end),
        env={**os.environ, "TELECINE_LOG_LEVEL": "error"},
    )
    yield listener.getsockname()[1]
    os.close(write_end)
    process.wait(PATIENCE_SECONDS)
    os.close(read_end)
    listener.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of one second that is as long as one and a half pieces: the rest is no media."""
    path = samples.make_video(tmp_path_factory.mktemp("film") / "video.mp4", seconds=1)
    padding = PIECE_BYTES * 3 // 2
    with path.open("ab") as file:
        file.write((padding + 8).to_bytes(4) + b"free" + os.urandom(padding))
    return path


@pytest.fixture
def client(server: LocalServer) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=180) as opened:
        yield opened


@pytest.fixture
def elsewhere(client: httpx2.Client, other_port: int) -> Iterator[httpx2.Client]:
    """The same, asked of the other process."""
    url = f"http://127.0.0.1:{other_port}"
    with httpx2.Client(base_url=url, headers=client.headers, timeout=180) as opened:
        yield opened


@contextmanager
def connection(
    port: int, key: str, url: str, *, offset: int, length: int
) -> Iterator[socket.socket]:
    """A PATCH of so many bytes that begins; what comes is the test's affair."""
    lines = {**BYTES, "Authorization": f"Bearer {key}", "Upload-Offset": str(offset)}
    head = "".join(f"{name}: {text}\r\n" for name, text in lines.items())
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as opened:
        opened.sendall(
            f"PATCH {url} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{head}\r\n".encode()
        )
        yield opened


def begun(client: httpx2.Client, size: int) -> str:
    answer = client.post(UPLOADS, headers={**TUS, "Upload-Length": str(size)})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


def offset_of(client: httpx2.Client, url: str) -> int:
    """How far an upload is. A server that was killed a moment ago may refuse to answer once."""
    while True:
        try:
            return int(client.head(url, headers=TUS).headers["Upload-Offset"])
        except httpx2.TransportError:
            continue


def go_on(client: httpx2.Client, url: str, content: bytes) -> httpx2.Response:
    offset = offset_of(client, url)
    headers = {**BYTES, "Upload-Offset": str(offset)}
    return client.patch(url, content=content[offset:], headers=headers)


def port_of(server: LocalServer) -> int:
    return int(server.url.rpartition(":")[2])


def api_process(server: LocalServer) -> int:
    """The id of the API process under the supervisor, once it has one."""
    supervisor = server.process.pid
    while True:
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        for child in children:
            try:
                if b"\0api\0" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
            except FileNotFoundError:
                continue


def kept_bytes(client: httpx2.Client, url: str, data: Path) -> bytes:
    """The one file of the store that is as long as a finished upload."""
    told = client.get(url).json()
    assert told["is_finished"] is True
    found = [
        path
        for path in (data / "files" / "uploads").iterdir()
        if path.stat().st_size == told["size_bytes"]
    ]
    assert len(found) == 1
    return found[0].read_bytes()


def test_a_broken_connection_loses_no_byte_that_has_come(
    client: httpx2.Client, server: LocalServer, data: Path
) -> None:
    content = os.urandom(3_000_001)
    url = begun(client, len(content))
    with connection(port_of(server), server.key, url, offset=0, length=len(content)) as broken:
        broken.sendall(content[:1_500_000])
        # The question has stored what has come; then the connection ends without a word.
        steps.until(lambda: offset_of(client, url) == 1_500_000)
        broken.sendall(content[1_500_000:2_000_000])
    steps.until(lambda: offset_of(client, url) == 2_000_000)
    assert go_on(client, url, content).status_code == 204
    assert kept_bytes(client, url, data) == content
    client.delete(url, headers=TUS)


def test_two_processes_take_turns_and_who_stands_still_is_overtaken(
    client: httpx2.Client, elsewhere: httpx2.Client, server: LocalServer, data: Path
) -> None:
    content = os.urandom(2_500_003)
    url = begun(client, len(content))
    with connection(port_of(server), server.key, url, offset=0, length=len(content)) as standing:
        standing.sendall(content[:500_000])
        steps.until(lambda: offset_of(client, url) == 500_000)
        first = elsewhere.patch(
            url, content=content[500_000:900_000], headers={**BYTES, "Upload-Offset": "500000"}
        )
        assert first.status_code == 204
        # What comes late is thrown away, and its client told.
        standing.sendall(content[500_000:])
        assert standing.recv(12) == b"HTTP/1.1 409"
        assert go_on(elsewhere, url, content).status_code == 204
    assert kept_bytes(client, url, data) == content
    client.delete(url, headers=TUS)


def test_a_killed_server_loses_the_last_piece_at_most(
    client: httpx2.Client, elsewhere: httpx2.Client, server: LocalServer, data: Path
) -> None:
    content = os.urandom(PIECE_BYTES + 5_000_000)
    url = begun(client, len(content))
    with connection(port_of(server), server.key, url, offset=0, length=len(content)) as broken:
        broken.sendall(content[: PIECE_BYTES + 4_000_000])
        # The other process knows of what is stored alone.
        steps.until(lambda: offset_of(elsewhere, url) >= PIECE_BYTES)
        os.kill(api_process(server), signal.SIGKILL)
    assert PIECE_BYTES <= offset_of(client, url) < PIECE_BYTES + 4_000_000
    assert go_on(client, url, content).status_code == 204
    assert kept_bytes(client, url, data) == content
    client.delete(url, headers=TUS)


def snippet(language: str) -> str:
    """The page's code in a language."""
    return "\n".join(
        re.findall(
            rf"^```{language}\n(.*?)^```", HOWTO.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
    )


def in_node(server: LocalServer, film: Path, folder: Path, *, pause_at: int) -> list[str | Path]:
    (folder / "snippet.js").write_text(snippet("js"), "utf-8")
    script = Path(__file__).with_name("tus_in_node.cjs")
    storage = folder / "storage.json"
    return [
        *(NODE, script, TUS_CLIENT, folder / "snippet.js", film, storage),
        *(server.url, server.key, str(pause_at)),
    ]


def read_until(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == word:
            return
    raise AssertionError("the client ended")


def assert_compressed(client: httpx2.Client, said: str, film: Path) -> None:
    """The last line is the answer to a compress job of the whole file, under its name."""
    job_id = json.loads(re.sub(r"(\w+): ", r'"\1": ', said.replace("'", '"')))["job_id"]
    told = client.get(f"/api/v1/status/{job_id}").json()
    assert told["input"] == {"filename": "video.mp4", "size_bytes": film.stat().st_size}


def test_tus_js_client_goes_on_when_the_server_was_killed(
    client: httpx2.Client, server: LocalServer, film: Path, tmp_path: Path
) -> None:
    command = in_node(server, film, tmp_path, pause_at=PIECE_BYTES + 1_000_000)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        read_until(process, "paused")
        (url,) = (
            each["uploadUrl"]
            for each in json.loads((tmp_path / "storage.json").read_text()).values()
        )
        os.kill(api_process(server), signal.SIGKILL)
        told, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert "PATCH 204" in told
    assert_compressed(client, told[told.rindex("{") :], film)
    client.delete(url, headers=TUS)


def test_tus_js_client_goes_on_where_a_closed_page_has_stopped(
    client: httpx2.Client, server: LocalServer, film: Path, tmp_path: Path
) -> None:
    command = in_node(server, film, tmp_path, pause_at=1_000_000)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        read_until(process, "paused")
        process.kill()
    command = in_node(server, film, tmp_path, pause_at=0)
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    ).stdout
    head = re.search(r"HEAD 200 (\d+)", told)
    assert head
    assert 0 < int(head[1]) <= 1_000_000
    assert "POST 201" not in told
    assert_compressed(client, told[told.rindex("{") :], film)


def test_the_lines_of_the_page_upload_a_file_in_two_goes(
    client: httpx2.Client, server: LocalServer, film: Path, tmp_path: Path
) -> None:
    shutil.copy(film, tmp_path / "video.mp4")
    done = subprocess.run(
        ["sh", "-eu", "-c", snippet("sh")],
        cwd=tmp_path,
        env={**os.environ, "URL": server.url, "KEY": server.key},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert_compressed(client, done.stdout.strip().splitlines()[-1], film)
