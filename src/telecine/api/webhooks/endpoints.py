"""The URLs of webhooks."""

from __future__ import annotations

from functools import partial

from telecine.api.family import Answer, Endpoint, below
from telecine.api.webhooks import FAMILY, handlers, wire

_below = partial(below, FAMILY, "/api/v1/webhooks")
_DELIVERY = wire.WebhookDeliveryDetails
ENDPOINTS: tuple[Endpoint, ...] = (
    _below(
        *("GET", "deliveries", handlers.list_deliveries, "What was sent, newest first"),
        wire.WebhookDeliveryList,
        query=wire.DeliveryQuery,
    ),
    _below(
        *("GET", "deliveries/{delivery_id}", handlers.get_delivery, "A delivery and its tries"),
        _DELIVERY,
    ),
    _below(
        *("POST", "deliveries/{delivery_id}/replay", handlers.replay_delivery, "Send it again"),
        _DELIVERY,
        status=202,
    ),
    _below(
        *("POST", "replay", handlers.replay_lost, "Send again what was not taken"),
        wire.WebhookReplayed,
        body=wire.WebhookReplayBody,
    ),
    _below(
        *("GET", "receivers", handlers.list_receivers, "Where it was sent, newest first"),
        wire.WebhookReceiverList,
        query=wire.ReceiverQuery,
    ),
    _below(
        *("POST", "test", handlers.send_test, "Send a test, and see how it went", _DELIVERY),
        body=wire.WebhookTestBody,
        more={202: Answer(description="No courier has tried it yet.", body=_DELIVERY)},
    ),
)
