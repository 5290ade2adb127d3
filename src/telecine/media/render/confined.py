"""Renders compositions in confined child processes, several for one film if asked.

A child does one job and is gone, for what it opens is a stranger's. Its imports take longer
than many a film, so some children wait for their job with everything imported.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import msgspec

from telecine.kit.errors import (
    CancelledError,
    InternalError,
    ProcessingError,
    ProcessTimeoutError,
    ResourceLimitError,
)
from telecine.media import pool_wire as wire
from telecine.media import process
from telecine.media.process import Limits
from telecine.media.render.job import Ask, Facts, Job, Report, Task, Walls
from telecine.media.sandbox import SandboxMode

#: How often `is_cancelled` is asked and the clocks are looked at.
_TICK_SECONDS: Final = 0.25
#: Importing takes half a second; the rest is for a machine under load.
_START_SECONDS: Final = 60.0
_MESSAGE_SECONDS: Final = 10.0
#: A child that stays answers a question within this time, or is taken to hang.
_ANSWER_SECONDS: Final = 120.0
_DOCUMENT: Final = "composition.json"

#: Frames done, and of how many.
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A composition and what is wanted of it.

    `files` says where each `src` of the document is. `workspace` is a folder of this order's
    own, in which `output` will lie; its suffix says what is made. More than one worker is worth
    it on machines with many cores, for MP4 only.
    """

    document: Mapping[str, Any]
    files: Mapping[str, Path]
    workspace: Path
    output: Path
    codec: Literal["h264", "h265", "vp9"] = "h264"
    preset: str = "veryfast"
    crf: float | None = None
    encoder_threads: int = 0
    frame_rate: str | None = None
    frames: range | None = None
    size: tuple[int, int] | None = None
    has_sound: bool = True
    n_workers: int = 1
    n_pictures: int = 12


