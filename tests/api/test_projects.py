"""The projects door as a stranger meets it: create, list, change, chat, duplicate, delete."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests import steps
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock
from tests.projects import (
    EMAIL,
    EMPTY,
    URL,
    begin,
    composition,
    fetch,
    finish,
    make,
    patch,
    refused,
)

from telecine.assembly import Telecine
from telecine.db.tables import (
    jobs,
    project_documents,
    project_messages,
    project_revisions,
    projects,
)


def count(telecine: Telecine, table: sa.Table) -> int:
    with telecine.db.snapshot() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


# Create and fetch


def test_a_project_is_created_with_the_documented_reply(anybody: httpx2.Client) -> None:
    answer = anybody.post(
        URL, json={"email": EMAIL, "name": "Sunset Beach Promo", "templateId": "review-owl"}
    )
    assert answer.status_code == 201
    assert answer.json()["success"] is True
    told = answer.json()["data"]
    assert isinstance(told["id"], int)
    documented = {
        "name": "Sunset Beach Promo",
        "email": EMAIL,
        "composition": EMPTY,
        "status": "draft",
        "thumbnail_url": None,
        "template_id": "review-owl",
        "last_edited_at": "2026-04-12T12:00:00.000Z",
    }
    assert {key: told[key] for key in documented} == documented
    assert [each["code"] for each in told["warnings"]] == ["UNKNOWN_TEMPLATE"]


def test_what_is_left_out_has_its_documented_default(anybody: httpx2.Client) -> None:
    told = make(anybody, templateId=None)
    assert (told["name"], told["template_id"]) == ("Untitled Project", "system_default")
    assert (told["composition"], told["settings"], told["warnings"]) == (EMPTY, {}, [])


def test_stored_json_comes_back_to_the_letter(api: TestClient, customer: Customer) -> None:
    text = (
        '{"zeta": 1.0, "fps": 3e1, "big": 12345678901234567890123, "name": "\\u0041",\n'
        ' "items": {"b": {}, "a": {"x": 0.10}}, "mine": {"nobody": ["knows", null]}}'
    )
    settings = '{ "theme": 1.50 }'
    answer = api.post(
        URL,
        content=f'{{"email": "{EMAIL}", "composition": {text}, "settings": {settings}}}',
        headers=customer.headers,
    )
    assert answer.status_code == 201, answer.text
    again = api.get(
        f"{URL}/{answer.json()['data']['id']}", params={"email": EMAIL}, headers=customer.headers
    )
    for reply in (answer, again):
        assert f'"composition":{text}' in reply.text
        assert f'"settings":{settings}' in reply.text


def test_a_project_is_told_in_full(anybody: httpx2.Client) -> None:
    project = make(anybody, name="One", settings={"voice": "owl"}, composition=composition())
    told = fetch(anybody, project["id"])
    assert told["composition"] == composition()
    assert (told["settings"], told["chat_history"]) == ({"voice": "owl"}, [])
    assert (told["revision"], told["render_url"], told["render_error"]) == (1, None, None)


def test_composition_faults_are_stored_and_told(anybody: httpx2.Client) -> None:
    shown = composition(assets={}, items={"item-1": {"type": "video", "assetId": "gone"}})
    told = make(anybody, composition=shown)
    assert told["composition"] == shown
    assert told["warnings"]


# List


def names(client: httpx2.Client, **query: Any) -> list[str]:
    answer = client.get(URL, params={"email": EMAIL, **query})
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["data"]]


def test_projects_are_listed_in_pages_without_what_is_large(
    anybody: httpx2.Client, clock: FixedClock
) -> None:
    for number in range(3):
        make(anybody, name=f"p{number}", composition=composition())
        clock.advance(seconds=1)
    answer = anybody.get(URL, params={"email": EMAIL, "page": 1, "pageSize": 2}).json()
    assert [each["name"] for each in answer["data"]] == ["p2", "p1"]
    assert answer["meta"]["pagination"] == {"page": 1, "pageSize": 2, "total": 3, "pageCount": 2}
    assert not {"composition", "chat_history", "settings"} & set(answer["data"][0])
    assert names(anybody, page=2, pageSize=2) == ["p0"]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({}, (1, 12)),
        ({"page": "0", "pageSize": "0"}, (1, 1)),
        ({"page": "-3", "pageSize": "51"}, (1, 50)),
        ({"page": "two", "pageSize": "1e3"}, (1, 12)),
        ({"page": "9" * 30, "pageSize": "\u0663"}, (1, 12)),
    ],
)
def test_pages_that_cannot_be_are_moved_inside_the_bounds(
    anybody: httpx2.Client, sent: dict[str, str], shown: tuple[int, int]
) -> None:
    told = anybody.get(URL, params={"email": EMAIL, **sent}).json()["meta"]["pagination"]
    assert (told["page"], told["pageSize"], told["total"], told["pageCount"]) == (*shown, 0, 0)


def test_projects_are_sorted_by_edit_or_name(anybody: httpx2.Client, clock: FixedClock) -> None:
    ids = []
    for name in ("beta", "Alpha", "gamma"):
        ids.append(make(anybody, name=name)["id"])
        clock.advance(seconds=1)
    patch(anybody, ids[0], "merge", composition={"fps": 25})
    assert names(anybody) == ["beta", "gamma", "Alpha"]
    assert names(anybody, sort="oldest") == ["Alpha", "gamma", "beta"]
    assert names(anybody, sort="name-asc") == ["Alpha", "beta", "gamma"]
    assert names(anybody, sort="name-desc") == ["gamma", "beta", "Alpha"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("promo", ["Promo 100%"]),
        ("100%", ["Promo 100%"]),
        ("%", ["Promo 100%"]),
        ("_", ["a_b"]),
        ("\\", ["back\\slash"]),
        ("'; DROP TABLE projects; --", []),
        ("\u00c4RGER", ["\u00c4rger"]),
        ("\u00e4rger", ["\u00c4rger"]),
        ("", ["Promo 100%", "a_b", "axb", "back\\slash", "\u00c4rger"]),
    ],
)
def test_search_finds_a_part_of_the_name_and_nothing_else(
    anybody: httpx2.Client, search: str, found: list[str]
) -> None:
    for name in ("Promo 100%", "a_b", "axb", "back\\slash", "\u00c4rger"):
        make(anybody, name=name)
    assert sorted(names(anybody, search=search)) == found


def test_projects_are_filtered_by_status(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    made = {
        name: make(anybody, name=name, composition=composition())["id"]
        for name in ("draft", "rendering", "completed", "by hand")
    }
    finish(telecine, clock, begin(anybody, made["completed"]))
    begin(anybody, made["rendering"])
    anybody.put(f"{URL}/{made['by hand']}", json={"email": EMAIL, "status": "completed"})
    assert names(anybody, status="draft") == ["draft"]
    assert names(anybody, status="rendering") == ["rendering"]
    assert sorted(names(anybody, status="completed")) == ["by hand", "completed"]
    assert names(anybody, status="failed") == []


# Change


def test_top_level_fields_are_changed_and_others_stay(anybody: httpx2.Client) -> None:
    project = make(anybody, settings={"a": 1}, composition=composition())
    answer = anybody.put(
        f"{URL}/{project['id']}",
        json={"email": EMAIL, "name": "Final cut", "status": "completed"},
    )
    told = answer.json()["data"]
    assert (told["name"], told["status"], told["settings"]) == ("Final cut", "completed", {"a": 1})
    assert (told["render_url"], told["composition"]) == (None, composition())
    told = anybody.put(
        f"{URL}/{project['id']}",
        json={"email": EMAIL, "settings": {"b": 2}, "thumbnail_url": "https://x.example/t.png"},
    ).json()["data"]
    assert (told["settings"], told["name"]) == ({"b": 2}, "Final cut")
    assert told["thumbnail_url"] == "https://x.example/t.png"


def test_a_composition_that_is_put_is_not_taken_and_that_is_said(anybody: httpx2.Client) -> None:
    project = make(anybody, composition=composition())
    body = {"email": EMAIL, "name": "New", "composition": EMPTY}
    told = anybody.put(f"{URL}/{project['id']}", json=body).json()["data"]
    assert (told["name"], told["composition"]) == ("New", composition())
    assert [each["code"] for each in told["warnings"]] == ["NOT_TAKEN"]


def test_the_status_cannot_be_set_while_rendering_nor_to_what_only_a_render_is(
    anybody: httpx2.Client,
) -> None:
    project = make(anybody, composition=composition())
    for status in ("rendering", "failed", "lost"):
        answer = anybody.put(f"{URL}/{project['id']}", json={"email": EMAIL, "status": status})
        assert refused(answer, 400, "INVALID_REQUEST")["data"]["field"] == "status"
    begin(anybody, project["id"])
    body = {"email": EMAIL, "status": "draft", "name": "other"}
    refused(anybody.put(f"{URL}/{project['id']}", json=body), 409, "CONCURRENT_LIMIT")
    told = fetch(anybody, project["id"])
    assert (told["name"], told["revision"], told["status"]) == ("Untitled Project", 1, "rendering")


# Duplicate, chat, delete


def test_a_duplicate_has_everything_but_the_chat_and_the_renders(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    project = make(
        anybody, name="A", templateId="news", settings={"a": 1.0}, composition=composition()
    )
    say(anybody, project["id"], role="user", content="hello")
    finish(telecine, clock, begin(anybody, project["id"]))
    answer = anybody.post(f"{URL}/{project['id']}/duplicate", json={"email": EMAIL, "name": "B"})
    assert answer.status_code == 201
    clone = fetch(anybody, answer.json()["data"]["id"])
    assert clone["id"] != project["id"]
    assert (clone["name"], clone["status"], clone["template_id"]) == ("B", "draft", "news")
    assert (clone["composition"], clone["settings"]) == (composition(), {"a": 1.0})
    assert (clone["chat_history"], clone["render_url"], clone["revision"]) == ([], None, 1)
    unnamed = anybody.post(f"{URL}/{project['id']}/duplicate", json={"email": EMAIL})
    assert unnamed.json()["data"]["name"] == "A (copy)"


def say(client: httpx2.Client, project_id: int, **message: Any) -> httpx2.Response:
    return client.post(f"{URL}/{project_id}/chat", json={"email": EMAIL, "message": message})


def test_messages_are_kept_in_order_as_sent_with_the_time(
    anybody: httpx2.Client, clock: FixedClock
) -> None:
    project = make(anybody)["id"]
    first = say(anybody, project, role="system", content="Imported 12 clips", mine={"x": 1.0})
    assert first.status_code == 200
    assert first.json()["data"]["chat_history_length"] == 1
    parts = [{"type": "text", "text": "hi"}]
    assert (
        say(anybody, project, role="user", content=parts, ts=17).json()["data"][
            "chat_history_length"
        ]
        == 2
    )
    assert fetch(anybody, project)["chat_history"] == [
        {
            "role": "system",
            "content": "Imported 12 clips",
            "mine": {"x": 1.0},
            "ts": "2026-04-12T12:00:00Z",
        },
        {"role": "user", "content": parts, "ts": 17},
    ]
    assert fetch(anybody, project)["revision"] == 1


def test_a_deleted_project_is_gone_with_all_that_it_had_but_its_film_stays(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    project = make(anybody, composition=composition())["id"]
    say(anybody, project, role="user", content="hello")
    finish(telecine, clock, begin(anybody, project))
    url = fetch(anybody, project)["render_url"]
    answer = anybody.delete(f"{URL}/{project}", params={"email": EMAIL})
    assert answer.json() == {"success": True, "data": {"id": project, "deleted": True}}
    refused(anybody.get(f"{URL}/{project}", params={"email": EMAIL}), 404, "PROJECT_NOT_FOUND")
    steps.janitor(telecine).remove_deleted_projects()
    for table in (projects, project_revisions, project_documents, project_messages):
        assert count(telecine, table) == 0
    assert anybody.get(url).status_code == 200
    assert make(anybody)["id"] > project


def test_deleting_stops_a_render_and_gives_its_price_back(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer
) -> None:
    project = make(anybody, composition=composition())["id"]
    begun = begin(anybody, project)
    anybody.delete(f"{URL}/{project}", params={"email": EMAIL})
    with telecine.db.snapshot() as tx:
        status = tx.execute(sa.select(jobs.c.status).where(jobs.c.id == begun["render_id"]))
        assert status.scalar_one() == "cancelled"
    assert anybody.get("/api/v1/credits").json()["credits"] == 100


# Whose projects


def test_the_key_may_come_in_the_documented_header(api: TestClient, customer: Customer) -> None:
    answer = api.post(URL, json={"email": EMAIL}, headers={"api-key": customer.key})
    assert answer.status_code == 201


def test_the_address_is_required_and_must_be_that_of_the_key(anybody: httpx2.Client) -> None:
    project = make(anybody)["id"]
    refused(anybody.post(URL, json={"name": "x"}), 400, "EMAIL_REQUIRED")
    refused(anybody.post(URL, json={"email": 17}), 400, "EMAIL_REQUIRED")
    refused(anybody.post(URL, json={"email": None}), 400, "EMAIL_REQUIRED")
    refused(anybody.get(f"{URL}/{project}"), 400, "EMAIL_REQUIRED")
    refused(anybody.get(URL, params={"email": "bob@example.com"}), 403, "FORBIDDEN")
    refused(anybody.post(URL, json={"email": "bob@example.com"}), 403, "FORBIDDEN")
    told = anybody.get(URL, params={"email": "bob@example.com"}).json()["message"]
    assert "telecine keys list" in told
    assert anybody.get(URL, params={"email": " ANN@example.com "}).status_code == 200
    assert anybody.post(URL, params={"email": EMAIL}, json={}).status_code == 201


def test_without_a_good_key_nothing_is_told(api: TestClient, customer: Customer) -> None:
    for headers in ({}, {"api-key": "nonsense"}, {"api-key": customer.key[:-1] + "0"}):
        refused(api.get(URL, params={"email": EMAIL}, headers=headers), 401, "UNAUTHORIZED")


def test_the_project_of_another_account_is_forbidden_and_an_unknown_one_not_found(
    api: TestClient, telecine: Telecine, anybody: httpx2.Client
) -> None:
    theirs = make(anybody)["id"]
    bob = customer_of(telecine, email="bob@example.com")
    query = {"email": "bob@example.com"}
    api.headers.update(bob.headers)
    doors = [("GET", ""), ("DELETE", ""), ("GET", "/revisions"), ("GET", "/exports")]
    for method, path in doors:
        answer = api.request(method, f"{URL}/{theirs}{path}", params=query)
        refused(answer, 403, "FORBIDDEN")
        for unknown in ("999999", "0", "-1", "1.5", "abc", "9" * 30, "%00"):
            answer = api.request(method, f"{URL}/{unknown}{path}", params=query)
            refused(answer, 404, "PROJECT_NOT_FOUND")
    assert api.get(URL, params=query, headers=bob.headers).json()["data"] == []


def test_warnings_come_with_every_reply(anybody: httpx2.Client) -> None:
    made = make(anybody, composition={"fps": 0}, templateId="nobody")
    assert {each["path"] for each in made["warnings"]} >= {"templateId", "fps"}
    url = f"{URL}/{made['id']}"
    renamed = anybody.put(url, json={"email": EMAIL, "name": "Two"}).json()["data"]
    copied = anybody.post(f"{url}/duplicate", json={"email": EMAIL}).json()["data"]
    for told in (fetch(anybody, made["id"]), renamed, copied):
        assert told["warnings"] == made["warnings"]
    patched = {"operation": "replace", "data": {"composition": composition()}, "email": EMAIL}
    anybody.patch(f"{url}/composition", json=patched)
    anybody.put(url, json={"email": EMAIL, "templateId": "system_default"})
    assert fetch(anybody, made["id"])["warnings"] == []


def test_the_name_of_a_copy_is_as_long_as_a_name_may_be(anybody: httpx2.Client) -> None:
    long = make(anybody, name="x" * 200)["id"]
    copied = anybody.post(f"{URL}/{long}/duplicate", json={"email": EMAIL}).json()["data"]
    assert copied["name"] == "x" * 193 + " (copy)"
