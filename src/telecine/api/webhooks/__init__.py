"""Webhooks of an account, whichever API its jobs came through: what was sent, and again. Contract:
docs/reference/webhooks.md.
"""

from telecine.api.family import Family
from telecine.api.webhooks import errors, wire

FAMILY = Family(
    name="webhooks",
    title="Webhooks",
    errors=errors.STATUS,
    error_body=errors.error_body,
    failure_body=wire.WebhookFailure,
    is_in_every_plan=True,
)
