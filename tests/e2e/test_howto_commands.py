"""The commands of the how-to pages and of the tutorial: each block is taken from its page, and run.

Hosts, ids and addresses of the examples become real ones. Lines that start a server are left out:
one is running. What needs more than this machine has is named in `NOT_HERE`, and pages that other
tests run in `ELSEWHERE`; a page that is in none of these lists is a fault.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Final

import httpx2
import pytest
import pyvips
from tests import clipping, samples, steps
from tests.conftest import customer_of
from tests.receivers import Receiver
from tests.serving import served
from tests.websites import NETWORKS

from telecine.cli.local_server import LocalServer, local_server
from telecine.cli.welcome import LOCAL_EMAIL
from telecine.kit.clock import system_clock

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
HERE: Final = {
    *("clips-from-a-talk.md", "deploy.md", "edit-projects.md", "follow-a-job.md", "preview.md"),
    *("receive-webhooks.md", "repeat-requests.md", "tutorial.md", "voiceover.md"),
}
ELSEWHERE: Final = {
    "render-a-composition.md": "tests/architecture/test_howto_render.py",
    "resumable-uploads.md": "tests/e2e/test_resumable.py",
    "talking-portraits.md": "tests/media/talking/test_serving.py",
}
#: Blocks that hold these words, and why they are not run.
NOT_HERE: Final = {
    "/backup/": "a stopped server, sqlite3 and rsync; tests/worker/test_restoring.py",
    "docker compose": "no containers here; tests/architecture/test_containers.py reads it",
    "--caption-style karaoke": "a model hears; tests/hostile/test_jobs.py has such a job",
    "TELECINE_DATABASE_URL=postgresql": "a database and a bucket; tests/e2e/test_cluster.py",
}
_STARTS: Final = re.compile(
    r"^(\w+=\S+ )*\./telecine (serve|worker|preview|demo)\b.*\n", re.MULTILINE
)
PATIENCE_SECONDS = 180


def blocks(page: str, language: str = "sh") -> list[str]:
    """The code of a page in a language."""
    path = next(DOCS.rglob(page))
    return re.findall(
        rf"^```{language}\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody who follows a page, in a folder with the files that it speaks of."""

    folder: Path
    url: str
    key: str
    data: Path
    #: What stands on the page, and what is there in its place.
    names: Mapping[str, str] = field(default_factory=dict)

    def follow(self, page: str, **names: str) -> list[str]:
        """Run all blocks of a page in order; returns what each said."""
        return [self.run(block, **names) for block in blocks(page)]

    def run(self, block: str, **names: str) -> str:
        """Run a block in a shell in which every failure counts, of curl too."""
        if any(words in block for words in NOT_HERE):
            return ""
        text = _STARTS.sub("", block)
        for example, real in {**self.names, **names}.items():
            text = text.replace(example, real)
        programs = self.folder / "bin"
        environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "URL": self.url,
            "KEY": self.key,
            "TELECINE_DATA": str(self.data),
        }
        done = subprocess.run(
            ["sh", "-eu", "-c", text],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout


def prepared(folder: Path) -> Path:
    """Make the files that pages speak of, the launcher, and a curl that minds what it is told."""
    samples.make_video(folder / "video.mp4", seconds=1, size=(160, 120))
    samples.make_audio(folder / "voice.mp3", seconds=0.4)
    pyvips.Image.thumbnail(str(samples.astronaut()), 240).write_to_file(str(folder / "photo.jpg"))
    (folder / "portrait.jpg").write_bytes((folder / "photo.jpg").read_bytes())
    (folder / "talk.mp4").write_bytes((folder / "video.mp4").read_bytes())
    text = {"type": "text", "text": "words", "start": 0, "duration": 1}
    film = {"meta": {"width": 160, "height": 90, "fps": 5}, "tracks": [{"clips": [text]}]}
    (folder / "film.json").write_text(json.dumps(film), "utf-8")
    (folder / "bin").mkdir()
    for path, command in {
        folder / "telecine": f'exec {quote(sys.executable)} -m telecine "$@"',
        folder / "bin" / "curl": f'exec {shutil.which("curl")} -sS --fail-with-body "$@"',
    }.items():
        path.write_text(f"#!/bin/sh\n{command}\n", "utf-8")
        path.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[LocalServer]:
    with local_server(data, environment={"TELECINE_ALLOW_NETWORKS": NETWORKS}) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("reader"))


@pytest.fixture
def reader(server: LocalServer, data: Path, folder: Path) -> Reader:
    names = {"you@example.com": LOCAL_EMAIL, "/var/lib/telecine": quote(str(data))}
    return Reader(folder=folder, url=server.url, key=server.key, data=data, names=names)


@pytest.fixture
def client(server: LocalServer) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=PATIENCE_SECONDS) as opened:
        yield opened


def submitted(client: httpx2.Client, folder: Path) -> str:
    return steps.submit(client, folder / "video.mp4")


def test_every_page_with_commands_is_run_somewhere() -> None:
    pages = [DOCS / "tutorial.md", *(DOCS / "howto").glob("*.md")]
    with_commands = {page.name for page in pages if blocks(page.name)}
    assert with_commands == HERE | set(ELSEWHERE)
    every = [block for name in HERE for block in blocks(name)]
    assert [words for words in NOT_HERE if not any(words in block for block in every)] == []


