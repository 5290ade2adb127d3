"""Clients of all families, each with one job under way: hand in, follow to the end, begin again.

What they were told with a 2xx is a promise, and noted. What failed on the way is tried again, as
clients do; what no client should ever see is noted as well.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
from tests import projects, samples, voiceovers
from tests.faults.server import Server

from telecine.cli.welcome import LOCAL_EMAIL

_ENDED: Final = frozenset({"completed", "failed", "cancelled"})
_PAUSE_SECONDS: Final = 0.3
_PATIENCE_SECONDS: Final = 180.0
#: What is said of a confined process that was killed under the request, and so was the next one.
_KILLED: Final = ("could not be started", "needed more memory")
_COMPOSITION: Final[Mapping[str, Any]] = {
    "meta": {"version": "2.0.0", "width": 320, "height": 180, "fps": 10},
    "tracks": [{"clips": [{"type": "text", "text": "Hello", "start": 0, "duration": 3}]}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What is sent."""

    film: Path
    silent: Path
    picture: Path
    voice: voiceovers.Files

    @classmethod
    def made(cls, folder: Path) -> Media:
        """Small, but long enough that an encoder can be hit."""
        return cls(
            film=samples.make_video(folder / "film.mp4", seconds=4, size=(640, 360)),
            silent=samples.make_video(
                folder / "silent.mp4", seconds=2, size=(320, 180), fps=5, audio=False
            ),
            picture=samples.astronaut(),
            voice=voiceovers.files(folder),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A job that was promised, and where it is told of."""

    job_id: str
    family: str
    url: str


@dataclass(slots=True)
class Notes:
    """What clients were told. `refusals` has (status, code) of what was not accepted."""

    accepted: list[Accepted] = field(default_factory=list)
    n_pictures: int = 0
    refusals: Counter[tuple[int, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Clients:
    """One thread for each of `_FAMILIES`, from `start` to `stop`."""

    def __init__(self, server: Server, media: Media, *, hook: str) -> None:
        self.notes = Notes()
        self._server = server
        self._media = media
        self._hook = hook
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._go_on, args=(name, submit), name=name, daemon=True)
            for name, submit in _FAMILIES.items()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Hand nothing more in; returns when no request is under way."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self, family: str, submit: Submit) -> None:
        while not self._is_over.is_set():
            running = self._server.now
            if running is None:
                self._is_over.wait(_PAUSE_SECONDS)
                continue
            headers = {"Authorization": f"Bearer {self._server.key}"}
            try:
                with httpx2.Client(
                    base_url=running.url, headers=headers, timeout=_PATIENCE_SECONDS
                ) as http:
                    self._one(http, family, submit)
            except httpx2.TransportError:
                self._is_over.wait(_PAUSE_SECONDS)

    def _one(self, http: httpx2.Client, family: str, submit: Submit) -> None:
        answer = submit(http, self._media, self._hook)
        if isinstance(answer, httpx2.Response):
            self._note_refusal(answer)
            self._is_over.wait(_PAUSE_SECONDS)
            return
        if answer is None:
            self.notes.n_pictures += 1
            return
        job_id, url = answer
        self.notes.accepted.append(Accepted(job_id=job_id, family=family, url=url))
        while not self._is_over.wait(_PAUSE_SECONDS):
            told = http.get(url)
            if told.status_code == 404:
                self.notes.wrong.append(f"{family} {job_id}: accepted, and unknown: {told.text}")
                return
            if told.is_success and _status(told) in _ENDED:
                return
            if not told.is_success:
                self._note_refusal(told)

    def _note_refusal(self, answer: httpx2.Response) -> None:
        try:
            body = answer.json()
            code = str(body.get("code") or body.get("error"))
        except ValueError:
            code = answer.text[:80]
        self.notes.refusals[answer.status_code, code] += 1
        if answer.status_code == 500 and not any(words in answer.text for words in _KILLED):
            self.notes.wrong.append(f"{answer.request.method} {answer.request.url}: {answer.text}")


def _status(told: httpx2.Response) -> str:
    body = told.json()
    return str(body.get("data", body)["status"]).lower()


#: The id and the address of an accepted job; None for work that is done already; or a refusal.
Answer = tuple[str, str] | None | httpx2.Response
Submit = Callable[[httpx2.Client, Media, str], Answer]


def _compress(http: httpx2.Client, media: Media, hook: str) -> Answer:
    form = {"codec": "h264", "webhook_url": hook}
    answer = http.post("/api/v1/compress", files=_file(media.film), data=form)
    return _job(answer, "job_id", "/api/v1/status/{}")


def _convert(http: httpx2.Client, media: Media, hook: str) -> Answer:
    form = {"format": "webp", "webhook_url": hook}
    answer = http.post("/api/v1/convert?async=true", files=_file(media.picture), data=form)
    return _job(answer, "job_id", "/api/v1/status/{}")


def _convert_at_once(http: httpx2.Client, media: Media, _hook: str) -> Answer:
    answer = http.post("/api/v1/convert", files=_file(media.picture), data={"format": "jpeg"})
    return None if answer.is_success else answer


def _video(http: httpx2.Client, _media: Media, hook: str) -> Answer:
    made = http.post("/api/v1/video", json={"config": _COMPOSITION})
    if not made.is_success:
        return made
    url = f"/api/v1/video/{made.json()['taskId']}"
    body = {"webhook_url": hook, "num_workers": 2}
    return _job(http.post(f"{url}/render", json=body), "renderTaskId", url)


def _project(http: httpx2.Client, _media: Media, hook: str) -> Answer:
    whose = {"email": LOCAL_EMAIL}
    made = http.post(projects.URL, json={**whose, "composition": projects.composition()})
    if not made.is_success:
        return made
    url = f"{projects.URL}/{made.json()['data']['id']}"
    answer = http.post(f"{url}/render", json={**whose, "webhook_url": hook})
    return _job(answer, "render_id", f"{url}?email={LOCAL_EMAIL}")


def _clips(http: httpx2.Client, media: Media, hook: str) -> Answer:
    """Of a film without sound, by parts: nobody listens, which is what takes time elsewhere."""
    form = {
        "segments": '[{"start": 0, "end": 1}]',
        "aspect": "1:1",
        "quality": "fast",
        "webhook_url": hook,
    }
    answer = http.post("/api/v1/process", files=_file(media.silent), data=form)
    return _job(answer, "job_id", "/api/v1/jobs/{}")


def _voiceover(http: httpx2.Client, media: Media, _hook: str) -> Answer:
    answer = voiceovers.made(http, media.voice, {"mode": "still"})
    return _job(answer, "jobId", "/api/status/{}")


def _file(path: Path) -> dict[str, tuple[str, bytes]]:
    return {"file": (path.name, path.read_bytes())}


def _job(answer: httpx2.Response, name: str, url: str) -> Answer:
    if not answer.is_success:
        return answer
    body = answer.json()
    job_id = str(body.get("data", body)[name])
    return job_id, url.format(job_id)


_FAMILIES: Final[Mapping[str, Submit]] = {
    "compress": _compress,
    "convert": _convert,
    "convert at once": _convert_at_once,
    "video": _video,
    "projects": _project,
    "clips": _clips,
    "voiceover": _voiceover,
}
