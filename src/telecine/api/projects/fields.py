"""Queries, headers and JSON bodies -> what the core takes. Every refusal names its field.

The caller says whose projects are meant (`email`); that must be the owner of the API key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

import msgspec
from msgspec import UnsetType
from starlette.requests import Request

from telecine import templates
from telecine.api.access import Caller
from telecine.api.bodies import jsonbody
from telecine.api.fields.remarks import Remark
from telecine.api.fields.words import clamped, label
from telecine.api.projects.wire import (
    ChatBody,
    ChatMessage,
    CompositionPatch,
    Owned,
    ProjectBody,
    ProjectUpdate,
)
from telecine.api.services import Services
from telecine.core import projects
from telecine.core.projects import DEFAULT_NAME, Content
from telecine.kit.clock import isoformat
from telecine.kit.errors import (
    FileTooLargeError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
)

_MESSAGE_BYTES: Final = 2**20
_LAST_PAGE: Final = 1_000_000
_MOST_PER_PAGE: Final = 50
_PER_PAGE: Final = 12
_COPY: Final = " (copy)"
_MOST_NAME_CHARACTERS: Final = 200
_MOST_URL_CHARACTERS: Final = 4096
_ID: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_TAG: Final = re.compile(r'(?:W/)?"?([0-9]{1,18})"?', re.ASCII)

B = TypeVar("B", bound=Owned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page of how many; pages count from 1."""

    page: int
    limit: int


async def body(
    request: Request, caller: Caller, services: Services, kind: type[B]
) -> tuple[B, tuple[Remark, ...]]:
    """Read a body whose `email` is the caller's, and what in it nobody reads."""
    raw = await jsonbody.read(request, max_bytes=services.settings.max_composition_bytes)
    read = jsonbody.decode(raw, kind)
    check_owner(request, caller, email=read.email)
    return read, jsonbody.unread(raw, kind)


def check_owner(request: Request, caller: Caller, *, email: str = "") -> None:
    """Compare `email`, of the body or of the query, with the owner of the key."""
    named = (email or request.query_params.get("email", "")).strip()
    if not named:
        raise InvalidRequestError(
            "'email' is missing: send the address that the API key belongs to.", field="email"
        )
    if named.lower() != caller.account.email:
        raise ForbiddenError(
            f"The API key does not belong to {named[:200]!r}. `telecine keys list` on the server "
            "says whose it is.",
            field="email",
        )


def project_id(request: Request) -> int:
    """Read the id of the path. One that cannot be is unknown."""
    text = request.path_params["id"]
    if not _ID.fullmatch(text):
        raise NotFoundError("There is no such project.")
    return int(text)


def revision(request: Request) -> int:
    """Read the number of a revision from the path."""
    text = request.path_params["revision"]
    if not _ID.fullmatch(text):
        raise NotFoundError("There is no such revision.", field="revision")
    return int(text)


def if_match(request: Request) -> frozenset[int] | None:
    """Return the revisions that the client expects, None where any will do.

    A tag that is not ours stands for no revision.
    """
    listed = request.headers.getlist("if-match")
    tags = [tag.strip() for tag in ",".join(listed).split(",")]
    if not listed or "*" in tags:
        return None
    found = (_TAG.fullmatch(tag) for tag in tags)
    return frozenset(int(match[1]) for match in found if match)


def paging(request: Request) -> Paging:
    """Read `page` and `pageSize`; what lies outside of the bounds is moved inside."""
    return Paging(
        page=clamped(request, "page", default=1, most=_LAST_PAGE),
        limit=clamped(request, "pageSize", default=_PER_PAGE, most=_MOST_PER_PAGE),
    )


def search(request: Request) -> str | None:
    """Read `search`."""
    return label(request.query_params.get("search"), "search")


def name(value: str | None) -> str:
    """Read the name of a new project."""
    return label(value, "name", most=_MOST_NAME_CHARACTERS) or DEFAULT_NAME


def copied(of: str) -> str:
    """Return what a copy is called, as long as a name may be."""
    return f"{of[: _MOST_NAME_CHARACTERS - len(_COPY)]}{_COPY}"


def template(value: str | None) -> str:
    """Read `templateId`. One that is not known is kept all the same."""
    return label(value, "templateId") or templates.DEFAULT_ID


def composition(sent: ProjectBody, *, template_id: str) -> str:
    """Return the composition that was sent, else what the template begins with."""
    shape: templates.Shape = "tall" if sent.aspect == "9:16" else "wide"
    chosen = templates.get(template_id) or templates.default()
    return json_object(
        sent.composition,
        "composition",
        default=msgspec.json.encode(chosen.composition(shape)).decode("utf-8"),
    )


