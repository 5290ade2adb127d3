"""Jobs whose files are others than the door saw: refused again by the worker, before any model runs.

Good files go in as a client sends them; then the stored bytes are exchanged, or the website shows
another page. So nothing that a door finds out is what keeps a job from following a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests import samples, steps, voiceovers
from tests.conftest import customer_of
from tests.fakes import FixedClock
from tests.hostile import bombs, drawings, playlists, walls
from tests.hostile.canaries import Canaries, canaries
from tests.websites import NETWORKS, Site, site

from telecine.api.app import create_app
from telecine.assembly import Telecine
from telecine.core import jobs
from telecine.core.accounts import Account
from telecine.core.jobs import JobDetails
from telecine.media.errand import Errand
from telecine.media.ffmpeg import FFmpeg

REACHING = (
    *("hls-absolute", "hls-http", "hls-key", "concat-sibling", "concat-http", "dash-absolute"),
    *("dash-entity", "list-smil", "sdp", "lavfi", "mlv", "mov-dref-url", "mov-reference-movie"),
    *("subtitles-ass", "picture-mvg", "hidden-hls-behind-id3", "hidden-hls-in-avi"),
)
#: For what opens pictures only, which knows fewer tricks.
OF_PICTURES = (
    *("hls-absolute", "dash-entity", "mlv", "picture-mvg", "hidden-hls-in-avi"),
    *("svg-image-path", "svg-entity"),
)
#: Those that a demuxer follows once it may.
WORST = ("hls-http", "concat-http", "dash-absolute", "mov-dref-url")
FILM, PICTURE = "hidden-hls-behind-film", "hidden-zip-behind-picture"

FILM_BOMBS = (
    *("mov-lying-size", "mov-nested", "mov-streams", "mov-samples", "mov-late", "mov-packed-index"),
    *("mkv-nested", "flv-nested", "avi-lying", "ts-nothing", "ogg-nothing", "gif-film"),
)
PICTURE_BOMBS = (
    *("png-large", "png-edge", "png-cut", "gif-both", "webp-canvas", "tiff-ring", "jpeg-large"),
    "jpeg-scans",
)
SOUND_BOMBS = ("wav-channels", "wav-rate", "wav-slow", "mp3-tag", "flac-picture", "caf-lying")

VERDICTS = {
    *("unsupported_media", "undecodable_media", "media_limit", "processing_limit"),
    *("processing_timeout", "processing_failed"),
}
#: Words by which an error says which of the files it means: voiceovers have two.
VIDEO, IMAGE, SOUND = ("video", "file", "frame"), ("image",), ("audio",)
MODELS = {"captions": "true", "mode": "auto"}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A whole Telecine, a customer of it, good files; `ran` has the children that ran a model."""

    telecine: Telecine
    client: TestClient
    account: Account
    clock: FixedClock
    film: Path
    good: voiceovers.Files
    site: Site
    ran: list[str]

    def details(self, job_id: str) -> JobDetails:
        with self.telecine.db.snapshot() as tx:
            return jobs.details(tx, jobs.get(tx, job_id))

    def exchange(self, job_id: str, content: bytes, *, number: int = 0) -> str:
        """Have other bytes lie where a job's file does."""
        path = self.telecine.blobs.local_path(self.details(job_id).inputs[number].blob_key)
        assert path is not None
        path.write_bytes(content)
        return job_id

    def of_a_film(self, content: bytes, **fields: str) -> str:
        """Clips of a film that was sent."""
        self.clock.advance(seconds=61)  # the minute of the rate limit
        answer = steps.send(self.client, self.film, to="/api/v1/process", **fields)
        assert answer.status_code == 202, answer.text
        return self.exchange(answer.json()["job_id"], content)

    def of_a_page(self, content: bytes, **facts: str) -> str:
        """Clips of a film on the web, where something else lies when the worker comes."""
        self.clock.advance(seconds=61)
        url = self.site.put("/talk.mp4", self.film.read_bytes())
        answer = self.client.post("/api/v1/process", json={"video_url": url})
        assert answer.status_code == 202, answer.text
        self.site.put("/talk.mp4", content, **facts)
        return str(answer.json()["job_id"])

    def of_an_image(self, content: bytes) -> str:
        """A voiceover whose picture is another."""
        self.clock.advance(seconds=61)
        return self.exchange(voiceovers.submit(self.client, self.good, **MODELS), content)

    def of_a_sound(self, content: bytes) -> str:
        """A voiceover whose sound is another."""
        self.clock.advance(seconds=61)
        job_id = voiceovers.submit(self.client, self.good, **MODELS)
        return self.exchange(job_id, content, number=1)

    def run(self, job_id: str) -> JobDetails:
        """Run a job to its end. It ends once: the same ticket is void afterwards."""
        steps.run(self.telecine, job_id)
        ended = self.details(job_id)
        steps.run(self.telecine, job_id)
        assert self.details(job_id) == ended
        assert ended.job.attempt == 1
        return ended

    def require_refused(self, job_id: str, words: tuple[str, ...]) -> None:
        """Run it; it says which file is at fault, costs nothing, and nothing is left of it."""
        job = self.run(job_id).job
        assert (job.status, job.error_code in VERDICTS) == ("failed", True), (job, job.error_code)
        said = job.error_message or ""
        assert any(word in said.lower() for word in words), said
        assert [name for name in steps.files_on_disk(self.telecine) if job_id in name] == []

    def require_free(self) -> None:
        """All that was held has come back."""
        available = sum(
            amount
            for _, book, amount in steps.movements(self.telecine, self.account)
            if book == "available"
        )
        assert available == 0
        assert self.ran == []


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    with canaries(tmp_path_factory.mktemp("canaries") / "other") as made:
        yield made


