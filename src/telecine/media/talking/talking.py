"""From a portrait and a voice to a film of it talking: a confined child draws and encodes it.

Where the operator has a lip-sync server, that makes the film instead (`serving`). The child dies
with the calling thread, and nothing of the networks stays in this process.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import msgspec

from telecine.kit.outbound import LipSync
from telecine.media.errand import Errand
from telecine.media.ffmpeg import FFmpeg, never
from telecine.media.process import Limits
from telecine.media.speech import sound as samples
from telecine.media.speech.transcript import Word
from telecine.media.talking import serving
from telecine.media.talking.job import Job, Report

FRAME_RATE: Final = Fraction(30)
MOST_PIXELS: Final = 1280 * 720
#: What goes to a server, and what comes from it.
_SENT: Final = "portrait.png"
_ANSWER: Final = "answer"
#: A look takes a core and 200 MB, and whoever sends pictures can have many at once.
_LOOKS: Final = threading.BoundedSemaphore(2)
_LOOK_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Talking:
    """How portraits are made to talk here: by the networks whose folder `weights` is (that of
    `weights.FACE_MESH`), or by a `server`.
    """

    ffmpeg: FFmpeg
    weights: Path | None = None
    server: LipSync | None = None
    n_threads: int = 0
    most_seconds: float = 6 * 3600

    def film(
        self,
        image: Path,
        sound: Path,
        *,
        workspace: Path,
        words: Sequence[Word] = (),
        frame_rate: Fraction = FRAME_RATE,
        most_pixels: int = MOST_PIXELS,
        on_progress: Callable[[float], None] | None = None,
        is_cancelled: Callable[[], bool] = never,
    ) -> Path:
        """Return a silent MP4 in `workspace`, a folder of this work's own, as long as the sound.

        It is the whole image, made smaller where it has more than `most_pixels`, with even sides.
        With the sound's `words` the lips are exact. `on_progress` is told 0 to 1. Raises
        `UnsupportedMediaError` with the reason where the image is no portrait that can talk
        (field `image`) or there is no sound, other `MediaError`s, what `FFmpeg.run` raises, and
        with a server `OutboundError`.
        """
        heard = samples.extract(
            self.ffmpeg,
            sound,
            workspace=workspace,
            most_seconds=self.most_seconds,
            is_cancelled=is_cancelled,
        )
        job = Job(
            task="film" if self.server is None else "picture",
            picture=str(image.resolve()),
            output=str((workspace / ("talking.mp4" if self.server is None else _SENT)).resolve()),
            most_pixels=most_pixels,
            sound=str(heard.resolve()),
            words=str((workspace / "words.json").resolve()),
            weights="" if self.weights is None else str(self.weights.resolve()),
            frame_rate=str(frame_rate),
            n_frames=max(1, math.ceil(Fraction(samples.seconds_of(heard)) * frame_rate)),
            n_threads=self.n_threads,
        )
        Path(job.words).write_bytes(msgspec.json.encode(tuple(words)))
        tell = on_progress or _nobody
        try:
            self._run(job, workspace, tell, is_cancelled)
            if self.server is not None:
                self._ask(self.server, job, tell, is_cancelled)
        finally:
            for name in (heard.name, Path(job.words).name, _SENT, _ANSWER):
                (workspace / name).unlink(missing_ok=True)
        return workspace / "talking.mp4"

    def require_portrait(self, image: Path, *, workspace: Path) -> None:
        """Raise `UnsupportedMediaError` (field `image`) with the reason where it cannot talk.

        Half a second's work. What a server makes films of is its own affair. Raises what
        `FFmpeg.run` raises, too: that says nothing about the image.
        """
        if self.server is not None:
            return
        job = Job(
            task="look",
            picture=str(image.resolve()),
            most_pixels=MOST_PIXELS,
            weights="" if self.weights is None else str(self.weights.resolve()),
        )
        limits = replace(self.ffmpeg.limits, wall_seconds=_LOOK_SECONDS)
        with _LOOKS:
            self._run(job, workspace, _nobody, never, limits=limits)

    def _ask(
        self,
        server: LipSync,
        job: Job,
        tell: Callable[[float], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        """Have the server make the film of the picture that lies there."""
        picture = Path(job.output)
        answer = picture.with_name(_ANSWER)
        serving.ask(
            server,
            picture=picture,
            samples=Path(job.sound),
            to=answer,
            is_cancelled=is_cancelled,
        )
        serving.as_film(
            self.ffmpeg,
            answer,
            output=picture.with_name("talking.mp4"),
            frame_rate=Fraction(job.frame_rate),
            n_frames=job.n_frames,
            on_progress=tell,
            is_cancelled=is_cancelled,
        )

    def _run(
        self,
        job: Job,
        workspace: Path,
        tell: Callable[[float], None],
        is_cancelled: Callable[[], bool],
        *,
        limits: Limits | None = None,
    ) -> None:
        def hear(report: Report) -> bool:
            tell(min(1.0, max(0.0, report.done)))
            return True

        Errand(
            module="telecine.media.talking.child",
            who="The puppeteer",
            job=job,
            workspace=workspace,
            reads=(Path(job.picture), *([self.weights] if self.weights else [])),
            reports=Report,
            on_report=hear,
        ).run(replace(self.ffmpeg, limits=limits or self.ffmpeg.limits), is_cancelled=is_cancelled)


def _nobody(_share: float) -> None:
    """Tell nobody."""
