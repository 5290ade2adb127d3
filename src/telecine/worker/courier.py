"""Telling: takes due deliveries from the outbox, signs and posts them, notes how it went.

Deliveries fly by themselves: the courier looks for more while slow ones are under way, and gives
one host, and one account, a part of its hands alone.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import structlog

from telecine.core import accounts, webhooks
from telecine.core.webhooks import Delivery, Due, Try
from telecine.db import Database
from telecine.kit import signing
from telecine.kit.clock import Clock
from telecine.kit.errors import InternalError, OutboundError
from telecine.kit.outbound import Outbound, Reply

_log = structlog.get_logger(__name__)

_LOOK_EVERY_SECONDS = 0.05


class Flights:
    """The deliveries under way; `landed` is set whenever one is over."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self._lock = threading.Lock()
        self._flying: dict[str, Due] = {}

    def all(self) -> tuple[Due, ...]:
        """Return what is under way."""
        with self._lock:
            return tuple(self._flying.values())

    def begin(self, delivery: Delivery) -> None:
        """Note that a delivery is under way."""
        due = Due(id=delivery.id, account_id=delivery.account_id, host=delivery.host)
        with self._lock:
            self._flying[delivery.id] = due

    def end(self, delivery: Delivery) -> None:
        """Note that it is over."""
        with self._lock:
            self._flying.pop(delivery.id, None)
        self.landed.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Delivers what is due."""

    db: Database
    outbound: Outbound
    clock: Clock
    flights: Flights = field(default_factory=Flights)

    def deliver_due(self, threads: ThreadPoolExecutor) -> int:
        """Try every delivery that is due, once, and wait for all; returns how many there were."""
        count = 0
        while (begun := self.send_due(threads)) or self.flights.all():
            count += begun
            self.rest(_LOOK_EVERY_SECONDS)
        return count

    def send_due(self, threads: ThreadPoolExecutor) -> int:
        """Begin a try of every delivery that is due and has room; returns how many there were."""
        under_way = self.flights.all()
        with self.db.snapshot() as tx:
            due = webhooks.due(tx, now=self.clock(), under_way=under_way)
        if not due:
            return 0
        # Not synced: a try whose claim a power cut undoes is made again.
        with self.db.transaction(durable=False) as tx:
            claimed = webhooks.claim(tx, due, now=self.clock())
        for delivery in claimed:
            self.flights.begin(delivery)
            threads.submit(self._fly, delivery)
        return len(claimed)

    def rest(self, seconds: float) -> None:
        """Wait until there may be more to do: a delivery has landed, or the time is over."""
        self.flights.landed.wait(seconds)
        self.flights.landed.clear()

    def _fly(self, delivery: Delivery) -> None:
        try:
            self._deliver(delivery)
        except Exception:  # noqa: BLE001 (nobody waits for this; the claim ends, and it is tried anew)
            _log.exception("webhook.not_recorded", delivery_id=delivery.id)
        finally:
            self.flights.end(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        with self.db.snapshot() as tx:
            account = accounts.get(tx, delivery.account_id)
        outcome = self._post(delivery, secrets=account.webhook_secrets(self.clock()))
        with self.db.transaction() as tx:
            verdict = webhooks.record(tx, delivery, outcome)
        _log.info(
            "webhook.tried",
            delivery_id=delivery.id,
            job_id=delivery.job_id,
            attempt=delivery.attempt,
            status=outcome.status_code,
            error=outcome.error_code,
            reason=outcome.note,
            state=verdict.state,
        )
        if verdict.has_disabled:
            _log.warning(
                "webhook.receiver_disabled",
                receiver_id=verdict.receiver.id,
                account_id=delivery.account_id,
                host=delivery.host,
                because=verdict.receiver.disabled_because,
            )

    def _post(self, delivery: Delivery, *, secrets: tuple[str, ...]) -> Try:
        now = self.clock()
        try:
            reply = self.outbound.post(
                delivery.url,
                content=delivery.body,
                headers=_headers(delivery, secrets=secrets, at=now),
            )
        except OutboundError as error:
            return _missed(delivery, error, at=now, note=_note(error))
        except Exception as error:  # noqa: BLE001 (a bug of ours is a failed try like any other)
            _log.exception("webhook.broke", delivery_id=delivery.id)
            return _missed(delivery, InternalError(), at=now, note=repr(error))
        return Try(
            attempt=delivery.attempt,
            at=now,
            status_code=reply.status,
            error_code=None,
            elapsed_ms=reply.elapsed_ms,
            # Postgres keeps no text with a NUL in it.
            response_head=reply.body_head.decode("utf-8", "replace").replace(
                "\0", "\N{REPLACEMENT CHARACTER}"
            ),
            retry_after=_retry_after(reply, now=now),
        )


def _headers(delivery: Delivery, *, secrets: tuple[str, ...], at: datetime) -> dict[str, str]:
    # While a secret is being changed nobody knows which of the two a receiver has: they take
    # turns where there is room for one, so that the second try, 5 s later, fits at the latest.
    turn = (delivery.attempt - 1) % len(secrets)
    headers = signing.sign_webhook(
        secrets[turn],
        extra_secrets=secrets[:turn] + secrets[turn + 1 :],
        message_id=delivery.id,
        event=delivery.event,
        at=at,
        body=delivery.body,
    )
    return {**headers, "Content-Type": "application/json"}


def _missed(
    delivery: Delivery, error: OutboundError | InternalError, *, at: datetime, note: str
) -> Try:
    return Try(
        attempt=delivery.attempt,
        at=at,
        status_code=None,
        error_code=error.code,
        # How long it took would tell a closed port from a silent one.
        elapsed_ms=0,
        response_head=error.message,
        note=note,
    )


def _note(error: OutboundError) -> str:
    """Say what went wrong as exactly as is known: for whoever runs the server, not for clients."""
    notes = "; ".join(getattr(error, "__notes__", ()))
    return f"{error.message} ({notes})" if notes else error.message


def _retry_after(reply: Reply, *, now: datetime) -> timedelta | None:
    """Read seconds, or a date."""
    text = reply.headers.get("retry-after", "")
    if text.isascii() and text.isdigit() and len(text) < 7:
        return timedelta(seconds=int(text))
    try:
        then = parsedate_to_datetime(text)
        return max(then - now, timedelta(0))
    except (TypeError, ValueError, OverflowError):  # also where the date has no time zone
        return None
