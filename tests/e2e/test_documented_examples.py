"""The compress document's own examples against a real server: only host and key are changed."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import av
import httpx2
import pytest
from tests import samples

from telecine.cli.local_server import LocalServer, local_server

CURL_COMPRESS = """\
curl -X POST https://your-domain.com/api/v1/compress \\
-H "Authorization: Bearer kvrt_your_api_key" \\
-F "file=@video.mp4" \\
-F "codec=h264" \\
-F "quality=23"
"""
CURL_STATUS = """\
curl https://your-domain.com/api/v1/status/j_abc123 \\
-H "Authorization: Bearer kvrt_your_api_key"
"""
CURL_DOWNLOAD = """\
curl -O https://your-domain.com/api/v1/download/j_abc123 \\
-H "Authorization: Bearer kvrt_your_api_key"
"""
PYTHON = """\
import requests
import time
# Upload and compress
with open("input.mp4", "rb") as f:
    res = requests.post(
        "https://your-domain.com/api/v1/compress",
        headers={"Authorization": "Bearer kvrt_your_key"},
        files={"file": f},
        data={"codec": "h264", "quality": "23"},
    )
job_id = res.json()["job_id"]
# Poll for completion
while True:
    check = requests.get(
        f"https://your-domain.com/api/v1/status/{job_id}",
        headers={"Authorization": "Bearer kvrt_your_key"},
    )
    data = check.json()
    print(f"Status: {data['status']} ({data['progress']}%)")
    if data["status"] in ("completed", "failed"):
        break
    time.sleep(3)
# Download result
if data["status"] == "completed":
    dl = requests.get(
        f"https://your-domain.com/api/v1/download/{job_id}",
        headers={"Authorization": "Bearer kvrt_your_key"},
    )
    with open("output.mp4", "wb") as f:
        f.write(dl.content)
"""
PATIENCE_SECONDS = 180


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[LocalServer]:
    with local_server(data) as running:
        yield running


@pytest.fixture(scope="module")
def key(server: LocalServer, data: Path) -> str:
    """A key as the document shows it, made beside the running server."""
    command = [sys.executable, "-m", "telecine", "keys", "create", "--style", "kvrt"]
    made = subprocess.run(
        [*command, "--email", "ann@example.com", "--plan", "pro", "--data", str(data)],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def shell(text: str, *, server: LocalServer, key: str, folder: Path, job_id: str = "") -> str:
    """Run a documented command with the host, the key and the job's id put in."""
    changed = text.replace("https://your-domain.com", server.url).replace("kvrt_your_api_key", key)
    changed = changed.replace("j_abc123", job_id or "j_abc123")
    done = subprocess.run(
        ["sh", "-c", changed],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    return done.stdout


def assert_plays(path: Path, *, seconds: float) -> None:
    """Decode all of it, and see that an MP4 begins with what a browser needs first."""
    with av.open(str(path)) as container:
        (picture,) = container.streams.video
        assert picture.codec_context.name == "h264"
        shown = [frame.time for frame in container.decode(picture)]
    assert shown[-1] is not None
    assert abs(shown[-1] - seconds) < 0.2
    content = path.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_the_three_curl_lines_compress_a_video(
    server: LocalServer, key: str, tmp_path: Path
) -> None:
    shutil.copy(samples.carphone(), tmp_path / "video.mp4")
    accepted = json.loads(shell(CURL_COMPRESS, server=server, key=key, folder=tmp_path))
    job_id = accepted["job_id"]
    assert (accepted["status"], accepted["status_url"]) == ("pending", f"/api/v1/status/{job_id}")
    pause, told = threading.Event(), accepted
    for _ in range(PATIENCE_SECONDS * 2):
        said = shell(CURL_STATUS, server=server, key=key, folder=tmp_path, job_id=job_id)
        if (told := json.loads(said))["status"] in {"completed", "failed"}:
            break
        pause.wait(0.5)
    assert told["status"] == "completed", told
    shell(CURL_DOWNLOAD, server=server, key=key, folder=tmp_path, job_id=job_id)
    assert (tmp_path / job_id).stat().st_size == told["output"]["size_bytes"]
    assert_plays(tmp_path / job_id, seconds=4.0)


def test_the_python_example_compresses_a_video(
    server: LocalServer, key: str, tmp_path: Path
) -> None:
    shutil.copy(samples.carphone(), tmp_path / "input.mp4")
    program = PYTHON.replace("https://your-domain.com", server.url).replace("kvrt_your_key", key)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "Status: completed (100%)"
    assert_plays(tmp_path / "output.mp4", seconds=4.0)


def test_a_real_job_only_goes_forward_and_100_means_the_file_is_there(
    server: LocalServer,
) -> None:
    headers = {"Authorization": f"Bearer {server.key}"}
    words = ["pending", "processing", "completed"]
    seen: list[tuple[int, int]] = []
    pause = threading.Event()
    with httpx2.Client(base_url=server.url, headers=headers, timeout=180) as client:
        with samples.bikes().open("rb") as file:
            answer = client.post("/api/v1/compress", files={"file": file}, data={"codec": "h265"})
        job_id = answer.json()["job_id"]
        for _ in range(PATIENCE_SECONDS * 10):
            told = client.get(f"/api/v1/status/{job_id}").json()
            seen.append((words.index(told["status"]), told["progress"]))
            if told["progress"] == 100 or told["status"] == "completed":
                break
            pause.wait(0.1)
        download = client.get(f"/api/v1/download/{job_id}")
    assert download.status_code == 200, seen
    assert seen == sorted(seen)
    assert seen[-1] == (2, 100)
    assert any(0 < progress < 100 for _, progress in seen), seen


def test_three_declared_gigabytes_are_refused_before_a_byte_of_them_is_sent(
    server: LocalServer, data: Path
) -> None:
    address = urlsplit(server.url)
    request = (
        f"POST /api/v1/compress HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {server.key}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {3 * 2**30}\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), address.port or 80), 20) as connection:
        connection.sendall(request.encode("ascii"))
        answer = b""
        while b'"field":"file"' not in answer:
            piece = connection.recv(4096)
            assert piece, answer
            answer += piece
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert list((data / "staging").iterdir()) == []
