"""Who pays."""

from telecine.core.accounts.model import Account
from telecine.core.accounts.service import count, create, find_by_email, get, lock

__all__ = ["Account", "count", "create", "find_by_email", "get", "lock"]
