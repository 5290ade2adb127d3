"""The reference as OpenAPI 3.1, written from the same endpoints and structs that serve."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from telecine import __version__
from telecine.api.answers import awaiting, repeating
from telecine.api.compress.wire import ErrorReply, Event
from telecine.api.family import Answer, Endpoint, Plain
from telecine.api.reference import examples, introduction, meanings
from telecine.api.reference.raising import raised, sentence

_REF = "#/components/schemas/{name}"
_KEYS: Final = {
    "bearerKey": {"type": "http", "scheme": "bearer"},
    "apiKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "shortApiKeyHeader": {"type": "apiKey", "in": "header", "name": "api-key"},
}
#: Ends the name of a form that is url-encoded: it names its files.
_NAMED: Final = "OfUploads"
#: What belongs to no family and takes no key: summary, media type.
_OPEN: Final = {
    "/health": ("Whether the server is well, and its version", "application/json"),
    "/metrics": ("Figures for Prometheus", "text/plain"),
}
#: Parts of a path that count; all others are texts.
_NUMBERS: Final = frozenset({"id", "revision"})


def describe(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the whole OpenAPI document."""
    listed = tuple(endpoints)
    bodies = _bodies(listed)
    _, components = msgspec.json.schema_components(bodies, ref_template=_REF)
    for body in bodies:
        _mark_files(components[body.__name__])
    for name, component in components.items():
        _explain(name, component)
    _inline(components)
    for endpoint in listed:
        if endpoint.form is not None:
            name = endpoint.form.__name__
            components[f"{name}{_NAMED}"] = _named_files(components[name])
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    for path, (summary, media_type) in _OPEN.items():
        paths[path] = {"get": _open(path, summary, media_type)}
    _inline_choices([components, paths], components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Telecine",
            "version": __version__,
            "description": introduction.ALL,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": name, "description": said} for name, said in introduction.FAMILIES.items()
        ],
        "security": [{name: []} for name in _KEYS],
        "paths": paths,
        "webhooks": {"jobEnded": {"post": _webhook()}},
        "components": {
            "schemas": components,
            "examples": _errors_shown(listed),
            "securitySchemes": _KEYS,
        },
    }


def _bodies(endpoints: tuple[Endpoint, ...]) -> list[type[msgspec.Struct]]:
    found: dict[str, type[msgspec.Struct]] = {"ErrorReply": ErrorReply, "Event": Event}
    for endpoint in endpoints:
        answers = (body for answer in endpoint.answers.values() for body in answer.bodies)
        family = endpoint.family.failure_body
        for body in (endpoint.form, endpoint.body, family, *answers):
            if body is not None:
                found[body.__name__] = body
    return list(found.values())


def _mark_files(schema: dict[str, Any]) -> None:
    # A part of a form is raw bytes: OpenAPI 3.1 says so by the media type alone, but generators of
    # clients know the words of 3.0.
    for definition in schema.get("properties", {}).values():
        if definition.pop("contentEncoding", None) == "base64":
            definition |= {"format": "binary", "contentMediaType": "application/octet-stream"}


def _named_files(form: dict[str, Any]) -> dict[str, Any]:
    """Return the same form with names of finished uploads in the place of files."""
    named = {"type": "string", "description": "A finished upload: `upload:` and its id."}
    properties = {
        name: dict(named) if definition.get("format") == "binary" else definition
        for name, definition in form["properties"].items()
    }
    said = "The same, url-encoded: its files were uploaded before, and are named."
    title = f"{form['title']}{_NAMED}"
    return {**form, "title": title, "description": said, "properties": properties}


def _explain(struct: str, schema: dict[str, Any]) -> None:
    """Say what fields mean that their struct leaves without a word, and what may stand there."""
    for name, definition in schema.get("properties", {}).items():
        if shown := examples.value(struct, name, definition):
            definition["examples"] = list(shown)
        said = meanings.meaning(struct, name)
        if said and not {"description", "$ref"} & definition.keys():
            definition["description"] = said


def _inline(components: dict[str, Any]) -> None:
    """Write parts into what they are parts of; the reference page stumbles over their names."""
    for component in tuple(components.values()):
        properties = component.get("properties", {})
        for name, definition in properties.items():
            if "$ref" in definition:
                properties[name] = _named(components, definition)
            elif "$ref" in definition.get("items", {}):
                definition["items"] = _named(components, definition["items"])


def _inline_choices(part: Any, components: dict[str, Any]) -> None:
    """Write out what one of several may be, anywhere in a part: names stumble there, too."""
    if isinstance(part, dict):
        for index, choice in enumerate(part.get("anyOf", ())):
            if "$ref" in choice:
                part["anyOf"][index] = _named(components, choice)
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _inline_choices(each, components)


def _named(components: dict[str, Any], reference: dict[str, Any]) -> Any:
    return components[reference["$ref"].rpartition("/")[2]]


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    shape = endpoint.family.failure_body or ErrorReply
    operation: dict[str, Any] = {
        "operationId": endpoint.operation_id,
        "summary": endpoint.summary,
        "tags": [endpoint.title or endpoint.family.title],
        "responses": {
            **{str(status): _answer(answer) for status, answer in endpoint.answers.items()},
            **{
                str(status): _failure(text, shape, _shown(endpoint, status))
                for status, text in _failures(endpoint).items()
            },
        },
    }
    parameters = _parameters(endpoint)
    if parameters:
        operation["parameters"] = parameters
    if body := _body(endpoint):
        if sent := examples.body(endpoint.operation_id):
            body["content"]["application/json"]["example"] = sent
        operation["requestBody"] = body
    return operation


