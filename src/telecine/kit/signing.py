"""HMAC signatures of the webhooks that we send.

A webhook carries two signatures made with one account secret, and each keys its HMAC with
different bytes, because receivers do. `webhook-signature` (Standard Webhooks) is keyed with what
the base64 after `whsec_` decodes to. `X-Webhook-Signature` is keyed with the ASCII bytes of the
whole secret *as shown to the user*, `whsec_` included: the documented receiver passes the string
from its environment straight to `createHmac`.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from standardwebhooks import Webhook

from telecine.kit.ids import new_token

_SECRET_PREFIX = "whsec_"  # noqa: S105 (a public marker)
_SECRET_RANDOM_BYTES = 27


def new_webhook_secret() -> str:
    """Return `whsec_` and 48 letters and digits, which decode to a key of 36 bytes.

    216 random bits. Base64 of ASCII text has no `+` or `/`, and 36 bytes need no `=`: the
    secret can be copied by a double click and pasted into a shell.
    """
    key = new_token(n_bytes=_SECRET_RANDOM_BYTES).encode("ascii")
    return _SECRET_PREFIX + base64.b64encode(key).decode("ascii")


def sign_webhook(
    secret: str,
    *,
    message_id: str,
    event: str,
    at: datetime,
    body: bytes,
    extra_secrets: Sequence[str] = (),
) -> dict[str, str]:
    """Return the headers that identify and sign one delivery.

    `body` is the exact bytes that are sent (UTF-8 JSON); `at` is the time of this attempt,
    aware. `X-Webhook-Signature` has room for one signature, that of `secret`; `webhook-signature`
    lists those of `extra_secrets` beside it, while a secret is being changed.
    """
    at = at.astimezone(UTC)  # standardwebhooks takes the clock's digits for UTC
    timestamp = str(int(at.timestamp()))
    text = body.decode("utf-8")
    signatures = [
        Webhook(each).sign(msg_id=message_id, timestamp=at, data=text)
        for each in (secret, *extra_secrets)
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
        "X-Webhook-Signature": body_signature(secret, body=body),
        "X-Webhook-Event": event,
        "X-Webhook-Id": message_id,
        "X-Webhook-Timestamp": timestamp,
    }


def body_signature(secret: str, *, body: bytes) -> str:
    """Return the lower-case hex HMAC-SHA256 of `body`, keyed with the secret as shown."""
    return hmac.new(secret.encode("ascii"), body, sha256).hexdigest()
