"""`preview` as people type it: a page that plays, on a server of its own or on theirs."""

from __future__ import annotations

import json
import math
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

import pytest
from tests import samples

from telecine.cli.local_server import LocalServer, local_server


@pytest.fixture
def composition(tmp_path: Path) -> Path:
    """Half a second of a picture that lies beside it."""
    shutil.copy(samples.astronaut(), tmp_path / "astronaut.png")
    return written(tmp_path, {"type": "image", "src": "astronaut.png"})


def written(folder: Path, clip: dict[str, Any]) -> Path:
    path = folder / "composition.json"
    shown = {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 10},
        "tracks": [{"clips": [{"start": 0, "duration": 0.5, **clip}]}],
    }
    path.write_text(json.dumps(shown), "utf-8")
    return path


def start(*words: str | Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "telecine", "preview", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment or None,
    )


def opened(url: str) -> str:
    with urllib.request.urlopen(url, timeout=180) as answer:
        return str(answer.read().decode())


def assert_plays(page: str) -> None:
    assert "160" in opened(page)
    playlist = page.replace("/preview/", "/t/") + "/index.m3u8"
    assert "#EXT-X-ENDLIST" in opened(playlist)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with local_server(tmp_path_factory.mktemp("serve") / "data", workers=0) as running:
        yield running


def test_without_a_server_it_brings_one_and_ends_it(composition: Path) -> None:
    running = start(composition, "--no-open")
    try:
        assert running.stdout is not None
        page = running.stdout.readline().strip()
        assert_plays(page)
    finally:
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=180)
    assert (running.returncode, said.strip()) == (0, "Ctrl-C ends it.")
    with pytest.raises(OSError, match="refused"):
        opened(page)


def test_on_a_server_it_makes_the_preview_and_opens_the_page(
    server: LocalServer, composition: Path, tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {quote(str(tmp_path))}/opened\n')
    browser.chmod(0o700)
    words = (composition, "--server", server.url, "--key", server.key)
    said, wrong = start(
        *words, BROWSER=f"{quote(str(browser))} %s", PATH="/usr/bin:/bin"
    ).communicate(timeout=180)
    assert wrong == ""
    assert (tmp_path / "opened").read_text() == said
    assert_plays(said.strip())


def test_faults_are_told_with_their_places(server: LocalServer, tmp_path: Path) -> None:
    wrong = written(tmp_path, {"type": "image", "src": "none.png"})
    running = start(wrong, "--no-open", "--server", server.url, "--key", server.key)
    said, faults = running.communicate(timeout=180)
    assert (running.returncode, said) == (1, "")
    assert "tracks[0].clips[0].src: There is no such file" in faults


def test_files_that_are_not_there_are_told_before_a_server_is_started(tmp_path: Path) -> None:
    running = start(written(tmp_path, {"type": "image", "src": "none.png"}), "--no-open")
    said, faults = running.communicate(timeout=180)
    assert (running.returncode, said) == (1, "")
    assert "allowed: a path relative to" in faults


@pytest.mark.parametrize(
    ("clip", "says"),
    [
        ({"type": "text", "text": "a", "opacity": math.nan}, "NaN and Infinity are no numbers"),
        ({"type": "text", "text": "a\ud800"}, "half of a character"),
        ({"type": "image", "src": "broken.png"}, "tracks[0].clips[0].src: broken.png: The image"),
    ],
)
def test_whatever_can_be_read_can_be_sent(
    server: LocalServer, tmp_path: Path, clip: dict[str, Any], says: str
) -> None:
    (tmp_path / "broken.png").write_bytes(samples.astronaut().read_bytes()[:999])
    running = start(
        written(tmp_path, clip), "--no-open", "--server", server.url, "--key", server.key
    )
    said, faults = running.communicate(timeout=180)
    assert (running.returncode, said) == (1, "")
    assert says in faults
    assert "Traceback" not in faults


def test_a_server_that_is_not_there_is_named(composition: Path) -> None:
    running = start(composition, "--no-open", "--server", "http://127.0.0.1:1", "--key", "k")
    _, said = running.communicate(timeout=180)
    assert running.returncode == 1
    assert said.startswith("No server answers at http://127.0.0.1:1.")
