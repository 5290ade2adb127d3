"""Webhooks of an account, whichever API its jobs came through: what was sent, and again. Contract:
docs/reference/webhooks.md.
"""

from telecine.api import failures
from telecine.api.family import Family
from telecine.api.webhooks import wire

FAMILY = Family(
    name="webhooks",
    title="Log of webhooks",
    errors=failures.STATUS,
    error_body=failures.body,
    failure_body=wire.WebhookFailure,
    is_in_every_plan=True,
)
