"""The one owner of wall-clock time. Whoever needs "now" is given a `Clock`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

#: Returns the present instant, always aware and in UTC.
Clock = Callable[[], datetime]

# macOS has none of this name; its monotonic clock goes on in sleep.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def system_clock() -> datetime:
    """Return the machine's wall-clock time."""
    return datetime.now(tz=UTC)  # noqa: TID251 (the owner)


def steady_seconds() -> float:
    """Return a time that nobody sets and that goes on while the machine sleeps: for durations.

    `time.monotonic` stands still meanwhile, and what others took in that time would still look ours.
    """
    return time.clock_gettime(_STEADY)


def isoformat(instant: datetime) -> str:
    """Write an instant as the public documents do: `2026-04-13T12:00:00Z`, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def isoformat_exact(instant: datetime) -> str:
    """Write an instant as those do that show milliseconds: `2026-04-13T12:00:00.000Z`."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
