"""Projects that are wrong: stored as far as they may be, told of, never a fault of ours."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from tests.projects import EMAIL, URL, composition, fetch, make, refused


def broken(**item: Any) -> dict[str, Any]:
    shown = composition()
    shown["items"]["item-1"] |= item
    return shown


def on_two_tracks() -> dict[str, Any]:
    shown = composition()
    shown["tracks"] = [{"id": name, "items": ["item-1"]} for name in ("a", "b")]
    return shown


@pytest.mark.parametrize(
    "shown",
    [
        broken(type="video", assetId="gone"),
        broken(durationInFrames=-5),
        broken(**{"from": -20}),
        composition(fps=0),
        composition(compositionWidth=-1),
        composition(tracks=[{"id": "t", "items": ["gone"]}]),
    ],
    ids=["dangling asset", "negative length", "negative frame", "no fps", "no width", "no item"],
)
def test_a_composition_with_faults_is_stored_and_warned_of_but_not_rendered(
    anybody: httpx2.Client, shown: dict[str, Any]
) -> None:
    project = make(anybody, composition=shown)
    assert (project["composition"], bool(project["warnings"])) == (shown, True)
    answer = anybody.post(f"{URL}/{project['id']}/render", json={"email": EMAIL})
    told = refused(answer, 422, "INVALID_COMPOSITION")
    assert {"path", "code", "message", "got", "allowed"} <= set(told["data"]["errors"][0])
    assert fetch(anybody, project["id"])["status"] == "draft"
    assert anybody.get("/api/v1/credits").json()["credits"] == 100


def test_an_item_on_two_tracks_is_stored_and_warned_of(anybody: httpx2.Client) -> None:
    project = make(anybody, composition=on_two_tracks())
    assert project["composition"] == on_two_tracks()
    assert project["warnings"]


def test_an_empty_project_cannot_be_rendered(anybody: httpx2.Client) -> None:
    project = make(anybody)["id"]
    answer = anybody.post(f"{URL}/{project}/render", json={"email": EMAIL})
    told = refused(answer, 422, "INVALID_COMPOSITION")
    assert told["data"]["errors"][0]["code"] == "EMPTY"
    assert told["message"].startswith("tracks: There is nothing to render; ")


@pytest.mark.parametrize(
    "body",
    [
        {"name": 5},
        {"name": "x" * 201},
        {"name": "a\x00b"},
        {"name": "two\nlines"},
        {"composition": []},
        {"composition": "text"},
        {"settings": 7},
        {"templateId": {}},
        {"templateId": "x" * 300},
    ],
)
def test_a_new_project_without_sense_is_refused(
    anybody: httpx2.Client, body: dict[str, Any]
) -> None:
    told = refused(anybody.post(URL, json={"email": EMAIL, **body}), 400, "INVALID_REQUEST")
    assert told["data"]["field"] == next(iter(body))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b"\xff\xfe", b'{"email": "\xff"}'])
def test_a_body_that_is_none_is_refused(anybody: httpx2.Client, content: bytes) -> None:
    for method, path in (("POST", ""), ("PUT", "/1"), ("POST", "/1/render"), ("POST", "/1/chat")):
        answer = anybody.request(method, f"{URL}{path}", content=content)
        assert answer.status_code == 400, answer.text


def test_text_that_is_not_utf8_is_refused(anybody: httpx2.Client) -> None:
    body = b'{"email": "ann@example.com", "composition": {"a": "\xff"}}'
    refused(anybody.post(URL, content=body), 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "query",
    [{"status": "lost"}, {"sort": "random"}, {"search": "a\x00b"}, {"search": "%" * 5000}],
    ids=["status", "sort", "no text", "too long"],
)
def test_a_list_that_cannot_be_is_refused(anybody: httpx2.Client, query: dict[str, str]) -> None:
    answer = anybody.get(URL, params={"email": EMAIL, **query})
    assert refused(answer, 400, "INVALID_REQUEST")["data"]["field"] in query


@pytest.mark.parametrize(
    "message",
    [
        None,
        "hello",
        [],
        {},
        {"role": "user"},
        {"content": "x"},
        {"role": "robot", "content": "x"},
        {"role": "user", "content": 5},
        {"role": "user", "content": None},
    ],
)
def test_a_message_without_sense_is_refused(anybody: httpx2.Client, message: Any) -> None:
    project = make(anybody)["id"]
    body = {"email": EMAIL, "message": message}
    told = refused(anybody.post(f"{URL}/{project}/chat", json=body), 400, "INVALID_REQUEST")
    assert told["data"]["field"].startswith("message")
    assert fetch(anybody, project)["chat_history"] == []


def test_ten_megabytes_of_chat_are_kept_and_one_message_of_them_is_refused(
    anybody: httpx2.Client,
) -> None:
    project = make(anybody)["id"]
    url, mega = f"{URL}/{project}/chat", 10**6

    def body(n_characters: int) -> dict[str, Any]:
        return {
            "email": EMAIL,
            "message": {"role": "user", "content": "x" * n_characters},
        }

    refused(anybody.post(url, json=body(10 * mega)), 413, "TOO_LARGE")
    refused(anybody.post(url, json=body(20 * mega)), 413, "TOO_LARGE")
    for _ in range(10):
        assert anybody.post(url, json=body(mega)).status_code == 200
    history = fetch(anybody, project)["chat_history"]
    assert sum(len(each["content"]) for each in history) == 10 * mega


def test_a_chat_that_is_full_is_said_to_be(anybody: httpx2.Client) -> None:
    project = make(anybody)["id"]
    message = {"role": "user", "content": "x" * (2**20 - 100)}
    answers = [
        anybody.post(f"{URL}/{project}/chat", json={"email": EMAIL, "message": message})
        for _ in range(33)
    ]
    assert {each.status_code for each in answers[:32]} == {200}
    refused(answers[32], 413, "TOO_LARGE")
    assert len(fetch(anybody, project)["chat_history"]) == 32


@pytest.mark.parametrize("cut", [rb'"Hi \ud83d"', rb'"Hi \ud83d x"', rb'"\ude00"', rb'"\\\ud83d"'])
def test_half_an_emoji_is_refused_as_that_with_its_place(
    anybody: httpx2.Client, cut: bytes
) -> None:
    answer = anybody.post(
        URL, content=b'{"name": ' + cut + b"}", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert "half of a character" in answer.json()["message"]
    assert "line 1, column" in answer.json()["message"]
