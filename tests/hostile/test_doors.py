"""Hostile files through every door that takes files: refused or made harmless, never followed.

Each door is knocked at with all walls, and with each one away.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests import steps, voiceovers
from tests.conftest import customer_of
from tests.e2e.test_cli import telecine_command
from tests.fakes import FixedClock
from tests.hostile import drawings, playlists, walls
from tests.hostile.canaries import Canaries, canaries
from tests.projects import EMAIL
from tests.projects import URL as PROJECTS
from tests.websites import NETWORKS, site

from telecine.api.app import create_app
from telecine.assembly import Telecine
from telecine.db.tables import jobs

ATTACKS = (
    *("hls-absolute", "hls-http", "hls-key", "concat-sibling", "concat-http", "dash-absolute"),
    *("dash-entity", "list-smil", "list-imf", "sdp", "lavfi", "vobsub", "mlv", "mov-dref-url"),
    *("mov-reference-movie", "subtitles-ass", "subtitles-webvtt", "picture-mvg", "picture-eps"),
    *("hidden-hls-behind-id3", "hidden-hls-behind-film", "hidden-zip-behind-picture"),
    *("hidden-html-in-gif", "hidden-hls-in-avi"),
)
#: Those that a demuxer follows once it may.
WORST = (
    *("hls-http", "concat-sibling", "concat-http", "dash-absolute", "dash-entity", "sdp"),
    *("mov-dref-url", "hidden-hls-in-avi", "svg-image-path", "svg-use-file"),
)
DRAWINGS = ("image-path", "image-http", "use-file", "import-http", "font-file", "entity", "utf16")


#: What is a film, and what is a picture, whatever lies behind it.
FILM, PICTURE = "hidden-hls-behind-film", "hidden-zip-behind-picture"
REFUSED = {400, 413, 415, 422}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A whole Telecine that lacks a wall, a customer of it, and what must not be touched."""

    telecine: Telecine
    client: httpx2.Client
    canary: Canaries
    clock: FixedClock


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    with canaries(tmp_path_factory.mktemp("canaries") / "other") as made:
        yield made


@pytest.fixture(scope="module")
def attacks(canary: Canaries, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    files = playlists.write_all(tmp_path_factory.mktemp("attacks"), canary)
    found = {name: files[name].read_bytes() for name in ATTACKS}
    shapes = drawings.reaching(canary)
    return {**found, **{f"svg-{name}": shapes[name] for name in DRAWINGS}}


@contextmanager
def house(wall: str, canary: Canaries, folder: Path) -> Iterator[House]:
    """Nothing may have been touched when it is left."""
    clock = FixedClock()
    with (
        walls.without(wall),
        steps.opened(folder / "data", clock=clock, allow_networks=NETWORKS) as telecine,
        TestClient(create_app(telecine.services()), raise_server_exceptions=False) as client,
    ):
        client.headers.update(customer_of(telecine).headers)
        canary.forget()
        yield House(telecine=telecine, client=client, canary=canary, clock=clock)
        assert canary.touched() == []


def sent(house: House, path: str, content: bytes, *, name: str, **fields: str) -> httpx2.Response:
    house.clock.advance(seconds=61)  # the minute of the rate limit
    return house.client.post(path, files={"file": (name, content)}, data=fields)


@pytest.mark.parametrize("wall", ["none", *walls.WALLS])
def test_no_door_follows_any_of_them(
    wall: str, canary: Canaries, attacks: Mapping[str, bytes], tmp_path: Path
) -> None:
    with house(wall, canary, tmp_path) as built:
        good = voiceovers.files(tmp_path)
        if wall != "none":
            _through_all(built, {name: attacks[name] for name in WORST}, good)
            return
        _through_compress_convert_and_clips(built, attacks)
        _through_the_library(built, attacks)
        _through_voiceovers(built, attacks, good)
        _through_imports(built, attacks)
        with built.telecine.db.snapshot() as tx:
            query = sa.select(jobs.c.id).where(jobs.c.operation == "compress")
            (job_id,) = tx.execute(query).scalars()
        steps.run(built.telecine, job_id)  # a film with a playlist behind it
        assert steps.status_of(built.client, job_id)["status"] == "completed"


def _through_all(house: House, attacks: Mapping[str, bytes], good: voiceovers.Files) -> None:
    """With a wall away another verdict may come of a file, but no fault of ours."""
    for name, content in attacks.items():
        answers = [
            sent(house, "/api/v1/compress", content, name="a.mp4"),
            sent(house, "/api/v1/convert", content, name="a.png", format="webp"),
            sent(house, "/api/v1/process", content, name="a.mp4"),
            sent(house, "/api/v1/upload", content, name="a.mp4"),
            knocked(house, replace(good, image=content)),
            knocked(house, replace(good, audio=content)),
        ]
        told = {answer.status_code for answer in answers}
        assert told <= {200, 201, 202, 409, *REFUSED}, (name, told)


def _through_compress_convert_and_clips(house: House, attacks: Mapping[str, bytes]) -> None:
    for name, content in attacks.items():
        answer = sent(house, "/api/v1/compress", content, name=f"{name}.mp4")
        expected = {202} if name == FILM else REFUSED
        assert answer.status_code in expected, (name, answer.text)
        answer = sent(house, "/api/v1/convert", content, name=f"{name}.png", format="webp")
        expected = {200} if name == PICTURE else REFUSED
        assert answer.status_code in expected, (name, answer.text)
        if name != FILM:
            answer = sent(house, "/api/v1/process", content, name=f"{name}.mp4")
            assert answer.status_code in REFUSED, (name, answer.text)


def _through_the_library(house: House, attacks: Mapping[str, bytes]) -> None:
    """What is kept of drawings names nothing any more."""
    kept = {}
    for name, content in attacks.items():
        answer = sent(house, "/api/v1/upload", content, name=f"{name}.mp4")
        assert answer.status_code in {200, *REFUSED}, (name, answer.text)
        if answer.status_code == 200:
            (asset,) = answer.json()["assets"]
            kept[name] = asset["type"]
            if name.startswith("svg-"):
                told = house.client.get(asset["url"]).content
                assert b"canary" not in told
                assert house.canary.url.encode() not in told
    drawn = {f"svg-{name}": "image" for name in DRAWINGS if name != "entity"}
    assert kept == {FILM: "video", PICTURE: "image", **drawn, "subtitles-webvtt": "caption"}


def _through_voiceovers(house: House, attacks: Mapping[str, bytes], good: voiceovers.Files) -> None:
    for name, content in attacks.items():
        if name != PICTURE:
            answer = knocked(house, replace(good, image=content))
            assert answer.status_code in REFUSED, (name, answer.text)
        answer = knocked(house, replace(good, audio=content))
        assert answer.status_code in REFUSED, (name, answer.text)


def knocked(house: House, files: voiceovers.Files) -> httpx2.Response:
    house.clock.advance(seconds=61)
    return voiceovers.made(house.client, files)


def _through_imports(house: House, attacks: Mapping[str, bytes]) -> None:
    reference = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": f"file://{house.canary.film}"}
    clip: dict[str, Any] = {
        "OTIO_SCHEMA": "Clip.2",
        "name": "x",
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "source_range": None,
    }
    track = {"OTIO_SCHEMA": "Track.1", "kind": "Video", "children": [clip]}
    stack = {"OTIO_SCHEMA": "Stack.1", "children": [track]}
    document = json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack}).encode()
    for name, content in {**attacks, "otio": document}.items():
        for suffix in ("otio", "srt"):
            path = f"{PROJECTS}/import"
            answer = sent(house, path, content, name=f"{name}.{suffix}", email=EMAIL)
            assert answer.status_code in {201, *REFUSED}, (name, answer.text)


