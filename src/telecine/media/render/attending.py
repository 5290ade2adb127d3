"""One render child as its parent sees it: started, asked, watched, ended."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from telecine.kit.errors import (
    CancelledError,
    InternalError,
    ProcessingError,
    ProcessTimeoutError,
    ResourceLimitError,
)
from telecine.media import pool_wire as wire
from telecine.media.process import Limits
from telecine.media.render.job import Ask, Facts, Job, Report
from telecine.media.render.shortage import ADVICE
from telecine.media.tethered import Tethered

#: How often `is_cancelled` is asked and the clocks are looked at.
_TICK_SECONDS: Final = 0.25
#: Importing takes half a second; the rest is for a machine under load.
_START_SECONDS: Final = 60.0
_MESSAGE_SECONDS: Final = 10.0

#: Frames done, and of how many.
OnProgress = Callable[[int, int], None]


#: What a child's libraries are told.
ENVIRONMENT: Final = {
    # Threads of libraries would exist before the walls, which bind one thread.
    "VIPS_CONCURRENCY": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "VIPS_BLOCK_UNTRUSTED": "1",
    # Each arena takes 64 MiB of address space, which is what the memory limit counts.
    "MALLOC_ARENA_MAX": "2",
    # Pictures go back to the system as soon as they are freed: 80 MiB less at 1080p. So does
    # what was left of smaller ones: 15 MiB less from the second film of a process on.
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2 * 2**20),
}


class Child:
    """One child, and what is said to it."""

    def __init__(self) -> None:
        self.has_answered = False
        self._tether = Tethered("telecine.media.render.child", {}, environment=ENVIRONMENT)
        self._peer = self._tether.peer
        self.pid = self._tether.pid
        self.has_ended = self._tether.has_ended
        self.was_killed = self._tether.was_killed
        self.end = self._tether.end

    def run(
        self,
        job: Job,
        *,
        limits: Limits,
        told: OnProgress | None,
        is_cancelled: Callable[[], bool],
    ) -> Facts:
        """Have it do its one job."""
        with _explained():
            ready = wire.receive(self._peer, Report, timeout_seconds=_START_SECONDS)
            if not ready.is_ready:
                raise InternalError("A render process could not be started.")
        return self.ask(job, limits=limits, told=told, is_cancelled=is_cancelled)

    def ask(
        self,
        question: Job | Ask,
        *,
        limits: Limits,
        told: OnProgress | None,
        is_cancelled: Callable[[], bool],
    ) -> Facts:
        """Send it something to do, and wait for the answer."""
        self.has_answered = False
        with _explained():
            self._peer.settimeout(_MESSAGE_SECONDS)
            wire.send(self._peer, question)
            return self._attend(limits, told, is_cancelled)

    def _attend(
        self, limits: Limits, told: OnProgress | None, is_cancelled: Callable[[], bool]
    ) -> Facts:
        started = moved = time.monotonic()
        n_done = -1
        with selectors.DefaultSelector() as selector:
            selector.register(self._peer, selectors.EVENT_READ)
            while True:
                is_there = bool(selector.select(_TICK_SECONDS))
                now = time.monotonic()
                if is_cancelled():
                    raise CancelledError
                if now - started > limits.wall_seconds:
                    raise ProcessTimeoutError(
                        f"Rendering was stopped after {limits.wall_seconds:g} seconds."
                    )
                if now - moved > limits.stall_seconds:
                    raise ProcessTimeoutError(
                        f"Rendering made no progress for {limits.stall_seconds:g} seconds."
                    )
                if not is_there:
                    continue
                report = wire.receive(self._peer, Report, timeout_seconds=_MESSAGE_SECONDS)
                self.has_answered = report.failure is not None or report.facts is not None
                if report.failure is not None:
                    raise report.failure.to_error()
                if report.facts is not None:
                    return report.facts
                if report.n_done > n_done:
                    n_done, moved = report.n_done, now
                if told is not None:
                    told(report.n_done, report.n_frames)


#: Begun, and nobody's yet.
_begun: Final[list[Child]] = []


def begin() -> None:
    """Start a child for whoever asks first; with this process it ends in any case."""
    _begun.append(Child())


def next_child() -> Child:
    """Return one that was begun before, or start one."""
    return _begun.pop() if _begun else Child()


class Engaged:
    """A child that has opened a film and waits for questions. For one thread."""

    def __init__(self, child: Child, *, facts: Facts, limits: Limits) -> None:
        self._child = child
        self._limits = limits
        self.facts = facts
        self.pid = child.pid

    def ask(self, question: Ask, *, is_cancelled: Callable[[], bool]) -> None:
        """Have it write what is asked for. Raises what `render` does.

        One that is lost can only be ended.
        """
        self._child.ask(question, limits=self._limits, told=None, is_cancelled=is_cancelled)

    @property
    def is_lost(self) -> bool:
        """Whether the last question got no answer, not even that it failed."""
        return not self._child.has_answered

    def end(self) -> None:
        """Kill it; may be called twice."""
        self._child.end()


@contextmanager
def _explained() -> Iterator[None]:
    """Say what a child that does not answer as it should may have died of."""
    try:
        yield
    except TimeoutError as error:
        raise InternalError("A render process does not answer.") from error
    except OSError as error:
        raise ResourceLimitError(
            f"Rendering needed more memory than one job may use, or a decoder crashed. {ADVICE}"
        ) from error
    except ValueError as error:
        raise ProcessingError("A render process gave an answer that makes no sense.") from error
