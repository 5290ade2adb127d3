"""The verbs of webhooks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from telecine.core.webhooks import model, store
from telecine.core.webhooks.model import (
    LEASE,
    TEST_EVENT,
    Delivery,
    DeliveryPage,
    DeliveryState,
    Due,
    Receiver,
    ReceiverPage,
    Try,
    Verdict,
    Wanted,
)
from telecine.db import Transaction
from telecine.kit.errors import InvalidRequestError, NotFoundError
from telecine.kit.ids import new_id

#: How many of the deliveries that wait are looked at for those that may be tried.
_MOST_LOOKED_AT = 200
#: What may be replayed, where nobody says: what its receiver did not get.
_LOST = (DeliveryState.FAILED, DeliveryState.WITHHELD)


def enqueue(
    tx: Transaction,
    *,
    account_id: str,
    job_id: str,
    event: str,
    url: str,
    body: bytes,
    now: datetime,
) -> Delivery:
    """Promise to tell: belongs in the transaction of what is told.

    Where the receiver is switched off, it is written down and withheld.
    """
    receiver = _receiver(tx, account_id, url, now=now)
    is_withheld = receiver.disabled_at is not None and event != TEST_EVENT
    delivery = Delivery(
        id=new_id("msg_"),
        account_id=account_id,
        job_id=job_id,
        event=event,
        url=url,
        host=_host(url),
        body=body,
        state=DeliveryState.WITHHELD if is_withheld else DeliveryState.PENDING,
        attempt=0,
        tries_before=0,
        created_at=now,
        due_at=now,
    )
    store.insert(tx, delivery)
    return delivery


def enqueue_test(
    tx: Transaction, *, account_id: str, url: str, body: bytes, now: datetime
) -> Delivery:
    """Promise one try of a test, which a receiver that is switched off gets as well."""
    return enqueue(
        tx, account_id=account_id, job_id="", event=TEST_EVENT, url=url, body=body, now=now
    )


def due(tx: Transaction, *, now: datetime, under_way: Collection[Due] = ()) -> list[Due]:
    """Return what may be tried now beside what a courier has under way, longest due first.

    Reading alone, so it may be asked often.
    """
    hosts, accounts = model.full(under_way)
    waiting = store.due(tx, now=now, not_hosts=hosts, not_accounts=accounts, most=_MOST_LOOKED_AT)
    return model.choose(waiting, under_way=under_way)


def claim(tx: Transaction, wanted: Sequence[Due], *, now: datetime) -> list[Delivery]:
    """Take deliveries that are due, for one try each; what another courier has got stays his."""
    return store.claim(tx, [each.id for each in wanted], now=now, until=now + LEASE)


def record(tx: Transaction, delivery: Delivery, outcome: Try) -> Verdict:
    """Write down how a try went, when the next one is, and how the receiver does."""
    receiver = _receiver(tx, delivery.account_id, delivery.url, now=outcome.at, is_locked=True)
    verdict = model.after(delivery, receiver, outcome)
    store.insert_try(tx, delivery, outcome)
    store.set_state(tx, delivery, state=verdict.state, due_at=verdict.due_at)
    store.set_receiver(tx, verdict.receiver)
    if verdict.has_disabled:
        store.withhold(tx, verdict.receiver)
    return verdict


def get(tx: Transaction, delivery_id: str, *, account_id: str | None = None) -> Delivery:
    """Return a delivery. Another account's is `NotFoundError`, as if it did not exist."""
    delivery = store.by_id(tx, delivery_id)
    if delivery is None or (account_id is not None and delivery.account_id != account_id):
        raise NotFoundError("There is no such delivery.")
    return delivery


def page(
    tx: Transaction, account_id: str, *, wanted: Wanted, cursor: str | None, most: int
) -> DeliveryPage:
    """Return deliveries of an account, newest first; `cursor` is the last id of the page before.

    Raises `InvalidRequestError` where the account has no such delivery.
    """
    before = None if cursor is None else store.by_id(tx, cursor)
    if cursor is not None and (before is None or before.account_id != account_id):
        raise _wrong_cursor()
    found = store.page(tx, account_id, wanted=wanted, before=before, most=most + 1)
    next_cursor = found[most - 1].id if len(found) > most else None
    return DeliveryPage(deliveries=tuple(found[:most]), next_cursor=next_cursor)


def tries(tx: Transaction, delivery_ids: Sequence[str]) -> Mapping[str, Sequence[Try]]:
    """Return how the tries of some deliveries went, each one's in their order."""
    return store.tries(tx, delivery_ids) if delivery_ids else {}


def replay(
    tx: Transaction, delivery_id: str, *, account_id: str | None = None, now: datetime
) -> Delivery:
    """Have a delivery sent again, at once and unchanged; returns it as it stands then.

    One that has ended begins the schedule anew; of one that waits the next try comes now.
    """
    delivery = get(tx, delivery_id, account_id=account_id)
    store.replay(tx, [delivery.id], now=now)
    return get(tx, delivery_id)


def replay_lost(
    tx: Transaction, account_id: str, *, wanted: Wanted, most: int, now: datetime
) -> int:
    """Have the oldest `most` of the deliveries that were not taken sent again; returns how many.

    Where `wanted` names no states, those are the failed and the withheld. Tests are left out.
    """
    found = store.oldest(tx, account_id, wanted=wanted, states=wanted.states or _LOST, most=most)
    return store.replay(tx, found, now=now)


def receivers(
    tx: Transaction, account_id: str, *, is_disabled: bool | None, cursor: str | None, most: int
) -> ReceiverPage:
    """Return an account's receivers, newest first. Raises what `page` does."""
    before = None if cursor is None else store.receiver_by_id(tx, cursor)
    if cursor is not None and (before is None or before.account_id != account_id):
        raise _wrong_cursor()
    found = store.receivers(tx, account_id, is_disabled=is_disabled, before=before, most=most + 1)
    next_cursor = found[most - 1].id if len(found) > most else None
    return ReceiverPage(receivers=tuple(found[:most]), next_cursor=next_cursor)


def find_receiver(tx: Transaction, account_id: str, url: str) -> Receiver | None:
    """Return an account's receiver of an address; None where nothing was ever sent there."""
    return store.receiver(tx, account_id, url)


def sweep(tx: Transaction, *, before: datetime, most: int = 500) -> bool:
    """Forget some of the deliveries that ended before an instant; True where there may be more.

    Then receivers that were not tried since: one that is switched off gets another chance so.
    """
    if store.delete_deliveries(tx, before=before, most=most) == most:
        return True
    store.delete_receivers(tx, before=before)
    return False


def backlog(tx: Transaction) -> tuple[int, datetime | None]:
    """Return how many deliveries wait for a try, and since when the first of them is due."""
    return store.backlog(tx)


def deliveries_of(tx: Transaction, job_id: str) -> list[Delivery]:
    """Return a job's deliveries, oldest first."""
    return store.of_job(tx, job_id)


def _receiver(
    tx: Transaction, account_id: str, url: str, *, now: datetime, is_locked: bool = False
) -> Receiver:
    found = store.receiver(tx, account_id, url, is_locked=is_locked)
    if found is not None:
        return found
    new = Receiver(id=new_id("rcv_"), account_id=account_id, url=url, created_at=now)
    store.insert_receiver(tx, new)
    made = store.receiver(tx, account_id, url, is_locked=is_locked)
    assert made is not None
    return made


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # no address at all: to be told in its try, not in the job's end
        return ""


def _wrong_cursor() -> InvalidRequestError:
    return InvalidRequestError(
        "'cursor' must be what the page before named as next; leave it out for the first.",
        field="cursor",
    )
