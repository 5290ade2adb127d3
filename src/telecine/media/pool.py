"""Confined child processes in which libraries open untrusted media.

A child is given file descriptors and sees nothing else: no file system, no network, no other
process. Its tasks are listed in `pool_child`. A child serves many calls, so a file that took it
over could see the next ones: that is why it is replaced after every crash and every
`calls_per_child` calls.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog

from telecine.kit.errors import (
    InternalError,
    ProcessingError,
    ProcessTimeoutError,
    ResourceLimitError,
    TelecineError,
)
from telecine.media import pool_wire as wire
from telecine.media.pool_child import TASKS
from telecine.media.sandbox import SandboxMode
from telecine.media.tethered import Tethered

_log = structlog.get_logger(__name__)

#: Importing libvips and FFmpeg takes about 0.3 s; the rest is for a machine under load.
_START_SECONDS = 60.0


class Pool:
    """Up to `size` children, started when first needed. Safe to call from many threads.

    `memory_bytes` is address space of one child on top of what its libraries take at the start;
    `output_bytes` bounds the file that a call writes.
    """

    def __init__(
        self,
        size: int,
        *,
        sandbox: SandboxMode,
        memory_bytes: int,
        output_bytes: int = 2**30,
        calls_per_child: int = 200,
        tasks: Mapping[str, str] = TASKS,
    ) -> None:
        self._calls_per_child = calls_per_child
        self._tasks = dict(tasks)
        self._limits: dict[str, Any] = {
            "mode": sandbox,
            "memory_bytes": memory_bytes,
            "output_bytes": output_bytes,
        }
        self._free = threading.Semaphore(size)
        # The last is taken first, so that few children stay warm and the others unborn.
        self._idle: deque[_Child | None] = deque([None] * size)
        self._alive: set[_Child] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def call(
        self,
        task: str,
        params: Mapping[str, Any],
        *,
        input_path: Path,
        output_path: Path | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """Run one task in a child and return its answer; blocks.

        `timeout_seconds` counts from when a child is free. `output_path` is made anew, and
        removed again when the call fails.

        Raises what the task raised (errors of Telecine, same class, message and field),
        `ResourceLimitError` when the child crashed, `ProcessTimeoutError`, and `InternalError`
        for a bug in the task. After a child that was killed another is tried.
        """
        if task not in self._tasks:
            raise InternalError(f"There is no media task named {task}.")
        request = wire.Request(task=task, params=dict(params))
        for is_last in (False, True):
            try:
                return self._ask(request, input_path, output_path, timeout_seconds)
            except _KilledError as error:
                # For want of memory, or by somebody's hand: another may have more luck.
                _log.warning("pool.child_killed", task=task)
                if is_last:
                    raise error.told from error
        raise AssertionError("the last child's end is told")

    def warm(self) -> None:
        """Start all children that are not running, without waiting for them."""
        for _ in range(len(self._idle)):
            if not self._free.acquire(blocking=False):
                return
            child = self._idle.popleft()
            try:
                child = child or self._start()
            finally:
                self._idle.append(child)
                self._free.release()

    def close(self) -> None:
        """End all children; calls that are running fail. Calls afterwards are refused."""
        with self._lock:
            self._is_closed = True
            children = list(self._alive)
            self._alive.clear()
        for child in children:
            child.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(
        self,
        request: wire.Request,
        input_path: Path,
        output_path: Path | None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        with input_path.open("rb") as source, _made(output_path) as target:
            fds = [source.fileno()] if target is None else [source.fileno(), target]
            reply = self._exchange(request, fds=fds, timeout_seconds=timeout_seconds)
            if reply.failure is not None:
                raise reply.failure.to_error()
            return reply.value

    def _exchange(
        self, request: wire.Request, *, fds: list[int], timeout_seconds: float
    ) -> wire.Reply:
        with self._free:
            child = self._idle.pop()
            is_good = False
            try:
                if child is None or child.has_ended():
                    self._discard(child)
                    child = None  # so that a failing start leaves an empty place
                    child = self._start()
                reply = child.call(request, fds=fds, timeout_seconds=timeout_seconds)
                is_good = True
                return reply
            finally:
                self._put_back(child, is_good=is_good)

    def _put_back(self, child: _Child | None, *, is_good: bool) -> None:
        if child is not None and is_good and child.calls < self._calls_per_child:
            self._idle.append(child)
            return
        self._discard(child)
        successor = None
        if is_good:  # worn out, not broken: its successor can import while others serve
            with suppress(OSError, InternalError):
                successor = self._start()
        self._idle.appendleft(successor)

    def _start(self) -> _Child:
        child = _Child(tasks=self._tasks, limits=self._limits)
        with self._lock:
            if not self._is_closed:
                self._alive.add(child)
                return child
        child.end()
        raise InternalError("The media pool is closed.")

    def _discard(self, child: _Child | None) -> None:
        if child is None:
            return
        with self._lock:
            self._alive.discard(child)
        child.end()


class _Child:
    """One running child, and what is said to it."""

    def __init__(self, *, tasks: dict[str, str], limits: dict[str, Any]) -> None:
        self.calls = 0
        self._is_ready = False
        self._missing: dict[str, str] = {}
        self._tether = Tethered(
            "telecine.media.pool_child",
            {"tasks": tasks, **limits},
            environment=_environment(limits["memory_bytes"]),
        )
        self._peer = self._tether.peer
        self.has_ended = self._tether.has_ended
        self.end = self._tether.end

    def call(self, request: wire.Request, *, fds: list[int], timeout_seconds: float) -> wire.Reply:
        """Send one request and wait for the reply; after any error the child is of no use."""
        self._await_hello()
        if request.task in self._missing:
            reason = self._missing[request.task]
            raise _noted(f"The media task {request.task} is not available.", reason)
        self.calls += 1
        try:
            self._peer.settimeout(timeout_seconds)
            wire.send(self._peer, request, fds=fds)
            return wire.receive(self._peer, wire.Reply, timeout_seconds=timeout_seconds)
        except TimeoutError as error:
            raise ProcessTimeoutError(
                f"Opening this file took longer than {timeout_seconds:g} seconds."
            ) from error
        except OSError as error:
            raise self._ended(
                ResourceLimitError(
                    "This file needed more memory than one job may use, or made the decoder crash."
                )
            ) from error
        except ValueError as error:
            raise ProcessingError("The decoder gave an answer that makes no sense.") from error

    def _await_hello(self) -> None:
        if self._is_ready:
            return
        try:
            hello = wire.receive(self._peer, wire.Hello, timeout_seconds=_START_SECONDS)
        except (TimeoutError, ValueError) as error:
            raise InternalError("A media process could not be started.") from error
        except OSError as error:
            raise self._ended(InternalError("A media process could not be started.")) from error
        if hello.failure is not None:
            raise _noted("A media process could not build its sandbox.", hello.failure)
        self._missing = hello.missing
        self._is_ready = True

    def _ended(self, told: TelecineError) -> Exception:
        """Return what its end is told as, marked where something had killed it."""
        self.end()
        return _KilledError(told) if self._tether.was_killed() else told


class _KilledError(Exception):
    """A child was killed; `told` is what that is called where it happens again."""

    def __init__(self, told: TelecineError) -> None:
        super().__init__()
        self.told = told


def _noted(message: str, note: str) -> InternalError:
    """Return an error whose note is for the log, not for the client."""
    error = InternalError(message)
    error.add_note(note)
    return error


def _environment(memory_bytes: int) -> dict[str, str]:
    return {
        # The pool is as wide as the machine; threads inside a child would only stand in the way.
        "VIPS_CONCURRENCY": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # Without a file system there is no temporary file; memory is bounded all the same.
        "VIPS_DISC_THRESHOLD": str(memory_bytes),
        "VIPS_BLOCK_UNTRUSTED": "1",
        # Each arena takes 64 MiB of address space, which is what the memory limit counts.
        "MALLOC_ARENA_MAX": "2",
    }


@contextmanager
def _made(path: Path | None) -> Iterator[int | None]:
    """Open a new file for reading and writing (TIFF is written in both ways)."""
    if path is None:
        yield None
        return
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        yield fd
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
