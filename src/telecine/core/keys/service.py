"""The verbs of API keys."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from telecine.core.accounts import Account
from telecine.core.keys import model, store
from telecine.core.keys.model import ApiKey, KeyStyle
from telecine.db import Transaction
from telecine.kit.errors import NotFoundError, RevokedKeyError, UnknownKeyError
from telecine.kit.ids import new_id

# A write for every request would be the most frequent write of all, for a date that people
# look at to find unused keys.
_USE_IS_NOTED_EVERY = timedelta(hours=1)


def issue(
    tx: Transaction, account: Account, *, style: KeyStyle, now: datetime
) -> tuple[ApiKey, str]:
    """Make a key; returns what is remembered and the clear text, which is not."""
    secret = model.mint(style)
    key = ApiKey(
        id=new_id("key_"),
        account_id=account.id,
        hint=model.hint(secret),
        created_at=now,
        last_used_at=None,
        revoked_at=None,
    )
    store.insert(tx, key, digest=model.digest(secret))
    return key, secret


def authenticate(tx: Transaction, secret: str, *, now: datetime, is_noted: bool = True) -> ApiKey:
    """Return the key that `secret` is.

    Raises `MalformedKeyError`, `UnknownKeyError` or `RevokedKeyError`. Looked up in the
    database every time, so that a revoked key stops at once in every process. With `is_noted`
    the use is written down, now and then.
    """
    key = store.by_digest(tx, model.digest(secret))
    if key is None:
        raise UnknownKeyError
    if key.revoked_at is not None:
        raise RevokedKeyError
    is_long_ago = key.last_used_at is None or now - key.last_used_at > _USE_IS_NOTED_EVERY
    if is_noted and is_long_ago:
        store.set_used(tx, key.id, at=now)
    return key


def revoke(tx: Transaction, key_id: str, *, now: datetime) -> ApiKey:
    """Switch a key off for good; doing so twice changes nothing. Raises `NotFoundError`."""
    key = store.by_id(tx, key_id)
    if key is None:
        raise NotFoundError(f"There is no key {key_id}. `telecine keys list` shows them.")
    store.set_revoked(tx, key_id, at=now)
    return key


def revoked(tx: Transaction, key_ids: Collection[str]) -> set[str]:
    """Return those of the keys that are switched off."""
    return store.revoked(tx, key_ids) if key_ids else set()


def list_keys(tx: Transaction, *, account_id: str | None = None) -> list[ApiKey]:
    """Return an account's keys, or everybody's, oldest first."""
    return store.of_account(tx, account_id)
