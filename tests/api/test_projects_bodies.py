"""What may stand in a request beside its fields: unknown ones, the key, the address of a DELETE."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from tests.conftest import Customer
from tests.projects import EMAIL, URL, begin, composition, fetch, make, patch, refused


def unread(answer: httpx2.Response) -> list[str]:
    assert answer.status_code < 300, answer.text
    warnings = answer.json()["data"]["warnings"]
    return [each["path"] for each in warnings if each["code"] == "UNKNOWN_FIELD"]


@pytest.fixture
def project(anybody: httpx2.Client) -> dict[str, Any]:
    return make(anybody, composition=composition())


def test_fields_that_nobody_reads_are_told_wherever_a_body_is_sent(
    anybody: httpx2.Client, project: dict[str, Any]
) -> None:
    url = f"{URL}/{project['id']}"
    said = {"message": {"role": "user", "content": "x", "mine": 1}, "mesage": 1}
    sent = {"operation": "merge", "data": {"composition": {}, "compositoin": {}}}

    assert unread(anybody.post(URL, json={"email": EMAIL, "nmae": "A"})) == ["nmae"]
    assert unread(anybody.put(url, json={"email": EMAIL, "thumbnailUrl": None})) == ["thumbnailUrl"]
    patched = anybody.patch(f"{url}/composition", json={"email": EMAIL, **sent})
    assert unread(patched) == ["data.compositoin"]
    assert unread(anybody.post(f"{url}/duplicate", json={"email": EMAIL, "as": "B"})) == ["as"]
    assert unread(anybody.post(f"{url}/chat", json={"email": EMAIL, **said})) == ["mesage"]
    assert unread(anybody.post(f"{url}/link", json={"email": EMAIL, "old": 1})) == ["old"]
    restored = anybody.post(f"{url}/revisions/1/restore", json={"email": EMAIL, "force": 1})
    assert unread(restored) == ["force"]
    order = {"email": EMAIL, "foramt": "gif", "range": {"to": 3}}
    assert unread(anybody.post(f"{url}/render", json=order)) == ["foramt", "range.to"]


def test_a_field_that_nobody_reads_is_told_with_those_that_are(
    anybody: httpx2.Client, project: dict[str, Any]
) -> None:
    body = {"email": EMAIL, "name": "B", "titel": "x" * 500, "settings": {"any": 1}}
    told = anybody.put(f"{URL}/{project['id']}", json=body).json()["data"]
    (warning,) = told["warnings"]
    assert (told["name"], told["settings"]) == ("B", {"any": 1})
    assert "thumbnail_url" in warning["allowed"]
    assert len(warning["got"]) < 100


def test_of_very_many_unknown_fields_some_are_told(anybody: httpx2.Client) -> None:
    body = {"email": EMAIL, **{f"x{number}": number for number in range(10_000)}}
    assert len(unread(anybody.post(URL, json=body))) == 20


def test_the_key_may_stand_in_the_body(api: TestClient, customer: Customer) -> None:
    body = {"email": EMAIL, "name": "By an agent", "apiKey": customer.key}
    made = api.post(URL, json=body)
    assert made.status_code == 201
    assert made.json()["data"]["warnings"] == []
    assert customer.key not in made.text
    for wrong in ("", "tc_nothing", None, 5):
        refused(api.post(URL, json={**body, "apiKey": wrong}), 401, "UNAUTHORIZED")
    in_header = {"api-key": "tc_nothing"}
    refused(api.post(URL, json=body, headers=in_header), 401, "UNAUTHORIZED")


def test_a_large_body_is_not_read_for_its_key(api: TestClient, customer: Customer) -> None:
    body = {"email": EMAIL, "apiKey": customer.key, "settings": {"x": "y" * 2**20}}
    refused(api.post(URL, json=body), 401, "UNAUTHORIZED")
    assert api.post(URL, json=body, headers={"api-key": customer.key}).status_code == 201


def test_no_other_family_takes_a_key_from_the_body(api: TestClient, customer: Customer) -> None:
    answer = api.post("/api/v1/video", json={"config": {}, "apiKey": customer.key})
    assert answer.status_code == 401


def test_the_address_of_a_delete_may_stand_in_its_body(
    anybody: httpx2.Client, customer: Customer, project: dict[str, Any]
) -> None:
    url = f"{URL}/{project['id']}"
    refused(anybody.request("DELETE", url), 400, "EMAIL_REQUIRED")
    refused(anybody.request("DELETE", url, json={"email": "bob@example.com"}), 403, "FORBIDDEN")
    render_id = begin(anybody, project["id"])["render_id"]
    stopped = anybody.request("DELETE", f"{url}/exports/{render_id}", json={"email": EMAIL})
    assert stopped.json()["data"][0]["error"] == "cancelled"
    gone = anybody.request("DELETE", url, json={"email": EMAIL, "apiKey": customer.key})
    assert gone.json()["data"] == {"id": project["id"], "deleted": True}


def test_the_reference_names_the_header_of_expected_revisions(api: TestClient) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    expecting = {
        (method, path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if any(each["name"] == "If-Match" for each in operation.get("parameters", []))
    }
    one = "/api/video-project/{id}"
    assert expecting == {
        ("put", one),
        ("delete", one),
        ("patch", f"{one}/composition"),
        ("post", f"{one}/render"),
        ("post", f"{one}/revisions/{{revision}}/restore"),
    }
    for path, method, status in ((one, "get", "200"), (one, "put", "200")):
        assert "ETag" in paths[path][method]["responses"][status]["headers"]
    assert "ETag" in paths["/api/video-project"]["post"]["responses"]["201"]["headers"]
    assert "412" in paths[one]["put"]["responses"]


@pytest.mark.parametrize("document", [{}, {"tracks": []}, {"assets": {}}])
def test_what_is_wrong_with_next_to_nothing_is_said_in_frames(
    anybody: httpx2.Client, document: dict[str, Any]
) -> None:
    project = make(anybody, composition=document)
    assert project["warnings"] == []
    answer = anybody.post(f"{URL}/{project['id']}/render", json={"email": EMAIL})
    faults = refused(answer, 422, "INVALID_COMPOSITION")["data"]["errors"]
    assert [(each["path"], each["code"]) for each in faults] == [("tracks", "EMPTY")]
    told = patch(anybody, project["id"], "merge", composition={"items": {}}).json()["data"]
    assert told["warnings"] == []
    assert fetch(anybody, project["id"])["composition"] == {**document, "items": {}}