def json_object(value: msgspec.Raw | UnsetType, field: str, *, default: str) -> str:
    """Return an object as it was sent, once it is known to be one that can be read."""
    if isinstance(value, UnsetType) or bytes(value) == b"null":
        return default
    return _json(value, field, begins="{", said="an object")


def updated(sent: ProjectUpdate) -> Callable[[Content], Content]:
    """Return what puts the fields of a PUT in; those that were not sent stay."""
    new: dict[str, object] = {}
    if not isinstance(sent.name, UnsetType):
        cleaned = label(sent.name, "name", most=_MOST_NAME_CHARACTERS)
        if cleaned is None:
            raise InvalidRequestError("'name' may not be empty.", field="name")
        new["name"] = cleaned
    if not isinstance(sent.thumbnail_url, UnsetType):
        new["thumbnail_url"] = _web_address(sent.thumbnail_url, "thumbnail_url")
    if not isinstance(sent.settings, UnsetType):
        new["settings"] = json_object(sent.settings, "settings", default="{}")
    if not isinstance(sent.template_id, UnsetType):
        new["template_id"] = template(sent.template_id)
    if not isinstance(sent.thumbnail_locked, UnsetType):
        new["is_thumbnail_locked"] = sent.thumbnail_locked
    return lambda content: replace(content, **new)  # type: ignore[arg-type]


def patched(sent: CompositionPatch, *, max_bytes: int) -> Callable[[Content], Content]:
    """Return what changes the composition as a PATCH says."""
    change: Callable[[str], str]
    if sent.operation == "json-patch":
        patch = _required(sent.data.patch, "data.patch")
        listed = _json(patch, "data.patch", begins="[", said="a list of operations")
        change = partial(projects.apply_patch, operations=listed, max_bytes=max_bytes)
    else:
        part = _required(sent.data.composition, "data.composition")
        text = _json(part, "data.composition", begins="{", said="an object")
        changes: dict[str, Callable[[str], str]] = {
            "replace": lambda _: text,
            "merge": partial(projects.merged, part=text),
            "deep-merge": partial(projects.deep_merged, part=text),
        }
        change = changes[sent.operation]

    def make(content: Content) -> Content:
        composition = change(content.composition)
        _require_fit(composition, max_bytes=max_bytes)
        return replace(content, composition=composition)

    return make


def message(sent: ChatBody, services: Services) -> str:
    """Return a chat message as it was sent, with the time where it says none."""
    text = _json(_required(sent.message, "message"), "message", begins="{", said="an object")
    if len(text.encode("utf-8")) > _MESSAGE_BYTES:
        raise FileTooLargeError(
            f"A message may have at most {_MESSAGE_BYTES} bytes.", field="message"
        )
    read = jsonbody.decode(text.encode("utf-8"), ChatMessage, within="message")
    if isinstance(read.ts, UnsetType):
        text = f'{text[:-1].rstrip()}, "ts": "{isoformat(services.clock())}"}}'
    return text


def _web_address(value: str | None, field: str) -> str | None:
    """Read an address that pages may show: of another kind it might be a script."""
    address = label(value, field, most=_MOST_URL_CHARACTERS)
    if address is not None and not address.lower().startswith(("http://", "https://")):
        raise InvalidRequestError(
            f"'{field}' must begin with http:// or https://; null is for none.", field=field
        )
    return address


def _required(value: msgspec.Raw | UnsetType, field: str) -> msgspec.Raw:
    if isinstance(value, UnsetType):
        raise InvalidRequestError(f"'{field}' is missing.", field=field)
    return value


def _json(value: msgspec.Raw, field: str, *, begins: str, said: str) -> str:
    """Return JSON as it was sent, once it is known that it can be read again."""
    try:
        text = bytes(value).decode("utf-8")
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"'{field}' is not JSON: {error}.", field=field) from error
    except RecursionError as error:
        raise InvalidRequestError(f"'{field}' is nested too deeply.", field=field) from error
    if not text.startswith(begins):
        raise InvalidRequestError(f"'{field}' must be {said}.", field=field)
    return text


def _require_fit(composition: str, *, max_bytes: int) -> None:
    if not composition.startswith("{"):
        raise InvalidRequestError("The composition would be no object any more.", field="data")
    if len(composition.encode("utf-8")) > max_bytes:
        raise FileTooLargeError(
            f"The composition would have more than {max_bytes} bytes.", field="data"
        )
    try:
        msgspec.json.decode(composition)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequestError(
            "The composition would be nested too deeply.", field="data"
        ) from error
