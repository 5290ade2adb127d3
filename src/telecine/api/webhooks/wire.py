"""The webhooks API on the wire: snake_case JSON. It is Telecine's own: no document has it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

WireState = Literal["pending", "delivered", "failed", "withheld"]
#: What has ended; what waits comes by itself.
ReplayableState = Literal["delivered", "failed", "withheld"]
ReceiverState = Literal["active", "disabled"]
Cursor = Annotated[
    str | UnsetType, Meta(description="The next_cursor of the page before, as it was sent.")
]
Limit = Annotated[int, Meta(description="Page size, 1-100; other numbers are moved inside.")]
Since = Annotated[
    str | UnsetType,
    Meta(description="Deliveries of this instant and later alone, as 2026-04-12T12:00:00Z."),
]
Until = Annotated[str | UnsetType, Meta(description="Deliveries before this instant alone.")]


class DeliveryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query of GET /api/v1/webhooks/deliveries."""

    limit: Limit = 20
    cursor: Cursor = UNSET
    state: Annotated[WireState | UnsetType, Meta(description="Deliveries in this state alone.")] = (
        UNSET
    )
    event: Annotated[str | UnsetType, Meta(description="Of this event, such as job.failed.")] = (
        UNSET
    )
    job_id: Annotated[str | UnsetType, Meta(description="Of this job.")] = UNSET
    url: Annotated[str | UnsetType, Meta(description="To this address, to the letter.")] = UNSET
    since: Since = UNSET
    until: Until = UNSET


class ReceiverQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query of GET /api/v1/webhooks/receivers."""

    limit: Limit = 20
    cursor: Cursor = UNSET
    state: Annotated[
        ReceiverState | UnsetType, Meta(description="Receivers in this state alone.")
    ] = UNSET


class WebhookAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try: what was answered, or why nothing was."""

    number: int
    at: str
    status_code: int | None
    duration_ms: int | None
    response: Annotated[
        str | None, Meta(description="How the answer begins, at most a kilobyte of it.")
    ]
    error: Annotated[str | None, Meta(description="Why there was no answer.")]


class WebhookDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one address."""

    id: Annotated[str, Meta(description="What receivers see as webhook-id.")]
    event: str
    job_id: Annotated[str | None, Meta(description="Null: a test.")]
    url: str
    state: WireState
    attempts: Annotated[int, Meta(description="Tries begun so far.")]
    created_at: str
    next_attempt_at: Annotated[str | None, Meta(description="While it is pending.")]
    last_attempt: WebhookAttempt | None


class WebhookDeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/v1/webhooks/deliveries, newest first."""

    deliveries: tuple[WebhookDelivery, ...]
    next_cursor: str | None


class WebhookDeliveryDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery, every try of it, and what is sent."""

    id: str
    event: str
    job_id: str | None
    url: str
    state: WireState
    attempts: tuple[WebhookAttempt, ...]
    created_at: str
    next_attempt_at: str | None
    body: Annotated[msgspec.Raw, Meta(description="The JSON that is posted, byte for byte.")]


class WebhookReceiver(msgspec.Struct, frozen=True, kw_only=True):
    """An address that webhooks were sent to, and how it does."""

    id: str
    url: str
    state: ReceiverState
    disabled_at: str | None
    disabled_because: Annotated[
        Literal["gone", "failing"] | None,
        Meta(description="gone: it answered 410; failing: it took nothing for five days."),
    ]
    failing_since: Annotated[
        str | None, Meta(description="The first failure since it last took something.")
    ]
    last_accepted_at: str | None
    last_attempt_at: str | None
    created_at: str


class WebhookReceiverList(msgspec.Struct, frozen=True, kw_only=True):
    """200 of GET /api/v1/webhooks/receivers, newest first."""

    receivers: tuple[WebhookReceiver, ...]
    next_cursor: str | None


class WebhookTestBody(msgspec.Struct, frozen=True, kw_only=True):
    """JSON of POST /api/v1/webhooks/test."""

    url: Annotated[str, Meta(description="Where the test is posted to.", max_length=2048)]


class WebhookTestEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a test."""

    event: Literal["webhook.test"] = "webhook.test"
    message: str = "If you can read this and the signature holds, your receiver works."
    timestamp: str


class WebhookReplayBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """JSON of POST /api/v1/webhooks/replay.

    A field that is misspelt is refused: overlooked, it would have everything sent again.
    """

    since: Annotated[
        str, Meta(description="From this instant on, such as the beginning of an outage.")
    ]
    until: Until = UNSET
    url: Annotated[str | UnsetType, Meta(description="To this address alone, to the letter.")] = (
        UNSET
    )
    states: Annotated[
        tuple[ReplayableState, ...],
        Meta(
            description="In these states; those that were not taken, unless it says otherwise.",
            min_length=1,
        ),
    ] = ("failed", "withheld")


class WebhookReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """200 of POST /api/v1/webhooks/replay."""

    replayed: Annotated[int, Meta(description="How many deliveries are sent again, oldest first.")]
    is_more: Annotated[bool, Meta(description="As many as go at once: ask again for the others.")]


class WebhookFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Every error of this API."""

    error: Annotated[str, Meta(description="The code, such as not_found.")]
    message: str
    request_id: str
    field: str | UnsetType = UNSET