def test_a_request_that_is_sent_again_is_the_same(reader: Reader) -> None:
    (first,), (again,) = reader.follow("repeat-requests.md"), reader.follow("repeat-requests.md")
    assert json.loads(first)["job_id"] == json.loads(again)["job_id"]


def test_a_job_is_followed(reader: Reader, client: httpx2.Client) -> None:
    job_id = submitted(client, reader.folder)
    waited, sent, events = reader.follow("follow-a-job.md", j_abc123def456=job_id)
    assert json.loads(waited)["status"] == "completed"
    assert json.loads(sent)["status"] == "completed"
    assert "event: end\n" in events
    page = (DOCS / "howto" / "follow-a-job.md").read_text("utf-8")
    (inline,) = re.findall(r"`(curl [^`]+)`", page)
    assert json.loads(reader.run(inline, j_abc123def456=submitted(client, reader.folder)))


def test_a_project_is_edited_and_goes_back(reader: Reader, client: httpx2.Client) -> None:
    one = "/api/video-project"
    who = {"email": LOCAL_EMAIL}
    made = client.post(one, json={**who, "name": "n"}).json()["data"]["id"]
    for text in ("First", "Other"):
        composition = {"items": {"title": {"id": "title", "type": "text", "text": text}}}
        change = {"operation": "deep-merge", "data": {"composition": composition}}
        client.patch(f"{one}/{made}/composition", json={**who, **change}).raise_for_status()
    reader.follow("edit-projects.md", **{"/1234": f"/{made}"})
    shown = client.get(f"{one}/{made}", params=who).json()["data"]
    assert shown["composition"]["items"]["title"]["text"] == "Other"


def test_a_preview_is_made(reader: Reader, client: httpx2.Client) -> None:
    _, made = reader.follow("preview.md")
    assert client.get(json.loads(made)["viewerUrl"]).status_code == 200


def test_webhooks_are_tried_sent_again_and_their_secret_changed(
    reader: Reader, client: httpx2.Client
) -> None:
    with closing(Receiver()) as receiver:
        lost = client.post("/api/v1/webhooks/test", json={"url": receiver.url}).json()
        said = reader.follow(
            "receive-webhooks.md",
            **{
                "https://example.com/hooks/telecine": receiver.url,
                "$DELIVERY": lost["id"],
            },
        )
    with (reader.folder / "cert.pem").open() as file:
        assert "BEGIN CERTIFICATE" in file.read()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(reader.folder / "cert.pem", reader.folder / "key.pem")
    assert said


def test_an_operators_commands_work_beside_the_server(reader: Reader) -> None:
    said = "".join(reader.follow("deploy.md"))
    assert "ann@example.com" in said


def test_the_tutorial_ends_with_smaller_files(reader: Reader, client: httpx2.Client) -> None:
    job_id = submitted(client, reader.folder)
    client.get(f"/api/v1/status/{job_id}", headers={"Prefer": "wait=60"}).raise_for_status()
    exports = {"http://127.0.0.1:8000": reader.url, "tc_…": reader.key}
    reader.follow("tutorial.md", JOB_ID=job_id, **exports)
    made = ("video-compressed.mp4", "photo.webp", "small.mp4", "photo.avif")
    assert [name for name in made if not (reader.folder / name).stat().st_size] == []


def test_a_voiceover_is_made_here_and_there(reader: Reader) -> None:
    _, made, _ = reader.follow("voiceover.md", **{"video.mp4": "voiceover.mp4"})
    assert json.loads(made)["jobId"]
    assert (reader.folder / "voiceover.mp4").stat().st_size


def test_clips_are_fetched_opened_and_deleted(tmp_path: Path) -> None:
    """Of a job that ended as if it had been worked on; tests/e2e/test_clips.py has a real one."""
    folder = prepared(tmp_path)
    with steps.opened(tmp_path / "data", clock=system_clock) as telecine, served(telecine) as api:
        customer = customer_of(telecine, email=LOCAL_EMAIL)
        with httpx2.Client(base_url=api.url, headers=customer.headers) as client:
            reader = Reader(folder=folder, url=api.url, key=customer.key, data=tmp_path / "data")
            hand_in, ask, delete, to_project, edit = blocks("clips-from-a-talk.md")
            job_id = json.loads(reader.run(hand_in))["job_id"]
            clipping.finish(telecine, job_id, clip=(folder / "video.mp4").read_bytes())
            told = json.loads(reader.run(ask, job_x712knjxy3o9=job_id))
            clip_id = told["clips"][0]["clip_id"]
            opened = json.loads(reader.run(to_project, clip_x712knjxy3o901=clip_id))
            reader.run(
                edit,
                **{
                    "/12": f"/{opened['id']}",
                    "you@example.com": LOCAL_EMAIL,
                    "/tracks/3": "/tracks/1",
                },
            )
            one = f"/api/video-project/{opened['id']}"
            shown = client.get(one, params={"email": LOCAL_EMAIL}).json()["data"]
            assert "Telecine" in json.dumps(shown["composition"])
            assert shown["status"] == "rendering"
            reader.run(delete, job_x712knjxy3o9=job_id)
            assert client.get(told["clips"][0]["download_url"]).status_code in {404, 410}
