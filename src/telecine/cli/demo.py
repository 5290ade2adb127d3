"""`demo`: a server of its own, real jobs through its HTTP API, and what came out.

Nothing here is special: the media are made with the installed ffmpeg, the server is `serve`,
and the jobs go through the same client library that anybody can use. One thing cannot be made:
somebody who speaks. That is eleven seconds of John F. Kennedy, 1961, which package.json brings.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from telecine import settings
from telecine.cli.local_server import local_server
from telecine.cli.sizes import size_text
from telecine.cli.tables import console
from telecine.cli.target import workspace
from telecine.cli.welcome import LOCAL_EMAIL
from telecine.kit.errors import ProcessingError
from telecine.media.ffmpeg import find_ffmpeg
from telecine_client import Client

_console = console()
_PATIENCE_SECONDS: Final = 120
_SPEECH: Final = Path(__file__).parent / "vendor" / "speech" / "jfk.wav"
_POLL_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One finished job of the demo."""

    job: str
    seconds: float
    input_bytes: int
    output: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The media that the demo works on."""

    video: Path
    image: Path
    talk: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server as clients see it: through our own client, and through plain HTTP."""

    client: Client
    http: httpx2.Client


#: Runs one job: (server, sample, output folder, progress report) -> what went in, what came out.
Job = Callable[[Server, Sample, Path, Callable[[float], None]], tuple[Path, Path]]


def run(output: Path) -> None:
    """Run all jobs, print the table. Raises what a job raised: then the demo has failed."""
    output.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with workspace() as folder:
        with _console.status("Making a video and a picture…"):
            sample = make_sample(folder)
        _console.print("Starting a server…")
        with (
            local_server(folder / "data") as here,
            Client(here.url, here.key) as client,
            httpx2.Client(
                base_url=here.url, headers={"X-API-Key": here.key}, timeout=_PATIENCE_SECONDS
            ) as http,
        ):
            _console.print(f"A server with one worker listens on {here.url}")
            before = client.usage().credits.balance
            rows = list(_jobs(Server(client=client, http=http), sample, output))
            spent = before - client.usage().credits.balance
    _console.print(_table(rows))
    _console.print(
        f"{len(rows)} jobs in {time.monotonic() - began:.0f} s, {spent} credits. "
        f"The files are in {output}/"
    )


def make_sample(folder: Path) -> Sample:
    """Make six seconds of 720p video with sound, and a 12-megapixel photo-like picture.

    The talk is a voice over the same moving picture: nobody is seen who speaks.
    """
    video, image, talk = folder / "holiday.mp4", folder / "photo.png", folder / "speech.mp4"
    _ffmpeg(
        "-f", "lavfi", "-i", "gradients=s=1280x720:n=5:speed=0.03:d=6:r=30:seed=7",
        "-f", "lavfi", "-i", "aevalsrc='0.2*sin(2*PI*(220+60*sin(t*2))*t)':d=6:s=48000",
        "-vf", "noise=alls=5:allf=t,drawbox=x='mod(t*160\\,1280)':y=300:w=120:h=120:color=white@0.9:t=fill",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", str(video),
    )  # fmt: skip
    _ffmpeg(
        "-f", "lavfi", "-i", "gradients=s=4000x3000:n=6:seed=3:d=1",
        "-vf", "noise=alls=4,format=rgb24", "-frames:v", "1", str(image),
    )  # fmt: skip
    # Once more is enough for eleven seconds; of an endless film, `-shortest` may copy far too much.
    _ffmpeg(
        "-stream_loop", "1", "-i", str(video), "-i", str(_SPEECH), "-map", "0:v", "-map", "1:a",
        "-shortest", "-c:v", "copy", "-c:a", "aac", str(talk),
    )  # fmt: skip
    return Sample(video=video, image=image, talk=talk)


def _compress(name: str, **options: str) -> Job:
    def job(
        server: Server, sample: Sample, output: Path, report: Callable[[float], None]
    ) -> tuple[Path, Path]:
        client = server.client
        submitted = client.compress(sample.video, extra=options)
        client.wait(submitted.id, on_progress=lambda now: report(now.progress / 100))
        return sample.video, client.download(submitted.id, to=output / name)

    return job


