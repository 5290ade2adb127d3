"""What an operator reads where the database or the storage cannot be used."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs
from typing_extensions import override

from telecine import server
from telecine.assembly import assemble
from telecine.blobs import open_store, reason
from telecine.cli import main, serve, trouble
from telecine.kit.errors import StorageError
from telecine.settings import Settings
from telecine.worker import loop

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wordless"}
_NO_BUCKET = "<Error><Code>NoSuchBucket</Code><Message>It does not exist</Message></Error>"


@contextmanager
def bucket_server(status: int, body: str = "") -> Iterator[str]:
    """A server that answers everything alike; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_PUT = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815 (the library's names)

        @override
        def log_message(self, *_words: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}"
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, _NO_BUCKET, "no such bucket"),
        (403, "", "forbidden: the credentials may not do this"),
        (401, "", "forbidden: the credentials are not accepted"),
        (400, "", "it answered with 400 Bad Request"),
    ],
)
def test_why_a_bucket_cannot_be_used_is_a_few_words(
    status: int, body: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in _CREDENTIALS.items():
        monkeypatch.setenv(name, text)
    with bucket_server(status, body) as endpoint:
        store = open_store(f"s3://films/a?endpoint={endpoint}", staging=tmp_path)
        with pytest.raises(StorageError) as refused:
            store.check()
    assert reason(refused.value) == words
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_takes_no_connections_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in _CREDENTIALS.items():
        monkeypatch.setenv(name, text)
    store = open_store("s3://films?endpoint=http://127.0.0.1:1", staging=tmp_path)
    with pytest.raises(StorageError) as refused:
        store.size("a")
    assert reason(refused.value) == "connection refused"


@pytest.mark.parametrize(
    "start", [serve.serve, partial(serve.worker, worker_id="w", lifeline_fd=None)]
)
def test_neither_a_server_nor_a_worker_starts_without_its_bucket(
    start: Callable[[Settings], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in _CREDENTIALS.items():
        monkeypatch.setenv(name, text)
    with bucket_server(404, _NO_BUCKET) as endpoint:
        url = f"s3://films/a?endpoint={endpoint.replace('//', '//me:wordless@')}"
        settings = Settings(data=str(tmp_path), storage_url=url)
        telecine = assemble(settings)
        monkeypatch.setattr(serve, "assemble", lambda _settings: telecine)
        monkeypatch.setattr(serve, "configure", lambda **_options: None)
        monkeypatch.setattr(server, "run_worker", _must_not_run)
        monkeypatch.setattr(server, "bind", _must_not_run)
        try:
            with pytest.raises(StorageError) as refused:
                start(settings)
        finally:
            telecine.close()
    assert refused.value.message == (
        f"TELECINE_STORAGE_URL: the bucket films at {endpoint} cannot be used: no such bucket."
    )


def _must_not_run(*_words: object, **_options: object) -> None:
    pytest.fail("it went on")


def test_a_chore_that_finds_no_storage_logs_one_short_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def chore() -> int:
        raise StorageError from OSError("Generic S3 error: no\n\nDebug source:\n" + "x" * 9000)

    monkeypatch.setattr(loop, "_log", structlog.get_logger())  # one that has bound nothing yet
    with capture_logs() as logged:
        assert loop._guarded("sweep", chore) is None
    assert logged == [
        {
            "event": "worker.storage",
            "chore": "sweep",
            "error": "Generic S3 error: no",
            "log_level": "warning",
        }
    ]


def _told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str | Path
) -> str:
    monkeypatch.setattr(sys, "argv", ["telecine", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    return err


def test_a_database_that_is_away_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    url = "postgresql://telecine:wordless@127.0.0.1:1/films"
    monkeypatch.setenv("TELECINE_DATABASE_URL", url)
    assert _told(monkeypatch, capsys, "keys", "list", "--data", tmp_path) == (
        "TELECINE_DATABASE_URL: the database films on 127.0.0.1, port 1, cannot be used by "
        "telecine: Connection refused.\n"
    )


def test_a_file_that_is_no_database_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("TELECINE_DATABASE_URL", raising=False)
    (tmp_path / "telecine.db").mkdir()
    told = _told(monkeypatch, capsys, "keys", "create", "--email", "a@b.c", "--data", tmp_path)
    assert told.startswith("The database in the data folder cannot be used: unable to open")


def test_a_mistake_of_ours_is_not_told_as_one_of_the_database() -> None:
    assert trouble.of_database(ValueError("seven"), Settings()) is None
