"""Deliveries and receivers -> the JSON of the webhooks API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from telecine.api.webhooks import wire
from telecine.core.webhooks import (
    Delivery,
    DeliveryPage,
    DeliveryState,
    Receiver,
    ReceiverPage,
    Try,
)
from telecine.kit.clock import isoformat_exact


def delivery_list(
    page: DeliveryPage, tries: Mapping[str, Sequence[Try]]
) -> wire.WebhookDeliveryList:
    """Word some deliveries."""
    items = tuple(_item(each, tries.get(each.id, ())) for each in page.deliveries)
    return wire.WebhookDeliveryList(deliveries=items, next_cursor=page.next_cursor)


def details(delivery: Delivery, tries: Sequence[Try]) -> wire.WebhookDeliveryDetails:
    """Word a delivery with all that happened."""
    return wire.WebhookDeliveryDetails(
        **_common(delivery),
        attempts=tuple(_attempt(each) for each in tries),
        body=msgspec.Raw(delivery.body),
    )


def receiver_list(page: ReceiverPage) -> wire.WebhookReceiverList:
    """Word some receivers."""
    items = tuple(_receiver(each) for each in page.receivers)
    return wire.WebhookReceiverList(receivers=items, next_cursor=page.next_cursor)


def test_event(now: datetime) -> bytes:
    """Write the body of a test."""
    return msgspec.json.encode(wire.WebhookTestEvent(timestamp=isoformat_exact(now)))


def _item(delivery: Delivery, tries: Sequence[Try]) -> wire.WebhookDelivery:
    return wire.WebhookDelivery(
        **_common(delivery),
        attempts=delivery.attempt,
        last_attempt=_attempt(tries[-1]) if tries else None,
    )


def _common(delivery: Delivery) -> dict[str, Any]:
    is_pending = delivery.state is DeliveryState.PENDING
    return {
        "id": delivery.id,
        "event": delivery.event,
        "job_id": delivery.job_id or None,
        "url": delivery.url,
        "state": delivery.state.value,
        "created_at": isoformat_exact(delivery.created_at),
        "next_attempt_at": isoformat_exact(delivery.due_at) if is_pending else None,
    }


def _attempt(outcome: Try) -> wire.WebhookAttempt:
    is_answered = outcome.status_code is not None
    return wire.WebhookAttempt(
        number=outcome.attempt,
        at=isoformat_exact(outcome.at),
        status_code=outcome.status_code,
        duration_ms=outcome.elapsed_ms if is_answered else None,
        response=outcome.response_head if is_answered else None,
        error=None if is_answered else outcome.response_head,
    )


def _receiver(receiver: Receiver) -> wire.WebhookReceiver:
    because = receiver.disabled_because
    return wire.WebhookReceiver(
        id=receiver.id,
        url=receiver.url,
        state="active" if receiver.disabled_at is None else "disabled",
        disabled_at=_written(receiver.disabled_at),
        disabled_because=None if because is None else because.value,
        failing_since=_written(receiver.failing_since),
        last_accepted_at=_written(receiver.accepted_at),
        last_attempt_at=_written(receiver.tried_at),
        created_at=isoformat_exact(receiver.created_at),
    )


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else isoformat_exact(instant)
