"""What tests of the clips family do the same way: hand in, and end a job as a worker would.

`finish` writes down what an operation would have reported, so that doors are tested without
half a minute of listening; tests/e2e/test_clips.py has the real thing.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from telecine.assembly import Telecine, event_bodies
from telecine.core import jobs
from telecine.core.jobs import Ending, NewFile

PROCESS, JOBS = "/api/v1/process", "/api/v1/jobs"
FILM = b"the whole film"
#: As `media.seeing.reframing` writes it.
COMPOSITION = {
    "meta": {"version": "2.0.0", "width": 1080, "height": 1920, "fps": 30, "title": "The best"},
    "tracks": [
        {
            "id": "pictures",
            "clips": [
                {
                    "id": "shot-1",
                    "type": "video",
                    "src": "source.mp4",
                    "muted": True,
                    "start": 0,
                    "duration": 1,
                    "source": {"start": 0.5},
                }
            ],
        },
        {
            "id": "captions",
            "clips": [
                {
                    "type": "captions",
                    "start": 0,
                    "duration": 1,
                    "words": [{"word": "hello", "start": 0, "end": 0.5}],
                }
            ],
        },
    ],
}
_BODIES = event_bodies()
PARTS = dict.fromkeys(
    ("hook", "completeness", "topic", "density", "payoff", "emotion", "energy"), 0.5
)


def submit(client: httpx2.Client, **body: Any) -> dict[str, Any]:
    """Have a video accepted that is named by its address or id."""
    answer = client.post(PROCESS, json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def fetch(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    answer = client.get(f"{JOBS}/{job_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refused(answer: httpx2.Response, status: int, error: str) -> dict[str, Any]:
    """The shape of every refusal."""
    body = dict(answer.json())
    assert (answer.status_code, body["error"]) == (status, error), body
    assert {"error", "message", "code", "request_id"} <= set(body)
    assert answer.headers["x-request-id"] == body["request_id"]
    return body


def finish(
    telecine: Telecine,
    job_id: str,
    *,
    n_clips: int = 2,
    minutes: int = 1,
    begun_seconds_ago: float = 0.0,
    clip: bytes | None = None,
) -> None:
    """Begin and end a job well, with files of a few bytes, or with `clip` for its films."""
    now = telecine.clock()
    begun = now - timedelta(seconds=begun_seconds_ago)
    with telecine.db.transaction() as tx:
        job = jobs.start(
            tx, job_id, ticket=1, worker_id="w-1", most=3, ending=Ending(now=begun, bodies=_BODIES)
        )
        assert job is not None
    outputs: list[NewFile] = []

    def keep(filename: str, content: bytes, media_type: str) -> int:
        path: Path = telecine.blobs.stage(".test")
        path.write_bytes(content)
        key = f"outputs/{job_id}/{filename}"
        telecine.blobs.adopt(path, key)
        outputs.append(
            NewFile(blob_key=key, filename=filename, media_type=media_type, size_bytes=len(content))
        )
        return len(outputs) - 1

    clips = [
        {
            "number": number,
            **clip_facts(job.params),
            "outputs": {
                "video": keep(f"clip-{number:02}.mp4", clip or b"film %d" % number, "video/mp4"),
                "srt": keep(f"clip-{number:02}.srt", b"1\n", "application/x-subrip"),
                "vtt": keep(f"clip-{number:02}.vtt", b"WEBVTT\n", "text/vtt"),
                "composition": keep(
                    f"clip-{number:02}.json", msgspec.json.encode(COMPOSITION), "application/json"
                ),
            },
        }
        for number in range(1, n_clips + 1)
    ]
    places = {"transcript": keep("transcript.json", b"{}", "application/json")}
    if job.params["keeps_film"]:
        places["film"] = keep("source.mp4", FILM, "video/mp4")
    facts = {
        "clips": clips,
        "outputs": places,
        "text_outputs": {
            "twitter_thread": "1/ One.\n\n2/ Two.",
            "linkedin_post": "One.",
            "blog_post": "# One",
        },
        "text_outputs_model": "extractive",
        "chosen_by": "local",
        "note": "",
        "language": "en",
        "speech_model": "base",
        "source": {
            "filename": "source.mp4",
            "duration_seconds": 2.0,
            "width": 320,
            "height": 240,
            "size_bytes": len(FILM),
        },
        "minutes": minutes,
    }
    with telecine.db.transaction() as tx:
        assert jobs.succeed(
            tx,
            job,
            facts=facts,
            outputs=outputs,
            ending=Ending(now=now, bodies=_BODIES),
            expires_at=now + timedelta(days=30),
        )


def clip_facts(params: Any) -> dict[str, Any]:
    """What an operation says of a clip."""
    return {
        "title": "The best moment",
        "virality_score": 87,
        "score_parts": PARTS,
        "reasons": ["It begins with a question."],
        "start_seconds": 0.5,
        "end_seconds": 1.5,
        "duration_seconds": 1.0,
        "resolution": "1080x1920",
        "caption_style": params["caption_style"] if params["captions"] else None,
        "aspect": params["aspect"],
        "language": "en",
    }
