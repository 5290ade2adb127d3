"""Who pays."""

from telecine.core.accounts.model import SECRET_GRACE, Account
from telecine.core.accounts.service import (
    count,
    create,
    find_by_email,
    get,
    lock,
    rotate_webhook_secret,
)

__all__ = [
    "SECRET_GRACE",
    "Account",
    "count",
    "create",
    "find_by_email",
    "get",
    "lock",
    "rotate_webhook_secret",
]
