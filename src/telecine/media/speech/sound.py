"""The sound of a file as a model of speech wants it: one channel, 16 000 samples a second.

It lies in a file of 16-bit samples, 115 MB for an hour, and is read in pieces (`samples.py`): nobody
keeps more than a few minutes in memory. Second 0 is where the media begins, not its sound.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from telecine.kit.errors import (
    ProcessingError,
    TelecineError,
    UndecodableMediaError,
    UnsupportedMediaError,
)
from telecine.media.ffmpeg import FFmpeg, never

#: Samples a second.
RATE: Final = 16_000

BYTES_PER_SAMPLE: Final = 2


def extract(
    ffmpeg: FFmpeg,
    source: Path,
    *,
    workspace: Path,
    most_seconds: float,
    is_cancelled: Callable[[], bool] = never,
) -> Path:
    """Write the first sound track to a file in the workspace and return it.

    Holes between stamps become silence, so that times stay true. What comes after
    `most_seconds` is left out. Raises `UnsupportedMediaError`
    where there is no sound track, `UndecodableMediaError`, and what `FFmpeg.run` raises.
    """
    target = workspace / "speech.pcm"
    try:
        ffmpeg.run(
            (
                *("-map", "0:a:0?", "-vn", "-sn", "-dn", "-t", str(most_seconds)),
                *("-af", f"aresample={RATE}:async=1:first_pts=0", "-ac", "1"),
                *("-f", "s16le", target.name),
            ),
            input_path=source,
            workspace=workspace,
            is_cancelled=is_cancelled,
        )
    except ProcessingError as error:
        raise _explained(error) from error
    return target


def _explained(error: ProcessingError) -> TelecineError:
    """Say what some failures of FFmpeg mean; others speak for themselves."""
    if "does not contain any stream" in error.message:
        return UnsupportedMediaError("The file has no sound track, so nothing is said.")
    if "Error opening input" in error.message:
        return UndecodableMediaError("The file is neither video nor sound, or it is damaged.")
    if "Decode error rate" in error.message:
        return UndecodableMediaError("Most of the sound of the file cannot be decoded.")
    return error


def seconds_of(path: Path) -> float:
    """Return how long an extracted file is, in seconds."""
    return path.stat().st_size / BYTES_PER_SAMPLE / RATE
