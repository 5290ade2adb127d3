"""How long a worker may believe that its jobs are its own, without hearing so from the database.

Others take them when its heartbeat has been silent for `worker_timeout_seconds`. Before that it must
have stopped its encoders itself, by its own clock alone, since it may be cut off from everything.

    beat ......... held ......... 2/3: attempts are told .. 5/6: the process ends ... 1: others take over
"""

from __future__ import annotations

import threading

from telecine.kit.clock import steady_seconds

#: The slowest beat; a short time-out has a quicker one.
_BEAT_SECONDS = 5.0


class Lease:
    """The time that a heartbeat buys. Safe to share between threads."""

    def __init__(self, worker_timeout_seconds: float) -> None:
        self.beat_every_seconds = min(_BEAT_SECONDS, worker_timeout_seconds / 6)
        #: How long attempts may take to stop once it is over.
        self.grace_seconds = worker_timeout_seconds / 6
        self._seconds = worker_timeout_seconds * 2 / 3
        self._since = steady_seconds()
        self._lock = threading.Lock()

    def renew(self, since: float) -> None:
        """Have it run from an instant on: when a beat was sent that has arrived.

        Not when its answer came: the database has counted since before that.
        """
        with self._lock:
            self._since = max(self._since, since)

    def is_held(self) -> bool:
        """Say whether nobody else can have been given our jobs."""
        return steady_seconds() - self._since < self._seconds
