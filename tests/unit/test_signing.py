"""Signatures are checked by others' code: the Standard Webhooks library, and the algorithm of
the documented Node receiver, written here with Python's own `hmac`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from telecine.kit.signing import new_webhook_secret, sign_webhook

BODY = '{"status":"completed","name":"Füße.mp4","n":1.50}'.encode()
NOW = datetime(2026, 4, 13, 12, 0, tzinfo=UTC)


def signed(secret: str, *, at: datetime, extra: tuple[str, ...] = ()) -> dict[str, str]:
    return sign_webhook(
        secret, message_id="evt_1", event="job.completed", at=at, body=BODY, extra_secrets=extra
    )


def accepted_by_documented_receiver(secret: str, *, got: str, body: bytes) -> bool:
    """createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex'), the string as the key."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return len(got) == len(expected) and hmac.compare_digest(got, expected)


def test_the_standard_webhooks_library_accepts_a_delivery() -> None:
    secret = new_webhook_secret()
    headers = signed(secret, at=datetime.now(tz=UTC))
    assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)


def test_a_changed_body_is_refused_by_both_kinds_of_receiver() -> None:
    secret = new_webhook_secret()
    headers = signed(secret, at=datetime.now(tz=UTC))
    changed = BODY.replace(b"completed", b"failed")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(changed, headers)
    got = headers["X-Webhook-Signature"]
    assert accepted_by_documented_receiver(secret, got=got, body=BODY)
    assert not accepted_by_documented_receiver(secret, got=got, body=changed)


def test_the_hex_signature_is_keyed_with_the_secret_as_shown() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    got = signed(secret, at=NOW)["X-Webhook-Signature"]
    assert re.fullmatch("[0-9a-f]{64}", got)
    assert accepted_by_documented_receiver(secret, got=got, body=BODY)
    assert not accepted_by_documented_receiver("k" * 24, got=got, body=BODY)


def test_the_hex_signature_stays_equal_over_retries_and_the_timestamp_moves() -> None:
    secret = new_webhook_secret()
    first, second = signed(secret, at=NOW), signed(secret, at=NOW + timedelta(minutes=5))
    assert first["X-Webhook-Signature"] == second["X-Webhook-Signature"]
    assert first["webhook-id"] == second["webhook-id"] == second["X-Webhook-Id"] == "evt_1"
    assert first["webhook-timestamp"] == first["X-Webhook-Timestamp"] == str(int(NOW.timestamp()))
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 300
    assert first["X-Webhook-Event"] == "job.completed"


def test_an_instant_in_another_zone_signs_the_same_second() -> None:
    secret = new_webhook_secret()
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert signed(secret, at=elsewhere) == signed(secret, at=NOW)


def test_during_rotation_old_and_new_secret_both_verify() -> None:
    old, new = new_webhook_secret(), new_webhook_secret()
    headers = signed(old, at=datetime.now(tz=UTC), extra=(new,))
    assert Webhook(old).verify(BODY, headers) == json.loads(BODY)
    assert Webhook(new).verify(BODY, headers) == json.loads(BODY)
    got = headers["X-Webhook-Signature"]
    assert accepted_by_documented_receiver(old, got=got, body=BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_webhook_secret()).verify(BODY, headers)


def test_secrets_are_unlike_and_of_the_length_that_standard_webhooks_asks_for() -> None:
    secrets = {new_webhook_secret() for _ in range(200)}
    assert len(secrets) == 200
    for secret in secrets:
        assert re.fullmatch("whsec_[0-9A-Za-z]{48}", secret)
        assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64
