"""The clips document's own commands against a real server: host, key, ids and the address of the
video are changed, and nothing else.

The film is a COMPOSITE: five sentences of a LibriVox reader over a man beside his screen.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest
from tests import debian, samples, spoken
from tests.websites import NETWORKS, Site, site

from telecine.cli.local_server import LocalServer, local_server
from telecine.cli.welcome import LOCAL_EMAIL

PROCESS = """\
curl -X POST https://api.klipfast.com/api/v1/process \\
-H "Authorization: Bearer YOUR_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{"video_url":"https://example.com/video.mp4","quality":"balanced"}'
"""
JOB = """\
curl https://api.klipfast.com/api/v1/jobs/job_abc123 \\
-H "Authorization: Bearer YOUR_API_KEY"
"""
JOBS = """\
curl "https://api.klipfast.com/api/v1/jobs?limit=20" \\
-H "Authorization: Bearer YOUR_API_KEY"
"""
CLIP = """\
curl https://api.klipfast.com/api/v1/clips/clip_xyz \\
-H "Authorization: Bearer YOUR_API_KEY"
"""
USAGE = """\
curl https://api.klipfast.com/api/v1/usage \\
-H "Authorization: Bearer YOUR_API_KEY"
"""
PATIENCE_SECONDS = 600


class Client:
    """Runs the commands of the document."""

    def __init__(self, server: LocalServer, video_url: str) -> None:
        self.server = server
        self.ids = {"https://example.com/video.mp4": video_url}

    def run(self, command: str) -> dict[str, Any]:
        changed = command.replace("https://api.klipfast.com", self.server.url)
        changed = changed.replace("YOUR_API_KEY", self.server.key)
        for example, real in self.ids.items():
            changed = changed.replace(example, real)
        done = subprocess.run(
            ["sh", "-c", changed], capture_output=True, text=True, timeout=180, check=True
        )
        return dict(json.loads(done.stdout))

    def finished(self, command: str) -> dict[str, Any]:
        """Ask again and again, as a client does, until the job has ended."""
        told, pause = self.run(command), threading.Event()
        for _ in range(PATIENCE_SECONDS):
            if told["status"] in {"completed", "failed"}:
                break
            pause.wait(1)
            told = self.run(command)
        assert told["status"] == "completed", told
        return told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    settings = {"TELECINE_ALLOW_NETWORKS": NETWORKS, "TELECINE_WHISPER_MODEL": "tiny.en"}
    with local_server(tmp_path_factory.mktemp("serve") / "data", environment=settings) as running:
        yield running


@pytest.fixture(scope="module")
def web() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture(scope="module")
def talk(web: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Half a minute, with ten pictures a second: what is drawn is what takes time."""
    folder = tmp_path_factory.mktemp("talk")
    samples.run_ffmpeg(
        *("-i", debian.talking_head(), "-an", "-vf", "scale=640:-2,fps=10"),
        *("-c:v", "libx264", "-preset", "veryfast", folder / "picture.mp4"),
    )
    film = spoken.film(folder / "talk.mp4", voices=spoken.reading(), picture=folder / "picture.mp4")
    return web.put("/talk.mp4", film.read_bytes())


def test_the_commands_of_the_document_make_clips_of_a_talk(
    server: LocalServer, talk: str, tmp_path: Path
) -> None:
    client = Client(server, talk)
    accepted = client.run(PROCESS)
    assert {"job_id", "status", "created_at", "estimated_seconds"} <= set(accepted)
    assert accepted["status"] == "queued"
    client.ids["job_abc123"] = accepted["job_id"]
    job = client.finished(JOB)
    clip = job["clips"][0]
    assert {"clip_id", "title", "virality_score", "duration_seconds", "download_url"} <= set(clip)
    assert {"twitter_thread", "linkedin_post", "blog_post"} == set(job["text_outputs"])
    assert all(job["text_outputs"].values())
    assert "respectable than he was" in json.dumps(job["text_outputs"]).lower()
    listed = client.run(JOBS)
    assert [each["job_id"] for each in listed["jobs"]] == [accepted["job_id"]]
    assert (listed["has_more"], listed["next_cursor"]) == (False, None)
    client.ids["clip_xyz"] = clip["clip_id"]
    assert client.run(CLIP) == clip
    assert (clip["resolution"], clip["caption_style"]) == ("1080x1920", "white_bold")
    used = client.run(USAGE)
    assert (used["minutes_used"], used["plan"]) == (1, "local")
    assert used["credits_remaining"] == 1_000_000 - 1
    film = tmp_path / "clip.mp4"
    film.write_bytes(httpx2.get(clip["download_url"]).content)
    with av.open(str(film)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.width, picture.height) == (1080, 1920)
        assert (picture.codec_context.name, sound.codec_context.name) == ("h264", "aac")
        assert container.duration is not None
        seconds = container.duration / av.time_base
        assert abs(seconds - clip["duration_seconds"]) < 0.3
        assert sum(1 for _ in container.decode(picture)) > 10
    words = httpx2.get(clip["srt_url"]).text
    assert words.startswith("1\n00:00:0")
    assert_opens(server, clip, tmp_path)


def assert_opens(server: LocalServer, clip: dict[str, Any], folder: Path) -> None:
    """The clip becomes a project, which is drawn from the film in the library."""
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=180) as client:
        opened = client.post(f"/api/v1/clips/{clip['clip_id']}/project").json()
        assert opened["name"] == clip["title"]
        who = {"email": LOCAL_EMAIL}
        one = f"/api/video-project/{opened['id']}"
        shown = client.get(one, params=who).json()["data"]
        assert shown["warnings"] == []
        begun = client.post(f"{one}/render", json={**who, "format": "png"})
        assert begun.status_code == 200, begun.text
        pause = threading.Event()
        for _ in range(PATIENCE_SECONDS):
            shown = client.get(one, params=who).json()["data"]
            if shown["status"] in {"completed", "failed"}:
                break
            pause.wait(0.5)
        assert shown["status"] == "completed", shown["render_error"]
        picture = folder / "frame.png"
        picture.write_bytes(client.get(shown["render_url"]).content)
    with av.open(str(picture)) as container:
        (frame,) = container.decode(video=0)
        assert (frame.width, frame.height) == (1080, 1920)
        assert frame.to_ndarray(format="gray").std() > 5
