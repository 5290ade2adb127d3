"""Films under `/v/{id}` and `/t/{id}` as a player asks for them: no key, real renders."""

from __future__ import annotations

import asyncio
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest
from starlette.testclient import TestClient
from tests import samples, steps
from tests.conftest import customer_of
from tests.fakes import FixedClock
from tests.websites import NETWORKS, site

from telecine.api.app import create_app
from telecine.assembly import Telecine
from telecine.media.render.session import Brought, Source

SECONDS = 60.0


def config(*, seconds: float = 4, **clip: Any) -> dict[str, Any]:
    shown = {"type": "text", "text": "Hello", "start": 0, "duration": seconds, **clip}
    meta = {"version": "2.0.0", "width": 160, "height": 90, "fps": 10}
    return {"meta": meta, "tracks": [{"clips": [shown]}]}


def task(client: httpx2.Client, shown: dict[str, Any] | None = None) -> str:
    answer = client.post("/api/v1/video", json={"config": shown or config()})
    assert answer.status_code == 200, answer.text
    return f"/v/{answer.json()['taskId']}"


def preview(client: httpx2.Client, shown: dict[str, Any] | None = None) -> str:
    answer = client.post("/api/v1/preview", json=shown or config())
    assert answer.status_code == 200, answer.text
    return f"/t/{answer.json()['tempId']}"


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    body = dict(answer.json())
    assert (answer.status_code, body["code"]) == (status, code), body
    assert "max-age" not in answer.headers.get("cache-control", "")
    return body


@pytest.fixture
def public(anybody: TestClient) -> TestClient:
    """Clients with a key made things; whoever watches has none."""
    made = TestClient(anybody.app, raise_server_exceptions=False)
    assert "authorization" not in made.headers
    return made


@pytest.mark.parametrize("place", [task, preview])
def test_a_player_finds_the_whole_film(
    anybody: TestClient, public: TestClient, place: Callable[[httpx2.Client], str]
) -> None:
    prefix = place(anybody)
    listed = public.get(f"{prefix}/index.m3u8")
    assert listed.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert listed.headers["cache-control"] == "private, no-cache"
    lengths = [Fraction(each) for each in re.findall(r"#EXTINF:([0-9.]+)", listed.text)]
    assert sum(lengths) == 4
    head, *names = [*re.findall(r'URI="(.+)"', listed.text), *re.findall(r".+m4s", listed.text)]
    parts = [public.get(f"{prefix}/{name}") for name in (head, *names)]
    assert {part.headers["content-type"] for part in parts} == {"video/mp4", "video/iso.segment"}
    for part in parts:
        assert part.headers["cache-control"] == "private, max-age=3600"
        assert part.headers["x-content-type-options"] == "nosniff"
    with av.open(io.BytesIO(b"".join(part.content for part in parts)), "r") as film:
        shown = [frame.time for frame in film.decode(video=0)]
    assert shown == pytest.approx([number / 10 for number in range(40)])


