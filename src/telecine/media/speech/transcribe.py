"""From a file to what is said in it: a confined FFmpeg, then a confined child that hears.

Nothing of the model stays in this process. The child dies with the calling thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telecine.kit.errors import ProcessingError
from telecine.media.errand import Errand
from telecine.media.ffmpeg import FFmpeg, never
from telecine.media.speech import sound, transcript
from telecine.media.speech.job import Job, Quality, Report
from telecine.media.speech.transcript import Transcript
from telecine.media.speech.weights import Weights

#: Of the work, what getting the sound out is; the model's share is by far the larger.
_SOUND_SHARE: Final = 0.05
#: A million words, as many as the child takes, are 100 MB.
_MOST_BYTES: Final = 256 * 2**20


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
        seconds = max(sound.seconds_of(heard), 1e-3)
        furthest = 0.0

        def hear(report: Report) -> bool:
            nonlocal furthest
            has_come_further = report.done_seconds > furthest
            if has_come_further:
                furthest = report.done_seconds
                tell(_SOUND_SHARE + (1 - _SOUND_SHARE) * min(1.0, furthest / seconds))
            return has_come_further

        Errand(
            module="telecine.media.speech.child",
            who="The speech model",
            job=job,
            workspace=heard.parent,
            reads=(self.weights.folder,),
            reports=Report,
            on_report=hear,
            # The model is a folder; should a library think otherwise, it gets no further.
            environment={"HF_HUB_OFFLINE": "1"},
        ).run(self.ffmpeg, is_cancelled=is_cancelled)
        with Path(job.output).open("rb") as written:
            content = written.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ProcessingError("The speech model gave an answer that makes no sense.")
        return transcript.from_json(content)


def _nobody(_part: float) -> None:
    """Tell nobody."""
