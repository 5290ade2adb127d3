"""The verbs of accounts."""

from __future__ import annotations

from datetime import datetime, timedelta

from telecine.core.accounts import store
from telecine.core.accounts.model import SECRET_GRACE, Account, normal_email
from telecine.db import Transaction
from telecine.kit.clock import isoformat_exact
from telecine.kit.errors import ConflictError, NotFoundError
from telecine.kit.ids import new_id
from telecine.kit.signing import new_webhook_secret


def create(tx: Transaction, *, email: str, plan: str, now: datetime) -> Account:
    """Open an account. Raises `ConflictError` where the address has one already."""
    address = normal_email(email)
    if store.by_email(tx, address) is not None:
        raise ConflictError(f"There is already an account for {address}.")
    account = Account(
        id=new_id("acc_"),
        email=address,
        plan=plan,
        webhook_secret=new_webhook_secret(),
        created_at=now,
    )
    store.insert(tx, account)
    return account


def get(tx: Transaction, account_id: str) -> Account:
    """Return an account, or raise `NotFoundError`."""
    account = store.by_id(tx, account_id)
    if account is None:
        raise NotFoundError("There is no such account.")
    return account


def find_by_email(tx: Transaction, email: str) -> Account | None:
    """Return the account of an address, or None."""
    return store.by_email(tx, normal_email(email))


def rotate_webhook_secret(
    tx: Transaction, account_id: str, *, now: datetime, grace: timedelta = SECRET_GRACE
) -> Account:
    """Give an account another secret; the one of now signs beside it for the grace.

    Only one former secret is kept, and it was promised its time: `ConflictError` while it has any
    left. Without a grace, both that were before end at once.
    """
    store.lock(tx, account_id)
    account = get(tx, account_id)
    until = account.former_webhook_secret_until
    if grace and until is not None and len(account.webhook_secrets(now)) > 1:
        raise ConflictError(
            f"The secret was changed already, and the one before it signs until "
            f"{isoformat_exact(until)}. Change it again after that, or with graceSeconds 0, which "
            "ends both at once."
        )
    secret = new_webhook_secret()
    store.set_webhook_secret(tx, account_id, secret=secret, former_until=now + grace)
    return get(tx, account_id)


def count(tx: Transaction) -> int:
    """Return how many accounts there are; 0 means a first start."""
    return store.count(tx)


def lock(tx: Transaction, account_id: str) -> None:
    """Make what is counted for one account wait for each other until this transaction ends."""
    store.lock(tx, account_id)