class Renderer:
    """Starts children and gives them work. Safe to call from many threads.

    `limits` are those of one child; its memory comes on top of what its libraries take.
    `n_spare` children are kept waiting, from `warm` on.
    """

    def __init__(self, *, sandbox: SandboxMode, limits: Limits, n_spare: int = 1) -> None:
        self._walls = Walls(
            mode=sandbox, memory_bytes=limits.memory_bytes, output_bytes=limits.output_bytes
        )
        self._limits = limits
        self._n_spare = n_spare
        self._lock = threading.Lock()
        self._spare: deque[_Child] = deque()
        self._is_closed = False

    def render(
        self,
        order: Order,
        *,
        on_progress: OnProgress | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Facts:
        """Make the file. Raises what a child raised (same class, message and field),
        `CancelledError`, `ProcessTimeoutError`, and `ResourceLimitError` when a child died.
        """
        self._write_document(order)
        if order.n_workers > 1 and order.output.suffix.lower() == ".mp4":
            return self._shared_out(order, _Tally(on_progress), is_cancelled)
        job = self._job(order, "film")
        return self._run(job, _Tally(on_progress).of(job), is_cancelled)

    def still(self, order: Order) -> None:
        """Write the first of the order's frames as a PNG."""
        self._picture(order, "still")

    def storyboard(self, order: Order) -> None:
        """Write a sheet of the order's many pictures as a PNG."""
        self._picture(order, "storyboard")

    def engage(self, order: Order, *, is_cancelled: Callable[[], bool] = lambda: False) -> Engaged:
        """Have a child open the composition and stay, at preview size; whoever asked ends it.

        Captions go to the order's output, if there are any. Raises what `render` raises.
        """
        self._write_document(order)
        child = self._next_child()
        try:
            facts = child.run(
                self._job(order, "segments"),
                limits=self._limits,
                told=None,
                is_cancelled=is_cancelled,
            )
        except BaseException:
            child.end()
            raise
        limits = replace(self._limits, wall_seconds=_ANSWER_SECONDS)
        return Engaged(child, facts=facts, limits=limits)

    def warm(self) -> None:
        """Start the children that wait, without waiting for them."""
        with self._lock:
            while len(self._spare) < self._n_spare and not self._is_closed:
                self._spare.append(_Child())

    def close(self) -> None:
        """End the children that wait. Those that work are ended by whoever waits for them."""
        with self._lock:
            self._is_closed = True
            children, self._spare = self._spare, deque()
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

    def _picture(self, order: Order, task: Task) -> None:
        self._write_document(order)
        self._run(self._job(order, task), None, lambda: False)

    def _write_document(self, order: Order) -> None:
        (order.workspace / _DOCUMENT).write_text(json.dumps(order.document), "utf-8")

    def _job(self, order: Order, task: Task, *, output: Path | None = None, **more: Any) -> Job:
        return Job(
            task=task,
            walls=self._walls,
            workspace=str(order.workspace.resolve()),
            output=str((output or order.output).absolute()),
            document=str((order.workspace / _DOCUMENT).resolve()),
            files={src: str(path.resolve()) for src, path in order.files.items()},
            codec=order.codec,
            preset=order.preset,
            crf=order.crf,
            threads=order.encoder_threads,
            frame_rate=order.frame_rate,
            frames=None if order.frames is None else (order.frames.start, order.frames.stop),
            size=order.size,
            has_sound=order.has_sound,
            n_pictures=order.n_pictures,
            **more,
        )

    def _shared_out(self, order: Order, tally: _Tally, is_cancelled: Callable[[], bool]) -> Facts:
        """Have each worker encode a share; how many there are makes no difference to the film."""
        count = order.n_workers
        paths = [order.workspace / f"part{index}.mp4" for index in range(count)]
        jobs = [
            self._job(order, "part", output=path, share=(index, count))
            for index, path in enumerate(paths)
        ]
        sound = order.workspace / "sound.m4a"
        if order.has_sound:
            jobs.append(self._job(order, "sound", output=sound))
        try:
            made = self._run_all(jobs, tally, is_cancelled)
            parts = [str(path) for path, facts in zip(paths, made, strict=False) if facts.n_frames]
            is_heard = order.has_sound and made[-1].n_samples > 0
            joining = self._job(
                order, "join", parts=tuple(parts), sound=str(sound) if is_heard else None
            )
            return self._run(joining, None, is_cancelled)
        finally:
            for path in (*paths, sound):
                path.unlink(missing_ok=True)

    def _run_all(
        self, jobs: list[Job], tally: _Tally, is_cancelled: Callable[[], bool]
    ) -> list[Facts]:
        """Run jobs at the same time; the first that fails ends the others."""
        has_failed = threading.Event()

        def run(job: Job) -> Facts:
            try:
                told = tally.of(job) if job.task == "part" else None
                return self._run(job, told, lambda: has_failed.is_set() or is_cancelled())
            except BaseException:
                has_failed.set()
                raise

        with ThreadPoolExecutor(len(jobs), thread_name_prefix="render") as threads:
            pending = [threads.submit(run, job) for job in jobs]
            try:
                wait(pending)
            except BaseException:  # Ctrl-C comes here, to the main thread alone
                has_failed.set()
                raise
        errors = [error for each in pending if (error := each.exception()) is not None]
        for error in sorted(errors, key=lambda error: isinstance(error, CancelledError)):
            raise error  # what the others were stopped for comes first
        return [each.result() for each in pending]

    def _run(self, job: Job, told: OnProgress | None, is_cancelled: Callable[[], bool]) -> Facts:
        child = self._next_child()
        try:
            return child.run(job, limits=self._limits, told=told, is_cancelled=is_cancelled)
        finally:
            child.end()

    def _next_child(self) -> _Child:
        with self._lock:
            if self._is_closed:
                raise InternalError("The renderer is closed.")
            child = self._spare.popleft() if self._spare else _Child()
            if len(self._spare) < self._n_spare:
                self._spare.append(_Child())
        return child


class _Tally:
    """Adds up the progress of several children."""

    def __init__(self, tell: OnProgress | None) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._seen: dict[tuple[int, int], tuple[int, int]] = {}

    def of(self, job: Job) -> OnProgress | None:
        """Return what a child's progress is told to."""
        if self._tell is None:
            return None
        tell = self._tell

        def note(n_done: int, n_frames: int) -> None:
            with self._lock:
                self._seen[job.share] = (n_done, n_frames)
                seen = self._seen.values()
                tell(sum(done for done, _ in seen), sum(frames for _, frames in seen))

        return note


class _Child:
    """One child: its process, our end of its socket and the pipe it lives by."""

    def __init__(self) -> None:
        self.has_answered = True
        self._peer, theirs = socket.socketpair()
        lifeline, self._life = os.pipe()
        begin = {"socket_fd": theirs.fileno(), "lifeline_fd": lifeline}
        try:
            self._program = process.start_python(
                "telecine.media.render.child",
                arguments=[msgspec.json.encode(begin).decode()],
                pass_fds=(theirs.fileno(), lifeline),
                environment=ENVIRONMENT,
            )
            self.pid = self._program.pid
        except BaseException:
            self._peer.close()
            os.close(self._life)
            raise
        finally:
            theirs.close()
            os.close(lifeline)

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

    def end(self) -> None:
        """Kill it; may be called twice."""
        if self._life < 0:
            return
        self._program.kill()
        with suppress(OSError):
            self._peer.shutdown(socket.SHUT_RDWR)
        self._peer.close()
        os.close(self._life)
        self._life = -1


class Engaged:
    """A child that has opened a film and waits for questions. For one thread."""

    def __init__(self, child: _Child, *, facts: Facts, limits: Limits) -> None:
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
            "Rendering needed more memory than one job may use, or a decoder crashed."
        ) from error
    except ValueError as error:
        raise ProcessingError("A render process gave an answer that makes no sense.") from error


#: What a child's libraries are told.
ENVIRONMENT: Final = {
    # Threads of libraries would exist before the walls, which bind one thread.
    "VIPS_CONCURRENCY": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "VIPS_BLOCK_UNTRUSTED": "1",
    # Each arena takes 64 MiB of address space, which is what the memory limit counts.
    "MALLOC_ARENA_MAX": "2",
    # Pictures go back to the system as soon as they are freed: 80 MiB less at 1080p.
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    "MALLOC_TRIM_THRESHOLD_": str(32 * 2**20),
}
