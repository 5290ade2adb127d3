"""The handlers of the webhooks API: parse, one verb of the core, render."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import Response

from telecine.api.access import Caller
from telecine.api.answers.ratelimit import refuse_excess
from telecine.api.bodies import jsonbody
from telecine.api.family import Json
from telecine.api.services import Services
from telecine.api.webhooks import fields, wire, wording
from telecine.core import limits, webhooks
from telecine.core.webhooks import Delivery, DeliveryPage, DeliveryState, Try
from telecine.db import Transaction

_MOST_BODY_BYTES: Final = 16 * 2**10
#: Deliveries that one request sends again.
_MOST_REPLAYED: Final = 1000
#: A test costs nothing, and goes wherever somebody says.
_TESTS_PER_MINUTE: Final = 20
#: How a test is waited for: ten seconds. Couriers look four times a second.
_LOOK_EVERY_SECONDS: Final = 0.1
_MOST_LOOKS: Final = 100


async def list_deliveries(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/webhooks/deliveries"""
    paging, wanted = fields.paging(request), fields.deliveries(request)

    def find(tx: Transaction) -> tuple[DeliveryPage, dict[str, Sequence[Try]]]:
        page = webhooks.page(
            tx, caller.account.id, wanted=wanted, cursor=paging.cursor, most=paging.limit
        )
        return page, dict(webhooks.tries(tx, [each.id for each in page.deliveries]))

    page, tries = await services.read(find)
    return Json(wording.delivery_list(page, tries))


async def get_delivery(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/webhooks/deliveries/{delivery_id}"""
    delivery, tries = await _details(services, caller, request.path_params["delivery_id"])
    return Json(wording.details(delivery, tries))


async def replay_delivery(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/webhooks/deliveries/{delivery_id}/replay"""
    delivery = await services.write(
        partial(
            webhooks.replay,
            delivery_id=request.path_params["delivery_id"],
            account_id=caller.account.id,
            now=services.clock(),
        )
    )
    _, tries = await _details(services, caller, delivery.id)
    return Json(wording.details(delivery, tries), status_code=202)


async def replay_lost(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/webhooks/replay"""
    raw = await jsonbody.read(request, max_bytes=_MOST_BODY_BYTES)
    wanted = fields.replayed(jsonbody.decode(raw, wire.WebhookReplayBody))
    count = await services.write(
        partial(
            webhooks.replay_lost,
            account_id=caller.account.id,
            wanted=wanted,
            most=_MOST_REPLAYED,
            now=services.clock(),
        )
    )
    return Json(wire.WebhookReplayed(replayed=count, is_more=count == _MOST_REPLAYED))


async def list_receivers(request: Request, caller: Caller, services: Services) -> Response:
    """GET /api/v1/webhooks/receivers"""
    paging = fields.paging(request)
    page = await services.read(
        partial(
            webhooks.receivers,
            account_id=caller.account.id,
            is_disabled=fields.is_disabled(request),
            cursor=paging.cursor,
            most=paging.limit,
        )
    )
    return Json(wording.receiver_list(page))


async def send_test(request: Request, caller: Caller, services: Services) -> Response:
    """POST /api/v1/webhooks/test"""
    raw = await jsonbody.read(request, max_bytes=_MOST_BODY_BYTES)
    url = jsonbody.decode(raw, wire.WebhookTestBody).url
    services.outbound.check_url(url, field="url")

    def verb(tx: Transaction) -> Delivery:
        now = services.clock()
        subject = f"webhook-test:{caller.account.id}"
        window = limits.count(tx, subject, limit=_TESTS_PER_MINUTE, now=now)
        refuse_excess(window, of="tests")
        body = wording.test_event(now)
        return webhooks.enqueue_test(tx, account_id=caller.account.id, url=url, body=body, now=now)

    sent = await services.write(verb)
    for _ in range(_MOST_LOOKS):
        delivery, tries = await _details(services, caller, sent.id)
        if delivery.state is not DeliveryState.PENDING:
            return Json(wording.details(delivery, tries))
        await anyio.sleep(_LOOK_EVERY_SECONDS)
    return Json(wording.details(sent, ()), status_code=202)


async def _details(
    services: Services, caller: Caller, delivery_id: str
) -> tuple[Delivery, Sequence[Try]]:
    def find(tx: Transaction) -> tuple[Delivery, Sequence[Try]]:
        delivery = webhooks.get(tx, delivery_id, account_id=caller.account.id)
        return delivery, webhooks.tries(tx, [delivery.id]).get(delivery.id, ())

    return await services.read(find)
