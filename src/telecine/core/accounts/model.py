"""What an account is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from telecine.kit.errors import InvalidRequestError

#: How long a secret goes on signing beside the one that has replaced it.
SECRET_GRACE = timedelta(hours=24)

# One @, something on each side, no spaces: whether mail arrives is for mail to find out.
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who pays, and under which plan. `webhook_secret` signs this account's webhooks.

    The one before it does so too, until an instant: ask `webhook_secrets`.
    """

    id: str
    email: str
    plan: str
    webhook_secret: str
    created_at: datetime
    former_webhook_secret: str | None = None
    former_webhook_secret_until: datetime | None = None

    def webhook_secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that sign at an instant: a former one in its grace, the present one."""
        until = self.former_webhook_secret_until
        if self.former_webhook_secret is None or until is None or until <= now:
            return (self.webhook_secret,)
        return self.former_webhook_secret, self.webhook_secret


def normal_email(text: str) -> str:
    """Return the form in which an address is stored and compared: trimmed, lower case."""
    email = text.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise InvalidRequestError(f"{text!r} is not an e-mail address.", field="email")
    return email
