"""What tests of voiceovers share: two small files, and the door that takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pyvips
from tests import samples

from telecine.assembly import Telecine, event_bodies
from telecine.core import jobs
from telecine.core.jobs import Ending, Job, NewFile

#: Where tests make and list jobs.
JOBS = "/api/jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is sent, whatever its names say."""

    image: bytes
    audio: bytes


def files(folder: Path) -> Files:
    """A JPEG of 160x120, and half a second of MP3."""
    gradient = pyvips.Image.xyz(160, 120).bandjoin(pyvips.Image.black(160, 120) + 90)
    sound = samples.make_audio(folder / "voice.mp3", seconds=0.5)
    image = gradient.cast("uchar").copy(interpretation="srgb").write_to_buffer(".jpg")
    return Files(image=image, audio=sound.read_bytes())


def made(
    client: httpx2.Client,
    sent: Files,
    fields: Mapping[str, str] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> httpx2.Response:
    """POST both files as a browser's form does."""
    parts = {
        "image": ("portrait.jpg", sent.image, "image/jpeg"),
        "audio": ("voiceover.mp3", sent.audio, "audio/mpeg"),
    }
    return client.post(JOBS, files=parts, data=dict(fields or {}), headers=dict(headers or {}))


def submit(client: httpx2.Client, sent: Files, **fields: str) -> str:
    """Have a job accepted; returns its id."""
    answer = made(client, sent, fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["jobId"])


def status_of(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    """What the status door says of a job."""
    answer = client.get(f"/api/status/{job_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refused(answer: httpx2.Response) -> tuple[int, str | None]:
    """Return status and field; holds the one shape of an error."""
    body = answer.json()
    assert set(body) - {"field"} == {"error", "code", "request_id"}, body
    assert body["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body.get("field")


def begin(telecine: Telecine, job_id: str) -> Job:
    """Have a worker take a job up, on paper."""
    ending = Ending(now=telecine.clock())
    with telecine.db.transaction() as tx:
        ticket = jobs.get(tx, job_id).ticket
        started = jobs.start(tx, job_id, ticket=ticket, worker_id="w-1", most=3, ending=ending)
    assert started is not None
    return started


def finish(telecine: Telecine, job_id: str) -> None:
    """End a job well without doing the work: what it made is two files with nothing in them."""
    kinds = {"video.mp4": "video/mp4", "poster.jpg": "image/jpeg"}
    outputs: list[NewFile] = []
    for filename, media_type in kinds.items():
        key = f"outputs/{job_id}/{filename}"
        staged = telecine.blobs.stage(".test")
        staged.write_bytes(b"nothing")
        telecine.blobs.adopt(staged, key)
        outputs.append(
            NewFile(blob_key=key, filename=filename, media_type=media_type, size_bytes=7)
        )
    job, now = begin(telecine, job_id), telecine.clock()
    with telecine.db.transaction() as tx:
        jobs.succeed(
            tx,
            job,
            facts={"duration_seconds": 0.5},
            outputs=outputs,
            ending=Ending(now=now, bodies=event_bodies()),
            expires_at=now + timedelta(days=30),
        )