def test_players_on_other_pages_may_ask_and_need_not_fetch_anew_what_they_have(
    anybody: TestClient, public: TestClient
) -> None:
    prefix = task(anybody)
    poster = public.get(f"{prefix}/poster.png", headers={"Origin": "https://player.example"})
    assert poster.headers["access-control-allow-origin"] == "*"
    assert poster.headers["content-type"] == "image/png"
    assert poster.content.startswith(b"\x89PNG")
    tag = poster.headers["etag"]
    again = public.get(f"{prefix}/poster.png", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = public.get(f"{prefix}/0.m4s", headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_what_a_film_does_not_have_is_not_found(anybody: TestClient, public: TestClient) -> None:
    prefix = task(anybody)
    refused(public.get(f"{prefix}/captions.vtt"), 404, "NOT_FOUND")
    body = refused(public.get(f"{prefix}/9999999.m4s"), 404, "NOT_FOUND")
    assert "the last is 2" in body["error"]


def test_captions_are_there_where_something_is_said(
    anybody: TestClient, public: TestClient
) -> None:
    words = [{"text": "Hello", "start": 0, "end": 1}]
    spoken = public.get(f"{task(anybody, config(type='subtitle', words=words))}/captions.vtt")
    assert spoken.headers["content-type"] == "text/vtt; charset=utf-8"
    assert spoken.text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:0")


@pytest.mark.parametrize(
    "name",
    [
        *("-1.m4s", "01.m4s", "1e9.m4s", "99999999999999999999.m4s", "0x1.m4s", "%00.m4s", ".m4s"),
        *("index.m3u", "INIT.MP4", "..", "%2e%2e%2finit.mp4", "captions.vtt%20", "film.mp4"),
    ],
)
def test_a_name_that_nothing_has_opens_no_film(
    anybody: TestClient, public: TestClient, telecine: Telecine, name: str
) -> None:
    assert public.get(f"{task(anybody)}/{name}").status_code == 404
    assert telecine.previews.n_sessions == 0


def test_links_that_lead_nowhere_say_so(
    anybody: TestClient, public: TestClient, clock: FixedClock
) -> None:
    stored, temporary = task(anybody), preview(anybody)
    for path in ("/v/unknown12345", f"/v/{temporary[3:]}", f"/t/{stored[3:]}"):
        refused(public.get(f"{path}/index.m3u8"), 404, "NOT_FOUND")
    anybody.delete(f"/api/v1/video/{stored[3:]}")
    refused(public.get(f"{stored}/0.m4s"), 404, "NOT_FOUND")
    clock.advance(days=7)
    refused(public.get(f"{temporary}/0.m4s"), 410, "EXPIRED")


def test_a_film_whose_file_is_broken_or_gone_shows_its_fault(
    anybody: TestClient, public: TestClient, telecine: Telecine
) -> None:
    sent = {"file": ("photo.png", samples.astronaut().read_bytes())}
    photo = anybody.post("/api/v1/upload", files=sent).json()["assets"][0]["id"]
    prefix = task(anybody, config(type="image", src=photo))
    stored = (telecine.settings.data_dir / "files").rglob("*")
    (path,) = (each for each in stored if _is_png(each))
    path.write_bytes(path.read_bytes()[:1000])
    body = refused(public.get(f"{prefix}/0.m4s"), 422, "INVALID_FILE")
    assert body["details"]["field"] == "tracks[0].clips[0].src"
    (fault,) = body["details"]["errors"]
    assert (fault["path"], fault["code"]) == ("tracks[0].clips[0].src", "SOURCE")
    assert fault["message"] == body["error"]
    anybody.delete(f"/api/v1/files/{photo}")
    body = refused(public.get(f"{prefix}/index.m3u8"), 422, "INVALID_CONFIG")
    (fault,) = body["details"]["errors"]
    assert (fault["path"], fault["got"]) == ("tracks[0].clips[0].src", photo)


def test_what_lies_on_the_web_is_shown_as_it_is_by_now(tmp_path: Path, clock: FixedClock) -> None:
    with (
        site() as web,
        steps.opened(tmp_path, clock=clock, allow_networks=NETWORKS, preview_sessions=1) as made,
        TestClient(create_app(made.services())) as client,
    ):
        client.headers.update(customer_of(made).headers)
        prefix = task(client, config(type="image", src=web.url + "/photo.png", seconds=1))
        other = task(client)
        seen = []
        for name in ("astronaut.png", "coffee.png"):
            web.put("/photo.png", samples.astronaut().with_name(name).read_bytes())
            assert client.get(f"{prefix}/index.m3u8").status_code == 200
            seen += [client.get(f"{prefix}/{part}").content for part in ("0.m4s", "poster.png")]
            assert client.get(f"{other}/poster.png").status_code == 200  # ends the first session
        assert len(set(seen)) == 4
        assert client.get(f"{prefix}/0.m4s").content == seen[2]
        gone = task(client, config(type="image", src=web.url + "/none.png", seconds=1))
        body = refused(client.get(f"{gone}/index.m3u8"), 502, "REMOTE_ERROR")
        (fault,) = body["details"]["errors"]
        assert body["details"]["field"] == fault["path"] == "tracks[0].clips[0].src"
        assert "/none.png" in fault["message"]


def test_two_players_of_one_film_are_served_by_one_render(
    anybody: TestClient, public: TestClient, telecine: Telecine
) -> None:
    prefix = task(anybody, config(seconds=1))
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(public.get, f"{prefix}/0.m4s") for _ in range(4)]
    assert len({each.result().content for each in asked}) == 1
    assert telecine.previews.n_segments == 1
    figures = public.get("/metrics").text
    assert "telecine_preview_segments_total 1.0" in figures


@pytest.fixture
def crowd(telecine: Telecine) -> Iterator[list[Future[bytes]]]:
    """As many films as may be open, and somebody waits for each."""
    may_go = threading.Event()

    def bring(_folder: Path, _is_cancelled: Callable[[], bool]) -> Brought:
        assert may_go.wait(SECONDS)
        return Brought(files={})

    waiting = []
    for number in range(telecine.previews.most_open):
        source = Source(key=f"{number:064x}", document=json.dumps(config()), bring=bring)
        waiting.append(telecine.previews.ask(source, "0.m4s"))
    yield waiting
    may_go.set()


@pytest.mark.usefixtures("crowd")
def test_one_player_too_many_is_told_when_to_come_again(
    anybody: TestClient, public: TestClient
) -> None:
    answer = public.get(f"{task(anybody)}/0.m4s")
    body = refused(answer, 503, "BUSY")
    assert int(answer.headers["retry-after"]) > 0
    assert "Try again" in body["error"]


def test_one_player_too_many_waits_for_its_turn(
    anybody: TestClient, public: TestClient, crowd: list[Future[bytes]]
) -> None:
    prefix = task(anybody)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(public.get, f"{prefix}/poster.png")
        for each in crowd:
            each.cancel()
        assert asked.result(SECONDS).status_code == 200


def test_a_player_that_hangs_up_makes_room(anybody: TestClient, telecine: Telecine) -> None:
    """It asks as a server would for it, and is gone before there is an answer."""
    app = create_app(telecine.services())

    async def ask(path: str) -> list[int]:
        sent: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message.get("status", 0))

        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "headers": []}
        scope |= {"query_string": b"", "client": None, "server": ("testserver", 80)}
        await app({**scope, "http_version": "1.1", "scheme": "http"}, receive, send)
        return sent

    for number in range(telecine.settings.preview_sessions + 1):
        status, *_ = asyncio.run(ask(f"{task(anybody, config(x=number))}/2.m4s"))
        assert status == 499
    assert telecine.previews.n_sessions <= telecine.settings.preview_sessions


def _is_png(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(b"\x89PNG")
