"""What is said of a JSON body that cannot be read: the field, what may stand there, plain words."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest
from starlette.requests import Request
from starlette.types import Message

from telecine.api import access
from telecine.api.bodies import jsonbody
from telecine.api.bodies.formdata import Limits
from telecine.api.fields import malformed
from telecine.api.projects import wire
from telecine.api.webhooks.wire import WebhookReplayBody, WebhookTestBody
from telecine.kit.errors import InvalidRequestError, RequestTimeoutError


@pytest.mark.parametrize(
    ("kind", "sent", "said", "field"),
    [
        (
            wire.ExportBody,
            '{"format": "avi"}',
            "'format' must be gif, mp3, mp4, png or webm, not 'avi'.",
            "format",
        ),
        (
            wire.ProjectUpdate,
            '{"status": "rendering"}',
            "'status' must be completed or draft, not 'rendering'.",
            "status",
        ),
        (
            wire.ProjectUpdate,
            '{"thumbnail_url": 5}',
            "'thumbnail_url' must be a text or null, not a whole number.",
            "thumbnail_url",
        ),
        (
            wire.ExportBody,
            '{"width": 1.5}',
            "'width' must be a whole number or null, not a number with a point.",
            "width",
        ),
        (
            wire.ExportBody,
            '{"range": {"from": -1}}',
            "'range.from' must be 0 or more.",
            "range.from",
        ),
        (
            WebhookTestBody,
            f'{{"url": "{"x" * 3000}"}}',
            "'url' must have at most 2048 characters.",
            "url",
        ),
        (
            WebhookReplayBody,
            '{"since": "", "states": []}',
            "'states' must have at least 1 entry.",
            "states",
        ),
        (wire.CompositionPatch, "{}", "'operation' is missing.", "operation"),
        (wire.CompositionPatch, "[]", "The body must be an object, not a list.", None),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_in_plain_words(
    kind: type[msgspec.Struct], sent: str, said: str, field: str | None
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        jsonbody.decode(sent.encode(), kind)

    assert (caught.value.message, caught.value.field) == (said, field)


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        (b'{"v": "1.2.3e4", "far": 1e999}', ", line 1, column 25"),
        (b'{"far": ' + b"1" * 300_000 + b"}", ""),
        (b'{"v": "' + b"1" * 300_000 + b'", "far": 1e999}', ", line 1, column 300018"),
    ],
    ids=["a version beside it", "many digits", "many digits beside it"],
)
def test_a_number_that_is_too_large_is_told_whatever_stands_beside_it(
    sent: bytes, place: str
) -> None:
    with pytest.raises(malformed.ERRORS) as caught:
        msgspec.json.decode(sent)
    began = time.process_time()
    fault = malformed.fault(sent, caught.value, subject="The body")

    assert fault.message == f"The body is not JSON{place}: a number is too large."
    assert time.process_time() - began < 30  # it ends: no figure, machines differ


def _half_sent() -> Request:
    """Return a request whose client says how long its body is, and sends nothing more."""

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    headers = [(b"content-type", b"application/json"), (b"content-length", b"20")]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def test_a_body_that_does_not_come_is_not_waited_for_for_ever() -> None:
    read = jsonbody.read(_half_sent(), max_bytes=100, limits=Limits(idle_seconds=0.01))
    with pytest.raises(RequestTimeoutError, match="stood still"):
        asyncio.run(read)


def test_nor_is_a_key_that_is_to_stand_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_MOST_SECONDS_WITH_KEY", 0.01)
    with pytest.raises(RequestTimeoutError, match="Send the key in a header"):
        asyncio.run(access._key_in_body(_half_sent()))
