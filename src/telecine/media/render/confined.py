"""Renders compositions in confined child processes, several for one film if asked.

A child does one job, or shows one film, and is gone, for what it opens is a stranger's. Its
imports take longer than many a film, so some children wait for their job with everything imported.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import structlog

from telecine.kit.errors import CancelledError, InternalError, ResourceLimitError
from telecine.media.process import Limits
from telecine.media.render.attending import Child, Engaged, OnProgress, next_child
from telecine.media.render.job import Facts, Job, Task, Walls
from telecine.media.sandbox import SandboxMode

#: A child that stays answers a question within this time, or is taken to hang.
_ANSWER_SECONDS: Final = 60.0
_DOCUMENT: Final = "composition.json"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A composition and what is wanted of it.

    `files` says where each `src` of the document is. `workspace` is a folder of this order's
    own, in which `output` will lie; its suffix says what is made. More than one worker is worth
    it on machines with many cores, for MP4 only. `comment` goes into the file's metadata.
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
    comment: str = ""


class Renderer:
    """Starts children and gives them work. Safe to call from many threads.

    `limits` are those of one child; its memory comes on top of what its libraries take. No frame
    of a film that has more than `max_pixels` is decoded.
    `n_spare` children are kept waiting, from `warm` on.
    """

    def __init__(
        self,
        *,
        sandbox: SandboxMode,
        limits: Limits,
        max_pixels: int = 100_000_000,
        n_spare: int = 1,
    ) -> None:
        self._walls = Walls(
            mode=sandbox,
            memory_bytes=limits.memory_bytes,
            output_bytes=limits.output_bytes,
            max_pixels=max_pixels,
        )
        self._limits = limits
        self._n_spare = n_spare
        self._lock = threading.Lock()
        self._spare: deque[Child] = deque()
        self._is_closed = False

    def render(
        self,
        order: Order,
        *,
        on_progress: OnProgress | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Facts:
        """Make the file. Raises what a child raised (same class, message and field),
        `CancelledError`, `ProcessTimeoutError`, and `ResourceLimitError` when a child died; after
        one that was killed another is tried.
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
        limits = replace(self._limits, wall_seconds=_ANSWER_SECONDS)
        child = self._next_child()
        try:
            facts = child.run(
                self._job(order, "segments"),
                limits=limits,
                told=None,
                is_cancelled=is_cancelled,
            )
        except BaseException:
            child.end()
            raise
        return Engaged(child, facts=facts, limits=limits)

    def warm(self, *, n_children: int | None = None) -> None:
        """Start children that wait, `n_spare` unless told, without waiting for them."""
        wanted = self._n_spare if n_children is None else n_children
        with self._lock:
            while len(self._spare) < wanted and not self._is_closed:
                self._spare.append(next_child())

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
            comment=order.comment,
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
        for is_last in (False, True):
            child = self._next_child()
            try:
                return child.run(job, limits=self._limits, told=told, is_cancelled=is_cancelled)
            except ResourceLimitError:
                child.end()
                if is_last or child.has_answered or not child.was_killed():
                    raise
                # For want of memory, or by somebody's hand: another may have more luck.
                _log.warning("render.child_killed", pid=child.pid, task=job.task)
            finally:
                child.end()
        raise AssertionError("the last child's end is told")

    def _waiting(self) -> Iterator[Child]:
        """Take those that wait, one by one; one that died meanwhile is passed over."""
        while self._spare:
            child = self._spare.popleft()
            if child.has_ended():
                child.end()
            else:
                yield child

    def _next_child(self) -> Child:
        with self._lock:
            if self._is_closed:
                raise InternalError("The renderer is closed.")
            child = next(self._waiting(), None) or Child()
            if len(self._spare) < self._n_spare:
                self._spare.append(Child())
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
