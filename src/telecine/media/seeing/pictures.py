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

import numpy as np

from telecine.media.ffmpeg import FFmpeg, never
from telecine.media.seeing.faces import Picture

#: How often a picture is kept, and the longer side that it is made to have.
RATE: Final = 5
LONGER_SIDE: Final = 512

_PIECE_SECONDS: Final = 60.0
#: How much earlier a piece begins, so that its first picture has one before it.
_LEAD_SECONDS: Final = 0.5
#: Stamps are rounded to a millionth or so.
_SLACK_SECONDS: Final = 0.004
_LINE: Final = re.compile(r"^frame:\d+ .*pts_time:(-?[\d.]+)|^lavfi\.scd\.score=([\d.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How much a picture differs from the one before it, 0 to 100, as FFmpeg's scdet says."""

    seconds: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A minute or less of a film: how its pictures change, and those that were kept."""

    changes: tuple[Change, ...]
    pictures: tuple[tuple[float, Picture], ...]


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
    on_progress: Callable[[float], None] | None = None,
    is_cancelled: Callable[[], bool] = never,
) -> Iterator[Piece]:
    """Yield the pieces of a part of a film; `size` is of the kept pictures.

    `on_progress` is told seconds of the file. Raises what `FFmpeg.run` raises.
    """
    first = start_seconds
    while first < end_seconds:
        last = min(end_seconds, first + _PIECE_SECONDS)
        if end_seconds - last < 1:
            last = end_seconds
        seek = max(0.0, first - _LEAD_SECONDS)
        ffmpeg.run(
            _arguments(size, from_seconds=first - seek),
            input_path=source,
            workspace=workspace,
            input_args=("-ss", f"{seek:.6f}", "-t", f"{last - seek:.6f}"),
            on_progress=None if on_progress is None else _shifted(on_progress, by_seconds=seek),
            is_cancelled=is_cancelled,
        )
        yield _read(workspace, size=size, seek=seek, first=first, last=last)
        first = last


def _shifted(tell: Callable[[float], None], *, by_seconds: float) -> Callable[..., None]:
    return lambda now: tell(by_seconds + now.out_time_seconds)


def _arguments(size: tuple[int, int], *, from_seconds: float) -> tuple[str, ...]:
    apart = 1 / RATE - 0.001
    kept = (
        f"gte(t,{from_seconds - _SLACK_SECONDS:.6f})"
        f"*(isnan(prev_selected_t)+gte(t-prev_selected_t,{apart}))"
    )
    chain = (
        f"scale={size[0]}:{size[1]}:flags=fast_bilinear",
        "scdet=threshold=100",
        "metadata=print:file=changes.txt",
        f"select='{kept}'",
        "metadata=print:file=kept.txt",
        "format=rgb24",
    )
    return (
        *("-map", "0:v:0", "-an", "-sn", "-dn", "-vf", ",".join(chain)),
        *("-fps_mode", "passthrough", "-f", "rawvideo", "pictures.rgb"),
    )


def _read(
    workspace: Path, *, size: tuple[int, int], seek: float, first: float, last: float
) -> Piece:
    names = ("changes.txt", "kept.txt", "pictures.rgb")
    changes, kept, raw = (workspace / name for name in names)
    low, high = first - _SLACK_SECONDS, last - _SLACK_SECONDS
    try:
        content = np.fromfile(raw, dtype=np.uint8).reshape(-1, size[1], size[0], 3)
        times = [seconds for seconds, _ in _listed(kept, seek=seek)]
        pictures = tuple(
            (seconds, picture)
            for seconds, picture in zip(times, content, strict=False)
            if low <= seconds < high
        )
        found = tuple(
            Change(seconds=seconds, score=score)
            for seconds, score in _listed(changes, seek=seek)
            if low <= seconds < high
        )
        return Piece(changes=found, pictures=pictures)
    finally:
        for path in (changes, kept, raw):
            path.unlink(missing_ok=True)


def _listed(path: Path, *, seek: float) -> Iterator[tuple[float, float]]:
    """Read times and scores; a picture that has no score changed by nothing."""
    seconds: float | None = None
    for line in path.read_text("ascii", "replace").splitlines() if path.exists() else ():
        if (found := _LINE.match(line)) is None:
            continue
        if found[1] is not None:
            seconds = seek + float(found[1])
        elif seconds is not None:
            yield seconds, float(found[2])
            seconds = None
