"""From a part of a file to what is seen in it: one decode, a network on some of its pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telecine.kit.errors import CancelledError, UnsupportedMediaError
from telecine.media.ffmpeg import FFmpeg, never
from telecine.media.seeing import pictures, shots
from telecine.media.seeing.faces import FaceFinder
from telecine.media.seeing.model import Glance, Seen
from telecine.media.seeing.pictures import Change, Piece

#: While nobody is found in the whole picture, its parts are looked at so often.
_NEARER_SECONDS: Final = 1.0


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
        watcher = _Watcher(FaceFinder(self.weights / "blazeface.tflite", n_threads=self.n_threads))
        length = max(1e-6, end_seconds - start_seconds)
        for piece in pictures.watch(
            self.ffmpeg,
            source,
            workspace=workspace,
            start_seconds=start_seconds,
            end_seconds=end_seconds,
            size=pictures.small_size(*size),
            is_cancelled=is_cancelled,
        ):
            watcher.take(piece, is_cancelled=is_cancelled)
            if on_progress is not None:
                on_progress(
                    min(1.0, (piece.pictures[-1][0] - start_seconds) / length)
                    if piece.pictures
                    else 1.0
                )
        if not watcher.glances:
            raise UnsupportedMediaError("The file has no picture at that time.")
        return Seen(
            width=size[0],
            height=size[1],
            shots=shots.split(
                watcher.changes, start_seconds=start_seconds, end_seconds=end_seconds
            ),
            glances=tuple(watcher.glances),
        )


class _Watcher:
    """Looks at pictures in their order, and nearer where that is worth its time."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._nearer_at = float("-inf")
        self.changes: list[Change] = []
        self.glances: list[Glance] = []

    def take(self, piece: Piece, *, is_cancelled: Callable[[], bool]) -> None:
        self.changes += piece.changes
        for seconds, picture in piece.pictures:
            if is_cancelled():
                raise CancelledError
            faces = self._finder.find(picture)
            if not faces and seconds >= self._nearer_at:
                faces = self._finder.find(picture, nearer=True)
                # Found only from near: look from near again at the next picture.
                self._nearer_at = seconds if faces else seconds + _NEARER_SECONDS
            self.glances.append(Glance(seconds=seconds, faces=faces))