@pytest.fixture(scope="module")
def attacks(canary: Canaries, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    files = playlists.write_all(tmp_path_factory.mktemp("attacks"), canary)
    found = {name: files[name].read_bytes() for name in (*REACHING, FILM, PICTURE)}
    shapes = drawings.reaching(canary)
    return {**found, **{f"svg-{name}": shapes[name] for name in ("image-path", "entity")}}


@pytest.fixture
def house(
    canary: Canaries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    """No canary may have been touched when it is left."""
    film = samples.make_video(tmp_path / "talk.mp4", seconds=2, fps=5, size=(64, 48))
    ran: list[str] = []
    real = Errand.run

    def told(self: Errand[Any], ffmpeg: FFmpeg, **options: Any) -> None:
        ran.append(self.module)
        real(self, ffmpeg, **options)

    monkeypatch.setattr(Errand, "run", told)
    clock = FixedClock()
    with (
        steps.opened(tmp_path / "data", clock=clock, allow_networks=NETWORKS) as telecine,
        TestClient(create_app(telecine.services()), raise_server_exceptions=False) as client,
        site() as web,
    ):
        customer = customer_of(telecine)
        client.headers.update(customer.headers)
        canary.forget()
        yield House(
            telecine=telecine,
            client=client,
            account=customer.account,
            clock=clock,
            film=film,
            good=voiceovers.files(tmp_path),
            site=web,
            ran=ran,
        )
        assert canary.touched() == []


def chosen(contents: Mapping[str, bytes], names: Sequence[str]) -> dict[str, bytes]:
    return {name: contents[name] for name in names}


def cut(content: bytes) -> dict[str, bytes]:
    """What came of a file whose sender went away."""
    return {"empty": b"", "head": content[:100], "half": content[: len(content) // 2]}


def test_no_clip_is_made_of_another_file_than_was_sent(
    house: House, attacks: Mapping[str, bytes]
) -> None:
    sent = chosen(attacks, (*REACHING, "svg-image-path"))
    sent |= chosen(bombs.films(), FILM_BOMBS)
    for content in (sent | cut(house.film.read_bytes())).values():
        house.require_refused(house.of_a_film(content), VIDEO)
    for name in WORST:
        house.require_refused(house.of_a_page(attacks[name]), VIDEO)
    house.require_free()


def test_no_clip_is_made_of_an_address_that_leads_elsewhere(house: House, canary: Canaries) -> None:
    job_id = house.of_a_page(b"", location=f"file://{canary.film}")
    job = house.run(job_id).job
    assert (job.status, job.error_code) == ("failed", "blocked_address"), job.error_message
    assert house.site.url in (job.error_message or "")
    house.require_free()


def test_no_voiceover_is_made_of_another_picture(
    house: House, attacks: Mapping[str, bytes]
) -> None:
    sent = chosen(attacks, OF_PICTURES)
    sent |= chosen(bombs.pictures(), PICTURE_BOMBS)
    for content in (sent | cut(house.good.image)).values():
        house.require_refused(house.of_an_image(content), IMAGE)
    house.require_free()


def test_no_voiceover_is_made_of_another_sound(house: House, attacks: Mapping[str, bytes]) -> None:
    sent = chosen(attacks, (*REACHING, "svg-image-path"))
    sent |= chosen(bombs.sounds(), SOUND_BOMBS)
    sent |= {"empty": b"", "head": house.good.audio[:100]}
    for content in sent.values():
        house.require_refused(house.of_a_sound(content), SOUND)
    house.require_free()


@pytest.mark.parametrize("wall", walls.WALLS)
def test_no_worker_that_lacks_a_wall_follows_one(
    house: House, attacks: Mapping[str, bytes], wall: str
) -> None:
    """Another verdict may come of it, but no fault of ours. The door has all walls."""
    made: list[str] = []
    for name in WORST:
        payer = customer_of(house.telecine, email=f"{name}@example.com")  # one voiceover at a time
        house.client.headers.update(payer.headers)
        made += [house.of_a_film(attacks[name]), house.of_a_sound(attacks[name])]
    with (
        walls.without(wall),
        steps.opened(house.telecine.settings.data_dir, clock=house.clock) as worker,
    ):
        for job_id in made:
            job = replace(house, telecine=worker).run(job_id).job
            assert job.status == "succeeded" or job.error_code in VERDICTS, job


def test_a_film_that_grows_while_it_is_looked_at_is_refused(house: House) -> None:
    film = bombs.films()["mov-later-size"]
    segments = json.dumps([{"start": 0, "end": 1.5}])
    house.require_refused(house.of_a_film(film, segments=segments), VIDEO)


def test_what_lies_behind_good_files_is_never_opened(
    house: House, attacks: Mapping[str, bytes], canary: Canaries
) -> None:
    """The models run here: a picture with an archive behind it, and a film with a playlist."""
    playlist = attacks[FILM].removeprefix(canary.film.read_bytes())
    canary.forget()
    silent = samples.make_video(house.film.with_name("s.mp4"), seconds=2, fps=5, audio=False)
    segments = json.dumps([{"start": 0, "end": 1.5}])
    made = house.run(house.of_a_film(silent.read_bytes() + playlist, segments=segments))
    assert made.job.status == "succeeded", made.job.error_message
    made = house.run(house.of_an_image(attacks[PICTURE]))
    assert made.job.status == "succeeded", made.job.error_message
    assert set(house.ran) == {"telecine.media.seeing.child", "telecine.media.speech.child"}
