"""How often somebody may ask."""

from telecine.core.limits.model import Window
from telecine.core.limits.service import count, sweep

__all__ = ["Window", "count", "sweep"]
