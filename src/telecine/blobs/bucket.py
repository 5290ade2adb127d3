"""A bucket: how it is opened, and how uploads to it that nobody will finish are let go.

Those are parts of large files that a dead process had sent. They are in no listing, and cost as
much as files do. The library that speaks to the bucket has no word for them, but it signs addresses
with whatever credentials it has found; so it is given an endpoint that ends in the question, and
what it signs is asked by our own client.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import obstore
from obstore.store import S3Store

from telecine.kit.errors import OutboundError, StorageError
from telecine.kit.outbound import ANYWHERE, Answer, Limits, Outbound
from telecine.settings import SettingsError

if TYPE_CHECKING:
    from obstore.store import S3Config  # exists for type checkers only

_LIMITS: Final = Limits(connect_seconds=10, read_seconds=30, total_seconds=60)
_VALID: Final = timedelta(minutes=5)
_MOST_BYTES: Final = 4 * 2**20
_OK, _NO_CONTENT, _NOT_FOUND = 200, 204, 404
#: What the library puts behind the endpoint, a slash, becomes the value of a parameter that names
#: the caller's operation and that servers ignore.
_REST: Final = "x-id="


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A bucket. `url` is without a slash at its end; `prefix` is empty or ends with one."""

    name: str
    url: str
    region: str
    prefix: str
    allow_http: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """An upload that was begun. `key` is the bucket's, prefix and all."""

    key: str
    upload_id: str
    begun_at: datetime


def open_bucket(url: str) -> tuple[S3Store, Place]:
    """Open what `url` names, without asking it anything. Raises `SettingsError`."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    endpoint, region = options.pop("endpoint", None), options.pop("region", "us-east-1")
    if options or not parts.hostname or parts.username:
        raise SettingsError(
            "TELECINE_STORAGE_URL: s3://bucket/prefix?endpoint=…&region=…, and no other option; "
            "the secret goes in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    config: S3Config = {"region": region}
    if endpoint:
        config["endpoint"] = endpoint
    prefix = parts.path.strip("/")
    allow_http = bool(endpoint and endpoint.startswith("http://"))
    backend = S3Store(
        parts.hostname,
        prefix=prefix or None,
        config=config,
        client_options={
            "allow_http": allow_http,
            "connect_timeout": timedelta(seconds=10),
            # Whole requests: 8 MiB in 120 s is 70 KiB/s, slower than any useful bucket.
            "timeout": timedelta(seconds=120),
        },
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=60)},
    )
    server = (endpoint or f"https://s3.{region}.amazonaws.com").rstrip("/")
    place = Place(
        name=parts.hostname,
        url=f"{server}/{parts.hostname}",
        region=region,
        prefix=f"{prefix}/" if prefix else "",
        allow_http=allow_http,
    )
    return backend, place


def abort(place: Place, *, before: datetime) -> int:
    """End what was begun before that instant; returns how many. Raises `StorageError`."""
    client = Outbound(ANYWHERE)
    old = [each for each in find(place, client) if each.begun_at < before]
    for each in old:
        query = urlencode({"uploadId": each.upload_id}, quote_via=quote)
        _ask(client, place, "DELETE", f"/{quote(each.key)}?{query}", good=(_NO_CONTENT, _NOT_FOUND))
    return len(old)


def find(place: Place, client: Outbound) -> Iterator[Unfinished]:
    """Yield every upload below the prefix that has not ended. Raises `StorageError`."""
    marks: dict[str, str] = {}
    while True:
        query = urlencode({"uploads": "", "prefix": place.prefix, **marks}, quote_via=quote)
        page = _parse(_ask(client, place, "GET", f"?{query}", good=(_OK,)).body)
        for upload in page.findall("{*}Upload"):
            yield Unfinished(
                key=_text(upload, "Key"),
                upload_id=_text(upload, "UploadId"),
                begun_at=datetime.fromisoformat(_text(upload, "Initiated")),
            )
        if _text(page, "IsTruncated") != "true":
            return
        marks = {
            "key-marker": _text(page, "NextKeyMarker"),
            "upload-id-marker": _text(page, "NextUploadIdMarker"),
        }


def _ask(
    client: Outbound,
    place: Place,
    method: Literal["GET", "DELETE"],
    question: str,
    *,
    good: tuple[int, ...],
) -> Answer:
    store = S3Store(
        place.name,
        config={
            "region": place.region,
            "endpoint": f"{place.url}{question}&{_REST}",
            "virtual_hosted_style_request": True,
        },
        client_options={"allow_http": place.allow_http},
    )
    url = obstore.sign(store, method, "", _VALID)
    try:
        answer = client.ask(
            url, method=method, content=b"", headers={}, limits=_LIMITS, max_bytes=_MOST_BYTES
        )
    except OutboundError as error:
        raise StorageError from error
    if answer.status not in good:
        raise StorageError from OutboundError(f"The bucket answered with {answer.status}.")
    return answer


def _parse(body: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(body)  # noqa: S314 (the operator's own server)
    except ElementTree.ParseError as error:
        raise StorageError from error


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""
