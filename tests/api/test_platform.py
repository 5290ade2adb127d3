"""What belongs to no family: health, metrics, the description and its page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient
from tests import samples, steps, voiceovers
from tests.conftest import Customer

import telecine as package
from telecine.api.reference import raising
from telecine.api.routes import ENDPOINTS
from telecine.assembly import Telecine
from telecine.core import jobs


@pytest.fixture
def description(api: TestClient) -> dict[str, Any]:
    return dict(api.get("/openapi.json").json())


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return samples.make_video(tmp_path / "video.mp4", seconds=0.5)


# Health and metrics


def test_health_needs_no_key_and_names_the_version(api: TestClient) -> None:
    answer = api.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": package.__version__}


def test_health_is_not_well_without_its_database(api: TestClient, telecine: Telecine) -> None:
    telecine.db.dispose()
    (telecine.settings.data_dir / "telecine.db").unlink()
    (telecine.settings.data_dir / "telecine.db").mkdir()
    answer = api.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")


def figure(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"{name} is not in:\n{text}"
    return float(found.group(1))


def test_metrics_count_requests_by_route_and_never_by_id(anybody: httpx2.Client) -> None:
    for job_id in ("j_abc123def456", "j_000000000000"):
        anybody.get(f"/api/v1/status/{job_id}")
    anybody.get("/nothing/here")
    text = anybody.get("/metrics").text
    counted = 'telecine_http_requests_total{method="GET",route="%s",status="404"}'
    assert figure(text, counted % "/api/v1/status/{job_id}") == 2
    assert figure(text, counted % "unmatched") == 1
    assert "j_abc" not in text
    assert "nothing" not in text


def test_metrics_tell_the_jobs_and_the_queue(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    first, _ = (steps.submit(anybody, video) for _ in range(2))
    steps.run(telecine, first)
    text = anybody.get("/metrics").text
    assert figure(text, 'telecine_jobs{operation="compress",status="succeeded"}') == 1
    assert figure(text, 'telecine_jobs{operation="compress",status="queued"}') == 1
    assert figure(text, "telecine_queue_depth") == 1


def test_the_front_door_leads_to_the_reference(api: TestClient) -> None:
    answer = api.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


# The description


def test_the_description_is_valid_openapi(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(description).iter_errors()] == []


def test_every_served_address_is_described_and_no_other(description: dict[str, Any]) -> None:
    served = {(endpoint.path, endpoint.method.lower()) for endpoint in ENDPOINTS}
    described = {(path, method) for path, item in description["paths"].items() for method in item}
    assert described == served | {("/health", "get"), ("/metrics", "get")}


def test_every_field_and_parameter_is_explained(description: dict[str, Any]) -> None:
    silent = [
        (struct, name)
        for struct, schema in description["components"]["schemas"].items()
        for name, definition in schema.get("properties", {}).items()
        if not definition.get("description")
    ]
    operations = [each for item in description["paths"].values() for each in item.values()]
    silent += [
        (operation["operationId"], parameter["name"])
        for operation in operations
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ]
    assert silent == []
    assert [each["operationId"] for each in operations if not each["summary"]] == []


def test_what_is_read_of_the_body_of_a_delete_is_described(description: dict[str, Any]) -> None:
    one = description["paths"]["/api/video-project/{id}"]["delete"]
    assert "required" not in one["requestBody"]
    schema = one["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    assert "email" in description["components"]["schemas"][schema]["properties"]
    (email,) = (each for each in one["parameters"] if each["name"] == "email")
    assert "required" not in email


def test_statuses_follow_from_the_errors_of_an_endpoint(description: dict[str, Any]) -> None:
    def statuses(method: str, path: str) -> set[str]:
        return set(description["paths"][path][method]["responses"])

    one = "/api/video-project/{id}"
    assert {"402", "404", "409", "412", "413", "422"} <= statuses("post", f"{one}/render")
    assert "422" in statuses("get", f"{one}/export")
    assert "402" in statuses("patch", f"{one}/composition")
    assert "413" in statuses("post", f"{one}/chat")
    assert "402" in statuses("post", "/api/v1/video/{taskId}/render")
    assert "402" not in statuses("get", one)


def test_the_reference_speaks_of_projects_as_projects_do(description: dict[str, Any]) -> None:
    operation = description["paths"]["/api/video-project/{id}"]["get"]
    said = {status: each["description"] for status, each in operation["responses"].items()}
    assert "data.field" in said["400"]
    assert "another account's" in said["403"]
    assert "job" not in said["404"]
    named = {each["name"]: each for each in operation["parameters"]}
    assert named["id"]["schema"] == {"type": "integer"}
    assert named["email"]["required"] is True


def test_the_documented_addresses_are_all_there(description: dict[str, Any]) -> None:
    assert {
        "/api/v1/compress",
        "/api/v1/convert",
        "/api/v1/status/{job_id}",
        "/api/v1/download/{job_id}",
        "/api/v1/usage",
    } <= set(description["paths"])


def test_every_described_failure_has_the_one_shape_of_its_family(
    description: dict[str, Any],
) -> None:
    shapes = {
        "video": "VideoFailure",
        "projects": "ProjectFailure",
        "clips": "ClipFailure",
        "voiceover": "VoiceoverFailure",
        "webhooks": "WebhookFailure",
        "uploads": "UploadFailure",
    }
    for path, item in description["paths"].items():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and path != "/health":
                    schema = answer["content"]["application/json"]["schema"]
                    family = operation["operationId"].partition("_")[0]
                    shape = shapes.get(family, "ErrorReply")
                    assert schema == {"$ref": f"#/components/schemas/{shape}"}


def test_the_description_tells_what_may_be_asked(description: dict[str, Any]) -> None:
    forms = description["components"]["schemas"]
    compress, convert = (forms[name]["properties"] for name in ("CompressForm", "ConvertForm"))
    assert set(compress["codec"]["enum"]) == {"h264", "h265", "av1"}
    assert set(compress["method"]["enum"]) == {"crf", "bitrate", "size"}
    assert set(convert["format"]["enum"]) == {"jpg", "png", "webp", "avif", "gif", "tiff"}
    *_, asked = description["paths"]["/api/v1/convert"]["post"]["parameters"]
    assert (asked["name"], asked["in"], asked["schema"]["type"]) == ("async", "query", "boolean")


def test_what_is_sent_that_is_no_form_and_no_struct_is_described(
    description: dict[str, Any],
) -> None:
    paths = description["paths"]
    assert paths["/api/v1/preview"]["post"]["requestBody"]["required"] is True
    going_on = paths["/api/v1/uploads/{upload_id}"]["patch"]
    assert list(going_on["requestBody"]["content"]) == ["application/offset+octet-stream"]
    needed = {each["name"] for each in going_on["parameters"] if each.get("required")}
    assert needed == {"upload_id", "Tus-Resumable", "Upload-Offset"}


def test_the_description_has_the_rarer_answers(description: dict[str, Any]) -> None:
    paths = description["paths"]
    assert {"507"} <= set(paths["/api/v1/compress"]["post"]["responses"])
    assert {"507"} <= set(paths["/api/v1/convert"]["post"]["responses"])
    download = paths["/api/v1/download/{job_id}"]["get"]["responses"]
    assert {"304", "410", "416"} <= set(download)
    assert "content" not in download["304"]


def check(description: dict[str, Any], name: str, value: object) -> None:
    """Hold a value against a described schema; what is not described is an error too."""
    components = {
        each: {**schema, "additionalProperties": False}
        for each, schema in description["components"]["schemas"].items()
    }
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": components}}
    jsonschema.Draft202012Validator(schema).validate(value)


def test_real_replies_are_as_described(
    anybody: httpx2.Client, telecine: Telecine, description: dict[str, Any], video: Path
) -> None:
    accepted = steps.send(anybody, video, webhook_url="https://example.com/hook").json()
    check(description, "Accepted", accepted)
    job_id = accepted["job_id"]
    check(description, "StatusReply", steps.status_of(anybody, job_id))
    steps.run(telecine, job_id)
    check(description, "StatusReply", steps.status_of(anybody, job_id))
    check(description, "UsageReply", anybody.get("/api/v1/usage").json())
    check(description, "ErrorReply", anybody.get("/api/v1/status/j_no").json())
    check(description, "ErrorReply", steps.send(anybody, video, codec="xyz").json())
    with pytest.raises(jsonschema.ValidationError):
        check(description, "UsageReply", accepted)


def test_real_replies_of_voiceovers_are_as_described(
    anybody: httpx2.Client, telecine: Telecine, description: dict[str, Any], tmp_path: Path
) -> None:
    created = voiceovers.made(anybody, voiceovers.files(tmp_path)).json()
    check(description, "VoiceoverCreated", created)
    check(description, "VoiceoverJob", voiceovers.status_of(anybody, created["jobId"]))
    voiceovers.finish(telecine, created["jobId"])
    check(description, "VoiceoverJob", voiceovers.status_of(anybody, created["jobId"]))
    check(description, "VoiceoverList", anybody.get(voiceovers.JOBS).json())
    check(description, "SecretReply", anybody.get("/api/account/webhook-secret").json())
    check(description, "VoiceoverFailure", anybody.post(voiceovers.JOBS).json())


def test_a_file_field_is_described_as_raw_bytes(description: dict[str, Any]) -> None:
    for name in ("CompressForm", "ConvertForm"):
        file = description["components"]["schemas"][name]["properties"]["file"]
        assert (file["type"], file["format"]) == ("string", "binary")  # for generators of clients
        assert file["contentMediaType"] == "application/octet-stream"


def test_a_form_is_described_url_encoded_too_with_names_in_the_place_of_files(
    description: dict[str, Any],
) -> None:
    content = description["paths"]["/api/jobs"]["post"]["requestBody"]["content"]
    assert set(content) == {"multipart/form-data", "application/x-www-form-urlencoded"}
    forms = description["components"]["schemas"]
    sent, named = forms["VoiceoverForm"], forms["VoiceoverFormOfUploads"]
    assert (set(named["properties"]), named["required"]) == (
        set(sent["properties"]),
        sent["required"],
    )
    assert {named["properties"][name]["type"] for name in ("image", "audio")} == {"string"}
    assert "format" not in json.dumps(named)


def test_a_web_page_anywhere_may_read_the_description(api: TestClient) -> None:
    answer = api.get("/openapi.json", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_a_browser_may_ask_before_it_uploads(api: TestClient) -> None:
    answer = api.options(
        "/api/v1/compress",
        headers={
            "Origin": "https://elsewhere.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert answer.status_code == 200
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()


def test_a_web_page_may_read_every_header_that_is_meant_for_clients(
    anybody: httpx2.Client,
) -> None:
    answer = anybody.get("/api/v1/usage", headers={"Origin": "https://elsewhere.example"})
    exposed = {
        name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")
    }
    told = {name for name in answer.headers if "ratelimit" in name}
    assert len(told) == 8
    assert told | {"etag", "content-range", "retry-after", "x-request-id"} <= exposed


@pytest.mark.parametrize("path", ["/api/v1/usage/", "/health/", "/docs/"])
def test_a_slash_too_many_is_404_and_no_redirect_to_a_host_that_the_client_names(
    anybody: httpx2.Client, path: str
) -> None:
    answer = anybody.get(path, headers={"Host": "evil.example"}, follow_redirects=False)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "location" not in answer.headers


# The page


def test_the_page_loads_nothing_but_what_is_here(api: TestClient) -> None:
    answer = api.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    scripts = re.findall(r"<script[^>]*>", answer.text)
    sources = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert len(scripts) == len(re.findall(r"<script src=", answer.text)) == 3
    for source in sources:
        assert source.startswith("/static/")
        assert api.get(source).status_code == 200, source


@pytest.mark.parametrize(
    "path", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "/etc/passwd", "vendor", ""]
)
def test_the_static_folder_shows_its_files_and_nothing_else(api: TestClient, path: str) -> None:
    assert api.get(f"/static/{path}").status_code in {404, 405}


def test_answers_carry_the_headers_that_keep_browsers_careful(api: TestClient) -> None:
    for path in ("/health", "/docs", "/api/v1/usage"):
        headers = api.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_a_finished_event_is_as_described(
    anybody: httpx2.Client,
    telecine: Telecine,
    customer: Customer,
    description: dict[str, Any],
    video: Path,
) -> None:
    del customer
    job_id = steps.submit(anybody, video)
    steps.run(telecine, job_id)
    with telecine.db.snapshot() as tx:
        details = jobs.details(tx, jobs.get(tx, job_id))
    attempts = steps.attempts(telecine)
    body = attempts.bodies["compress"](details, "job.completed", telecine.clock())
    check(description, "Event", httpx2.Response(200, content=body).json())


def test_what_is_listed_of_an_endpoint_is_of_one_that_there_is() -> None:
    assert set(raising._BY_OPERATION) <= {endpoint.operation_id for endpoint in ENDPOINTS}
