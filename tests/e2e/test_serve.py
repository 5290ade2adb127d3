"""The first start: its key is shown when, and only when, somebody can use it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import httpx2
import pytest

from telecine.cli.calling import program
from telecine.cli.local_server import local_server, stop

PATIENCE_SECONDS = 180


def environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TELECINE_")}
    return {**kept, "TELECINE_LOG_LEVEL": "error"}


def telecine(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telecine", *map(str, words)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@contextmanager
def serving(data: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "telecine", "serve", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield process
    finally:
        stop(process)
        assert process.stderr is not None
        process.stderr.close()


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if re.search(pattern, seen):
            return seen
    raise AssertionError(f"{pattern} was not in:\n{seen}")


def test_a_taken_port_costs_nobody_the_key(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = telecine("serve", "--port", port, "--data", data)
    assert refused.returncode == 1
    assert "cannot be opened" in refused.stderr
    assert "tc_" not in refused.stdout

    with local_server(data) as server:
        reply = httpx2.get(
            f"{server.url}/api/v1/usage",
            headers={"Authorization": f"Bearer {server.key}"},
            timeout=180,
        )
        assert (reply.status_code, reply.json()["credits"]["balance"]) == (200, 1_000_000)
        # What has secrets in it is nobody else's to read, whatever the umask says.
        private = [data, *data.glob("telecine.db*")]
        assert len(private) >= 2
        assert not [path for path in private if path.stat().st_mode & 0o077]


def test_a_server_whose_words_nobody_could_read_shows_a_key_at_the_next_start(
    tmp_path: Path,
) -> None:
    read, write = os.pipe()
    os.close(read)  # what is written there fails, as on a terminal that is gone
    process = subprocess.Popen(
        [sys.executable, "-m", "telecine", "serve", "--port", "0", "--data", tmp_path / "data"],
        stdout=write,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    os.close(write)
    try:
        assert process.wait(PATIENCE_SECONDS) != 0
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)

    with local_server(tmp_path / "data") as server:
        assert server.key.startswith("tc_")


def test_a_server_that_cannot_use_its_storage_says_why_in_a_line_and_ends(tmp_path: Path) -> None:
    (tmp_path / "files").touch()
    refused = telecine("serve", "--port", "0", "--data", tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"The folder {tmp_path}/files cannot be used: ")
    assert refused.stderr.count("\n") == 1


def test_a_start_after_keys_were_made_says_what_it_found_and_where(tmp_path: Path) -> None:
    data = tmp_path / "my data"
    made = telecine("keys", "create", "--email", "local@telecine.localhost", "--data", data)
    assert made.returncode == 0, made.stderr

    with serving(data) as process:
        welcome = read_until(process, r"keys create .*\n")

    assert "one of them local@telecine.localhost (plan pro); keys in use: 1" in welcome
    assert (
        f"    {program()} keys create --email local@telecine.localhost --data '{data}'" in welcome
    )
    assert "tc_" not in welcome


def test_the_first_start_says_whose_the_key_is(tmp_path: Path) -> None:
    with serving(tmp_path) as process:
        welcome = read_until(process, r"keys create .*\n")

    assert "Its account, which projects ask for as email: local@telecine.localhost\n" in welcome


def test_ctrl_c_is_answered_and_a_second_one_ends_everything(tmp_path: Path) -> None:
    with serving(tmp_path) as process:
        read_until(process, r"keys create .*\n")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Stopping" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0


def test_a_line_to_copy_begins_as_this_program_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    assert program() == "./telecine"
    monkeypatch.chdir("/")
    assert program() == quote(str(root / "telecine"))
