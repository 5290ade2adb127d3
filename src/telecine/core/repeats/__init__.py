"""POSTs that may be repeated: who is at them, and what they were answered."""

from telecine.core.repeats.model import LEASE, Claim, Known, Reply
from telecine.core.repeats.service import claim, give_back, keep, renew, seal, sweep

__all__ = [
    "LEASE",
    "Claim",
    "Known",
    "Reply",
    "claim",
    "give_back",
    "keep",
    "renew",
    "seal",
    "sweep",
]
