"""The fixed window: so many requests from the start of one minute to the next.

Kept in the database, not in memory, so that several API processes count as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One subject's count in the current minute, this request included."""

    limit: int
    used: int
    reset_at_seconds: int
    reset_in_seconds: int

    @property
    def remaining(self) -> int:
        """Requests left in this window."""
        return max(0, self.limit - self.used)

    @property
    def is_exceeded(self) -> bool:
        """True when this request was one too many."""
        return self.used > self.limit


def window_of(now: datetime) -> int:
    """Return the number of the window that `now` lies in."""
    return int(now.timestamp()) // WINDOW_SECONDS


def window(*, now: datetime, limit: int, used: int) -> Window:
    """Return the state of the window that `now` lies in."""
    end = (window_of(now) + 1) * WINDOW_SECONDS
    left = max(1, end - int(now.timestamp()))
    return Window(limit=limit, used=used, reset_at_seconds=end, reset_in_seconds=left)
