"""Files that a composition names and that say how long it is, or what it says: on the web and
in the library."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from tests import samples, steps
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock
from tests.websites import NETWORKS, Site, site

from telecine.api.app import create_app
from telecine.api.services import looking
from telecine.assembly import Telecine

VIDEO = "/api/v1/video"
DRY = f"{VIDEO}?dry_run=true"
WORDS = [
    {"word": "hello", "punctuated_word": "Hello,", "start": 0, "end": 0.5},
    {"word": "world", "punctuated_word": "world.", "start": 0.5, "end": 2.5},
]


@pytest.fixture
def web() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture
def telecine(tmp_path: Path, clock: FixedClock) -> Iterator[Telecine]:
    """It may reach the machine's own address."""
    with steps.opened(tmp_path / "data", clock=clock, allow_networks=NETWORKS) as made:
        yield made


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of two seconds."""
    path = samples.make_video(tmp_path_factory.mktemp("film") / "v.mp4", seconds=2)
    return path.read_bytes()


def config(*clips: dict[str, Any]) -> dict[str, Any]:
    return {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
        "tracks": [{"clips": [{"start": 0, **clip} for clip in clips]}],
    }


def auto(src: str, **more: Any) -> dict[str, Any]:
    return config({"type": "video", "src": src, "duration": "auto", **more})


def subtitles(words: object, **more: Any) -> dict[str, Any]:
    return config({"type": "subtitle", "words": words, "duration": "auto", **more})


def faults(answer: httpx2.Response) -> list[tuple[str, str]]:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "INVALID_CONFIG"), body
    return [(each["path"], each["message"]) for each in body["details"]["errors"]]


def test_auto_is_as_long_as_the_video_on_the_web_in_price_and_dry_run(
    anybody: httpx2.Client, web: Site, film: bytes
) -> None:
    shown = auto(web.put("/v.mp4", film, etag='"1"'))
    quoted = anybody.post(DRY, json={"config": shown}).json()
    assert (quoted["duration"], quoted["frames"], quoted["cost"]) == (2, 10, 2)
    assert quoted["warnings"] == []
    made = anybody.post(VIDEO, json={"config": shown}).json()
    assert made["duration"] == 2
    begun = anybody.post(f"{VIDEO}/{made['taskId']}/render").json()
    assert begun["cost"] == 2
    # What many requests ask within a minute is asked there once.
    assert web.statuses("/v.mp4") == [200]


def test_a_render_of_it_fetches_nothing_again(
    anybody: httpx2.Client, telecine: Telecine, web: Site, film: bytes
) -> None:
    shown = auto(web.put("/v.mp4", film, etag='"1"'))
    task_id = anybody.post(VIDEO, json={"config": shown}).json()["taskId"]
    begun = anybody.post(f"{VIDEO}/{task_id}/render").json()
    steps.run(telecine, begun["renderTaskId"])
    told = anybody.get(f"{VIDEO}/{task_id}").json()
    assert (told["status"], told["duration"]) == ("completed", 2)
    assert web.statuses("/v.mp4") == [200, 304]


def test_a_video_that_cannot_be_looked_at_is_a_fault_with_its_place(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, web: Site, film: bytes
) -> None:
    shown = config(
        {"type": "video", "src": f"{web.url}/none.mp4", "duration": "auto"},
        {"type": "video", "src": web.put("/text.mp4", b"text"), "duration": "auto"},
        {"type": "video", "src": web.put("/v.mp4", film), "duration": "auto"},
    )
    for path in (DRY, VIDEO):
        (none, text) = faults(anybody.post(path, json={"config": shown}))
        assert none[0] == "tracks[0].clips[0].src"
        assert "404" in none[1]
        assert text[0] == "tracks[0].clips[1].src"
    steps.assert_untouched(telecine, customer.account)


def test_what_does_not_say_auto_is_not_looked_at(anybody: httpx2.Client, web: Site) -> None:
    shown = config({"type": "video", "src": f"{web.url}/none.mp4", "duration": 1})
    assert anybody.post(DRY, json={"config": shown}).status_code == 200
    assert web.asked == []


def test_a_redirect_to_a_private_address_is_a_fault(anybody: httpx2.Client, web: Site) -> None:
    src = web.put("/v.mp4", location="http://127.0.0.2/v.mp4")
    ((path, _),) = faults(anybody.post(DRY, json={"config": auto(src)}))
    assert path == "tracks[0].clips[0].src"


def test_a_server_that_keeps_us_waiting_is_given_up(
    anybody: httpx2.Client, web: Site, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MOST_SECONDS", 0.2)
    slow = web.put("/slow.mp4", film)
    web.pages["/slow.mp4"].until = release = threading.Event()
    try:
        shown = config(
            {"type": "video", "src": slow, "duration": "auto"},
            {"type": "video", "src": web.put("/next.mp4", film), "duration": "auto"},
        )
        told = faults(anybody.post(DRY, json={"config": shown}))
        # Both: the time is that of all together.
        assert [path for path, _ in told] == [f"tracks[0].clips[{n}].src" for n in (0, 1)]
        assert web.statuses("/next.mp4") == []
    finally:
        release.set()


def test_one_account_looks_twice_at_once_and_holds_up_no_other(
    telecine: Telecine,
    api: TestClient,
    customer: Customer,
    web: Site,
    film: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow, fine = web.put("/slow.mp4", film), web.put("/fine.mp4", film)
    web.pages["/slow.mp4"].until = release = threading.Event()

    def ask(src: str, who: Customer = customer) -> int:
        answer = api.post(DRY, json={"config": auto(src)}, headers=who.headers)
        return int(answer.status_code)

    with ThreadPoolExecutor(2) as threads:
        try:
            looks = [threads.submit(ask, slow) for _ in range(2)]
            steps.until(lambda: len(web.asked) == 2)
            with monkeypatch.context() as hurried:
                hurried.setattr(looking, "MOST_WAIT_SECONDS", 0.05)
                assert ask(fine) == 429
            assert ask(fine, customer_of(telecine, email="bob@example.com")) == 200
        finally:
            release.set()
        assert [look.result() for look in looks] == [200, 200]


def test_only_so_many_files_are_looked_at(anybody: httpx2.Client, web: Site) -> None:
    shown = config(
        *(
            {"type": "video", "src": f"{web.url}/{n}.mp4", "duration": "auto"}
            for n in range(looking.MOST_FILES + 1)
        )
    )
    ((_, message),) = faults(anybody.post(DRY, json={"config": shown}))
    assert "Too many" in message
    assert web.asked == []


def test_captions_on_the_web_are_read_and_say_how_long_they_are(
    anybody: httpx2.Client, web: Site
) -> None:
    for path, content in {"/list.json": WORDS, "/object.json": {"words": WORDS}}.items():
        src = web.put(path, json.dumps(content).encode())
        told = anybody.post(DRY, json={"config": subtitles({"src": src})}).json()
        assert (told["duration"], told["warnings"]) == (2.6, [])  # to whole frames of 1/5 s


def test_captions_on_the_web_that_are_none_are_a_fault(anybody: httpx2.Client, web: Site) -> None:
    for content in (b"not json", b"7", b'[{"word": 7}]', b"[" * 5000):
        src = web.put(f"/{len(content)}.json", content)
        ((path, _), *_) = faults(anybody.post(DRY, json={"config": subtitles({"src": src})}))
        assert path.startswith("tracks[0].clips[0].words")


def upload(client: httpx2.Client, name: str, content: bytes) -> httpx2.Response:
    return client.post("/api/v1/upload", files=[("file", (name, content))])


def test_captions_of_the_library_are_read_drawn_and_may_be_an_asset_of_the_document(
    anybody: httpx2.Client, telecine: Telecine
) -> None:
    (asset,) = upload(anybody, "words.json", json.dumps(WORDS).encode()).json()["assets"]
    assert (asset["type"], asset["mimeType"], asset["duration"]) == (
        "caption",
        "application/json",
        2.5,
    )
    listed = anybody.get("/api/v1/files?type=caption").json()
    assert [each["id"] for each in listed["files"]] == [asset["id"]]
    by_src = subtitles({"src": asset["id"]})
    by_ref = {
        **subtitles({"$ref": "said"}),
        "assets": {"subtitles": [{"id": "said", "src": asset["url"]}]},
    }
    for shown in (by_src, by_ref):
        told = anybody.post(DRY, json={"config": shown}).json()
        assert (told["duration"], told["warnings"]) == (2.6, [])
    task_id = anybody.post(VIDEO, json={"config": by_ref}).json()["taskId"]
    begun = anybody.post(f"{VIDEO}/{task_id}/render").json()
    steps.run(telecine, begun["renderTaskId"])
    told = anybody.get(f"{VIDEO}/{task_id}").json()
    assert (told["status"], told["duration"]) == ("completed", 2.6)


SUBRIP = "1\n00:00:00,000 --> 00:00:02,500\nHello, world.\n"


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("said.srt", SUBRIP.encode(), "application/x-subrip"),
        ("said.srt", SUBRIP.encode("utf-16"), "application/x-subrip"),
        ("said.vtt", b"WEBVTT\n\n00:00.000 --> 00:02.500\nHello, world.\n", "text/vtt"),
    ],
)
def test_subtitle_files_are_captions(
    anybody: httpx2.Client, web: Site, name: str, content: bytes, media_type: str
) -> None:
    (asset,) = upload(anybody, name, content).json()["assets"]
    told = (asset["type"], asset["mimeType"], asset["duration"])
    assert told == ("caption", media_type, 2.5)
    for src in (asset["id"], web.put(f"/{name}", content)):
        quoted = anybody.post(DRY, json={"config": subtitles({"src": src})}).json()
        assert (quoted["duration"], quoted["warnings"]) == (2.6, [])


def test_a_picture_of_the_library_is_no_captions(anybody: httpx2.Client) -> None:
    (asset,) = upload(anybody, "a.png", samples.astronaut().read_bytes()).json()["assets"]
    ((path, message),) = faults(
        anybody.post(DRY, json={"config": subtitles({"src": asset["id"]}, duration=1)})
    )
    assert (path, message) == ("tracks[0].clips[0].words.src", "This file holds no captions.")


def test_other_json_is_not_taken(anybody: httpx2.Client) -> None:
    for content in (b"{}", b"[]", b'{"a": 1}', b'[{"word": "a"}]', b"[1", b"[" * 9999, b"hello"):
        answer = upload(anybody, "words.json", content)
        assert (answer.status_code, answer.json()["code"]) == (400, "UNSUPPORTED_FILE_TYPE")


def test_nothing_stays_of_what_was_looked_at(
    anybody: httpx2.Client, telecine: Telecine, web: Site, film: bytes
) -> None:
    src = web.put("/v.mp4", film, etag='"1"')
    assert anybody.post(DRY, json={"config": auto(src)}).status_code == 200
    with TestClient(create_app(telecine.services())) as fresh:  # one that remembers nothing
        fresh.headers.update(anybody.headers)
        assert fresh.post(DRY, json={"config": auto(src)}).status_code == 200
    assert web.statuses("/v.mp4") == [200, 304]
    assert steps.files_on_disk(telecine) == []
