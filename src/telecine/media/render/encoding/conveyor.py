"""A thread that works items off in order, behind a short queue: back-pressure, no dead ends.

An error stops the work but not the taking: what is put after it is thrown away, so nobody who
puts ever waits for a dead thread. The error comes out at the next `put` and at `close`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from telecine.kit.errors import InternalError

_Item = TypeVar("_Item")

#: How often a full queue is looked at again for whether anybody still takes from it.
_LOOK_SECONDS: Final = 0.5


class Conveyor(Generic[_Item]):
    """Items may be put from any thread; `close` and `drop` end it, each may be called again."""

    def __init__(self, work: Callable[[_Item], None], *, length: int, name: str) -> None:
        self._queue: queue.Queue[_Item | None] = queue.Queue(length)
        self._error: BaseException | None = None
        self._is_dropped = False
        self._is_closed = False
        # Given to the thread alone: whoever owns both would live in a ring with it, pictures and all.
        self._thread = threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
        self._thread.start()

    def put(self, item: _Item) -> None:
        """Wait for room in the queue. Raises what went wrong with an earlier item."""
        if self._error is not None:
            raise self._error
        if self._is_closed:
            raise InternalError("Nothing can follow: the output is finished.")
        self._offer(item)

    def close(self) -> None:
        """Wait until everything is worked off. Raises what went wrong."""
        self._end()
        if self._error is not None:
            raise self._error

    def drop(self) -> None:
        """Throw away what waits; returns when the item in hand is done."""
        self._is_dropped = True
        self._end()

    def _end(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._offer(None)
        self._thread.join()

    def _offer(self, item: _Item | None) -> None:
        while self._thread.is_alive():
            try:
                self._queue.put(item, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return

    def _run(self, work: Callable[[_Item], None]) -> None:
        while (item := self._queue.get()) is not None:
            if self._is_dropped or self._error is not None:
                continue
            try:
                work(item)
            except BaseException as error:  # noqa: BLE001 - raised where the caller is
                self._error = error