def _open(path: str, summary: str, media_type: str) -> dict[str, Any]:
    content: dict[str, Any] = {"content": {media_type: {}}}
    away = {"503": {"description": "The database is away.", **content}}
    return {
        "operationId": path.removeprefix("/"),
        "summary": summary,
        "tags": ["Server"],
        "security": [],
        "responses": {
            "200": {"description": "Done.", **content},
            **(away if path == "/health" else {}),
        },
    }


def _body(endpoint: Endpoint) -> dict[str, Any]:
    """Describe what is sent: JSON, a form, or one whose files came before and are named."""
    if endpoint.plain is not None:
        return _plain(endpoint.plain)
    content: dict[str, Any] = {}
    if endpoint.body is not None:
        content["application/json"] = {"schema": {"$ref": _REF.format(name=endpoint.body.__name__)}}
    if endpoint.form is not None:
        schema = {"$ref": _REF.format(name=endpoint.form.__name__)}
        content["multipart/form-data"] = {"schema": schema, "example": endpoint.example}
        named = {"$ref": _REF.format(name=f"{endpoint.form.__name__}{_NAMED}")}
        content["application/x-www-form-urlencoded"] = {"schema": named}
    if not content:
        return {}
    is_needed = endpoint.form is not None or _has_required(endpoint.body)
    return {**({"required": True} if is_needed else {}), "content": content}


def _plain(body: Plain) -> dict[str, Any]:
    is_json = body.media_type == "application/json"
    schema = {"type": "object"} if is_json else {"type": "string", "format": "binary"}
    return {
        "description": body.description,
        **({"required": True} if body.is_required else {}),
        "content": {body.media_type: {"schema": schema}},
    }


def _has_required(body: type[msgspec.Struct] | None) -> bool:
    return body is not None and any(each.required for each in msgspec.structs.fields(body))


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": _type(name)},
            "description": meanings.meaning_in_path(name) or "",
        }
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    listed = in_path + [
        {
            "name": name,
            "in": "header",
            "description": said,
            **({"required": True} if name in endpoint.needed_headers else {}),
            "schema": {"type": "string"},
        }
        for name, said in _heeded(endpoint).items()
    ]
    if endpoint.query is None:
        return listed
    _, schemas = msgspec.json.schema_components([endpoint.query], ref_template=_REF)
    described = schemas[endpoint.query.__name__]
    needed = described.get("required", ())
    return listed + [
        {
            "name": name,
            "in": "query",
            "description": schema.pop("description"),
            **({"required": True} if name in needed else {}),
            "schema": schema,
        }
        for name, schema in described["properties"].items()
    ]


def _heeded(endpoint: Endpoint) -> dict[str, str]:
    """Return the headers that change what an endpoint does, with what they do."""
    heeded = {**endpoint.needed_headers, **endpoint.headers}
    if endpoint.is_repeatable:
        heeded[repeating.HEADER] = (
            "Any word of 1 to 255 characters. Sent again with the same word, the same request is "
            "not done again: it is given the same answer, marked `Idempotent-Replayed: true`."
        )
    if endpoint.heeds_wait:
        heeded[awaiting.HEADER] = "`wait=30`: wait up to 30 seconds for the job to end."
    return heeded


def _type(name: str) -> str:
    return "integer" if name in _NUMBERS else "string"


def _failures(endpoint: Endpoint) -> dict[int, str]:
    """Return when each status comes: what may be raised, by the family's table of errors."""
    family = endpoint.family
    said: dict[int, list[str]] = {}
    for error in raised(endpoint):
        text = sentence(error).replace("{field}", family.field_at)
        told = said.setdefault(family.errors[error.code], [])
        if text not in told:
            told.append(text)
    joined = {status: " ".join(texts) for status, texts in said.items()}
    return dict(sorted({**joined, **endpoint.failures}.items()))


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.bodies:
        schemas = [{"$ref": _REF.format(name=body.__name__)} for body in answer.bodies]
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        described["content"] = {answer.media_type: {"schema": schema}}
    elif answer.media_type:
        described["content"] = {kind: {} for kind in answer.media_type.split(", ")}
    if answer.headers:
        described["headers"] = {name: {"schema": {"type": "string"}} for name in answer.headers}
    return described


def _shown(endpoint: Endpoint, status: int) -> dict[str, Any]:
    """Return the errors behind a status by their codes: where to find what each looks like."""
    family = endpoint.family
    return {
        error.code: {"$ref": f"#/components/examples/{family.name}_{error.code}"}
        for each in raised(endpoint)
        for error in examples.errors(each)
        if family.errors[error.code] == status
    }


def _errors_shown(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return each error that endpoints may raise, as their family words it."""
    return {
        f"{family.name}_{error.code}": {
            "value": family.error_body(error, family.errors[error.code], examples.REQUEST_ID)
        }
        for endpoint in endpoints
        for family in (endpoint.family,)
        for each in raised(endpoint)
        for error in examples.errors(each)
    }


def _failure(text: str, shape: type[msgspec.Struct], shown: Mapping[str, Any]) -> dict[str, Any]:
    content = {"schema": {"$ref": _REF.format(name=shape.__name__)}}
    return {
        "description": text,
        "content": {"application/json": {**content, **({"examples": shown} if shown else {})}},
    }


def _webhook() -> dict[str, Any]:
    schema = {"$ref": _REF.format(name="Event")}
    return {
        "summary": "A job completed or failed",
        "description": "Signed: `webhook-signature` (Standard Webhooks) and `X-Webhook-Signature` "
        "(hex HMAC-SHA256 of the body). Answer with any 2xx; anything else is tried again.",
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "Received."}},
    }
