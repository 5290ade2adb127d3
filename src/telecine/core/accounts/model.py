"""What an account is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from telecine.kit.errors import InvalidRequestError

# One @, something on each side, no spaces: whether mail arrives is for mail to find out.
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who pays, and under which plan. `webhook_secret` signs this account's webhooks."""

    id: str
    email: str
    plan: str
    webhook_secret: str
    created_at: datetime


def normal_email(text: str) -> str:
    """Return the form in which an address is stored and compared: trimmed, lower case."""
    email = text.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise InvalidRequestError(f"{text!r} is not an e-mail address.", field="email")
    return email
