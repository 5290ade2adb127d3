"""One pass of a confined FFmpeg over a part of a film: small pictures now and then, and its cuts.

Every picture of the part is compared with the one before it, so that a cut is known to the frame;
only every fifth of a second one is kept, as raw RGB in the workspace. The part is taken a minute
at a time: 130 MB there at the most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telecine.kit.errors import ProcessingError, UndecodableMediaError
from telecine.media.ffmpeg import FFmpeg, never

#: How often a picture is kept, and the longer side that it is made to have.
RATE: Final = 5
LONGER_SIDE: Final = 512

_PIECE_SECONDS: Final = 60.0
#: How much earlier a piece begins, so that its first picture has one before it.
_LEAD_SECONDS: Final = 0.5
#: Stamps are rounded to a millionth or so.
_SLACK_SECONDS: Final = 0.004
_CHANGES: Final = "changes.txt"
_KEPT: Final = "kept.txt"
_PICTURES: Final = "pictures.rgb"
_LINE: Final = re.compile(r"^frame:\d+ .*pts_time:(-?[\d.]+)|^lavfi\.scd\.score=([\d.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How much a picture differs from the one before it, 0 to 100, as FFmpeg's scdet says."""

    seconds: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A minute or less of a film: how its pictures change, and the file of those that were kept.

    The file is there until the next piece is asked for.
    """

    end_seconds: float
    changes: tuple[Change, ...]
    path: Path
    size: tuple[int, int]
    times: tuple[float, ...]


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of the kept pictures of a film whose upright picture has that size."""
    scale = min(1.0, LONGER_SIDE / max(width, height))
    across, down = (max(2, 2 * round(side * scale / 2)) for side in (width, height))
    return across, down


def watch(
    ffmpeg: FFmpeg,
    source: Path,
    *,
    workspace: Path,
    start_seconds: float,
    end_seconds: float,
    size: tuple[int, int],
    is_cancelled: Callable[[], bool] = never,
) -> Iterator[Piece]:
    """Yield the pieces of a part of a film; `size` is of the kept pictures.

    Raises `UndecodableMediaError`, and what `FFmpeg.run` raises.
    """
    first = start_seconds
    while first < end_seconds:
        last = min(end_seconds, first + _PIECE_SECONDS)
        if end_seconds - last < 1:
            last = end_seconds
        seek = max(0.0, first - _LEAD_SECONDS)
        try:
            ffmpeg.run(
                _arguments(size, from_seconds=first - seek),
                input_path=source,
                workspace=workspace,
                input_args=("-ss", f"{seek:.6f}", "-t", f"{last - seek:.6f}"),
                is_cancelled=is_cancelled,
            )
        except ProcessingError as error:
            if "Decode error rate" not in error.message:
                raise
            raise UndecodableMediaError("Most of the video cannot be decoded.") from error
        try:
            yield _read(workspace, size=size, seek=seek, first=first, last=last)
        finally:
            for name in (_CHANGES, _KEPT, _PICTURES):
                (workspace / name).unlink(missing_ok=True)
        first = last


def _arguments(size: tuple[int, int], *, from_seconds: float) -> tuple[str, ...]:
    apart = 1 / RATE - 0.001
    kept = (
        f"gte(t,{from_seconds - _SLACK_SECONDS:.6f})"
        f"*(isnan(prev_selected_t)+gte(t-prev_selected_t,{apart}))"
    )
    chain = (
        f"scale={size[0]}:{size[1]}:flags=fast_bilinear",
        "scdet=threshold=100",
        f"metadata=print:file={_CHANGES}",
        f"select='{kept}'",
        f"metadata=print:file={_KEPT}",
        "format=rgb24",
    )
    return (
        *("-map", "0:v:0", "-an", "-sn", "-dn", "-vf", ",".join(chain)),
        *("-fps_mode", "passthrough", "-f", "rawvideo", _PICTURES),
    )


def _read(
    workspace: Path, *, size: tuple[int, int], seek: float, first: float, last: float
) -> Piece:
    path = workspace / _PICTURES
    low, high = first - _SLACK_SECONDS, last - _SLACK_SECONDS
    n_pictures = path.stat().st_size // (3 * size[0] * size[1]) if path.exists() else 0
    kept = [seconds for seconds, _ in _listed(workspace / _KEPT, seek=seek)]
    changes = (
        Change(seconds=seconds, score=score)
        for seconds, score in _listed(workspace / _CHANGES, seek=seek)
        if low <= seconds < high
    )
    return Piece(
        end_seconds=last,
        changes=tuple(changes),
        path=path,
        size=size,
        # What comes after the end is at the end, and before the beginning nothing is kept.
        times=tuple(seconds for seconds in kept[:n_pictures] if seconds < high),
    )


def _listed(path: Path, *, seek: float) -> Iterator[tuple[float, float]]:
    """Read times and scores; a picture that has no score changed by nothing."""
    seconds: float | None = None
    if not path.exists():
        return
    # Line by line: of a film with a million pictures a second the file is large.
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if (found := _LINE.match(line)) is None:
                continue
            if found[1] is not None:
                seconds = seek + float(found[1])
            elif seconds is not None:
                yield seconds, float(found[2])
                seconds = None
