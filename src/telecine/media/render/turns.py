"""Whose film may have a child: so many at once, and who asks first comes first.

A turn is not taken from anybody: who has one asks now and then whether others wait, and gives
way. What is not said otherwise is called with the lock of `changed` held.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition
from typing import Final

from telecine.kit.errors import CancelledError

#: How often one who stands in line looks whether it is still wanted.
_LOOK_SECONDS: Final = 0.25


class Turns:
    """A line before a number of places."""

    def __init__(self, *, most: int, changed: Condition) -> None:
        self._most = most
        self._changed = changed
        self._line: list[object] = []
        self._since: dict[object, float] = {}

    @property
    def n_taken(self) -> int:
        """How many have their turn."""
        return len(self._since)

    @property
    def are_awaited(self) -> bool:
        """Whether somebody stands in line."""
        return bool(self._line)

    def is_awaited_by(self, who: object) -> bool:
        """Whether it stands in line."""
        return who in self._line

    def seconds_of(self, who: object) -> float:
        """How long it has had its turn; 0 without one."""
        since = self._since.get(who)
        return 0.0 if since is None else time.monotonic() - since

    def take(self, who: object, *, is_cancelled: Callable[[], bool]) -> None:
        """Stand in line until it is one's turn. Takes the lock; raises `CancelledError`."""
        with self._changed:
            self._line.append(who)
            self._changed.notify_all()
            try:
                while self._line[0] is not who or len(self._since) >= self._most:
                    if is_cancelled():
                        raise CancelledError
                    self._changed.wait(_LOOK_SECONDS)
                self._since[who] = time.monotonic()
            finally:
                self._line.remove(who)
                self._changed.notify_all()

    def leave(self, who: object) -> None:
        """Let the next one have it. Takes the lock; may be called without a turn."""
        with self._changed:
            self._since.pop(who, None)
            self._changed.notify_all()
