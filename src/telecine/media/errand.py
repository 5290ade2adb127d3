"""A confined child that is sent with one job, tells of it in lines of JSON, and ends.

The parent's half; the child's is `errand_child`. The child dies with the calling thread, sees
Python's own files and what it is given, and nothing of what it loads stays in this process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from telecine.kit.errors import InternalError, ProcessingError, ResourceLimitError
from telecine.media import confining, process
from telecine.media.ffmpeg import FFmpeg, never
from telecine.media.pool_wire import Failure
from telecine.media.sandbox import Policy

_MOST_LINE_BYTES: Final = 2**20
#: How Python, the linker and C++ say that there is no memory.
_NO_MEMORY: Final = (
    *("MemoryError", "bad_alloc", "failed to map segment"),
    *("Cannot allocate memory", "cannot allocate memory"),
)


class Report(Protocol):
    """A line of a child. One with a failure is the last."""

    @property
    def failure(self) -> Failure | None:
        """Why it can go no further."""


R = TypeVar("R", bound=Report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Generic[R]):
    """What a child is sent for. `who` begins a sentence: `The face finder`.

    `module` is run as a program; `reports` is what its lines decode to; it may write in
    `workspace` and read what `reads` names. `on_report` says whether it has come further.
    """

    module: str
    who: str
    job: msgspec.Struct
    workspace: Path
    reads: Sequence[Path]
    reports: type[R]
    on_report: Callable[[R], bool]
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, ffmpeg: FFmpeg, *, is_cancelled: Callable[[], bool] = never) -> None:
        """Wait for its end. Limits and sandbox are those of FFmpeg.

        Raises the child's own failure, `ResourceLimitError`, `CancelledError`, and what
        `process.supervise` raises.
        """
        lines = Lines(self)
        with process.start(
            (sys.executable, "-P", "-m", self.module, msgspec.json.encode(self.job).decode()),
            policy=self._policy(ffmpeg),
            cwd=self.workspace,
            environment={
                "PYTHONPATH": os.pathsep.join(_import_path()),
                "PYTHONDONTWRITEBYTECODE": "1",
                "MALLOC_ARENA_MAX": "2",
                **self.environment,
            },
        ) as program:
            ended = process.supervise(
                program, limits=ffmpeg.limits, on_output=lines.feed, is_cancelled=is_cancelled
            )
        self._require_good(lines.last, ended)

    def _policy(self, ffmpeg: FFmpeg) -> Policy:
        own = confining.code_paths(beside=(str(self.workspace),))
        return Policy(
            mode=ffmpeg.sandbox,
            read_paths=(*own, *(str(path.resolve()) for path in self.reads)),
            write_paths=(str(self.workspace.resolve()),),
            memory_bytes=ffmpeg.limits.memory_bytes,
            output_bytes=ffmpeg.limits.output_bytes,
            cpu_seconds=ffmpeg.limits.cpu_seconds,
        )

    def _require_good(self, last: R | None, ended: process.Ended) -> None:
        if last is not None and last.failure is not None:
            raise last.failure.to_error()
        if ended.status < 0 or any(sign in ended.stderr_tail for sign in _NO_MEMORY):
            raise ResourceLimitError(
                f"{self.who} needed more memory than one job may use, or crashed."
            )
        if ended.status:
            error = InternalError(f"{self.who} could not be started.")
            error.add_note(ended.stderr_tail)
            raise error


class Lines(Generic[R]):
    """Reads a child's lines as they come."""

    def __init__(self, errand: Errand[R]) -> None:
        self._errand = errand
        self._rest = b""
        self.last: R | None = None

    def feed(self, chunk: bytes) -> bool:
        """Take in some bytes; True when the child has come further."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        try:
            reports = [msgspec.json.decode(line, type=self._errand.reports) for line in lines]
        except ValueError as error:
            raise self._nonsense() from error
        if len(self._rest) > _MOST_LINE_BYTES:
            raise self._nonsense()
        has_come_further = False
        for report in reports:
            self.last = report
            if report.failure is None:
                has_come_further |= self._errand.on_report(report)
        return has_come_further

    def _nonsense(self) -> ProcessingError:
        return ProcessingError(f"{self._errand.who} gave an answer that makes no sense.")


def _import_path() -> list[str]:
    return [str(Path(path).absolute()) for path in sys.path if path and Path(path).exists()]
