"""API keys: one secret of an account, shown once, stored as a hash."""

from telecine.core.keys.model import ApiKey, KeyStyle
from telecine.core.keys.service import authenticate, issue, list_keys, revoke, revoked

__all__ = ["ApiKey", "KeyStyle", "authenticate", "issue", "list_keys", "revoke", "revoked"]
