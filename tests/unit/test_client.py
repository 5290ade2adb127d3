"""The client against a scripted server on loopback: each reply is written down before."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import multipart
import pytest
from typing_extensions import override  # typing has it from Python 3.12 on

from telecine_client import Client, Credits, Job, JobInput, JobOutput, TelecineError, Usage

_DONE = {
    "job_id": "j_abc123def456",
    "status": "completed",
    "progress": 100,
    "input": {"filename": "video.mp4", "size_bytes": 104857600},
    "output": {
        "filename": "video-compressed.mp4",
        "size_bytes": 31457280,
        "compression_ratio": 70,
        "download_url": "/api/v1/download/j_abc123def456",
        "expires_at": "2026-04-13T12:00:00Z",
    },
    "a_field_of_the_future": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted answer; `breaks_after` bytes of the body the connection is closed.

    Status 0: it is closed without an answer.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    breaks_after: int | None = None
    reads_body: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived; of a large body only the length is kept."""

    line: str
    headers: Message
    body: bytes
    body_bytes: int

    @property
    def form(self) -> dict[str, Any]:
        """The multipart form: text as str, the file as (name, bytes)."""
        _, options = multipart.parse_options_header(self.headers["content-type"])
        parser = multipart.PushMultipartParser(options["boundary"])
        found: dict[str, Any] = {}
        name, filename, content = "", None, b""
        for event in parser.parse(self.body):
            if isinstance(event, multipart.MultipartSegment):
                name, filename, content = event.name, event.filename, b""
            elif event is None:
                found[name] = content.decode() if filename is None else (filename, content)
            else:
                content += event
        return found


