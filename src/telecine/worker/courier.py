"""Telling: takes due deliveries from the outbox, signs and posts them, notes how it went."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from telecine.core import accounts, webhooks
from telecine.core.webhooks import Delivery, Try
from telecine.db import Database
from telecine.kit import signing
from telecine.kit.clock import Clock
from telecine.kit.errors import OutboundError
from telecine.kit.outbound import Outbound, Reply

_log = structlog.get_logger(__name__)

#: Deliveries under way at a time in one worker: a slow receiver must not hold up the others.
PARALLEL = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Delivers what is due."""

    db: Database
    outbound: Outbound
    clock: Clock

    def deliver_due(self, threads: ThreadPoolExecutor) -> int:
        """Try every delivery that is due, once; returns how many there were."""
        with self.db.snapshot() as tx:
            if not webhooks.is_any_due(tx, now=self.clock()):
                return 0
        with self.db.transaction() as tx:
            claimed = webhooks.claim(tx, now=self.clock(), most=PARALLEL)
        for _ in threads.map(self._deliver, claimed):
            pass
        return len(claimed)

    def _deliver(self, delivery: Delivery) -> None:
        with self.db.snapshot() as tx:
            account = accounts.get(tx, delivery.account_id)
        outcome = self._post(delivery, secrets=account.webhook_secrets(self.clock()))
        with self.db.transaction() as tx:
            state = webhooks.record(tx, delivery, outcome)
        _log.info(
            "webhook.tried",
            delivery_id=delivery.id,
            job_id=delivery.job_id,
            attempt=delivery.attempt,
            status=outcome.status_code,
            error=outcome.error_code,
            reason=None if outcome.error_code is None else outcome.response_head,
            state=state,
        )

    def _post(self, delivery: Delivery, *, secrets: tuple[str, ...]) -> Try:
        now = self.clock()
        # While a secret is being changed nobody knows which of the two a receiver has: they take
        # turns where there is room for one, so that the second try, 5 s later, fits at the latest.
        turn = (delivery.attempt - 1) % len(secrets)
        headers = signing.sign_webhook(
            secrets[turn],
            extra_secrets=secrets[:turn] + secrets[turn + 1 :],
            message_id=delivery.id,
            event=delivery.event,
            at=now,
            body=delivery.body,
        )
        headers["Content-Type"] = "application/json"
        try:
            reply = self.outbound.post(delivery.url, content=delivery.body, headers=headers)
        except OutboundError as error:
            return Try(
                at=now,
                status_code=None,
                error_code=error.code,
                elapsed_ms=0,
                response_head=_reason(error),
            )
        return Try(
            at=now,
            status_code=reply.status,
            error_code=None,
            elapsed_ms=reply.elapsed_ms,
            response_head=reply.body_head.decode("utf-8", "replace"),
            retry_after_seconds=_retry_after(reply),
        )


def _reason(error: OutboundError) -> str:
    """Say what went wrong as exactly as is known: for whoever runs the server, not for clients."""
    notes = "; ".join(getattr(error, "__notes__", ()))
    return f"{error.message} ({notes})" if notes else error.message


def _retry_after(reply: Reply) -> int | None:
    text = reply.headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
