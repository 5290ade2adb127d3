"""What an operator reads where the database or the storage cannot be used."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import structlog
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient
from structlog.testing import capture_logs
from tests.conftest import Customer
from typing_extensions import override

from telecine import server
from telecine.assembly import Telecine, assemble
from telecine.blobs import open_store, reason
from telecine.cli import doctor, main, processes, serve, trouble
from telecine.db import Database
from telecine.db.migrate import migrate
from telecine.kit.errors import StorageError
from telecine.settings import Settings, SettingsError
from telecine.worker import loop

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wordless"}
#: Never closed: that would end this process.
_LIFELINE = os.pipe()
_first_api = partial(
    processes.api,
    socket_fd=-1,
    lifeline_fd=_LIFELINE[0],
    first=processes.First(ready_fd=-1, called="telecine"),
)
_worker = partial(processes.worker, worker_id="w", lifeline_fd=None)
_NO_BUCKET = "<Error><Code>NoSuchBucket</Code><Message>It does not exist</Message></Error>"


@pytest.fixture(autouse=True)
def _unchanged_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sets up the log of its process; called from here, that would be ours."""
    for module in (serve, processes):
        monkeypatch.setattr(module, "configure", lambda **_options: None)


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


@pytest.mark.parametrize("start", [_first_api, _worker])
def test_neither_a_server_nor_a_worker_starts_without_its_bucket(
    start: Callable[[Settings], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in _CREDENTIALS.items():
        monkeypatch.setenv(name, text)
    with bucket_server(404, _NO_BUCKET) as endpoint:
        url = f"s3://films/a?endpoint={endpoint.replace('//', '//me:wordless@')}"
        settings = Settings(data=str(tmp_path), storage_url=url)
        telecine = assemble(settings)
        monkeypatch.setattr(processes, "assemble", lambda _settings: telecine)
        monkeypatch.setattr(server, "run_worker", _must_not_run)
        monkeypatch.setattr(server, "serve_api", _must_not_run)
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


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://me:wordless@db/films", "Telecine keeps nothing in mysql."),
        ("postgresql+psycopg2://me:wordless@db/films", "nothing in postgresql+psycopg2."),
        ("films at db", "this is no database's URL."),
        ("postgresql://me:wordless@db:port/films", "this is no database's URL."),
        ("postgresql://me:wordless@db", "it names no database."),
        ("sqlite:///:memory:", "it names no database."),
        ("postgresql://me:word@less@db/films", "there is an @ too many in it."),
        ("postgresql://me:wordless@127.0.0.1:1/films?sslmod=a", 'connection option "sslmod".'),
    ],
)
def test_a_url_that_cannot_be_meant_is_told_in_words(
    url: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("TELECINE_DATABASE_URL", url)
    told = _told(monkeypatch, capsys, "keys", "list", "--data", tmp_path)
    assert told.startswith("TELECINE_DATABASE_URL: ")
    assert words in told
    assert "less" not in told
    assert told.count("\n") == 1


def test_a_driver_that_is_not_installed_is_told_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"driver for Postgres .* `./telecine setup`"):
        Database("postgresql+psycopg://me@db/films")


def _garbage(database: Path) -> None:
    database.write_bytes(b"no database " * 500)


