"""The verbs of requests that may be repeated.

A claim is a lease: who does not renew it has died. Two may think that they hold the same one, when
clocks or processes stand still: then `seal` and `keep` know by the token which of them does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from telecine.core.repeats import model, store
from telecine.core.repeats.model import LEASE, Claim, Known, Reply, Row
from telecine.db import Transaction
from telecine.kit.errors import RepeatDiffersError, RepeatUnderWayError
from telecine.kit.ids import new_id

_TOKEN_LENGTH = 16


def claim(
    tx: Transaction, *, account_id: str, key: str, route: str, now: datetime, ttl: timedelta
) -> Claim | Known:
    """Take a key; where it was used before, return what came of it.

    Raises `RepeatUnderWayError` while another request is at it, and `RepeatDiffersError` where it
    was used for another route.
    """
    new = Claim(account_id=account_id, key=key, token=new_id("", length=_TOKEN_LENGTH))
    held_until, expires_at = now + LEASE, now + ttl
    if store.insert(tx, new, route=route, held_until=held_until, expires_at=expires_at):
        return new
    row = store.find(tx, account_id, key)
    if row is None:
        raise RepeatUnderWayError  # it was given back a moment ago
    if not row.is_over(now):
        _require_same(row, route)
        if row.is_free and row.is_held(now):
            raise RepeatUnderWayError
        if not row.is_free:
            return _known(row)
    if not store.take_over(tx, row, new, route=route, held_until=held_until, expires_at=expires_at):
        raise RepeatUnderWayError  # another was faster
    return new


def seal(tx: Transaction, claim: Claim, *, job_id: str) -> None:
    """Write down which job a request has made: in the transaction that makes it.

    Raises `RepeatUnderWayError` where the claim is another's by now.
    """
    if not store.set_job(tx, claim, job_id):
        raise RepeatUnderWayError


def keep(tx: Transaction, claim: Claim, reply: Reply, *, now: datetime, ttl: timedelta) -> bool:
    """Keep a reply for `ttl`; False where the claim is another's by now."""
    body = model.packed(reply.body)
    is_kept = store.set_reply(tx, claim, reply, body=body, now=now, expires_at=now + ttl)
    if is_kept and len(body) > model.SMALL_BYTES:
        store.trim(tx, claim.account_id, most_bytes=model.MOST_KEPT_BYTES)
    return is_kept


def give_back(tx: Transaction, claim: Claim, *, now: datetime) -> None:
    """Let go of a claim: the key is free again, or leads to the job that was made."""
    if not store.delete_free(tx, claim):
        store.set_held_until(tx, claim, now)


def renew(tx: Transaction, claim: Claim, *, now: datetime) -> bool:
    """Say that somebody is still at it; False where the claim is another's by now."""
    return store.set_held_until(tx, claim, now + LEASE)


def sweep(tx: Transaction, *, now: datetime) -> int:
    """Forget what is over; returns how many."""
    return store.delete_over(tx, now=now)


def _require_same(row: Row, route: str) -> None:
    if row.route != route:
        before = row.route.partition("?")[0]
        what = "another query" if before == route.partition("?")[0] else before
        raise RepeatDiffersError(
            f"This Idempotency-Key was sent with {what} before. Use another key for each request "
            "that is not a repetition."
        )


def _known(row: Row) -> Known:
    claim = Claim(
        account_id=row.account_id, key=row.key, token=row.token, fingerprint=row.fingerprint
    )
    return Known(claim=claim, reply=row.reply, job_id=row.job_id)
