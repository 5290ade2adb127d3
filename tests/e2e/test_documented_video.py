"""The video document's examples, each request sent by curl and each answer held against the one
that is shown: only the host, the key and the ids are changed.

The requests that it shows as HTTP are sent as what they say; its one line of curl as it stands.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests import samples

from telecine.cli.local_server import local_server

EXAMPLES: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("documented_video.json").read_text("utf-8")
)
PATIENCE_SECONDS = 180
#: What the document's ids begin with.
PREFIXES = {"videoTaskId": "vt_", "renderTaskId": "rt_", "tempId": "temp_", "id": "asset_"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(slots=True)
class Session:
    """Sends what the document shows; `ids` are put in for its own."""

    url: str
    key: str
    ids: dict[str, str] = field(default_factory=dict)

    def send(self, name: str, **files: str) -> dict[str, Any]:
        """Send an example by its name, and compare the answer with the one that is shown."""
        shown = EXAMPLES[name]
        told = json.loads(self.curl(shown["curl"] if "curl" in shown else command(shown), **files))
        assert_like(told, shown["answer"], where=name)
        return dict(told)

    def curl(self, text: str, **files: str) -> str:
        changed = text.replace("https://renderingvideo.com", self.url)
        changed = changed.replace("sk-your-api-key", self.key)
        for before, after in {**self.ids, **files}.items():
            changed = changed.replace(before, after)
        done = subprocess.run(
            ["sh", "-c", f"{changed.rstrip()} --silent --show-error"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        )
        return done.stdout


def command(shown: Mapping[str, Any]) -> str:
    """Write a request that is shown as HTTP as a line of curl."""
    line, *headers = shown["request"]
    method, path = line.split(" ")
    words = ["curl", "-X", method, f"https://renderingvideo.com{path}"]
    for header in headers:
        words += ["-H", header]
    if "body" in shown:
        words += ["-d", json.dumps(shown["body"])]
    return shlex.join(words)


def assert_like(told: Any, shown: Any, *, where: str) -> None:
    """Every field that is shown is there, in the shown form."""
    if isinstance(shown, dict):
        assert isinstance(told, dict), where
        assert not (missing := shown.keys() - told.keys()), (where, missing)
        for name, value in shown.items():
            assert_like(told[name], value, where=f"{where}.{name}")
            if name in PREFIXES:
                assert told[name].startswith(PREFIXES[name]), (where, name)
    elif isinstance(shown, list):
        assert isinstance(told, list), where
        for each in told if shown else ():
            assert_like(each, shown[0], where=f"{where}[]")
        assert bool(told) or not shown, where
    elif isinstance(shown, bool):
        assert told is shown, where
    elif isinstance(shown, str):
        assert isinstance(told, str), (where, told)
        if INSTANT.fullmatch(shown):
            assert INSTANT.fullmatch(told), (where, told)
        if shown.startswith("https://"):
            assert re.match(r"https?://", told), (where, told)
    else:
        assert isinstance(told, int | float), (where, told)
        assert not isinstance(told, bool), (where, told)


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server's address and a key as the document shows it."""
    data = tmp_path_factory.mktemp("serve") / "data"
    command = [sys.executable, "-m", "telecine", "keys", "create", "--style", "sk"]
    with local_server(data) as running:
        made = subprocess.run(
            [*command, "--email", "ann@example.com", "--plan", "local", "--data", str(data)],
            capture_output=True,
            text=True,
            check=True,
        )
        yield running.url, made.stdout.strip()


@pytest.fixture
def session(access: tuple[str, str]) -> Session:
    url, key = access
    return Session(url, key)


def test_a_task_is_created_rendered_listed_and_deleted(session: Session) -> None:
    created = session.send("create")
    assert (created["quality"], created["width"], created["height"]) == ("1080p", 1920, 1080)
    assert (created["status"], created["configUrl"]) == ("created", f"{created['taskId']}.json")
    assert created["message"] == EXAMPLES["create"]["answer"]["message"]
    session.ids = {"abc123def456": created["taskId"]}
    # It says 10 for a clip of 5 seconds: docs/reference/video.md has the ruling.
    assert created["duration"] == 5

    begun = session.send("render")
    assert (begun["status"], begun["cost"]) == ("rendering", 8)
    assert begun["message"] == EXAMPLES["render"]["answer"]["message"]
    pause = threading.Event()
    get = command({"request": EXAMPLES["get"]["request"]})
    for _ in range(PATIENCE_SECONDS * 4):
        told = json.loads(session.curl(get))
        if told["status"] != "rendering":
            break
        pause.wait(0.25)
    detail = session.send("get")
    assert (detail["status"], detail["costCredits"]) == ("completed", 8)
    assert detail["metadata"] == {"project_id": "proj_123"}
    again = session.send("render again")
    assert (again["renderTaskId"], again["cost"]) == (begun["renderTaskId"], 8)
    assert again["remainingCredits"] == begun["remainingCredits"]
    listed = session.send("list")
    assert [task["taskId"] for task in listed["tasks"]] == [created["taskId"]]
    assert listed["pagination"] == {"page": 1, "limit": 20, "total": 1}

    deleted = session.send("delete")
    assert deleted["message"] == EXAMPLES["delete"]["answer"]["message"]
    refused = json.loads(session.curl(get))
    # Its `details` are what helps with each: there is no more to say of a task that is gone.
    assert_like(refused, {**EXAMPLES["refusal"]["answer"], "details": {}}, where="refusal")
    assert refused["code"] == "NOT_FOUND"


def test_files_are_uploaded_listed_and_deleted(session: Session, tmp_path: Path) -> None:
    video = samples.make_video(tmp_path / "video.mp4", seconds=1)
    paths = {"/path/to/image.png": str(samples.astronaut()), "/path/to/video.mp4": str(video)}
    session.ids = paths
    uploaded = session.send("upload")
    assert uploaded["message"] == "Successfully uploaded 2 file(s)"
    shown = EXAMPLES["upload"]["answer"]["assets"]
    assert [(each["type"], each["mimeType"]) for each in uploaded["assets"]] == [
        (each["type"], each["mimeType"]) for each in shown
    ]
    listed = session.send("files")
    assert [each["type"] for each in listed["files"]] == ["image"]
    session.ids = {"asset_001": uploaded["assets"][0]["id"]}
    deleted = session.send("delete file")
    assert deleted["message"] == EXAMPLES["delete file"]["answer"]["message"]


def test_the_balance_is_told(session: Session) -> None:
    assert session.send("credits")["currency"] == "credits"


def test_a_preview_is_created_read_converted_rendered_and_deleted(session: Session) -> None:
    created = session.send("preview")
    shown = EXAMPLES["preview"]["answer"]
    assert (created["expiresIn"], created["note"]) == (shown["expiresIn"], shown["note"])
    session.ids = {"temp_abc123": created["tempId"]}
    read = session.send("get preview")
    assert read["config"] == EXAMPLES["preview"]["body"]
    converted = session.send("convert")
    assert converted["message"] == EXAMPLES["convert"]["answer"]["message"]
    begun = session.send("render preview")
    assert begun["convertMessage"] == EXAMPLES["render preview"]["answer"]["convertMessage"]
    assert begun["taskId"] not in {converted["taskId"], created["tempId"]}
    for task_id in (converted["taskId"], begun["taskId"]):
        session.ids["abc123def456"] = task_id
        session.send("delete")
    assert session.send("delete preview")["message"] == "Temp preview deleted successfully"
