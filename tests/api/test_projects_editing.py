"""Changing compositions: the four operations, revisions, and edits that do not get lost."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from tests import steps
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock
from tests.projects import EMAIL, EMPTY, URL, composition, fetch, make, patch, refused

from telecine.api.app import create_app
from telecine.assembly import Telecine
from telecine.core import projects
from telecine.core.projects import Change
from telecine.kit.errors import StaleError


def compose(client: httpx2.Client, project_id: int, operation: str, **data: Any) -> dict[str, Any]:
    answer = patch(client, project_id, operation, **data)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def revisions(client: httpx2.Client, project_id: int, **query: Any) -> list[tuple[int, str]]:
    answer = client.get(f"{URL}/{project_id}/revisions", params={"email": EMAIL, **query})
    return [(each["revision"], each["change"]) for each in answer.json()["data"]]


# Operations


def test_replace_puts_the_documented_composition_in(anybody: httpx2.Client) -> None:
    new = {
        "fps": 30,
        "compositionWidth": 1920,
        "compositionHeight": 1080,
        "tracks": [
            {"id": "track-1", "trackType": "video", "name": "Main", "items": ["item-1"]},
        ],
        "items": {
            "item-1": {
                "id": "item-1",
                "type": "video",
                "assetId": "asset-1",
                "from": 0,
                "durationInFrames": 150,
            },
        },
        "assets": {
            "asset-1": {
                "id": "asset-1",
                "type": "video",
                "durationInSeconds": 5,
                "remoteUrl": "https://cdn.kvid.ai/clip.mp4",
            },
        },
    }
    project = make(anybody)["id"]
    told = compose(anybody, project, "replace", composition=new)
    assert (told["composition"], told["revision"], told["warnings"]) == (new, 2, [])
    assert fetch(anybody, project)["composition"] == new


def test_merge_replaces_whole_keys_literally(anybody: httpx2.Client) -> None:
    project = make(anybody, composition=composition())["id"]
    told = compose(anybody, project, "merge", composition={"items": {}, "tracks": [], "mine": 1})
    assert told["composition"] == {**composition(), "items": {}, "tracks": [], "mine": 1}


def test_deep_merge_ships_only_the_difference(anybody: httpx2.Client) -> None:
    project = make(anybody, composition=composition())["id"]
    part = {"items": {"item-1": {"color": "#00ff00", "top": None}}}
    told = compose(anybody, project, "deep-merge", composition=part)
    changed = composition()
    changed["items"]["item-1"]["color"] = "#00ff00"
    del changed["items"]["item-1"]["top"]
    assert told["composition"] == changed


def test_json_patch_changes_places(anybody: httpx2.Client) -> None:
    project = make(anybody, composition=composition())["id"]
    operations = [
        {"op": "test", "path": "/fps", "value": 5},
        {"op": "replace", "path": "/items/item-1/color", "value": "#00ff00"},
        {"op": "add", "path": "/tracks/-", "value": {"id": "t2", "items": []}},
    ]
    told = compose(anybody, project, "json-patch", patch=operations)
    assert told["composition"]["items"]["item-1"]["color"] == "#00ff00"
    assert [each["id"] for each in told["composition"]["tracks"]] == ["track-1", "t2"]


def test_a_patch_that_cannot_be_done_changes_nothing(anybody: httpx2.Client) -> None:
    project = make(anybody, composition=composition())["id"]
    good = {"op": "remove", "path": "/fps"}
    bad = {"op": "remove", "path": "/nothing"}
    told = refused(patch(anybody, project, "json-patch", patch=[good, bad]), 400, "INVALID_REQUEST")
    assert told["data"]["field"] == "data.patch[1]"
    good = {"op": "remove", "path": "/items"}
    failing = {"op": "test", "path": "/fps", "value": 6}
    refused(patch(anybody, project, "json-patch", patch=[good, failing]), 412, "STALE")
    told = fetch(anybody, project)
    assert (told["composition"], told["revision"]) == (composition(), 1)


def test_numbers_and_unknown_keys_stay_as_written_through_every_operation(
    api: TestClient, customer: Customer
) -> None:
    kept = '"scale": 1.0, "big": 12345678901234567890123, "e": 2e0'
    text = f'{{"fps": 5, "mine": {{{kept}}}}}'
    project = api.post(
        URL, content=f'{{"email": "{EMAIL}", "composition": {text}}}', headers=customer.headers
    ).json()["data"]["id"]
    api.headers.update(customer.headers)
    for operation, data in (
        ("merge", {"composition": {"fps": 6}}),
        ("deep-merge", {"composition": {"mine": {"new": 1}}}),
        ("json-patch", {"patch": [{"op": "add", "path": "/a", "value": 1}]}),
    ):
        answer = patch(api, project, operation, **data)
        assert kept.replace(" ", "") in answer.text.replace(" ", ""), answer.text


# Revisions


def test_every_change_makes_a_revision_that_can_be_read_and_restored(
    anybody: httpx2.Client,
) -> None:
    project = make(anybody, name="First", composition=composition())["id"]
    compose(anybody, project, "merge", composition={"fps": 10})
    anybody.put(f"{URL}/{project}", json={"email": EMAIL, "name": "Second"})
    assert revisions(anybody, project) == [(3, "update"), (2, "merge"), (1, "create")]
    assert revisions(anybody, project, page=2, pageSize=2) == [(1, "create")]
    old = anybody.get(f"{URL}/{project}/revisions/1", params={"email": EMAIL})
    assert old.headers["etag"] == '"1"'
    assert old.json()["data"]["composition"] == composition()
    assert old.json()["data"]["name"] == "First"
    answer = anybody.post(f"{URL}/{project}/revisions/1/restore", json={"email": EMAIL})
    told = answer.json()["data"]
    assert (told["composition"], told["name"], told["revision"]) == (composition(), "First", 4)
    assert revisions(anybody, project)[0] == (4, "restore")


def test_what_changes_nothing_makes_no_revision(anybody: httpx2.Client) -> None:
    project = make(anybody)["id"]
    assert compose(anybody, project, "replace", composition=composition())["revision"] == 2
    assert compose(anybody, project, "replace", composition=composition())["revision"] == 2
    body = {"email": EMAIL, "name": "Untitled Project"}
    assert anybody.put(f"{URL}/{project}", json=body).json()["data"]["revision"] == 2


def test_an_unknown_revision_is_told_from_an_unknown_project(anybody: httpx2.Client) -> None:
    project = make(anybody)["id"]
    for number in ("2", "0", "latest", "9" * 30):
        path = f"{URL}/{project}/revisions/{number}"
        refused(anybody.get(path, params={"email": EMAIL}), 404, "REVISION_NOT_FOUND")
        answer = anybody.post(f"{path}/restore", json={"email": EMAIL})
        refused(answer, 404, "REVISION_NOT_FOUND")


def test_only_so_many_revisions_are_kept(tmp_path: Path, clock: FixedClock) -> None:
    with steps.opened(tmp_path / "few", clock=clock, project_revisions=3) as telecine:
        headers = customer_of(telecine).headers
        with TestClient(create_app(telecine.services()), headers=headers) as client:
            project = make(client)["id"]
            for number in range(4):
                compose(client, project, "merge", composition={"n": number})
            assert [number for number, _ in revisions(client, project)] == [5, 4, 3]
            assert fetch(client, project)["composition"] == {**EMPTY, "n": 3}


# If-Match


def test_a_change_of_a_stale_revision_is_refused(anybody: httpx2.Client) -> None:
    answer = anybody.post(URL, json={"email": EMAIL})
    first, project = answer.headers["etag"], answer.json()["data"]["id"]
    assert first == '"1"'
    answer = patch(anybody, project, "merge", composition={"a": 1}, headers={"If-Match": first})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    stale = {"If-Match": first}
    refused(patch(anybody, project, "merge", composition={"b": 1}, headers=stale), 412, "STALE")
    body = {"email": EMAIL, "name": "x"}
    refused(anybody.put(f"{URL}/{project}", json=body, headers=stale), 412, "STALE")
    path = f"{URL}/{project}/revisions/1/restore"
    refused(anybody.post(path, json={"email": EMAIL}, headers=stale), 412, "STALE")
    refused(anybody.post(f"{URL}/{project}/render", json=body, headers=stale), 412, "STALE")
    query = {"email": EMAIL}
    refused(anybody.delete(f"{URL}/{project}", params=query, headers=stale), 412, "STALE")
    assert fetch(anybody, project)["composition"] == {**EMPTY, "a": 1}


@pytest.mark.parametrize(
    ("header", "status"),
    [('"1"', 200), ('W/"1"', 200), ("1", 200), ("*", 200), ('"9", "1"', 200), ('"x"', 412)],
)
def test_the_header_is_read_in_all_its_forms(
    anybody: httpx2.Client, header: str, status: int
) -> None:
    project = make(anybody)["id"]
    answer = patch(anybody, project, "merge", composition={"a": 1}, headers={"If-Match": header})
    assert answer.status_code == status


def test_of_two_changes_to_the_same_revision_the_second_is_refused_in_the_database(
    telecine: Telecine, customer: Customer, anybody: httpx2.Client
) -> None:
    made = make(anybody)["id"]
    with telecine.db.snapshot() as tx:
        project = projects.get(tx, made, account_id=customer.account.id)
        draft = projects.drafted(projects.content(tx, project))

    def revise() -> None:
        with telecine.db.transaction() as tx:
            projects.revise(
                *(tx, project, draft),
                change=Change.MERGE,
                now=telecine.clock(),
                most_kept=9,
                limit_bytes=10**6,
            )

    revise()
    with pytest.raises(StaleError):
        revise()


def test_many_who_change_at_once_without_a_word_lose_nothing(
    anybody: httpx2.Client,
) -> None:
    project = make(anybody, composition={**composition(), "mine": {}})["id"]
    start = threading.Barrier(4)

    def change(who: int) -> None:
        start.wait()
        for number in range(5):
            compose(
                anybody, project, "deep-merge", composition={"mine": {f"{who}-{number}": number}}
            )

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(change, range(4)))
    told = fetch(anybody, project)
    assert len(told["composition"]["mine"]) == 20
    assert told["revision"] == 21


# Bad input


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "replace"},
        {"operation": "replace", "data": {}},
        {"operation": "replace", "data": {"composition": None}},
        {"operation": "replace", "data": {"composition": []}},
        {"operation": "merge", "data": {"composition": "text"}},
        {"operation": "json-patch", "data": {"composition": {}}},
        {"operation": "json-patch", "data": {"patch": {}}},
        {"operation": "json-patch", "data": {"patch": [7]}},
        {"operation": "json-patch", "data": {"patch": [{"op": "remove", "path": ""}]}},
        {"operation": "shuffle", "data": {"composition": {}}},
        {"data": {"composition": {}}},
    ],
)
def test_a_patch_without_sense_is_refused_with_the_field(
    anybody: httpx2.Client, body: dict[str, Any]
) -> None:
    project = make(anybody)["id"]
    answer = anybody.patch(f"{URL}/{project}/composition", json={"email": EMAIL, **body})
    refused(answer, 400, "INVALID_REQUEST")
    assert fetch(anybody, project)["revision"] == 1


def test_what_would_grow_too_large_or_too_deep_is_refused(
    tmp_path: Path, clock: FixedClock
) -> None:
    with steps.opened(tmp_path / "small", clock=clock, max_composition_bytes=5000) as telecine:
        headers = customer_of(telecine).headers
        with TestClient(create_app(telecine.services()), headers=headers) as client:
            project = make(client)["id"]
            compose(client, project, "merge", composition={"a": "x" * 4000})
            answer = patch(client, project, "merge", composition={"b": "x" * 4000})
            refused(answer, 413, "TOO_LARGE")
            answer = patch(client, project, "merge", composition={"b": "x" * 6000})
            refused(answer, 413, "TOO_LARGE")
            assert json.dumps(fetch(client, project)["composition"]).count("x") == 4000


def test_nesting_without_end_is_refused(anybody: httpx2.Client) -> None:
    deep = '{"a":' * 5000 + "1" + "}" * 5000
    body = f'{{"email": "{EMAIL}", "composition": {deep}}}'
    refused(anybody.post(URL, content=body), 400, "INVALID_REQUEST")