def config(**assets: Any) -> dict[str, Any]:
    text = {"type": "text", "text": "words", "start": 0, "duration": 0.4, "fontFamily": "Mine"}
    return {
        "meta": {"version": "2.0.0", "width": 64, "height": 48, "fps": 5},
        "tracks": [{"clips": [text]}],
        **({"assets": assets} if assets else {}),
    }


def shown(kind: str, src: str) -> dict[str, Any]:
    """A composition that names a file on the web as its film, picture, sound, font or captions."""
    made = config()
    clips: dict[str, dict[str, Any]] = {
        "video": {"type": "video", "src": src},
        "image": {"type": "image", "src": src},
        "audio": {"type": "audio", "src": src},
        "subtitle": {"type": "subtitle", "words": {"src": src}},
    }
    if kind == "font":
        return config(fonts=[{"id": "f", "family": "Mine", "src": src}])
    made["tracks"].append({"clips": [{**clips[kind], "start": 0, "duration": 0.4}]})
    return made


@pytest.mark.parametrize("kind", ["video", "image", "audio", "font", "subtitle"])
def test_a_render_that_names_one_fails_clearly_and_costs_nothing(
    tmp_path: Path, canary: Canaries, attacks: Mapping[str, bytes], kind: str
) -> None:
    named = {"video": "hls-absolute", "image": "svg-image-path", "audio": "concat-sibling"}
    name = named.get(kind, "hls-http")
    with site() as web, house("none", canary, tmp_path) as built:
        client = built.client
        src = web.put(f"/{name}.bin", attacks[name])
        made = client.post("/api/v1/video", json={"config": shown(kind, src)})
        if made.status_code == 200:
            task = made.json()["taskId"]
            begun = client.post(f"/api/v1/video/{task}/render").json()
            steps.run(built.telecine, begun["renderTaskId"])
            told = client.get(f"/api/v1/video/{task}").json()
            is_harmless = kind == "image"  # a drawing without what it named
            assert told["status"] == ("completed" if is_harmless else "failed"), told
            balance = client.get("/api/v1/credits").json()["credits"]
            assert (balance == 100) is not is_harmless
        else:
            assert made.status_code == 400, made.text


def test_the_command_line_follows_nothing_either(
    canary: Canaries, attacks: Mapping[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(attacks["concat-sibling"])
    (tmp_path / playlists.SIBLING).hardlink_to(canary.film)
    canary.forget()
    settings = {"TELECINE_DATA": str(tmp_path / "data")}
    done = telecine_command("compress", path, "-o", tmp_path / "out.mp4", **settings)
    assert done.returncode != 0
    assert canary.touched() == []
    assert not (tmp_path / "out.mp4").exists()