def _convert(name: str, **options: str) -> Job:
    def job(
        server: Server, sample: Sample, output: Path, report: Callable[[float], None]
    ) -> tuple[Path, Path]:
        server.client.convert(sample.image, extra=options, to=output / name)
        report(1.0)
        return sample.image, output / name

    return job


def _render(
    server: Server, sample: Sample, output: Path, report: Callable[[float], None]
) -> tuple[Path, Path]:
    """Upload a film, put words over it, render the whole, fetch it."""
    with sample.video.open("rb") as file:
        uploaded = _reply(server.http.post("/api/v1/upload", files={"file": file}))
    config = _titled(uploaded["assets"][0]["url"])
    task = f"/api/v1/video/{_reply(server.http.post('/api/v1/video', json={'config': config}))['taskId']}"
    _reply(server.http.post(f"{task}/render", json={}))
    while (now := _reply(server.http.get(task)))["status"] == "rendering":
        report(now["progress"] / 100)
        time.sleep(_POLL_SECONDS)
    if now["status"] != "completed":
        raise ProcessingError(f"The render failed: {now['error']}")
    return sample.video, _fetched(server, now["videoUrl"], to=output / "holiday-titled.mp4")


def _project(
    server: Server, sample: Sample, output: Path, report: Callable[[float], None]
) -> tuple[Path, Path]:
    """Begin a project with a template, put a picture and words of one's own in, render it."""
    with sample.image.open("rb") as file:
        uploaded = _reply(server.http.post("/api/v1/upload", files={"file": file}))
    owner = {"email": LOCAL_EMAIL}
    made = server.http.post("/api/video-project", json={**owner, "templateId": "product-promo"})
    project = f"/api/video-project/{_reply(made)['data']['id']}"
    change = {
        "assets": {"picture": _picture(uploaded["assets"][0]["url"])},
        "items": {"product": {"text": "Holiday"}, "tagline": {"text": "Six days of colour"}},
    }
    body = {**owner, "operation": "deep-merge", "data": {"composition": change}}
    _reply(server.http.patch(f"{project}/composition", json=body))
    _reply(server.http.post(f"{project}/render", json={**owner, "width": 1280}))
    while (now := _project_now(server, project))["status"] == "rendering":
        report(now["render_progress"] / 100)
        time.sleep(_POLL_SECONDS)
    if now["status"] != "completed":
        raise ProcessingError(f"The render failed: {now['render_error']}")
    return sample.image, _fetched(server, now["render_url"], to=output / "holiday-promo.mp4")


def _clips(
    server: Server, sample: Sample, output: Path, report: Callable[[float], None]
) -> tuple[Path, Path]:
    """Have somebody's words heard and their best part made a clip for phones."""
    submitted = server.client.clips(sample.talk, extra={"quality": "fast"})
    done = server.client.wait_for_clips(
        submitted.id, on_progress=lambda now: report(now.progress / 100)
    )
    link = done.raw["clips"][0]["download_url"]
    return sample.talk, server.client.fetch(link, to=output / "speech-clip.mp4")


def _voiceover(
    server: Server, sample: Sample, output: Path, report: Callable[[float], None]
) -> tuple[Path, Path]:
    """Make a film of a picture and a voice, with what is said written over it."""
    with sample.image.open("rb") as image, _SPEECH.open("rb") as audio:
        sent = {"image": image, "audio": audio}
        wishes = {"aspect": "9:16", "width": "720", "captions": "true"}
        job = _reply(server.http.post("/api/jobs", files=sent, data=wishes))["jobId"]
    state = f"/api/status/{job}"
    while (now := _reply(server.http.get(state)))["status"] in ("PENDING", "PROCESSING"):
        report((now["progress"] or 0) / 100)
        time.sleep(_POLL_SECONDS)
    if now["status"] != "COMPLETED":
        raise ProcessingError(f"The voiceover failed: {now['errorMessage']}")
    return sample.image, _fetched(server, now["outputVideo"], to=output / "voiceover.mp4")


