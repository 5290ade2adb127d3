"""From a file to what is said in it: a confined FFmpeg, then a confined child that hears.

Nothing of the model stays in this process. The child dies with the calling thread.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from telecine.kit.errors import InternalError, ProcessingError, ResourceLimitError
from telecine.media import process
from telecine.media.ffmpeg import FFmpeg, never
from telecine.media.sandbox import Policy
from telecine.media.speech import sound, transcript
from telecine.media.speech.job import Job, Quality, Report
from telecine.media.speech.transcript import Transcript
from telecine.media.speech.weights import Weights

#: Of the work, what getting the sound out is; the model's share is by far the larger.
_SOUND_SHARE: Final = 0.05
_MOST_REPORT_BYTES: Final = 2**20
#: How Python, the linker and C++ say that there is no memory.
_NO_MEMORY: Final = (
    *("MemoryError", "bad_alloc", "failed to map segment"),
    *("Cannot allocate memory", "cannot allocate memory"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """How speech is heard here. `n_threads` 0 is one for each core."""

    ffmpeg: FFmpeg
    weights: Weights
    n_threads: int = 0
    most_seconds: float = 6 * 3600

    def transcribe(
        self,
        source: Path,
        *,
        workspace: Path,
        language: str = "",
        quality: Quality = "balanced",
        on_progress: Callable[[float], None] | None = None,
        is_cancelled: Callable[[], bool] = never,
    ) -> Transcript:
        """Return what is said in a file. `language` is a code such as `en` or
        `en-GB`; `auto` or empty: found out.

        `workspace` is a folder of this work's own. `on_progress` is told 0 to 1. Raises
        `UnsupportedMediaError` without a sound track or without speech, `InvalidRequestError`
        for a language that the model does not know, and what `FFmpeg.run` raises.
        """
        tell = on_progress or _nobody
        heard = sound.extract(
            self.ffmpeg,
            source,
            workspace=workspace,
            most_seconds=self.most_seconds,
            is_cancelled=is_cancelled,
        )
        tell(_SOUND_SHARE)
        try:
            return self._hear(heard, language, quality, tell, is_cancelled)
        finally:
            heard.unlink(missing_ok=True)

    def _hear(
        self,
        heard: Path,
        language: str,
        quality: Quality,
        tell: Callable[[float], None],
        is_cancelled: Callable[[], bool],
    ) -> Transcript:
        job = Job(
            sound=str(heard.resolve()),
            output=str((heard.parent / "transcript.json").resolve()),
            model_folder=str(self.weights.folder),
            model_name=self.weights.name,
            language="" if language == "auto" else language.lower().partition("-")[0],
            quality=quality,
            n_threads=self.n_threads or os.cpu_count() or 1,
        )
        reports = _Reports(seconds=sound.seconds_of(heard), tell=tell)
        limits = self.ffmpeg.limits
        with process.start(
            (sys.executable, "-P", "-m", "telecine.media.speech.child", _json(job)),
            policy=self._policy(heard.parent),
            cwd=heard.parent,
            environment=_environment(),
        ) as program:
            ended = process.supervise(
                program, limits=limits, on_output=reports.feed, is_cancelled=is_cancelled
            )
        return _result(job, reports, ended)

    def _policy(self, workspace: Path) -> Policy:
        limits = self.ffmpeg.limits
        own = {sys.prefix, sys.base_prefix, *_import_path()}
        return Policy(
            mode=self.ffmpeg.sandbox,
            read_paths=(*sorted(own), str(self.weights.folder)),
            write_paths=(str(workspace.resolve()),),
            memory_bytes=limits.memory_bytes,
            output_bytes=limits.output_bytes,
            cpu_seconds=limits.cpu_seconds,
        )


class _Reports:
    """Reads the child's lines as they come."""

    def __init__(self, *, seconds: float, tell: Callable[[float], None]) -> None:
        self._seconds = max(seconds, 1e-3)
        self._tell = tell
        self._rest = b""
        self._furthest = 0.0
        self.last: Report | None = None

    def feed(self, chunk: bytes) -> bool:
        """Take in some bytes; True when it has come further."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _MOST_REPORT_BYTES:
            raise ProcessingError("The speech model gave an answer that makes no sense.")
        before = self._furthest
        for line in lines:
            self._take(line)
        if self._furthest > before:
            part = min(1.0, self._furthest / self._seconds)
            self._tell(_SOUND_SHARE + (1 - _SOUND_SHARE) * part)
        return self._furthest > before

    def _take(self, line: bytes) -> None:
        try:
            self.last = msgspec.json.decode(line, type=Report)
        except ValueError as error:
            raise ProcessingError("The speech model gave an answer that makes no sense.") from error
        self._furthest = max(self._furthest, self.last.done_seconds)


def _result(job: Job, reports: _Reports, ended: process.Ended) -> Transcript:
    if reports.last is not None and reports.last.failure is not None:
        raise reports.last.failure.to_error()
    if ended.status < 0 or any(sign in ended.stderr_tail for sign in _NO_MEMORY):
        raise ResourceLimitError("Hearing needed more memory than one job may use, or crashed.")
    if ended.status:
        error = InternalError("The speech model could not be started.")
        error.add_note(ended.stderr_tail)
        raise error
    return transcript.from_json(Path(job.output).read_bytes())


def _environment() -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join(_import_path()),
        "PYTHONDONTWRITEBYTECODE": "1",
        # The model is a folder; should a library think otherwise, it gets no further.
        "HF_HUB_OFFLINE": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def _import_path() -> list[str]:
    return [str(Path(path).absolute()) for path in sys.path if path and Path(path).exists()]


def _json(job: Job) -> str:
    return msgspec.json.encode(job).decode()


def _nobody(_part: float) -> None:
    """Tell nobody."""
