"""Runs FFmpeg on one untrusted file.

The input is only ever an open descriptor (`fd:`), the demuxers a list of self-contained
containers: no string of a client can name a file or an address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from telecine.media.process import Limits
from telecine.media.sandbox import SandboxMode

DEMUXERS: tuple[str, ...] = ("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One report of a running encode. `speed` is media seconds per second, None at the start."""

    out_time_seconds: float
    frame: int
    speed: float | None
    size_bytes: int


def never() -> bool:
    """Answer that nobody cancelled."""
    return False


def find_ffmpeg(configured: str) -> Path:
    """Return the configured program, or the one installed with Telecine when it is empty."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class FFmpeg:
    """How FFmpeg is run here."""

    executable: Path
    sandbox: SandboxMode
    limits: Limits

    def run(
        self,
        output_args: Sequence[str],
        *,
        input_path: Path,
        workspace: Path,
        input_args: Sequence[str] = (),
        on_progress: Callable[[Progress], None] | None = None,
        is_cancelled: Callable[[], bool] = never,
    ) -> str:
        """Run one conversion and return the end of what FFmpeg wrote to stderr."""
        raise NotImplementedError

    def encoders(self) -> frozenset[str]:
        """Return the names of the encoders that are compiled in."""
        raise NotImplementedError

    def try_encoder(self, name: str) -> str | None:
        """Encode a few frames for real; None when it works, else one line of why not."""
        raise NotImplementedError
