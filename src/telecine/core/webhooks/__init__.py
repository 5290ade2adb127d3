"""What happened, and the tries to tell."""

from telecine.core.webhooks.model import Delivery, Try
from telecine.core.webhooks.service import claim, deliveries_of, enqueue, record

__all__ = ["Delivery", "Try", "claim", "deliveries_of", "enqueue", "record"]