def _project_now(server: Server, project: str) -> dict[str, Any]:
    data: dict[str, Any] = _reply(server.http.get(project, params={"email": LOCAL_EMAIL}))["data"]
    return data


def _picture(url: str) -> dict[str, str | None]:
    """Return what makes the template's drawing a picture of one's own: null takes a key away."""
    return {"type": "image", "remoteUrl": url, "svg": None}


def _fetched(server: Server, url: str, *, to: Path) -> Path:
    with server.http.stream("GET", url) as answer, to.open("wb") as file:
        answer.raise_for_status()
        for block in answer.iter_bytes():
            file.write(block)
    return to


def _titled(src: str) -> dict[str, Any]:
    """Return a composition: a film, a title that comes and goes, and how far it has run."""
    fade = {"type": "fadeIn", "duration": 0.6}
    title = {
        "type": "text", "text": "Holiday", "start": 0.4, "duration": 4.6,
        "style": {"fontSize": 160, "fontWeight": 800, "shadowColor": "#0008", "shadowBlur": 24},
        "animations": [fade, {"type": "fadeOut", "duration": 0.6}],
    }  # fmt: skip
    film = {"type": "video", "src": src, "start": 0, "duration": 6, "style": {"objectFit": "cover"}}
    progress = {"type": "progress", "start": 0, "duration": "end", "color": "#fde047", "zIndex": 9}
    meta = {"version": "2.0.0", "width": 1280, "height": 720, "fps": 30}
    return {"meta": meta, "tracks": [{"clips": [film, title]}, {"clips": [progress]}]}


def _reply(answer: httpx2.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    if answer.is_error:
        raise ProcessingError(f"{answer.request.url.path}: {body['error']}")
    return body


#: Every family that exists has its jobs here.
JOBS: dict[str, Job] = {
    "compress to H.264": _compress("holiday-h264.mp4", codec="h264"),
    "compress to H.265": _compress("holiday-h265.mp4", codec="h265"),
    "compress to AV1, 480p": _compress("holiday-av1.mp4", codec="av1", resolution="854x480"),
    "compress to at most 1 MB": _compress("holiday-1mb.mp4", method="size", target_size_mb="1"),
    "convert to WebP": _convert("photo.webp", format="webp", width="1200"),
    "convert to AVIF": _convert("photo.avif", format="avif", width="1200"),
    "render a composition": _render,
    "edit and render a project": _project,
    "clips of a speech": _clips,
    "voiceover of a picture": _voiceover,
}


def _jobs(server: Server, sample: Sample, output: Path) -> Iterator[Row]:
    columns = (
        TextColumn("{task.description:28}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    is_seen = _console.is_terminal
    with Progress(*columns, console=_console, disable=not is_seen) as progress:
        for name, job in JOBS.items():
            report = _reporting(progress, name)
            started = time.monotonic()
            source, made = job(server, sample, output, report)
            report(1.0)
            seconds = time.monotonic() - started
            if not is_seen:  # there the bars say it
                _console.print(f"{name}: {seconds:.1f} s")
            yield Row(job=name, seconds=seconds, input_bytes=source.stat().st_size, output=made)


def _reporting(progress: Progress, name: str) -> Callable[[float], None]:
    task = progress.add_task(name, total=1.0)
    return lambda done: progress.update(task, completed=done)


def _table(rows: list[Row]) -> Table:
    table = Table("job", "seconds", "in", "out", "file", pad_edge=False)  # 79 columns
    for column in table.columns:
        column.no_wrap = True
    table.columns[4].overflow = "ignore"  # it is there to be copied
    for column in table.columns[1:4]:
        column.justify = "right"
    for row in rows:
        table.add_row(
            row.job,
            f"{row.seconds:.1f}",
            size_text(row.input_bytes),
            size_text(row.output.stat().st_size),
            row.output.name,
        )
    return table


def _ffmpeg(*arguments: str) -> None:
    program = str(find_ffmpeg(settings.load().ffmpeg))
    subprocess.run(
        [program, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments], check=True
    )