def _cut(database: Path) -> None:
    os.truncate(database, database.stat().st_size // 3)


def _overwritten(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (database.stat().st_size - 4096))


def _folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_garbage, "file is not a database. Put a backup in its place"),
        (_cut, "database disk image is malformed. Put a backup in its place"),
        (_overwritten, "database disk image is malformed. Put a backup in its place"),
        (_folder, "telecine.db is a folder. Put a backup in its place"),
    ],
)
def test_a_damaged_database_is_told_in_a_line_with_what_to_do(
    damage: Callable[[Path], None],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("TELECINE_DATABASE_URL", raising=False)
    whole = Database(f"sqlite:///{tmp_path / 'telecine.db'}")
    migrate(whole)
    whole.dispose()
    damage(tmp_path / "telecine.db")
    for command in (("create", "--email", "a@b.c"), ("list",)):
        told = _told(monkeypatch, capsys, "keys", *command, "--data", tmp_path)
        assert told.startswith(
            f"The database in the data folder {tmp_path} cannot be used: {words}",
        )
        assert told.count("\n") == 1
    with pytest.raises(SettingsError, match="cannot be used"):
        _worker(Settings(data=str(tmp_path)))


@pytest.mark.parametrize("words", [("keys", "list"), ("credits", "show", "--email", "a@b.c")])
def test_looking_makes_no_database_where_the_url_names_none(
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    file = tmp_path / "a" / "b" / "c.db"
    monkeypatch.setenv("TELECINE_DATABASE_URL", f"sqlite:///{file}")
    assert _told(monkeypatch, capsys, *words, "--data", tmp_path) == (
        f"There is no Telecine in {file} yet. `telecine serve` makes one; TELECINE_DATABASE_URL "
        "names another.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_damaged_under_a_running_server_is_503_and_down(
    telecine: Telecine, customer: Customer, api: TestClient
) -> None:
    database = telecine.settings.data_dir / "telecine.db"
    assert api.get("/health").status_code == 200
    telecine.db.dispose()  # its log goes into the file, and no connection knows it any more
    _overwritten(database)
    down = api.get("/health")
    assert (down.status_code, down.json()["status"]) == (503, "down")
    refused = api.get("/api/v1/usage", headers=customer.headers)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]


@pytest.mark.parametrize("place", ["taken", "taken/inside"])
def test_a_data_folder_that_cannot_be_made_is_told(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("TELECINE_DATABASE_URL", raising=False)
    (tmp_path / "taken").touch()
    folder = tmp_path / place
    told = _told(monkeypatch, capsys, "keys", "create", "--email", "a@b.c", "--data", folder)
    assert told.startswith(f"The data folder {folder} cannot be used: ")
    for start in (serve.serve, _worker):
        with pytest.raises(SettingsError, match=f"{folder} cannot be used"):
            start(Settings(data=str(folder)))


@pytest.mark.parametrize("start", [_first_api, _worker])
def test_a_storage_folder_that_cannot_be_made_is_told(
    start: Callable[[Settings], None], tmp_path: Path
) -> None:
    (tmp_path / "taken").touch()
    url = (tmp_path / "taken" / "files").as_uri()
    with pytest.raises(StorageError) as refused:
        start(Settings(data=str(tmp_path / "data"), storage_url=url))
    assert refused.value.message == (
        f"TELECINE_STORAGE_URL: the folder {tmp_path}/taken/files cannot be used: "
        f"Not a directory ({tmp_path}/taken/files)."
    )


@pytest.mark.parametrize("start", [_first_api, _worker])
def test_neither_a_server_nor_a_worker_starts_with_what_is_no_ffmpeg(
    start: Callable[[Settings], None], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="true is no ffmpeg"):
        start(Settings(data=str(tmp_path), ffmpeg="/bin/true"))


@pytest.mark.parametrize("start", [_first_api, _worker])
def test_an_empty_database_beside_files_of_an_earlier_one_is_refused(
    start: Callable[[Settings], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(server, "run_worker", _must_not_run)
    monkeypatch.setattr(server, "serve_api", _must_not_run)
    (tmp_path / "telecine.db").touch()
    (tmp_path / "files" / "films").mkdir(parents=True)
    (tmp_path / "files" / "films" / "one").write_bytes(b"film")
    settings = Settings(data=str(tmp_path))
    with pytest.raises(SettingsError) as refused:
        start(settings)
    assert refused.value.message == (
        f"The database {tmp_path}/telecine.db is new or empty, but there are files of an earlier "
        f"one in {tmp_path}/files. It knows none of them, and they would be deleted within a day. "
        "Put the backup of the database in its place, or move that folder away to begin anew."
    )


@pytest.mark.parametrize("words", [("list",), ("create", "--email", "a@b.c")])
def test_a_command_makes_no_database_for_files_of_an_earlier_one(
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("TELECINE_DATABASE_URL", raising=False)
    (tmp_path / "telecine.db").touch()
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "one").write_bytes(b"film")
    for _once_more in range(2):
        told = _told(monkeypatch, capsys, "keys", *words, "--data", tmp_path)
        assert "telecine.db is new or empty" in told


def test_folders_and_hidden_files_are_no_files_of_an_earlier_database(tmp_path: Path) -> None:
    (tmp_path / "files" / ".staging").mkdir(parents=True)
    (tmp_path / "files" / ".staging" / "st_one").touch()
    (tmp_path / "files" / "empty").mkdir()
    db = Database(f"sqlite:///{tmp_path / 'telecine.db'}")
    trouble.check_files(Settings(data=str(tmp_path)), db)
    (tmp_path / "files" / "empty" / "one").touch()
    migrate(db)
    trouble.check_files(Settings(data=str(tmp_path)), db)
    db.dispose()


def test_doctor_tells_a_storage_that_cannot_be_opened_among_the_rest(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    settings = Settings(data=str(tmp_path), storage_url=(tmp_path / "taken").as_uri())
    found = {each.subject: each for each in doctor.findings(settings, tried=settings)}
    assert not found["storage"].is_fine
    assert found["storage"].detail.startswith("TELECINE_STORAGE_URL: the folder ")
    assert found["database"].is_fine


def test_a_mistake_of_ours_is_not_told_as_one_of_the_database() -> None:
    ours = ProgrammingError("SELECT seven", {}, ValueError("seven"))
    with pytest.raises(ProgrammingError), trouble.told(Settings()):
        raise ours
