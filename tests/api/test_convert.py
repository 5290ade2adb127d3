"""The convert door: an image in, another format out, at once or as a job."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pillow_heif
import pytest
import pyvips
from starlette.testclient import TestClient
from tests import samples, steps
from tests.conftest import Customer, customer_of

from telecine.assembly import Telecine

CONVERT = "/api/v1/convert"
CHARGED = [
    ("reserve", "available", -1),
    ("reserve", "held", 1),
    ("settle", "held", -1),
    ("settle", "earned", 1),
]


@pytest.fixture
def untouched(telecine: Telecine, customer: Customer) -> Iterator[None]:
    """Afterwards: nothing charged, no job, no file."""
    yield
    steps.assert_untouched(telecine, customer.account)


def convert(client: httpx2.Client, **fields: str) -> httpx2.Response:
    return steps.send(client, samples.astronaut(), to=CONVERT, **fields)


def opened(content: bytes) -> Any:
    return pyvips.Image.new_from_buffer(content, "")


def test_a_field_that_nobody_reads_is_told_in_a_header(anybody: httpx2.Client) -> None:
    answer = convert(anybody, format="jpg", widht="128")
    assert answer.headers["x-warning"] == "UNKNOWN_FIELD: nothing reads 'widht'."
    assert "x-warning" not in convert(anybody, format="jpg", width="128").headers


@pytest.mark.parametrize(
    ("image_format", "media_type", "loader"),
    [
        ("jpg", "image/jpeg", "jpegload_buffer"),
        ("png", "image/png", "pngload_buffer"),
        ("webp", "image/webp", "webpload_buffer"),
        ("avif", "image/avif", "heifload_buffer"),
        ("gif", "image/gif", "gifload_buffer"),
        ("tiff", "image/tiff", "tiffload_buffer"),
    ],
)
def test_each_format_comes_back_at_once_with_the_three_headers(
    anybody: httpx2.Client, image_format: str, media_type: str, loader: str
) -> None:
    answer = convert(anybody, format=image_format, width="128")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-original-size"] == str(samples.astronaut().stat().st_size)
    assert answer.headers["x-output-size"] == str(len(answer.content))
    assert answer.headers["x-output-format"] == image_format
    image = opened(answer.content)
    assert image.get("vips-loader") == loader
    assert (image.width, image.height) == (128, 128)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"width": "100"}, (100, 100)),
        ({"height": "50"}, (50, 50)),
        ({"width": "100", "height": "50"}, (50, 50)),
        ({"width": "100", "height": "50", "fit": "cover"}, (100, 50)),
        ({"width": "100", "height": "50", "fit": "fill"}, (100, 50)),
        ({}, (512, 512)),
    ],
)
def test_the_size_asked_for_is_what_comes(
    anybody: httpx2.Client, fields: dict[str, str], size: tuple[int, int]
) -> None:
    image = opened(convert(anybody, format="jpg", **fields).content)
    assert (image.width, image.height) == size


def test_quality_makes_a_difference_and_80_is_what_nothing_means(anybody: httpx2.Client) -> None:
    low, plain, eighty, high = (
        len(convert(anybody, format="webp", width="200", **fields).content)
        for fields in ({"quality": "10"}, {}, {"quality": "80"}, {"quality": "100"})
    )
    assert low < plain == eighty < high


@pytest.mark.parametrize("alias", ["jpeg", "JPG", " jpg "])
def test_a_format_may_be_spelled_as_people_do(anybody: httpx2.Client, alias: str) -> None:
    answer = convert(anybody, format=alias, width="16")
    assert answer.headers["x-output-format"] == "jpg"


def test_a_conversion_costs_one_credit_and_leaves_no_file(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    assert convert(anybody, format="webp", width="16").status_code == 200
    assert steps.movements(telecine, customer.account) == CHARGED
    assert steps.files_on_disk(telecine) == []
    assert anybody.get("/api/v1/usage").json()["credits"]["balance"] == 99


def test_with_async_it_is_a_job_like_any_other(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    answer = steps.send(
        anybody, samples.astronaut(), to=f"{CONVERT}?async=true", format="webp", width="64"
    )
    assert answer.status_code == 202
    job_id = answer.json()["job_id"]
    assert answer.json()["status_url"] == f"/api/v1/status/{job_id}"
    assert steps.status_of(anybody, job_id)["status"] == "pending"
    steps.run(telecine, job_id)
    told = steps.status_of(anybody, job_id)
    assert (told["status"], told["progress"]) == ("completed", 100)
    assert told["output"]["filename"] == "astronaut.webp"
    file = anybody.get(told["output"]["download_url"])
    assert file.headers["content-type"] == "image/webp"
    assert (opened(file.content).width, len(file.content)) == (64, told["output"]["size_bytes"])
    assert steps.movements(telecine, customer.account) == CHARGED


def test_a_photo_of_a_phone_is_taken(anybody: httpx2.Client, tmp_path: Path) -> None:
    photo = tmp_path / "IMG_0001.HEIC"
    pillow_heif.from_bytes(mode="RGB", size=(64, 48), data=b"\xff\x00\x00" * 64 * 48).save(photo)
    answer = steps.send(anybody, photo, to=CONVERT, format="jpg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    red, green, blue = opened(answer.content).getpoint(9, 9)
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


@pytest.mark.parametrize("word", ["1", "True", "yes", "on"])
def test_async_takes_the_words_of_a_flag(anybody: httpx2.Client, word: str) -> None:
    to = f"{CONVERT}?async={word}"
    assert steps.send(anybody, samples.astronaut(), to=to, format="webp").status_code == 202


def test_an_async_that_is_no_word_of_a_flag_is_refused(anybody: httpx2.Client) -> None:
    answer = steps.send(anybody, samples.astronaut(), to=f"{CONVERT}?async=soon", format="webp")
    assert (answer.status_code, answer.json()["field"]) == (400, "async")
    assert "'async' must be true or false; 'soon' is not" in answer.json()["error"]


def test_a_job_tells_its_webhook(anybody: httpx2.Client, telecine: Telecine) -> None:
    to, hook = f"{CONVERT}?async=true", "https://example.com/hook"
    answer = steps.send(anybody, samples.astronaut(), to=to, format="webp", webhook_url=hook)
    steps.run(telecine, answer.json()["job_id"])
    with telecine.db.snapshot() as tx:
        told = tx.exec_driver_sql("SELECT url FROM deliveries").scalar_one()
    assert told == hook


@pytest.mark.parametrize(
    ("query", "url", "says"),
    [
        ("?async=true", "http://127.0.0.1:9000/hook", "public address"),
        ("", "http://127.0.0.1:9000/hook", "public address"),
        ("", "https://example.com/hook", "?async=true only"),
    ],
)
@pytest.mark.usefixtures("untouched")
def test_a_webhook_that_will_not_be_called_is_refused(
    anybody: httpx2.Client, query: str, url: str, says: str
) -> None:
    to = f"{CONVERT}{query}"
    answer = steps.send(anybody, samples.astronaut(), to=to, format="webp", webhook_url=url)
    assert (answer.status_code, answer.json()["field"]) == (400, "webhook_url")
    assert says in answer.json()["error"]


def test_who_sends_no_image_is_not_told_to_send_a_film(anybody: httpx2.Client) -> None:
    told = anybody.post(CONVERT, files={"format": (None, "webp")}).json()["error"]
    assert 'curl -F "file=@path/to/file"' in told


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({}, "format", "'format' is missing"),
        ({"format": "bmp"}, "format", "jpg, png, webp, avif, gif, tiff"),
        ({"format": "webp", "quality": "0"}, "quality", "1 to 100"),
        ({"format": "webp", "quality": "101"}, "quality", "1 to 100"),
        ({"format": "webp", "quality": "good"}, "quality", "number"),
        ({"format": "webp", "quality": "80.5"}, "quality", "whole number"),
        ({"format": "webp", "width": "0"}, "width", "above 0"),
        ({"format": "webp", "height": "-3"}, "height", "above 0"),
        ({"format": "webp", "width": "70000"}, "width", "65535"),
        ({"format": "webp", "width": "wide"}, "width", "number"),
        ({"format": "webp", "width": "1e9"}, "width", "must be a whole number"),
        ({"format": "webp", "fit": "stretchy"}, "fit", "inside"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("untouched")
def test_a_wrong_field_is_refused_by_name(
    anybody: httpx2.Client, fields: dict[str, str], field: str, says: str
) -> None:
    answer = convert(anybody, **fields)
    body = answer.json()
    assert (answer.status_code, body["field"]) == (400, field), body
    assert says in body["error"]


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "jpg", "width": "20000"},
        {"format": "webp", "width": "20000", "height": "10", "fit": "fill"},
    ],
    ids=str,
)
@pytest.mark.usefixtures("untouched")
def test_a_result_too_large_for_us_or_its_format_is_refused(
    anybody: httpx2.Client, fields: dict[str, str]
) -> None:
    answer = convert(anybody, **fields)
    body = answer.json()
    assert (answer.status_code, body["code"], body["field"]) == (422, "media_limit", "width"), body


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises so many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


BAD_FILES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 422, "empty"),
    "text": (b"I am no picture.\n" * 50, 415, "not an image"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 415, "not an image"),
    "pixel bomb": (png_that_claims(60_000, 60_000), 422, "pixels"),
    "cut short": (samples.astronaut().read_bytes()[:20_000], 422, "damaged"),
}


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.usefixtures("untouched")
def test_a_file_that_is_no_good_image_is_refused(anybody: httpx2.Client, name: str) -> None:
    content, status, says = BAD_FILES[name]
    answer = anybody.post(
        CONVERT, files={"file": ("picture.png", content)}, data={"format": "webp"}
    )
    body = answer.json()
    assert (answer.status_code, body.get("field")) == (status, "file"), body
    assert says in body["error"]


@pytest.mark.usefixtures("untouched")
def test_a_video_is_not_an_image(anybody: httpx2.Client) -> None:
    answer = steps.send(anybody, samples.carphone(), to=CONVERT, format="webp")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media")


@pytest.mark.usefixtures("untouched")
def test_without_a_file_the_field_is_named(anybody: httpx2.Client) -> None:
    answer = anybody.post(CONVERT, files={"format": (None, "webp")})
    assert (answer.status_code, answer.json()["field"]) == (400, "file")


@pytest.mark.usefixtures("untouched")
def test_more_than_50_mib_are_refused_before_they_are_read(anybody: httpx2.Client) -> None:
    headers = {
        "content-type": "multipart/form-data; boundary=x",
        "content-length": str(51 * 2**20),
    }
    answer = anybody.post(CONVERT, content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (413, "file")
    assert "50 MiB" in answer.json()["error"]


@pytest.mark.parametrize("query", ["", "?async=true"])
def test_what_cannot_be_paid_is_not_converted(
    api: TestClient, telecine: Telecine, query: str
) -> None:
    poor = customer_of(telecine, email="poor@example.com", amount=0)
    api.headers.update(poor.headers)
    answer = steps.send(api, samples.astronaut(), to=CONVERT + query, format="webp")
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_credits")
    steps.assert_untouched(telecine, poor.account)


def test_an_image_job_whose_file_turns_out_bad_is_refunded(
    anybody: httpx2.Client, telecine: Telecine
) -> None:
    broken = samples.astronaut().read_bytes()[:20_000]
    answer = anybody.post(
        f"{CONVERT}?async=true", files={"file": ("a.png", broken)}, data={"format": "webp"}
    )
    job_id = answer.json()["job_id"]
    steps.run(telecine, job_id)
    told = steps.status_of(anybody, job_id)
    assert (told["status"], told["error_code"]) == ("failed", "undecodable_media")
    assert anybody.get("/api/v1/usage").json()["credits"]["balance"] == 100
    steps.janitor(telecine).delete_expired_files()
    assert steps.files_on_disk(telecine) == []
