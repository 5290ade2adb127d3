"""Projects as files of other editors, and made of them."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from tests.projects import EMAIL, URL, composition, fetch, make, refused

SUBTITLES = """\
1
00:00:00,500 --> 00:00:02,000
Hello there

2
00:00:02,500 --> 00:00:03,000
again
"""


def send(client: httpx2.Client, filename: str, content: bytes, **fields: str) -> httpx2.Response:
    data = {"email": EMAIL, **fields}
    return client.post(f"{URL}/import", files={"file": (filename, content)}, data=data)


def export(client: httpx2.Client, project_id: int, kind: str) -> httpx2.Response:
    return client.get(f"{URL}/{project_id}/export", params={"email": EMAIL, "format": kind})


def test_a_project_that_is_exported_and_imported_is_the_same(anybody: httpx2.Client) -> None:
    project = make(anybody, name="Sunset / Beach", composition=composition(mine={"x": [1.5]}))
    written = export(anybody, project["id"], "otio")
    assert written.headers["content-disposition"].startswith("attachment")
    assert json.loads(written.content)["OTIO_SCHEMA"] == "Timeline.1"
    answer = send(anybody, "cut.otio", written.content)
    assert answer.status_code == 201, answer.text
    told = answer.json()["data"]
    assert (told["name"], told["composition"]) == ("Sunset / Beach", project["composition"])
    assert fetch(anybody, told["id"])["composition"] == project["composition"]
    assert send(anybody, "cut.otio", written.content, name="B").json()["data"]["name"] == "B"


def test_subtitles_become_captions_and_come_back(anybody: httpx2.Client) -> None:
    told = send(anybody, "talk.srt", SUBTITLES.encode()).json()["data"]
    assert (told["name"], told["composition"]["items"]["captions"]["type"]) == ("talk", "captions")
    written = export(anybody, told["id"], "srt")
    assert written.headers["content-type"].startswith("application/x-subrip")
    assert written.text.strip() == SUBTITLES.strip()


def test_what_cannot_be_written_is_said(anybody: httpx2.Client) -> None:
    silent = make(anybody, composition=composition())["id"]
    refused(export(anybody, silent, "srt"), 422, "INVALID_COMPOSITION")
    refused(export(anybody, silent, "avi"), 400, "INVALID_REQUEST")
    broken = make(anybody, composition=composition(fps=0))["id"]
    refused(export(anybody, broken, "otio"), 422, "INVALID_COMPOSITION")


def test_a_composition_in_seconds_comes_back_in_frames(anybody: httpx2.Client) -> None:
    clip: dict[str, Any] = {"type": "text", "text": "Hi", "start": 0, "duration": 1}
    other = {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": 5},
        "tracks": [{"clips": [clip]}],
    }
    seconds = make(anybody, composition=other)["id"]
    written = export(anybody, seconds, "otio")
    back = send(anybody, "cut.otio", written.content).json()["data"]["composition"]
    (item,) = back["items"].values()
    assert (item["text"], item["from"], item["durationInFrames"]) == ("Hi", 0, 5)


@pytest.mark.parametrize(
    ("filename", "content"),
    [
        ("a.otio", b"{"),
        ("a.otio", b'{"OTIO_SCHEMA": "Clip.1"}'),
        ("a.otio", b'{"a":' * 5000 + b"1" + b"}" * 5000),
        ("a.srt", b"no times at all"),
        ("a.srt", b""),
        ("a.srt", b"\xff\xfe\xff"),
        ("a.srt", b"\x00\x01\x02"),
    ],
)
def test_a_file_that_is_none_is_refused(
    anybody: httpx2.Client, filename: str, content: bytes
) -> None:
    answer = send(anybody, filename, content)
    assert answer.status_code in {400, 422}, answer.text
    assert anybody.get(URL, params={"email": EMAIL}).json()["data"] == []


def test_an_import_needs_an_address_and_a_file(anybody: httpx2.Client) -> None:
    refused(send(anybody, "a.srt", b"x", email=""), 400, "EMAIL_REQUIRED")
    refused(send(anybody, "a.srt", b"x", email="bob@example.com"), 403, "FORBIDDEN")
    answer = anybody.post(f"{URL}/import", files={"other": ("a", b"x")}, data={"email": EMAIL})
    refused(answer, 400, "INVALID_REQUEST")
