"""What the voiceover door refuses: keys, fields, files, forms, too much and too often."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pyvips
from starlette.testclient import TestClient
from tests import samples, steps, voiceovers
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock
from tests.voiceovers import JOBS, Files, made, refused

from telecine import settings as settings_module
from telecine.api.app import create_app
from telecine.assembly import Telecine

FORM = {"content-type": "multipart/form-data; boundary=x"}
PROXY = "10.0.0.9"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return voiceovers.files(tmp_path_factory.mktemp("voiceover"))


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="module")
def telecine(tmp_path_factory: pytest.TempPathFactory, clock: FixedClock) -> Iterator[Telecine]:
    """One for all that is refused: it stays as it was."""
    with steps.opened(tmp_path_factory.mktemp("refused"), clock=clock) as made_so:
        yield made_so


@pytest.fixture(scope="module")
def customer(telecine: Telecine) -> Customer:
    return customer_of(telecine)


@pytest.fixture(scope="module")
def api(telecine: Telecine) -> Iterator[TestClient]:
    with TestClient(create_app(telecine.services())) as client:
        yield client


@pytest.fixture
def anybody(
    api: TestClient, telecine: Telecine, customer: Customer, clock: FixedClock
) -> Iterator[TestClient]:
    """With a key and a new minute. Afterwards: nothing charged, no job, no file."""
    clock.advance(seconds=60)
    api.headers.update(customer.headers)
    yield api
    steps.assert_untouched(telecine, customer.account)


# Keys


def test_a_missing_key_and_one_that_is_not_known_are_told_apart(
    api: TestClient, customer: Customer
) -> None:
    missing = api.get(JOBS, headers={"Authorization": ""})
    assert (*refused(missing), missing.json()["error"]) == (401, None, "Missing X-API-Key header.")
    for key in ("nonsense", customer.key[:-1], customer.key[:-6] + "000000"):
        unknown = api.get(JOBS, headers={"Authorization": "", "X-API-Key": key})
        assert (*refused(unknown), unknown.json()["error"]) == (
            401,
            None,
            "API key not recognized or has been deactivated.",
        )
    assert api.get(JOBS, headers={"X-API-Key": customer.key}).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/api/health"])
def test_health_takes_no_key(api: TestClient, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


# What is refused: the field is named, nothing is charged, nothing stays


BAD_FIELDS: list[tuple[dict[str, str], str, str]] = [
    ({"webhookUrl": "http://your.app/hook"}, "webhookUrl", "must start with https://"),
    ({"webhookUrl": "ftp://your.app/hook"}, "webhookUrl", "https://"),
    ({"webhookUrl": "your.app"}, "webhookUrl", "https://"),
    ({"webhookUrl": "https://127.0.0.1/hook"}, "webhookUrl", "public address"),
    ({"webhookUrl": "https://169.254.169.254/"}, "webhookUrl", "public address"),
    ({"mode": "dance"}, "mode", "auto, still, kenburns, audiogram, talking"),
    ({"captions": "perhaps"}, "captions", "true or false"),
    ({"captions": "true", "caption_style": "comic"}, "caption_style", "white_bold"),
    ({"captions": "true", "language": "klingon"}, "language", "en"),
    ({"aspect": "4:3"}, "aspect", "16:9, 9:16, 1:1"),
    ({"width": "wide"}, "width", "number"),
    ({"width": "127"}, "width", "128"),
    ({"height": "3841"}, "height", "3840"),
    ({"width": "0"}, "width", "above 0"),
    ({"aspect": "1:1", "width": "640", "height": "360"}, "aspect", "width and height"),
]


@pytest.mark.parametrize(("sent", "field", "says"), BAD_FIELDS, ids=lambda each: str(each))
def test_a_wrong_field_is_refused_by_name(
    anybody: httpx2.Client, files: Files, sent: dict[str, str], field: str, says: str
) -> None:
    answer = made(anybody, files, sent)
    assert refused(answer) == (400, field)
    assert says in answer.json()["error"]


@pytest.fixture(scope="module")
def bad_files(
    tmp_path_factory: pytest.TempPathFactory, files: Files
) -> dict[str, tuple[Files, int, str, str]]:
    return _bad_files(tmp_path_factory.mktemp("bad"), files)


def _bad_files(folder: Path, files: Files) -> dict[str, tuple[Files, int, str, str]]:
    image, audio = files.image, files.audio

    def half(kind: str) -> bytes:
        noise = pyvips.Image.gaussnoise(300, 200, mean=128, sigma=40).cast("uchar")
        whole = bytes(noise.copy(interpretation="b-w").write_to_buffer(kind))
        return whole[: len(whole) // 2]

    flac = samples.make_audio(folder / "a.flac", seconds=0.3).read_bytes()
    tiny = pyvips.Image.black(20, 20, bands=3).write_to_buffer(".png")
    gif = pyvips.Image.black(64, 64, bands=3).write_to_buffer(".gif")
    film = samples.make_video(folder / "film.mp4", seconds=0.3).read_bytes()
    nothing = io.BytesIO()
    with wave.open(nothing, "wb") as silent:
        silent.setparams((1, 2, 44_100, 0, "NONE", ""))
    return {
        "swapped": (Files(image=audio, audio=image), 415, "image", "is a sound"),
        "image twice": (Files(image=image, audio=image), 415, "audio", "is an image"),
        "text as image": (replace(files, image=b"I am a picture. " * 9), 415, "image", "JPEG"),
        "GIF": (replace(files, image=gif), 415, "image", "JPEG, PNG or WebP"),
        "20 px": (replace(files, image=tiny), 415, "image", "20 x 20"),
        "no bytes of image": (replace(files, image=b""), 400, "image", "empty"),
        "cut image": (replace(files, image=image[:20]), 400, "image", ""),
        "half a JPEG": (replace(files, image=half(".jpg")), 400, "image", "damaged or truncated"),
        "half a PNG": (replace(files, image=half(".png")), 400, "image", "damaged or truncated"),
        "half a WebP": (replace(files, image=half(".webp")), 400, "image", "damaged or truncated"),
        "text as audio": (replace(files, audio=b"I am a sound. " * 9), 415, "audio", "MP3"),
        "FLAC": (replace(files, audio=flac), 415, "audio", "MP3, WAV, M4A or OGG"),
        "film": (replace(files, audio=film), 415, "audio", "MP3, WAV, M4A or OGG"),
        "no bytes of audio": (replace(files, audio=b""), 400, "audio", "empty"),
        "no samples": (replace(files, audio=nothing.getvalue()), 400, "audio", "no sound"),
    }


BAD_FILES = [
    *("swapped", "image twice", "text as image", "GIF", "20 px", "no bytes of image", "cut image"),
    *("half a JPEG", "half a PNG", "half a WebP"),
    *("text as audio", "FLAC", "film", "no bytes of audio", "no samples"),
]


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_will_not_do_is_refused_by_its_content(
    anybody: httpx2.Client, bad_files: dict[str, tuple[Files, int, str, str]], name: str
) -> None:
    sent, status, field, says = bad_files[name]
    answer = made(anybody, sent)
    assert refused(answer) == (status, field), answer.text
    assert says in answer.json()["error"]


def test_a_picture_of_nobody_is_not_taken_for_a_portrait_that_talks(
    anybody: httpx2.Client, telecine: Telecine, files: Files
) -> None:
    telecine.senses.talking()  # brings its weights
    answer = made(anybody, files, {"mode": "talking"})
    assert refused(answer) == (415, "image")
    assert answer.json()["error"].startswith("The portrait cannot talk: there is no face")


def test_without_its_weights_the_job_looks_at_the_portrait(
    tmp_path: Path, clock: FixedClock, files: Files
) -> None:
    with steps.opened(tmp_path, clock=clock, models=str(tmp_path / "models")) as bare:
        headers = customer_of(bare).headers
        with TestClient(create_app(bare.services()), headers=headers) as client:
            assert made(client, files, {"mode": "talking"}).status_code == 201


BAD_FORMS: dict[str, tuple[dict[str, Any], int, str | None]] = {
    "no files": ({"files": {"mode": (None, "still")}}, 400, "image"),
    "json": ({"json": {"image": "portrait.jpg"}}, 400, "image"),
    "image as text": ({"files": {"image": (None, "portrait.jpg")}}, 400, "image"),
    "audio as text": ({"files": {"audio": (None, "voice.mp3")}}, 400, "audio"),
    "file elsewhere": ({"files": {"file": ("a.jpg", b"a" * 99)}}, 400, "file"),
    "two images": (
        {"files": [("image", ("a.jpg", b"a" * 99)), ("image", ("b.jpg", b"b" * 99))]},
        400,
        "image",
    ),
    "broken": (
        {"content": b'--x\r\nContent-Disposition: form-data; name="image', "headers": FORM},
        400,
        None,
    ),
}


@pytest.mark.parametrize("name", BAD_FORMS)
def test_a_form_that_is_wrong_is_refused(anybody: httpx2.Client, name: str) -> None:
    request, status, field = BAD_FORMS[name]
    assert refused(anybody.post(JOBS, **request)) == (status, field)


def test_a_body_that_is_no_form_is_told_of_both_files(anybody: httpx2.Client) -> None:
    said = anybody.post(JOBS, json={}).json()["error"]
    assert '-F "image=@portrait.jpg" -F "audio=@voiceover.mp3"' in said


@pytest.mark.parametrize(("kept", "missing"), [("image", "audio"), ("audio", "image")])
def test_a_missing_file_is_named(
    anybody: httpx2.Client, files: Files, kept: str, missing: str
) -> None:
    answer = anybody.post(JOBS, files={kept: ("a", getattr(files, kept))})
    assert refused(answer) == (400, missing)
    assert f"'{missing}' is missing" in answer.json()["error"]


def test_more_than_both_files_may_have_is_refused_unread(anybody: httpx2.Client) -> None:
    headers = {**FORM, "content-length": str(101 * 2**20)}
    answer = anybody.post(JOBS, content=b"x", headers=headers)
    assert refused(answer) == (413, None)
    assert "'image' and 'audio' may have at most 52428800 bytes (50 MiB) each" in answer.text


@contextmanager
def altered(folder: Path, clock: FixedClock, **changed: int) -> Iterator[TestClient]:
    """An API whose book of plans says something else, behind a proxy, asked with a key."""
    text = Path(settings_module.__file__).with_name("plans.toml").read_text("utf-8")
    for name, value in changed.items():
        text, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        assert count, name
    (folder / "plans.toml").write_text(text, "utf-8")
    settings = {"plans_file": str(folder / "plans.toml"), "trusted_proxies": PROXY}
    with steps.opened(folder / "altered", clock=clock, **settings) as made_so:
        headers = customer_of(made_so, plan="local").headers
        app = create_app(made_so.services())
        with TestClient(app, headers=headers, client=(PROXY, 5)) as client:
            yield client


def test_each_file_is_counted_by_itself(tmp_path: Path, clock: FixedClock, files: Files) -> None:
    least = max(len(files.image), len(files.audio))
    with altered(tmp_path, clock, max_voiceover_bytes=least) as client:
        for field in ("image", "audio"):
            sent = replace(files, **{field: bytes(least + 1)})
            answer = made(client, sent)
            assert refused(answer) == (413, field)
            assert f"'{field}' may have at most {least} bytes" in answer.json()["error"]
        assert made(client, files).status_code == 201


def test_what_cannot_be_paid_is_refused_and_nothing_stays(
    api: TestClient, telecine: Telecine, files: Files
) -> None:
    poor = customer_of(telecine, email="poor@example.com", amount=0)
    answer = made(api, files, headers=poor.headers)
    assert refused(answer) == (402, None)
    steps.assert_untouched(telecine, poor.account)


# Too often


def limit_of(answer: httpx2.Response) -> tuple[int, int]:
    return int(answer.headers["ratelimit-limit"]), int(answer.headers["ratelimit-remaining"])


def test_the_documented_limits_are_told(
    api: TestClient, telecine: Telecine, clock: FixedClock
) -> None:
    clock.advance(seconds=60)
    rich = customer_of(telecine, email="rich@example.com", plan="local").headers
    assert limit_of(api.get(JOBS, headers=rich)) == (600, 599)
    assert limit_of(api.post(JOBS, headers=rich)) == (30, 29)
    assert limit_of(api.get(JOBS, headers=rich)) == (600, 597)


def test_an_address_is_counted_whatever_its_key_and_others_are_not(
    tmp_path: Path, clock: FixedClock
) -> None:
    mine, theirs = {"X-Forwarded-For": "203.0.113.5"}, {"X-Forwarded-For": "203.0.113.6"}
    with altered(tmp_path, clock, requests_per_minute=3) as client:
        assert client.get(JOBS, headers=mine | {"Authorization": ""}).status_code == 401
        assert client.get("/api/status/x", headers=mine).status_code == 404
        assert client.get(JOBS, headers=mine).status_code == 200
        answer = client.get(JOBS, headers=mine)
        assert refused(answer) == (429, None)
        assert limit_of(answer) == (3, 0)
        assert answer.headers["retry-after"] == answer.headers["ratelimit-reset"] == "60"
        assert client.get("/api/health", headers=mine).status_code == 200
        clock.advance(seconds=60)
        assert client.get(JOBS, headers=mine).status_code == 200
        clock.advance(seconds=60)
        assert client.get(JOBS, headers=theirs).status_code == 200


def test_submissions_have_a_limit_of_their_own(
    tmp_path: Path, clock: FixedClock, files: Files
) -> None:
    with altered(tmp_path, clock, submissions_per_minute=2) as client:
        assert [made(client, files).status_code for _ in range(3)] == [201, 409, 429]
        assert client.get(JOBS).status_code == 200


def test_of_ipv6_a_network_is_one_address(tmp_path: Path, clock: FixedClock) -> None:
    with altered(tmp_path, clock, submissions_per_minute=1) as client:
        from_ = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"]
        answers = [client.post(JOBS, headers={"X-Forwarded-For": each}) for each in from_]
        assert [answer.status_code for answer in answers] == [400, 429, 400]