class Script:
    """A server that gives its replies in order, and remembers what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: list[Reply] = []
        self.seen: list[Seen] = []
        self.slept: list[float] = []

    def client(self, *, tries: int = 5) -> Client:
        return Client(
            self.url, "kvrt_key", tries=tries, timeout_seconds=10, sleep=self.slept.append
        )


def _handler(script: Callable[[], Script]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            reply = script().replies.pop(0)
            body, length = b"", int(self.headers.get("content-length", 0))
            received = 0
            while reply.reads_body and received < length:
                block = self.rfile.read(min(65536, length - received))
                received += len(block)
                if length < 100_000:
                    body += block
            script().seen.append(
                Seen(line=self.requestline, headers=self.headers, body=body, body_bytes=received)
            )
            if not reply.status:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"content-length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: reply.breaks_after])
            self.close_connection = reply.breaks_after is not None or not reply.reads_body

        do_GET = do_POST = _serve  # noqa: N815 (names that http.server calls)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def script() -> Iterator[Script]:
    made: list[Script] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: made[0]))
    made.append(Script(f"http://127.0.0.1:{server.server_port}"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made[0]
    server.shutdown()
    thread.join()
    server.server_close()


def _json(body: object, *, status: int = 200, **headers: str) -> Reply:
    return Reply(
        status=status,
        body=json.dumps(body).encode(),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


_ACCEPTED = _json(
    {"success": True, "job_id": "j_1", "status": "pending", "credits_charged": 5}, status=202
)
_BUSY = _json({"error": "slow down", "code": "rate_limited"}, status=429, Retry_After="7")


def _file(tmp_path: Path, content: bytes = b"moving pictures") -> Path:
    path = tmp_path / "naïve clip.mp4"
    path.write_bytes(content)
    return path


def test_compress_sends_the_file_and_only_what_was_given(script: Script, tmp_path: Path) -> None:
    script.replies = [_ACCEPTED]
    with script.client() as client:
        job = client.compress(_file(tmp_path), codec="av1", quality=30, extra={"fit": "inside"})
    assert job == Job(id="j_1", status="pending", credits_charged=5)
    assert script.seen[0].line == "POST /api/v1/compress HTTP/1.1"
    assert script.seen[0].headers["authorization"] == "Bearer kvrt_key"
    assert script.seen[0].form == {
        "codec": "av1",
        "quality": "30",
        "fit": "inside",
        "file": ("naïve clip.mp4", b"moving pictures"),
    }


def test_an_upload_is_streamed_from_disk(script: Script, tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    script.replies = [_ACCEPTED]
    tracemalloc.start()
    with script.client() as client:
        client.compress(path)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert script.seen[0].body_bytes > 60_000_000
    assert peak_bytes < 8_000_000


def test_the_documented_status_is_read_whole(script: Script) -> None:
    script.replies = [_json(_DONE)]
    with script.client() as client:
        job = client.status("j_abc123def456")
    assert job == Job(
        id="j_abc123def456",
        status="completed",
        progress=100,
        input=JobInput(filename="video.mp4", size_bytes=104857600),
        output=JobOutput(
            filename="video-compressed.mp4",
            size_bytes=31457280,
            compression_ratio=70,
            download_url="/api/v1/download/j_abc123def456",
            expires_at=datetime(2026, 4, 13, 12, tzinfo=UTC),
        ),
    )
    assert job.raw["a_field_of_the_future"] is True


def test_usage_is_plan_and_credits(script: Script) -> None:
    script.replies = [
        _json({"plan": "pro", "credits": {"balance": 420, "total_purchased": 500}, "more": 1})
    ]
    with script.client() as client:
        assert client.usage() == Usage(
            plan="pro", credits=Credits(balance=420, total_purchased=500)
        )


def test_waiting_tells_each_change_and_returns_the_finished_job(script: Script) -> None:
    running = {"job_id": "j_1", "status": "processing", "progress": 40}
    script.replies = [_json(running), _json(running), _json({**_DONE, "job_id": "j_1"})]
    heard: list[tuple[str, int]] = []
    with script.client() as client:
        job = client.wait("j_1", on_progress=lambda job: heard.append((job.status, job.progress)))
    assert job.is_finished
    assert heard == [("processing", 40), ("completed", 100)]


def test_a_failed_job_is_an_error_with_the_servers_reason(script: Script) -> None:
    script.replies = [_json({"job_id": "j_1", "status": "failed", "error": "not a video"})]
    with script.client() as client, pytest.raises(TelecineError) as caught:
        client.wait("j_1")
    assert (caught.value.code, caught.value.message) == ("job_failed", "not a video")


def test_a_job_of_any_api_is_stopped(script: Script) -> None:
    error = {"code": "cancelled", "message": "It was cancelled.", "reason": "cancelled"}
    script.replies = [_json({"job_id": "rt_1", "status": "failed", "error": error})]
    with script.client() as client:
        stopped = client.cancel("rt_1")
    assert (stopped.status, stopped.error) == ("failed", "It was cancelled.")
    assert script.seen[0].line.startswith("POST /api/v1/jobs/rt_1/cancel ")


def test_waiting_gives_up_when_its_time_is_over(script: Script) -> None:
    script.replies = [_json({"job_id": "j_1", "status": "pending", "progress": 0})]
    with script.client() as client, pytest.raises(TelecineError) as caught:
        client.wait("j_1", timeout_seconds=0)
    assert caught.value.code == "timeout"


def test_waiting_outlives_a_dropped_connection(script: Script) -> None:
    script.replies = [_json(_DONE)]
    script.replies.insert(0, Reply(body=b"{" * 50, breaks_after=10))
    with script.client() as client:
        assert client.wait("j_abc123def456").is_finished


def test_an_error_carries_status_code_sentence_and_request_id(script: Script) -> None:
    body = {"success": False, "error": "no such job", "code": "not_found", "request_id": "r_1"}
    script.replies = [_json(body, status=404)]
    with script.client() as client, pytest.raises(TelecineError) as caught:
        client.status("j_none")
    error = caught.value
    assert (error.status, error.code, error.message, error.request_id) == (
        404,
        "not_found",
        "no such job",
        "r_1",
    )


def test_an_error_that_is_not_json_still_has_its_status(script: Script) -> None:
    script.replies = [Reply(status=502, body=b"<h1>Bad gateway</h1>")]
    with script.client() as client, pytest.raises(TelecineError, match="502"):
        client.usage()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"plan": "pro"}'])
def test_an_answer_of_some_other_server_is_told_apart(script: Script, body: bytes) -> None:
    script.replies = [Reply(body=body)]
    with script.client() as client, pytest.raises(TelecineError) as caught:
        client.usage()
    assert caught.value.code == "bad_answer"


def test_a_rate_limited_upload_waits_as_told_and_sends_the_whole_file_again(
    script: Script, tmp_path: Path
) -> None:
    script.replies = [_BUSY, _BUSY, _ACCEPTED]
    with script.client() as client:
        assert client.compress(_file(tmp_path)).id == "j_1"
    assert script.slept == [7, 7]
    assert [seen.form["file"][1] for seen in script.seen] == [b"moving pictures"] * 3


_UNDER_WAY = {"error": "wait", "code": "idempotency_key_in_use"}


def test_an_upload_without_an_answer_is_sent_again_under_the_same_key(
    script: Script, tmp_path: Path
) -> None:
    script.replies = [
        Reply(status=0),
        _json(_UNDER_WAY, status=409, Retry_After="2"),
        _json({"error": "restarting"}, status=503, Retry_After="1"),
        _ACCEPTED,
    ]
    with script.client() as client:
        assert client.compress(_file(tmp_path)).id == "j_1"
    assert script.slept == [2.0, 2, 1]
    (key,) = {seen.headers["idempotency-key"] for seen in script.seen}
    assert len(key) == 32
    assert [seen.form["file"][1] for seen in script.seen] == [b"moving pictures"] * 4


def test_each_upload_has_a_key_of_its_own(script: Script, tmp_path: Path) -> None:
    script.replies = [_ACCEPTED, _ACCEPTED]
    with script.client() as client:
        client.compress(_file(tmp_path))
        client.compress(_file(tmp_path))
    assert len({seen.headers["idempotency-key"] for seen in script.seen}) == 2


@pytest.mark.parametrize("status", [400, 402, 409, 422, 500, 507])
def test_what_will_not_get_better_is_not_repeated(
    script: Script, tmp_path: Path, status: int
) -> None:
    script.replies = [_json({"error": "no", "code": "other"}, status=status)]
    with script.client() as client, pytest.raises(TelecineError) as caught:
        client.compress(_file(tmp_path))
    assert (caught.value.status, script.slept) == (status, [])


def test_a_rate_limit_that_stays_is_given_up(script: Script) -> None:
    script.replies = [_BUSY] * 3
    with script.client(tries=3) as client, pytest.raises(TelecineError) as caught:
        client.usage()
    assert (caught.value.status, len(script.seen), script.slept) == (429, 3, [7, 7])


@pytest.mark.parametrize(
    ("header", "seconds"), [("0", 0.1), ("3600", 60), ("soon", 1), ("", 1), ("-5", 1)]
)
def test_a_strange_retry_after_is_bounded(script: Script, header: str, seconds: float) -> None:
    script.replies = [_json({}, status=429, Retry_After=header), _json(_DONE)]
    with script.client() as client:
        client.status("j_1")
    assert script.slept == [seconds]


def test_a_refusal_in_the_middle_of_an_upload_is_read(script: Script, tmp_path: Path) -> None:
    body = json.dumps({"error": "too large", "code": "file_too_large"}).encode()
    script.replies = [Reply(status=413, body=body, reads_body=False)]
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    with script.client() as client, pytest.raises(TelecineError) as caught:
        client.compress(path)
    assert (caught.value.status, caught.value.code) == (413, "file_too_large")


def test_no_server_is_a_connection_error_and_an_upload_is_not_repeated(tmp_path: Path) -> None:
    slept: list[float] = []
    with (
        Client("http://127.0.0.1:9", "k", sleep=slept.append) as client,
        pytest.raises(TelecineError) as caught,
    ):
        client.compress(_file(tmp_path))
    assert (caught.value.status, caught.value.code, slept) == (0, "connection", [])


_CONTENT = bytes(range(256)) * 400


def test_a_download_is_saved_under_the_name_asked_for(script: Script, tmp_path: Path) -> None:
    script.replies = [Reply(body=_CONTENT)]
    with script.client() as client:
        path = client.download("j_1", to=tmp_path / "out.mp4")
    assert script.seen[0].line == "GET /api/v1/download/j_1 HTTP/1.1"
    assert path == tmp_path / "out.mp4"
    assert path.read_bytes() == _CONTENT
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="clip.mp4"', "clip.mp4"),
        ("attachment; filename=\"na_ve.mp4\"; filename*=UTF-8''na%C3%AFve.mp4", "naïve.mp4"),
        ('attachment; filename="../../evil.sh"', "evil.sh"),
        ('attachment; filename=".."', "download"),
        ("attachment", "download"),
    ],
)
def test_a_folder_gets_the_servers_name_and_nothing_outside(
    script: Script, tmp_path: Path, header: str, name: str
) -> None:
    script.replies = [Reply(body=b"x", headers={"Content-Disposition": header})]
    with script.client() as client:
        path = client.download("j_1", to=tmp_path)
    assert path.parent == tmp_path
    assert path.name == name


def test_a_broken_download_goes_on_where_it_stopped(script: Script, tmp_path: Path) -> None:
    script.replies = [
        Reply(body=_CONTENT, headers={"ETag": '"v1"'}, breaks_after=70_000),
        Reply(status=206, body=_CONTENT[70_000:], headers={"ETag": '"v1"'}),
    ]
    with script.client() as client:
        path = client.download("j_1", to=tmp_path / "out.mp4")
    assert path.read_bytes() == _CONTENT
    again = script.seen[1].headers
    assert (again["range"], again["if-range"]) == ("bytes=70000-", '"v1"')


def test_a_file_that_changed_meanwhile_is_fetched_from_the_start(
    script: Script, tmp_path: Path
) -> None:
    script.replies = [
        Reply(body=_CONTENT, headers={"ETag": '"v1"'}, breaks_after=70_000),
        Reply(body=b"quite another file", headers={"ETag": '"v2"'}),
    ]
    with script.client() as client:
        path = client.download("j_1", to=tmp_path / "out.mp4")
    assert path.read_bytes() == b"quite another file"


def test_a_download_that_breaks_each_time_leaves_no_file(script: Script, tmp_path: Path) -> None:
    script.replies = [Reply(body=_CONTENT, breaks_after=100)] * 2
    with script.client(tries=2) as client, pytest.raises(TelecineError) as caught:
        client.download("j_1", to=tmp_path / "out.mp4")
    assert caught.value.code == "connection"
    assert list(tmp_path.iterdir()) == []


_CONVERTED = Reply(
    body=b"RIFFxxxxWEBP",
    headers={
        "Content-Type": "image/webp",
        "X-Original-Size": "15",
        "X-Output-Size": "12",
        "X-Output-Format": "webp",
    },
)


def test_a_converted_image_comes_with_its_three_facts(script: Script, tmp_path: Path) -> None:
    script.replies = [_CONVERTED]
    with script.client() as client:
        image = client.convert(_file(tmp_path), format="webp", width=1200)
    assert image.content == b"RIFFxxxxWEBP"
    assert (image.format, image.media_type) == ("webp", "image/webp")
    assert (image.original_size_bytes, image.output_size_bytes) == (15, 12)
    assert {**script.seen[0].form, "file": None} == {
        "format": "webp",
        "width": "1200",
        "file": None,
    }


def test_a_converted_image_can_go_to_a_file(script: Script, tmp_path: Path) -> None:
    script.replies = [_CONVERTED]
    with script.client() as client:
        image = client.convert(_file(tmp_path), format="webp", to=tmp_path / "out.webp")
    assert image.content is None
    assert image.path == tmp_path / "out.webp"
    assert image.path.read_bytes() == b"RIFFxxxxWEBP"


def test_a_convert_that_breaks_off_leaves_no_file(script: Script, tmp_path: Path) -> None:
    script.replies = [Reply(body=b"RIFFxxxxWEBP", breaks_after=4)]
    with script.client() as client, pytest.raises(TelecineError):
        client.convert(_file(tmp_path), to=tmp_path / "out.webp")
    assert not (tmp_path / "out.webp").exists()


def test_the_client_imports_nothing_of_the_server() -> None:
    code = "import sys, telecine_client; sys.exit(any(m.split('.')[0] == 'telecine' for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
