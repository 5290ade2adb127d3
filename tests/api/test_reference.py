"""The reference as somebody reads it who writes a client: words before, and examples of everything."""

from __future__ import annotations

from typing import Any

import httpx2
import jsonschema
import msgspec
import pytest
from tests.projects import EMAIL

from telecine.api.reference import examples, openapi
from telecine.api.routes import ENDPOINTS

BY_ID = {each.operation_id: each for each in ENDPOINTS}
SENT = [each for each in ENDPOINTS if each.body is not None]


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return openapi.describe(ENDPOINTS)


def check(description: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    whole = {**schema, "components": description["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def test_every_family_is_introduced_and_no_other(description: dict[str, Any]) -> None:
    introduced = [each["name"] for each in description["tags"]]
    operations = [each for item in description["paths"].values() for each in item.values()]
    assert set(introduced) == {tag for each in operations for tag in each["tags"]}
    assert all(each["description"] for each in description["tags"])


@pytest.mark.parametrize("endpoint", SENT, ids=lambda each: each.operation_id)
def test_every_body_of_json_has_an_example_that_is_read_whole(endpoint: Any) -> None:
    example = examples.body(endpoint.operation_id)
    assert example is not None
    named = {each.encode_name for each in msgspec.structs.fields(endpoint.body)}
    assert set(example) <= named
    msgspec.json.decode(msgspec.json.encode(example), type=endpoint.body)


def test_examples_are_of_operations_that_take_json(description: dict[str, Any]) -> None:
    for operation_id in examples.OPERATIONS:
        endpoint = BY_ID[operation_id]
        operation = description["paths"][endpoint.path][endpoint.method.lower()]
        sent = operation["requestBody"]["content"]["application/json"]
        assert sent["example"] == examples.body(operation_id)


def test_every_failure_shows_what_it_looks_like(description: dict[str, Any]) -> None:
    listed = description["components"]["examples"]
    for endpoint in ENDPOINTS:
        answers = description["paths"][endpoint.path][endpoint.method.lower()]["responses"]
        for status in [each for each in answers if each >= "400"]:
            told = answers[status]["content"]["application/json"]
            if int(status) in endpoint.failures:
                continue  # what no error of ours stands behind has none of its bodies
            assert told["examples"], (endpoint.operation_id, status)
            for each in told["examples"].values():
                shown = listed[each["$ref"].rpartition("/")[2]]["value"]
                check(description, told["schema"], shown)


def test_every_example_of_a_field_is_one_that_it_may_have(description: dict[str, Any]) -> None:
    shown = 0
    for schema in description["components"]["schemas"].values():
        for definition in schema.get("properties", {}).values():
            for example in definition.get("examples", ()):
                check(description, definition, example)
                shown += 1
    assert shown > 300
    reply = description["components"]["schemas"]["ClipJob"]["properties"]
    assert reply["job_id"]["examples"] == ["job_x712knjxy3o9"]


def test_what_the_reference_shows_can_be_sent_as_it_is(anybody: httpx2.Client) -> None:
    for operation_id, status in (("video_create", 200), ("video_create_preview", 200)):
        path = BY_ID[operation_id].path
        assert anybody.post(path, json=examples.body(operation_id)).status_code == status
    mine = {"email": EMAIL}
    made = anybody.post("/api/video-project", json={**_body("projects_create"), **mine})
    assert made.status_code == 201
    number = made.json()["data"]["id"]
    for operation_id in ("projects_update", "projects_patch", "projects_chat", "projects_delete"):
        endpoint = BY_ID[operation_id]
        path = endpoint.path.format(id=number)
        told = anybody.request(endpoint.method, path, json={**_body(operation_id), **mine})
        assert told.status_code == 200, told.text
        assert not told.json()["data"].get("warnings")


def _body(operation_id: str) -> dict[str, Any]:
    return dict(examples.body(operation_id) or {})
