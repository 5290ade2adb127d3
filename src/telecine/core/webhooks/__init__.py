"""What happened, and the tries to tell."""

from telecine.core.webhooks.model import Delivery, Try
from telecine.core.webhooks.service import claim, deliveries_of, enqueue, is_any_due, record

__all__ = ["Delivery", "Try", "claim", "deliveries_of", "enqueue", "is_any_due", "record"]
