"""What hears and sees here, made ready when it is first wanted: its weights are fetched then.

A server starts without them; the first job that needs them waits for the download.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from telecine.kit.outbound import LipSync
from telecine.media import models
from telecine.media.ffmpeg import FFmpeg, never
from telecine.media.models import OnFetch
from telecine.media.seeing.looking import Eyes
from telecine.media.seeing.weights import BLAZEFACE
from telecine.media.speech import weights as whispers
from telecine.media.speech.transcribe import Speech
from telecine.media.talking.talking import Talking
from telecine.media.talking.weights import FACE_MESH


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """`whisper_model` is a name or a folder, `models_dir` where what is fetched is kept.

    `n_threads` 0 is one for each core; nothing after `most_seconds` is heard.
    With `lip_sync` a server makes portraits talk.
    """

    ffmpeg: FFmpeg
    whisper_model: str
    models_dir: Path
    n_threads: int = 0
    most_seconds: float = 6 * 3600
    lip_sync: LipSync | None = None

    def has_speech(self) -> bool:
        """Say whether speech is heard without a download. Raises `SettingsError`."""
        return whispers.find(self.whisper_model, root=self.models_dir) is not None

    def speech(
        self, *, on_fetch: OnFetch | None = None, is_cancelled: Callable[[], bool] = never
    ) -> Speech:
        """Return what hears. Raises `SettingsError`, and what `models.fetch` raises."""
        found = whispers.fetch(
            self.whisper_model,
            root=self.models_dir,
            on_progress=on_fetch,
            is_cancelled=is_cancelled,
        )
        return Speech(
            ffmpeg=self.ffmpeg,
            weights=found,
            n_threads=self.n_threads,
            most_seconds=self.most_seconds,
        )

    def eyes(
        self, *, on_fetch: OnFetch | None = None, is_cancelled: Callable[[], bool] = never
    ) -> Eyes:
        """Return what finds faces. Raises what `models.fetch` raises."""
        folder = models.fetch(
            BLAZEFACE, root=self.models_dir, on_progress=on_fetch, is_cancelled=is_cancelled
        )
        return Eyes(ffmpeg=self.ffmpeg, weights=folder)

    def found_talking(self) -> Talking | None:
        """Return what makes portraits talk; None where its weights would be fetched first."""
        is_here = models.find(FACE_MESH, root=self.models_dir) is not None
        return self.talking() if is_here or self.lip_sync is not None else None

    def talking(self, *, is_cancelled: Callable[[], bool] = never) -> Talking:
        """Return what makes portraits talk. Raises what `models.fetch` raises."""
        folder = None
        if self.lip_sync is None:
            folder = models.fetch(FACE_MESH, root=self.models_dir, is_cancelled=is_cancelled)
        return Talking(
            ffmpeg=self.ffmpeg,
            weights=folder,
            server=self.lip_sync,
            n_threads=self.n_threads,
            most_seconds=self.most_seconds,
        )
