"""The one owner of randomness in names: public ids, request ids, tokens."""

from __future__ import annotations

import secrets
import string

_LOWER_ALNUM = string.ascii_lowercase + string.digits


def new_id(prefix: str, *, length: int = 20) -> str:
    """Return `prefix` and `length` random characters a-z0-9 (5.17 bits each).

    Twelve characters, as the compress document shows (`j_abc123def456`), are 62 bits: not
    guessable within a rate limit, and the id alone opens nothing without the account's key.
    """
    return prefix + "".join(secrets.choice(_LOWER_ALNUM) for _ in range(length))


def new_token(*, n_bytes: int = 24) -> str:
    """Return a random URL-safe secret."""
    return secrets.token_urlsafe(n_bytes)
