"""From a part of a film to what is seen in it: a confined FFmpeg, then a confined child that looks.

The child dies with the calling thread, and nothing of the network stays in this process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telecine.kit.errors import ProcessingError, UnsupportedMediaError
from telecine.media.errand import Errand
from telecine.media.ffmpeg import FFmpeg, never
from telecine.media.seeing import pictures, shots
from telecine.media.seeing.job import Job, Report
from telecine.media.seeing.model import Box, Face, Glance, Seen
from telecine.media.seeing.pictures import Change, Piece

_NONSENSE: Final = "The face finder gave an answer that makes no sense."


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """How films are looked at here. `weights` is the folder of `weights.BLAZEFACE`."""

    ffmpeg: FFmpeg
    weights: Path
    n_threads: int = 1

    def look(
        self,
        source: Path,
        *,
        workspace: Path,
        size: tuple[int, int],
        start_seconds: float,
        end_seconds: float,
        on_progress: Callable[[float], None] | None = None,
        is_cancelled: Callable[[], bool] = never,
    ) -> Seen:
        """Return what is seen from `start_seconds` to `end_seconds` of a film.

        `size` is of its upright picture (the probe's display width and height); `workspace` a
        folder of this work's own. `on_progress` is told 0 to 1. Raises `UnsupportedMediaError`
        where no picture is there, `CancelledError`, and what `FFmpeg.run` raises.
        """
        length = max(1e-6, end_seconds - start_seconds)
        changes: list[Change] = []
        glances: list[Glance] = []
        for piece in pictures.watch(
            self.ffmpeg,
            source,
            workspace=workspace,
            start_seconds=start_seconds,
            end_seconds=end_seconds,
            size=pictures.small_size(*size),
            is_cancelled=is_cancelled,
        ):
            changes += piece.changes
            for seconds, faces in zip(
                piece.times, self._faces(piece, is_cancelled=is_cancelled), strict=True
            ):
                glances.append(Glance(seconds=seconds, faces=faces))
            if on_progress is not None:
                on_progress(min(1.0, (piece.end_seconds - start_seconds) / length))
        if not glances:
            raise UnsupportedMediaError("The file has no picture at that time.")
        found = shots.split(changes, start_seconds=start_seconds, end_seconds=end_seconds)
        return Seen(width=size[0], height=size[1], shots=found, glances=tuple(glances))

    def faces(
        self, picture: Path, *, size: tuple[int, int], is_cancelled: Callable[[], bool] = never
    ) -> tuple[Face, ...]:
        """Return the faces in one picture, raw RGB in a file of a folder of this work's own."""
        piece = Piece(end_seconds=0.0, changes=(), path=picture, size=size, times=(0.0,))
        return self._faces(piece, is_cancelled=is_cancelled)[0]

    def _faces(self, piece: Piece, *, is_cancelled: Callable[[], bool]) -> list[tuple[Face, ...]]:
        if not piece.times:
            return []
        job = Job(
            pictures=str(piece.path.resolve()),
            width=piece.size[0],
            height=piece.size[1],
            times=piece.times,
            weights=str(self.weights / "blazeface.tflite"),
            n_threads=self.n_threads,
        )
        reports: list[Report] = []

        def hear(report: Report) -> bool:
            if len(reports) == len(piece.times):  # somebody else speaks through it
                raise ProcessingError(_NONSENSE)
            reports.append(report)
            return True

        Errand(
            module="telecine.media.seeing.child",
            who="The face finder",
            job=job,
            workspace=piece.path.parent,
            reads=(self.weights,),
            reports=Report,
            on_report=hear,
        ).run(self.ffmpeg, is_cancelled=is_cancelled)
        if len(reports) != len(piece.times):
            raise ProcessingError(_NONSENSE)
        return [tuple(_face(*numbers) for numbers in report.faces) for report in reports]


def _face(left: float, top: float, width: float, height: float, score: float) -> Face:
    return Face(box=Box(left=left, top=top, width=width, height=height), score=score)
