"""How often somebody may ask."""

from telecine.core.limits.model import Window
from telecine.core.limits.service import count, look, sweep

__all__ = ["Window", "count", "look", "sweep"]
